"""Item definitions: the types that a model defines."""

from __future__ import annotations

from dataclasses import dataclass

from referee.dmn.passage import NO_NOTES, Notes
from referee.domain import Place
from referee.tables import CellText


@dataclass(frozen=True, slots=True)
class FunctionItem:
    """A function type: types of the parameters by name, and of the result."""

    parameters: tuple[tuple[str, str], ...]
    result: str = ""


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A named type: another type, components or a function; perhaps a list of such.

    ``allowed_values`` are unary tests for a value (for each item of a list), ``constraint`` for the value as a whole.
    """

    name: str
    type: str = ""
    components: tuple[ItemDefinition, ...] = ()
    is_collection: bool = False
    allowed_values: CellText | None = None
    constraint: CellText | None = None
    function: FunctionItem | None = None
    place: Place | None = None
    notes: Notes = NO_NOTES

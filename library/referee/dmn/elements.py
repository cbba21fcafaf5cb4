"""The elements of a decision requirements graph, as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from referee.dmn.item_definition import ItemDefinition
from referee.dmn.logic import FunctionLogic, Logic
from referee.domain import Diagnostic, Place


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an element needs: the key of another element, and the name of the import it is reached by, if any."""

    key: str
    imported_as: str = ""


@dataclass(frozen=True, slots=True)
class InputData:
    """A fact the caller supplies."""

    name: str
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class DecisionNode:
    """A decision. Without logic its value must be supplied like a fact.

    ``requirements`` is None where they follow from the names the logic uses.
    """

    name: str
    logic: Logic | None
    type: str = ""
    requirements: tuple[Requirement, ...] | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """A business knowledge model: a function that decisions call by name."""

    name: str
    function: FunctionLogic
    type: str = ""
    requirements: tuple[Requirement, ...] | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Decisions offered as a function. ``inputs`` are the keys of its parameters in order, ``outputs`` its results."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    type: str = ""
    place: Place | None = None


Element = InputData | DecisionNode | KnowledgeModel | DecisionService


@dataclass(frozen=True, slots=True)
class Definitions:
    """What one file (or workbook) defines: elements by key, item definitions, and its imports by name.

    ``faults`` are those found while reading; an element that has one gives null and the fault.
    """

    name: str
    elements: Mapping[str, Element]
    types: tuple[ItemDefinition, ...] = ()
    imports: Mapping[str, Definitions] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[Diagnostic, ...] = ()
    place: Place | None = None

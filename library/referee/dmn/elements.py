"""The elements of a decision requirements graph, as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from referee.dmn.diagram import Bounds
from referee.dmn.item_definition import ItemDefinition
from referee.dmn.logic import FunctionLogic, Logic
from referee.dmn.passage import NO_NOTES, Notes
from referee.domain import Diagnostic, Place


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an element needs: the key of another element, and the name of the import it is reached by, if any.

    ``element_id`` is the XML id of the requirement itself.
    """

    key: str
    imported_as: str = ""
    element_id: str = ""


@dataclass(frozen=True, slots=True)
class InputData:
    """A fact the caller supplies."""

    name: str
    type: str = ""
    place: Place | None = None
    notes: Notes = NO_NOTES


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
    notes: Notes = NO_NOTES


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """A business knowledge model: a function that decisions call by name."""

    name: str
    function: FunctionLogic
    type: str = ""
    requirements: tuple[Requirement, ...] | None = None
    place: Place | None = None
    notes: Notes = NO_NOTES


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Decisions offered as a function. ``inputs`` are the keys of its parameters in order, ``outputs`` its results.

    ``encapsulated`` are the decisions in between; None where they follow from the requirements.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    type: str = ""
    place: Place | None = None
    notes: Notes = NO_NOTES
    encapsulated: tuple[str, ...] | None = None


Element = InputData | DecisionNode | KnowledgeModel | DecisionService


@dataclass(frozen=True, slots=True)
class Definitions:
    """What one file (or workbook) defines: elements by key, item definitions, and its imports by name.

    An element of a file has the key ``namespace#id``. ``shapes`` are the places of elements in the file's diagram, by
    XML id; two models that differ in them alone are equal.
    ``faults`` are those found while reading; an element that has one gives null and the fault.
    """

    name: str
    elements: Mapping[str, Element]
    types: tuple[ItemDefinition, ...] = ()
    imports: Mapping[str, Definitions] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[Diagnostic, ...] = ()
    place: Place | None = None
    namespace: str = ""
    notes: Notes = NO_NOTES
    shapes: Mapping[str, Bounds] = field(default_factory=lambda: MappingProxyType({}), compare=False)

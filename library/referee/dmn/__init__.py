"""DMN: read decision models, or build them; evaluate them and write them. Reading and writing load on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from referee.dmn.elements import (
    DecisionNode,
    DecisionService,
    Definitions,
    InputData,
    KnowledgeModel,
    Requirement,
)
from referee.dmn.item_definition import FunctionItem, ItemDefinition
from referee.dmn.logic import (
    ConditionalLogic,
    ContextLogic,
    Entry,
    External,
    FilterLogic,
    FunctionKind,
    FunctionLogic,
    InvocationLogic,
    IteratorKind,
    IteratorLogic,
    ListLogic,
    Literal,
    Logic,
    Parameter,
    RelationLogic,
    TableLogic,
)
from referee.dmn.model import Model, read_model
from referee.dmn.passage import Notes, Passage

if TYPE_CHECKING:
    from referee.dmn.reader import read_definitions
    from referee.dmn.writer import write_definitions

__all__ = [
    "ConditionalLogic",
    "ContextLogic",
    "DecisionNode",
    "DecisionService",
    "Definitions",
    "Entry",
    "External",
    "FilterLogic",
    "FunctionItem",
    "FunctionKind",
    "FunctionLogic",
    "InputData",
    "InvocationLogic",
    "ItemDefinition",
    "IteratorKind",
    "IteratorLogic",
    "KnowledgeModel",
    "ListLogic",
    "Literal",
    "Logic",
    "Model",
    "Notes",
    "Parameter",
    "Passage",
    "RelationLogic",
    "Requirement",
    "TableLogic",
    "read_definitions",
    "read_model",
    "write_definitions",
]

_HOMES = {"read_definitions": "referee.dmn.reader", "write_definitions": "referee.dmn.writer"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'referee.dmn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

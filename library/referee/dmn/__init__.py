"""DMN: read decision models, or build them; evaluate them and write them."""

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

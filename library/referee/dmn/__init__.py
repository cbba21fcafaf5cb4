"""DMN: read decision models, or build them, and evaluate them."""

from referee.dmn.elements import (
    DecisionNode,
    DecisionService,
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

__all__ = [
    "ConditionalLogic",
    "ContextLogic",
    "DecisionNode",
    "DecisionService",
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
    "Parameter",
    "RelationLogic",
    "Requirement",
    "TableLogic",
    "read_model",
]

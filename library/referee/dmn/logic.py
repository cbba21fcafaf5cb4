"""Boxed expressions: the logic of decisions and business knowledge models, as written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from referee.domain import Evaluation, Place
from referee.tables import DecisionTable


@dataclass(frozen=True, slots=True)
class Literal:
    """A FEEL expression as text."""

    text: str
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class TableLogic:
    """A decision table."""

    table: DecisionTable
    type: str = ""
    place: Place | None = None
    output_label: str = ""


@dataclass(frozen=True, slots=True)
class External:
    """Logic outside DMN, such as a model's score: it gets the values of the names it uses and gives an evaluation."""

    function: Callable[[Mapping[str, Any]], Evaluation]
    uses: tuple[str, ...]
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A named part of a boxed expression: a context entry or the binding of a parameter.

    A context entry without a name is the result of its context.
    """

    name: str
    logic: Logic
    type: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A formal parameter."""

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class ContextLogic:
    """Entries evaluated in order; each sees those before it."""

    entries: tuple[Entry, ...]
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class InvocationLogic:
    """A call with named arguments."""

    callee: Logic
    bindings: tuple[Entry, ...]
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ListLogic:
    """A list of expressions."""

    items: tuple[Logic, ...]
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class RelationLogic:
    """A table of expressions: a list of contexts with the same keys."""

    columns: tuple[Parameter, ...]
    rows: tuple[tuple[Logic, ...], ...]
    type: str = ""
    place: Place | None = None


class FunctionKind(StrEnum):
    """Who runs a function's body. Only FEEL is run here; the others give null with a diagnostic."""

    FEEL = "FEEL"
    JAVA = "Java"
    PMML = "PMML"


@dataclass(frozen=True, slots=True)
class FunctionLogic:
    """A function definition."""

    parameters: tuple[Parameter, ...]
    body: Logic | None
    kind: FunctionKind = FunctionKind.FEEL
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ConditionalLogic:
    """If, then, else."""

    condition: Logic
    then: Logic
    otherwise: Logic
    type: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class FilterLogic:
    """The items of a list that satisfy a condition, which sees each as ``item`` and its entries by name."""

    source: Logic
    match: Logic
    type: str = ""
    place: Place | None = None


class IteratorKind(StrEnum):
    """What an iterator makes of its items: a list of results, or whether some or every item satisfies."""

    FOR = "for"
    SOME = "some"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class IteratorLogic:
    """For, some and every over the items of a list or range."""

    kind: IteratorKind
    variable: Parameter
    source: Logic
    body: Logic
    type: str = ""
    place: Place | None = None


Logic = (
    Literal
    | TableLogic
    | External
    | ContextLogic
    | InvocationLogic
    | ListLogic
    | RelationLogic
    | FunctionLogic
    | ConditionalLogic
    | FilterLogic
    | IteratorLogic
)

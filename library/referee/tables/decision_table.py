"""A decision table as it is written: clauses, rules and cell texts, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from referee.domain import Place
from referee.tables.hit_policy import HitPolicy


@dataclass(frozen=True, slots=True)
class CellText:
    """The FEEL text of one cell. An empty input entry or ``-`` matches everything."""

    text: str
    place: Place | None = None

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def is_irrelevant(self) -> bool:
        return self.text.strip() in ("", "-")


@dataclass(frozen=True, slots=True)
class InputClause:
    """An input column: the expression that is tested, its type and the values it may have.

    ``type`` is a FEEL type or the name of an item definition; empty means any. ``allowed_values`` are unary tests.
    """

    expression: CellText
    type: str = ""
    allowed_values: CellText | None = None
    place: Place | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class OutputClause:
    """An output column. Under P and O, ``allowed_values`` lists the values from highest to lowest priority.

    ``default`` is the FEEL expression that gives the value when no rule matches.
    """

    name: str = ""
    type: str = ""
    allowed_values: CellText | None = None
    default: CellText | None = None
    place: Place | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one unary-tests cell per input clause, one expression cell per output clause; numbered from 1."""

    number: int
    inputs: tuple[CellText, ...]
    outputs: tuple[CellText, ...]
    annotations: tuple[str, ...] = ()
    place: Place | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table in DMN's terms. One output gives its value; several give a context by output name."""

    name: str
    hit_policy: HitPolicy
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    annotations: tuple[str, ...]
    rules: tuple[Rule, ...]
    place: Place | None = None

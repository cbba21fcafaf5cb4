"""The short way through a decision: what it gave for the same rules before, given again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from referee.dmn.item_types import PlainType
from referee.domain import Evaluation, NodeTrace
from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from referee.tables import UsualCases, UsualInput
from referee.tables.column import Column
from referee.tables.literal_cell import literal_cell
from referee.tables.usual_case import RETREATS

_UNCHANGEABLE: Final = (
    *(type(None), bool, Decimal, str, FeelDate, FeelTime, FeelDateTime),
    *(YearsMonthsDuration, DaysTimeDuration),
)


@dataclass(frozen=True, slots=True)
class Template:
    """An evaluation whose value is a context or list, which every caller gets a copy of."""

    evaluation: Evaluation

    def copy(self) -> Evaluation:
        """The evaluation with a value of its own."""
        value = self.evaluation.value.copy()
        return Evaluation(value, self.evaluation.diagnostics, _traced(self.evaluation, value))


class UsualDecision:
    """Remembers the evaluations of a decision that is a table of literals over plain inputs."""

    __slots__ = ("_cases", "recall", "recall_row")

    def __init__(self, cases: UsualCases) -> None:
        self._cases = cases
        self.recall: Callable[[Mapping[str, Any]], Evaluation | Template | None] = cases.recall
        self.recall_row: Callable[..., Evaluation | Template | None] = cases.recall_row

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs in the order that ``recall_row`` takes them."""
        return tuple(each.name for each in self._cases.inputs)

    def remember(self, inputs: Mapping[str, Any], evaluation: Evaluation) -> None:
        """Keeps an evaluation for other inputs that make the same rules true, if that is all it depends on."""
        try:
            rules = self._cases.rules(inputs)
        except RETREATS:
            return
        if rules is None or len(evaluation.trace) != 1:
            return
        value = evaluation.value
        if isinstance(value, _UNCHANGEABLE):
            self._cases.remember(rules, evaluation)
        elif isinstance(value, dict | list):
            parts = value.values() if isinstance(value, dict) else value
            if all(isinstance(part, _UNCHANGEABLE) for part in parts):
                own = value.copy()
                kept = Evaluation(own, evaluation.diagnostics, _traced(evaluation, own))
                self._cases.remember(rules, Template(kept))


def usual_input(
    name: str, column: Column, of_input: PlainType | None, of_clause: PlainType | None
) -> UsualInput | None:
    """A column for the short way: its input and its clause agree on a plain type, and all tests are literals."""
    if of_input is None or of_clause is None:
        return None
    kinds = {each.kind for each in (of_input, of_clause) if each.kind is not None}
    tests = [*of_input.tests, *of_clause.tests, *([column.allowed] if column.allowed else [])]
    allowed = [literal_cell(each.syntax) for each in tests]
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    cells = tuple(cell for cell in allowed if cell is not None)
    if len(cells) != len(allowed):
        return None
    return UsualInput(name, kind, column.index.of_kind(kind), cells)


def _traced(evaluation: Evaluation, value: Any) -> tuple[NodeTrace, ...]:
    (only,) = evaluation.trace
    return (NodeTrace(only.name, value, only.rules),)

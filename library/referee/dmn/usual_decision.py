"""The short way through a decision that is a table of literals over plain inputs.

What such a table gives depends on its true rules alone. Under hit policy unique and first these are one or none, so
their evaluations are made when the model is loaded; under all others when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from referee.dmn.item_types import PlainType
from referee.domain import Evaluation
from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from referee.tables import HitPolicy
from referee.tables.column import Column
from referee.tables.literal_cell import literal_cell
from referee.tables.usual_case import by_hit, by_rules
from referee.tables.usual_column import Unsupported, UsualColumn, UsualInput, usual_column

if TYPE_CHECKING:
    from referee.tables.usual_batch import UsualBatch

_UNCHANGEABLE: Final = (
    *(type(None), bool, Decimal, str, FeelDate, FeelTime, FeelDateTime),
    *(YearsMonthsDuration, DaysTimeDuration),
)


@dataclass(frozen=True)
class UsualDecision:
    """``evaluate`` takes a dictionary of inputs; it gives None or raises one of ``RETREATS`` for an unusual case.

    ``results`` are the evaluations by hit (0: no hit), empty where several rules count.
    """

    columns: tuple[UsualColumn, ...]
    policy: HitPolicy
    evaluate: Callable[[dict[str, Any]], Evaluation | None]
    results: tuple[Evaluation, ...] = ()

    @property
    def is_unchangeable(self) -> bool:
        """Whether no caller can change the value of a result."""
        return all(isinstance(each.value, _UNCHANGEABLE) for each in self.results)

    @cached_property
    def batch(self) -> UsualBatch | None:
        """Decides whole columns; None where several rules count, and without numpy."""
        if not self.results:
            return None
        try:
            from referee.tables.usual_batch import UsualBatch
        except ModuleNotFoundError:
            return None
        values = [each.value for each in self.results]
        return UsualBatch(
            self.columns, self.policy, values, [bool(each.diagnostics) for each in self.results]
        )


def usual_decision(
    inputs: Sequence[UsualInput], policy: HitPolicy, rule_count: int, conclude: Callable[[int], Evaluation]
) -> UsualDecision | None:
    """The short way, where ``conclude`` evaluates the decision for true rules; None where there is none."""
    if not inputs or not rule_count:
        return None
    try:
        columns = tuple(usual_column(each) for each in inputs)
    except Unsupported:
        return None
    if policy in (HitPolicy.UNIQUE, HitPolicy.FIRST):
        results = (conclude(0), *(conclude(1 << bit) for bit in range(rule_count)))
        if all(map(_has_flat_value, results)):
            return UsualDecision(columns, policy, _by_hit(columns, policy, results), results)
    return UsualDecision(columns, policy, by_rules(columns, conclude))


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


def copied(evaluation: Evaluation) -> Evaluation:
    """The evaluation with a value of its own, if that can be changed."""
    if isinstance(evaluation.value, _UNCHANGEABLE):
        return evaluation
    value = evaluation.value.copy()
    (trace,) = evaluation.trace
    return Evaluation(value, evaluation.diagnostics, (replace(trace, value=value),))


def _by_hit(
    columns: Sequence[UsualColumn], policy: HitPolicy, results: Sequence[Evaluation]
) -> Callable[[dict[str, Any]], Evaluation | None]:
    known = by_hit(columns, policy, results)
    if all(isinstance(each.value, _UNCHANGEABLE) for each in results):
        return known

    def evaluate(inputs: dict[str, Any]) -> Evaluation | None:
        evaluation = known(inputs)
        return None if evaluation is None else copied(evaluation)

    return evaluate


def _has_flat_value(evaluation: Evaluation) -> bool:
    value = evaluation.value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return all(isinstance(part, _UNCHANGEABLE) for part in parts)

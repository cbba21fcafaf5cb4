"""Many cases at once: columns of inputs to a list of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from referee.dmn.nodes import Decision
from referee.dmn.usual_decision import Template
from referee.domain import Diagnostic, Evaluation
from referee.tables.usual_case import RETREATS

Evaluate = Callable[[Mapping[str, Any]], Evaluation]
Doubts = dict[int, tuple[Diagnostic, ...]] | None


class Batch:
    """The cases of one call: usual ones the short way, all others one by one."""

    def __init__(self, node: Decision, columns: Mapping[str, Sequence[Any]]) -> None:
        self._node = node
        self._columns = columns

    def values(self, evaluate: Evaluate, doubts: Doubts) -> list[Any]:
        names = tuple(self._columns)
        usual = self._node.usual
        if usual is None or not set(usual.names) <= set(names):
            rows = zip(*self._columns.values(), strict=True)
            return [
                _noted(evaluate(dict(zip(names, row, strict=True))), at, doubts)
                for at, row in enumerate(rows)
            ]
        recall = usual.recall_row
        values = []
        for at, row in enumerate(zip(*(self._columns[name] for name in usual.names), strict=True)):
            try:
                known = recall(*row)
            except RETREATS:
                known = None
            if known is None:
                evaluation = evaluate({name: column[at] for name, column in self._columns.items()})
            elif isinstance(known, Template):
                evaluation = known.copy()
            else:
                evaluation = known
            values.append(_noted(evaluation, at, doubts))
        return values


def _noted(evaluation: Evaluation, position: int, doubts: Doubts) -> Any:
    if doubts is not None and evaluation.diagnostics:
        doubts[position] = tuple(evaluation.diagnostics)
    return evaluation.value

"""Many cases at once: columns of inputs to a list of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from referee.dmn.nodes import Decision
from referee.domain import Diagnostic, Evaluation, InputError

Evaluate = Callable[[dict[str, Any]], Evaluation]
Doubts = dict[int, tuple[Diagnostic, ...]] | None


class Batch:
    """The cases of one call: usual ones by whole columns, all others one by one. Raises ``InputError``."""

    def __init__(self, node: Decision, columns: Mapping[str, Sequence[Any]]) -> None:
        lengths = {name: _length(name, column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"the columns differ in length: {lengths}")
        self._node = node
        self._size = next(iter(lengths.values()), 0)
        # Columns of other classes may not count their values from 0.
        self._columns: dict[str, Any] = {
            name: column if type(column) is list or _is_array(column) else list(column)
            for name, column in columns.items()
        }

    def values(self, evaluate: Evaluate, doubts: Doubts) -> list[Any]:
        """The values, and the diagnostics of each row that has any."""
        values: list[Any] = [None] * self._size
        unusual: Iterable[int] = range(self._size)
        usual = self._node.usual
        if usual is not None and usual.batch is not None:
            taken = [self._columns[each.name] for each in usual.columns if each.name in self._columns]
            if len(taken) == len(usual.columns):
                answers = usual.batch.answers(taken)
                values, unusual = answers.values, answers.unusual
                if not usual.is_unchangeable:
                    values = [value.copy() if isinstance(value, dict | list) else value for value in values]
                if doubts is not None:
                    doubts.update((at, tuple(usual.results[hit].diagnostics)) for at, hit in answers.noted)
        for at in unusual:
            evaluation = evaluate({name: column[at] for name, column in self._columns.items()})
            values[at] = evaluation.value
            if doubts is not None and evaluation.diagnostics:
                doubts[at] = tuple(evaluation.diagnostics)
        return values


def _length(name: str, column: Any) -> int:
    try:
        if not isinstance(column, str | bytes | Mapping):
            return len(column)
    except TypeError:
        pass
    raise InputError(f"the column {name} is one value; give a list with a value for each case")


def _is_array(column: Any) -> bool:
    kind = type(column)
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray" and column.ndim == 1

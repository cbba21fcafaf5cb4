"""Scores worked out for a batch of cases at once, before its tables ask for them one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from referee.domain import Evaluation
from referee.scoring import Model

_SMALLEST = 8
"""Cases of a batch below which nothing is scored ahead."""

_SHARE = 4
"""Ahead is worth it where at least one case in so many asks for its score."""


class ScoresAhead:
    """The scorer of a model. What it gives for a case is the same whether or not that was worked out ahead.

    A table asks for a score only where it needs it. So a batch is scored ahead only if many at once cost less than one
    by one, and enough cases of the batch before asked.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._ahead: dict[tuple[str, ...], Evaluation] = {}
        self._cases = self._asked = 0

    def __call__(self, facts: Mapping[str, Any]) -> Evaluation:
        self._asked += 1
        found = self._ahead.get(_key(facts)) if self._ahead else None
        return self._model.score(facts) if found is None else found

    def is_worthwhile(self, cases: int) -> bool:
        """Whether the facts of a next batch of so many cases should be given to `begin`."""
        asked_often = 0 < self._cases <= self._asked * _SHARE
        return cases >= _SMALLEST and asked_often and self._model.gains_in_batches

    def begin(self, cases: int, facts: Sequence[Mapping[str, Any]] = ()) -> None:
        """A batch of so many cases comes, with these facts if they should be scored ahead."""
        self._cases, self._asked = cases, 0
        self._ahead = dict(zip(map(_key, facts), self._model.score_many(facts), strict=True))

    def end(self) -> None:
        """The batch is over; what was worked out for it is let go."""
        self._ahead = {}


def _key(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The very facts, type and all: 1, 1.0 and true are different, and nothing needs to be hashable."""
    return tuple(f"{name} {value!r}" for name, value in sorted(facts.items()))

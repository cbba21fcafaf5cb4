"""How long the steps of a run took: deciding, each action, restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepTime:
    """All times of one step, in seconds of the wall clock."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def with_another(self, seconds: float) -> StepTime:
        return StepTime(self.count + 1, self.total + seconds, max(self.longest, seconds))


class StepTimes:
    """Adds up times by the names of steps, also of steps that fail."""

    def __init__(self) -> None:
        self._times: dict[str, StepTime] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            self._times[step] = self._times.get(step, StepTime()).with_another(seconds)

    @property
    def all(self) -> Mapping[str, StepTime]:
        """Each step that was taken, in the order of their first time."""
        return dict(self._times)

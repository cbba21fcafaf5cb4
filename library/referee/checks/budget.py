"""How long a proof may take."""

from __future__ import annotations

import time
from collections.abc import Callable

_STEPS_BETWEEN_LOOKS = 20_000


class OutOfBudget(Exception):
    """The time for a proof is over. Whoever catches it says which part was not proved, ``part`` if that is known."""

    def __init__(self, part: str = "") -> None:
        super().__init__(part)
        self.part = part


class Budget:
    """Seconds to spend, counted from the start, and steps. ``spend`` raises ``OutOfBudget`` once either is over.

    The seconds are those of the processor: what else the machine does must not turn a proof into none.
    """

    def __init__(
        self,
        seconds: float = float("inf"),
        clock: Callable[[], float] = time.process_time,
        *,
        steps: float = float("inf"),
    ) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._steps_left = steps
        self._steps = 0

    @property
    def seconds_left(self) -> float:
        return self._end - self._clock()

    @property
    def is_over(self) -> bool:
        """Whether the seconds are spent, or the steps are."""
        return self._steps_left < 0 or self._clock() > self._end

    def share(self, part: float) -> Budget:
        """A budget of a part of the seconds that are left."""
        return Budget(self.seconds_left * part, self._clock)

    def of_steps(self, steps: float) -> Budget:
        """A budget of so many steps within the seconds that are left."""
        return Budget(self.seconds_left, self._clock, steps=steps)

    def spend(self, steps: int) -> None:
        self._steps += steps
        self._steps_left -= steps
        if self._steps_left < 0:
            raise OutOfBudget
        if self._steps >= _STEPS_BETWEEN_LOOKS:
            self._steps = 0
            if self._clock() > self._end:
                raise OutOfBudget

"""When a run ends although there is more to do: at a time, after a number of cases, or when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RunLimits:
    """``asked_to_stop`` says who asked, and is empty as long as nobody did. Looked at between cases only."""

    until: datetime | None = None
    at_most: int | None = None
    asked_to_stop: Callable[[], str] = lambda: ""

    def reached(self, count: int, now: datetime) -> str:
        """Why there is no next case after ``count`` of them; empty if there may be one."""
        if reason := self.asked_to_stop():
            return reason
        if self.at_most is not None and count >= self.at_most:
            return f"it has worked on {count}, as many as it may"
        if self.until is not None and now >= self.until:
            return f"its time was over at {self.until.astimezone():%Y-%m-%d %H:%M}"
        return ""

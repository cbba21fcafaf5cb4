"""A queue in a file of its own, whose clocks stand still until they are moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from referee.workitems import WorkQueue


@dataclass
class Time:
    """The wall clock and the ticks of the machine, which are apart as they are in life."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 22, 0, tzinfo=UTC))
    ticks: float = 1000.0

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.ticks += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def queue(tmp_path: Path, time: Time) -> Iterator[WorkQueue]:
    opened = WorkQueue(tmp_path / "queue.sqlite", clock=lambda: time.now, ticks=lambda: time.ticks)
    yield opened
    opened.close()

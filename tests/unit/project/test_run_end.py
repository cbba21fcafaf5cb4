"""When a run has to end: a time of day is the next one, and the earlier of two ends counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from referee.domain import InputError
from referee.project.run_end import end_of_run, span

EVENING = datetime(2026, 11, 21, 22, 0).astimezone()


@pytest.mark.parametrize(
    ("until", "within", "end"),
    [
        ("", None, None),
        ("06:00", None, datetime(2026, 11, 22, 6, 0).astimezone()),
        ("23:30", None, datetime(2026, 11, 21, 23, 30).astimezone()),
        ("22:00", None, datetime(2026, 11, 22, 22, 0).astimezone()),
        ("2026-11-30 06:00", None, datetime(2026, 11, 30, 6, 0).astimezone()),
        ("2026-11-30T06:00:00Z", None, datetime(2026, 11, 30, 6, 0, tzinfo=UTC)),
        ("", timedelta(hours=2), EVENING + timedelta(hours=2)),
        ("06:00", timedelta(hours=2), EVENING + timedelta(hours=2)),
        ("06:00", timedelta(hours=20), datetime(2026, 11, 22, 6, 0).astimezone()),
    ],
)
def test_the_earlier_end_counts(until: str, within: timedelta | None, end: datetime | None) -> None:
    assert end_of_run(until, within, EVENING) == end


@pytest.mark.parametrize("until", ["soon", "25:00", "6", "06:00:00", "06:xx", "2026-13-01 06:00"])
def test_what_is_no_time_is_refused(until: str) -> None:
    with pytest.raises(InputError, match="is no time; write a time of day, 06:00"):
        end_of_run(until, None, EVENING)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", timedelta(days=30)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("90 s", timedelta(seconds=90)),
        ("0d", timedelta()),
    ],
)
def test_a_length_of_time_is_read_with_its_units(text: str, length: timedelta) -> None:
    assert span(text) == length


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "-2h", "2h x"])
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(InputError, match="is no length of time"):
        span(text)

"""When past cases happened, read from their column of time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from referee.domain import Case
from referee.feel.values.temporal import FeelDate, FeelDateTime
from referee.scoring.encoding import exact_number
from referee.scoring.refusal import places

_DAY = 86_400


def past_times(rows: Sequence[Case], column: str, faults: list[str]) -> tuple[Any, ...]:
    """The time of each row as seconds or as the numbers that stand there; ``faults`` are told where there is none."""
    times: list[Any] = []
    unreadable = []
    for row in rows:
        value = _moment(row.facts.get(column))
        if value is None:
            unreadable.append(row)
        times.append(value)
    if unreadable:
        faults.append(
            f"{places(unreadable)}: `{column}` tells no time; write 2024-01-31, 2024-01-31T14:30:00, or a number"
        )
        return ()
    if len({isinstance(value, Decimal) for value in times}) > 1:
        faults.append(f"`{column}` mixes dates and numbers; write all its values alike")
        return ()
    if len(set(times)) < 2:
        faults.append(f"`{column}` is the same in all cases; they can't be divided by time")
    return tuple(times)


def _moment(value: Any) -> Any:
    if isinstance(value, FeelDateTime):
        seconds = value.date.days * _DAY + value.time.second_of_day - (value.utc_offset or 0)
        return seconds + value.nanosecond / 1e9
    if isinstance(value, FeelDate):
        return float(value.days * _DAY)
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime.datetime):
        return (
            value.timestamp() if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC).timestamp()
        )
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time(0), datetime.UTC).timestamp()
    return exact_number(value)

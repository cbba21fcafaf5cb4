"""What ``@"…"`` means: the temporal value or duration of a text."""

from __future__ import annotations

from referee.feel.fault import Fault
from referee.feel.values.durations import Duration, parse_duration
from referee.feel.values.temporal import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    parse_date,
    parse_date_time,
    parse_time,
)


def parse_at_literal(text: str) -> FeelDate | FeelTime | FeelDateTime | Duration:
    """The date, time, date and time or duration of a text; ``Fault`` if it is none of these or impossible."""
    if text.startswith(("P", "-P")):
        return parse_duration(text)
    if text[2:3] == ":":
        return parse_time(text)
    if "T" in text[:16]:
        return parse_date_time(text)
    if text[:1].isdigit() or text.startswith("-"):
        return parse_date(text)
    raise Fault("invalid-literal", f'`@"{text[:40]}"` is no date, time, date and time or duration')

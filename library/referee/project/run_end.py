"""When a run has to end, as people say it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from referee.domain import InputError


def end_of_run(until: str, within: timedelta | None, now: datetime) -> datetime | None:
    """The earlier of both: a time of day, which is the next one, or date and time; and a time from now. None: never.

    Raises InputError for a text that is neither.
    """
    ends = [] if within is None else [now + within]
    if until:
        ends.append(_next(until, now.astimezone()))
    return min(ends, default=None)


def _next(text: str, now: datetime) -> datetime:
    try:
        if ":" in text and "-" not in text:
            hour, minute = (int(part) for part in text.split(":"))
            today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return today if today > now else today + timedelta(days=1)
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise InputError(
            f"{text!r} is no time; write a time of day, 06:00, or date and time, 2026-11-30 06:00"
        ) from None


_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = re.compile(r"\s*(\d{1,6})\s*([dhms])\s*")


def span(text: str) -> timedelta:
    """``2h``, ``90m``, ``1h30m``, ``30d``. Raises InputError for anything else."""
    total, position = timedelta(), 0
    while found := _SPAN.match(text.casefold(), position):
        total += timedelta(**{_UNITS[found[2]]: int(found[1])})
        position = found.end()
    if not position or position != len(text):
        raise InputError(
            f"{text!r} is no length of time; write days, hours, minutes or seconds: 30d, 12h, 1h30m, 90s"
        )
    return total

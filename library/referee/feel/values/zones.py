"""Offsets from UTC, in seconds, and the zones of the IANA time zone database.

Zones come from the ``tzdata`` package alone, never from the operating system, so that the same version of it gives
the same decision on any machine.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from referee.feel.fault import Fault
from referee.feel.values import calendar

MAX_OFFSET = 18 * 3600

# A time has no date that would tell summer from winter: its zone counts with the standard offset of this day.
_REFERENCE_DAY = datetime(2025, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)


@lru_cache(maxsize=1)
def zone_ids() -> frozenset[str]:
    """Every zone id of the time zone database."""
    from importlib import resources

    listing = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listing.split())


@lru_cache(maxsize=1024)
def zone(zone_id: str) -> ZoneInfo:
    """The zone of this id, spelled exactly so; ``Fault`` if there is none."""
    if zone_id not in zone_ids():
        raise Fault("unknown-timezone", f"`{zone_id}` is no time zone of the IANA database")
    from importlib import resources

    with resources.files("tzdata").joinpath("zoneinfo", *zone_id.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone_id)


def _same_calendar(year: int) -> int:
    """A year that ``datetime`` can hold, with the same calendar: the calendar and the rules repeat in 400 years."""
    if year > 9996:
        return 9200 + year % 400
    if year < 4:
        return 400 + year % 400
    return year


def _seconds(delta: timedelta | None) -> int:
    return 0 if delta is None else delta.days * 86_400 + delta.seconds


def offset_at_local(zone_id: str, year: int, month: int, day: int, second_of_day: int) -> int:
    """The zone's offset at a local date and time; the earlier of two where clocks are set back."""
    minutes, second = divmod(second_of_day, 60)
    hour, minute = divmod(minutes, 60)
    local = datetime(_same_calendar(year), month, day, hour, minute, second, tzinfo=zone(zone_id))
    return _seconds(local.utcoffset())


def offset_at_instant(zone_id: str, seconds: int) -> int:
    """The zone's offset at an instant, given in seconds since 1970-01-01T00:00:00Z."""
    days, second_of_day = divmod(seconds, 86_400)
    year, month, day = calendar.date_from_days(days)
    held = calendar.days_from_date(_same_calendar(year), month, day)
    instant = _EPOCH + timedelta(days=held, seconds=second_of_day)
    return _seconds(instant.astimezone(zone(zone_id)).utcoffset())


@lru_cache(maxsize=1024)
def standard_offset(zone_id: str) -> int:
    """The zone's offset outside summer time, for a time without a date."""
    local = _REFERENCE_DAY.replace(tzinfo=zone(zone_id))
    return _seconds(local.utcoffset()) - _seconds(local.dst())


def parse_offset(text: str) -> int | None:
    """Seconds of ``Z``, ``+hh:mm`` or ``+hh:mm:ss``; ``None`` for anything else or beyond 18 hours."""
    if text == "Z":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups(default="00")
    offset = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if int(minutes) > 59 or int(seconds) > 59 or offset > MAX_OFFSET:
        return None
    return -offset if sign == "-" else offset


def offset_text(offset: int) -> str:
    if offset == 0:
        return "Z"
    minutes, second = divmod(abs(offset), 60)
    hour, minute = divmod(minutes, 60)
    tail = f":{second:02}" if second else ""
    return f"{'-' if offset < 0 else '+'}{hour:02}:{minute:02}{tail}"

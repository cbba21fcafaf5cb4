"""Dates, times, and dates with times, over FEEL's whole range of years and to the nanosecond.

A time or date and time is local, or has an offset from UTC, or a zone. Two values compare at a resolution of whole
seconds, as moments if both have an offset or zone, as local readings if neither has; a local one is never equal to
one that is not, and can't be ordered against it.

Source: DMN 1.5, 10.3.2.3.3 to 10.3.2.3.5; texts as in XML Schema, and ``hh:mm:ss@Zone/Id``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from referee.feel.fault import Fault
from referee.feel.values import calendar, zones
from referee.feel.values.durations import NANOS_PER_DAY, NANOS_PER_SECOND, fraction_text

_DATE = re.compile(r"(-?(?:[1-9][0-9]{4,8}|[0-9]{4}))-([0-9]{2})-([0-9]{2})", re.ASCII)
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,18}))?(?:(Z|[+-][0-9:]{5,8})|@([A-Za-z0-9_+/-]{1,64}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class FeelDate:
    """A day of the calendar. Constructing an impossible one raises ``Fault``."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if not calendar.MIN_YEAR <= self.year <= calendar.MAX_YEAR:
            raise Fault("invalid-date", f"the year {self.year} is outside -999999999 to 999999999")
        if not 1 <= self.month <= 12:
            raise Fault("invalid-date", f"there is no month {self.month}")
        if not 1 <= self.day <= calendar.days_in_month(self.year, self.month):
            raise Fault("invalid-date", f"month {self.month} of {self.year} has no day {self.day}")

    @classmethod
    def from_days(cls, days: int) -> FeelDate:
        """The date so many days after 1970-01-01."""
        return cls(*calendar.date_from_days(days))

    @property
    def days(self) -> int:
        """Days since 1970-01-01."""
        return calendar.days_from_date(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 is Monday, 7 is Sunday."""
        return calendar.weekday_from_days(self.days)

    def plus_months(self, months: int) -> FeelDate:
        """The same day so many months later, or the last day of that month if it is shorter."""
        years, month = divmod(self.month - 1 + months, 12)
        year = self.year + years
        return FeelDate(year, month + 1, min(self.day, calendar.days_in_month(year, month + 1)))

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True, eq=False)
class FeelTime:
    """A time of day: nanoseconds since midnight, with an offset in seconds, or a zone id, or neither."""

    nanos: int
    offset: int | None = None
    zone: str | None = None

    @classmethod
    def of(
        cls,
        hour: int,
        minute: int,
        second: int,
        nanosecond: int = 0,
        offset: int | None = None,
        zone: str | None = None,
    ) -> FeelTime:
        """The time with these parts; ``Fault`` for parts that no clock shows."""
        if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
            raise Fault("invalid-time", f"{hour:02}:{minute:02}:{second:02} is no time of day")
        if offset is not None and abs(offset) > zones.MAX_OFFSET:
            raise Fault("invalid-time", "an offset from UTC is at most 18 hours")
        if zone is not None:
            zones.zone(zone)
        return cls((hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + nanosecond, offset, zone)

    @property
    def hour(self) -> int:
        return self.second_of_day // 3600

    @property
    def minute(self) -> int:
        return self.second_of_day // 60 % 60

    @property
    def second(self) -> int:
        return self.second_of_day % 60

    @property
    def nanosecond(self) -> int:
        """Nanoseconds beyond the whole second."""
        return self.nanos % NANOS_PER_SECOND

    @property
    def second_of_day(self) -> int:
        return self.nanos // NANOS_PER_SECOND

    @property
    def is_local(self) -> bool:
        return self.offset is None and self.zone is None

    @property
    def utc_offset(self) -> int | None:
        """Seconds ahead of UTC; ``None`` for a local time, the zone's standard offset for a time with a zone."""
        return zones.standard_offset(self.zone) if self.zone is not None else self.offset

    @property
    def utc_nanos(self) -> int:
        """Nanoseconds since midnight UTC, or since local midnight for a local time. May lie outside one day."""
        return self.nanos - (self.utc_offset or 0) * NANOS_PER_SECOND

    @property
    def value(self) -> int:
        """What two times are compared by if both or neither are local."""
        return self.second_of_day - (self.utc_offset or 0)

    def plus_nanos(self, nanos: int) -> FeelTime:
        """So much later, past midnight if need be."""
        return FeelTime((self.nanos + nanos) % NANOS_PER_DAY, self.offset, self.zone)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeelTime):
            return NotImplemented
        return self.is_local == other.is_local and self.value == other.value

    def __lt__(self, other: FeelTime) -> bool:
        """The order of two that are both local, or both not."""
        return self.value < other.value

    def __hash__(self) -> int:
        return hash((self.is_local, self.value))

    def __str__(self) -> str:
        clock = f"{self.hour:02}:{self.minute:02}:{self.second:02}{fraction_text(self.nanosecond)}"
        if self.zone is not None:
            return f"{clock}@{self.zone}"
        return clock if self.offset is None else clock + zones.offset_text(self.offset)


@dataclass(frozen=True, slots=True, eq=False)
class FeelDateTime:
    """A date and a time of day. ``utc_offset`` is in seconds, ``None`` if local, and known exactly for a zone."""

    date: FeelDate
    time: FeelTime
    utc_offset: int | None = field(default=None)

    def __post_init__(self) -> None:
        if self.utc_offset is None and not self.time.is_local:
            object.__setattr__(self, "utc_offset", self._offset_of_zone())

    def _offset_of_zone(self) -> int | None:
        if self.time.zone is None:
            return self.time.offset
        date = self.date
        return zones.offset_at_local(self.time.zone, date.year, date.month, date.day, self.time.second_of_day)

    @property
    def year(self) -> int:
        return self.date.year

    @property
    def month(self) -> int:
        return self.date.month

    @property
    def day(self) -> int:
        return self.date.day

    @property
    def weekday(self) -> int:
        return self.date.weekday

    @property
    def hour(self) -> int:
        return self.time.hour

    @property
    def minute(self) -> int:
        return self.time.minute

    @property
    def second(self) -> int:
        return self.time.second

    @property
    def nanosecond(self) -> int:
        return self.time.nanosecond

    @property
    def offset(self) -> int | None:
        return self.time.offset

    @property
    def zone(self) -> str | None:
        return self.time.zone

    @property
    def is_local(self) -> bool:
        return self.utc_offset is None

    @property
    def utc_nanos(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, or since that reading of the local clock."""
        return self.date.days * NANOS_PER_DAY + self.time.nanos - (self.utc_offset or 0) * NANOS_PER_SECOND

    @property
    def value(self) -> int:
        """What two of them are compared by if both or neither are local: whole seconds."""
        return self.date.days * 86_400 + self.time.second_of_day - (self.utc_offset or 0)

    def plus_months(self, months: int) -> FeelDateTime:
        """The same local time so many months later."""
        return FeelDateTime(self.date.plus_months(months), self.time)

    def plus_nanos(self, nanos: int) -> FeelDateTime:
        """The moment so much later; in a zone the clock may have been changed in between."""
        instant = self.utc_nanos + nanos
        offset = self.utc_offset
        if self.time.zone is not None:
            offset = zones.offset_at_instant(self.time.zone, instant // NANOS_PER_SECOND)
        days, nanos_of_day = divmod(instant + (offset or 0) * NANOS_PER_SECOND, NANOS_PER_DAY)
        time = FeelTime(nanos_of_day, self.time.offset, self.time.zone)
        return FeelDateTime(FeelDate.from_days(days), time, offset)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeelDateTime):
            return NotImplemented
        return self.is_local == other.is_local and self.value == other.value

    def __lt__(self, other: FeelDateTime) -> bool:
        """The order of two that are both local, or both not."""
        return self.value < other.value

    def __hash__(self) -> int:
        return hash((self.is_local, self.value))

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


MIDNIGHT = FeelTime(0)
MIDNIGHT_UTC = FeelTime(0, 0)


def at_midnight(date: FeelDate) -> FeelDateTime:
    """A date where a date and time is needed: its midnight, UTC."""
    return FeelDateTime(date, MIDNIGHT_UTC)


def parse_date(text: str) -> FeelDate:
    """The date of ``yyyy-mm-dd``, years with four digits or more; ``Fault`` for another text or an impossible date."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise Fault("invalid-date", f'`{text[:40]}` is no date; write one like "2024-02-29"')
    year, month, day = match.groups()
    return FeelDate(int(year), int(month), int(day))


def parse_time(text: str) -> FeelTime:
    """The time of ``hh:mm:ss`` with fraction, offset or zone; ``24:00:00`` is midnight. ``Fault`` for another text."""
    return _parse_time(text)[0]


def parse_date_time(text: str) -> FeelDateTime:
    """The date and time of ``yyyy-mm-ddThh:mm:ss…`` or, at midnight, of a date alone; ``Fault`` for any other text."""
    date_text, separator, time_text = text.partition("T")
    date = parse_date(date_text)
    if not separator:
        return FeelDateTime(date, MIDNIGHT)
    time, is_end_of_day = _parse_time(time_text)
    return FeelDateTime(FeelDate.from_days(date.days + 1) if is_end_of_day else date, time)


def _parse_time(text: str) -> tuple[FeelTime, bool]:
    match = _TIME.fullmatch(text)
    if match is None:
        raise Fault(
            "invalid-time",
            f'`{text[:40]}` is no time; write one like "09:30:00", "09:30:00+02:00" or "09:30:00@Etc/UTC"',
        )
    hour, minute, second, fraction, offset_text, zone = match.groups()
    offset = None
    if offset_text is not None:
        offset = zones.parse_offset(offset_text)
        if offset is None:
            raise Fault(
                "invalid-time",
                f"`{offset_text}` is no offset from UTC; write one like +02:00, at most 18 hours",
            )
    nanosecond = int(f"{fraction:0<9}"[:9]) if fraction else 0
    if (hour, minute, second, nanosecond) == ("24", "00", "00", 0):
        return FeelTime.of(0, 0, 0, 0, offset, zone), True
    return FeelTime.of(int(hour), int(minute), int(second), nanosecond, offset, zone), False

"""The built-ins that make a value of one type from another. Source: DMN 1.5, 10.3.4.1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.builtins.range_text import parse_range
from referee.feel.fault import Fault
from referee.feel.types import kind_of
from referee.feel.values.durations import DaysTimeDuration, Duration, YearsMonthsDuration, parse_duration
from referee.feel.values.numbers import parse_number
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import (
    MIDNIGHT,
    MIDNIGHT_UTC,
    FeelDate,
    FeelDateTime,
    FeelTime,
    parse_date,
    parse_date_time,
    parse_time,
)

_NANOS = Decimal(1_000_000_000)


def date_from(source: Any) -> FeelDate:
    """The date of a text, or of a date and time."""
    source = arguments.single(source)
    if isinstance(source, str):
        return parse_date(source)
    if isinstance(source, FeelDate):
        return source
    if isinstance(source, FeelDateTime):
        return source.date
    raise arguments.wrong(source, "from", "a string, a date, or a date and time")


def date_of_parts(year: Any, month: Any, day: Any) -> FeelDate:
    return FeelDate(
        arguments.exact_integer(year, "year"),
        arguments.exact_integer(month, "month"),
        arguments.exact_integer(day, "day"),
    )


def time_from(source: Any) -> FeelTime:
    """The time of a text, or of a date and time; of a date it is midnight UTC."""
    source = arguments.single(source)
    if isinstance(source, str):
        return parse_time(source)
    if isinstance(source, FeelTime):
        return source
    if isinstance(source, FeelDateTime):
        return source.time
    if isinstance(source, FeelDate):
        return MIDNIGHT_UTC
    raise arguments.wrong(source, "from", "a string, a time, or a date and time")


def time_of_parts(hour: Any, minute: Any, second: Any, offset: Any = None) -> FeelTime:
    """The time with these parts; a ``second`` may have a fraction, a ``null`` offset makes it local."""
    return _time(hour, minute, second, _offset(offset), None)


def _offset(value: Any) -> int | None:
    value = arguments.single(value)
    if value is None:
        return None
    if not isinstance(value, DaysTimeDuration):
        raise arguments.wrong(value, "offset", "a days and time duration")
    return value.total_seconds


def _time(hour: Any, minute: Any, second: Any, offset: int | None, zone: str | None) -> FeelTime:
    seconds = arguments.number(second, "second")
    whole = arguments.integer(seconds, "second")
    if seconds < 0:
        raise Fault("invalid-time", "`second` must not be negative")
    return FeelTime.of(
        arguments.exact_integer(hour, "hour"),
        arguments.exact_integer(minute, "minute"),
        whole,
        int((seconds - whole) * _NANOS),
        offset,
        zone,
    )


def date_and_time_from(source: Any) -> FeelDateTime:
    """The date and time of a text; a date alone is its midnight."""
    source = arguments.single(source)
    if isinstance(source, str):
        return parse_date_time(source)
    if isinstance(source, FeelDateTime):
        return source
    if isinstance(source, FeelDate):
        return FeelDateTime(source, MIDNIGHT)
    raise arguments.wrong(source, "from", "a string")


def date_and_time_of(date: Any, time: Any) -> FeelDateTime:
    day = arguments.calendar_day(date, "date")
    clock = arguments.single(time)
    if not isinstance(clock, FeelTime):
        raise arguments.wrong(clock, "time", "a time")
    return FeelDateTime(day, clock)


def date_and_time_of_parts(
    year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, offset_or_timezone: Any = None
) -> FeelDateTime:
    """The date and time with these parts; the seventh is an offset or the id of a time zone."""
    date = date_of_parts(year, month, day)
    zone = arguments.single(offset_or_timezone)
    if isinstance(zone, str):
        return FeelDateTime(date, _time(hour, minute, second, None, zone))
    return FeelDateTime(date, _time(hour, minute, second, _offset(zone), None))


def date_and_time_in_zone(
    year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, timezone: Any
) -> FeelDateTime:
    zone = arguments.text(timezone, "timezone")
    return date_and_time_of_parts(year, month, day, hour, minute, second, zone)


def number_from(source: Any, grouping_separator: Any, decimal_separator: Any) -> Decimal:
    """The number of a text; the separators may be ``null`` where the text has none, and must differ."""
    text = arguments.text(source, "from")
    grouping = _separator(grouping_separator, "grouping separator", " .,")
    decimal = _separator(decimal_separator, "decimal separator", ".,")
    if grouping and grouping == decimal:
        raise Fault("wrong-argument", "`grouping separator` and `decimal separator` must differ")
    plain = text.replace(grouping, "") if grouping else text
    if decimal == ",":
        plain = plain.replace(".", "!").replace(",", ".")
    number = parse_number(plain)
    if number is None:
        raise Fault("invalid-number", f"`{text[:40]}` is no number with these separators")
    return number


def _separator(value: Any, parameter: str, allowed: str) -> str:
    if value is None:
        return ""
    separator = arguments.text(value, parameter)
    if len(separator) != 1 or separator not in allowed:
        choices = " or ".join("a space" if mark == " " else f"`{mark}`" for mark in allowed)
        raise Fault("wrong-argument", f"`{parameter}` must be {choices}, it is `{separator[:20]}`")
    return separator


def duration_from(source: Any) -> Duration:
    source = arguments.single(source)
    if isinstance(source, str):
        return parse_duration(source)
    if isinstance(source, (YearsMonthsDuration, DaysTimeDuration)):
        return source
    raise arguments.wrong(source, "from", "a string")


def years_and_months_duration(start: Any, to: Any) -> YearsMonthsDuration:
    """The whole months from one date to another; the times of day don't count."""
    first = arguments.calendar_day(start, "from")
    last = arguments.calendar_day(to, "to")
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsMonthsDuration(months)


def range_from(source: Any) -> Range:
    text = arguments.single(source)
    if not isinstance(text, str):
        raise Fault(
            "wrong-argument", f"`from` must be a string with a range such as [1..10), it is {kind_of(text)}"
        )
    return parse_range(text)


_FROM = ("from",)
_DATE_PARTS = ("year", "month", "day")
_TIME_PARTS = ("hour", "minute", "second")

FUNCTIONS = (
    Builtin("date", (Signature(_FROM, date_from), Signature(_DATE_PARTS, date_of_parts))),
    Builtin(
        "time", (Signature(_FROM, time_from), Signature((*_TIME_PARTS, "offset"), time_of_parts, optional=1))
    ),
    Builtin(
        "date and time",
        (
            Signature(_FROM, date_and_time_from),
            Signature(("date", "time"), date_and_time_of),
            Signature((*_DATE_PARTS, *_TIME_PARTS, "offset"), date_and_time_of_parts, optional=1),
            Signature((*_DATE_PARTS, *_TIME_PARTS, "timezone"), date_and_time_in_zone),
        ),
    ),
    Builtin("number", (Signature(("from", "grouping separator", "decimal separator"), number_from),)),
    Builtin("duration", (Signature(_FROM, duration_from),)),
    Builtin("years and months duration", (Signature(("from", "to"), years_and_months_duration),)),
    Builtin("range", (Signature(_FROM, range_from),)),
)

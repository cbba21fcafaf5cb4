"""FEEL's kinds of values as lines: how values of a kind follow each other, and a value in each stretch between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Any

from referee.feel.fault import Fault
from referee.feel.types import FeelType, type_of
from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from referee.feel.values.durations import NANOS_PER_SECOND
from referee.feel.values.numbers import CONTEXT
from referee.feel.values.temporal import MIDNIGHT, MIDNIGHT_UTC
from referee.feel.values.text import nested_text

_DAY = 86_400
_MAX_OFFSET = 18 * 3600

Between = Callable[[Any, Any], Any]
"""A value strictly between two others, None as an end meaning no bound; None where there is no value between them."""


@dataclass(frozen=True, slots=True)
class ValueKind:
    """A kind of values. ``key`` orders them; two values with one key are the same to every test.

    ``is_ordered`` tells whether ``<`` means anything; ``between`` finds a value in a stretch. A time, and a date and
    time, is local or has an offset: those are two kinds, for they can't be compared.
    """

    name: str
    type: str
    is_ordered: bool
    key: Callable[[Any], Any]
    between: Between
    start: Any = None


def kind_of_value(value: Any) -> ValueKind | None:
    """The kind of a value; None for lists, contexts, ranges and functions, which have no line."""
    if isinstance(value, (FeelTime, FeelDateTime)):
        local, offset = _TIMES if isinstance(value, FeelTime) else _DATE_TIMES
        return local if value.is_local else offset
    return _BY_CLASS.get(type(value))


def kinds_of_type(name: str) -> tuple[ValueKind, ...]:
    """The kinds whose values a type has, the most usual first; none for ``Any``, lists, contexts and own types."""
    return _BY_TYPE.get(name.strip(), ())


def literal_text(value: Any) -> str:
    """The value as a FEEL literal."""
    if isinstance(value, FeelDate):
        return f'date("{value}")'
    if isinstance(value, FeelTime):
        return f'time("{value}")'
    if isinstance(value, FeelDateTime):
        return f'date and time("{value}")'
    if isinstance(value, (DaysTimeDuration, YearsMonthsDuration)):
        return f'duration("{value}")'
    return nested_text(value)


def type_name(value: Any) -> str:
    kind: FeelType = type_of(value)
    return str(kind)


def _itself(value: Any) -> Any:
    return value


def _number_between(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    """Preferably a round number, as people would choose it."""
    if low is None:
        return Decimal(0) if high is None else _beyond(high, -1)
    if high is None:
        return _beyond(low, 1)
    for candidate in (CONTEXT.add(low.to_integral_value("ROUND_FLOOR"), 1), CONTEXT.divide(low + high, 2)):
        if low < candidate < high:
            return candidate.normalize(CONTEXT) if candidate.as_tuple().exponent != 0 else candidate
    middle = CONTEXT.add(low, CONTEXT.divide(CONTEXT.subtract(high, low), Decimal(2)))
    return middle if low < middle < high else None


def _beyond(number: Decimal, step: int) -> Decimal | None:
    try:
        moved = CONTEXT.add(number, step)
        if moved == number:
            moved = CONTEXT.multiply(number, 2 if (number > 0) == (step > 0) else Decimal("0.5"))
    except DecimalException:
        return None
    return moved if moved.is_finite() and moved != number else None


def _string_between(low: str | None, high: str | None) -> str | None:
    if low is None:
        return "text" if high is None else ("" if high else None)
    for candidate in (f"{low}x", f"{low} ", f"{low}\0"):
        if high is None or candidate < high:
            return candidate
    return None


def _stepping(to_number: Callable[[Any], int], from_number: Callable[[int, Any], Any]) -> Between:
    """Kinds whose values are as far apart as whole numbers."""

    def between(low: Any, high: Any) -> Any:
        if low is None and high is None:
            return from_number(0, None)
        near = high if low is None else low
        number = to_number(near) + (-1 if low is None else 1)
        if low is not None and high is not None and number >= to_number(high):
            return None
        try:
            return from_number(number, near)
        except Fault:
            return None

    return between


def _date(days: int, near: FeelDate | None) -> FeelDate:
    return FeelDate(2000, 1, 1) if near is None else FeelDate.from_days(days)


def _local_time(second: int, near: FeelTime | None) -> FeelTime | None:
    if near is None:
        return FeelTime(12 * 3600 * NANOS_PER_SECOND)
    return FeelTime(second * NANOS_PER_SECOND) if 0 <= second < _DAY else None


def _time_with_offset(value: int, near: FeelTime | None) -> FeelTime | None:
    if near is None:
        return FeelTime(12 * 3600 * NANOS_PER_SECOND, 0)
    offset = near.utc_offset or 0
    if not 0 <= value + offset < _DAY:
        offset = -value if value < 0 else min(0, _DAY - 1 - value)
    if abs(offset) > _MAX_OFFSET:
        return None
    return FeelTime((value + offset) * NANOS_PER_SECOND, offset)


def _date_time(local: bool) -> Callable[[int, FeelDateTime | None], FeelDateTime]:
    def made(value: int, near: FeelDateTime | None) -> FeelDateTime:
        if near is None:
            return FeelDateTime(FeelDate(2000, 1, 1), MIDNIGHT if local else MIDNIGHT_UTC)
        return near.plus_nanos((value - near.value) * NANOS_PER_SECOND)

    return made


_SECONDS = _stepping(lambda value: value.value, _local_time)

NULL = ValueKind("null", "Null", False, _itself, lambda low, high: None)
NUMBER = ValueKind("number", "number", True, _itself, _number_between)
STRING = ValueKind("string", "string", True, _itself, _string_between)
BOOLEAN = ValueKind("boolean", "boolean", False, _itself, lambda low, high: None)
DATE = ValueKind("date", "date", True, _itself, _stepping(lambda value: value.days, _date))
_TIMES = (
    ValueKind("time", "time", True, lambda value: value.value, _SECONDS),
    ValueKind(
        "time with offset",
        "time",
        True,
        lambda value: value.value,
        _stepping(lambda value: value.value, _time_with_offset),
    ),
)
_DATE_TIMES = tuple(
    ValueKind(
        "date and time" if local else "date and time with offset",
        "date and time",
        True,
        lambda value: value.value,
        _stepping(lambda value: value.value, _date_time(local)),
    )
    for local in (True, False)
)
DAYS = ValueKind(
    "days and time duration",
    "days and time duration",
    True,
    _itself,
    _stepping(lambda value: value.nanos, lambda number, near: DaysTimeDuration(number)),
)
MONTHS = ValueKind(
    "years and months duration",
    "years and months duration",
    True,
    _itself,
    _stepping(lambda value: value.total_months, lambda number, near: YearsMonthsDuration(number)),
)

_BY_CLASS: dict[type, ValueKind] = {
    type(None): NULL,
    bool: BOOLEAN,
    Decimal: NUMBER,
    str: STRING,
    FeelDate: DATE,
    DaysTimeDuration: DAYS,
    YearsMonthsDuration: MONTHS,
}
_BY_TYPE: dict[str, tuple[ValueKind, ...]] = {
    "number": (NUMBER,),
    "string": (STRING,),
    "boolean": (BOOLEAN,),
    "date": (DATE,),
    "time": _TIMES,
    "date and time": _DATE_TIMES,
    "dateTime": _DATE_TIMES,
    "days and time duration": (DAYS,),
    "dayTimeDuration": (DAYS,),
    "years and months duration": (MONTHS,),
    "yearMonthDuration": (MONTHS,),
}

"""Python values into FEEL values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from referee.feel.fault import Fault
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.functions import FeelFunction
from referee.feel.values.numbers import to_number
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime

_FEEL_TYPES = (
    FeelDate,
    FeelTime,
    FeelDateTime,
    YearsMonthsDuration,
    DaysTimeDuration,
    Range,
    FeelFunction,
)


def to_feel(value: Any) -> Any:
    """The FEEL value of a Python value; FEEL values stay as they are.

    A float means its shortest decimal text, so ``0.1`` is a tenth. Numbers are rounded to 34 digits. Mappings become
    contexts (keys must be text), lists and tuples become lists. Raises ``Fault`` for infinity, not-a-number, and
    anything else that FEEL has no value for.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is Decimal or kind is int:
        return to_number(value)
    if kind is float:
        return to_number(repr(value))
    if kind is list or kind is tuple:
        return [to_feel(item) for item in value]
    if isinstance(value, _FEEL_TYPES):
        return value
    return _to_feel_by_base_class(value)


def _to_feel_by_base_class(value: Any) -> Any:
    if isinstance(value, Mapping):
        context = {}
        for name, item in value.items():
            if not isinstance(name, str):
                raise Fault("wrong-type", f"a context's names are text, {name!r} is not")
            context[str(name)] = to_feel(item)
        return context
    if isinstance(value, datetime.datetime):
        time = _time(value.timetz(), value.utcoffset())
        return FeelDateTime(
            FeelDate(value.year, value.month, value.day), time, _whole_seconds(value.utcoffset())
        )
    if isinstance(value, datetime.date):
        return FeelDate(value.year, value.month, value.day)
    if isinstance(value, datetime.time):
        return _time(value, value.utcoffset())
    if isinstance(value, datetime.timedelta):
        seconds = value.days * 86_400 + value.seconds
        return DaysTimeDuration(seconds * 1_000_000_000 + value.microseconds * 1_000)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return to_number(float.__repr__(value))
    if isinstance(value, int):
        return to_number(int(value))
    if isinstance(value, Decimal):
        return to_number(Decimal(value))
    if isinstance(value, (list, tuple)):
        return [to_feel(item) for item in value]
    item = getattr(value, "item", None)
    if callable(item) and type(value).__module__ == "numpy":
        return to_feel(item())
    raise Fault("wrong-type", f"a Python value of type {type(value).__name__} has no FEEL value")


def _time(time: datetime.time, offset: datetime.timedelta | None) -> FeelTime:
    zone = time.tzinfo.key if isinstance(time.tzinfo, ZoneInfo) else None
    seconds = None if zone else _whole_seconds(offset)
    return FeelTime.of(time.hour, time.minute, time.second, time.microsecond * 1_000, seconds, zone)


def _whole_seconds(offset: datetime.timedelta | None) -> int | None:
    return None if offset is None else offset.days * 86_400 + offset.seconds

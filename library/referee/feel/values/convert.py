"""Python values into FEEL values."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from referee.feel.fault import Fault
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.functions import FeelFunction
from referee.feel.values.numbers import to_number
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime
from referee.feel.values.zones import zone_ids

_FEEL_TYPES = (
    FeelDate,
    FeelTime,
    FeelDateTime,
    YearsMonthsDuration,
    DaysTimeDuration,
    Range,
    FeelFunction,
)


_MAX_DEPTH = 100


def to_feel(value: Any) -> Any:
    """The FEEL value of a Python value; FEEL values stay as they are.

    A float means its shortest decimal text, so ``0.1`` is a tenth. Numbers are rounded to 34 digits. Mappings become
    contexts (keys must be text), lists and tuples become lists. Raises ``Fault`` for infinity, not-a-number, nesting
    more than 100 deep, and anything else that FEEL has no value for.
    """
    return _to_feel(value, 0)


def _to_feel(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is Decimal or kind is int:
        return to_number(value)
    if kind is float:
        return to_number(repr(value))
    if kind is list or kind is tuple:
        return _list(value, depth)
    if isinstance(value, _FEEL_TYPES):
        return value
    return _to_feel_by_base_class(value, depth)


def _list(items: Iterable[Any], depth: int) -> list[Any]:
    if depth >= _MAX_DEPTH:
        raise Fault("too-deep", f"a value is nested at most {_MAX_DEPTH} deep")
    return [_to_feel(item, depth + 1) for item in items]


def _context(entries: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if depth >= _MAX_DEPTH:
        raise Fault("too-deep", f"a value is nested at most {_MAX_DEPTH} deep")
    context = {}
    for name, item in entries.items():
        if not isinstance(name, str):
            raise Fault("wrong-type", f"a context's names are text, {name!r} is not")
        context[str(name)] = _to_feel(item, depth + 1)
    return context


def _to_feel_by_base_class(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return _context(value, depth)
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
        return _list(value, depth)
    if type(value).__module__ == "numpy":
        return _of_numpy(value, depth)
    raise Fault("wrong-type", f"a Python value of type {type(value).__name__} has no FEEL value")


def _of_numpy(value: Any, depth: int) -> Any:
    # numpy is not imported for this: its values tell by themselves what they are
    if getattr(value, "ndim", None) == 0 and value.dtype.kind in "biufU":
        # the text of a narrow float is shorter than that of the same number as a Python float
        return to_number(str(value)) if value.dtype.kind == "f" else _to_feel(value.item(), depth)
    if getattr(value, "ndim", 0) > 0:
        return _list(value, depth)
    raise Fault("wrong-type", f"a value of numpy's {type(value).__name__} has no FEEL value")


def _time(time: datetime.time, offset: datetime.timedelta | None) -> FeelTime:
    zone = time.tzinfo.key if isinstance(time.tzinfo, ZoneInfo) and time.tzinfo.key in zone_ids() else None
    seconds = None if zone else _whole_seconds(offset)
    return FeelTime.of(time.hour, time.minute, time.second, time.microsecond * 1_000, seconds, zone)


def _whole_seconds(offset: datetime.timedelta | None) -> int | None:
    return None if offset is None else offset.days * 86_400 + offset.seconds

"""The named parts of values, as in ``date.year`` or ``duration.hours``.

Source: DMN 1.5, 10.3.2.15 (table 65).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from referee.feel.fault import Fault
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime


def _number(attribute: str) -> Callable[[Any], Decimal]:
    return lambda value: Decimal(getattr(value, attribute))


def _offset(value: FeelTime | FeelDateTime) -> DaysTimeDuration | None:
    return None if value.utc_offset is None else DaysTimeDuration.of_seconds(value.utc_offset)


_DATE = {name: _number(name) for name in ("year", "month", "day", "weekday")}
_TIME: dict[str, Callable[[Any], Any]] = {
    **{name: _number(name) for name in ("hour", "minute", "second")},
    "time offset": _offset,
    "timezone": lambda value: value.zone,
}
_PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    FeelDate: {**_DATE},
    FeelTime: _TIME,
    FeelDateTime: {**_DATE, **_TIME},
    YearsMonthsDuration: {name: _number(name) for name in ("years", "months")},
    DaysTimeDuration: {name: _number(name) for name in ("days", "hours", "minutes", "seconds")},
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


def property_of(value: Any, name: str) -> Any:
    """The entry of a context or the property of a temporal value, duration or range; ``Fault`` if there is none.

    An offset or zone that a temporal value doesn't have is ``None``, not a fault. Lists are the evaluator's matter.
    """
    if type(value) is dict:
        if name in value:
            return value[name]
        raise Fault("unknown-entry", f"the context has no entry `{name}`")
    properties = _PROPERTIES.get(type(value))
    if properties is not None and name in properties:
        return properties[name](value)
    from referee.feel.types import kind_of

    if value is None:
        raise Fault("null-operand", f"null has no `{name}`")
    raise Fault("unknown-property", f"{kind_of(value)} has no `{name}`")

"""The built-ins that compare points and ranges. Source: DMN 1.5, 10.3.4.11 (table 78).

Each takes points and ranges in the combinations that its signatures name. An open end lies beyond every point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.types import kind_of
from referee.feel.values.ordering import compare
from referee.feel.values.ranges import Range

_BELOW_ALL, _FINITE, _ABOVE_ALL = -1, 0, 1


@dataclass(frozen=True, slots=True)
class _Bound:
    """An end of an interval. ``side`` tells an open end from a point."""

    side: int
    point: Any
    included: bool

    def order(self, other: _Bound) -> int:
        if self.side or other.side:
            return self.side - other.side
        return compare(self.point, other.point)


@dataclass(frozen=True, slots=True)
class _Interval:
    start: _Bound
    end: _Bound


def _interval(value: Any, parameter: str) -> _Interval:
    """A range, or a point as the range of itself."""
    if isinstance(value, Range):
        if value.operator == "!=":
            raise Fault(
                "wrong-argument", f"`{parameter}` must be one range; what is not equal to a value is two"
            )
        return _Interval(
            _Bound(_BELOW_ALL if value.start is None else _FINITE, value.start, value.start_included),
            _Bound(_ABOVE_ALL if value.end is None else _FINITE, value.end, value.end_included),
        )
    if value is None or isinstance(value, (bool, list, dict)):
        raise arguments.wrong(value, parameter, "a range or a point")
    point = _Bound(_FINITE, value, True)
    return _Interval(point, point)


def _is_before(first: _Interval, second: _Interval) -> bool:
    order = first.end.order(second.start)
    return order < 0 or (order == 0 and not (first.end.included and second.start.included))


def _meets(first: _Interval, second: _Interval) -> bool:
    return first.end.included and second.start.included and first.end.order(second.start) == 0


def _overlaps(first: _Interval, second: _Interval) -> bool:
    return not _is_before(first, second) and not _is_before(second, first)


def _starts_first(first: _Interval, second: _Interval) -> bool:
    """Whether the first has a point before all of the second's."""
    order = first.start.order(second.start)
    return order < 0 or (order == 0 and first.start.included and not second.start.included)


def _ends_last(first: _Interval, second: _Interval) -> bool:
    """Whether the first has a point after all of the second's."""
    order = first.end.order(second.end)
    return order > 0 or (order == 0 and first.end.included and not second.end.included)


def _overlaps_before(first: _Interval, second: _Interval) -> bool:
    return _starts_first(first, second) and not _is_before(first, second) and not _ends_last(first, second)


def _overlaps_after(first: _Interval, second: _Interval) -> bool:
    return (
        _starts_first(second, first) and not _is_before(second, first) and _ends_last_or_same(first, second)
    )


def _ends_last_or_same(first: _Interval, second: _Interval) -> bool:
    return not _ends_last(second, first)


def _finishes(first: _Interval, second: _Interval) -> bool:
    same_end = first.end.included == second.end.included and first.end.order(second.end) == 0
    return same_end and not _starts_first(first, second)


def _includes(first: _Interval, second: _Interval) -> bool:
    return not _starts_first(second, first) and not _ends_last(second, first)


def _starts(first: _Interval, second: _Interval) -> bool:
    same_start = first.start.included == second.start.included and first.start.order(second.start) == 0
    return same_start and not _ends_last(first, second)


def _coincides(first: _Interval, second: _Interval) -> bool:
    return (
        first.start.included == second.start.included
        and first.end.included == second.end.included
        and first.start.order(second.start) == 0
        and first.end.order(second.end) == 0
    )


Relation = Callable[[_Interval, _Interval], bool]


def _converse(relation: Relation) -> Relation:
    return lambda first, second: relation(second, first)


_POINTS = ("point1", "point2")
_POINT_RANGE = ("point", "range")
_RANGE_POINT = ("range", "point")
_RANGES = ("range1", "range2")


def _relation(name: str, relation: Relation, *combinations: tuple[str, str]) -> Builtin:
    kinds = {(_is_range_name(first), _is_range_name(second)) for first, second in combinations}
    ways = " or ".join(f"({first}, {second})" for first, second in combinations)

    def apply(first: Any, second: Any) -> bool:
        first, second = arguments.single(first), arguments.single(second)
        left, right = _interval(first, combinations[0][0]), _interval(second, combinations[0][1])
        if (isinstance(first, Range), isinstance(second, Range)) not in kinds:
            raise Fault("wrong-argument", f"`{name}` takes {ways}, not ({kind_of(first)}, {kind_of(second)})")
        return relation(left, right)

    return Builtin(name, tuple(Signature(combination, apply) for combination in combinations))


def _is_range_name(name: str) -> bool:
    return name.startswith("range")


FUNCTIONS = (
    _relation("before", _is_before, _POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES),
    _relation("after", _converse(_is_before), _POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES),
    _relation("meets", _meets, _RANGES),
    _relation("met by", _converse(_meets), _RANGES),
    _relation("overlaps", _overlaps, _RANGES),
    _relation("overlaps before", _overlaps_before, _RANGES),
    _relation("overlaps after", _overlaps_after, _RANGES),
    _relation("finishes", _finishes, _POINT_RANGE, _RANGES),
    _relation("finished by", _converse(_finishes), _RANGE_POINT, _RANGES),
    _relation("includes", _includes, _RANGE_POINT, _RANGES),
    _relation("during", _converse(_includes), _POINT_RANGE, _RANGES),
    _relation("starts", _starts, _POINT_RANGE, _RANGES),
    _relation("started by", _converse(_starts), _RANGE_POINT, _RANGES),
    _relation("coincides", _coincides, _POINTS, _RANGES),
)

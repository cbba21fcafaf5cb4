"""FEEL's arithmetic on stretches of values: where each operation leads from the ends of its operands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, DecimalException
from itertools import product
from typing import Any

from referee.checks.possible import NOTHING, Possible, any_of
from referee.checks.stretch import Stretch
from referee.checks.value_line import DATE, NUMBER, STRING, kind_of_value
from referee.feel.fault import Fault
from referee.feel.values import operators
from referee.feel.values.numbers import CONTEXT

_INFINITE = Decimal("Infinity")
_ZERO = Decimal(0)
_SHIFTED = frozenset({"date", "date and time", "date and time with offset"})
_DURATIONS = frozenset({"days and time duration", "years and months duration"})

End = tuple[Decimal, bool]
"""A number or an infinity, and whether it is left out."""


def add(left: Stretch, right: Stretch) -> Possible:
    if left.is_point and right.is_point:
        return _of_points(operators.add, left, right)
    if left.kind is STRING and right.kind is STRING:
        return any_of(STRING)
    return _rising(operators.add, left, right)


def subtract(left: Stretch, right: Stretch) -> Possible:
    if left.is_point and right.is_point:
        return _of_points(operators.subtract, left, right)
    turned = replace(
        right, low=right.high, high=right.low, low_open=right.high_open, high_open=right.low_open
    )
    return _rising(operators.subtract, left, turned)


def multiply(left: Stretch, right: Stretch) -> Possible:
    if left.is_point and right.is_point:
        return _of_points(operators.multiply, left, right)
    if left.kind is not NUMBER or right.kind is not NUMBER:
        return _of_other_kinds(operators.multiply, left, right)
    ends = (_times(a, b) for a, b in product(_ends(left), _ends(right)))
    return _spanned(ends, is_whole=left.is_integral and right.is_integral)


def divide(left: Stretch, right: Stretch) -> Possible:
    if left.is_point and right.is_point:
        return _of_points(operators.divide, left, right)
    if left.kind is not NUMBER or right.kind is not NUMBER:
        return _of_other_kinds(operators.divide, left, right)
    (low, low_open), (high, high_open) = _ends(right)
    if low < 0 < high:
        return any_of(NUMBER)
    # division by zero is a fault: as an end it is left out
    divisors = [(low, low_open or low == 0, 1), (high, high_open or high == 0, -1)]
    ends = (_over(a, divisor) for a, divisor in product(_ends(left), divisors))
    return _spanned(ends)


def power(left: Stretch, right: Stretch) -> Possible:
    if left.is_point and right.is_point:
        return _of_points(operators.power, left, right)
    if left.kind is not NUMBER or right.kind is not NUMBER:
        return NOTHING
    exponent = right.low if right.is_point else None
    if exponent is None or exponent != exponent.to_integral_value() or not 1 <= exponent <= 9:
        return any_of(NUMBER)
    found = Possible((absolute(left),)) if exponent % 2 == 0 else Possible((left,))
    (part,) = found.parts
    ends = ((end ** int(exponent) if end.is_finite() else end, is_open) for end, is_open in _ends(part))
    return _spanned(ends, is_whole=left.is_integral)


def negate(part: Stretch) -> Possible:
    if part.is_point:
        return _of_points(operators.negate, part)
    if part.kind is not NUMBER:
        return any_of(part.kind) if part.kind.name in _DURATIONS else NOTHING
    return _spanned(((-end, is_open) for end, is_open in _ends(part)), is_whole=part.is_whole)


def absolute(part: Stretch) -> Stretch:
    """The absolute numbers."""
    (low, low_open), (high, high_open) = _ends(part)
    if low >= 0:
        return part
    if high <= 0:
        (found,) = negate(part).parts
        return found
    ends: list[End] = [(_ZERO, False), (-low, low_open), (high, high_open)]
    (found,) = _spanned(ends, is_whole=part.is_whole).parts
    return found


def rising(part: Stretch, function: Callable[[Any], Any], *, is_whole: bool = False) -> Possible:
    """A function of one value that never falls where the value rises, such as rounding. Its ends count as reached."""
    ends = []
    for end, is_open, inward in ((part.low, part.low_open, 1), (part.high, part.high_open, -1)):
        try:
            value = None if end is None else function(end)
        except (Fault, DecimalException):
            return NOTHING if part.is_point else any_of(NUMBER)
        if is_open and is_whole and isinstance(end, Decimal) and end == end.to_integral_value():
            # what lies just inside an integer is rounded as half way to the next
            value = function(CONTEXT.add(end, Decimal("0.0000000001") * inward))
        ends.append(value)
    low, high = ends
    return Possible((Stretch(NUMBER, low, high, is_whole=is_whole),))


def smallest_of(parts: Iterable[Stretch]) -> Stretch:
    """What ``min`` of one value of each may be; all are of one kind."""
    found, *others = parts
    key = found.kind.key
    for part in others:
        low = _lower(found, part, key)
        if found.high is None or (part.high is not None and key(part.high) < key(found.high)):
            high = part.high, part.high_open
        else:
            same = part.high is not None and key(part.high) == key(found.high)
            high = found.high, found.high_open or (same and part.high_open)
        found = Stretch(found.kind, low[0], high[0], low[1], high[1], found.is_integral and part.is_integral)
    return found


def largest_of(parts: Iterable[Stretch]) -> Stretch:
    """What ``max`` of one value of each may be; all are of one kind."""
    found, *others = parts
    key = found.kind.key
    for part in others:
        if found.high is None or part.high is None:
            high: tuple[Any, bool] = None, False
        elif key(part.high) == key(found.high):
            high = found.high, found.high_open and part.high_open
        else:
            high = max(
                (found.high, found.high_open), (part.high, part.high_open), key=lambda end: key(end[0])
            )
        if found.low is None or (part.low is not None and key(part.low) > key(found.low)):
            low = part.low, part.low_open
        else:
            same = part.low is not None and key(part.low) == key(found.low)
            low = found.low, found.low_open or (same and part.low_open)
        found = Stretch(found.kind, low[0], high[0], low[1], high[1], found.is_integral and part.is_integral)
    return found


def comparable(left: Stretch, right: Stretch) -> tuple[bool, bool, bool]:
    """Whether a value of the left may be below, the same as and above one of the right; both of one kind."""
    key = left.kind.key
    if not left.kind.is_ordered or (left.kind is STRING and not (left.is_point and right.is_point)):
        same = not (left.is_point and right.is_point) or key(left.low) == key(right.low)
        other = not (left.is_point and right.is_point and same)
        return other, same, other
    below = above = True
    if left.low is not None and right.high is not None:
        below = key(left.low) < key(right.high)
    if left.high is not None and right.low is not None:
        above = key(left.high) > key(right.low)
    return below, left.common(right) is not None, above


def _lower(left: Stretch, right: Stretch, key: Callable[[Any], Any]) -> tuple[Any, bool]:
    if left.low is None or right.low is None:
        return None, False
    if key(left.low) == key(right.low):
        return left.low, left.low_open and right.low_open
    return min((left.low, left.low_open), (right.low, right.low_open), key=lambda end: key(end[0]))


def _of_points(operation: Callable[..., Any], *parts: Stretch) -> Possible:
    try:
        value = operation(*(part.low for part in parts))
    except Fault:
        return NOTHING
    kind = kind_of_value(value)
    return Possible(is_any=True) if kind is None else Possible((Stretch(kind, value, value),))


def _rising(operation: Callable[..., Any], left: Stretch, right: Stretch) -> Possible:
    """A sum or difference, which rises with both ends as given."""
    if left.kind is NUMBER and right.kind is NUMBER:
        # any number, as fast as can be: most calculations are these
        low, high = (
            None if a is None or b is None else _or_none(operation, a, b)
            for a, b in ((left.low, right.low), (left.high, right.high))
        )
        return Possible(
            (
                Stretch(
                    NUMBER,
                    low,
                    high,
                    left.low_open or right.low_open,
                    left.high_open or right.high_open,
                    left.is_integral and right.is_integral,
                ),
            )
        )
    kind = _result_kind(operation, left, right)
    if kind is None:
        return NOTHING
    if kind.type == "time" or "offset" in left.kind.name or "offset" in right.kind.name:
        return any_of(kind)  # times of day begin anew at midnight
    clamps = "years and months duration" in (left.kind.name, right.kind.name) and kind.name in _SHIFTED
    low, high = (
        None if a is None or b is None else _or_none(operation, a, b)
        for a, b in ((left.low, right.low), (left.high, right.high))
    )
    # a month after the 30th and the 31st of January is one day: what lies below an end may come to it
    low_open = (left.low_open or right.low_open) and not clamps and kind is not DATE
    high_open = (left.high_open or right.high_open) and not clamps and kind is not DATE
    return Possible((Stretch(kind, low, high, low_open, high_open),))


def _of_other_kinds(operation: Callable[..., Any], left: Stretch, right: Stretch) -> Possible:
    kind = _result_kind(operation, left, right)
    return NOTHING if kind is None else any_of(kind)


def _result_kind(operation: Callable[..., Any], left: Stretch, right: Stretch) -> Any:
    """The kind of the result for values of these kinds; None where the operation is a fault for them."""
    for a, b in ((left.inner(), right.inner()), *(product(left.ends(), right.ends()))):
        found = _or_none(operation, a, b)
        if found is not None:
            return kind_of_value(found)
    return None


def _or_none(operation: Callable[..., Any], *values: Any) -> Any:
    try:
        return operation(*values)
    except Fault:
        return None


def _ends(part: Stretch) -> tuple[End, End]:
    low = (-_INFINITE, True) if part.low is None else (part.low, part.low_open)
    high = (_INFINITE, True) if part.high is None else (part.high, part.high_open)
    return low, high


def _times(left: End, right: End) -> End:
    (a, a_open), (b, b_open) = left, right
    if a == 0 or b == 0:
        # nothing times a zero that is reached is zero, whatever the other is
        return _ZERO, not ((a == 0 and not a_open) or (b == 0 and not b_open))
    return _exact(CONTEXT.multiply, a, b), a_open or b_open


def _over(left: End, right: tuple[Decimal, bool, int]) -> End:
    (a, a_open), (b, b_open, side) = left, right
    if a == 0:
        return _ZERO, a_open
    if b == 0:
        return (_INFINITE if (a > 0) == (side > 0) else -_INFINITE), True
    if b.is_infinite():
        return (_ZERO, True) if a.is_finite() else (_INFINITE if (a > 0) == (b > 0) else -_INFINITE, True)
    return _exact(CONTEXT.divide, a, b), a_open or b_open


def _exact(operation: Callable[[Decimal, Decimal], Decimal], a: Decimal, b: Decimal) -> Decimal:
    try:
        return operation(a, b)
    except DecimalException:
        return _INFINITE if (a > 0) == (b > 0) else -_INFINITE


def _spanned(ends: Iterable[End], *, is_whole: bool = False) -> Possible:
    """The numbers between the lowest and the highest of these."""
    known = list(ends)
    low = min(known, key=lambda end: (end[0], end[1]))
    high = max(known, key=lambda end: (end[0], not end[1]))
    return Possible(
        (
            Stretch(
                NUMBER,
                low[0] if low[0].is_finite() else None,
                high[0] if high[0].is_finite() else None,
                low[1] and low[0].is_finite(),
                high[1] and high[0].is_finite(),
                is_whole,
            ),
        )
    )


OPERATORS: Mapping[str, Callable[[Stretch, Stretch], Possible]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}

"""FEEL's order: ``<``, ``<=``, ``>``, ``>=`` on numbers, strings, temporal values and durations.

Source: DMN 1.5, 10.3.2.13 (table 54).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from referee.feel.fault import Fault
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime

_ORDERED_BY_THEMSELVES = frozenset({Decimal, str, FeelDate, YearsMonthsDuration, DaysTimeDuration})


def compare(left: Any, right: Any) -> int:
    """Negative, zero or positive as ``left`` is before, equal to or after ``right``; ``Fault`` where there is no order.

    Strings go by Unicode code points. Times, and dates with times, go by whole seconds.
    """
    kind = type(left)
    if kind is type(right):
        if kind in _ORDERED_BY_THEMSELVES:
            return -1 if left < right else int(left > right)
        if kind is FeelDateTime or kind is FeelTime:
            if left.is_local != right.is_local:
                raise Fault(
                    "not-comparable",
                    f"{left} and {right} can't be compared: one has an offset or zone, the other has none",
                )
            first: int = left.value
            second: int = right.value
            return (first > second) - (first < second)
    raise not_comparable(left, right)


def less(left: Any, right: Any) -> bool:
    if type(left) is Decimal and type(right) is Decimal:
        return left < right
    return compare(left, right) < 0


def less_or_equal(left: Any, right: Any) -> bool:
    if type(left) is Decimal and type(right) is Decimal:
        return left <= right
    return compare(left, right) <= 0


def greater(left: Any, right: Any) -> bool:
    if type(left) is Decimal and type(right) is Decimal:
        return left > right
    return compare(left, right) > 0


def greater_or_equal(left: Any, right: Any) -> bool:
    if type(left) is Decimal and type(right) is Decimal:
        return left >= right
    return compare(left, right) >= 0


def not_comparable(left: Any, right: Any) -> Fault:
    from referee.feel.types import kind_of

    if left is None or right is None:
        other = right if left is None else left
        subject = (
            "null can't be compared" if other is None else f"null can't be compared with {kind_of(other)}"
        )
        return Fault("null-operand", subject)
    if type(left) is type(right):
        return Fault("not-comparable", f"{kind_of(left)} has no order")
    return Fault("not-comparable", f"{kind_of(left)} can't be compared with {kind_of(right)}")

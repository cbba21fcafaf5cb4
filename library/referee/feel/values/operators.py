"""FEEL's arithmetic: a value, or a ``Fault`` that says which operands don't go together.

Numbers take the fast path. Source: DMN 1.5, 10.3.2.8 (tables 55 to 58).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from referee.feel.fault import Fault
from referee.feel.frame import charge_items
from referee.feel.values.durations import (
    NANOS_PER_DAY,
    DaysTimeDuration,
    YearsMonthsDuration,
    divided,
    scaled,
)
from referee.feel.values.numbers import CONTEXT, out_of_range
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime, at_midnight

_add = CONTEXT.add
_subtract = CONTEXT.subtract
_multiply = CONTEXT.multiply
_divide = CONTEXT.divide

_COST_OF_ROOTS = 200  # as long as looking at so many items
Operation = Callable[[Any, Any], Any]


def add(left: Any, right: Any) -> Any:
    """``left + right``: numbers, strings, durations, a temporal value and a duration in either order."""
    if type(left) is Decimal and type(right) is Decimal:
        try:
            return _add(left, right)
        except DecimalException as error:
            raise out_of_range(error) from None
    return _apply(_SUMS, "+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """``left - right``: numbers, durations, two temporal values, a temporal value and a duration."""
    if type(left) is Decimal and type(right) is Decimal:
        try:
            return _subtract(left, right)
        except DecimalException as error:
            raise out_of_range(error) from None
    return _apply(_DIFFERENCES, "-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """``left * right``: numbers, a number and a duration in either order."""
    if type(left) is Decimal and type(right) is Decimal:
        try:
            return _multiply(left, right)
        except DecimalException as error:
            raise out_of_range(error) from None
    return _apply(_PRODUCTS, "*", left, right)


def divide(left: Any, right: Any) -> Any:
    """``left / right``: numbers, a duration by a number, a duration by another of its kind."""
    if type(left) is Decimal and type(right) is Decimal:
        try:
            return _divide(left, right)
        except DecimalException as error:
            raise _division_fault(error, right) from None
    return _apply(_QUOTIENTS, "/", left, right)


def power(left: Any, right: Any) -> Any:
    """``left ** right`` of two numbers."""
    if type(left) is not Decimal or type(right) is not Decimal:
        raise _wrong_operands("**", left, right)
    if not right:
        return Decimal(1)
    if not left and right < 0:
        raise Fault("division-by-zero", "zero can't be raised to a negative power")
    if right != right.to_integral_value():
        charge_items(_COST_OF_ROOTS)
    try:
        return CONTEXT.power(left, right)
    except DecimalException as error:
        if left < 0:
            raise Fault("number-out-of-range", "a negative number has no fractional power") from None
        raise out_of_range(error) from None


def negate(value: Any) -> Any:
    """``-value`` of a number or a duration."""
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if type(value) is DaysTimeDuration:
        return DaysTimeDuration(-value.nanos)
    if type(value) is YearsMonthsDuration:
        return YearsMonthsDuration(-value.total_months)
    from referee.feel.types import kind_of

    if value is None:
        raise Fault("null-operand", "null has no negative")
    raise Fault("wrong-operands", f"{kind_of(value)} has no negative")


def _apply(table: dict[tuple[type, type], Operation], operator: str, left: Any, right: Any) -> Any:
    operation = table.get((type(left), type(right)))
    if operation is None:
        raise _wrong_operands(operator, left, right)
    return operation(left, right)


_VERBS = {
    "+": "add {left} and {right}",
    "-": "subtract {right} from {left}",
    "*": "multiply {left} by {right}",
    "/": "divide {left} by {right}",
    "**": "raise {left} to the power of {right}",
}


def _wrong_operands(operator: str, left: Any, right: Any) -> Fault:
    from referee.feel.types import kind_of

    can_not = f"can't {_VERBS[operator].format(left=kind_of(left), right=kind_of(right))}"
    return Fault("null-operand" if left is None or right is None else "wrong-operands", can_not)


def _division_fault(error: DecimalException, divisor: Decimal) -> Fault:
    # 0 / 0 is an invalid operation to `decimal`, a division by zero to the reader
    return (
        Fault("division-by-zero", "a number can't be divided by zero") if not divisor else out_of_range(error)
    )


def _swapped(operation: Operation) -> Operation:
    return lambda left, right: operation(right, left)


def _shift_months(moment: FeelDate | FeelDateTime, duration: YearsMonthsDuration) -> FeelDate | FeelDateTime:
    return moment.plus_months(duration.total_months)


def _shift_back_months(
    moment: FeelDate | FeelDateTime, duration: YearsMonthsDuration
) -> FeelDate | FeelDateTime:
    return moment.plus_months(-duration.total_months)


def _shift_nanos(moment: FeelTime | FeelDateTime, duration: DaysTimeDuration) -> FeelTime | FeelDateTime:
    return moment.plus_nanos(duration.nanos)


def _shift_back_nanos(moment: FeelTime | FeelDateTime, duration: DaysTimeDuration) -> FeelTime | FeelDateTime:
    return moment.plus_nanos(-duration.nanos)


def _shift_date(date: FeelDate, duration: DaysTimeDuration) -> FeelDate:
    # the date of midnight plus the duration: a second back is the day before
    return FeelDate.from_days(date.days + duration.nanos // NANOS_PER_DAY)


def _shift_date_back(date: FeelDate, duration: DaysTimeDuration) -> FeelDate:
    return FeelDate.from_days(date.days + -duration.nanos // NANOS_PER_DAY)


def _between(left: FeelTime | FeelDateTime, right: FeelTime | FeelDateTime) -> DaysTimeDuration:
    if left.is_local != right.is_local:
        raise Fault(
            "wrong-operands",
            f"can't subtract {right} from {left}: one has an offset or zone, the other has none",
        )
    return DaysTimeDuration(left.utc_nanos - right.utc_nanos)


def _between_dates(left: FeelDate, right: FeelDate) -> DaysTimeDuration:
    return DaysTimeDuration((left.days - right.days) * NANOS_PER_DAY)


def _ratio(left: int, right: int) -> Decimal:
    if not right:
        raise Fault("division-by-zero", "a duration can't be divided by a duration of zero")
    return CONTEXT.divide(Decimal(left), Decimal(right))


_SUMS: dict[tuple[type, type], Operation] = {
    (str, str): lambda left, right: left + right,
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: YearsMonthsDuration(
        left.total_months + right.total_months
    ),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: DaysTimeDuration(left.nanos + right.nanos),
    (FeelDate, YearsMonthsDuration): _shift_months,
    (YearsMonthsDuration, FeelDate): _swapped(_shift_months),
    (FeelDateTime, YearsMonthsDuration): _shift_months,
    (YearsMonthsDuration, FeelDateTime): _swapped(_shift_months),
    (FeelDate, DaysTimeDuration): _shift_date,
    (DaysTimeDuration, FeelDate): _swapped(_shift_date),
    (FeelTime, DaysTimeDuration): _shift_nanos,
    (DaysTimeDuration, FeelTime): _swapped(_shift_nanos),
    (FeelDateTime, DaysTimeDuration): _shift_nanos,
    (DaysTimeDuration, FeelDateTime): _swapped(_shift_nanos),
}

_DIFFERENCES: dict[tuple[type, type], Operation] = {
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: YearsMonthsDuration(
        left.total_months - right.total_months
    ),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: DaysTimeDuration(left.nanos - right.nanos),
    (FeelDate, FeelDate): _between_dates,
    (FeelTime, FeelTime): _between,
    (FeelDateTime, FeelDateTime): _between,
    (FeelDate, FeelDateTime): lambda left, right: _between(at_midnight(left), right),
    (FeelDateTime, FeelDate): lambda left, right: _between(left, at_midnight(right)),
    (FeelDate, YearsMonthsDuration): _shift_back_months,
    (FeelDateTime, YearsMonthsDuration): _shift_back_months,
    (FeelDate, DaysTimeDuration): _shift_date_back,
    (FeelTime, DaysTimeDuration): _shift_back_nanos,
    (FeelDateTime, DaysTimeDuration): _shift_back_nanos,
}

_PRODUCTS: dict[tuple[type, type], Operation] = {
    (YearsMonthsDuration, Decimal): lambda left, right: YearsMonthsDuration(scaled(left.total_months, right)),
    (Decimal, YearsMonthsDuration): lambda left, right: YearsMonthsDuration(scaled(right.total_months, left)),
    (DaysTimeDuration, Decimal): lambda left, right: DaysTimeDuration(scaled(left.nanos, right)),
    (Decimal, DaysTimeDuration): lambda left, right: DaysTimeDuration(scaled(right.nanos, left)),
}

_QUOTIENTS: dict[tuple[type, type], Operation] = {
    (YearsMonthsDuration, Decimal): lambda left, right: YearsMonthsDuration(
        divided(left.total_months, right)
    ),
    (DaysTimeDuration, Decimal): lambda left, right: DaysTimeDuration(divided(left.nanos, right)),
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: _ratio(
        left.total_months, right.total_months
    ),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: _ratio(left.nanos, right.nanos),
}

"""The numeric built-ins. Source: DMN 1.5, 10.3.4.5."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DecimalException,
    InvalidOperation,
)
from typing import Any, Final

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.frame import charge_items
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.numbers import CONTEXT, MAX_SCALE, MIN_SCALE, out_of_range, rounded

_TWO = Decimal(2)

# Holds any whole quotient of two FEEL numbers, so that `modulo` is exact.
_EXACT = Context(prec=13_000, Emin=-99_999, Emax=99_999, traps=[InvalidOperation], flags=[])


_UNITS: Final = Decimal(0)

# Logarithms, powers of e and remainders of huge numbers take as long as looking at so many items.
_COST_OF_SERIES: Final = 100


def _scale(value: Any) -> int:
    scale = arguments.integer(value, "scale")
    if not MIN_SCALE <= scale <= MAX_SCALE:
        raise Fault("out-of-range", f"`scale` must lie between {MIN_SCALE} and {MAX_SCALE}, it is {scale}")
    return scale


def _rounding(name: str, rounding: str, optional: int = 0) -> Builtin:
    def round_number(n: Any, scale: Any = _UNITS) -> Decimal:
        number = arguments.number(n, "n")
        if scale is _UNITS:
            return number.to_integral_value(rounding)
        try:
            return rounded(number, _scale(scale), rounding)
        except DecimalException as error:
            raise out_of_range(error) from None

    return Builtin(name, (Signature(("n", "scale"), round_number, optional=optional),))


def absolute(n: Any) -> Any:
    if type(n) is Decimal:
        return n.copy_abs()
    if type(n) is DaysTimeDuration:
        return DaysTimeDuration(abs(n.nanos))
    if type(n) is YearsMonthsDuration:
        return YearsMonthsDuration(abs(n.total_months))
    if type(n) is list and len(n) == 1 and type(n[0]) is not list:
        return absolute(n[0])
    raise arguments.wrong(n, "n", "a number or a duration")


def modulo(dividend: Any, divisor: Any) -> Decimal:
    """``dividend - divisor * floor(dividend / divisor)``: the result has the sign of the divisor."""
    first = arguments.number(dividend, "dividend")
    second = arguments.number(divisor, "divisor")
    if not second:
        raise Fault("division-by-zero", "`divisor` must not be zero")
    try:
        rest = CONTEXT.remainder(first, second)
    except InvalidOperation:
        # the whole quotient has more than 34 digits
        charge_items(_COST_OF_SERIES)
        rest = _EXACT.remainder(first, second)
    if rest and (rest < 0) != (second < 0):
        return CONTEXT.add(rest, second)
    return CONTEXT.plus(rest)


def sqrt(number: Any) -> Decimal:
    value = arguments.number(number, "number")
    if value < 0:
        raise Fault("out-of-range", "`number` must not be negative: it has no square root")
    return CONTEXT.sqrt(value)


def log(number: Any) -> Decimal:
    value = arguments.number(number, "number")
    if value <= 0:
        raise Fault("out-of-range", "`number` must be positive: only those have a logarithm")
    charge_items(_COST_OF_SERIES)
    return CONTEXT.ln(value)


def exp(number: Any) -> Decimal:
    charge_items(_COST_OF_SERIES)
    try:
        return CONTEXT.exp(arguments.number(number, "number"))
    except DecimalException as error:
        raise out_of_range(error) from None


def even(number: Any) -> bool:
    return not modulo(arguments.number(number, "number"), _TWO)


def odd(number: Any) -> bool:
    return modulo(arguments.number(number, "number"), _TWO) == 1


FUNCTIONS = (
    _rounding("decimal", ROUND_HALF_EVEN),
    _rounding("floor", ROUND_FLOOR, optional=1),
    _rounding("ceiling", ROUND_CEILING, optional=1),
    _rounding("round up", ROUND_UP),
    _rounding("round down", ROUND_DOWN),
    _rounding("round half up", ROUND_HALF_UP),
    _rounding("round half down", ROUND_HALF_DOWN),
    Builtin("abs", (Signature(("n",), absolute),)),
    Builtin("modulo", (Signature(("dividend", "divisor"), modulo),)),
    Builtin("sqrt", (Signature(("number",), sqrt),)),
    Builtin("log", (Signature(("number",), log),)),
    Builtin("exp", (Signature(("number",), exp),)),
    Builtin("even", (Signature(("number",), even),)),
    Builtin("odd", (Signature(("number",), odd),)),
)

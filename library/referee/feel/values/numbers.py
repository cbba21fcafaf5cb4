"""FEEL numbers: decimals of 34 digits, rounded half-even, with the range of exponents of IEEE 754 decimal128.

Source: DMN 1.5, 10.3.2.3.1.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from referee.feel.fault import Fault

MAX_SCALE = 6176
MIN_SCALE = -6111

CONTEXT = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
"""The context of all arithmetic. Anything that would be infinite or not a number raises instead."""

_LITERAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?", re.ASCII)


def out_of_range(error: DecimalException) -> Fault:
    """The fault that a trapped decimal condition means."""
    if isinstance(error, DivisionByZero):
        return Fault("division-by-zero", "a number can't be divided by zero")
    if isinstance(error, Overflow):
        return Fault("number-out-of-range", "the result is larger than the largest FEEL number")
    return Fault("number-out-of-range", "the result is not a number")


def to_number(value: Decimal | int | str) -> Decimal:
    """A finite decimal within 34 digits and the range of exponents; raises ``Fault`` where there is none."""
    try:
        number = CONTEXT.create_decimal(value)
    except DecimalException as error:
        raise out_of_range(error) from None
    if not number.is_finite():
        raise Fault("number-out-of-range", "infinity and not-a-number are not FEEL numbers")
    return number


def parse_number(text: str) -> Decimal | None:
    """The number that a decimal text spells (sign and exponent allowed), ``None`` if it spells none."""
    if _LITERAL.fullmatch(text) is None:
        return None
    try:
        return CONTEXT.create_decimal(text)
    except DecimalException:
        return None


def number_text(number: Decimal) -> str:
    """The number in plain digits, never with an exponent; zeros after the point are kept."""
    return format(number if number else number.copy_abs(), "f")


def whole(number: Decimal, parameter: str) -> int:
    """The number as an integer, its fraction cut off; ``Fault`` from 18 digits on, longer than any list or text."""
    if number.adjusted() >= 18:
        raise Fault("out-of-range", f"`{parameter}` is too large: {number:.6E}")
    return int(number)


def rounded(number: Decimal, scale: int, rounding: str) -> Decimal:
    """The number with at most ``scale`` digits after the point, by one of the ``decimal`` module's roundings."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return number
    return number.quantize(Decimal((0, (1,), -scale)), rounding, CONTEXT)

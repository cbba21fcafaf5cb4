"""Compiled operators: arithmetic, comparison and three-valued logic.

Source: DMN 1.5, 10.3.2.6 (tables 50 to 58). Numbers and strings take the fast way; everything else goes to
``referee.feel.values``, whose faults become null and a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from referee.feel.fault import Fault
from referee.feel.frame import SINK, Code, Frame, charge_text, report, report_fault
from referee.feel.syntax import Span
from referee.feel.types import kind_of
from referee.feel.values import (
    add,
    divide,
    equal,
    greater,
    greater_or_equal,
    less,
    less_or_equal,
    multiply,
    negate,
    power,
    subtract,
)
from referee.feel.values.numbers import CONTEXT

Operation = Callable[[Any, Any], Any]

_ON_NUMBERS: dict[str, Operation] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
    "/": CONTEXT.divide,
}
_ARITHMETIC: dict[str, Operation] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}
ORDERED: dict[str, Operation] = {
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
}
_MAX_TEXT = 10_000_000
_PLAIN = frozenset({Decimal, str, bool})


def arithmetic(operator: str, left: Code, right: Code, span: Span) -> Code:
    on_numbers = _ON_NUMBERS.get(operator, power)
    general = joined if operator == "+" else _ARITHMETIC[operator]

    def run(frame: Frame) -> Any:
        a = left(frame)
        b = right(frame)
        try:
            if type(a) is Decimal and type(b) is Decimal:
                return on_numbers(a, b)
            return general(a, b)
        except DecimalException:
            pass
        except Fault as fault:
            report_fault(frame, fault, span)
            return None
        try:  # the general operation says in words what is out of range
            return general(a, b)
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def arithmetic_with_number(operator: str, left: Code, number: Decimal, span: Span) -> Code:
    """``left operator number``."""
    on_numbers = _ON_NUMBERS.get(operator)
    if on_numbers is None:
        return arithmetic(operator, left, lambda frame: number, span)
    general = _ARITHMETIC[operator]

    def run(frame: Frame) -> Any:
        a = left(frame)
        if type(a) is Decimal:
            try:
                return on_numbers(a, number)
            except DecimalException:
                pass
        try:
            return general(a, number)
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def joined(left: Any, right: Any) -> Any:
    """``left + right``; a string beyond the bound is a fault."""
    if type(left) is str and type(right) is str:
        length = len(left) + len(right)
        if length > _MAX_TEXT:
            raise Fault("text-too-long", f"a string of more than {_MAX_TEXT:,} characters is too long")
        charge_text(length)
    return add(left, right)


def negation(operand: Code, span: Span) -> Code:
    def run(frame: Frame) -> Any:
        try:
            return negate(operand(frame))
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def equality(left: Code, right: Code, negated: bool, span: Span) -> Code:
    def run(frame: Frame) -> Any:
        a = left(frame)
        b = right(frame)
        kind = type(a)
        if kind is type(b) and kind in _PLAIN:
            return (a == b) is not negated
        same = equal(a, b)
        if same is None:
            report_mismatch(frame, a, b, span)
            return None
        return same is not negated

    return run


def equality_with_plain(left: Code, constant: Any, negated: bool, span: Span) -> Code:
    """``left = constant`` for a number, string or boolean."""
    kind = type(constant)

    def run(frame: Frame) -> Any:
        a = left(frame)
        if type(a) is kind:
            return (a == constant) is not negated
        same = equal(a, constant)
        if same is None:
            report_mismatch(frame, a, constant, span)
            return None
        return same is not negated

    return run


def report_mismatch(frame: Frame, left: Any, right: Any, span: Span) -> None:
    if type(left) is type(right):
        message = "the two hold values of different types and are neither equal nor unequal"
    else:
        message = f"{kind_of(left)} is neither equal nor unequal to {kind_of(right)}"
    report(frame, "type-mismatch", message, span)


def ordering(operator: str, left: Code, right: Code, span: Span) -> Code:
    ordered = ORDERED[operator]

    def run(frame: Frame) -> Any:
        try:
            return ordered(left(frame), right(frame))
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def between(value: Code, low: Code, high: Code, span: Span) -> Code:
    def run(frame: Frame) -> Any:
        v = value(frame)
        bottom = low(frame)
        top = high(frame)
        try:
            above = greater_or_equal(v, bottom)
            return less_or_equal(v, top) and above
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def conjunction(operands: tuple[Code, ...], spans: tuple[Span, ...]) -> Code:
    return _junction(operands, spans, False, "and")


def disjunction(operands: tuple[Code, ...], spans: tuple[Span, ...]) -> Code:
    return _junction(operands, spans, True, "or")


def _junction(operands: tuple[Code, ...], spans: tuple[Span, ...], decisive: bool, word: str) -> Code:
    """Kleene's logic: one decisive operand settles it, and then whatever was wrong with the others is no
    matter.
    """
    parts = tuple(zip(operands, spans, strict=True))
    neutral = not decisive

    def run(frame: Frame) -> Any:
        sink = frame[SINK]
        before = len(sink)
        unknown = False
        for operand, span in parts:
            value = operand(frame)
            if value is neutral:
                continue
            if value is decisive:
                if unknown:
                    del sink[before:]
                return decisive
            unknown = True
            if value is not None:
                report(frame, "not-boolean", f"`{word}` takes booleans, not {kind_of(value)}", span)
        return None if unknown else neutral

    return run

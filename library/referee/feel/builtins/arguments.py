"""Checks of the arguments of built-in functions: the value wanted, or a ``Fault`` that names the parameter.

A list of one item stands for that item, and a value for a list of it (DMN 1.5, 10.3.2.9.4).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from referee.feel.fault import Fault
from referee.feel.frame import charge_items, charge_text
from referee.feel.types import kind_of
from referee.feel.values.functions import FeelFunction
from referee.feel.values.numbers import whole
from referee.feel.values.temporal import FeelDate, FeelDateTime


def wrong(value: Any, parameter: str, wanted: str) -> Fault:
    """The fault of an argument that is not what the parameter wants."""
    code = "null-argument" if value is None else "wrong-argument"
    return Fault(code, f"`{parameter}` must be {wanted}, it is {kind_of(value)}")


def single(value: Any) -> Any:
    """The item of a list of one item, and any other value as it is."""
    return value[0] if type(value) is list and len(value) == 1 else value


def number(value: Any, parameter: str) -> Decimal:
    if type(value) is Decimal:
        return value
    if type(value) is list and len(value) == 1 and type(value[0]) is Decimal:
        return value[0]
    raise wrong(value, parameter, "a number")


def integer(value: Any, parameter: str) -> int:
    """A number's whole part."""
    return whole(number(value, parameter), parameter)


def exact_integer(value: Any, parameter: str) -> int:
    """A number without a fraction."""
    amount = number(value, parameter)
    result = whole(amount, parameter)
    if result != amount:
        raise Fault("wrong-argument", f"`{parameter}` must be a whole number, it is {amount}")
    return result


def text(value: Any, parameter: str) -> str:
    if type(value) is str:
        charge_text(len(value))
        return value
    if type(value) is list and len(value) == 1 and type(value[0]) is str:
        return value[0]
    raise wrong(value, parameter, "a string")


def items(value: Any, parameter: str) -> list[Any]:
    """A list to look through; any other value but ``null`` is taken as a list of it."""
    if type(value) is list:
        charge_items(len(value))
        return value
    if value is None:
        raise wrong(value, parameter, "a list")
    return [value]


def numbers(value: Any, parameter: str) -> list[Decimal]:
    """A list of numbers alone."""
    values = items(value, parameter)
    for position, item in enumerate(values, start=1):
        if type(item) is not Decimal:
            code = "null-argument" if item is None else "wrong-argument"
            raise Fault(code, f"item {position} of `{parameter}` must be a number, it is {kind_of(item)}")
    return values


def context(value: Any, parameter: str) -> dict[str, Any]:
    if type(value) is dict:
        charge_items(len(value))
        return value
    if type(value) is list and len(value) == 1 and type(value[0]) is dict:
        return value[0]
    raise wrong(value, parameter, "a context")


def function(value: Any, parameter: str) -> FeelFunction:
    value = single(value)
    if isinstance(value, FeelFunction):
        return value
    raise wrong(value, parameter, "a function")


def calendar_day(value: Any, parameter: str) -> FeelDate:
    """A date, also that of a date and time."""
    value = single(value)
    if type(value) is FeelDate:
        return value
    if type(value) is FeelDateTime:
        return value.date
    raise wrong(value, parameter, "a date, or a date and time")

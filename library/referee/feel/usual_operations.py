"""What generated functions call: FEEL's operations, which retreat where the closures have to look at the case."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from referee.feel.fault import Fault
from referee.feel.frame import charge, charge_items
from referee.feel.operations import joined
from referee.feel.values import Range, compare, equal, less, less_or_equal, power, property_of
from referee.feel.values.numbers import CONTEXT


class _Retreat(Fault):
    def __init__(self) -> None:
        super().__init__("retreat", "the closures look at this case")


def _retreat() -> Any:
    raise _Retreat


def _checked_number(value: Any) -> Any:
    return value if type(value) is Decimal else _retreat()


def _checked_boolean(value: Any) -> Any:
    return value if type(value) is bool else _retreat()


def _same(left: Any, right: Any) -> bool:
    same = equal(left, right)
    if same is None:
        raise _Retreat
    return same


def _contained(value: Any, other: Any) -> bool:
    if type(other) is Range:
        return other.includes(value)
    if type(other) is not list:
        return _same(value, other)
    charge_items(len(other))
    if type(value) is list or any(type(item) is Range for item in other):
        raise _Retreat
    return any(equal(value, item) for item in other)


def _part(value: Any, name: str) -> Any:
    if type(value) is list:
        charge_items(len(value))
        return [item[name] if type(item) is dict else _part(item, name) for item in value]
    return property_of(value, name)


def _items(value: Any) -> list[Any]:
    if type(value) is not list:
        raise _Retreat
    charge(len(value), (0, 0))
    return value


def _at(value: Any, number: Decimal) -> Any:
    if type(value) is not list or number != (index := int(number)) or not 0 < abs(index) <= len(value):
        raise _Retreat
    return value[index - 1 if index > 0 else index]


def _new_interval(start: Any, end: Any, start_included: bool, end_included: bool) -> Range:
    compare(start, end)
    return Range(start, end, start_included, end_included)


NAMESPACE: Final[Mapping[str, Any]] = {
    "Decimal": Decimal,
    "add": CONTEXT.add,
    "subtract": CONTEXT.subtract,
    "multiply": CONTEXT.multiply,
    "divide": CONTEXT.divide,
    "power": power,
    "minus": CONTEXT.minus,
    "joined": joined,
    "less": less,
    "less_or_equal": less_or_equal,
    "same": _same,
    "contained": _contained,
    "number": _checked_number,
    "boolean": _checked_boolean,
    "retreat": _retreat,
    "part": _part,
    "items": _items,
    "at": _at,
    "interval": _new_interval,
    **{function.__name__: function for function in (type, any, all)},
    **{kind.__name__: kind for kind in (str, bool, dict)},
}
"""What the names in generated functions mean."""

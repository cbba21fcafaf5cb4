"""The list built-ins. Positions are counted from 1, negative ones from the end. Source: DMN 1.5, 10.3.4.4.

The original list is never changed. A result that rests on a missing or wrong item is a fault, not a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import Decimal, DecimalException
from functools import cmp_to_key
from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.frame import charge_items
from referee.feel.types import kind_of
from referee.feel.values.equality import equal, equality_key
from referee.feel.values.functions import FeelFunction
from referee.feel.values.numbers import CONTEXT, out_of_range
from referee.feel.values.ordering import compare

_MAX_DEPTH = 500


def list_contains(source: Any, element: Any) -> bool:
    return any(equal(item, element) is True for item in arguments.items(source, "list"))


def count(source: Any) -> Decimal:
    return Decimal(len(source) if type(source) is list else len(arguments.items(source, "list")))


def _extreme(sign: int) -> Callable[[Any], Any]:
    def extreme(source: Any) -> Any:
        values = _not_empty(arguments.items(source, "list"))
        best = values[0]
        compare(best, best)
        for item in values[1:]:
            if compare(item, best) * sign > 0:
                best = item
        return best

    return extreme


def _not_empty(values: list[Any]) -> list[Any]:
    if not values:
        raise Fault("empty-list", "`list` is empty")
    return values


def total(source: Any) -> Decimal:
    result = Decimal(0)
    try:
        for number in _not_empty(arguments.numbers(source, "list")):
            result = CONTEXT.add(result, number)
    except DecimalException as error:
        raise out_of_range(error) from None
    return result


def product(source: Any) -> Decimal:
    result = Decimal(1)
    try:
        for number in _not_empty(arguments.numbers(source, "list")):
            result = CONTEXT.multiply(result, number)
    except DecimalException as error:
        raise out_of_range(error) from None
    return result


def mean(source: Any) -> Decimal:
    return CONTEXT.divide(total(source), Decimal(len(arguments.items(source, "list"))))


def median(source: Any) -> Decimal:
    """The middle of the sorted numbers, or the mean of the two in the middle."""
    ordered = sorted(_not_empty(arguments.numbers(source, "list")))
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else mean(ordered[middle - 1 : middle + 1])


def stddev(source: Any) -> Decimal:
    """The standard deviation of a sample: of at least two numbers."""
    values = arguments.numbers(source, "list")
    if len(values) < 2:
        raise Fault("empty-list", "`list` must have at least two numbers")
    middle = mean(values)
    try:
        squares = [
            CONTEXT.multiply(off, off) for off in (CONTEXT.subtract(value, middle) for value in values)
        ]
        return CONTEXT.sqrt(CONTEXT.divide(total(squares), Decimal(len(values) - 1)))
    except DecimalException as error:
        raise out_of_range(error) from None


def mode(source: Any) -> list[Decimal]:
    """The most frequent numbers, ascending; none for no number."""
    frequencies: dict[Decimal, int] = {}
    for number in arguments.numbers(source, "list"):
        frequencies[number] = frequencies.get(number, 0) + 1
    highest = max(frequencies.values(), default=0)
    return sorted(number for number, frequency in frequencies.items() if frequency == highest)


def all_true(source: Any) -> bool:
    """Whether each item is true; one that is false decides, whatever the others are."""
    return _decided(source, False)


def any_true(source: Any) -> bool:
    """Whether an item is true; one that is true decides, whatever the others are."""
    return _decided(source, True)


def _decided(source: Any, deciding: bool) -> bool:
    unknown: Fault | None = None
    for position, item in enumerate(arguments.items(source, "list"), start=1):
        if item is deciding:
            return bool(deciding)
        if not isinstance(item, bool) and unknown is None:
            code = "null-argument" if item is None else "wrong-argument"
            unknown = Fault(code, f"item {position} of `list` must be a boolean, it is {kind_of(item)}")
    if unknown is not None:
        raise unknown
    return not deciding


def sublist(source: Any, start_position: Any, length: Any = None) -> list[Any]:
    values = arguments.items(source, "list")
    first = _index(values, start_position, "start position")
    if length is None:
        return values[first:]
    number = arguments.integer(length, "length")
    if number < 0 or first + number > len(values):
        raise Fault(
            "out-of-range", f"`length` is {number}, from there on the list has {len(values) - first} items"
        )
    return values[first : first + number]


def append(source: Any, *item: Any) -> list[Any]:
    return [*arguments.items(source, "list"), *item]


def concatenate(*source: Any) -> list[Any]:
    result: list[Any] = []
    for values in source:
        result.extend(arguments.items(values, "list"))
    return result


def insert_before(source: Any, position: Any, new_item: Any) -> list[Any]:
    values = arguments.items(source, "list")
    index = _index(values, position, "position")
    return [*values[:index], new_item, *values[index:]]


def remove(source: Any, position: Any) -> list[Any]:
    values = arguments.items(source, "list")
    index = _index(values, position, "position")
    return values[:index] + values[index + 1 :]


def list_replace(source: Any, position_or_match: Any, new_item: Any) -> list[Any]:
    """The list with another item at a position, or wherever the match function is true."""
    values = arguments.items(source, "list")
    if isinstance(position_or_match, FeelFunction):
        return [_replacement(position_or_match, item, new_item) for item in values]
    index = _index(values, position_or_match, "position")
    return [*values[:index], new_item, *values[index + 1 :]]


def list_replace_match(source: Any, match: Any, new_item: Any) -> list[Any]:
    return list_replace(source, arguments.function(match, "match"), new_item)


def _replacement(match: FeelFunction, item: Any, new_item: Any) -> Any:
    matches = match(item, new_item)
    if not isinstance(matches, bool):
        raise Fault("wrong-argument", f"`match` must give a boolean, it gives {kind_of(matches)}")
    return new_item if matches else item


def reverse(source: Any) -> list[Any]:
    return arguments.items(source, "list")[::-1]


def index_of(source: Any, match: Any) -> list[Decimal]:
    values = arguments.items(source, "list")
    return [Decimal(place) for place, item in enumerate(values, start=1) if equal(item, match) is True]


def union(*source: Any) -> list[Any]:
    return distinct_values(concatenate(*source))


def distinct_values(source: Any) -> list[Any]:
    """The items without those equal to an earlier one."""
    seen: set[Hashable] = set()
    result: list[Any] = []
    for item in arguments.items(source, "list"):
        key = equality_key(item)
        if key in seen:
            continue
        seen.add(key)
        result.append(item)
    return result


def flatten(source: Any) -> list[Any]:
    result: list[Any] = []
    _flatten_into(result, arguments.items(source, "list"), 0)
    return result


def _flatten_into(result: list[Any], values: list[Any], depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Fault("too-deep", f"`list` is nested more than {_MAX_DEPTH} deep")
    charge_items(len(values))
    for item in values:
        if isinstance(item, list):
            _flatten_into(result, item, depth + 1)
        else:
            result.append(item)


def sort(source: Any, precedes: Any) -> list[Any]:
    """The items ordered by a function of two that tells whether the first comes before the second; stable."""
    values = arguments.items(source, "list")
    before = arguments.function(precedes, "precedes")

    def comes_before(first: Any, second: Any) -> bool:
        answer = before(first, second)
        if not isinstance(answer, bool):
            raise Fault("wrong-argument", f"`precedes` must give a boolean, it gives {kind_of(answer)}")
        return answer

    def order(first: Any, second: Any) -> int:
        return -1 if comes_before(first, second) else int(comes_before(second, first))

    return sorted(values, key=cmp_to_key(order))


def _index(values: list[Any], position: Any, parameter: str) -> int:
    place = arguments.integer(position, parameter)
    if place == 0 or abs(place) > len(values):
        raise Fault(
            "out-of-range", f"`{parameter}` is {place}, the list has {len(values)} items, counted from 1"
        )
    return place - 1 if place > 0 else len(values) + place


def _of_list(name: str, function: Callable[[Any], Any]) -> Builtin:
    return Builtin(name, (Signature(("list",), function, variadic=True),))


_LIST = ("list",)

FUNCTIONS = (
    Builtin("list contains", (Signature(("list", "element"), list_contains),)),
    Builtin("count", (Signature(_LIST, count),)),
    _of_list("min", _extreme(-1)),
    _of_list("max", _extreme(1)),
    _of_list("sum", total),
    _of_list("product", product),
    _of_list("mean", mean),
    _of_list("median", median),
    _of_list("stddev", stddev),
    _of_list("mode", mode),
    _of_list("all", all_true),
    _of_list("any", any_true),
    Builtin("sublist", (Signature(("list", "start position", "length"), sublist, optional=1),)),
    Builtin("append", (Signature(("list", "item"), append, rest=True),)),
    Builtin("concatenate", (Signature(("list",), concatenate, rest=True),)),
    Builtin("insert before", (Signature(("list", "position", "newItem"), insert_before),)),
    Builtin("remove", (Signature(("list", "position"), remove),)),
    Builtin(
        "list replace",
        (
            Signature(("list", "position", "newItem"), list_replace),
            Signature(("list", "match", "newItem"), list_replace_match),
        ),
    ),
    Builtin("reverse", (Signature(_LIST, reverse),)),
    Builtin("index of", (Signature(("list", "match"), index_of),)),
    Builtin("union", (Signature(("list",), union, rest=True),)),
    Builtin("distinct values", (Signature(_LIST, distinct_values),)),
    Builtin("flatten", (Signature(_LIST, flatten),)),
    Builtin("sort", (Signature(("list", "precedes"), sort),)),
)

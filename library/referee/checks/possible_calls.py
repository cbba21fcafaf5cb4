"""What calls of FEEL's functions may give, by what their arguments may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import product
from math import prod
from typing import Any

from referee.checks.possible import (
    ANYTHING,
    EITHER,
    NOTHING,
    Items,
    Possible,
    any_of,
    mapped,
    of_type,
    paired,
    point,
    truth,
    union,
    whether,
    whole,
)
from referee.checks.stretch import Stretch
from referee.checks.stretch_arithmetic import absolute, add, divide, largest_of, rising, smallest_of
from referee.checks.value_line import DATE, NUMBER, STRING
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault

_MOST_TRIED = 64
_OF_THE_CLOCK = frozenset({"now", "today"})


def possible_call(name: str, arguments: Sequence[Possible]) -> Possible:
    """Each result there is where the arguments can be told one by one, else the range of the function."""
    if name not in BUILTINS or any(argument.is_nothing for argument in arguments):
        return ANYTHING if name not in BUILTINS else NOTHING
    if name not in _OF_THE_CLOCK:
        each = [argument.values for argument in arguments]
        known = [values for values in each if values is not None]
        if len(known) == len(each) and prod(map(len, known)) <= _MOST_TRIED:
            return union(_result(name, values) for values in product(*known))
    if name == "not":
        may_be, may_not = whether(arguments[0])
        return truth(may_not, may_be)
    if name in _LISTS:
        return _of_list(name, arguments)
    if name in _ROUNDINGS:
        return _rounded(name, arguments)
    if name in _RANGES:
        return _RANGES[name](arguments)
    return ANYTHING


def _result(name: str, values: Sequence[Any]) -> Possible:
    try:
        return point(BUILTINS[name](*values))
    except Fault:
        return NOTHING


def _rounded(name: str, arguments: Sequence[Possible]) -> Possible:
    scale: Any = Decimal(0)
    if len(arguments) == 2:
        known = arguments[1].values
        if known is None or len(known) != 1 or known[0] is None:
            return any_of(NUMBER)
        scale = known[0]
    elif name == "decimal":
        return NOTHING
    numbers = arguments[0] if arguments[0].is_any else arguments[0].of_kind(NUMBER)
    if numbers.is_any:
        return any_of(NUMBER)

    def rounded(value: Any) -> Any:
        return BUILTINS[name](*([value] if len(arguments) == 1 else [value, scale]))

    return mapped(numbers, lambda part: rising(part, rounded, is_whole=scale <= 0))


_ROUNDINGS = frozenset(
    {"floor", "ceiling", "decimal", "round up", "round down", "round half up", "round half down"}
)
_LISTS = frozenset({"min", "max", "sum", "count", "mean"})


def _of_list(name: str, arguments: Sequence[Possible]) -> Possible:
    """Of one list, or of what is written out as one."""
    items = arguments[0].items if len(arguments) == 1 else None
    if items is None and len(arguments) == 1 and (arguments[0].is_any or not arguments[0].parts):
        return whole(0, None) if name == "count" else ANYTHING
    if name == "count":
        return whole(items.fewest, items.most) if items is not None else whole(len(arguments), len(arguments))
    if items is not None:
        return _of_items(name, items)
    if any(argument.is_any or argument.items for argument in arguments):
        return ANYTHING
    return _folded(name, [_given(argument) for argument in arguments])


def _of_items(name: str, items: Items) -> Possible:
    each = items.each
    if each.is_any or each.items or items.most is None:
        return ANYTHING
    if name in ("min", "max"):
        return replace(each, null=items.fewest == 0)
    if items.fewest == items.most and items.most <= 8:
        return _folded(name, [_given(each)] * items.most) if items.most else Possible(null=True)
    return Possible(any_of(NUMBER).parts, null=items.fewest == 0)


def _given(possible: Possible) -> Possible:
    """Without null: that one value of many is missing is a fault."""
    return replace(possible, null=False)


def _folded(name: str, arguments: Sequence[Possible]) -> Possible:
    found = arguments[0]
    for argument in arguments[1:]:
        if name in ("min", "max"):
            choose = smallest_of if name == "min" else largest_of
            found = paired(found, argument, partial(_chosen, choose))
        else:
            found = paired(found, argument, add)
    if name == "mean":
        count = point(Decimal(len(arguments)))
        found = paired(found, count, divide)
    return found


def _chosen(choose: Callable[[Iterable[Stretch]], Stretch], a: Stretch, b: Stretch) -> Possible:
    if a.kind is not b.kind:
        return NOTHING
    if not a.kind.is_ordered or a.kind is STRING:
        return any_of(a.kind)
    return Possible((choose((a, b)),))


def _absolute(arguments: Sequence[Possible]) -> Possible:
    return mapped(
        arguments[0], lambda part: Possible((absolute(part),)) if part.kind is NUMBER else any_of(part.kind)
    )


def _modulo(arguments: Sequence[Possible]) -> Possible:
    if len(arguments) != 2 or arguments[0].is_any or arguments[1].is_any:
        return any_of(NUMBER)
    return paired(arguments[0].of_kind(NUMBER), arguments[1].of_kind(NUMBER), _remainder)


def _remainder(left: Stretch, right: Stretch) -> Possible:
    """The remainder has the sign of the divisor and is smaller than it."""
    is_whole = left.is_integral and right.is_integral
    if right.low is not None and right.low >= 0:
        return Possible((Stretch(NUMBER, Decimal(0), right.high, False, right.high is not None, is_whole),))
    return Possible((Stretch(NUMBER, None, None, is_whole=is_whole),))


def _square_root(arguments: Sequence[Possible]) -> Possible:
    if arguments[0].is_any:
        return any_of(NUMBER)
    floor = Stretch(NUMBER, Decimal(0), None)

    def root(part: Stretch) -> Possible:
        positive = part.common(floor) if part.kind is NUMBER else None
        return NOTHING if positive is None else rising(positive, BUILTINS["sqrt"])

    return mapped(arguments[0], root)


def _date(arguments: Sequence[Possible]) -> Possible:
    only = arguments[0] if len(arguments) == 1 else ANYTHING
    if not only.is_any and only.parts and all(part.kind is DATE for part in only.parts):
        return only
    return any_of(DATE)


def _type(name: str) -> Callable[[Sequence[Possible]], Possible]:
    return lambda arguments: of_type(name)


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_RANGES: Mapping[str, Callable[[Sequence[Possible]], Possible]] = {
    "abs": _absolute,
    "modulo": _modulo,
    "sqrt": _square_root,
    "date": _date,
    "string length": lambda arguments: whole(0, None),
    "day of year": lambda arguments: whole(1, 366),
    "week of year": lambda arguments: whole(1, 53),
    "day of week": lambda arguments: union(map(point, _DAYS)),
    "month of year": lambda arguments: union(map(point, _MONTHS)),
    **dict.fromkeys(("exp", "log"), _type("number")),
    **dict.fromkeys(("upper case", "lower case", "substring"), _type("string")),
    "substring before": _type("string"),
    "string": lambda arguments: replace(any_of(STRING), null=arguments[0].is_any or arguments[0].null),
    "substring after": _type("string"),
    "today": _type("date"),
    "now": _type("date and time"),
    "years and months duration": _type("years and months duration"),
    **dict.fromkeys(
        ("contains", "starts with", "ends with", "matches", "list contains", "even", "odd"),
        lambda arguments: EITHER,
    ),
}

"""What an expression may give when it is known what its names may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from referee.checks.possible import (
    ANYTHING,
    EITHER,
    NOTHING,
    ONLY_NULL,
    Items,
    Possible,
    mapped,
    paired,
    point,
    truth,
    union,
    whether,
    whole,
)
from referee.checks.possible_calls import possible_call
from referee.checks.stretch import Stretch
from referee.checks.stretch_arithmetic import OPERATORS, comparable, negate
from referee.checks.value_line import NUMBER
from referee.feel import NOT_CONSTANT, constant, syntax
from referee.feel.fault import Fault
from referee.feel.values import property_of

Known = Callable[[str], Possible | None]
"""What a name, or a path of names, may be; None for one that nothing is known of."""


def possible_value(node: object, known: Known) -> Possible:
    """The values that the expression may give, at least; a fault gives none, as the engine reports it as doubt."""
    value = constant(node)  # type: ignore[arg-type]
    if value is not NOT_CONSTANT:
        return point(value)
    match node:
        case syntax.Name() | syntax.Path():
            return _named(node, known)
        case syntax.Negation():
            return mapped(possible_value(node.operand, known), negate)
        case syntax.Arithmetic():
            left, right = possible_value(node.left, known), possible_value(node.right, known)
            return paired(left, right, OPERATORS[node.operator])
        case syntax.Comparison():
            left, right = possible_value(node.left, known), possible_value(node.right, known)
            return _compared(node.operator, left, right)
        case syntax.Between():
            each, low, high = (possible_value(part, known) for part in (node.value, node.low, node.high))
            return _all_of([_compared(">=", each, low), _compared("<=", each, high)])
        case syntax.Conjunction():
            return _all_of([possible_value(each, known) for each in node.operands])
        case syntax.Disjunction():
            return _inverse(_all_of([_inverse(possible_value(each, known)) for each in node.operands]))
        case syntax.If():
            may_be, may_not = whether(possible_value(node.condition, known))
            if_so, if_not = _split_by_null(node.condition, known)
            branches = [(node.consequence, if_so)] * may_be + [(node.alternative, if_not)] * may_not
            return union([possible_value(branch, inside) for branch, inside in branches])
        case syntax.In() | syntax.Quantified():
            return Possible(EITHER.parts, null=True)
        case syntax.InstanceOf():
            return EITHER
        case syntax.ListLiteral():
            items = [possible_value(item, known) for item in node.items]
            return Possible(items=Items(union(items), len(items), len(items)))
        case syntax.Call(function=syntax.Name(name=name), names=()) if known(name) is None:
            return possible_call(name, [possible_value(each, known) for each in node.arguments])
    return ANYTHING


def _split_by_null(condition: object, known: Known) -> tuple[Known, Known]:
    """What names may be where a condition is true, and where it isn't, so far as it asks whether one is null."""
    if not isinstance(condition, syntax.Comparison) or condition.operator not in ("=", "!="):
        return known, known
    sides = condition.left, condition.right
    asked = next((path_text(side) for side in sides if not isinstance(side, syntax.Null)), "")
    if not asked or not any(isinstance(side, syntax.Null) for side in sides):
        return known, known

    def missing(path: str) -> Possible | None:
        return ONLY_NULL if path == asked and known(path) is not None else known(path)

    def given(path: str) -> Possible | None:
        found = known(path)
        return replace(found, null=False) if path == asked and found is not None else found

    return (missing, given) if condition.operator == "=" else (given, missing)


def path_text(node: object) -> str:
    """``applicant.age`` for a path of names; empty for anything else."""
    names: list[str] = []
    while isinstance(node, syntax.Path):
        names.append(node.name)
        node = node.source
    return ".".join([node.name, *reversed(names)]) if isinstance(node, syntax.Name) else ""


def _named(node: syntax.Name | syntax.Path, known: Known) -> Possible:
    text = path_text(node)
    found = known(text) if text else None
    if found is not None:
        return found
    if isinstance(node, syntax.Path):
        source = possible_value(node.source, known)
        if not source.items:
            return mapped(source, lambda part: _property(part, node.name))
    return ANYTHING


def _compared(operator: str, left: Possible, right: Possible) -> Possible:
    """Of two kinds equality is false or null, order null."""
    if left.is_any or right.is_any or left.items or right.items:
        return Possible(EITHER.parts, null=True)
    may_be_true = may_be_false = null = False
    for a in left.parts:
        for b in right.parts:
            if a.kind is not b.kind:
                null = True
                may_be_true |= operator == "!="
                may_be_false |= operator == "="
                continue
            below, same, above = comparable(a, b)
            is_true = {
                "=": same,
                "!=": below or above,
                "<": below,
                "<=": below or same,
                ">": above,
                ">=": above or same,
            }[operator]
            is_false = {
                "=": below or above,
                "!=": same,
                "<": same or above,
                "<=": above,
                ">": below or same,
                ">=": below,
            }[operator]
            may_be_true |= is_true
            may_be_false |= is_false
    if left.null or right.null:
        both = left.null and right.null
        if operator in ("=", "!="):
            other = bool(left.parts and right.null) or bool(right.parts and left.null)
            may_be_true |= both if operator == "=" else other
            may_be_false |= other if operator == "=" else both
        else:
            null = True
    return truth(may_be_true, may_be_false, null=null)


def _all_of(parts: list[Possible]) -> Possible:
    """Kleene's and."""
    told = [_kleene(part) for part in parts]
    may_be_true = all(true for true, _, _ in told)
    return truth(
        may_be_true,
        any(false for _, false, _ in told),
        null=any(null for _, _, null in told) and all(true or null for true, _, null in told),
    )


def _inverse(part: Possible) -> Possible:
    true, false, null = _kleene(part)
    return truth(false, true, null=null)


def _kleene(part: Possible) -> tuple[bool, bool, bool]:
    """Whether a condition may be true, false and neither; nothing at all is neither, for it is a fault."""
    if part.is_any:
        return True, True, True
    values = [each.low for each in part.parts]
    others = [value for value in values if not isinstance(value, bool)]
    return True in values, False in values, part.null or part.is_nothing or bool(others)


_RANGES = {
    "month": (1, 12),
    "day": (1, 31),
    "weekday": (1, 7),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
_ABOVE = {"month": ("year",), "day": ("year", "month"), "hour": ("year", "month", "day")}
_OF_DURATIONS = {"hours": 23, "minutes": 59, "seconds": 59, "months": 11}
_RISING = frozenset({"year", "days", "years"})


def _property(part: Stretch, name: str) -> Possible:
    """Of one value as FEEL gives it, of others the range of the property, and less where the ends tell."""
    if part.is_point:
        try:
            return point(property_of(part.low, name))
        except Fault:
            return NOTHING
    kind = part.kind.type
    is_moment = kind in ("date", "date and time", "time")
    is_duration = kind.endswith("duration")
    low, high = (_part_of(end, name) for end in (part.low, part.high))
    if name in _RISING and part.kind.name.endswith("offset"):
        return whole(None, None)
    if name in _RISING and (is_moment or is_duration):
        return Possible((Stretch(NUMBER, low, high, is_whole=True),))
    if name in _RANGES and is_moment:
        if low is not None and high is not None and low <= high and _is_one_unit(part, name):
            return Possible((Stretch(NUMBER, low, high, is_whole=True),))
        return whole(*_RANGES[name])
    if name in _OF_DURATIONS and is_duration:
        most = _OF_DURATIONS[name]
        is_positive = (
            part.low is not None
            and _part_of(part.low, name) is not None
            and not str(part.low).startswith("-")
        )
        return whole(0 if is_positive else -most, most)
    return ANYTHING


def _is_one_unit(part: Stretch, name: str) -> bool:
    """Whether a property rises from end to end: the months of one year, the days of one month, the hours of one day."""
    if part.kind.name.endswith("offset") or name not in _ABOVE:
        return False
    if part.kind.type == "time":
        return name == "hour"
    return all(_part_of(part.low, unit) == _part_of(part.high, unit) for unit in _ABOVE[name])


def _part_of(value: Any, name: str) -> Decimal | None:
    try:
        found = None if value is None else property_of(value, name)
    except Fault:
        return None
    return found if isinstance(found, Decimal) else None

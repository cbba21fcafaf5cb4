"""FEEL's ``=``: three-valued, and never true between different types.

Source: DMN 1.5, 10.3.2.13 (table 53).
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any, Final

from referee.feel.frame import charge_items

_PLAIN: Final = frozenset({Decimal, str, bool})


def equal(left: Any, right: Any) -> bool | None:
    """Whether two FEEL values are equal; ``None`` if their types differ. ``null`` is equal to ``null`` alone.

    Lists are compared item by item and contexts entry by entry: one difference makes them unequal; without a
    difference, but with a pair of different types, it is ``None``. Functions are equal only to themselves.
    """
    kind = type(left)
    if kind is not type(right):
        if left is None or right is None:
            return False
        return _equal_across_classes(left, right)
    if kind in _PLAIN:
        return left == right  # type: ignore[no-any-return]
    if kind is list:
        return _equal_lists(left, right)
    if kind is dict:
        return _equal_contexts(left, right)
    if hasattr(kind, "start_included"):
        return _equal_ranges(left, right)
    return bool(left == right)


def equality_key(value: Any) -> Hashable:
    """A key for sets and dictionaries: two values have the same one if, and only if, ``equal`` says true."""
    kind = type(value)
    if kind is list:
        charge_items(3 * len(value))
        return kind, tuple(map(equality_key, value))
    if kind is dict:
        charge_items(3 * len(value))
        return kind, frozenset((name, equality_key(item)) for name, item in value.items())
    if hasattr(kind, "start_included"):
        ends = equality_key(value.start), equality_key(value.end)
        return value.operator, value.start_included, value.end_included, *ends
    return kind, value


def _equal_across_classes(left: Any, right: Any) -> bool | None:
    # functions are of several classes, yet of one type
    return False if callable(left) and callable(right) else None


def _equal_lists(left: list[Any], right: list[Any]) -> bool | None:
    if len(left) != len(right):
        return False
    charge_items(len(left))
    return _all_equal(zip(left, right, strict=True))


def _equal_contexts(left: dict[str, Any], right: dict[str, Any]) -> bool | None:
    if left.keys() != right.keys():
        return False
    charge_items(len(left))
    return _all_equal((value, right[name]) for name, value in left.items())


def _equal_ranges(left: Any, right: Any) -> bool | None:
    if (left.operator, left.start_included, left.end_included) != (
        right.operator,
        right.start_included,
        right.end_included,
    ):
        return False
    return _all_equal(((left.start, right.start), (left.end, right.end)))


def _all_equal(pairs: Any) -> bool | None:
    result: bool | None = True
    for left, right in pairs:
        same = equal(left, right)
        if same is False:
            return False
        if same is None:
            result = None
    return result

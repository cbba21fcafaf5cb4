"""The index of a column: from a value to the rules whose literal cells are true, and those that cannot be told.

The values a column compares with cut its type into regions: each such value, and the gaps between them. Within a
region every cell has one answer, so one look-up answers for all rules. Rules are bits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from referee.feel.values import DaysTimeDuration, FeelDate, YearsMonthsDuration
from referee.tables.literal_cell import Between, Comparison, LiteralCell

Regions = list[tuple[int, int]]
"""Spans of regions, first and last included, in order and apart from each other."""

_ORDERED = frozenset({Decimal, str, FeelDate, DaysTimeDuration, YearsMonthsDuration})
_INDEXED = _ORDERED | {bool, type(None)}


class KindIndex:
    """The answers for values of one Python class."""

    __slots__ = ("_by_region", "_by_value", "_else", "_points")

    def __init__(self, kind: type, cells: Sequence[tuple[LiteralCell, int]]) -> None:
        points = _points(kind, cells)
        place = {point: 2 * position + 1 for position, point in enumerate(points)}
        last = 2 * len(points)
        true_changes: dict[int, int] = {}
        unknown_changes: dict[int, int] = {}
        is_ordered = False
        for cell, rules in cells:
            is_ordered = is_ordered or _uses_order(kind, cell)
            true, unknown = _answers(kind, cell, place, last)
            _mark(true_changes, true, rules)
            _mark(unknown_changes, unknown, rules)
        answers = _swept(true_changes, unknown_changes, last)
        self._points = points
        self._by_region = answers if is_ordered else []
        self._else = answers[0]
        self._by_value = {} if is_ordered else {point: answers[region] for point, region in place.items()}

    def look_up(self, value: Any) -> tuple[int, int]:
        if not self._by_region:
            return self._by_value.get(value, self._else)
        points = self._points
        position = bisect_left(points, value)
        if position < len(points) and points[position] == value:
            return self._by_region[2 * position + 1]
        return self._by_region[2 * position]


class Index:
    """The answers of a column's literal cells for values of every class that can be indexed."""

    __slots__ = ("_cells", "_kinds")

    def __init__(self, cells: Sequence[tuple[LiteralCell, int]]) -> None:
        self._cells = tuple(cells)
        classes = {type(value) for cell, _ in cells for value in cell.values()}
        self._kinds = {kind: KindIndex(kind, self._cells) for kind in {*classes, type(None)} & _INDEXED}

    def look_up(self, value: Any) -> tuple[int, int] | None:
        """True and unknown rules; None for a value of a class that has no index, which must be evaluated."""
        kind = self._kinds.get(type(value))
        if kind is None:
            if type(value) not in _INDEXED:
                return None
            # a class no cell is about: the same answers for all its values
            kind = self._kinds[type(value)] = KindIndex(type(value), self._cells)
        return kind.look_up(value)


def _points(kind: type, cells: Sequence[tuple[LiteralCell, int]]) -> list[Any]:
    points = {value for cell, _ in cells for value in cell.values() if type(value) is kind}
    return sorted(points) if kind in _ORDERED else list(points)


def _uses_order(kind: type, cell: LiteralCell) -> bool:
    return kind in _ORDERED and any(
        isinstance(test, Between) or test.operator not in ("=", "!=") for test in cell.tests
    )


def _answers(kind: type, cell: LiteralCell, place: dict[Any, int], last: int) -> tuple[Regions, Regions]:
    """Where a cell is true and where it cannot be told, for values of a class."""
    true: Regions = []
    is_doubtful = False
    for test in cell.tests:
        regions = _true_regions(kind, test, place, last)
        if regions is None:
            is_doubtful = True
        else:
            true += regions
    true = _merged(true)
    other = _complement(true, last)
    if cell.negated:
        return ([], other) if is_doubtful else (other, [])
    return true, other if is_doubtful else []


def _true_regions(kind: type, test: Comparison | Between, place: dict[Any, int], last: int) -> Regions | None:
    """Where a test is true; None where it can't be told for any value of the class (DMN 1.5, tables 53 and 54)."""
    if isinstance(test, Between):
        if kind not in _ORDERED or type(test.start) is not kind or type(test.end) is not kind:
            return None
        first = place[test.start] + (not test.start_included)
        final = place[test.end] - (not test.end_included)
        return [(first, final)] if first <= final else []
    if test.operator in ("=", "!="):
        if type(test.value) is kind:
            at = place[test.value]
            equal: Regions = [(at, at)] if kind is not type(None) else [(0, last)]
        elif test.value is None or kind is type(None):
            equal = []
        else:
            return None
        return equal if test.operator == "=" else _complement(equal, last)
    if kind not in _ORDERED or type(test.value) is not kind:
        return None
    at = place[test.value]
    return {"<": [(0, at - 1)], "<=": [(0, at)], ">": [(at + 1, last)], ">=": [(at, last)]}[test.operator]


def _merged(regions: Regions) -> Regions:
    merged: Regions = []
    for first, final in sorted(regions):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(final, merged[-1][1]))
        else:
            merged.append((first, final))
    return merged


def _complement(regions: Regions, last: int) -> Regions:
    found: Regions = []
    start = 0
    for first, final in regions:
        if start < first:
            found.append((start, first - 1))
        start = final + 1
    if start <= last:
        found.append((start, last))
    return found


def _mark(changes: dict[int, int], regions: Regions, rules: int) -> None:
    """Notes where rules begin and cease to be in."""
    for first, final in regions:
        changes[first] = changes.get(first, 0) ^ rules
        changes[final + 1] = changes.get(final + 1, 0) ^ rules


def _swept(true_changes: dict[int, int], unknown_changes: dict[int, int], last: int) -> list[tuple[int, int]]:
    """The answers region by region; equal answers are one object."""
    answers: list[tuple[int, int]] = []
    known: dict[tuple[int, int], tuple[int, int]] = {}
    true = unknown = 0
    for region in range(last + 1):
        if not answers or region in true_changes or region in unknown_changes:
            true ^= true_changes.get(region, 0)
            unknown ^= unknown_changes.get(region, 0)
            answer = known.setdefault((true, unknown), (true, unknown))
        answers.append(answer)
    return answers

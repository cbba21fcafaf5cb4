"""The index of a column: from a value to the rules whose literal cells are true, and those that cannot be told.

The values a column compares with cut its type into regions: each such value, and the gaps between them. Within a
region every cell has one answer, so one look-up answers for all rules. Rules are bits, the first rule the highest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from referee.tables.literal_cell import Between, Comparison, LiteralCell

Regions = list[tuple[int, int]]
"""Spans of regions, first and last included, in order and apart from each other."""

_MOST_KEPT = 2**25
"""Bits of rules kept for one index; a table of a few hundred rules never needs as many."""

Kind = type | tuple[type, bool]
"""A Python class; times, and dates with times, are two kinds each, for local ones have no order with the others."""

_CLOCKS = frozenset({FeelTime, FeelDateTime})
_ORDERED: frozenset[Kind] = frozenset(
    {Decimal, str, FeelDate, DaysTimeDuration, YearsMonthsDuration}
    | {(clock, is_local) for clock in _CLOCKS for is_local in (False, True)}
)
_INDEXED = _ORDERED | {bool, type(None)}


class Sweep:
    """Which rules are in, region by region, kept as changes; every so often the rules themselves are kept as well."""

    __slots__ = ("_changed_at", "_flips", "_kept", "_step")

    def __init__(self, rules: int, changes: dict[int, int], rule_count: int) -> None:
        self._changed_at = sorted(changes)
        self._flips = [bits(changes[region]) for region in self._changed_at]
        self._step = 1 + len(changes) * rule_count // _MOST_KEPT
        self._kept = [rules]
        for position, region in enumerate(self._changed_at, 1):
            rules ^= changes[region]
            if position % self._step == 0:
                self._kept.append(rules)

    def at(self, region: int) -> int:
        """The rules that are in at a region."""
        position = bisect_right(self._changed_at, region)
        kept, later = divmod(position, self._step)
        rules = self._kept[kept]
        if later:
            for flipped in self._flips[position - later : position]:
                for each in flipped:
                    rules ^= 1 << each
        return rules

    def changes(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The regions where rules begin or cease to be in, in order, with the bits of those rules."""
        return zip(self._changed_at, self._flips, strict=True)


class KindIndex:
    """The answers for values of one kind, region by region.

    ``points`` are the values that cells compare with, in order where the class has one. Region ``2 * i + 1`` is point
    ``i`` itself, region ``2 * i`` the gap before it. ``unknown`` is None where every cell can always be told. Where
    ``null_is_told`` a cell says what null means, and cells that ask for an order with literals are false for it.
    """

    __slots__ = ("always", "is_ordered", "place", "points", "rule_count", "true", "unknown")

    def __init__(
        self,
        kind: Kind,
        cells: Sequence[tuple[LiteralCell, int]],
        always: int = 0,
        rule_count: int = 1,
        *,
        null_is_told: bool = False,
    ) -> None:
        self.always = always
        self.rule_count = rule_count
        self.points = _points(kind, cells)
        self.place = {point: 2 * position + 1 for position, point in enumerate(self.points)}
        self.is_ordered = any(_uses_order(kind, cell) for cell, _ in cells)
        last = 2 * len(self.points)
        true_changes: dict[int, int] = {}
        unknown_changes: dict[int, int] = {}
        for cell, rules in cells:
            true, unknown = _answers(kind, cell, self.place, last)
            if null_is_told and kind is type(None) and orders_with_literals(cell):
                unknown = []
            _mark(true_changes, true, rules)
            _mark(unknown_changes, unknown, rules)
        self.true = Sweep(always, true_changes, rule_count)
        self.unknown = Sweep(0, unknown_changes, rule_count) if unknown_changes else None

    def look_up(self, value: Any) -> tuple[int, int]:
        """True and unknown rules for a value of the class."""
        region = self.region(value)
        return self.true.at(region), self.unknown.at(region) if self.unknown else 0

    def region(self, value: Any) -> int:
        """The region a value of the class lies in; without an order all gaps are alike."""
        if not self.is_ordered:
            return self.place.get(value, 0)
        points = self.points
        position = bisect_left(points, value)
        return 2 * position + (position < len(points) and points[position] == value)

    def gap_before(self, point: Any) -> int:
        """The region just below a value, which need not be one of the points."""
        return 2 * bisect_left(self.points, point)


class Index:
    """The answers of a column's literal cells for values of every class that can be indexed.

    ``always`` are the rules that take any value; they are among the true ones of every answer.
    """

    __slots__ = ("_foreign", "kinds")

    def __init__(
        self,
        cells: Sequence[tuple[LiteralCell, int]],
        always: int,
        rule_count: int,
        *,
        null_is_told: bool = False,
    ) -> None:
        kinds = {kind_of(value) for cell, _ in cells for value in cell.values()}
        kinds |= {(kind[0], not kind[1]) for kind in kinds if isinstance(kind, tuple)}
        self.kinds = {
            kind: KindIndex(kind, cells, always, rule_count, null_is_told=null_is_told)
            for kind in {*kinds, type(None)} & _INDEXED
        }
        self._foreign = KindIndex(_Foreign, cells, always, rule_count)

    def of_kind(self, kind: type) -> KindIndex:
        """The answers for values of an indexed class."""
        return self.kinds.get(kind, self._foreign)

    def look_up(self, value: Any) -> tuple[int, int] | None:
        """True and unknown rules; None for a value of a kind that has no index, which must be evaluated."""
        kind = kind_of(value)
        index = self.kinds.get(kind)
        if index is not None:
            return index.look_up(value)
        return self._foreign.look_up(value) if kind in _INDEXED else None


class _Foreign:
    """Stands for every indexed kind that no cell is about: its values are all answered alike."""


def kind_of(value: Any) -> Kind:
    """The kind of a value."""
    kind = type(value)
    return (kind, value.is_local) if kind in _CLOCKS else kind


def orders_with_literals(cell: LiteralCell) -> bool:
    """Whether all a cell leaves open for null is an order with literals that have one: ``< 5``, not ``not(< 5)``."""
    if cell.negated:
        return False
    for test in cell.tests:
        if isinstance(test, Between):
            kind = kind_of(test.start)
            if kind not in _ORDERED or kind_of(test.end) != kind:
                return False
        elif test.operator not in ("=", "!=") and kind_of(test.value) not in _ORDERED:
            return False
    return True


def _points(kind: Kind, cells: Sequence[tuple[LiteralCell, int]]) -> list[Any]:
    points = {value for cell, _ in cells for value in cell.values() if kind_of(value) == kind}
    return sorted(points) if kind in _ORDERED else list(points)


def _uses_order(kind: Kind, cell: LiteralCell) -> bool:
    return kind in _ORDERED and any(
        isinstance(test, Between) or test.operator not in ("=", "!=") for test in cell.tests
    )


def _answers(kind: Kind, cell: LiteralCell, place: dict[Any, int], last: int) -> tuple[Regions, Regions]:
    """Where a cell is true and where it cannot be told, for values of a kind."""
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


def _true_regions(kind: Kind, test: Comparison | Between, place: dict[Any, int], last: int) -> Regions | None:
    """Where a test is true; None where it can't be told for any value of the kind (DMN 1.5, tables 53 and 54)."""
    if isinstance(test, Between):
        if kind not in _ORDERED or kind_of(test.start) != kind or kind_of(test.end) != kind:
            return None
        first = place[test.start] + (not test.start_included)
        final = place[test.end] - (not test.end_included)
        return [(first, final)] if first <= final else []
    if test.operator in ("=", "!="):
        if kind_of(test.value) == kind:
            at = place[test.value]
            equal: Regions = [(at, at)] if kind is not type(None) else [(0, last)]
        elif (
            test.value is None
            or kind is type(None)
            or (isinstance(kind, tuple) and type(test.value) is kind[0])
        ):
            equal = []
        else:
            return None
        return equal if test.operator == "=" else _complement(equal, last)
    if kind not in _ORDERED or kind_of(test.value) != kind:
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


def bits(rules: int) -> tuple[int, ...]:
    """The positions of the bits that are set, the highest first."""
    found = []
    while rules:
        highest = rules.bit_length() - 1
        found.append(highest)
        rules ^= 1 << highest
    return tuple(found)

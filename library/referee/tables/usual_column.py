"""Input columns of plain types, their values parted into regions that have one answer each.

A value of another class, one that is not allowed, and one for which some cell can't be told lie in a region without
an answer; they are left to ``CompiledTable``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from math import inf, nan, nextafter
from sys import float_info
from typing import Any, Final

from referee.feel.values.numbers import CONTEXT
from referee.tables.index import KindIndex
from referee.tables.literal_cell import LiteralCell

EXACT: Final = 2**53
"""Up to here every whole number is a float."""

FEW_RULES: Final = 64
"""Up to here the rules of a table are always answered exactly."""

_MOST_REGIONS: Final = 100
"""Beyond, the answers leave the processor's cache and take longer to find than rules too many take to verify."""

Span = tuple[float, ...]
"""The floats at which a rule begins and ceases to be in, in turn."""


class Unsupported(Exception):
    """A column that is left to ``CompiledTable``."""


@dataclass(frozen=True, slots=True)
class UsualInput:
    """An input column by the name of its value, the Python class FEEL has for its type, and what is allowed."""

    name: str
    kind: type
    index: KindIndex
    allowed: tuple[LiteralCell, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Regions of floats; whole numbers compare with floats as they are, decimals have a stand-in.

    ``thresholds`` are the first floats of the regions 1, 2 and so on; region 0 and the last one are no numbers.
    ``answers`` are the rules that may be true in each region, None where there is no answer. They hold a few rules too
    many where ``spans`` are given, one per rule with the last rule first, and a rule is true if its span is.
    """

    name: str
    thresholds: tuple[float, ...]
    answers: tuple[int | None, ...]
    spans: tuple[Span, ...] | None
    decimal_stand_in: Callable[[Decimal], float]

    def stand_in(self, value: Any) -> float:
        """A float for which every rule is what it is for a value of whatever class; not-a-number if there is none."""
        kind = type(value)
        if kind is float or (kind is int and -EXACT <= value <= EXACT):
            return float(value)
        return self.decimal_stand_in(value) if kind is Decimal else nan


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Texts that cells name each have a region, all others share region 1."""

    name: str
    regions: dict[str, int]
    answers: tuple[int | None, ...]

    def region(self, value: Any) -> int:
        """The region of a value of whatever class."""
        return self.regions.get(value, 1) if type(value) is str else 0


@dataclass(frozen=True, slots=True)
class BooleanColumn:
    """False is region 1, true is region 2."""

    name: str
    answers: tuple[int | None, ...]

    def region(self, value: Any) -> int:
        """The region of a value of whatever class."""
        return 1 + value if type(value) is bool else 0


UsualColumn = NumberColumn | TextColumn | BooleanColumn


def usual_column(column: UsualInput) -> UsualColumn:
    """The column by regions; raises ``Unsupported`` where its type or its cells do not lend themselves."""
    allowed = [KindIndex(column.kind, [(cell, 1)]) for cell in column.allowed]
    if column.kind is Decimal:
        return _number_column(column.name, column.index, allowed)
    if column.kind is bool:
        answers = (None, _answer(column.index, allowed, False), _answer(column.index, allowed, True))
        return BooleanColumn(column.name, answers)
    if column.kind is str and not any(each.is_ordered for each in (column.index, *allowed)):
        return _text_column(column.name, column.index, allowed)
    raise Unsupported


def _text_column(name: str, index: KindIndex, allowed: Sequence[KindIndex]) -> TextColumn:
    texts = sorted({point for each in (index, *allowed) for point in each.points})
    other = max(texts, key=len, default="") + "?"  # longer than any text that is named, so it is none of them
    answers = [_answer(index, allowed, text) for text in (other, *texts)]
    return TextColumn(name, {text: region for region, text in enumerate(texts, 2)}, (None, *answers))


def _answer(index: KindIndex, allowed: Sequence[KindIndex], value: Any) -> int | None:
    true, unknown = index.look_up(value)
    return None if unknown or any(each.look_up(value) != (1, 0) for each in allowed) else true


def _number_column(name: str, index: KindIndex, allowed: Sequence[KindIndex]) -> NumberColumn:
    points = sorted({point for each in (index, *allowed) for point in each.points})
    own = _regions_of(index, points)
    refused = set[int]()
    for each in allowed:
        there = _regions_of(each, points)
        refused.update(at for at, region in enumerate(there) if each.true.at(region) != 1)
    for each in (index, *allowed):
        if each.unknown:
            there = _regions_of(each, points)
            refused.update(at for at, region in enumerate(there) if each.unknown.at(region))
    flips: dict[int, tuple[int, ...]] = {}
    for region, rules in index.true.changes():
        at = bisect_left(own, region)
        if at < len(own):
            flips[at] = flips.get(at, ()) + rules
    starts = [0]
    starts += [at for at in range(1, len(own)) if at in flips or (at in refused) is not (at - 1 in refused)]
    most = len(starts) if index.rule_count <= FEW_RULES else _MOST_REGIONS
    thresholds = _thresholds(points, starts)
    groups = _groups(_answers(index, starts, flips, refused), -(-len(starts) // most))
    return NumberColumn(
        name,
        (*(thresholds[start] for start, _ in groups), thresholds[-1]),
        (None, *(answer for _, answer in groups), None),
        None if len(groups) == len(starts) else _spans(index, starts, flips, thresholds),
        _decimal_stand_in(points, starts, thresholds),
    )


def _regions_of(index: KindIndex, points: Sequence[Any]) -> list[int]:
    """The regions of an index that the points and the gaps before, between and after them lie in."""
    places = []
    for point in points:
        gap = index.gap_before(point)
        places += [gap, index.place.get(point, gap)]
    return [*places, 2 * len(index.points)]


def _answers(
    index: KindIndex, starts: Sequence[int], flips: dict[int, tuple[int, ...]], refused: set[int]
) -> Iterator[int | None]:
    rules = index.always
    for at in starts:
        for bit in flips.get(at, ()):
            rules ^= 1 << bit
        yield None if at in refused else rules


def _groups(answers: Iterable[int | None], most: int) -> list[tuple[int, int | None]]:
    """The answers of up to ``most`` neighbours together, with the first one's position; those without answer apart."""
    groups: list[tuple[int, int | None]] = []
    size = 0
    for position, answer in enumerate(answers):
        last = groups[-1][1] if groups else None
        if answer is None or last is None or size == most:
            groups.append((position, answer))
            size = 1
        else:
            groups[-1] = (groups[-1][0], last | answer)
            size += 1
    return groups


def _spans(
    index: KindIndex, starts: Sequence[int], flips: dict[int, tuple[int, ...]], thresholds: Sequence[float]
) -> tuple[Span, ...]:
    """The spans of the rules by their bits; one that has no end lasts to infinity."""
    spans: list[list[float]] = [[-inf] if index.always >> bit & 1 else [] for bit in range(index.rule_count)]
    for at, threshold in zip(starts, thresholds, strict=False):
        for bit in flips.get(at, ()):
            spans[bit].append(threshold)
    return tuple(tuple(each) if len(each) % 2 == 0 else (*each, inf) for each in spans)


def _thresholds(points: Sequence[Decimal], starts: Sequence[int]) -> tuple[float, ...]:
    """The first float of each region, of the numbers above all regions, and nothing else.

    A float means its shortest decimal text. A region begins at a point or just above one, hence at the float nearest
    to the point or at the next one, for a float on one side of a point's nearest float means a decimal on that side of
    the point.
    """
    thresholds = [-float_info.max]
    for at in starts[1:]:
        point = points[(at - 1) // 2]
        nearest = float(point)
        if abs(nearest) == inf:
            raise Unsupported
        meant = Decimal(repr(nearest))
        is_in = meant >= point if at % 2 else meant > point
        thresholds.append(nearest if is_in else nextafter(nearest, inf))
    return (*thresholds, inf)


def _decimal_stand_in(
    points: Sequence[Decimal], starts: Sequence[int], thresholds: Sequence[float]
) -> Callable[[Decimal], float]:
    """Gives the first float of the region a decimal lies in; not-a-number where it has no float."""
    floats = [
        thresholds[region] if thresholds[region] < thresholds[region + 1] else nan
        for region in (bisect_right(starts, at) - 1 for at in range(2 * len(points) + 1))
    ]

    def stand_in(value: Decimal) -> float:
        try:
            number = CONTEXT.plus(value)
        except DecimalException:
            return nan
        if not number.is_finite():
            return nan
        after = bisect_right(points, number)
        return floats[2 * after - (after > 0 and points[after - 1] == number)]

    return stand_in

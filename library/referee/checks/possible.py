"""What an expression may give: single values, and stretches between two of them; rather too many than too few."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from referee.checks.dimension import Dimension, Region
from referee.checks.region_set import members
from referee.checks.stretch import Stretch
from referee.checks.value_line import BOOLEAN, NUMBER, STRING, ValueKind, kind_of_value, kinds_of_type

MOST_PARTS = 32


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a list: what each may be, and how many there are; no ``most`` is no bound."""

    each: Possible
    fewest: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Possible:
    """Values that something may have; it may have fewer, but no others. ``is_any`` is any value at all, null included.

    Null that comes of a fault doesn't count: the engine reports it as doubt. Bounds are those of exact arithmetic: that
    FEEL rounds to 34 digits is left out of account.
    """

    parts: tuple[Stretch, ...] = ()
    null: bool = False
    is_any: bool = False
    items: Items | None = None

    @property
    def is_nothing(self) -> bool:
        return not (self.parts or self.null or self.is_any or self.items)

    @property
    def values(self) -> tuple[Any, ...] | None:
        """All values where they can be told one by one, null included."""
        if self.is_any or self.items or not all(part.is_point for part in self.parts):
            return None
        return (*(part.low for part in self.parts), *([None] if self.null else []))

    def of_kind(self, kind: ValueKind) -> Possible:
        return Possible(tuple(part for part in self.parts if part.kind is kind))


ANYTHING = Possible(is_any=True)
NOTHING = Possible()
ONLY_NULL = Possible(null=True)


def point(value: Any) -> Possible:
    """The one value; a list by its items."""
    if value is None:
        return ONLY_NULL
    kind = kind_of_value(value)
    if kind is not None:
        return Possible((Stretch(kind, value, value),))
    if isinstance(value, list):
        return Possible(items=Items(union(map(point, value)), len(value), len(value)))
    return ANYTHING


def any_of(kind: ValueKind) -> Possible:
    if kind is BOOLEAN:
        return EITHER
    return Possible((Stretch(kind, None, None),))


def of_type(name: str) -> Possible:
    """Every value of a type but null."""
    kinds = kinds_of_type(name)
    return union(map(any_of, kinds)) if kinds else ANYTHING


def whole(low: int | None, high: int | None) -> Possible:
    """Integers between two bounds, both included."""
    first, last = (None if end is None else Decimal(end) for end in (low, high))
    return Possible((Stretch(NUMBER, first, last, is_whole=True),))


def of_regions(dimension: Dimension, regions: int) -> Possible:
    """The values in some regions of an input."""
    if dimension.is_opaque:
        return ANYTHING
    found = [dimension.regions[at] for at in members(regions & ~dimension.null)]
    parts: list[Stretch] = []
    for region in found:
        if region.is_other:
            parts.append(Stretch(STRING, None, None))
            continue
        each = region.stretch
        last = parts[-1] if parts else None
        if last is not None and len(found) > MOST_PARTS and last.kind is each.kind and last.high == each.low:
            parts[-1] = replace(last, high=each.high, high_open=each.high_open)
        else:
            parts.append(each)
    return bounded(Possible(tuple(parts), bool(regions & dimension.null)))


def union(each: Iterable[Possible]) -> Possible:
    parts: dict[tuple[Any, ...], Stretch] = {}
    items: Items | None = None
    null = False
    for possible in each:
        if possible.is_any:
            return ANYTHING
        null |= possible.null
        for part in possible.parts:
            parts.setdefault(part.key, part)
        if possible.items is not None:
            items = possible.items if items is None else _either_items(items, possible.items)
    return bounded(Possible(tuple(parts.values()), null, items=items))


def bounded(possible: Possible) -> Possible:
    """The same with few parts: where there are too many, one stretch for all of a kind."""
    if len(possible.parts) <= MOST_PARTS:
        return possible
    kinds = dict.fromkeys(part.kind for part in possible.parts)
    return replace(
        possible, parts=tuple(hull([p for p in possible.parts if p.kind is kind]) for kind in kinds)
    )


def hull(parts: Iterable[Stretch]) -> Stretch:
    """One stretch around several of a kind."""
    first, *others = parts
    key = first.kind.key
    low, low_open, high, high_open = first.low, first.low_open, first.high, first.high_open
    if not first.kind.is_ordered:
        return first if not others else Stretch(first.kind, None, None)
    for part in others:
        if low is not None and (part.low is None or key(part.low) < key(low)):
            low, low_open = part.low, part.low_open
        elif low is not None and key(part.low) == key(low):
            low_open &= part.low_open
        if high is not None and (part.high is None or key(part.high) > key(high)):
            high, high_open = part.high, part.high_open
        elif high is not None and key(part.high) == key(high):
            high_open &= part.high_open
    is_whole = all(part.is_integral for part in (first, *others))
    return Stretch(first.kind, low, high, low_open, high_open, is_whole)


def touched(dimension: Dimension, possible: Possible) -> int:
    """The regions of an input that hold a possible value; all that could, where its values have no line."""
    if possible.is_any or dimension.is_opaque or possible.items:
        return dimension.full
    found = dimension.null if possible.null else 0
    for part in possible.parts:
        if part.is_point:
            region = dimension.region_of(part.low)
            found |= 0 if region is None else 1 << region
            continue
        for at, each in enumerate(dimension.regions):
            if each.kind is part.kind and (each.is_other or _meet(each, part)):
                found |= 1 << at
    return found


def touches(dimension: Dimension, possible: Possible, regions: int) -> bool:
    """Whether one of some regions holds a possible value; yes where its values have no line."""
    if possible.is_any or dimension.is_opaque or possible.items:
        return bool(regions)
    if regions & dimension.null and possible.null:
        return True
    points = [dimension.region_of(part.low) for part in possible.parts if part.is_point]
    if any(region is not None and regions >> region & 1 for region in points):
        return True
    wide = [part for part in possible.parts if not part.is_point]
    return any(
        each.kind is part.kind and (each.is_other or _meet(each, part))
        for each in (dimension.regions[at] for at in (members(regions) if wide else ()))
        for part in wide
    )


def _meet(region: Region, part: Stretch) -> bool:
    return region.stretch.common(part) is not None


def whether(possible: Possible) -> tuple[bool, bool]:
    """Whether a condition may be true, and whether it may be anything else."""
    if possible.is_any:
        return True, True
    values = possible.of_kind(BOOLEAN).values or ()
    return True in values, len(values) < len(possible.parts) or False in values or possible.null


def truth(may_be_true: bool, may_be_false: bool, *, null: bool = False) -> Possible:
    each = [point(True)] * may_be_true + [point(False)] * may_be_false
    return replace(union(each), null=null)


def mapped(possible: Possible, function: Callable[[Stretch], Possible]) -> Possible:
    """Part by part; null and lists give nothing, for what is asked of them is a fault."""
    return ANYTHING if possible.is_any else union(map(function, possible.parts))


def paired(left: Possible, right: Possible, function: Callable[[Stretch, Stretch], Possible]) -> Possible:
    """Each part with each."""
    if left.is_any or right.is_any:
        return ANYTHING
    lefts, rights = list(left.parts), list(right.parts)
    if len(lefts) * len(rights) > MOST_PARTS * MOST_PARTS:
        lefts, rights = list(_hulls(lefts)), list(_hulls(rights))
    return union(function(a, b) for a in lefts for b in rights)


def _hulls(parts: list[Stretch]) -> Iterator[Stretch]:
    for kind in dict.fromkeys(part.kind for part in parts):
        yield hull([part for part in parts if part.kind is kind])


def _either_items(left: Items, right: Items) -> Items:
    most = None if left.most is None or right.most is None else max(left.most, right.most)
    return Items(union((left.each, right.each)), min(left.fewest, right.fewest), most)


EITHER = Possible((Stretch(BOOLEAN, True, True), Stretch(BOOLEAN, False, False)))
"""True or false."""

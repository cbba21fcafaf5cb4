"""One input of a table as a line of regions: within a region all values meet the same answer from every cell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice, pairwise
from typing import Any

from referee.checks.cell_logic import (
    AllOf,
    Anything,
    CellLogic,
    Compared,
    Not,
    Within,
    uses_order,
    values_of,
)
from referee.checks.region_set import members, runs_of, stretch
from referee.checks.stretch import Stretch
from referee.checks.value_line import (
    BOOLEAN,
    NULL,
    STRING,
    ValueKind,
    kind_of_value,
    kinds_of_type,
    literal_text,
)

_SAMPLES_TRIED = 50
_WITHOUT_LINE = ("list", "context", "function", "range")


@dataclass(frozen=True, slots=True)
class Region:
    """A point (``low`` and ``high`` are one value) or the values between two points, where None is no bound.

    ``is_other`` marks all values of a kind that are none of its points. ``sample`` is one of the values.
    """

    kind: ValueKind | None
    low: Any
    high: Any
    sample: Any
    is_point: bool = False
    is_other: bool = False

    @property
    def stretch(self) -> Stretch:
        """The values of a region of a kind, which is not all others."""
        assert self.kind is not None, "only an input without a line has a region of no kind"
        return Stretch(self.kind, self.low, self.high, not self.is_point, not self.is_point)


class Dimension:
    """An input's values cut into regions by every literal its cells and allowed values compare with.

    ``may_be_null`` adds null. Only regions of allowed values, and of those ``within`` which all lie, are kept, and only
    those that hold a value at all (between two neighbouring dates there is none). ``is_opaque`` is an
    input whose values have no line, such as a list: it is one region, and cells can't be told. ``size`` is the number
    of regions, ``full`` the set of all, ``null`` the set that holds null.
    """

    def __init__(
        self,
        expression: str,
        type_name: str,
        logics: Iterable[CellLogic],
        allowed: Sequence[CellLogic] = (),
        *,
        may_be_null: bool = False,
        within: Sequence[Stretch] | None = None,
    ) -> None:
        self.expression = expression
        self.type = type_name
        tested = [logic for logic in logics if not isinstance(logic, Anything)]
        values = [value for logic in (*allowed, *tested) for value in values_of(logic)]
        kinds = _kinds(type_name, values)
        if within is not None and not kinds_of_type(type_name):
            kinds = list(dict.fromkeys(part.kind for part in within)) or kinds
        self.is_opaque = not kinds
        is_line = any(map(uses_order, (*allowed, *tested)))
        self._groups: list[_Group] = []
        every: list[Region] = []
        for kind in kinds:
            group = _Group(kind, values, len(every), is_line)
            self._groups.append(group)
            every += group.regions
        if self.is_opaque:
            every.append(Region(None, None, None, None, is_other=True))
        if may_be_null:
            group = _Group(NULL, [None], len(every), False)
            self._groups.append(group)
            every += group.regions
        self._raw = stretch(0, len(every) - 1)
        kept = self._raw
        for at, region in enumerate(every):
            if region.sample is _EMPTY:
                kept ^= 1 << at
        for logic in allowed:
            if not self.is_opaque:
                # what is optional may be missing, whatever the allowed values say
                nothing = stretch(len(every) - 1, len(every) - 1) if may_be_null else 0
                kept &= self._told(logic)[0] | nothing
        if within is not None and not self.is_opaque:
            nothing = stretch(len(every) - 1, len(every) - 1) if may_be_null else 0
            kept &= self._hold(every, within) | nothing
        self._positions = list(members(kept))
        self.regions = tuple(every[position] for position in self._positions)
        self.size = len(self.regions)
        self.full = stretch(0, self.size - 1)
        self.null = 1 << self.size - 1 if may_be_null and self.regions[-1].kind is NULL else 0

    def _hold(self, every: list[Region], within: Sequence[Stretch]) -> int:
        """The regions that hold one of the only values there can be; their samples become such values."""
        points = {key for group in self._groups if group.kind is STRING for key in group.place}
        found = 0
        for at, region in enumerate(every):
            for part in within:
                if region.kind is not part.kind:
                    continue
                if region.is_other:
                    sample = region.sample if not part.is_point else None if part.low in points else part.low
                else:
                    common = region.stretch.common(part)
                    sample = None if common is None else common.inner()
                if sample is not None:
                    every[at] = replace(region, sample=sample)
                    found |= 1 << at
                    break
        return found

    @property
    def is_listed(self) -> bool:
        """Whether the input can only be one of some values that are listed one by one."""
        return self.size > 0 and all(region.is_point for region in self.regions)

    def answers(self, logic: CellLogic) -> tuple[int, int] | None:
        """Where a cell is true, and where it can't be told; None where that is not known."""
        if isinstance(logic, Anything):
            return self.full, 0
        if self.is_opaque:
            return None
        true, false = self._told(logic)
        true = self._kept(true)
        return true, self.full & ~(true | self._kept(false))

    def region_of(self, value: Any) -> int | None:
        """The region of a value; None for one that is not allowed."""
        kind = kind_of_value(value)
        for group in self._groups:
            if group.kind is kind:
                raw = group.region_of(value)
                at = bisect_left(self._positions, raw)
                if at < self.size and self._positions[at] == raw:
                    return at
        return None

    def sample(self, regions: int) -> Any:
        """A value in one of the regions, preferably not null, and a number as near to zero as any."""
        found = [self.regions[at].sample for at in islice(members(regions), _SAMPLES_TRIED)]
        numbers = [value for value in found if isinstance(value, Decimal)]
        return min(numbers, key=abs) if numbers else found[0]

    def cell_text(self, regions: int) -> str:
        """The regions as unary tests, ready for a cell. Values that are not allowed may be among them."""
        if regions == self.full:
            return "-"
        null = self.null
        texts = []
        rest = regions & ~null
        if rest == self.full & ~null:
            return "not(null)"
        other = [at for at, region in enumerate(self.regions) if region.is_other and rest >> at & 1]
        if other:
            missing = [self.regions[at].low for at in members(self.full & ~regions & ~null)]
            excluded = [literal_text(value) for value in missing]
            if null and not regions & null:
                excluded.append("null")
            return f"not({', '.join(excluded)})"
        if regions & null:
            texts.append("null")
        for first, last in runs_of(rest):
            texts += self._run_texts(first, last)
        return ", ".join(texts)

    def words(self, regions: int) -> str:
        """The regions as the end of a sentence about the input."""
        text = self.cell_text(regions)
        return "is anything" if text == "-" else f"is {text}"

    def _run_texts(self, first: int, last: int) -> list[str]:
        """One text per kind met on the way; points that have no gaps between them are listed."""
        texts: list[str] = []
        start = first
        while start <= last:
            kind = self.regions[start].kind
            end = start
            while end < last and self.regions[end + 1].kind is kind:
                end += 1
            stretch_of = self.regions[start : end + 1]
            if all(region.is_point for region in stretch_of):
                texts += [literal_text(region.low) for region in stretch_of]
            else:
                texts.append(_interval_text(stretch_of[0], stretch_of[-1]))
            start = end + 1
        return texts

    def _told(self, logic: CellLogic) -> tuple[int, int]:
        """Where the logic is true and where it is false, among all regions."""
        if isinstance(logic, Anything):
            return self._raw, 0
        if isinstance(logic, Not):
            true, false = self._told(logic.part)
            return false, true
        if isinstance(logic, (Compared, Within)):
            true = false = 0
            for group in self._groups:
                found = group.within(logic) if isinstance(logic, Within) else group.compared(logic)
                if found is not None:
                    true |= found
                    false |= group.all & ~found
            return true, false
        parts = [self._told(part) for part in logic.parts]
        if isinstance(logic, AllOf):
            parts = [(false, true) for true, false in parts]
        true, false = parts[0]
        for other_true, other_false in parts[1:]:
            true |= other_true
            false &= other_false
        return (false, true) if isinstance(logic, AllOf) else (true, false)

    def _kept(self, raw: int) -> int:
        """The regions kept among all regions."""
        if self.size == self._raw.bit_length():
            return raw
        found = 0
        for first, last in runs_of(raw):
            found |= stretch(bisect_left(self._positions, first), bisect_left(self._positions, last + 1) - 1)
        return found


class _Empty:
    """The mark of a stretch without values."""


_EMPTY = _Empty()


class _Group:
    """The regions of one kind, before any are dropped: on a line point, gap, point; or points and all others."""

    def __init__(self, kind: ValueKind, values: Iterable[Any], start: int, is_line: bool) -> None:
        self.kind = kind
        self.start = start
        self.is_line = kind.is_ordered and (is_line or kind is not STRING)
        points = {kind.key(value): value for value in values if kind_of_value(value) is kind}
        if kind is BOOLEAN:
            points = {True: True, False: False}
        self.points = [points[key] for key in sorted(points)] if self.is_line else list(points.values())
        self.keys = [kind.key(point) for point in self.points]
        step = 2 if self.is_line else 1
        self.place = {key: start + step * at + self.is_line for at, key in enumerate(self.keys)}
        self.regions = self._line() if self.is_line else self._points()
        self.all = stretch(start, start + len(self.regions) - 1)

    def _line(self) -> list[Region]:
        regions: list[Region] = []
        ends = [None, *self.points, None]
        for low, high in pairwise(ends):
            if low is not None:
                regions.append(Region(self.kind, low, low, low, is_point=True))
            found = self.kind.between(low, high)
            regions.append(Region(self.kind, low, high, _EMPTY if found is None else found))
        return regions

    def _points(self) -> list[Region]:
        regions = [Region(self.kind, point, point, point, is_point=True) for point in self.points]
        if self.kind is STRING:
            sample = "any other text"
            while sample in self.place:
                sample += "!"
            regions.append(Region(self.kind, None, None, sample, is_other=True))
        return regions

    def region_of(self, value: Any) -> int:
        key = self.kind.key(value)
        if key in self.place:
            return self.place[key]
        if not self.is_line:
            return self.start + len(self.points)
        return self.start + 2 * bisect_left(self.keys, key)

    def compared(self, test: Compared) -> int | None:
        """Where a comparison is true; None where it can't be told for any value of the kind."""
        kind = kind_of_value(test.value)
        if test.operator in ("=", "!="):
            if kind is self.kind:
                at = self.place[self.kind.key(test.value)]
                equal = stretch(at, at)
            elif kind is NULL or self.kind is NULL or (kind is not None and kind.type == self.kind.type):
                equal = 0
            else:
                return None
            return equal if test.operator == "=" else self.all & ~equal
        if kind is not self.kind or not self.is_line:
            return None
        at = self.place[self.kind.key(test.value)]
        last = self.start + len(self.regions) - 1
        first, final = {
            "<": (self.start, at - 1),
            "<=": (self.start, at),
            ">": (at + 1, last),
            ">=": (at, last),
        }[test.operator]
        return stretch(first, final)

    def within(self, test: Within) -> int | None:
        """Where an interval holds the values; None where it can't be told for any value of the kind."""
        if not self.is_line or not (
            kind_of_value(test.start) is self.kind and kind_of_value(test.end) is self.kind
        ):
            return None
        first = self.place[self.kind.key(test.start)] + (not test.start_included)
        return stretch(first, self.place[self.kind.key(test.end)] - (not test.end_included))


def accepts_null(logic: CellLogic) -> bool:
    """Whether a test is true of null."""
    alone = Dimension("", BOOLEAN.type, [logic], may_be_null=True)
    answers = alone.answers(logic)
    return answers is not None and bool(answers[0] >> (alone.size - 1))


def _kinds(type_name: str, values: Sequence[Any]) -> list[ValueKind]:
    """The kinds of values an input may have: those of its type, or else those its cells speak of."""
    spoken = list(dict.fromkeys(kind for kind in map(kind_of_value, values) if kind and kind is not NULL))
    possible = kinds_of_type(type_name)
    if possible:
        return [kind for kind in possible if kind in spoken] or [possible[0]]
    return [] if type_name.strip().startswith(_WITHOUT_LINE) else spoken


def _interval_text(first: Region, last: Region) -> str:
    start, end = first.low, last.high
    if start is None:
        return f"{'<=' if last.is_point else '<'} {literal_text(end)}" if end is not None else "not(null)"
    if end is None:
        return f"{'>=' if first.is_point else '>'} {literal_text(start)}"
    opening = "[" if first.is_point else "("
    closing = "]" if last.is_point else ")"
    return f"{opening}{literal_text(start)}..{literal_text(end)}{closing}"

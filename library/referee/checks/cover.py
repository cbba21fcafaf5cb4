"""Which cases a set of boxes leaves uncovered: space is cut where the fewest boxes are cut, then searched.

The problem is Klee's; a k-d cut at the best boundary keeps it near n log n for tables that people write (compare
Overmars and Yap 1991 for the general bound). Where few boxes are left but lie across each other, cutting goes on for
long; there the question is one of constraints, answered by propagation and search (Mackworth 1977, Haralick and
Elliott 1980).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from math import log2

from referee.checks.budget import Budget
from referee.checks.cover_search import Search, TooManyTries, Values
from referee.checks.region_set import Runs, members, of_runs, runs_of

Stretches = tuple[tuple[int, int], ...]
"""A box without holes: first and last part of each dimension."""

Cover = tuple[Runs, ...]

Box = tuple[int, ...]


_FEW = 400
_TRIES = 10
"""Where a few covers are left they are searched; if so many tries don't settle them, they are cut again."""


class Uncovered:
    """The parts of a box that no cover touches, found one after the other by iterating; they are apart from each other.

    Within the box each dimension is cut only where a cover begins or ends, so its size counts no more. ``used``
    collects positions of covers that together cover all that was found covered.
    """

    def __init__(self, box: Box, covers: Sequence[Box], budget: Budget) -> None:
        self._budget = budget
        self.used: set[int] = set()
        by_dimension = [_Pieces(regions, [cover[at] for cover in covers]) for at, regions in enumerate(box)]
        self._pieces = by_dimension
        self._covers: list[Cover] = list(zip(*(pieces.runs for pieces in by_dimension), strict=True))
        if not box:
            self._covers = [()] * len(covers)

    def exclude(self, box: Box) -> None:
        """Leaves out what lies in a box, as if it were covered; its ends must be ends of covers."""
        self._covers.append(
            tuple(pieces.locate(regions) for pieces, regions in zip(self._pieces, box, strict=True))
        )

    def __iter__(self) -> Iterator[Box]:
        """Raises ``OutOfBudget``."""
        covers = self._covers
        whole: Stretches = tuple((0, pieces.count - 1) for pieces in self._pieces)
        ids = [at for at, cover in enumerate(covers) if _touches(cover, whole)]
        stack: list[tuple[Stretches, list[int], int]] = [(whole, ids, len(covers))]
        while stack:
            part, ids, known = stack.pop()
            ids += [at for at in range(known, len(covers)) if _touches(covers[at], part)]
            self._budget.spend(len(ids) * len(part) + 1)
            if not ids:
                yield tuple(pieces.regions(*ends) for pieces, ends in zip(self._pieces, part, strict=True))
                continue
            if len(ids) <= _FEW:
                with suppress(TooManyTries):
                    found = self._searched(part, ids)
                    if found is not None:
                        known = len(covers)
                        yield tuple(
                            pieces.regions(at, at) for pieces, at in zip(self._pieces, found, strict=True)
                        )
                        self._covers.append(tuple(((at, at),) for at in found))
                        stack.append((part, ids, known))
                    continue
            cut = _best_cut(part, covers, ids, self.used)
            if cut is None:
                continue
            dimension, position = cut
            low, high = part[dimension]
            before = (*part[:dimension], (low, position - 1), *part[dimension + 1 :])
            after = (*part[:dimension], (position, high), *part[dimension + 1 :])
            halves = [
                (before, _in_stretch(covers, ids, dimension, low, position - 1), len(covers)),
                (after, _in_stretch(covers, ids, dimension, position, high), len(covers)),
            ]
            # where fewest boxes are, an uncovered case is found first
            halves.sort(key=lambda half: -len(half[1]))
            stack += halves

    def _searched(self, part: Stretches, ids: Sequence[int]) -> tuple[int, ...] | None:
        """A piece per dimension, in the part, where no cover is; None where all of it is covered."""
        values = [
            _covers_by_piece([self._covers[at][dimension] for at in ids], low, high)
            for dimension, (low, high) in enumerate(part)
        ]
        search = Search(values, self._budget, _TRIES)
        found = search.open_values((1 << len(ids)) - 1)
        self.used.update(ids[at] for at in members(search.used))
        return found


def _covers_by_piece(covers: Sequence[Runs], low: int, high: int) -> Values:
    """The covers that hold each piece of a stretch, as bits; of pieces in the same covers, one."""
    changes: dict[int, int] = {low: 0}
    for at, runs in enumerate(covers):
        for first, last in runs:
            if first <= high and last >= low:
                start = max(first, low)
                changes[start] = changes.get(start, 0) ^ 1 << at
                if last < high:
                    changes[last + 1] = changes.get(last + 1, 0) ^ 1 << at
    found: Values = {}
    present = 0
    for piece in sorted(changes):
        present ^= changes[piece]
        found.setdefault(present, piece)
    return found


class _Pieces:
    """One dimension of a box in the pieces that covers cut it into, and the covers by these pieces."""

    def __init__(self, regions: int, covers: Sequence[int]) -> None:
        inside = runs_of(regions)
        runs = list(map(runs_of, covers))
        ends = {end for each in (inside, *runs) for first, last in each for end in (first, last + 1)}
        self._starts: list[int] = []
        self._last: list[int] = []
        run = 0
        for start, after in pairwise(sorted(ends)):
            while run < len(inside) and inside[run][1] < start:
                run += 1
            if run < len(inside) and inside[run][0] <= start:
                self._starts.append(start)
                self._last.append(after - 1)
        self.count = len(self._starts)
        self.runs = [self._located(each) for each in runs]

    def locate(self, regions: int) -> Runs:
        """The pieces that a set of regions holds."""
        return self._located(runs_of(regions))

    def regions(self, first: int, last: int) -> int:
        """The regions of some pieces."""
        return of_runs(zip(self._starts[first : last + 1], self._last[first : last + 1], strict=True))

    def _located(self, runs: Runs) -> Runs:
        found: list[tuple[int, int]] = []
        for first, last in runs:
            start, end = bisect_left(self._starts, first), bisect_right(self._starts, last) - 1
            if start > end:
                continue
            if found and found[-1][1] == start - 1:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return tuple(found)


def _touches(cover: Cover, part: Stretches) -> bool:
    for runs, (low, high) in zip(cover, part, strict=True):
        if len(runs) == 1:
            if runs[0][0] > high or runs[0][1] < low:
                return False
        elif not any(first <= high and last >= low for first, last in runs):
            return False
    return True


def _in_stretch(
    covers: Sequence[Cover], ids: Sequence[int], dimension: int, low: int, high: int
) -> list[int]:
    found = []
    for at in ids:
        runs = covers[at][dimension]
        if len(runs) == 1:
            first, last = runs[0]
            if first <= high and last >= low:
                found.append(at)
        elif any(first <= high and last >= low for first, last in runs):
            found.append(at)
    return found


def _best_cut(
    part: Stretches, covers: Sequence[Cover], ids: Sequence[int], used: set[int]
) -> tuple[int, int] | None:
    """The dimension and region to cut before; None where one cover holds the whole part."""
    width = len(part)
    starts: list[list[int]] = [[] for _ in range(width)]
    ends: list[list[int]] = [[] for _ in range(width)]
    inner: list[set[int]] = [set() for _ in range(width)]
    for at in ids:
        inside = True
        for dimension, (runs, (low, high)) in enumerate(zip(covers[at], part, strict=True)):
            if len(runs) == 1:
                first, last = runs[0]
            else:
                clipped = [run for run in runs if run[0] <= high and run[1] >= low]
                first, last = clipped[0][0], clipped[-1][1]
                if len(clipped) > 1:
                    inside = False
                    for left, right in pairwise(clipped):
                        inner[dimension].update((left[1] + 1, right[0]))
            if first > low:
                starts[dimension].append(first)
                inside = False
            if last < high:
                ends[dimension].append(last + 1)
                inside = False
        if inside:
            used.add(at)
            return None
    count = len(ids)
    best: tuple[float, int, int] | None = None
    for dimension in range(width):
        begun, ended = sorted(starts[dimension]), sorted(ends[dimension])
        for position in {*begun, *ended, *inner[dimension]}:
            before = count - len(begun) + bisect_left(begun, position)
            after = count - bisect_right(ended, position)
            cost = before * log2(before + 1) + after * log2(after + 1)
            if best is None or cost < best[0]:
                best = cost, dimension, position
    assert best is not None, "a cover that does not hold the part ends somewhere in it"
    return best[1], best[2]

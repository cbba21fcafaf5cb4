"""Sets of regions as integers, a bit per region, and as runs: first and last of each stretch without a hole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

Runs = tuple[tuple[int, int], ...]
"""Stretches of regions, first and last included, in order and apart from each other."""


def runs_of(regions: int) -> Runs:
    found = []
    at = 0
    while regions:
        skipped = (regions & -regions).bit_length() - 1
        regions >>= skipped
        length = (~regions & (regions + 1)).bit_length() - 1
        found.append((at + skipped, at + skipped + length - 1))
        regions >>= length
        at += skipped + length
    return tuple(found)


def of_runs(runs: Iterable[tuple[int, int]]) -> int:
    regions = 0
    for first, last in runs:
        regions |= stretch(first, last)
    return regions


def stretch(first: int, last: int) -> int:
    """The regions from first to last; none where last is before first."""
    return ((1 << (last - first + 1)) - 1) << first if first <= last else 0


def members(regions: int) -> Iterator[int]:
    """The regions of a set in order."""
    while regions:
        lowest = regions & -regions
        yield lowest.bit_length() - 1
        regions ^= lowest


class RegionIndex:
    """From sets of regions to the boxes that touch them, and to those that hold them, as bits: box ``i`` is bit ``i``.

    Memory is up to four times the number of regions times the number of boxes, in bits.
    """

    def __init__(self, sets: Sequence[int], size: int) -> None:
        changes: dict[int, int] = {}
        for box, regions in enumerate(sets):
            for first, last in runs_of(regions):
                changes[first] = changes.get(first, 0) ^ 1 << box
                changes[last + 1] = changes.get(last + 1, 0) ^ 1 << box
        self._size = size
        self._every = (1 << len(sets)) - 1
        present = 0
        self._by_region: list[int] = []
        for region in range(size):
            present ^= changes.get(region, 0)
            self._by_region.append(present)
        self._touching: dict[int, int] = {}
        self._holding: dict[int, int] = {}

    def at(self, region: int) -> int:
        """The boxes that hold a region."""
        return self._by_region[region]

    def touching(self, regions: int) -> int:
        """The boxes that hold at least one of the regions."""
        known = self._touching.get(regions)
        if known is None:
            known = 0
            for node in self._nodes(regions):
                known |= self._either[node]
            self._touching[regions] = known
        return known

    def holding(self, regions: int) -> int:
        """The boxes that hold all of the regions."""
        known = self._holding.get(regions)
        if known is None:
            known = self._every
            for node in self._nodes(regions):
                known &= self._both[node]
            self._holding[regions] = known
        return known

    @cached_property
    def _either(self) -> list[int]:
        return self._tree(int.__or__)

    @cached_property
    def _both(self) -> list[int]:
        return self._tree(int.__and__)

    def _tree(self, join: Callable[[int, int], int]) -> list[int]:
        """A segment tree: node i joins what nodes 2i and 2i+1 say."""
        nodes = [0] * self._size + self._by_region
        for node in range(self._size - 1, 0, -1):
            left, right = nodes[2 * node], nodes[2 * node + 1]
            nodes[node] = left if left == right else join(left, right)
        return nodes

    def _nodes(self, regions: int) -> Iterator[int]:
        """Nodes that say it for exactly these regions."""
        for first, last in runs_of(regions):
            left, right = first + self._size, last + self._size + 1
            while left < right:
                if left & 1:
                    yield left
                    left += 1
                if right & 1:
                    right -= 1
                    yield right
                left >>= 1
                right >>= 1

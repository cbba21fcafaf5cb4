"""Sets of regions as integers, a bit per region, and as runs: first and last of each stretch without a hole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
    """From sets of regions to the boxes that touch them, both as bits: box ``i`` is bit ``i``.

    Memory is twice the number of regions times the number of boxes, in bits.
    """

    def __init__(self, sets: Sequence[int], size: int) -> None:
        changes: dict[int, int] = {}
        for box, regions in enumerate(sets):
            for first, last in runs_of(regions):
                changes[first] = changes.get(first, 0) ^ 1 << box
                changes[last + 1] = changes.get(last + 1, 0) ^ 1 << box
        self._size = size
        # a segment tree: node i holds what nodes 2i and 2i+1 hold together
        self._nodes = [0] * (2 * size)
        present = 0
        for region in range(size):
            present ^= changes.get(region, 0)
            self._nodes[size + region] = present
        for node in range(size - 1, 0, -1):
            left, right = self._nodes[2 * node], self._nodes[2 * node + 1]
            self._nodes[node] = left if left == right else left | right
        self._known: dict[int, int] = {}

    def at(self, region: int) -> int:
        """The boxes that hold a region."""
        return self._nodes[self._size + region]

    def touching(self, regions: int) -> int:
        """The boxes that hold at least one of the regions."""
        known = self._known.get(regions)
        if known is None:
            known = 0
            for first, last in runs_of(regions):
                known |= self._between(first, last)
            self._known[regions] = known
        return known

    def _between(self, first: int, last: int) -> int:
        found = 0
        left, right = first + self._size, last + self._size + 1
        while left < right:
            if left & 1:
                found |= self._nodes[left]
                left += 1
            if right & 1:
                right -= 1
                found |= self._nodes[right]
            left >>= 1
            right >>= 1
        return found

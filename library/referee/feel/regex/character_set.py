"""Sets of characters, as sorted ranges of code points."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

LAST = 0x10FFFF

# Planes without any assigned character but private ones; only their borders need a look.
_EMPTY_PLANES = range(4, 14)
_PRIVATE_PLANES = (15, 16)
_CASED = 0x1FFFF


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """Ranges of code points, both ends included, sorted, apart from each other."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> CharacterSet:
        """The set of these ranges, in any order and overlapping or not."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def of_characters(cls, characters: str) -> CharacterSet:
        return cls.of((ord(character), ord(character)) for character in characters)

    def __contains__(self, code: object) -> bool:
        if not isinstance(code, int):
            return False
        place = bisect_right(self.ranges, (code, LAST + 1)) - 1
        return place >= 0 and code <= self.ranges[place][1]

    def union(self, other: CharacterSet) -> CharacterSet:
        return CharacterSet.of(self.ranges + other.ranges)

    def complement(self) -> CharacterSet:
        gaps = []
        start = 0
        for first, last in self.ranges:
            if start < first:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= LAST:
            gaps.append((start, LAST))
        return CharacterSet(tuple(gaps))

    def without(self, other: CharacterSet) -> CharacterSet:
        return self.complement().union(other).complement()

    def with_case_variants(self) -> CharacterSet:
        """The set with the upper and lower case letters that belong to its members."""
        return CharacterSet.of(
            [
                *self.ranges,
                *(
                    (variant, variant)
                    for code, group in _case_variants().items()
                    if code in self
                    for variant in group
                ),
            ]
        )


@lru_cache(maxsize=1)
def _case_variants() -> dict[int, frozenset[int]]:
    """The other characters with the same lower or upper case, for each character that has any."""
    groups: dict[str, set[int]] = {}
    for code in range(_CASED + 1):
        character = chr(code)
        lower, upper = character.lower(), character.upper()
        if lower != character or upper != character:
            groups.setdefault(f"l{lower}", set()).add(code)
            groups.setdefault(f"u{upper}", set()).add(code)
    variants: dict[int, set[int]] = {}
    for group in groups.values():
        if len(group) > 1:
            for code in group:
                variants.setdefault(code, set()).update(group)
    return {code: frozenset(group) for code, group in variants.items()}


@lru_cache(maxsize=1)
def _categories() -> dict[str, CharacterSet]:
    ranges: dict[str, list[tuple[int, int]]] = {}
    for first, last in _planes():
        start, current = first, unicodedata.category(chr(first))
        for code in range(first + 1, last + 1):
            category = unicodedata.category(chr(code))
            if category != current:
                ranges.setdefault(current, []).append((start, code - 1))
                start, current = code, category
        ranges.setdefault(current, []).append((start, last))
    for plane in _EMPTY_PLANES:
        ranges["Cn"].append((plane << 16, (plane << 16) + 0xFFFF))
    for plane in _PRIVATE_PLANES:
        ranges["Co"].append((plane << 16, (plane << 16) + 0xFFFD))
        ranges["Cn"].append(((plane << 16) + 0xFFFE, (plane << 16) + 0xFFFF))
    return {category: CharacterSet.of(parts) for category, parts in ranges.items()}


def _planes() -> Iterable[tuple[int, int]]:
    return ((plane << 16, (plane << 16) + 0xFFFF) for plane in (0, 1, 2, 3, 14))


@lru_cache(maxsize=64)
def category(name: str) -> CharacterSet | None:
    """The characters of a Unicode category such as ``Lu``, or group of them such as ``L``; ``None`` if unknown."""
    if len(name) > 2 or not name:
        return None
    parts = [members for key, members in _categories().items() if key.startswith(name)]
    return CharacterSet.of(pair for part in parts for pair in part.ranges) if parts else None


@lru_cache(maxsize=1)
def word_characters() -> CharacterSet:
    """``\\w``: everything but punctuation, separators and others."""
    excluded = [members for key, members in _categories().items() if key[0] in "PZC"]
    return CharacterSet.of(pair for part in excluded for pair in part.ranges).complement()


EVERYTHING = CharacterSet(((0, LAST),))
WHITESPACE = CharacterSet.of_characters(" \t\n\r")
LINE_ENDS = CharacterSet.of_characters("\n\r")
NAME_START = CharacterSet.of(
    [
        (0x3A, 0x3A),
        (0x41, 0x5A),
        (0x5F, 0x5F),
        (0x61, 0x7A),
        (0xC0, 0xD6),
        (0xD8, 0xF6),
        (0xF8, 0x2FF),
        (0x370, 0x37D),
        (0x37F, 0x1FFF),
        (0x200C, 0x200D),
        (0x2070, 0x218F),
        (0x2C00, 0x2FEF),
        (0x3001, 0xD7FF),
        (0xF900, 0xFDCF),
        (0xFDF0, 0xFFFD),
        (0x10000, 0xEFFFF),
    ]
)
"""``\\i``: what an XML name may start with."""
NAME = NAME_START.union(
    CharacterSet.of([(0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040)])
)
"""``\\c``: what an XML name may hold."""

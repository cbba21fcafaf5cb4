"""Compiled patterns: where they match a text. Short work goes to Python's ``re``, the rest to the bounded matcher."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from referee.feel.fault import Fault
from referee.feel.frame import ACTIVITY, charge_items
from referee.feel.regex.bounded_matcher import MAX_INSTRUCTIONS, BoundedMatcher, Program, Spans
from referee.feel.regex.character_set import CharacterSet
from referee.feel.regex.nodes import Characters, Node, Sequence
from referee.feel.regex.pattern_reader import PatternReader
from referee.feel.regex.python_form import python_pattern, size, worst_degree

# Steps that `re` may take at worst: less than a second for one text, and for all texts of one evaluation a few.
_MAX_COST = 10_000_000
_MAX_COSTS = 200_000_000


class Pattern:
    """A pattern with its flags. Matching raises ``Fault`` where it would take too much work."""

    def __init__(self, node: Node, groups: int, *, multi_line: bool, ignore_case: bool) -> None:
        self.groups = groups
        self._node = node
        self._multi_line = multi_line
        self._ignore_case = ignore_case
        self._size = size(node)
        if self._size > MAX_INSTRUCTIONS:
            raise Fault("too-much-work", "the pattern has too many repetitions")
        self._degree = worst_degree(node)
        self._quick: re.Pattern[str] | None = None
        self._program: Program | None = None

    def is_found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text."""
        return next(self.matches(text), None) is not None

    @property
    def matches_nothing(self) -> bool:
        """Whether the pattern matches the empty text."""
        return self.is_found_in("")

    def matches(self, text: str) -> Iterator[Spans]:
        """The matches from left to right, none of them within another: spans of the whole and of each group."""
        if self._degree is not None and _affordable(self._size * (len(text) + 1) ** (self._degree + 1)):
            return self._quick_matches(text)
        return self._bounded_matches(text)

    def _quick_matches(self, text: str) -> Iterator[Spans]:
        if self._quick is None:
            translated = python_pattern(
                self._node, multi_line=self._multi_line, ignore_case=self._ignore_case
            )
            self._quick = re.compile(translated)
        for match in self._quick.finditer(text):
            yield tuple(match.span(group) for group in range(self.groups + 1))

    def _bounded_matches(self, text: str) -> Iterator[Spans]:
        if self._program is None:
            self._program = Program(self._node, self.groups)
        matcher = BoundedMatcher(
            self._program, text, multi_line=self._multi_line, ignore_case=self._ignore_case
        )
        place = spent = 0
        charge_items(len(text) >> 4)
        while place <= len(text):
            try:
                spans = matcher.search(place)
            finally:  # a search that is given up has taken the most
                charge_items(matcher.steps - spent)
                spent = matcher.steps
            if spans is None:
                return
            yield spans[: self.groups + 1]
            start, end = spans[0]
            place = end if end > start else end + 1


def _affordable(cost: int) -> bool:
    """Whether `re` may be given work of this cost at worst."""
    activity = ACTIVITY
    if cost > _MAX_COST or not activity.running:
        return cost <= _MAX_COST
    activity.matching += cost
    return activity.matching <= _MAX_COSTS


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str) -> Pattern:
    """The pattern, with flags out of ``s m i x q``; ``Fault`` for one that is no XPath pattern, or unknown flags."""
    unknown = set(flags) - set("smixq")
    if unknown:
        shown = ", ".join(f"`{flag}`" for flag in sorted(unknown))
        raise Fault("invalid-flags", f"{shown} is no flag; flags are s, m, i, x and q")
    ignore_case = "i" in flags
    if "q" in flags:
        return Pattern(_literal(pattern, ignore_case), 0, multi_line=False, ignore_case=ignore_case)
    reader = PatternReader(
        pattern, ignore_case=ignore_case, dot_all="s" in flags, skip_whitespace="x" in flags
    )
    node = reader.read()
    return Pattern(node, reader.groups, multi_line="m" in flags, ignore_case=ignore_case)


def _literal(text: str, ignore_case: bool) -> Node:
    sets = (CharacterSet.of_characters(character) for character in text)
    return Sequence(
        tuple(Characters(members.with_case_variants() if ignore_case else members) for members in sets)
    )

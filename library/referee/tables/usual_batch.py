"""The usual case for whole columns of values at once, with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from referee.tables.hit_policy import HitPolicy
from referee.tables.usual_column import EXACT, BooleanColumn, NumberColumn, Span, TextColumn, UsualColumn

NOT_USUAL = -1
"""Stands for the hit of a row that must be decided by itself."""

_WORD = 64
_ROWS_TOGETHER = 1024

Values = list[Any] | NDArray[Any]
Regions = NDArray[np.intp]
Plain = NDArray[Any]
Hits = NDArray[np.intp]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch gives: a value per row, the rows that must be decided one by one, and what else is to be said.

    ``noted`` pairs rows with their hits where the result of the hit is more than a value.
    """

    values: list[Any]
    unusual: list[int]
    noted: list[tuple[int, int]]


class UsualBatch:
    """Decides many rows of a table under hit policy unique or first.

    A hit is the highest bit of a row's true rules, counted from 1, or 0 if none is true. ``values`` are the values by
    hit, ``is_noted`` says which have more to them.
    """

    def __init__(
        self,
        columns: Sequence[UsualColumn],
        policy: HitPolicy,
        values: Sequence[Any],
        is_noted: Sequence[bool],
    ) -> None:
        rule_count = len(values) - 1
        self._values = np.empty(len(values), object)
        self._values[:] = values
        self._is_noted = np.array(is_noted)
        self._columns = [_BatchColumn(column, rule_count) for column in columns]
        self._padding = -rule_count % _WORD
        self._words = -(-rule_count // _WORD)
        self._is_unique = policy is HitPolicy.UNIQUE

    def answers(self, values: Sequence[Values]) -> Answers:
        """The answers for rows, given as columns in order."""
        hits = self._hits(values)
        unusual = np.flatnonzero(hits == NOT_USUAL)
        noted = np.flatnonzero(self._is_noted[hits] & (hits != NOT_USUAL))
        return Answers(
            self._values[hits].tolist(),
            unusual.tolist(),
            list(zip(noted.tolist(), hits[noted].tolist(), strict=True)),
        )

    def _hits(self, values: Sequence[Values]) -> Hits:
        columns = [column.plain(each) for column, each in zip(self._columns, values, strict=True)]
        decide = self._of_few_rules if self._words == 1 else self._of_many_rules
        hits = np.empty(len(columns[0]), np.intp)
        step = _ROWS_TOGETHER * (16 if self._words == 1 else 1)
        for start in range(0, len(hits), step):
            hits[start : start + step] = decide([each[start : start + step] for each in columns])
        return hits

    def _of_few_rules(self, values: Sequence[Plain]) -> Hits:
        rules = np.full(len(values[0]), ~np.uint64(0))
        has_none = np.zeros(len(rules), np.bool_)
        for column, each in zip(self._columns, values, strict=True):
            regions = column.regions(each)
            has_none |= column.has_no_answer[regions]
            rules &= column.answers[regions]
        hits = _bit_length(rules)
        if self._is_unique:
            has_none |= (rules & (rules - np.uint64(1))) != 0
        hits[has_none] = NOT_USUAL
        return hits

    def _of_many_rules(self, values: Sequence[Plain]) -> Hits:
        """The words of every row's rules, the first rules in the highest bits of word 0, searched from the front."""
        rules = np.full((len(values[0]), self._words), ~np.uint64(0))
        more = np.empty_like(rules)
        has_none = np.zeros(len(rules), np.bool_)
        for column, each in zip(self._columns, values, strict=True):
            regions = column.regions(each)
            has_none |= column.has_no_answer[regions]
            np.take(column.words, column.place[regions], axis=0, out=more, mode="clip")
            rules &= more
        hits = np.zeros(len(rules), np.intp)
        rows = np.arange(len(rules))
        while len(rows):
            word = (rules != 0).argmax(axis=1)
            found = rules[np.arange(len(rules)), word]
            length = _bit_length(found)
            hit = (self._words - 1 - word) * _WORD + length - self._padding
            is_true = found != 0
            for column, each in zip(self._columns, values, strict=True):
                column.verify(is_true, hit, each[rows])
            goes_on = found != 0
            if self._is_unique:
                hit[hits[rows] != 0] = NOT_USUAL
            else:
                goes_on &= ~is_true
            hits[rows[is_true]] = hit[is_true]
            rows, rules = rows[goes_on], rules[goes_on]
            taken = np.uint64(1) << (length[goes_on] - 1).astype(np.uint64)
            rules[np.arange(len(rules)), word[goes_on]] ^= taken
        hits[has_none] = NOT_USUAL
        return hits


class _BatchColumn:
    """A column's answers as words of bits, one row for each distinct answer; ``place`` gives the row of a region."""

    def __init__(self, column: UsualColumn, rule_count: int) -> None:
        self._column = column
        self.has_no_answer = np.array([answer is None for answer in column.answers])
        distinct: dict[int, int] = {}
        self.place = np.array([distinct.setdefault(answer or 0, len(distinct)) for answer in column.answers])
        width = -(-rule_count // _WORD)
        padding = -rule_count % _WORD if width > 1 else 0
        packed = b"".join((rules << padding).to_bytes(width * _WORD // 8, "big") for rules in distinct)
        self.words: Words = np.frombuffer(packed, ">u8").astype(np.uint64).reshape(-1, width)
        self.answers: Words = self.words[self.place, 0]
        """The answers by region where one word holds all rules."""
        self._thresholds: NDArray[np.float64] | None = None
        self._spans: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        if isinstance(column, NumberColumn):
            self._thresholds = np.array(column.thresholds)
            self._spans = [] if column.spans is None else _spans_by_turn(column.spans)

    def plain(self, values: Values) -> Plain:
        """The values as floats, or as regions where they aren't numbers."""
        column = self._column
        if isinstance(column, NumberColumn):
            numbers = _floats(values)
            if numbers is not None:
                return numbers
        if isinstance(values, np.ndarray):
            if values.dtype.kind == "b" and isinstance(column, BooleanColumn):
                return values.astype(np.intp) + 1
            # Only of these does numpy give back the values it was given.
            values = values.tolist() if values.dtype.kind in "OU" else list(values)
        if isinstance(column, NumberColumn):
            return np.fromiter(map(column.stand_in, values), np.float64, len(values))
        kinds = set(map(type, values))
        if isinstance(column, TextColumn) and kinds == {str}:
            return np.fromiter(map(column.regions.get, values, repeat(1)), np.intp, len(values))
        if isinstance(column, BooleanColumn) and kinds == {bool}:
            return np.frombuffer(bytes(values), np.uint8).astype(np.intp) + 1
        return np.fromiter(map(column.region, values), np.intp, len(values))

    def regions(self, plain: Plain) -> Regions:
        """The regions of what ``plain`` gave."""
        return plain if self._thresholds is None else np.searchsorted(self._thresholds, plain, side="right")

    def verify(self, is_true: NDArray[np.bool_], hits: Hits, numbers: Plain) -> None:
        """Takes out of ``is_true`` the rows whose hit has a span that the number is not in."""
        if not self._spans:
            return
        is_in = np.zeros(len(hits), np.bool_)
        for begins, ends in self._spans:
            is_in |= (begins[hits] <= numbers) & (numbers < ends[hits])
        is_true &= is_in


def _floats(values: Values) -> NDArray[np.float64] | None:
    """Numbers as floats that mean the same; None where some have none or are not plain."""
    if isinstance(values, np.ndarray):
        if values.dtype == np.float64:
            return values
        is_whole = values.dtype.kind in "iu"
        if not is_whole or (len(values) and not -EXACT <= values.min() <= values.max() <= EXACT):
            return None
        return values.astype(np.float64)
    kinds = set(map(type, values))
    if not kinds <= {float, int}:
        return None
    try:
        numbers = np.fromiter(values, np.float64, len(values))
    except OverflowError:
        return None
    if int in kinds and not (np.abs(numbers) < EXACT).all():
        return None
    return numbers


def _bit_length(words: Words) -> Hits:
    """The number of the highest bit that is set, counted from 1; 0 for none. Floats hold 32 bits exactly."""
    high = words >> np.uint64(32)
    is_high = high != 0
    _, exponents = np.frexp(np.where(is_high, high, words & np.uint64(0xFFFFFFFF)).astype(np.float64))
    return exponents + np.where(is_high, 32, 0)


def _spans_by_turn(spans: Sequence[Span]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Where rules, by their hits, begin and cease to be in for the first time, for the second time, and so on."""
    turns = -(-max(map(len, spans)) // 2)
    table = np.full((2 * turns, len(spans) + 1), np.inf)
    for hit, each in enumerate(spans, 1):
        table[: len(each), hit] = each
    return [(table[turn], table[turn + 1]) for turn in range(0, 2 * turns, 2)]

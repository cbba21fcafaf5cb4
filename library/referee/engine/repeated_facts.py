"""Sensitive facts that texts and results repeat: they must not reach the audit log that way either."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any

from referee.audit.sensitive import NOT_SHOWN
from referee.feel import FeelSyntaxError, parse_expression
from referee.feel.syntax import Number, String
from referee.feel.values.text import string
from referee.workbook import DecisionWorkbook

_LONGEST_QUOTED = 40
"""Characters of a value that messages about it quote."""

_UNMISTAKABLE = 4
"""A value of so many characters is found within words too."""


class RepeatedFacts:
    """Takes the values of a case's sensitive facts out of what is said about the case.

    ``names`` are those of the sensitive facts, whether the case has them or not.
    ``said`` are texts and numbers that the workbook says by itself, whatever the case: they stay, as they tell nothing.
    A part of a value, or something calculated from it, isn't recognised.
    """

    def __init__(
        self, values: Iterable[Any], said: frozenset[Any] = frozenset(), names: Set[str] = frozenset()
    ) -> None:
        self.names = names
        self._said = said
        texts = {text for value in values if not isinstance(value, bool) for text in _writings(value)}
        self._texts = sorted(texts, key=len, reverse=True)
        self._folded = tuple(text.casefold() for text in texts)

    def without(self, value: Any) -> Any:
        """The value with the mark ``(sensitive)`` wherever it repeats a fact; a mapping or list with its parts so."""
        if not self._texts or value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return value if value in self._said or not self._may_stand_in(value) else self._cut(value)
        if isinstance(value, Mapping):
            return {name: self.without(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(item) for item in value]
        if value in self._said:
            return value
        return NOT_SHOWN if _written(value) in self._texts else value

    def _may_stand_in(self, text: str) -> bool:
        folded = text.casefold()
        return any(each in folded for each in self._folded)

    def _cut(self, text: str) -> str:
        return re.sub("|".join(map(_pattern, self._texts)), NOT_SHOWN, text, flags=re.IGNORECASE)


def texts_of_cells(workbook: DecisionWorkbook) -> frozenset[Any]:
    """The texts and numbers that stand as such in output cells, and the doubt queue."""
    found: set[Any] = set()
    for table in workbook.tables:
        cells = [cell for rule in table.rules for cell in rule.outputs if not cell.is_blank]
        for text in {cell.text for cell in cells}:
            try:
                node = parse_expression(
                    text, (*workbook.dictionary.names, *(each.name for each in workbook.tables))
                )
            except FeelSyntaxError:
                continue
            if isinstance(node, String | Number):
                found.add(node.value)
    return frozenset(found) | {workbook.settings.doubt_queue}


def _writings(value: Any) -> set[str]:
    text = _written(value)
    ways = {text, text.strip(), text.strip()[:_LONGEST_QUOTED], " ".join(text.split())}
    if isinstance(value, Decimal):
        ways |= {str(value), format(value.normalize(), "f")}
    return {way for way in ways if way}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else string(value)


def _pattern(text: str) -> str:
    escaped = re.escape(text)
    return escaped if len(text) >= _UNMISTAKABLE else rf"(?<!\w){escaped}(?!\w)"

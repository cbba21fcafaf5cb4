"""One input column of a compiled table: its input expression and its cells, each distinct text once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from referee.domain import Diagnostic, Place
from referee.feel import Expression, UnaryTests
from referee.feel.fault import Fault
from referee.feel.values.text import string
from referee.tables.value_type import Conversion

_CELLS_EXPLAINED = 20


class ValueNotAllowed(Exception):
    """The value of an input expression is outside the allowed values of its clause."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Cell:
    """A distinct cell text of a column and the rules (bit per rule) that carry it."""

    tests: UnaryTests
    rules: int


@dataclass(frozen=True, slots=True)
class Column:
    """Matches the value of an input expression with every rule at once; rules are bits, the first rule is bit 0.

    ``irrelevant`` are the rules that take any value here, ``irrelevant_onwards`` those that do so in all later
    columns as well; ``places`` says where the cell of each rule stands.
    """

    expression: Expression
    convert: Conversion | None
    allowed: UnaryTests | None
    irrelevant: int
    irrelevant_onwards: int
    cells: tuple[Cell, ...]
    places: tuple[Place | None, ...]
    place: Place | None

    def value(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        """The value to test. A value of the wrong type is a diagnostic and null; raises ``ValueNotAllowed``."""
        found: list[Diagnostic] = []
        value = self.expression(scope, found)
        if found:
            sink.extend(self._placed(found))
        if self.convert is not None and value is not None:
            try:
                value = self.convert(value)
            except Fault as fault:
                message = f"`{self.expression.text}` is {quoted(value)}: {fault.message}"
                sink.append(Diagnostic(fault.code, message, place=self.place))
                value = None
        if self.allowed is not None and self.allowed(value, scope, []) is not True:
            message = (
                f"`{self.expression.text}` is {quoted(value)}, which is not one of the allowed values "
                f"{self.allowed.text.strip()}"
            )
            raise ValueNotAllowed(Diagnostic("input-not-allowed", message, place=self.place))
        return value

    def match(self, value: Any, scope: Mapping[str, Any], alive: int) -> tuple[int, int]:
        """The rules whose cell is true, and those whose cell cannot be told. Only rules in ``alive`` are looked at."""
        true, unknown = self.irrelevant, 0
        for cell in self.cells:
            if cell.rules & alive:
                outcome = cell.tests(value, scope, [])
                if outcome is True:
                    true |= cell.rules
                elif outcome is None:
                    unknown |= cell.rules
        return true, unknown

    def doubts(self, value: Any, scope: Mapping[str, Any], rules: int) -> list[Diagnostic]:
        """Why the cells of these rules cannot be told: one diagnostic per code, placed at the first such cell."""
        found: dict[str, Diagnostic] = {}
        explained = 0
        for cell in self.cells:
            concerned = cell.rules & rules
            if not concerned or explained == _CELLS_EXPLAINED:
                continue
            noticed: list[Diagnostic] = []
            if cell.tests(value, scope, noticed) is not None:
                continue
            explained += 1
            place = self.places[_first_rule(concerned)]
            for diagnostic in noticed or [_undecided(cell, value)]:
                if diagnostic.is_doubt:
                    found.setdefault(diagnostic.code, diagnostic.at(place) if place else diagnostic)
        return list(found.values())

    def _placed(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        return [diagnostic.at(self.place) for diagnostic in diagnostics] if self.place else diagnostics


def quoted(value: Any) -> str:
    """A value as it may stand in a message: texts in quotes, long values shortened."""
    text = f'"{value}"' if isinstance(value, str) else string(value) if value is not None else "null"
    return text if len(text) <= 60 else text[:57] + "..."


def _first_rule(rules: int) -> int:
    return (rules & -rules).bit_length() - 1


def _undecided(cell: Cell, value: Any) -> Diagnostic:
    return Diagnostic(
        "cell-undecided", f"`{cell.tests.text}` can't be told true or false for {quoted(value)}"
    )

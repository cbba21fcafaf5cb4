"""One input column of a compiled table: its input expression and its cells, each distinct text once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from referee.domain import Diagnostic, Place, Severity
from referee.feel import Expression, UnaryTests, syntax
from referee.feel.fault import Fault
from referee.feel.values.text import string
from referee.tables.decision_table import CellText
from referee.tables.index import Index
from referee.tables.value_type import Conversion

_CELLS_EXPLAINED = 20
_PLAIN = (syntax.Name, syntax.Path)


class ValueNotAllowed(Exception):
    """The value of an input expression is outside the allowed values of its clause."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Cell:
    """A distinct cell text that must be evaluated, and the rules (bit per rule) that carry it."""

    tests: UnaryTests
    rules: int


@dataclass(frozen=True, slots=True)
class Column:
    """Matches the value of an input expression with every rule at once; rules are bits, the first rule the highest.

    ``irrelevant`` are the rules that take any value here, ``irrelevant_onwards`` those that do so in all later
    columns as well. ``index`` answers for the cells that hold only literals, ``cells`` are all others. ``entries``
    are the cells as written, one per rule, and ``compile_cell`` makes tests of one. A column ``is_always_checked``
    when it has allowed values, even if no rule needs it. It ``speaks_of_null`` when its expression or any of its cells
    does; then its author has thought of it.
    """

    expression: Expression
    type: str
    convert: Conversion | None
    allowed: UnaryTests | None
    irrelevant: int
    irrelevant_onwards: int
    index: Index
    cells: tuple[Cell, ...]
    entries: tuple[CellText, ...]
    compile_cell: Callable[[CellText], UnaryTests]
    place: Place | None
    is_always_checked: bool = False
    speaks_of_null: bool = False

    def value(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        """The value to test. A value of the wrong type is a diagnostic and null; raises ``ValueNotAllowed``."""
        found: list[Diagnostic] = []
        value = self.expression(scope, found)
        if found:
            sink.extend(diagnostic.at(self.place) if self.place else diagnostic for diagnostic in found)
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
        """The rules whose cell is true, and those whose cell can't be told. Expressions only for rules in ``alive``."""
        answer = self.index.look_up(value)
        if answer is None:
            true, unknown = self.irrelevant, 0
            cells: Sequence[Cell] = self._every_cell(alive)
        else:
            true, unknown = answer
            cells = self.cells
        for cell in cells:
            if cell.rules & alive:
                outcome = cell.tests(value, scope, [])
                if outcome is True:
                    true |= cell.rules
                elif outcome is None:
                    unknown |= cell.rules
        return true, unknown

    def unspoken(self, value: Any, scope: Mapping[str, Any], alive: int) -> int:
        """The rules in ``alive`` whose cell takes part in a test of null that the column does not speak of.

        FEEL answers such a test: null is not ``"high"``. But nobody wrote what null means here.
        """
        if self.speaks_of_null or (value is not None and not self.cells and self._is_plain):
            return 0
        tested = alive & ~self.irrelevant
        if value is None or (not self._is_plain and null_among(self.expression.names, scope)):
            return tested
        found = 0
        for cell in self.cells:
            if cell.rules & tested and null_among(cell.tests.names, scope):
                found |= cell.rules & tested
        return found

    @property
    def _is_plain(self) -> bool:
        """Whether the expression is null when what it names is null."""
        return isinstance(self.expression.syntax, _PLAIN)

    def doubts(self, value: Any, scope: Mapping[str, Any], rules: int) -> list[Diagnostic]:
        """Why the cells of these rules cannot be told: one diagnostic per code, placed at the first such cell."""
        found: dict[str, Diagnostic] = {}
        for rule in islice(numbers(rules, len(self.entries)), _CELLS_EXPLAINED):
            entry = self.entries[rule]
            noticed: list[Diagnostic] = []
            tests = self.compile_cell(entry)
            if tests(value, scope, noticed) is not None:
                if not self.unspoken(value, scope, bit(rule, len(self.entries))):
                    continue
                noticed = [self._unspoken(value, tests, scope)]
            for diagnostic in noticed or [_undecided(entry, value)]:
                if diagnostic.is_doubt:
                    if diagnostic.code == "null-operand":
                        diagnostic = self._with_mend(diagnostic, value, tests, scope)
                    place = entry.place or self.place
                    found.setdefault(diagnostic.code, diagnostic.at(place) if place else diagnostic)
        return list(found.values())

    def _with_mend(
        self, diagnostic: Diagnostic, value: Any, tests: UnaryTests, scope: Mapping[str, Any]
    ) -> Diagnostic:
        subject = self.expression.text if value is None else null_among(tests.names, scope)
        if not subject:
            return diagnostic
        has_no_rule = value is None and not self.speaks_of_null
        mend = "write a rule for `null`" if has_no_rule else "say in this cell what null means"
        is_fact = value is not None or isinstance(self.expression.syntax, syntax.Name)
        never = "make the fact required" if is_fact else "see that it is never null"
        message = f"`{subject.strip()}` is null, and {diagnostic.message}; {mend}, or {never}"
        return replace(diagnostic, message=message)

    def _unspoken(self, value: Any, tests: UnaryTests, scope: Mapping[str, Any]) -> Diagnostic:
        subject = self.expression.text
        if value is not None:
            subject = null_among(self.expression.names | tests.names, scope)
        message = (
            f"`{subject.strip()}` is null, and no cell of the column `{self.expression.text.strip()}` says what null "
            "means; write a rule for `null`, or see that it is never null"
        )
        return Diagnostic("null-unspoken", message, Severity.WARNING)

    def _every_cell(self, alive: int) -> list[Cell]:
        """The distinct cells of the rules still alive, for a value that has no index."""
        carriers: dict[str, int] = {}
        count = len(self.entries)
        for rule in numbers(alive & ~self.irrelevant, count):
            text = self.entries[rule].text
            carriers[text] = carriers.get(text, 0) | bit(rule, count)
        return [Cell(self.compile_cell(CellText(text)), rules) for text, rules in carriers.items()]


def bit(rule: int, count: int) -> int:
    """The bit of a rule by its position among ``count`` rules. The first rule has the highest, which is found fast."""
    return 1 << (count - 1 - rule)


def numbers(rules: int, count: int) -> Iterator[int]:
    """The positions of the rules whose bits are set, in table order."""
    while rules:
        highest = rules.bit_length()
        yield count - highest
        rules ^= 1 << (highest - 1)


def quoted(value: Any) -> str:
    """A value as it may stand in a message: texts in quotes, long values shortened."""
    text = f'"{value}"' if isinstance(value, str) else string(value) if value is not None else "null"
    return text if len(text) <= 60 else text[:57] + "..."


def null_among(names: Iterable[str], scope: Mapping[str, Any]) -> str:
    """The first of the names whose value was asked for and is null; empty where there is none."""
    return next((name for name in sorted(names) if scope.get(name, "") is None), "")


def _undecided(entry: CellText, value: Any) -> Diagnostic:
    return Diagnostic("cell-undecided", f"`{entry.text}` can't be told true or false for {quoted(value)}")

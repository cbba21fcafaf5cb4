"""From a decision table as written to one that decides; every fault of the table is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from referee.domain import Diagnostic, Place, RulesError
from referee.feel import (
    Expression,
    FeelSyntaxError,
    Names,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    parse_unary_tests,
    syntax,
)
from referee.feel.expression import NO_TYPES
from referee.feel.fault import Fault
from referee.feel.types import FeelType
from referee.feel.values import Range
from referee.tables.column import Cell, Column, bit, numbers
from referee.tables.compiled_table import CompiledTable
from referee.tables.decision_table import CellText, DecisionTable, InputClause, OutputClause
from referee.tables.index import Index
from referee.tables.literal_cell import LiteralCell, literal_cell, tests_null
from referee.tables.output import Output, OutputCell
from referee.tables.value_type import Conversion, TypeNames, feel_conversion

_Compiled = TypeVar("_Compiled", Expression, UnaryTests)


def compile_table(
    table: DecisionTable,
    names: Iterable[str] = (),
    *,
    members: Iterable[str] = (),
    types: Mapping[str, FeelType] = NO_TYPES,
    conversion: TypeNames = feel_conversion,
    costly: Collection[str] = (),
) -> CompiledTable:
    """The table ready to decide; raises ``RulesError`` with all its faults, each with its place.

    ``names`` are the names its cells may use, ``members`` names of context entries that hold symbols and ``types``
    the model's own types; ``conversion`` finds the conversion to a clause's type. Columns whose input expression
    uses a ``costly`` name (a model) are evaluated last, all others in the order written.
    """
    return _Compiler(table, Names(names), frozenset(members), types, conversion).compile(frozenset(costly))


class _Compiler:
    def __init__(
        self,
        table: DecisionTable,
        names: Names,
        members: frozenset[str],
        types: Mapping[str, FeelType],
        conversion: TypeNames,
    ) -> None:
        self._table = table
        self._names = names
        self._members = members
        self._types = types
        self._type_names = conversion
        self._faults: list[Diagnostic] = []
        self._expressions: dict[str, Expression | None] = {}
        self._tests: dict[str, UnaryTests | None] = {}

    def compile(self, costly: frozenset[str]) -> CompiledTable:
        self._check_shape()
        if self._faults:
            raise RulesError(f"table {self._table.name}", self._faults)
        columns = [self._column(position, clause) for position, clause in enumerate(self._table.inputs)]
        outputs = tuple(self._output(clause) for clause in self._table.outputs)
        self._check_priorities(outputs)
        cells = tuple(tuple(self._output_cell(cell) for cell in rule.outputs) for rule in self._table.rules)
        if self._faults:
            raise RulesError(f"table {self._table.name}", self._faults)
        cheap = [column for column in columns if column and costly.isdisjoint(column.expression.names)]
        dear = [column for column in columns if column and not costly.isdisjoint(column.expression.names)]
        ready = [*(replace(column, is_always_checked=column.allowed is not None) for column in cheap), *dear]
        used = frozenset[str]().union(
            *(compiled.names for compiled in self._expressions.values() if compiled is not None),
            *(compiled.names for compiled in self._tests.values() if compiled is not None),
        )
        return CompiledTable(self._table, _with_prospects(ready, len(cells)), outputs, cells, used)

    def _check_shape(self) -> None:
        table = self._table
        if not table.outputs:
            self._fault(
                "table-no-output", f"the table {table.name} has no output column; add one", table.place
            )
        if len(table.outputs) > 1:
            names = [clause.name.strip() for clause in table.outputs]
            for clause, name in zip(table.outputs, names, strict=True):
                if not name:
                    message = "an output column has no name; with several outputs each needs its own"
                    self._fault("table-output-name", message, clause.place or table.place)
                elif names.count(name) > 1:
                    message = (
                        f"the output name {name} stands over {names.count(name)} columns; names must differ"
                    )
                    self._fault("table-output-name", message, clause.place or table.place)
        for rule in table.rules:
            if len(rule.inputs) != len(table.inputs) or len(rule.outputs) != len(table.outputs):
                message = (
                    f"rule {rule.number} has {len(rule.inputs)} input and {len(rule.outputs)} output cells, "
                    f"but the table has {len(table.inputs)} input and {len(table.outputs)} output columns"
                )
                self._fault("table-rule-width", message, rule.place or table.place)

    def _check_priorities(self, outputs: Sequence[Output]) -> None:
        policy = self._table.hit_policy
        if policy.needs_priorities and not any(output.priorities for output in outputs):
            message = (
                f"hit policy {policy.value} ranks hits by the allowed values of the outputs, highest first, "
                "but no output lists any; add them or choose another hit policy"
            )
            self._fault("table-no-priorities", message, self._table.place)

    def _column(self, position: int, clause: InputClause) -> Column | None:
        place = clause.place or clause.expression.place or self._table.place
        expression = self._expression(clause.expression, place)
        allowed = (
            self._unary_tests(clause.allowed_values, place) if _is_given(clause.allowed_values) else None
        )
        irrelevant = 0
        carriers: dict[str, int] = {}
        entries = tuple(rule.inputs[position] for rule in self._table.rules)
        for rule, entry in enumerate(entries):
            if entry.is_irrelevant:
                irrelevant |= bit(rule, len(entries))
            else:
                carriers[entry.text] = carriers.get(entry.text, 0) | bit(rule, len(entries))
        literals: list[tuple[LiteralCell, int]] = []
        cells: list[Cell] = []
        for text, rules in carriers.items():
            literal = self._literal_cell(text)
            if literal is not None:
                literals.append((literal, rules))
                continue
            for rule in numbers(rules, len(entries)):
                tests = self._unary_tests(entries[rule], self._table.rules[rule].place)
            if tests is not None:
                cells.append(Cell(tests, rules))
        if expression is None:
            return None
        return Column(
            expression=expression,
            type=clause.type,
            convert=self._conversion(clause.type, place),
            allowed=allowed,
            irrelevant=irrelevant,
            irrelevant_onwards=irrelevant,
            index=Index(
                literals, irrelevant, len(entries), null_is_told=any(map(self._tests_null, carriers))
            ),
            cells=tuple(cells),
            entries=entries,
            compile_cell=self._cell_compiler(),
            place=place,
            speaks_of_null=any(value is None for literal, _ in literals for value in literal.values())
            or any(
                _holds_null(compiled.syntax)
                for compiled in (expression, allowed, *(cell.tests for cell in cells))
                if compiled is not None
            ),
        )

    def _literal_cell(self, text: str) -> LiteralCell | None:
        """The cell by its literals; None where it must be compiled, and where it has a fault for compiling to tell."""
        try:
            return literal_cell(parse_unary_tests(text, self._names, self._members))
        except FeelSyntaxError:
            return None

    def _tests_null(self, text: str) -> bool:
        try:
            return "null" in text and tests_null(parse_unary_tests(text, self._names, self._members))
        except FeelSyntaxError:
            return False

    def _cell_compiler(self) -> Callable[[CellText], UnaryTests]:
        names, members, types = self._names, self._members, self._types
        return lambda cell: compile_unary_tests(cell.text, names, members=members, types=types)

    def _output(self, clause: OutputClause) -> Output:
        place = clause.place or self._table.place
        allowed = (
            self._unary_tests(clause.allowed_values, place) if _is_given(clause.allowed_values) else None
        )
        default = self._output_cell(clause.default) if _is_given(clause.default) else None
        priorities: tuple[Any, ...] = ()
        if allowed is not None and self._table.hit_policy.needs_priorities:
            priorities = self._listed(allowed, place)
        return Output(clause.name, self._conversion(clause.type, place), allowed, priorities, default)

    def _listed(self, allowed: UnaryTests, place: Place | None) -> tuple[Any, ...]:
        """Allowed values in the order written; each must be a value, not a condition, to say which ranks higher."""
        noticed: list[Diagnostic] = []
        try:
            values = compile_expression(f"[{allowed.text}]")({}, noticed)
        except FeelSyntaxError:
            values = None
        if noticed or not isinstance(values, list) or any(isinstance(value, Range) for value in values):
            message = (
                f"hit policy {self._table.hit_policy.value} ranks hits by the order of these allowed values, so they "
                f"must be plain values: {allowed.text.strip()}"
            )
            self._fault("table-no-priorities", message, place)
            return ()
        return tuple(values)

    def _output_cell(self, cell: CellText | None) -> OutputCell:
        if cell is None or cell.is_blank:
            return OutputCell(None, cell.place if cell else None)
        expression = self._expression(cell, self._table.place)
        if expression is None or isinstance(expression.syntax, syntax.Name) or _holds_null(expression.syntax):
            return OutputCell(expression, cell.place)
        return OutputCell(expression, cell.place, expression.names)

    def _expression(self, cell: CellText, place: Place | None) -> Expression | None:
        return self._compiled(cell, place, self._expressions, compile_expression)

    def _unary_tests(self, cell: CellText | None, place: Place | None) -> UnaryTests | None:
        return None if cell is None else self._compiled(cell, place, self._tests, compile_unary_tests)

    def _compiled(
        self,
        cell: CellText,
        place: Place | None,
        known: dict[str, _Compiled | None],
        compile_text: Callable[..., _Compiled],
    ) -> _Compiled | None:
        """The compiled text, each text once; a text that has a fault is reported at every place it stands."""
        if cell.text in known:
            compiled = known[cell.text]
            if compiled is not None:
                return compiled
        place = cell.place or place
        try:
            compiled = compile_text(cell.text, self._names, members=self._members, types=self._types)
        except FeelSyntaxError as error:
            self._faults.append(Diagnostic("syntax", error.message, place=place, span=error.span))
            compiled = None
        if compiled is not None:
            unknown = sorted(compiled.names - self._names.all)
            for name in unknown:
                message = f"`{cell.text.strip()}` uses the name {name}, which is not known here"
                self._fault("unknown-name", message, place)
            if unknown:
                compiled = None
        known[cell.text] = compiled
        return compiled

    def _conversion(self, type_name: str, place: Place | None) -> Conversion | None:
        try:
            return self._type_names(type_name)
        except Fault as fault:
            self._fault(fault.code, fault.message, place)
            return None

    def _fault(self, code: str, message: str, place: Place | None) -> None:
        self._faults.append(Diagnostic(code, message, place=place))


def _holds_null(node: object) -> bool:
    return isinstance(node, syntax.Null) or any(_holds_null(child) for child in syntax.children(node))


def _is_given(cell: CellText | None) -> bool:
    return cell is not None and not cell.is_irrelevant


def _with_prospects(columns: Sequence[Column], rules: int) -> tuple[Column, ...]:
    """The columns, each knowing the rules that no later column can rule out."""
    onwards = (1 << rules) - 1
    ready: list[Column] = []
    for column in reversed(columns):
        onwards &= column.irrelevant
        ready.append(replace(column, irrelevant_onwards=onwards))
    return tuple(reversed(ready))

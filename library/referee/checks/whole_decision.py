"""A table within its decision: the facts that its inputs are made of, and what it decides for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from referee.checks.case_space import InputValues
from referee.checks.cell_logic import cell_logic, names_in
from referee.checks.dimension import Dimension
from referee.checks.possible import ANYTHING, Possible, of_regions
from referee.checks.possible_results import Known, path_text, possible_value
from referee.checks.possible_tables import PossibleTable
from referee.checks.value_line import kinds_of_type
from referee.domain import Diagnostic, RulesError, Severity
from referee.feel import (
    NOT_CONSTANT,
    Expression,
    FeelSyntaxError,
    Names,
    compile_expression,
    constant,
    parse_expression,
    parse_unary_tests,
    syntax,
)
from referee.tables import CellText, CompiledTable, DecisionTable, compile_table

Evaluate = Callable[[str], tuple[Any, bool]]


class WholeDecision:
    """A table, the other tables whose results it needs, and the facts that all of them use.

    ``inputs`` tells what facts and scores may hold, by name or path. Those of contexts and lists are no facts that a
    case could be made of.
    """

    def __init__(
        self,
        table: DecisionTable,
        inputs: Mapping[str, InputValues],
        names: Names,
        others: Sequence[DecisionTable] = (),
    ) -> None:
        self.table = table
        self._inputs = inputs
        self._names = names
        by_name = {other.name: other for other in others if other.name != table.name}
        self._nodes: dict[tuple[str, bool], Any] = {}
        self.needed = self._in_order(by_name)
        self._results = {
            path: (name, position) for name, each in by_name.items() for path, position in _outputs(each)
        }

    def is_fact(self, expression: str) -> bool:
        """Whether an input is a fact, score or path by itself, rather than something that follows from others."""
        if expression in self._results:
            return False
        node = self.node(expression)
        path = path_text(node) if node is not None else ""
        if not path:
            return False
        if path in self._inputs:
            return True
        root = path.partition(".")[0]
        return (
            not (root in self._inputs and kinds_of_type(self._inputs[root].type)) and root not in self.needed
        )

    def node(self, expression: str) -> syntax.Node | None:
        """The expression as a tree; None where it can't be read."""
        return self._tree(expression, is_test=False)  # type: ignore[no-any-return]

    def cell_node(self, cell: CellText) -> object:
        """An input cell as a tree; nothing where it can't be read."""
        return self._tree(cell.text, is_test=True) or syntax.Null()

    def bounds(self, facts: Callable[[str], Possible | None]) -> Callable[[str], Possible]:
        """The values an expression may have, by what facts may be."""
        known = self.known(facts)
        return lambda expression: self.possible(expression, known)

    def evaluated(self, facts: Mapping[str, Any]) -> Evaluate | None:
        """The value of an expression, and whether it is in doubt; None where a table that is needed is in doubt."""
        scope = self.scope(facts)
        return None if scope is None else lambda expression: self.value(expression, scope)

    def facts_in(self, expression: str) -> list[str]:
        """The paths of the facts that an expression uses, itself or by other tables."""
        node = self.node(expression)
        return [] if node is None else self.facts_of([node])

    def possible(self, expression: str, known: Known) -> Possible:
        """The values an expression may have."""
        node = self.node(expression)
        return ANYTHING if node is None else possible_value(node, known)

    def known(self, facts: Callable[[str], Possible | None]) -> Known:
        """What names may be, results of tables among them, by what facts may be."""
        found: dict[str, Possible | None] = {}

        def look(path: str) -> Possible | None:
            if path not in found:
                found[path] = self._looked(path, look, facts)
            return found[path]

        return look

    def _looked(self, path: str, look: Known, facts: Callable[[str], Possible | None]) -> Possible | None:
        if path in self._results:
            name, position = self._results[path]
            if name in self.needed:
                return self._possible_tables[name].result(look, position)
        return facts(path)

    @cached_property
    def facts_known(self) -> Known:
        """What names may be over all cases."""
        return self.known(self.fact)

    def fact(self, path: str) -> Possible | None:
        """All that a fact may be; None for what is none."""
        dimension = self.dimension(path)
        return None if dimension is None else of_regions(dimension, dimension.full)

    def dimension(self, path: str) -> Dimension | None:
        """The line of a fact's values."""
        if path not in self._dimensions:
            self._dimensions[path] = self._line(path)
        return self._dimensions[path]

    @cached_property
    def _dimensions(self) -> dict[str, Dimension | None]:
        return {}

    def _line(self, path: str) -> Dimension | None:
        values = self._inputs.get(path)
        if values is None or path in self._results or not kinds_of_type(values.type):
            return None
        allowed = []
        if values.allowed_values.strip() not in ("", "-"):
            tree = self._tree(values.allowed_values, is_test=True)
            logic = None if tree is None else cell_logic(tree)
            allowed = [logic] if logic is not None else []
        return Dimension(path, values.type, [], allowed, may_be_null=values.may_be_null)

    def facts_of(self, nodes: Iterable[object]) -> list[str]:
        """The paths of the facts that expressions use, themselves or by other tables."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        for node in nodes:
            self._gather(node, found, seen)
        return list(found)

    def _gather(self, node: object, found: dict[str, None], seen: set[str]) -> None:
        path = path_text(node)
        if path in self._results or (path and path.partition(".")[0] in self.needed):
            name = self._results[path][0] if path in self._results else path.partition(".")[0]
            if name not in seen:
                seen.add(name)
                for each in self.nodes_of(self.needed[name]) if name in self.needed else ():
                    self._gather(each, found, seen)
            return
        if path and self.dimension(path) is not None:
            found[path] = None
            return
        for child in syntax.children(node):
            self._gather(child, found, seen)

    @cached_property
    def facts(self) -> list[str]:
        """The facts that a case of the table holds: all that it uses, and all that a case must bring."""
        required = [
            path
            for path, values in self._inputs.items()
            if "." not in path
            and not values.may_be_null
            and path not in self._results
            and path_text(self.node(path)) == path
            and kinds_of_type(values.type)
        ]
        return list(dict.fromkeys((*self.used_facts, *required)))

    @cached_property
    def used_facts(self) -> list[str]:
        """The facts that the table uses, itself or by other tables."""
        return self.facts_of(self.nodes_of(self.table))

    def nodes_of(self, table: DecisionTable) -> list[Any]:
        """Every expression of a table, and every cell that may use a name; of other tables than its own all cells."""
        cells = {(cell.text, is_test): None for cell, is_test in cells_of(table)}
        if table is self.table:
            # most cells of long tables are literals: to read them all takes long
            cells = {key: None for key in cells if any(name in key[0] for name in self._names.all)}
        return [tree for text, is_test in cells if (tree := self._tree(text, is_test=is_test)) is not None]

    @cached_property
    def constants(self) -> list[Any]:
        """The literals that stand in any cell or expression of the tables."""
        found: dict[str, Any] = {}
        for table in (self.table, *self.needed.values()):
            for node in self.nodes_of(table):
                for value in _constants(node):
                    found[f"{type(value)} {value}"] = value
        return list(found.values())

    def scope(self, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        """The facts with the results of the tables that are needed; None where one of these is in doubt."""
        scope: dict[str, Any] = nested(facts)
        for compiled in self._compiled_others:
            sink: list[Diagnostic] = []
            scope[compiled.table.name] = compiled.decide(scope, sink).value
            if any(each.severity is not Severity.INFO for each in sink):
                return None
        return scope

    def value(self, expression: str, scope: Mapping[str, Any]) -> tuple[Any, bool]:
        """The value of an expression, and whether it is in doubt."""
        sink: list[Diagnostic] = []
        value = self._expression(expression)(scope, sink)
        return value, any(each.severity is not Severity.INFO for each in sink)

    @cached_property
    def is_decidable(self) -> bool:
        """Whether the tables compile by themselves: a DMN file may give them more than their names here."""
        try:
            return bool(self.compiled) and self._compiled_others is not None
        except RulesError:
            return False

    @cached_property
    def compiled(self) -> CompiledTable:
        return compile_table(self.table, self._names.all)

    @cached_property
    def _compiled_others(self) -> list[CompiledTable]:
        return [compile_table(each, self._names.all) for each in self.needed.values()]

    @cached_property
    def _possible_tables(self) -> dict[str, PossibleTable]:
        return {name: PossibleTable(table, self._inputs, self._names) for name, table in self.needed.items()}

    @cached_property
    def _expressions(self) -> dict[str, Expression]:
        return {}

    def _expression(self, text: str) -> Expression:
        if text not in self._expressions:
            self._expressions[text] = compile_expression(text, self._names.all)
        return self._expressions[text]

    def _tree(self, text: str, *, is_test: bool) -> Any:
        key = text, is_test
        if key not in self._nodes:
            try:
                read = parse_unary_tests if is_test else parse_expression
                self._nodes[key] = read(text, self._names)
            except FeelSyntaxError:
                self._nodes[key] = None
        return self._nodes[key]

    def _in_order(self, others: Mapping[str, DecisionTable]) -> dict[str, DecisionTable]:
        """The other tables that this one needs, each after those that it needs itself."""
        found: dict[str, DecisionTable] = {}
        open_ones: set[str] = set()

        def take(table: DecisionTable) -> None:
            used = set[str]().union(*(names_in(node) for node in self.nodes_of(table))) if others else set()
            for name in sorted(used & others.keys() - found.keys() - open_ones):
                open_ones.add(name)
                take(others[name])
                found[name] = others[name]

        take(self.table)
        return found


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by path as a scope: dotted names are nested contexts."""
    scope: dict[str, Any] = {}
    for path, value in facts.items():
        *above, name = path.split(".")
        around = scope
        for each in above:
            around = around.setdefault(each, {})
        around[name] = value
    return scope


def cells_of(table: DecisionTable) -> Iterator[tuple[CellText, bool]]:
    """Every cell that decides, with whether it is unary tests."""
    for clause in table.inputs:
        yield clause.expression, False
    for output in table.outputs:
        if output.default is not None and not output.default.is_blank:
            yield output.default, False
    for rule in table.rules:
        yield from ((cell, True) for cell in rule.inputs if not cell.is_irrelevant)
        yield from ((cell, False) for cell in rule.outputs if not cell.is_blank)


def _outputs(table: DecisionTable) -> Iterator[tuple[str, int]]:
    if len(table.outputs) == 1:
        yield table.name, 0
    else:
        for position, output in enumerate(table.outputs):
            yield f"{table.name}.{output.name}", position


def _constants(node: object) -> Iterator[Any]:
    value = constant(node)  # type: ignore[arg-type]
    if value is not NOT_CONSTANT:
        if value is not None:
            yield value
        return
    for child in syntax.children(node):
        yield from _constants(child)

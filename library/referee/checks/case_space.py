"""The space of cases of a table: its inputs as dimensions, its rules as boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any

from referee.checks.cell_logic import CellLogic, cell_logic, names_in, with_values
from referee.checks.dimension import Dimension, accepts_null
from referee.checks.region_set import RegionIndex, runs_of
from referee.checks.stretch import Stretch
from referee.checks.value_line import literal_text
from referee.feel import FeelSyntaxError, Names, parse_expression, parse_unary_tests, syntax
from referee.tables import CellText, DecisionTable, InputClause
from referee.tables.index import orders_with_literals
from referee.tables.literal_cell import literal_cell, tests_null

Box = tuple[int, ...]
"""A set of regions per dimension; the cases whose values lie in all of them."""


@dataclass(frozen=True, slots=True)
class InputValues:
    """What an input may hold: a FEEL type, allowed values as unary tests (empty: any), and whether null may occur.

    ``within`` are the only values there can be, where these are known by other means.
    """

    type: str = ""
    allowed_values: str = ""
    may_be_null: bool = False
    within: tuple[Stretch, ...] | None = None


@dataclass(frozen=True, slots=True)
class CellAnswers:
    """The regions where a cell is true and those where it can't be told. An open cell is known nowhere."""

    true: int
    doubt: int = 0
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class RuleBox:
    """Where a rule is true (``true``), and where it may be true (``reach``), as its open cells may say anything.

    ``live`` is where it may be true or is in doubt. Each is None where it holds no case at all. ``open_columns`` are
    the columns of its open cells. ``cells`` is ``reach`` dimension by dimension, whether it holds a case or not, and
    ``unspoken`` the nulls that its cells answer for without their column saying what null means. ``past_null`` are
    those that its cells ask an order of while a cell of their column tests for null: the cells are false there.
    """

    true: Box | None
    reach: Box | None
    live: Box | None
    open_columns: tuple[int, ...]
    cells: Box
    unspoken: Box
    past_null: Box


NO_RESULTS: Mapping[str, Sequence[Any]] = MappingProxyType({})
NO_CUTS: Mapping[str, Sequence[str]] = MappingProxyType({})
_MOST_VARIANTS = 500


class CaseSpace:
    """The dimensions that one or more tables share; columns with the same input expression are one dimension.

    ``unread`` are allowed values that are no plain literals: every value of the type is taken as allowed there.
    ``results`` are all values that tables may give, by their names: cells that compare with a result cut there too.
    ``cuts`` are unary tests by name: inputs that are dimensions whether a table has them or not, cut there too.
    ``nodes`` may give no value at all, whatever is asked of it: each has a dimension that says so by null, the last
    ones, by name in ``presence``.
    """

    def __init__(
        self,
        tables: Sequence[DecisionTable],
        inputs: Mapping[str, InputValues],
        names: Iterable[str] = (),
        results: Mapping[str, Sequence[Any]] = NO_RESULTS,
        cuts: Mapping[str, Sequence[str]] = NO_CUTS,
        nodes: Sequence[str] = (),
    ) -> None:
        self._names = Names(names)
        self._results = results
        self._trees: dict[str, syntax.UnaryTestsNode | None] = {}
        self._logics: dict[str, CellLogic | None] = {}
        self.unread: list[CellText] = []
        clauses: dict[str, list[tuple[DecisionTable, int, InputClause]]] = {}
        for table in tables:
            for column, clause in enumerate(table.inputs):
                clauses.setdefault(expression_key(clause), []).append((table, column, clause))
        for name in cuts:
            clauses.setdefault(name, [])
        self.dimensions = (
            *(
                self._dimension(expression, columns, inputs.get(expression), cuts.get(expression, ()))
                for expression, columns in clauses.items()
            ),
            *(Dimension(node, "context", [], may_be_null=True) for node in nodes),
        )
        self._position = {expression: at for at, expression in enumerate(clauses)}
        self.presence = {node: at for at, node in enumerate(nodes, len(clauses))}
        self.full: Box = tuple(dimension.full for dimension in self.dimensions)
        self._answers: dict[tuple[int, str], CellAnswers] = {}

    def dimension_of(self, clause: InputClause) -> int:
        return self._position[expression_key(clause)]

    def position(self, name: str) -> int:
        """The dimension of an input by its name or expression. Raises KeyError where there is none."""
        return self._position[name]

    def nodes_of(self, expression: str) -> frozenset[str]:
        """The nodes that an expression asks and that may give no value."""
        return self.names_of(expression) & self.presence.keys() if self.presence else frozenset()

    def names_of(self, expression: str) -> frozenset[str]:
        """The names that an expression uses."""
        try:
            return frozenset(names_in(parse_expression(expression, self._names)))
        except FeelSyntaxError:
            return frozenset()

    def answers(self, dimension: int, cell: CellText) -> CellAnswers:
        known = self._answers.get((dimension, cell.text))
        if known is None:
            logic = self.logic(cell)
            found = None if logic is None else self.dimensions[dimension].answers(logic)
            known = CellAnswers(0, is_open=True) if found is None else CellAnswers(*found)
            self._answers[dimension, cell.text] = known
        return known

    def logic(self, cell: CellText) -> CellLogic | None:
        """The logic of unary tests; None where their truth hangs on more than literals."""
        if cell.text not in self._logics:
            tree = self._tree(cell)
            self._logics[cell.text] = None if tree is None else cell_logic(tree)
        return self._logics[cell.text]

    def used_names(self, cell: CellText) -> frozenset[str]:
        """The names that a cell uses."""
        tree = self._tree(cell)
        return frozenset() if tree is None else frozenset(names_in(tree))

    def logic_with(self, cell: CellText, results: Mapping[str, Any]) -> CellLogic | None:
        """The logic of a cell that compares with results of tables, these being the results."""
        tree = self._tree(cell)
        nodes = {name: literal_node(value) for name, value in results.items()}
        if tree is None or any(node is None for node in nodes.values()):
            return None
        return cell_logic(with_values(tree, {name: node for name, node in nodes.items() if node is not None}))

    def _variants(self, cell: CellText) -> list[CellLogic]:
        """The logic of an open cell for each of the results it may compare with."""
        used = sorted(self.used_names(cell) & self._results.keys())
        values = [self._results[name] for name in used]
        if not used or prod(map(len, values)) > _MOST_VARIANTS:
            return []
        found = (self.logic_with(cell, dict(zip(used, each, strict=True))) for each in product(*values))
        return [logic for logic in found if logic is not None]

    def boxes(self, table: DecisionTable) -> tuple[RuleBox, ...]:
        """A box per rule, in table order."""
        positions = [self.dimension_of(clause) for clause in table.inputs]
        unspoken = [
            0 if self._speaks_of_null(table, column) else self.dimensions[at].null
            for column, at in enumerate(positions)
        ]
        told = [
            any(
                tests_null(tree)
                for tree in (self._tree(rule.inputs[column]) for rule in table.rules)
                if tree is not None
            )
            for column in range(len(positions))
        ]
        return tuple(self._box(rule.inputs, positions, unspoken, told) for rule in table.rules)

    def index(self, boxes: Sequence[Box | None]) -> BoxIndex:
        return BoxIndex(self, boxes)

    def case(self, box: Box) -> tuple[Any, ...]:
        """A value per dimension: a case in the box."""
        return tuple(
            dimension.sample(regions) for dimension, regions in zip(self.dimensions, box, strict=True)
        )

    def _tree(self, cell: CellText) -> syntax.UnaryTestsNode | None:
        text = "-" if cell.is_irrelevant else cell.text
        if text not in self._trees:
            try:
                self._trees[text] = parse_unary_tests(text, self._names)
            except FeelSyntaxError:
                self._trees[text] = None
        return self._trees[text]

    def _speaks_of_null(self, table: DecisionTable, column: int) -> bool:
        """Whether anything in a column does; if nothing does, each test of null there is in doubt."""
        clause = table.inputs[column]
        cells = [rule.inputs[column] for rule in table.rules]
        if clause.allowed_values is not None:
            cells.append(clause.allowed_values)
        texts = {cell.text: cell for cell in cells if "null" in cell.text}
        if any(_holds_null(self._tree(cell)) for cell in texts.values()):
            return True
        try:
            return _holds_null(parse_expression(clause.expression.text, self._names))
        except FeelSyntaxError:
            return False

    def _asks_order(self, cell: CellText) -> bool:
        tree = self._tree(cell)
        literal = None if tree is None else literal_cell(tree)
        return literal is not None and orders_with_literals(literal)

    def _box(
        self,
        cells: Sequence[CellText],
        positions: Sequence[int],
        unspoken: Sequence[int],
        told: Sequence[bool],
    ) -> RuleBox:
        true = list(self.full)
        reach = list(self.full)
        live = list(self.full)
        doubted = [0] * len(self.full)
        past_null = [0] * len(self.full)
        open_columns = []
        for column, (cell, at, null) in enumerate(zip(cells, positions, unspoken, strict=True)):
            if cell.is_irrelevant:
                continue
            answers = self.answers(at, cell)
            if answers.is_open:
                open_columns.append(column)
                true[at] = 0
                continue
            doubted[at] |= null
            true[at] &= answers.true
            reach[at] &= answers.true
            doubt = answers.doubt
            if told[column] and doubt & self.dimensions[at].null and self._asks_order(cell):
                past_null[at] |= self.dimensions[at].null
                doubt &= ~self.dimensions[at].null
            live[at] &= answers.true | doubt | null
        return RuleBox(
            _box(true),
            _box(reach),
            _box(live),
            tuple(open_columns),
            tuple(reach),
            tuple(doubted),
            tuple(past_null),
        )

    def _dimension(
        self,
        expression: str,
        columns: Sequence[tuple[DecisionTable, int, InputClause]],
        values: InputValues | None,
        cuts: Sequence[str],
    ) -> Dimension:
        clauses = [clause for _, _, clause in columns]
        type_name = (values.type if values else "") or next(
            (clause.type for clause in clauses if clause.type), ""
        )
        cells = {
            rule.inputs[column].text: rule.inputs[column]
            for table, column, _ in columns
            for rule in table.rules
        }
        logics = [logic for logic in map(self.logic, cells.values()) if logic is not None]
        logics += [
            logic for cell in cells.values() if self.logic(cell) is None for logic in self._variants(cell)
        ]
        logics += [logic for logic in map(self.logic, map(CellText, cuts)) if logic is not None]
        may_be_null = values.may_be_null if values else False
        allowed: list[CellLogic] = []
        declared = values.allowed_values if values else ""
        for text in [CellText(declared), *(clause.allowed_values for clause in clauses)]:
            if text is None or text.is_irrelevant:
                continue
            logic = self.logic(text)
            if logic is None:
                self.unread.append(text)
            elif logic not in allowed:
                allowed.append(logic)
            if text.text != declared:
                # a table refuses null where the allowed values of its column don't list it
                may_be_null = may_be_null and logic is not None and accepts_null(logic)
        within = values.within if values else None
        return Dimension(expression, type_name, logics, allowed, may_be_null=may_be_null, within=within)


class BoxIndex:
    """Which of many boxes touch a box, as bits by their positions; a box that is None touches nothing."""

    def __init__(self, space: CaseSpace, boxes: Sequence[Box | None]) -> None:
        self._indexes = [
            RegionIndex([0 if box is None else box[at] for box in boxes], dimension.size)
            for at, dimension in enumerate(space.dimensions)
        ]
        self._every = int("".join("0" if box is None else "1" for box in reversed(boxes)) or "0", 2)

    def touching(self, box: Box, *, but: int = -1) -> int:
        """The boxes that share a case with the box; ``but`` is a dimension left out of account."""
        found = self._every
        for at, (index, regions) in enumerate(zip(self._indexes, box, strict=True)):
            if at != but and found:
                found &= index.touching(regions)
        return found

    def holding(self, box: Box, among: int) -> int:
        """The boxes among some that hold all cases of the box."""
        for index, regions in zip(self._indexes, box, strict=True):
            if not among:
                break
            among &= index.holding(regions)
        return among

    def at(self, dimension: int, region: int) -> int:
        """The boxes that hold a region of a dimension."""
        return self._indexes[dimension].at(region)

    def by_value(self, dimension: int, regions: int, among: int) -> dict[int, int]:
        """Regions of a dimension by those of some boxes that hold them, one for all in the same boxes."""
        index = self._indexes[dimension]
        return {
            among & index.at(region): region
            for first, last in runs_of(regions)
            for region in range(first, last + 1)
        }


def expression_key(clause: InputClause) -> str:
    """What an input column is about: its expression without needless spaces."""
    return " ".join(clause.expression.text.split())


def common(left: Box, right: Box) -> Box | None:
    """The cases of both boxes."""
    return _box([a & b for a, b in zip(left, right, strict=True)])


def contains(outer: Box, inner: Box) -> bool:
    return all(not regions & ~around for around, regions in zip(outer, inner, strict=True))


def literal_node(value: Any) -> syntax.Node | None:
    """The value as FEEL's literal; None for one that has none."""
    if value is None:
        return syntax.Null()
    try:
        return parse_expression(literal_text(value))
    except FeelSyntaxError:
        return None


def _holds_null(node: object) -> bool:
    return isinstance(node, syntax.Null) or (
        node is not None and any(_holds_null(child) for child in syntax.children(node))
    )


def _box(regions: Sequence[int]) -> Box | None:
    return tuple(regions) if all(regions) else None

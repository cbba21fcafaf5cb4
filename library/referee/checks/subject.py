"""A table under examination: its space, its rules as boxes, their outputs, and what it decides for a case."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from referee.checks.budget import Budget
from referee.checks.case_space import Box, BoxIndex, CaseSpace, InputValues, expression_key
from referee.checks.cell_logic import names_in
from referee.checks.fact_search import MOST_PARTS_CUT, FactSearch, Found, Wanted
from referee.checks.finding import Case
from referee.checks.possible import Possible, of_regions, touched
from referee.checks.possible_results import Known, path_text
from referee.checks.region_set import runs_of
from referee.checks.whole_decision import WholeDecision, nested
from referee.domain import Diagnostic, Place, Severity
from referee.feel import NOT_CONSTANT, FeelSyntaxError, Names, constant, parse_expression, syntax
from referee.feel.values.equality import equality_key
from referee.tables import CellText, DecisionTable, Rule

OPEN: Any = NOT_CONSTANT
"""The output of a cell that must be evaluated."""


class Subject:
    """One table to be checked. ``names`` are all names its cells may use; if none are given, those of the inputs."""

    def __init__(
        self,
        table: DecisionTable,
        inputs: Mapping[str, InputValues],
        names: Iterable[str] = (),
        space: CaseSpace | None = None,
        others: Sequence[DecisionTable] = (),
    ) -> None:
        self.table = table
        self.names = frozenset(names) or _names_of(inputs)
        self._parsing = Names(self.names)
        self._inputs = inputs
        self._others = others
        self.decision = WholeDecision(table, inputs, self._parsing, others)
        self.space = space or CaseSpace([table], self._with_results(inputs), self.names)
        self.boxes = self.space.boxes(table)
        self._outputs: dict[str, tuple[Any, Hashable]] = {}
        self._names: dict[str, frozenset[str]] = {}

    def with_rules(self, rows: Iterable[Sequence[str]]) -> Subject:
        """The table with further rules below its own, given by their input cells; what they decide doesn't count."""
        written = self.table.rules
        added = tuple(
            Rule(number, tuple(map(CellText, row)), written[-1].outputs)
            for number, row in enumerate(rows, written[-1].number + 1)
        )
        table = replace(self.table, rules=(*written, *added))
        return Subject(table, self._inputs, self.names, others=self._others)

    @property
    def is_empty(self) -> bool:
        """Whether allowed values leave no case at all."""
        return not all(self.space.full)

    @cached_property
    def true_index(self) -> BoxIndex:
        return self.space.index([box.true for box in self.boxes])

    @cached_property
    def live_index(self) -> BoxIndex:
        return self.space.index([box.live for box in self.boxes])

    @cached_property
    def output_keys(self) -> tuple[tuple[Hashable, ...], ...]:
        """Per rule a key of its outputs: rules with one key give the same, by value or by the same expression."""
        return tuple(tuple(self.output(cell)[1] for cell in rule.outputs) for rule in self.table.rules)

    @cached_property
    def rules_by_outputs(self) -> dict[tuple[Hashable, ...], int]:
        """The rules of each output key, as bits."""
        texts: dict[tuple[Hashable, ...], list[str]] = {}
        count = len(self.output_keys)
        for at, key in enumerate(self.output_keys):
            texts.setdefault(key, ["0"] * count)[count - 1 - at] = "1"
        return {key: int("".join(digits), 2) for key, digits in texts.items()}

    def output(self, cell: CellText) -> tuple[Any, Hashable]:
        """The value of an output cell, ``OPEN`` if it must be evaluated, and a key to compare it by."""
        if cell.text not in self._outputs:
            self._outputs[cell.text] = self._read_output(cell)
        return self._outputs[cell.text]

    def output_values(self, rule: int) -> list[Any]:
        return [self.output(cell)[0] for cell in self.table.rules[rule].outputs]

    def has_open_output(self, rule: int) -> bool:
        return any(value is OPEN for value in self.output_values(rule))

    def names_in_output(self, rule: int) -> frozenset[str]:
        return frozenset().union(*(self._names_in(cell) for cell in self.table.rules[rule].outputs))

    def _names_in(self, cell: CellText) -> frozenset[str]:
        if cell.text not in self._names:
            self._names[cell.text] = frozenset()
            if not cell.is_blank:
                with suppress(FeelSyntaxError):
                    self._names[cell.text] = frozenset(names_in(parse_expression(cell.text, self._parsing)))
        return self._names[cell.text]

    def number(self, rule: int) -> int:
        return self.table.rules[rule].number

    def never_fires(self, rule: int) -> str:
        """The words for it. An input in doubt may still have a value by which a rule is reached."""
        but = " but in doubt" if self.calculates_with_optional_facts else ""
        return f"rule {self.number(rule)} can never fire{but}"

    def rule_place(self, rule: int) -> tuple[Place, ...]:
        written = self.table.rules[rule]
        places = [written.place, *(cell.place for cell in written.inputs)]
        return tuple(place for place in places if place is not None)[:1]

    def cell_place(self, rule: int, column: int) -> tuple[Place, ...]:
        place = self.table.rules[rule].inputs[column].place or self.table.rules[rule].place
        return (place,) if place is not None else ()

    @property
    def table_place(self) -> tuple[Place, ...]:
        return (self.table.place,) if self.table.place is not None else ()

    def columns_of(self, dimension: int) -> list[int]:
        return [
            column
            for column, clause in enumerate(self.table.inputs)
            if self.space.dimension_of(clause) == dimension
        ]

    def input_cells(self, box: Box) -> tuple[str, ...]:
        """The box as the input cells of a rule."""
        seen: set[int] = set()
        texts = []
        for clause in self.table.inputs:
            at = self.space.dimension_of(clause)
            texts.append("-" if at in seen else self.space.dimensions[at].cell_text(box[at]))
            seen.add(at)
        return tuple(texts)

    def words(self, box: Box) -> str:
        """``amount is > 5000 and country is "DE"``."""
        parts = [
            f"`{dimension.expression}` {dimension.words(regions)}"
            for dimension, regions in zip(self.space.dimensions, box, strict=True)
            if regions != dimension.full
        ]
        return " and ".join(parts) if parts else "anything is given"

    def known_in(self, box: Box) -> Known:
        """What names may be in the cases of a box."""
        inside = {
            dimension.expression: of_regions(dimension, regions)
            for at, (dimension, regions) in enumerate(zip(self.space.dimensions, box, strict=True))
            if at not in self.calculated
        }
        return self.decision.known(lambda path: inside.get(path) or self.decision.fact(path))

    def narrowed(self, box: Box) -> Box:
        """The box without values of calculated inputs that its facts can't bring, unless that takes longer to say."""
        found = list(box)
        known = self.known_in(box)
        for at in self.calculated:
            dimension = self.space.dimensions[at]
            if box[at] == dimension.full:
                continue
            kept = box[at] & touched(dimension, self.decision.possible(dimension.expression, known))
            if kept and len(runs_of(kept)) <= len(runs_of(box[at])):
                found[at] = kept
        return tuple(found)

    def shown(
        self,
        box: Box,
        budget: Budget,
        is_so: Callable[[Case], bool],
        *,
        facts: Mapping[str, Possible] | None = None,
        wanted: Sequence[Wanted] = (),
        most_parts: int = MOST_PARTS_CUT,
    ) -> Found[Case]:
        """A case in the box, decided, of which something is so; none where none is found, and whether none can be.

        ``facts`` are held within narrower bounds, ``wanted`` are values of further expressions. To cut
        the cases in fewer than ``most_parts`` is quicker where only a case is asked for. Raises ``OutOfBudget``.
        """
        if not self.decision.is_decidable:
            # a DMN model may give a table more than its names, types and functions say here
            values = dict(
                zip((each.expression for each in self.space.dimensions), self.space.case(box), strict=True)
            )
            return Found(None if self.calculated else Case(values))
        limits = [
            Wanted(dimension.expression, dimension, regions)
            for at, (dimension, regions) in enumerate(zip(self.space.dimensions, box, strict=True))
            if at not in self.calculated or regions != dimension.full
        ]
        nodes = [self.decision.cell_node(cell) for cell in self.open_cells]
        nodes += [self.decision.node(self.space.dimensions[at].expression) for at in self.calculated]

        def show(values: Mapping[str, Any]) -> Case | None:
            case = self.decided(values)
            return case if case is not None and is_so(case) else None

        return FactSearch(self.decision, [*limits, *wanted], show, budget, nodes, facts, most_parts).find()

    def decided(self, values: Mapping[str, Any]) -> Case | None:
        """A case and what the table decides for it; None where a table it needs is in doubt."""
        scope = self.decision.scope(values)
        if scope is None:
            return None
        sink: list[Diagnostic] = []
        result = self.decision.compiled.decide(scope, sink)
        fired = tuple(reference.number for reference in result.fired)
        said = (
            "no rule fires"
            if not fired
            else f"rule {fired[0]} fires"
            if len(fired) == 1
            else f"rules {', '.join(map(str, fired[:-1]))} and {fired[-1]} fire"
        )
        is_doubtful = any(each.severity is not Severity.INFO and each.code not in _BY_POLICY for each in sink)
        said += ", in doubt" if is_doubtful else ""
        used = {path: value for path, value in values.items() if path in self._used}
        return Case(used, said, nested(values), fired, is_doubtful)

    @cached_property
    def _used(self) -> frozenset[str]:
        plain = (
            each.expression for at, each in enumerate(self.space.dimensions) if at not in self.calculated
        )
        return frozenset((*plain, *self.decision.used_facts))

    @cached_property
    def calculated(self) -> frozenset[int]:
        """The dimensions whose values follow from facts, rather than being some."""
        return frozenset(
            at
            for at, dimension in enumerate(self.space.dimensions)
            if not self.decision.is_fact(dimension.expression)
        )

    @cached_property
    def calculates_with_optional_facts(self) -> bool:
        """Whether an input is calculated of a fact that may be missing: it is in doubt then."""
        trees = [self.decision.node(self.space.dimensions[at].expression) for at in self.calculated]
        used = self.decision.facts_of(tree for tree in trees if tree is not None)
        return any((fact := self.decision.fact(path)) is not None and fact.null for path in used)

    @cached_property
    def open_cells(self) -> list[CellText]:
        """The input cells that are free expressions, each once."""
        cells = {
            self.table.rules[rule].inputs[column].text: self.table.rules[rule].inputs[column]
            for rule, box in enumerate(self.boxes)
            for column in box.open_columns
        }
        return list(cells.values())

    def _with_results(self, inputs: Mapping[str, InputValues]) -> Mapping[str, InputValues]:
        """With what calculated inputs may give, so far as the facts and tables they are made of tell."""
        found = dict(inputs)
        for clause in self.table.inputs:
            expression = expression_key(clause)
            if self.decision.is_fact(expression):
                continue
            possible = self.decision.possible(expression, self.decision.facts_known)
            if possible.is_any or possible.items or not (possible.parts or possible.null):
                continue
            known = found.get(expression, InputValues(clause.type))
            found[expression] = replace(known, may_be_null=possible.null, within=possible.parts)
        return found

    def _read_output(self, cell: CellText) -> tuple[Any, Hashable]:
        if cell.is_blank:
            return None, ("value", equality_key(None))
        try:
            value = constant(parse_expression(cell.text, self._parsing))
        except FeelSyntaxError:
            value = OPEN
        if value is OPEN:
            return OPEN, ("expression", " ".join(cell.text.split()))
        return value, ("value", equality_key(value))


def _names_of(inputs: Iterable[str]) -> frozenset[str]:
    """The names among inputs, or those that their paths begin with; a calculation that is no name has none."""
    return frozenset(text.partition(".")[0].strip() for text in inputs if not _is_calculation(text))


def _is_calculation(text: str) -> bool:
    try:
        return not isinstance(parse_expression(text), (syntax.Name, syntax.Path))
    except FeelSyntaxError:
        return False


def results_of(tables: Sequence[DecisionTable], names: frozenset[str]) -> dict[str, tuple[Any, ...]]:
    """The values that tables with one output and only literals in it may give, by the names of the tables."""
    found: dict[str, tuple[Any, ...]] = {}
    for table in tables:
        if len(table.outputs) != 1 or not table.hit_policy.is_single:
            continue
        subject = Subject(table, {}, names)
        cells = [rule.outputs[0] for rule in table.rules]
        default = table.outputs[0].default
        read = {key: value for value, key in map(subject.output, [*cells, *([default] if default else [])])}
        if all(value is not OPEN for value in read.values()):
            found[table.name] = (*found.get(table.name, ()), *read.values())
    return found


_BY_POLICY = frozenset({"table-no-hit", "table-several-hits", "table-disagree"})


def as_facts(values: Mapping[str, Any], paths: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
    """Values by input expression as a scope, dotted names as nested contexts; and whether all of them are in it."""
    return nested({paths[each]: value for each, value in values.items() if paths[each]}), all(
        paths[each] for each in values
    )


def paths_of(expressions: Iterable[str], names: Names) -> dict[str, str]:
    """By expression the plain name or path of names that it is; empty for one that is computed."""
    return {expression: _path(expression, names) for expression in expressions}


def _path(expression: str, names: Names) -> str:
    try:
        return path_text(parse_expression(expression, names))
    except FeelSyntaxError:
        return ""


def listed(numbers: Sequence[int], most: int = 6) -> str:
    """``rule 3``, ``rules 3 and 5``, ``rules 3, 5 and 8``, ``rules 3, 5, 8 and 40 more``."""
    if len(numbers) == 1:
        return f"rule {numbers[0]}"
    if len(numbers) > most:
        return f"rules {', '.join(map(str, numbers[: most - 1]))} and {len(numbers) - most + 1} more"
    return f"rules {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"

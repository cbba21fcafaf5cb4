"""Tests that a workbook lacks: one for each rule that no test reaches, and one on each side of each limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from referee.domain import RuleRef
from referee.engine.calculated_inputs import CalculatedInputs
from referee.engine.example_case import Example, value_key
from referee.engine.rule_search import RuleSearch
from referee.engine.tested_values import Source, neighbours, scope_names, source_name, sources, unit
from referee.engine.trial import Trial
from referee.engine.workbook_tests import WorkbookTestReport, WorkbookTestResult, run_test
from referee.feel import Names, compile_unary_tests, parse_unary_tests
from referee.feel.values import to_feel
from referee.tables import CellText, DecisionTable, InputClause
from referee.tables.literal_cell import literal_cell
from referee.workbook import FactDefinition, WorkbookTest
from referee.workbook.samples import samples

TO_CONFIRM = "to confirm: "
"""Begins the name of every test that nobody has confirmed."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Proposed tests, the rules for which no case was found, and the values of calculated inputs for which none was.

    What a proposal expects is what the rules give today, which a person must confirm before it is a test.
    """

    tests: tuple[WorkbookTest, ...]
    not_found: tuple[RuleRef, ...]
    values_not_found: tuple[str, ...] = ()


def suggest(report: WorkbookTestReport) -> Suggestions:
    """Proposes tests: one for each rule that no test reaches, then one at and beside each limit where none lies yet.

    Each proposal has been decided by the workbook. At a limit it has every required fact and is not in doubt: what is
    would go to a person whatever the limit says. The same workbook gives the same proposals.
    """
    return _Suggester(report).suggestions()


class _Suggester:
    def __init__(self, report: WorkbookTestReport) -> None:
        self._report = report
        self._workbook = report.workbook
        self._trial = Trial(self._workbook)
        self._names = {result.test.name for result in report.results}
        self._ids = {str(result.test.facts.get(self._workbook.settings.case_id)) for result in report.results}
        self._tests: list[WorkbookTest] = []
        self._sources = sources(self._workbook)
        self._calculated = CalculatedInputs(self._trial, self._sources)
        self._columns = self._calculated_columns()
        self._tested: dict[str, set[Any]] = {name: set() for name in (*self._sources, *self._columns)}
        self._not_found: dict[str, tuple[str, Any]] = {}
        self._first: dict[tuple[str, int], Example] = {}
        self._clear: dict[tuple[str, int], Example] = {}
        for result in report.results:
            self._take(Example(result.test.facts, result.test.scores), result)

    def suggestions(self) -> Suggestions:
        search = RuleSearch(self._trial, self._usual_case())
        not_found = []
        tables = {table.name: table for table in self._workbook.tables}
        for missing in self._report.unreached:
            if (missing.table, missing.number) in self._first:
                continue  # by a proposal for another table
            table = tables[missing.table]
            rule = next(rule for rule in table.rules if rule.number == missing.number)
            example = search.example(table, rule)
            if example is None and any(each in self._columns for each in map(_expression, table.inputs)):
                fires = partial(self._fires, table.name, rule.number)
                example = self._calculated.reaching(table, rule, self._usual_case(), fires)
            if example is None:
                not_found.append(missing)
            else:
                title = f"{table.name}, rule {rule.number}"
                self._add(title, self._tried(title, example, table.name), table.name)
        for title, example, name in self._limits():
            result = self._tried(title, example, name)
            if not _is_in_doubt(result):
                self._add(title, result, name)
        not_found = [rule for rule in not_found if (rule.table, rule.number) not in self._first]
        untested = [
            said for said, (expression, key) in self._not_found.items() if key not in self._tested[expression]
        ]
        return Suggestions(tuple(self._tests), tuple(not_found), tuple(untested))

    def _calculated_columns(self) -> dict[str, InputClause]:
        """The inputs of tables that are neither facts nor scores, by their expressions."""
        names = scope_names(self._workbook)
        return {
            _expression(clause): clause
            for table in self._workbook.tables
            for clause in table.inputs
            if source_name(clause.expression, self._workbook, names) not in self._sources
        }

    def _fires(self, table: str, number: int, example: Example) -> bool:
        trace = self._trial.node(table, example.facts, example.scores).trace
        return any((rule.table, rule.number) == (table, number) for each in trace for rule in each.rules)

    def _take(self, example: Example, result: WorkbookTestResult) -> None:
        """Notes what a case tests: the first case that meets a rule stands for it, preferably one without doubt."""
        for name, source in self._sources.items():
            value = example.value(source)
            if value is not None:
                self._tested[name].add(value_key(value))
        for expression, clause in self._columns.items():
            self._tested[expression].add(value_key(self._calculated.value(clause, example)))
        met = [self._first] if _is_in_doubt(result) else [self._first, self._clear]
        for trace in result.traces:
            for rule in trace.rules:
                for cases in met:
                    cases.setdefault((rule.table, rule.number), example)

    def _limits(self) -> Iterator[tuple[str, Example, str]]:
        """A case at each limit of an ordered type, and one beside it, for which no test has that value yet.

        It is a case that meets the cell with the limit, with this one value changed.
        """
        names = scope_names(self._workbook)
        for table in self._workbook.tables:
            for rule in table.rules:
                key = (table.name, rule.number)
                found = self._clear.get(key) or self._first.get(key)
                if found is None:
                    continue
                meeting = self._completed(found)
                for clause, cell in zip(table.inputs, rule.inputs, strict=True):
                    if cell.is_irrelevant:
                        continue
                    source = self._sources.get(source_name(clause.expression, self._workbook, names))
                    where = f"{table.name}, rule {rule.number}"
                    if source is None:
                        yield from self._calculated_limits(table, clause, cell, meeting, where)
                        continue
                    for value in _sides(cell.text, names, source.step):
                        if source.allows(value) and value_key(value) not in self._tested[source.name]:
                            changed = meeting.changed(source, value)
                            yield f"{source.name} {to_feel(value)} at {where}", changed, table.name

    def _calculated_limits(
        self, table: DecisionTable, clause: InputClause, cell: CellText, meeting: Example, where: str
    ) -> Iterator[tuple[str, Example, str]]:
        """Cases with facts that bring a calculated input to a limit, and beside it."""
        expression = _expression(clause)
        names = scope_names(self._workbook)
        for value in _sides(cell.text, names, _step(cell, names)):
            key = value_key(value)
            if key in self._tested[expression]:
                continue

            def show(example: Example, key: Any = key) -> Example | None:
                if value_key(self._calculated.value(clause, example)) != key:
                    return None
                return None if _is_in_doubt(self._tried("", example, table.name)) else example

            said = f"{expression} = {to_feel(value)} at {where}"
            found = self._calculated.having(table, clause, value, meeting, show)
            if found is None:
                self._not_found[said] = (expression, key)
            else:
                yield said, found, table.name

    def _completed(self, example: Example) -> Example:
        """The case with every required fact: as another test has it, else any value that is allowed."""
        missing = {
            fact.name: value
            for fact in self._workbook.dictionary.facts
            if fact.required
            and example.facts.get(fact.name) in (None, "")
            and (value := self._known_value(fact)) is not None
        }
        return replace(example, facts={**example.facts, **missing}) if missing else example

    def _known_value(self, fact: FactDefinition) -> Any:
        tests = sorted(self._report.results, key=_is_in_doubt)
        known = (result.test.facts.get(fact.name) for result in tests)
        value = next((each for each in known if each not in (None, "")), None)
        if value is None and fact.name in self._sources:
            return _usual_value(fact, self._sources[fact.name])
        return value

    def _tried(self, title: str, example: Example, table: str) -> WorkbookTestResult:
        facts = {**example.facts, self._workbook.settings.case_id: self._new_id()}
        return run_test(self._trial, WorkbookTest(title, facts, {table: None}, example.scores))

    def _add(self, title: str, result: WorkbookTestResult, table: str) -> None:
        facts = result.test.facts
        self._ids.add(str(facts[self._workbook.settings.case_id]))
        decision = result.decision
        expected: dict[str, Any] = {"route": str(decision.route)}
        expected |= {"action": decision.action} if decision.action else {}
        expected |= {"queue": decision.queue} if decision.queue else {}
        value = next((trace.value for trace in result.traces if trace.name == table), None)
        if table != self._workbook.settings.route_table:
            if isinstance(value, Mapping):
                expected |= {f"{table}.{name}": part for name, part in value.items() if part is not None}
            elif value is not None:
                expected[table] = value
        asked = {trace.name for trace in result.traces}
        scores = {node: score for node, score in result.test.scores.items() if node in asked}
        self._tests.append(WorkbookTest(self._new_name(title), facts, expected, scores))
        self._take(Example(facts, scores), result)

    def _new_name(self, title: str) -> str:
        name, count = f"{TO_CONFIRM}{title}", 2
        while name in self._names:
            name, count = f"{TO_CONFIRM}{title} ({count})", count + 1
        self._names.add(name)
        return name

    def _new_id(self) -> Any:
        """A case id that no test has, of the kind its fact wants."""
        fact = self._workbook.dictionary.fact(self._workbook.settings.case_id)
        is_number = fact is not None and fact.type == "number"
        number = 1
        while str(number if is_number else f"S-{number:02}") in self._ids:
            number += 1
        return Decimal(number) if is_number else f"S-{number:02}"

    def _usual_case(self) -> Example:
        """The case that proposals start from: a test that is done without people, or any that is not in doubt."""
        tests = [result for result in self._report.results if not _is_in_doubt(result)]
        tests.sort(key=lambda result: result.decision.route != "auto")
        if tests:
            return Example(tests[0].test.facts, tests[0].test.scores)
        return Example(
            {
                fact.name: _usual_value(fact, self._sources[fact.name])
                for fact in self._workbook.dictionary.facts
                if not fact.protected and fact.required
            }
        )


def _is_in_doubt(result: WorkbookTestResult) -> bool:
    return any(diagnostic.is_doubt for diagnostic in result.decision.diagnostics)


def _usual_value(fact: FactDefinition, known: Source) -> Any:
    values = (*known.values, *samples(fact.type))
    return next((value for value in values if value is not None and known.allows(value)), None)


def _expression(clause: InputClause) -> str:
    return " ".join(clause.expression.text.split())


def _step(cell: CellText, names: Names) -> Decimal:
    literal = literal_cell(parse_unary_tests(cell.text, names))
    limits = literal.values() if literal is not None else ()
    return min((unit(limit) for limit in limits if isinstance(limit, Decimal)), default=Decimal(1))


def _sides(text: str, names: Names, step: Decimal) -> Iterator[Any]:
    """The limits of a literal cell and the nearest values on the side where it doesn't hold."""
    cell = literal_cell(parse_unary_tests(text, names))
    if cell is None:
        return
    tests = compile_unary_tests(text)
    limits = [value for value in cell.values() if value is not None and not isinstance(value, str | bool)]
    for limit in limits:
        inside = tests(limit, {}, []) is True
        yield limit
        yield from (
            value for value in neighbours(limit, step) if (tests(value, {}, []) is True) is not inside
        )

"""The tests that a workbook carries: run, compared cell by cell, and which rules they reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from referee.domain import CellAddress, Decision, NodeTrace, RuleRef
from referee.engine.trial import Trial
from referee.feel.values import equal
from referee.workbook import DecisionWorkbook, WorkbookTest

ROUTING = ("route", "action", "queue")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An expectation that wasn't met. ``what`` is the heading of its column and ``place`` its cell.

    ``fired`` are the rules that gave ``found``. ``doubts`` say why the case went to a person whatever the rules said.
    """

    what: str
    expected: Any
    found: Any
    place: CellAddress | None
    fired: tuple[RuleRef, ...]
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkbookTestResult:
    """What became of one test. ``traces`` are the tables and models that were evaluated, those that only the test
    asked for among them.
    """

    test: WorkbookTest
    decision: Decision
    traces: tuple[NodeTrace, ...]
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class TableCoverage:
    """Which rules of a table the tests reach: a rule is reached when it fires in at least one of them."""

    table: str
    reached: tuple[RuleRef, ...]
    unreached: tuple[RuleRef, ...]


@dataclass(frozen=True, slots=True)
class WorkbookTestReport:
    """All tests of a workbook and what they reach."""

    workbook: DecisionWorkbook
    results: tuple[WorkbookTestResult, ...]
    coverage: tuple[TableCoverage, ...]

    @property
    def failed(self) -> tuple[WorkbookTestResult, ...]:
        return tuple(result for result in self.results if not result.passed)

    @property
    def unreached(self) -> tuple[RuleRef, ...]:
        return tuple(rule for table in self.coverage for rule in table.unreached)


def run_tests(workbook: DecisionWorkbook) -> WorkbookTestReport:
    """Runs the Tests sheet. Models are never asked: the scores of a test stand in for them."""
    trial = Trial(workbook)
    results = tuple(run_test(trial, test) for test in workbook.tests)
    return WorkbookTestReport(workbook, results, coverage(workbook, results))


def run_test(trial: Trial, test: WorkbookTest) -> WorkbookTestResult:
    """Decides the case of a test and compares what it expects; blank expectations are not looked at."""
    decision = trial.decide(test.facts, test.scores, test.name)
    traces = {trace.name: trace for trace in decision.trace}
    tables = {table.name for table in trial.workbook.tables}
    for heading in test.expected:
        name = _table(heading, tables)
        if name and name not in traces:
            for trace in trial.node(name, test.facts, test.scores).trace:
                traces.setdefault(trace.name, trace)
    doubts = tuple(decision.reasons) if any(each.is_doubt for each in decision.diagnostics) else ()
    mismatches = []
    for heading, expected in test.expected.items():
        name = _table(heading, tables)
        found = _found(heading, name, decision, traces)
        if equal(found, expected) is not True:
            of = name or trial.workbook.settings.route_table
            fired = traces[of].rules if of in traces else ()
            place = test.places.get(heading)
            mismatches.append(Mismatch(heading, expected, found, place, fired, () if name else doubts))
    return WorkbookTestResult(test, decision, tuple(traces.values()), tuple(mismatches))


def coverage(workbook: DecisionWorkbook, results: Iterable[WorkbookTestResult]) -> tuple[TableCoverage, ...]:
    """What the tests reach, table by table in the order of the workbook."""
    fired = {
        (rule.table, rule.number) for result in results for trace in result.traces for rule in trace.rules
    }
    found = []
    for table in workbook.tables:
        rules = [RuleRef(table.name, rule.number, rule.place) for rule in table.rules]
        reached = tuple(rule for rule in rules if (rule.table, rule.number) in fired)
        unreached = tuple(rule for rule in rules if (rule.table, rule.number) not in fired)
        found.append(TableCoverage(table.name, reached, unreached))
    return tuple(found)


def _table(heading: str, tables: Iterable[str]) -> str:
    """The table an expectation is about; empty for route, action and queue."""
    if heading in tables:
        return heading
    table = heading.rpartition(".")[0]
    return table if table in tables else ""


def _found(heading: str, table: str, decision: Decision, traces: Mapping[str, NodeTrace]) -> Any:
    if not table:
        return str(getattr(decision, heading)) or None
    value = traces[table].value
    if heading == table:
        return value
    output = heading.removeprefix(f"{table}.")
    if isinstance(value, list):
        return [item.get(output) if isinstance(item, Mapping) else None for item in value]
    return value.get(output) if isinstance(value, Mapping) else None

"""Proposed tests: each is true today, together they reach every rule that can be reached, and both sides of limits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.engine.suggestion import TO_CONFIRM, Suggestions, suggest
from referee.engine.trial import Trial
from referee.engine.workbook_tests import run_tests
from referee.feel import evaluate
from referee.tables import HitPolicy
from referee.workbook import (
    DecisionWorkbook,
    FactDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    WorkbookTest,
    read_workbook,
    write_workbook,
)
from tests.unit.engine.test_workbook_tests import draft


def orders(folder: Path) -> DecisionWorkbook:
    write_workbook(folder / "orders.xlsx", draft())
    return read_workbook(folder / "orders.xlsx")


def proposed(workbook: DecisionWorkbook) -> Suggestions:
    return suggest(run_tests(workbook))


def with_proposals(workbook: DecisionWorkbook) -> DecisionWorkbook:
    return replace(workbook, tests=(*workbook.tests, *proposed(workbook).tests))


def test_from_no_test_at_all_every_rule_is_reached(tmp_path: Path) -> None:
    workbook = orders(tmp_path)
    assert proposed(workbook).not_found == ()
    report = run_tests(with_proposals(workbook))
    assert (report.failed, report.unreached) == ((), ())


def test_nothing_is_proposed_twice(tmp_path: Path) -> None:
    workbook = with_proposals(orders(tmp_path))
    assert proposed(workbook).tests == ()


def test_the_same_workbook_gives_the_same_proposals(tmp_path: Path) -> None:
    workbook = orders(tmp_path)
    assert proposed(workbook) == proposed(workbook)


def test_each_proposal_is_marked_and_has_its_own_case(tmp_path: Path) -> None:
    tests = proposed(orders(tmp_path)).tests
    assert all(test.name.startswith(TO_CONFIRM) for test in tests)
    assert len({test.name for test in tests}) == len({test.facts["order"] for test in tests}) == len(tests)


def test_both_sides_of_each_limit_are_proposed(tmp_path: Path) -> None:
    prices = {test.facts["price"] for test in proposed(orders(tmp_path)).tests}
    assert prices >= {10, 11, 100, 101}


def test_a_table_in_the_way_is_passed_by_its_own_rules(tmp_path: Path) -> None:
    workbook = with_proposals(orders(tmp_path))
    (result, *_) = (
        result
        for result in run_tests(workbook).results
        if ("routing", 2) in {(rule.table, rule.number) for trace in result.traces for rule in trace.rules}
    )
    assert result.test.facts["price"] > 100 and result.test.facts["kind"] == "book"
    assert result.test.scores["returns"]["probabilities"]["yes"] <= Decimal("0.2")


def test_a_rule_that_can_never_fire_is_told_and_not_invented(tmp_path: Path) -> None:
    rules = (
        ("> 5", "auto", "pay", None, "a"),
        ("> 7", "human", None, "desk", "b"),
        ("-", "human", None, "desk", "c"),
    )
    workbook = one_table(tmp_path, FactDefinition("amount", "number"), rules)
    assert [(rule.table, rule.number) for rule in proposed(workbook).not_found] == [("routing", 2)]


@pytest.mark.parametrize(
    ("fact", "cell"),
    [
        (FactDefinition("amount", "date"), '< date("2024-03-01")'),
        (
            FactDefinition("amount", "date and time"),
            '[date and time("2024-03-01T00:00:00")..date and time("2024-03-02T00:00:00"))',
        ),
        (FactDefinition("amount", "time"), '> time("12:00:00")'),
        (FactDefinition("amount", "days and time duration"), '>= duration("P10D")'),
        (FactDefinition("amount", "years and months duration"), '< duration("P1Y")'),
        (FactDefinition("amount", "boolean"), "true"),
        (FactDefinition("amount", "string"), 'not("a","b")'),
        (FactDefinition("amount", "string", required=False), "null"),
        (FactDefinition("amount", "number"), "(1..2)"),
        (FactDefinition("amount", "number", "[0..5]"), "? * 2 > 7"),
        (FactDefinition("amount", "number", "[0..1]"), "(0.5..0.51)"),
    ],
    ids=lambda value: value.type if isinstance(value, FactDefinition) else value,
)
def test_each_type_has_values_that_meet_a_cell_and_values_that_do_not(
    tmp_path: Path, fact: FactDefinition, cell: str
) -> None:
    rules = ((cell, "auto", "pay", None, "a"), ("-", "human", None, "desk", "b"))
    workbook = one_table(tmp_path, fact, rules)
    report = run_tests(with_proposals(workbook))
    assert (report.failed, report.unreached) == ((), ())
    routes = {str(result.decision.route) for result in report.results}
    assert routes == {"auto", "human"}
    assert not any(each.is_doubt for result in report.results for each in result.decision.diagnostics)


def test_a_fact_newly_required_is_filled_in_at_limits(tmp_path: Path) -> None:
    rules = (("< 50", "auto", "pay", None, "a"), ("-", "human", None, "desk", "b"))
    old = one_table(tmp_path, FactDefinition("amount", "number"), rules)
    tests = (
        WorkbookTest("low", {"payment": Decimal(1), "amount": Decimal(3)}, {"route": "auto"}),
        WorkbookTest("high", {"payment": Decimal(2), "amount": Decimal(99)}, {"route": "human"}),
    )
    facts = (*old.dictionary.facts, FactDefinition("currency", "string", '"EUR","USD"'))
    workbook = replace(old, dictionary=replace(old.dictionary, facts=facts), tests=tests)
    found = proposed(workbook).tests
    assert {test.facts["amount"]: test.expected["route"] for test in found} == {49: "auto", 50: "human"}
    assert {test.facts["currency"] for test in found} <= {"EUR", "USD"}


def test_a_limit_where_every_case_is_in_doubt_is_not_proposed(tmp_path: Path) -> None:
    rules = (("< 50", "auto", "pay", None, "a"), ("> 50", "human", None, "desk", "b"))
    workbook = one_table(tmp_path, FactDefinition("amount", "number"), rules)
    assert {test.facts["amount"] for test in proposed(workbook).tests} == {49, 51}


def one_table(
    folder: Path, fact: FactDefinition, rules: tuple[tuple[str | None, ...], ...]
) -> DecisionWorkbook:
    written = WorkbookDraft(
        settings=Settings("payments", "1", "treasury", "pay", "payment", "routing", "desk"),
        facts=(FactDefinition("payment", "number"), fact),
        tables=(
            TableDraft(
                "routing", HitPolicy.FIRST, (fact.name,), ("route", "action", "queue", "reason"), rules
            ),
        ),
    )
    write_workbook(folder / "payments.xlsx", written)
    return read_workbook(folder / "payments.xlsx")


CELLS = {
    "count": ("-", "0", "> 3", "[1..4)", "not(2)", "<= 5", "(3..6]", "? + 1 = 3"),
    "kind": ("-", '"x"', '"x","y"', 'not("x")', '"z"'),
    "vip": ("-", True, False, "null"),
}
CASES = [
    {"payment": Decimal(1), "count": Decimal(count), "kind": kind, "vip": vip}
    for count in range(7)
    for kind in ("x", "y", "z")
    for vip in (True, False, None)
]


@settings(max_examples=40)
@given(
    policy=st.sampled_from([HitPolicy.FIRST, HitPolicy.UNIQUE]),
    rows=st.lists(st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())), min_size=1, max_size=6),
    known=st.lists(st.sampled_from(range(len(CASES))), max_size=2),
)
def test_every_rule_that_some_case_reaches_is_reached(
    tmp_path_factory: pytest.TempPathFactory, policy: HitPolicy, rows: list[tuple[Any, ...]], known: list[int]
) -> None:
    """Held against deciding every case there is: 7 counts, 3 kinds, and a truth value that may be missing."""
    facts = (
        FactDefinition("payment", "number"),
        FactDefinition("count", "number", "0,1,2,3,4,5,6"),
        FactDefinition("kind", "string", '"x","y","z"'),
        FactDefinition("vip", "boolean", required=False),
    )
    rules = tuple((*row, "human", None, "desk", f"Rule {number}.") for number, row in enumerate(rows))
    table = TableDraft("routing", policy, tuple(CELLS), ("route", "action", "queue", "reason"), rules)
    path = tmp_path_factory.mktemp("tables") / "table.xlsx"
    settings_of = Settings("tables", "1", "o", "p", "payment", "routing", "desk")
    write_workbook(path, WorkbookDraft(settings_of, facts, (table,)))
    workbook = read_workbook(path)
    tests = tuple(WorkbookTest(f"case {index}", CASES[index], {}) for index in set(known))
    workbook = replace(workbook, tests=tests)
    trial = Trial(workbook)
    reachable = {
        rule.number for case in CASES for trace in trial.node("routing", case).trace for rule in trace.rules
    }
    found = proposed(workbook)
    report = run_tests(replace(workbook, tests=(*tests, *found.tests)))
    assert report.failed == ()
    assert {rule.number for table in report.coverage for rule in table.reached} == reachable
    assert {rule.number for rule in found.not_found} == {rule.number for rule in report.unreached}


CALCULATED = [
    ("salary / 12", {"salary": "[0..9999]"}, ("< 100", "-"), {1188, 1200}),
    (
        "a * b",
        {"a": "[0..100]", "b": "[0..100]"},
        ("< 5000", "[5000..9999)", ">= 9999"),
        {4999, 5000, 9998, 9999},
    ),
    ("a + b", {"a": "[0..100]", "b": "[0..100]"}, ("<= 120", "> 120"), {120, 121}),
    ("abs(a - 50)", {"a": "[0..100]"}, ("<= 20", "-"), {20, 21}),
]


@pytest.mark.parametrize(("expression", "facts", "cells", "values"), CALCULATED)
def test_limits_of_calculated_inputs_are_proposed_by_the_facts_behind_them(
    tmp_path: Path, expression: str, facts: dict[str, str], cells: tuple[str, ...], values: set[int]
) -> None:
    workbook = calculated(tmp_path, expression, facts, cells)
    found = proposed(workbook)
    assert (found.not_found, found.values_not_found) == ((), ())
    report = run_tests(replace(workbook, tests=found.tests))
    assert (report.failed, report.unreached) == ((), ())
    shown = "salary" if expression == "salary / 12" else expression
    given = [evaluate(shown, {name: test.facts[name] for name in facts}).value for test in found.tests]
    assert set(given) >= values


def test_a_calculated_value_that_no_case_has_is_told(tmp_path: Path) -> None:
    found = proposed(calculated(tmp_path, "a + b", {"a": "[0..100]", "b": "[0..100]"}, ("<= 250", "-")))
    assert {(rule.table, rule.number) for rule in found.not_found} == {("band", 2), ("routing", 2)}
    assert found.values_not_found == (
        "a + b = 250 at band, rule 1",
        "a + b = 251 at band, rule 1",
    )


def calculated(
    folder: Path, expression: str, facts: dict[str, str], cells: tuple[str, ...]
) -> DecisionWorkbook:
    """A workbook whose first table tests an expression, and whose routes hang on what that table gives."""
    bands = tuple((cell, f'"band {number}"') for number, cell in enumerate(cells))
    routes = tuple((given, "human", None, "desk", "It is banded.") for _, given in bands)
    write_workbook(
        folder / "calculated.xlsx",
        WorkbookDraft(
            Settings("calculated", "1", "desk", "", "case", "routing", "desk"),
            (
                FactDefinition("case", "string"),
                *(FactDefinition(name, "number", allowed) for name, allowed in facts.items()),
            ),
            (
                TableDraft("band", HitPolicy.FIRST, (expression,), ("band",), bands),
                TableDraft(
                    "routing", HitPolicy.UNIQUE, ("band",), ("route", "action", "queue", "reason"), routes
                ),
            ),
        ),
    )
    return read_workbook(folder / "calculated.xlsx")

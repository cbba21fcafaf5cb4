"""The tests that a workbook carries: what they compare, what fired instead, and which rules they reach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from referee.engine.workbook_tests import WorkbookTestReport, WorkbookTestResult, run_tests
from referee.tables import HitPolicy
from referee.workbook import (
    FactDefinition,
    ModelDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    WorkbookTest,
    read_workbook,
    write_workbook,
)

SCORE: Mapping[str, Any] = {"label": "no", "confidence": 0.9, "probabilities": {"yes": 0.1, "no": 0.9}}


def draft(*tests: WorkbookTest) -> WorkbookDraft:
    """Orders: goods of a kind, discounts collected from two tables, a model for large ones."""
    return WorkbookDraft(
        settings=Settings("orders", "1", "sales", "orders", "order", "routing", "desk"),
        facts=(
            FactDefinition("order", "string"),
            FactDefinition("kind", "string", '"book","toy"'),
            FactDefinition("price", "number", "[0..1000]"),
            FactDefinition("gift", "boolean", required=False),
        ),
        models=(ModelDefinition("returns", "returns", "", ("price",)),),
        tables=(
            TableDraft(
                "size",
                HitPolicy.UNIQUE,
                ("price",),
                ("class", "weight"),
                (("<= 10", "small", 1), ("(10..100]", "middle", 2), ("> 100", "large", 3)),
            ),
            TableDraft(
                "notes",
                HitPolicy.RULE_ORDER,
                ("kind", "gift"),
                ("note",),
                (("book", "-", '"b"'), ("-", True, '"g"')),
            ),
            TableDraft(
                "routing",
                HitPolicy.FIRST,
                ("size.class", "kind", "returns.probabilities.yes"),
                ("route", "action", "queue", "reason"),
                (
                    ("small", "-", "-", "auto", "ship", None, "Small."),
                    ("large", "book", "<= 0.2", "auto", "ship", None, "Likely kept."),
                    ("-", "toy", "-", "exception", "ask", None, "Toys are asked for."),
                    ("-", "-", "-", "human", None, "buyers", "Somebody looks."),
                ),
            ),
        ),
        tests=tests,
    )


def case(name: str, expected: Mapping[str, Any], **facts: Any) -> WorkbookTest:
    scores = {"returns": facts.pop("score")} if "score" in facts else {}
    return WorkbookTest(name, {"order": "O-1", "kind": "book", "price": 5, **facts}, expected, scores)


@pytest.fixture
def tested(tmp_path: Path) -> Any:
    def run(*tests: WorkbookTest) -> WorkbookTestReport:
        write_workbook(tmp_path / "orders.xlsx", draft(*tests))
        return run_tests(read_workbook(tmp_path / "orders.xlsx"))

    return run


def only(report: WorkbookTestReport) -> WorkbookTestResult:
    (result,) = report.results
    return result


def test_a_test_that_finds_what_it_expects_passes(tested: Any) -> None:
    expected = {"route": "auto", "action": "ship", "size.class": "small", "size.weight": 1}
    assert only(tested(case("small", expected))).passed


def test_a_blank_expectation_is_not_looked_at(tested: Any) -> None:
    report = tested(case("any", {}), case("other", {"route": "auto"}))
    assert [dict(result.test.expected) for result in report.results] == [{}, {"route": "auto"}]
    assert not report.failed


def test_a_failure_names_the_cell_and_what_fired_instead(tested: Any) -> None:
    (mismatch,) = only(tested(case("toy", {"route": "auto"}, kind="toy", price=50))).mismatches
    assert (mismatch.what, mismatch.expected, mismatch.found) == ("route", "auto", "exception")
    assert str(mismatch.place) == "orders.xlsx, sheet Tests, cell E3"
    assert [(rule.table, rule.number, str(rule.place)) for rule in mismatch.fired] == [
        ("routing", 3, "orders.xlsx, sheet routing, cell A6")
    ]


def test_a_failure_about_a_table_names_the_rule_of_that_table(tested: Any) -> None:
    (mismatch,) = only(tested(case("size", {"size.class": "large"}, price=50))).mismatches
    assert [(rule.table, rule.number) for rule in mismatch.fired] == [("size", 2)]
    assert mismatch.found == "middle"


def test_a_failure_by_doubt_tells_the_doubt(tested: Any) -> None:
    (mismatch,) = only(tested(case("no price", {"route": "auto"}, price=None))).mismatches
    assert mismatch.found == "human"
    assert mismatch.doubts == ("the required fact `price` is missing",)


def test_a_score_stands_in_for_the_model(tested: Any) -> None:
    assert only(tested(case("large", {"route": "auto"}, price=500, score=SCORE))).passed


def test_a_score_that_is_asked_for_and_not_given_is_doubt(tested: Any) -> None:
    (mismatch,) = only(tested(case("large", {"route": "auto"}, price=500))).mismatches
    assert "a table asks for the score of `returns`, and there is none" in mismatch.doubts


def test_a_table_that_the_decision_does_not_ask_is_asked_for_the_test(tested: Any) -> None:
    report = tested(case("notes", {"notes": '["b", "g"]'}, gift=True))
    assert only(report).passed
    notes = next(table for table in report.coverage if table.table == "notes")
    assert [rule.number for rule in notes.reached] == [1, 2]


def test_the_members_of_collected_rows_can_be_expected(tested: Any) -> None:
    (mismatch,) = only(tested(case("notes", {"notes": '["g"]'}))).mismatches
    assert mismatch.found == ["b"]


def test_coverage_tells_the_rules_that_no_test_reaches(tested: Any) -> None:
    report = tested(
        case("small", {"route": "auto"}), case("toy", {"route": "exception"}, kind="toy", price=50)
    )
    assert [(rule.table, rule.number) for rule in report.unreached] == [
        ("size", 3),
        ("notes", 1),
        ("notes", 2),
        ("routing", 2),
        ("routing", 4),
    ]
    assert str(report.unreached[0].place) == "orders.xlsx, sheet size, cell A6"

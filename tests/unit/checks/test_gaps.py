"""Gaps: what is told about cases without a rule."""

from __future__ import annotations

from decimal import Decimal

from referee.checks import NO_HIT, Budget, Case, InputValues
from referee.checks.reachability import case_with_outcome
from referee.domain import Severity
from tests.unit.checks.tables import checked, messages, only, table

COUNTRY = InputValues("string", '"DE","FR","CH"')


def test_a_gap_is_as_wide_as_it_goes_and_ready_to_paste() -> None:
    found = only(
        checked(
            table(
                "U",
                "country | amount || route",
                '"DE","FR" | <= 5000 || "auto"',
                '"DE" | > 5000 || "human"',
                '"CH" | - || "human"',
            ),
            country=COUNTRY,
        ),
        "gap",
    )
    assert found.message == (
        'no rule covers the cases where `country` is "FR" and `amount` is > 5000; add a rule for them'
    )
    assert found.severity is Severity.WARNING
    assert found.fix is not None and found.fix.rows == (('"FR"', "> 5000", ""),)
    assert found.case is not None
    assert found.case.facts == {"country": "FR", "amount": Decimal(5001)}
    assert found.case.result == "no rule fires"


def test_any_other_text_is_a_gap_where_texts_are_open() -> None:
    report = checked(table("F", "vendor || route", '"acme" || "auto"', '"bolt" || "human"'), vendor="string")
    assert messages(report, "gap") == [
        'no rule covers the cases where `vendor` is not("acme", "bolt"); add a rule for them'
    ]
    case = only(report, "gap").case
    assert case is not None and case.values == {"vendor": "any other text"}


def test_between_neighbouring_dates_there_is_no_gap() -> None:
    days = '<= date("2024-02-29") || 1', '>= date("2024-03-01") || 2'
    assert not checked(table("U", "day || n", *days), day="date").findings
    days = '<= date("2024-02-28") || 1', '>= date("2024-03-01") || 2'
    assert len(messages(checked(table("U", "day || n", *days), day="date"), "gap")) == 1


def test_between_numbers_there_is_always_one() -> None:
    report = checked(table("U", "amount || n", "<= 1 || 1", ">= 2 || 2"))
    assert only(report, "gap").fix.rows == (("(1..2)", ""),)  # type: ignore[union-attr]


def test_columns_of_one_input_are_one_dimension() -> None:
    rows = ">= 0 | < 5 || 1", ">= 5 | - || 2", "- | < 0 || 3"
    assert not checked(table("U", "amount | amount || n", *rows)).findings


def test_an_optional_fact_that_no_cell_speaks_of_is_no_gap_but_doubt() -> None:
    rows = "<= 5 || 1", "> 5 || 2"
    optional = InputValues("number", may_be_null=True)
    assert not messages(checked(table("U", "amount || n", *rows), amount=optional), "gap")
    found = only(checked(table("U", "amount || n", *rows), amount=optional), "null-in-doubt")
    assert found.case is not None and found.case.result == "no rule fires, in doubt"
    assert not checked(table("F", "amount || n", "null || 3", *rows), amount=optional).findings


def test_a_null_that_the_column_speaks_of_elsewhere_is_a_gap() -> None:
    rows = 'null | "a" || 1', "not(null) | - || 2"
    optional = InputValues("string", may_be_null=True)
    report = checked(
        table("U", "name | kind || n", *rows), name=optional, kind=InputValues("string", '"a","b"')
    )
    assert only(report, "gap").fix.rows == (("null", '"b"', ""),)  # type: ignore[union-attr]


def test_a_default_output_leaves_no_gap() -> None:
    assert not messages(checked(table("U", "amount || n", "< 5 || 1", default="0")), "gap")


def test_an_empty_collection_is_a_result_and_the_gap_a_hint() -> None:
    found = only(checked(table("C", "amount || n", "< 5 || 1")), "gap")
    assert found.severity is Severity.INFO and "their result is empty" in found.message
    assert only(checked(table("C+", "amount || n", "< 5 || 1")), "gap").severity is Severity.WARNING


def test_an_input_that_is_computed_is_a_dimension_of_its_own() -> None:
    number = InputValues("number")
    report = checked(table("U", "debt / income || n", "< 0.4 || 1", "> 0.4 || 2"), debt=number, income=number)
    case = only(report, "gap").case
    assert case is not None and case.facts is not None
    assert case.facts["debt"] / case.facts["income"] == Decimal("0.4")
    assert case.result == "no rule fires"


def test_what_only_expressions_cover_is_said_with_their_cells() -> None:
    report = checked(table("U", "amount || n", "<= limit || 1", "> limit || 2"), names=("limit", "amount"))
    found = only(report, "gap-unless-expression")
    assert found.severity is Severity.INFO and found.rules == (1, 2)
    assert [str(place) for place in found.places] == [
        "limits.xlsx, sheet limits, cell A4",
        "limits.xlsx, sheet limits, cell A5",
    ]
    assert only(report, "outside-proof").message.startswith("2 cells are expressions")
    assert not messages(report, "gap")


def test_allowed_values_that_are_expressions_are_said_to_be_outside_the_proof() -> None:
    values = InputValues("string", "string length(?) = 4")
    report = checked(table("U", "code || n", "- || 1"), code=values)
    assert "`string length(?) = 4`" in only(report, "outside-proof").message


def test_many_gaps_are_counted_and_some_are_shown() -> None:
    rows = [f"{number} || {number}" for number in range(0, 100, 2)]
    report = checked(table("U", "amount | kind || n", *(row.replace(" ||", " | 1 ||") for row in rows)))
    assert 1 <= len(messages(report, "gap")) <= 20


def test_a_table_without_rules_is_one_gap() -> None:
    assert "where anything is given" in only(checked(table("U", "amount || n")), "gap").message


def test_allowed_values_that_exclude_each_other_leave_nothing_to_decide() -> None:
    report = checked(table("U", "amount || n", "- || 1"), amount=InputValues("number", "[5..3]"))
    assert only(report, "no-allowed-value").severity is Severity.ERROR


def test_what_cannot_be_proved_in_time_is_a_finding() -> None:
    rows = [f"[{a}..{a + 1}) | [{b}..{b + 1}) || 1" for a in range(60) for b in range(60)]
    report = checked(table("U", "amount | age || n", *rows), budget=Budget(0))
    assert "gaps" in report.unproved and report.must_be_mended
    assert "the time was over" in messages(report, "not-proved")[0]


def test_whether_a_case_of_the_whole_decision_comes_to_a_gap() -> None:
    risk = table("F", "amount || risk", '<= 50 || "low"', '- || "high"', name="risk")
    inputs = {"amount": InputValues("number", "[0..100]"), "risk": InputValues("string", '"low","high"')}

    def case(*rows: str) -> Case | None:
        route = table("U", "risk | amount || route", *rows, name="routing")
        tables = [risk, route]
        return case_with_outcome(tables, inputs, ("amount", "risk"), "routing", (NO_HIT,), Budget())

    assert case('"low" | <= 50 || 1', '"high" | > 50 || 2') is None
    found = case('"low" | <= 40 || 1', '"high" | > 50 || 2')
    assert found is not None and found.facts is not None
    assert Decimal(40) < found.facts["amount"] <= Decimal(50)

"""What is told about inputs, cells and outputs that are calculated from facts or from results of other tables."""

from __future__ import annotations

import pytest

from referee.checks import InputValues, TableReport, check_table, literal_text, unused_facts
from referee.domain import CellAddress, Severity
from referee.tables import DecisionTable
from tests.unit.checks.tables import messages, only, table

PRICE, QUANTITY = InputValues("number", "[0..100]"), InputValues("number", "[1..10]")
FACTS = {
    "price": PRICE,
    "qty": QUANTITY,
    "d": InputValues("date"),
    "e": InputValues("date"),
    "s": InputValues("string"),
    "n": InputValues("number"),
    "optional": InputValues("number", may_be_null=True),
    "ok": InputValues("boolean"),
}


def told(made: DecisionTable, *others: DecisionTable) -> TableReport:
    results = {other.name: InputValues("number") for other in others}
    return check_table(made, {**FACTS, **results}, others=others)


def shown(report: TableReport, code: str) -> str:
    """The case of the one finding of a code, as text."""
    case = only(report, code).case
    assert case is not None
    return ", ".join(f"{name} = {literal_text(value)}" for name, value in case.values.items())


@pytest.mark.parametrize(
    ("expression", "cells"),
    [
        ("price * qty", ("[0..500)", "[500..1000]")),
        ("price - qty", ("[-10..0)", "[0..99]")),
        ("price / qty", ("[0..50)", "[50..100]")),
        ("d.month", ("[1..6]", "[7..12]")),
        ("d.weekday", ("[1..5]", "6, 7")),
        ("day of week(d)", ('"Saturday", "Sunday"', 'not("Saturday", "Sunday")')),
        ("string length(s)", ("0", ">= 1")),
        ("abs(n)", ("0", "> 0")),
        ("floor(price / 50)", ("0", "1, 2")),
        ("modulo(floor(n), 2)", ("0", "1")),
        ("min(price, 10)", ("< 5", "[5..10]")),
        ('if price > 50 then "high" else "low"', ('"high"', '"low"')),
        ("price > 50 and ok", ("true", "false")),
    ],
)
def test_calculated_inputs_have_no_gap_that_cannot_be(expression: str, cells: tuple[str, ...]) -> None:
    report = told(table("U", f"{expression} || r", *(f"{cell} || 1" for cell in cells)))
    assert not messages(report, "gap") and not messages(report, "overlap"), report


@pytest.mark.parametrize(
    ("expression", "cells", "case"),
    [
        ("price * qty", ("[0..500)", "[500..1000)"), "price = 100, qty = 10"),
        ("d.month", ("[1..6]", "[8..12]"), 'd = date("2000-07-01")'),
        ("string length(s)", ("< 3", "> 3"), 's = "xxx"'),
        ("price + qty", ("< 7", "> 7"), "price = 6, qty = 1"),
    ],
)
def test_a_gap_of_a_calculated_input_is_shown_by_facts(
    expression: str, cells: tuple[str, ...], case: str
) -> None:
    report = told(table("U", f"{expression} || r", *(f"{cell} || 1" for cell in cells)))
    assert only(report, "gap").severity is Severity.WARNING
    assert shown(report, "gap") == case


def test_inputs_of_the_same_facts_go_together() -> None:
    rows = "< 3 | < 4 || 1", ">= 3 | >= 4 || 2"
    assert not messages(told(table("U", "n | n + 1 || r", *rows)), "gap")
    rows = "< 3 | - || 1", ">= 3 | >= 4 || 2", ">= 3 | < 3 || 3"
    report = told(table("U", "n | n + 1 || r", *rows))
    assert "no case brings the values that its cells want together" in only(report, "impossible-rule").message


def test_what_no_facts_were_found_for_is_a_hint_without_a_case() -> None:
    report = told(table("U", "n ** 2 + n || r", "< 0.3 || 1", "> 0.3 || 2"))
    found = only(report, "gap")
    assert (found.severity, found.case) == (Severity.INFO, None)
    assert found.message.endswith("(if such values can occur: no facts were found that bring them)")


def test_results_of_other_tables_are_what_their_rules_give() -> None:
    total = table("C+", "n || total", "< 5 || 1", ">= 3 || 2", name="total")
    report = told(table("U", "total || r", "<= 2 || 1", "> 3 || 2"), total)
    assert only(report, "gap").message.startswith("no rule covers the cases where `total` is 3")
    assert shown(report, "gap") == "n = 3"
    assert messages(report, "impossible-rule")[0].startswith("rule 2 can never fire")


def test_a_case_brings_every_required_fact() -> None:
    case = only(told(table("U", "n || r", "< 5 || 1")), "gap").case
    assert case is not None and case.facts is not None
    assert set(case.facts) == FACTS.keys() - {"optional"} and set(case.values) == {"n"}


def test_cells_that_compare_facts_are_no_gap_without_a_case() -> None:
    report = told(table("U", "n || r", "< price || 1", ">= price || 2"))
    found = only(report, "gap-unless-expression")
    assert (found.severity, found.case) == (Severity.INFO, None)
    report = told(table("U", "n || r", "< price || 1", "> price || 2"))
    found = only(report, "gap")
    assert found.case is not None and found.case.values["n"] == found.case.values["price"]


@pytest.mark.parametrize(
    ("output", "case"),
    [
        ("qty + 1", ""),
        ("qty + 2", "n = 5, qty = 9.5"),
        ("qty * 2 - 1", "n = 5, qty = 8"),
        ("min(qty, 9) + 2", ""),
        ("if ok then 3 else 12", "n = 5, ok = false"),
    ],
)
def test_calculated_outputs_are_held_to_their_allowed_values(output: str, case: str) -> None:
    report = told(table("U", "n || r", "< 5 || 1", f">= 5 || {output}", allowed="[0..11]"))
    assert not messages(report, "outside-proof")
    if not case:
        assert not messages(report, "output-not-allowed")
        return
    found = only(report, "output-not-allowed")
    assert found.severity is Severity.ERROR and found.message.startswith(f"`{output}` can give 1")
    assert shown(report, "output-not-allowed") == case


def test_outputs_that_cannot_be_told_are_outside_the_proof() -> None:
    report = told(table("U", "n || r", "< 5 || 1", ">= 5 || count(split(s, n))", allowed="[0..11]"))
    found = only(report, "outside-proof")
    assert found.severity is Severity.INFO and found.rules == (2,)
    assert [str(place) for place in found.places] == ["limits.xlsx, sheet limits, cell B5"]


@pytest.mark.parametrize(
    ("header", "row", "where"),
    [
        ("n || r", '- || "n is " + string(optional)', "limits.xlsx, sheet limits, cell B4"),
        ("n || r", "< optional || 1", "limits.xlsx, sheet limits, cell A4"),
        ("optional + 1 || r", "< 5 || 1", "limits.xlsx, sheet limits, cell A1"),
    ],
)
def test_a_missing_fact_in_a_calculation_is_told_with_a_case(header: str, row: str, where: str) -> None:
    found = only(told(table("C", header, row)), "null-in-doubt")
    assert found.severity is Severity.INFO and "`optional` may be missing" in found.message
    assert found.case is not None and found.case.values["optional"] is None
    assert found.case.result.endswith("in doubt")
    assert str(found.places[0]) == where


def test_a_calculation_that_takes_missing_facts_into_account_is_not_told() -> None:
    report = told(table("U", "if optional = null then 0 else optional || r", "< 5 || 1", ">= 5 || 2"))
    assert not report.findings


def test_facts_that_nothing_uses() -> None:
    made = table("U", "n || r", "< price || 1", ">= price || qty")
    places = {
        "n": None,
        "price": None,
        "qty": None,
        "s": CellAddress("limits.xlsx", "Facts", "A5"),
        "ok": None,
    }
    found = list(unused_facts(places, {"s"}, [made], [("d",)], FACTS, "limits"))
    assert [each.message for each in found] == [
        "no table and no model uses the fact `s`, but a case without it goes to people; let it be optional, or delete "
        "it",
        "no table and no model uses the fact `ok`; delete it, if nobody reads it either",
    ]
    assert [str(place) for place in found[0].places] == ["limits.xlsx, sheet Facts, cell A5"]


TWO_DATES = '(due - got) / duration("P1D")'


@pytest.mark.parametrize("later", ["due.day >= 28", "due.weekday = 7", "due.year > 2019", "got.month = 2"])
def test_a_gap_of_two_calculations_about_the_same_dates_is_shown(later: str) -> None:
    made = table(
        "U",
        f"due.month | {TWO_DATES} | {later} || r",
        "<= 6 | - | - || 1",
        "> 6 | >= 30 | - || 2",
        "> 6 | < 30 | false || 3",
    )
    report = check_table(made, {"due": InputValues("date"), "got": InputValues("date")})
    found = only(report, "gap")
    assert found.severity is Severity.WARNING
    assert found.case is not None and found.case.result == "no rule fires"


@pytest.mark.parametrize(
    ("header", "row", "facts"),
    [
        ("due.month | due.day", "2 | 30", {"due": "date"}),
        ('a - b | if a > b then "x" else "y"', '> 0 | "y"', {"a": "number", "b": "number"}),
        ("upper case(s) | n", '"ab" | -', {"s": "string", "n": "number"}),
    ],
)
def test_a_rule_that_is_neither_reached_nor_excluded_is_said_to_be_outside_the_proof(
    header: str, row: str, facts: dict[str, str]
) -> None:
    made = table("F", f"{header} || r", f"{row} || 1", "- | - || 2")
    report = check_table(made, {name: InputValues(type_name) for name, type_name in facts.items()})
    found = only(report, "rule-not-reached")
    assert (found.severity, found.rules) == (Severity.INFO, (1,))
    assert "outside the proof: no case was found that reaches rule 1" in found.message


def test_a_rule_is_masked_by_earlier_ones_through_a_calculation() -> None:
    made = table("F", "a | a * 2 || r", "< 5 | - || 1", "- | < 10 || 2", "- | - || 3")
    report = check_table(made, {"a": InputValues("number")})
    found = only(report, "masked-rule")
    assert found.rules == (2, 1)
    assert "rule 1 comes first in each case that brings the values its cells want" in found.message


@pytest.mark.parametrize("call", ["min(a, n)", "max(a, n)", "sum(a, n) / 2", "mean([a, n])"])
def test_a_fact_that_may_be_missing_keeps_the_bounds_of_a_calculation(call: str) -> None:
    facts = {"a": InputValues("number", "[0..4]", may_be_null=True), "n": InputValues("number", "[0..4]")}
    report = check_table(table("F", f"{call} || r", "> 4 || 1", "- || 2"), facts)
    assert only(report, "impossible-rule").rules == (1,)


def test_a_gap_names_no_value_of_a_calculation_that_its_facts_cannot_bring() -> None:
    facts = {"a": InputValues("number", "[0..4]"), "n": InputValues("number", "[0..4]")}
    made = table("U", "a | a * n || r", "< 2 | [1..8] || 1", ">= 2 | - || 2")
    found = only(check_table(made, facts), "gap")
    assert (
        found.message
        == "no rule covers the cases where `a` is [0..2) and `a * n` is < 1; add a rule for them"
    )


def test_a_rule_reached_only_in_doubt_is_said_to_fire_in_doubt_only() -> None:
    facts = {"a": InputValues("number", "[0..4]", may_be_null=True)}
    made = table("F", "if a < 5 then 1 else 2 || r", "2 || 1", "1 || 2")
    assert messages(check_table(made, facts), "impossible-rule")[0].startswith(
        "rule 1 can never fire but in doubt: "
    )


@pytest.mark.parametrize(
    "text", ["if a = null then 0 else a", "if a != null then a else 0", "if null = a then 0 else a + 1"]
)
def test_a_branch_for_a_missing_fact_leaves_the_other_with_one_that_is_given(text: str) -> None:
    made = table("U", f"{text} || r", "[0..5] || 1")
    report = check_table(made, {"a": InputValues("number", "[0..4]", may_be_null=True)})
    assert [finding.code for finding in report.findings if finding.code in ("gap", "null-in-doubt")] == []


def test_facts_that_show_a_gap_have_few_digits() -> None:
    facts = {"a": InputValues("number", "3"), "n": InputValues("number", "[0..4]")}
    made = table("U", "a * n || r", "<= 6 || 1", "> 7 || 2")
    case = only(check_table(made, facts), "gap").case
    assert case is not None
    assert len(str(case.values["n"])) <= 4

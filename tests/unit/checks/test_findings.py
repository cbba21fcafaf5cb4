"""What is told about rules, cells and columns, and how."""

from __future__ import annotations

import pytest

from referee.checks import InputValues
from referee.domain import Severity
from tests.unit.checks.tables import checked, messages, only, table

COUNTRY = InputValues("string", '"DE","FR","CH"')


def test_both_rules_of_an_overlap_are_named_with_a_case() -> None:
    found = only(checked(table("U", "amount || n", "<= 5 || 1", ">= 5 || 2")), "overlap")
    assert found.message == (
        "rules 1 and 2 both match where `amount` is 5, but hit policy U allows one; make them exclude each other"
    )
    assert found.case is not None and found.case.result == "rules 1 and 2 fire"
    assert [str(place) for place in found.places] == [
        "limits.xlsx, sheet limits, cell A5",
        "limits.xlsx, sheet limits, cell A4",
    ]


def test_any_allows_overlaps_that_agree() -> None:
    rows = "<= 5 || 1", ">= 5 || 1"
    assert not messages(checked(table("A", "amount || n", *rows)), "overlap")
    rows = "<= 5 || 1", ">= 5 || 2"
    assert "their outputs differ" in only(checked(table("A", "amount || n", *rows)), "overlap").message


def test_priority_wants_outputs_that_rank_apart() -> None:
    rows = '<= 5 || "b" | 1', '>= 5 || "a" | 2', '5 || "a" | 3'
    report = checked(table("P", "amount || kind | n", *rows, allowed='"a","b"'))
    assert only(report, "overlap").rules == (2, 3)


def test_overlaps_beyond_those_shown_are_counted() -> None:
    rows = [f">= {number} || {number}" for number in range(9)]
    report = checked(table("U", "amount || n", *rows))
    assert len(messages(report, "overlap")) == 20
    assert messages(report, "more-overlaps")[0].startswith("16 more pairs of rules overlap")


def test_a_rule_is_masked_by_the_rules_above_it_together() -> None:
    found = only(checked(table("F", "amount || n", "< 5 || 1", ">= 5 || 2", "[0..9] || 3")), "masked-rule")
    assert found.message == (
        "rule 3 can never fire: rules 1 and 2 come first in each of its cases; move it up, narrow them, or delete it"
    )
    assert found.fix is not None and found.fix.delete == (3,)


def test_a_rule_is_masked_by_higher_priorities() -> None:
    rows = '> 5 || "low"', '> 3 || "high"', '- || "low"'
    report = checked(table("P", "amount || kind", *rows, allowed='"high","low"'))
    assert messages(report, "masked-rule")[0].startswith(
        "rule 1 can never fire: rule 2 has a higher priority in each of its cases"
    )


def test_a_rule_whose_cell_no_value_meets_is_impossible() -> None:
    report = checked(table("F", "amount || n", "[5..3] || 1", "- || 2"))
    assert only(report, "impossible-rule").message == (
        "rule 1 can never fire: `[5..3]` is true for no value that `amount` can have; correct the cell, "
        "or delete the rule"
    )


def test_cells_of_one_input_may_exclude_each_other() -> None:
    report = checked(table("F", "amount | amount || n", "> 5 | < 3 || 1", "- | - || 2"))
    assert "exclude each other" in only(report, "impossible-rule").message


def test_a_rule_that_a_later_one_says_as_well_could_go() -> None:
    rows = '"DE" || 1', '"FR" || 2', "- || 1"
    found = only(checked(table("F", "country || n", *rows), country=COUNTRY), "needless-rule")
    assert found.message == "rule 1 could go: rule 3 says the same in each of its cases"
    rows = '"DE" || 1', "- || 2", "- || 1"
    assert not messages(checked(table("F", "country || n", *rows), country=COUNTRY), "needless-rule")


def test_a_rule_written_twice_counts_twice() -> None:
    report = checked(table("C", "amount || n", "> 5 || 1", "> 5 || 1", "<= 5 || 1"))
    assert only(report, "repeated-rule").rules == (2, 1)


def test_neighbours_are_joined_in_one_cell() -> None:
    rows = '"DE" | < 5 || 1', '"DE" | [5..9] || 1', '"DE" | > 9 || 2', '"FR","CH" | - || 3'
    found = only(checked(table("U", "country | amount || n", *rows), country=COUNTRY), "joinable-rules")
    assert found.message == (
        "rules 1 and 2 differ only in `amount` and say the same; one rule with `<= 9` there says it all"
    )
    assert found.fix is not None
    assert found.fix.rows == (('"DE"', "<= 9", "1"),)
    assert found.fix.delete == (2,)


def test_rules_are_not_joined_over_one_that_comes_between() -> None:
    rows = "< 5 || 1", "[4..7] || 2", "[5..9] || 1", "- || 3"
    assert not messages(checked(table("F", "amount || n", *rows)), "joinable-rules")


def test_a_literal_of_another_type_is_a_fault() -> None:
    found = only(checked(table("F", "amount || n", '"5" || 1', "- || 2")), "cell-type")
    assert found.severity is Severity.ERROR
    assert found.message == '`"5"` compares with a string, but `amount` is a number; write a number'


def test_a_value_that_is_not_allowed_is_told_even_among_others() -> None:
    rows = '"DE","FX" || 1', "- || 2"
    found = only(checked(table("F", "country || n", *rows), country=COUNTRY), "value-not-allowed")
    assert found.message.startswith('`"DE","FX"` names "FX", which `country` can never be')


def test_null_is_not_asked_for_where_it_never_is() -> None:
    found = only(
        checked(table("F", "country || n", 'null,"DE" || 1', "- || 2"), country=COUNTRY), "never-null"
    )
    assert found.severity is Severity.INFO


def test_allowed_values_that_no_cell_mentions() -> None:
    rows = '"DE" || 1', '"FR" || 2', "- || 3"
    found = only(checked(table("F", "country || n", *rows), country=COUNTRY), "value-never-tested")
    assert found.message == (
        'no cell of `country` mentions "CH", though allowed: only rules that take any other value decide there; make '
        "sure that this is meant"
    )
    found = only(checked(table("F", "country || n", *rows[:2]), country=COUNTRY), "value-never-tested")
    assert "though allowed: no rule decides there" in found.message


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ('"c"', '`"c"` is not one of the allowed values of the output `kind`: "a","b"; correct the cell'),
        ("", 'a blank cell is not one of the allowed values of the output `kind`: "a","b"; correct the cell'),
    ],
)
def test_outputs_are_held_to_their_allowed_values(output: str, told: str) -> None:
    report = checked(table("F", "amount || kind", f"> 5 || {output}", '- || "a"', allowed='"a","b"'))
    assert only(report, "output-not-allowed").message.startswith(told)
    assert only(report, "output-never-given").message == (
        'no rule gives "b", though allowed for the output `kind`'
    )


def test_an_output_without_priority_is_told() -> None:
    report = checked(table("P", "amount || kind", '> 5 || "c"', '- || "a"', allowed='"a","b"'))
    assert "so it has no priority" in only(report, "output-not-allowed").message


def test_an_input_that_changes_nothing() -> None:
    rows = '"DE" | - || 1', '"FR","CH" | < 5 || 2', '"FR","CH" | >= 5 || 2'
    report = checked(table("U", "country | amount || n", *rows), country=COUNTRY)
    assert only(report, "input-without-effect").message == (
        "`amount` is tested but never matters: the decision is the same for each of its values; "
        "delete its column, or write what it should change"
    )
    report = checked(table("U", "country | amount || n", "- | - || country"), country=COUNTRY)
    assert [text.split(";")[0] for text in messages(report, "input-without-effect")] == [
        "`amount` never matters: no rule tests it"
    ]


def test_a_table_as_it_should_be_has_no_findings() -> None:
    rows = '"DE" | < 5 || 1', '"DE" | >= 5 || 2', '"FR","CH" | - || 3'
    report = checked(table("U", "country | amount || n", *rows), country=COUNTRY)
    assert not report.findings and not report.unproved and not report.must_be_mended


def test_a_rule_that_never_fires_is_not_told_to_be_needless_too() -> None:
    made = table(
        "P", "amount || route", '- || "human"', '< 5 || "auto"', '< 3 || "auto"', allowed='"human","auto"'
    )
    report = checked(made)
    assert [finding.rules[0] for finding in report.findings if finding.code == "masked-rule"] == [2, 3]
    assert messages(report, "needless-rule") == []

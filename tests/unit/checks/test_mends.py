"""Rules that are proposed for gaps: all of them can be added as they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from referee.checks import Finding, TableReport, check_table
from referee.tables import CellText, HitPolicy, Rule
from tests.unit.checks.random_tables import Sample, sample

BATCHES = range(8)
TABLES = 150


def mended(each: Sample, report: TableReport) -> Sample:
    """The table with every proposed rule below its own."""
    rows = [row for gap in found(report, "gap") if gap.fix for row in gap.fix.rows]
    rules = [
        Rule(number, tuple(map(CellText, row[:-1])), (CellText('"x"'),))
        for number, row in enumerate(rows, len(each.table.rules) + 1)
    ]
    return replace(each, table=replace(each.table, rules=(*each.table.rules, *rules)))


def found(report: TableReport, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


@pytest.mark.parametrize("batch", BATCHES)
def test_with_all_proposed_rules_a_table_has_no_gap_and_no_further_overlap(batch: int) -> None:
    several = 0
    for seed in range(batch * TABLES, (batch + 1) * TABLES):
        each = sample(seed, most_rules=5)
        report = check_table(each.table, each.inputs)
        gaps = found(report, "gap")
        if not gaps or found(report, "more-gaps"):
            continue
        assert not any("check again" in gap.fix.advice for gap in gaps if gap.fix)
        several += len(gaps) > 1
        after = mended(each, report)
        again = check_table(after.table, each.inputs)
        assert not again.unproved
        assert not found(again, "gap"), (each.table, gaps)
        assert {pair.rules for pair in found(again, "overlap")} == {
            pair.rules for pair in found(report, "overlap")
        }, (each.table, gaps)
    assert several > TABLES // 10


@pytest.mark.parametrize("batch", BATCHES)
def test_no_case_meets_two_proposed_rules_but_under_first(batch: int) -> None:
    for seed in range(batch * TABLES, (batch + 1) * TABLES):
        each = sample(seed, [policy for policy in HitPolicy if policy is not HitPolicy.FIRST], most_rules=5)
        after = mended(each, check_table(each.table, each.inputs))
        proposed = {rule.number for rule in after.table.rules[len(each.table.rules) :]}
        for truth in after.truths():
            assert not list(combinations(proposed & set(truth.true), 2)), (after.table, truth)

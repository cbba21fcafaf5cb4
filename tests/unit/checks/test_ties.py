"""Under P, overlaps are told where the order of rules decides, and nowhere else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from referee.checks import check_table
from referee.domain import Severity
from referee.tables import CellText, DecisionTable, HitPolicy, OutputClause, compile_table
from tests.unit.checks.random_tables import NAMES, Sample, sample
from tests.unit.checks.tables import checked, messages, only, table

BATCHES = range(4)
TABLES = 150


def with_two_outputs(seed: int) -> Sample:
    """A table whose second output doesn't count for the priority."""
    chance = random.Random(seed)
    each = sample(seed, [HitPolicy.PRIORITY])
    rules = tuple(
        replace(rule, outputs=(*rule.outputs, CellText(chance.choice(("1", "2")))))
        for rule in each.table.rules
    )
    outputs = (*each.table.outputs, OutputClause("limit", "number"))
    return replace(each, table=replace(each.table, outputs=outputs, rules=rules))


def decided_by_order(made: DecisionTable, true: tuple[int, ...]) -> set[tuple[int, int]]:
    """The first of the best rules, with each as good as it that says something else."""

    def rank(number: int) -> int:
        return ['"y"', '"x"', '"z"'].index(made.rules[number - 1].outputs[0].text)

    if not true:
        return set()
    first = min(true, key=lambda number: (rank(number), number))
    said = {number: [cell.text for cell in made.rules[number - 1].outputs] for number in true}
    return {(first, number) for number in true if rank(number) == rank(first) and said[number] != said[first]}


@pytest.mark.parametrize("batch", BATCHES)
def test_ties_are_the_pairs_of_rules_whose_order_decides_a_case(batch: int) -> None:
    told = 0
    for seed in range(batch * TABLES, (batch + 1) * TABLES):
        each = with_two_outputs(seed)
        report = check_table(each.table, each.inputs)
        pairs = {finding.rules for finding in report.findings if finding.code == "overlap"}
        met = {pair for truth in each.truths() for pair in decided_by_order(each.table, truth.true)}
        assert pairs == met, each.table
        told += len(pairs)
    assert told > TABLES // 4


@pytest.mark.parametrize("batch", BATCHES)
def test_the_case_of_a_tie_is_decided_by_the_earlier_rule(batch: int) -> None:
    for seed in range(batch * TABLES, (batch + 1) * TABLES):
        each = with_two_outputs(seed)
        decided = compile_table(each.table, NAMES)
        for finding in check_table(each.table, each.inputs).findings:
            if finding.code != "overlap":
                continue
            assert finding.case is not None and finding.case.facts is not None
            assert finding.case.fired == finding.rules[:1], (each.table, finding)
            first, second = finding.rules
            swapped = list(each.table.rules)
            swapped[first - 1], swapped[second - 1] = swapped[second - 1], swapped[first - 1]
            others = compile_table(replace(each.table, rules=tuple(swapped)), NAMES)
            before = decided.decide(finding.case.facts, []).value
            assert before != others.decide(finding.case.facts, []).value, (each.table, finding)


def test_a_rule_of_higher_priority_that_takes_all_shared_cases_leaves_no_tie() -> None:
    made = table(
        "P",
        "kind || route | action",
        '"x" || "human" | null',
        '"x","y" || "auto" | "go"',
        '"x","z" || "auto" | "stop"',
        allowed='"human","auto"',
    )
    report = checked(made, kind="string")
    assert messages(report, "overlap") == []


def test_a_tie_is_shown_beside_the_cases_of_a_rule_of_higher_priority() -> None:
    made = table(
        "P",
        "kind | amount || route | action",
        '"x" | < 5 || "human" | null',
        '"x" | - || "auto" | "go"',
        '- | < 9 || "auto" | "stop"',
        allowed='"human","auto"',
    )
    found = only(checked(made, kind="string"), "overlap")
    assert found.rules == (2, 3)
    assert 'where `kind` is "x" and `amount` is [5..9)' in found.message
    assert found.case is not None and found.case.result == "rule 2 fires"
    assert found.severity is Severity.WARNING

"""The proofs agree with plain counting: every case of thousands of small tables, decided one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from referee import feel
from referee.checks import Finding, TableReport, check_table
from referee.tables import DecisionTable, HitPolicy, compile_table
from tests.unit.checks.random_tables import NAMES, Truth, sample

BATCHES = range(10)
TABLES = 160


@dataclass(frozen=True)
class Examined:
    """A table, what is so, and what the proofs say."""

    table: DecisionTable
    truths: list[Truth]
    report: TableReport

    def found(self, code: str) -> list[Finding]:
        return [finding for finding in self.report.findings if finding.code == code]


@cache
def examined(seed: int) -> Examined:
    each = sample(seed)
    report = check_table(each.table, each.inputs)
    assert not report.unproved
    return Examined(each.table, each.truths(), report)


def tables(batch: int) -> list[Examined]:
    return [examined(batch * TABLES + seed) for seed in range(TABLES)]


def matches(row: tuple[str, ...], case: dict[str, Any]) -> bool:
    return all(
        cell == "-" or feel.unary_tests(cell, value).value is True
        for cell, value in zip(row, case.values(), strict=True)
    )


@pytest.mark.parametrize("batch", BATCHES)
def test_gaps_are_the_cases_without_a_rule(batch: int) -> None:
    for each in tables(batch):
        rows = [finding.fix.rows[0][:-1] for finding in each.found("gap") if finding.fix]
        for truth in each.truths:
            is_gap = not truth.true and not truth.is_doubtful
            assert any(matches(row, truth.case) for row in rows) == is_gap, (each.table, rows, truth)


@pytest.mark.parametrize("batch", BATCHES)
def test_overlaps_are_the_pairs_of_rules_that_a_case_meets_against_the_policy(batch: int) -> None:
    for each in tables(batch):
        pairs = {finding.rules for finding in each.found("overlap")}
        met = {pair for truth in each.truths for pair in combinations(truth.true, 2)}
        assert pairs == {pair for pair in met if breaks(each.table, pair)}, each.table


def breaks(table: DecisionTable, pair: tuple[int, int]) -> bool:
    differ = len({table.rules[number - 1].outputs[0].text for number in pair}) > 1
    return table.hit_policy is HitPolicy.UNIQUE or (table.hit_policy is HitPolicy.ANY and differ)


@pytest.mark.parametrize("batch", BATCHES)
def test_rules_that_never_fire_are_those_that_no_case_makes_fire(batch: int) -> None:
    for each in tables(batch):
        met = {number for truth in each.truths for number in truth.true}
        firing = {number for truth in each.truths for number in fired(each.table, truth)}
        impossible = {finding.rules[0] for finding in each.found("impossible-rule")}
        masked = {finding.rules[0] for finding in each.found("masked-rule")}
        assert impossible == {rule.number for rule in each.table.rules} - met, each.table
        assert masked == met - firing, (each.table, masked)


def fired(table: DecisionTable, truth: Truth) -> tuple[int, ...]:
    if table.hit_policy is HitPolicy.FIRST:
        return truth.true[:1]
    if table.hit_policy is HitPolicy.PRIORITY:
        order = ['"y"', '"x"', '"z"']
        ranked = sorted(truth.true, key=lambda number: order.index(table.rules[number - 1].outputs[0].text))
        return tuple(ranked[:1])
    return truth.true


@pytest.mark.parametrize("batch", BATCHES)
def test_each_case_shown_behaves_as_claimed(batch: int) -> None:
    for each in tables(batch):
        decided = compile_table(each.table, NAMES)
        for finding in (*each.found("gap"), *each.found("overlap")):
            assert finding.case is not None and finding.case.facts is not None
            assert finding.case.facts == finding.case.values
            reached = decided.decide(finding.case.facts, []).fired
            if finding.code == "gap":
                assert (reached, finding.case.result) == ((), "no rule fires")
            elif each.table.hit_policy is not HitPolicy.PRIORITY:
                assert {reference.number for reference in reached} >= set(finding.rules)


def result(table: DecisionTable, true: tuple[int, ...]) -> Any:
    """What the table gives when these rules are true, read plainly."""
    given = {number: table.rules[number - 1].outputs[0].text for number in true}
    policy = table.hit_policy
    if policy in (HitPolicy.COLLECT_COUNT, HitPolicy.COLLECT_SUM):
        return len(true) if policy is HitPolicy.COLLECT_COUNT or not true else None  # texts have no sum
    if not true:
        return "no hit"
    if policy in (HitPolicy.COLLECT_MIN, HitPolicy.COLLECT_MAX):
        return (min if policy is HitPolicy.COLLECT_MIN else max)(given.values())
    if policy.is_single:
        if policy is HitPolicy.UNIQUE and len(true) > 1:
            return "several hits"
        if policy is HitPolicy.ANY and len(set(given.values())) > 1:
            return "different outputs"
        return given[fired(table, Truth({}, true, False))[0]]
    if policy is HitPolicy.OUTPUT_ORDER:
        return sorted(given.values(), key=['"y"', '"x"', '"z"'].index)
    return list(given.values())


def without(true: tuple[int, ...], gone: set[int]) -> tuple[int, ...]:
    return tuple(number for number in true if number not in gone)


@pytest.mark.parametrize("batch", BATCHES)
def test_rules_that_could_go_change_nothing_when_they_go(batch: int) -> None:
    for each in tables(batch):
        gone = {finding.rules[0] for finding in each.found("needless-rule")}
        for truth in each.truths:
            assert result(each.table, truth.true) == result(each.table, without(truth.true, gone)), each.table


@pytest.mark.parametrize("batch", BATCHES)
def test_no_rule_that_could_go_is_forgotten(batch: int) -> None:
    for each in tables(batch):
        if any(None in truth.case.values() for truth in each.truths):
            continue
        if each.table.hit_policy not in (HitPolicy.ANY, HitPolicy.FIRST) or each.found("overlap"):
            continue
        needless = {finding.rules[0] for finding in each.found("needless-rule")}
        dead = {
            finding.rules[0] for code in ("masked-rule", "impossible-rule") for finding in each.found(code)
        }
        for rule in each.table.rules:
            gone = needless | {rule.number}
            if rule.number not in needless | dead:
                assert any(
                    result(each.table, truth.true) != result(each.table, without(truth.true, gone))
                    for truth in each.truths
                ), (each.table, rule)


@pytest.mark.parametrize("batch", BATCHES)
def test_joined_rules_decide_as_before(batch: int) -> None:
    for each in tables(batch):
        for finding in each.found("joinable-rules"):
            assert finding.fix is not None
            (row,) = finding.fix.rows
            for truth in each.truths:
                true = without(truth.true, set(finding.rules))
                if matches(row[:-1], truth.case):
                    true = tuple(sorted((*true, finding.rules[0])))
                assert result(each.table, truth.true) == result(each.table, true), (each.table, finding)


@pytest.mark.parametrize("batch", BATCHES)
def test_inputs_without_effect_are_those_that_change_no_result(batch: int) -> None:
    for each in tables(batch):
        told = {finding.message for finding in each.found("input-without-effect")}
        for name in each.truths[0].case if each.truths else ():
            results: dict[tuple[Any, ...], set[str]] = {}
            for truth in each.truths:
                others = tuple(value for key, value in truth.case.items() if key != name)
                results.setdefault(others, set()).add(repr(result(each.table, truth.true)))
            values = {repr(truth.case[name]) for truth in each.truths}
            has_effect = any(len(seen) > 1 for seen in results.values())
            is_told = any(message.startswith(f"`{name}` ") for message in told)
            assert is_told == (not has_effect and len(values) > 1), (each.table, name)

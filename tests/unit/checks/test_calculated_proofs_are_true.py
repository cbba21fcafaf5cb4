"""Proofs about calculated inputs, results of other tables and calculated outputs agree with every case there is.

Facts have few values each, all listed, so that every case can be decided one by one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import Any

import pytest

from referee import feel
from referee.checks import InputValues, TableReport, check_table
from referee.domain import Diagnostic, Severity
from referee.tables import (
    CellText,
    CompiledTable,
    DecisionTable,
    HitPolicy,
    InputClause,
    OutputClause,
    Rule,
    compile_table,
)

FACTS = {
    "a": ("number", ("0", "1", "2", "3")),
    "b": ("number", ("-2", "1", "2.5")),
    "s": ("string", ('""', '"x"', '"xyz"')),
    "d": ("date", ('date("2024-01-31")', 'date("2024-02-29")', 'date("2025-07-01")')),
    "e": ("date", ('date("2024-02-01")', 'date("2026-01-31")')),
    "ok": ("boolean", ("true", "false")),
}
NUMBERS = (
    *("a", "b", "a + 1", "a + b", "a - b", "a * b", "a * a", "b / (a + 1)", "-a", "a ** 2"),
    *(
        "floor(b)",
        "ceiling(b / 2)",
        "round half up(b, 0)",
        "abs(b)",
        "min(a, b)",
        "max(a, b, 1)",
        "modulo(a, 2)",
    ),
    *("string length(s)", "d.month", "d.day", "d.year - 2024", "d.weekday", "day of year(d)", "(e - d).days"),
    *("if a = null then 0 else a", "if b != null then b + a else a"),
    *("if ok then a else b", "if a > 1 and b > 0 then 7 else a", 'if s = "x" then 1 else 2', "count([a, b])"),
    *("sum(a, b)", "mean(a, b)", "upstream", "upstream + a", "years and months duration(d, e).months"),
)
LITERALS = ("-2", "0", "1", "2", "2.5", "3", "7", "12")
NAMES = (*FACTS, "upstream")
BATCHES = range(6)
TABLES = 40


@dataclass(frozen=True)
class Truth:
    """What is so for one case: the rules that fired, and whether anything was in doubt besides the hit policy."""

    facts: dict[str, Any]
    fired: tuple[int, ...]
    codes: frozenset[str]


@dataclass(frozen=True)
class Examined:
    table: DecisionTable
    upstream: DecisionTable
    report: TableReport
    truths: list[Truth]
    required: tuple[str, ...]


@cache
def examined(seed: int) -> Examined:
    chance = random.Random(seed)
    upstream = table(
        "upstream", chance, HitPolicy(chance.choice(("F", "C+", "C<", "C#", "C>"))), ("a", "b")[:1]
    )
    texts = chance.sample(NUMBERS, chance.randint(1, 2))
    own = table("own", chance, HitPolicy(chance.choice("UAF")), tuple(texts))
    inputs = {
        name: InputValues(type_name, ",".join(values), may_be_null=chance.random() < 0.1)
        for name, (type_name, values) in FACTS.items()
    }
    inputs["upstream"] = InputValues("number", may_be_null=False)
    report = check_table(own, inputs, names=NAMES, others=[upstream])
    assert not report.unproved
    required = tuple(name for name in FACTS if not inputs[name].may_be_null)
    return Examined(own, upstream, report, list(truths(own, upstream, inputs)), required)


def table(name: str, chance: random.Random, policy: HitPolicy, inputs: tuple[str, ...]) -> DecisionTable:
    rules = tuple(
        Rule(number, tuple(CellText(cell(chance)) for _ in inputs), (CellText(output(chance, policy, name)),))
        for number in range(1, chance.randint(2, 5))
    )
    allowed = CellText("[0..3]") if name == "own" and chance.random() < 0.6 else None
    return DecisionTable(
        name,
        policy,
        tuple(InputClause(CellText(text), "number") for text in inputs),
        (OutputClause("result", "number", allowed),),
        (),
        rules,
    )


def cell(chance: random.Random) -> str:
    kind = chance.random()
    low, high = sorted(chance.sample(LITERALS, 2), key=float)
    if kind < 0.15:
        return "-"
    if kind < 0.4:
        return f"{chance.choice('[(')}{low}..{high}{chance.choice('])')}"
    if kind < 0.5:
        return f"not({low})"
    return f"{chance.choice(('<', '<=', '>', '>='))} {low}"


def output(chance: random.Random, policy: HitPolicy, name: str) -> str:
    if name == "upstream" or chance.random() < 0.5:
        return chance.choice(("0", "1", "2", "3"))
    return chance.choice(("a", "a + 1", "a * b", "abs(b)", "3 - a", "min(a, 3)", "string length(s)"))


def truths(own: DecisionTable, upstream: DecisionTable, inputs: dict[str, InputValues]) -> Iterator[Truth]:
    """Every case for which the tables before are not in doubt, decided."""
    before, decided = compile_table(upstream, NAMES), compile_table(own, NAMES)
    axes = [
        [*(feel.evaluate(text).value for text in values), *([None] if inputs[name].may_be_null else [])]
        for name, (_, values) in FACTS.items()
    ]
    for row in product(*axes):
        facts = dict(zip(FACTS, row, strict=True))
        fired, codes = decide(before, decided, facts)
        if fired is not None:
            yield Truth(facts, fired, codes)


def decide(
    before: CompiledTable, decided: CompiledTable, facts: dict[str, Any]
) -> tuple[tuple[int, ...] | None, frozenset[str]]:
    sink: list[Diagnostic] = []
    scope = dict(facts)
    if "upstream" in decided.names:
        scope["upstream"] = before.decide(facts, sink).value
    if any(each.severity is not Severity.INFO for each in sink):
        return None, frozenset()
    result = decided.decide(scope, sink)
    codes = frozenset(each.code for each in sink if each.severity is not Severity.INFO)
    return tuple(reference.number for reference in result.fired), codes


def tables(batch: int) -> list[Examined]:
    return [examined(batch * TABLES + seed) for seed in range(TABLES)]


def matches(each: Examined, row: tuple[str, ...], facts: dict[str, Any]) -> bool:
    scope = {**facts, "upstream": compile_table(each.upstream, NAMES).decide(facts, []).value}
    return all(
        text == "-"
        or feel.unary_tests(text, feel.evaluate(clause.expression.text, scope).value).value is True
        for clause, text in zip(each.table.inputs, row, strict=True)
    )


@pytest.mark.parametrize("batch", BATCHES)
def test_a_table_without_a_gap_leaves_no_case_out(batch: int) -> None:
    for each in tables(batch):
        rows = [found.fix.rows[0][:-1] for found in each.report.findings if found.code == "gap" and found.fix]
        rest = any(found.code == "more-gaps" for found in each.report.findings)
        for truth in each.truths:
            # without a fact, an input is in doubt rather than null, and the gaps don't tell of it
            is_whole = None not in truth.facts.values()
            if is_whole and not truth.fired and truth.codes == {"table-no-hit"} and not rest:
                assert any(matches(each, row, truth.facts) for row in rows), (each.table, truth)


@pytest.mark.parametrize("batch", BATCHES)
def test_rules_without_an_overlap_never_meet(batch: int) -> None:
    for each in tables(batch):
        told = {found.rules for found in each.report.findings if found.code == "overlap"}
        for truth in each.truths:
            if {
                "table-several-hits",
                "table-disagree",
            } & truth.codes and each.table.hit_policy is HitPolicy.UNIQUE:
                assert set(combinations(truth.fired, 2)) <= told, (each.table, truth)


@pytest.mark.parametrize("batch", BATCHES)
def test_each_finding_has_a_case_that_really_is_so(batch: int) -> None:
    for each in tables(batch):
        before, decided = compile_table(each.upstream, NAMES), compile_table(each.table, NAMES)
        for found in each.report.findings:
            if found.case is None:
                assert found.severity is Severity.INFO or found.code not in ("gap", "overlap"), found
                continue
            brought = found.case.facts or {}
            assert all(name in brought for name in each.required), found
            facts = {name: brought.get(name) for name in FACTS}
            fired, codes = decide(before, decided, facts)
            assert fired is not None
            if found.code == "gap":
                assert (fired, codes) == ((), {"table-no-hit"}), (each.table, found)
            elif found.code == "overlap":
                assert set(found.rules) <= set(fired), (each.table, found)
            elif found.code == "output-not-allowed":
                assert found.rules[0] in fired and "output-not-allowed" in codes, (each.table, found)
            elif found.code == "null-in-doubt":
                assert codes - {"table-no-hit"}, (each.table, found)


@pytest.mark.parametrize("batch", BATCHES)
def test_outputs_of_which_nothing_is_told_are_always_allowed(batch: int) -> None:
    for each in tables(batch):
        told = {
            number
            for found in each.report.findings
            if found.code in ("output-not-allowed", "outside-proof")
            for number in found.rules
        }
        for truth in each.truths:
            if "output-not-allowed" in truth.codes and len(truth.fired) == 1:
                assert truth.fired[0] in told, (each.table, truth)


@pytest.mark.parametrize("batch", BATCHES)
def test_rules_that_can_never_fire_fire_for_no_case(batch: int) -> None:
    for each in tables(batch):
        dead = {
            found.rules[0]: found.message
            for found in each.report.findings
            if found.code in ("impossible-rule", "masked-rule")
        }
        # a rule that fires while a calculation is in doubt decides nothing
        whole = [truth for truth in each.truths if None not in truth.facts.values()]
        firing = {number for truth in whole for number in truth.fired}
        assert not dead.keys() & firing, each.table
        if all("but in doubt" not in message for message in dead.values()):
            assert not dead.keys() & {number for truth in each.truths for number in truth.fired}, each.table


def test_few_questions_stay_open() -> None:
    reports = [each.report for batch in BATCHES for each in tables(batch)]
    gaps = [found for report in reports for found in report.findings if found.code in ("gap", "overlap")]
    unshown = [found for found in gaps if found.case is None]
    assert len(unshown) <= len(gaps) // 50, f"{len(unshown)} of {len(gaps)}"


@pytest.mark.parametrize("batch", BATCHES)
def test_rules_of_which_nothing_is_told_fire_for_some_case(batch: int) -> None:
    unknown = 0
    for each in tables(batch):
        fired = {number for truth in each.truths for number in truth.fired}
        told = {
            found.rules[0]
            for found in each.report.findings
            if found.code in ("impossible-rule", "masked-rule", "rule-not-reached")
        }
        unknown += sum(found.code == "rule-not-reached" for found in each.report.findings)
        assert {rule.number for rule in each.table.rules} - fired <= told, each.table
    assert unknown <= 2  # facts of few values leave little to guess

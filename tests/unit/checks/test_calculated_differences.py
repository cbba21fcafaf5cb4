"""What two versions with calculated inputs decide differently: held to every case, decided by both."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from referee import feel
from referee.checks import Difference, Differences, InputValues, Version, differences
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
from tests.unit.checks.tables import table

FACTS = {
    "a": ("number", ("0", "1", "2", "3")),
    "b": ("number", ("-2", "1", "2.5")),
    "s": ("string", ('""', '"x"', '"xyz"')),
    "d": ("date", ('date("2024-01-31")', 'date("2024-02-29")', 'date("2025-07-01")')),
}
EXPRESSIONS = (
    *("a", "b", "a + 1", "a + b", "a * 2", "a * b", "string length(s)", "d.month", "max(a, b)"),
    *(
        "12 / a",
        "if a = null then 0 else a",
        "upstream",
        "upstream + 1",
        "upstream * a",
        "if a > 1 then b else upstream",
    ),
)
NAMES = (*FACTS, "upstream")
LITERALS = ("-2", "0", "1", "2", "3", "7")
TABLES = 60


def made(name: str, chance: random.Random, expressions: list[str]) -> DecisionTable:
    rules = tuple(
        Rule(
            number,
            tuple(CellText(cell(chance)) for _ in expressions),
            (CellText(chance.choice(("0", "1", "2"))),),
        )
        for number in range(1, chance.randint(2, 4))
    )
    clauses = tuple(InputClause(CellText(text), "number") for text in expressions)
    policy = HitPolicy(chance.choice("UF" if name == "own" else "F"))
    return DecisionTable(name, policy, clauses, (OutputClause("result", "number"),), (), rules)


def cell(chance: random.Random) -> str:
    low, high = sorted(chance.sample(LITERALS, 2), key=int)
    return chance.choice(("-", f"[{low}..{high}]", f"({low}..{high}]", f"< {high}", f"not({low})"))


def otherwise(each: DecisionTable, chance: random.Random) -> DecisionTable:
    """The table with one cell or one input changed."""
    if chance.random() < 0.4:
        at = chance.randrange(len(each.inputs))
        text = chance.choice(EXPRESSIONS if each.name == "own" else ("a", "a + 1", "b"))
        inputs = list(each.inputs)
        inputs[at] = replace(inputs[at], expression=CellText(text))
        return replace(each, inputs=tuple(inputs))
    at = chance.randrange(len(each.rules))
    rules = list(each.rules)
    cells = [*rules[at].inputs[1:], CellText(cell(chance))]
    rules[at] = replace(rules[at], inputs=tuple(cells))
    return replace(each, rules=tuple(rules))


@cache
def compiled(each: DecisionTable) -> CompiledTable:
    return compile_table(each, NAMES)


@cache
def value_of(text: str) -> Any:
    return feel.evaluate(text).value


def result(upstream: DecisionTable, own: DecisionTable, facts: dict[str, Any]) -> Any:
    """What a version gives; nothing where it is in doubt."""
    sink: list[Diagnostic] = []
    scope = {**facts, "upstream": compiled(upstream).decide(facts, sink).value}
    asked = [text for text in NAMES[-1:] if any(text in clause.expression.text for clause in own.inputs)]
    if not asked:
        sink.clear()
    value = compiled(own).decide(scope, sink).value
    return None if any(each.severity is not Severity.INFO for each in sink) else (value,)


def holds(each: Difference, old: dict[str, Any], new: dict[str, Any], only_old: set[str]) -> bool:
    for name, text in each.where.items():
        scope = old if name.endswith(" (before)") or name in only_old else new
        value = feel.evaluate(name.removesuffix(" (before)"), scope).value
        if feel.unary_tests(text, value).value is not True:
            return False
    return True


def told_of(seed: int) -> tuple[list[DecisionTable], list[DecisionTable], list[str], Differences]:
    chance = random.Random(seed)
    upstream = made("upstream", chance, ["a"])
    upstream = replace(
        upstream, rules=(*upstream.rules, Rule(len(upstream.rules) + 1, (CellText("-"),), (CellText("3"),)))
    )
    own = made("own", chance, chance.sample(EXPRESSIONS, chance.randint(1, 2)))
    old = [upstream, own]
    new = [otherwise(upstream, chance), own] if chance.random() < 0.4 else [upstream, otherwise(own, chance)]
    inputs = {
        name: InputValues(type_name, ",".join(values), may_be_null=name != "a" and chance.random() < 0.2)
        for name, (type_name, values) in FACTS.items()
    }
    inputs["upstream"] = InputValues("number")
    told = differences(Version(old, inputs, "own"), Version(new, inputs, "own"), names=NAMES)
    return old, new, [name for name in FACTS if inputs[name].may_be_null], told


@pytest.mark.parametrize("batch", range(4))
def test_differences_are_the_cases_that_facts_bring_and_versions_decide_differently(batch: int) -> None:
    differing = unshown = 0
    for seed in range(batch * TABLES, (batch + 1) * TABLES):
        old, new, optional, told = told_of(seed)
        assert told.is_complete
        unshown += len(told.unshown)
        for each in told.found:
            assert each.case.facts is not None
            facts = {name: each.case.facts[name] for name in FACTS if name in each.case.facts}
            facts = {**{name: value_of(values[0]) for name, (_, values) in FACTS.items()}, **facts}
            assert result(*old, facts) != result(*new, facts), (old, new, each)
        only_old = {clause.expression.text for clause in old[1].inputs} - {
            clause.expression.text for clause in new[1].inputs
        }
        axes = [[*map(value_of, values), *[None] * (name in optional)] for name, (_, values) in FACTS.items()]
        for row in product(*axes):
            facts = dict(zip(FACTS, row, strict=True))
            before, after = (
                {**facts, "upstream": compiled(each[0]).decide(facts, []).value} for each in (old, new)
            )
            if result(*old, facts) == result(*new, facts):
                continue
            differing += 1
            regions = (*told.found, *told.unshown, *told.open)
            is_told = any(holds(each, before, after, only_old) for each in regions)
            assert is_told or told.doubtable, (old, new, facts, told)
    assert differing > 100
    assert unshown <= 2


def test_an_input_by_a_factor_with_limits_by_the_same_is_no_change() -> None:
    told = versions(table("U", "amount || r", "<= 100 || 1", "> 100 || 2"), "<= 200", "> 200")
    assert (told.found, told.unshown, told.is_complete) == ((), (), True)


def test_the_one_case_at_a_limit_of_a_calculation_is_found() -> None:
    told = versions(table("U", "amount || r", "<= 100 || 1", "> 100 || 2"), "< 200", ">= 200")
    (found,) = told.found
    assert found.case.facts == {"amount": 100}


def versions(old: DecisionTable, low: str, high: str) -> Differences:
    new = table("U", "amount * 2 || r", f"{low} || 1", f"{high} || 2")
    inputs = {"amount": InputValues("number", "[0..1000]")}
    return differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))


def test_a_calculation_with_the_result_of_a_changed_table_is_not_the_same_input() -> None:
    own = table("F", "size + 1 || r", "2 || 1", "- || 2", name="own")
    sizes = [table("F", "amount || size", f"< {limit} || 1", "- || 2", name="size") for limit in (500, 600)]
    inputs = {"amount": InputValues("number", "[0..1000]"), "size": InputValues("number")}
    old, new = (Version([size, own], inputs, "own") for size in sizes)
    told = differences(old, new)
    (found,) = told.found
    assert set(found.where) == {"size + 1 (before)", "size + 1"}
    amount = (found.case.facts or {})["amount"]
    assert 500 <= amount < 600


def test_a_case_that_a_calculation_leaves_in_doubt_is_told_where_the_other_version_decides_it() -> None:
    old = table("U", "amount || r", "null || 1", "<= 100 || 1", "> 100 || 2")
    new = table("U", "amount * 2 || r", "<= 200 || 1", "> 200 || 2")
    inputs = {"amount": InputValues("number", "[0..1000]", may_be_null=True)}
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))
    assert [each.where for each in told.found] == [{"amount": "null"}]
    assert told.doubtable == ("amount * 2",)


def test_a_division_by_zero_is_told_where_the_other_version_decides_it() -> None:
    old = table("U", "rate || r", "> 5 || 1", "<= 5 || 2")
    new = table("U", "10 / rate || r", "< 2 || 1", ">= 2 || 2")
    inputs = {"rate": InputValues("number", "[0..10]")}
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))
    assert [each.where for each in told.found] == [{"rate": "0"}]

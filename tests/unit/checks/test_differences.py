"""What two versions decide differently: held to plain counting, alone and through tables that need each other."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from referee import feel
from referee.checks import Budget, Differences, InputValues, Version, differences
from referee.dmn import DecisionNode, InputData, Model, TableLogic
from referee.tables import CellText, DecisionTable, HitPolicy, Rule
from tests.unit.checks.random_tables import POLICIES, Sample, sample
from tests.unit.checks.tables import table

COUNTRY = InputValues("string", '"DE","FR","CH"')
AMOUNT = InputValues("number", "[0..100]")


def changed(each: Sample, seed: int) -> Sample:
    """The same table with a rule gone, moved, or with another cell or output."""
    chance = random.Random(seed)
    rules = list(each.table.rules)
    at = chance.randrange(len(rules))
    kind = chance.randrange(4)
    if kind == 0:
        rules.pop(at)
    elif kind == 1:
        rules.insert(0, rules.pop(at))
    elif kind == 2:
        rules[at] = replace(rules[at], outputs=(CellText(chance.choice(('"x"', '"y"', '"z"'))),))
    else:
        column = chance.randrange(len(each.sorts))
        cells = list(rules[at].inputs)
        cells[column] = CellText(chance.choice((*each.sorts[column].literals, "-")))
        rules[at] = replace(rules[at], inputs=tuple(cells))
    numbered = tuple(Rule(number, rule.inputs, rule.outputs) for number, rule in enumerate(rules, 1))
    return replace(each, table=replace(each.table, rules=numbered))


def model(tables: list[DecisionTable], names: tuple[str, ...]) -> Model:
    nodes = [DecisionNode(each.name, TableLogic(each)) for each in tables]
    return Model.build("decision", inputs=[InputData(name) for name in names], decisions=nodes)


def holds(told: Differences, case: dict[str, Any]) -> bool:
    return any(
        all(
            cell == "-" or feel.unary_tests(cell, case[name]).value is True
            for name, cell in each.where.items()
        )
        for each in told.found
    )


@pytest.mark.parametrize("batch", range(6))
def test_differences_are_the_cases_decided_differently(batch: int) -> None:
    policies = [policy for policy in POLICIES if policy is not HitPolicy.COLLECT_SUM]
    for seed in range(batch * 40, batch * 40 + 40):
        old = sample(seed, policies)
        if old.table.hit_policy.needs_priorities and any(each.may_be_null for each in old.inputs.values()):
            continue  # which doubt counts under P and O hangs on ranks, so more is told to differ than does
        new = changed(old, seed)
        told = differences(
            Version([old.table], old.inputs, "sample"), Version([new.table], new.inputs, "sample")
        )
        assert told.is_complete and not told.open
        names = tuple(old.inputs)
        models = model([old.table], names), model([new.table], names)
        for case in old.cases():
            one, other = (
                (found.value, any(each.is_doubt for each in found.diagnostics))
                for found in (each.evaluate("sample", case) for each in models)
            )
            differ = one != other and not (one[1] and other[1])
            assert holds(told, case) == differ, (old.table, new.table, case, one, other)
        for each in told.found:
            assert each.case.facts == each.case.values


def test_a_change_is_told_as_few_boxes_with_the_old_and_new_outputs() -> None:
    rows = '"DE","FR" | <= 50 || "auto"', '- | - || "human"'
    more = '"DE","FR" | <= 60 || "auto"', '- | - || "human"'
    inputs = {"country": COUNTRY, "amount": AMOUNT}
    old, new = (table("F", "country | amount || route", *each) for each in (rows, more))
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))
    (one,) = told.found
    assert one.where == {"country": '"DE", "FR"', "amount": "(50..60]"}
    assert (one.old.values, one.new.values) == (("human",), ("auto",))
    assert (one.old.rules, one.new.rules) == ((2,), (1,))
    assert one.case.facts == {"country": "DE", "amount": Decimal(51)}


def test_another_way_to_write_the_same_rules_is_no_difference() -> None:
    inputs = {"country": COUNTRY, "amount": AMOUNT}
    old = table("U", "country | amount || n", '"DE" | < 50 || 1', '"DE" | >= 50 || 2', 'not("DE") | - || 3')
    new = table("F", "amount | country || n", '- | "FR","CH" || 3', ">= 50 | - || 2", "- | - || 1")
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))
    assert told == Differences((), (), is_complete=True)


def tables_of_two(limit: str) -> list[DecisionTable]:
    risk = table(
        "F",
        "country | amount || risk",
        '"DE" | - || "low"',
        f'- | <= {limit} || "low"',
        '- | - || "high"',
        name="risk",
    )
    route = table(
        "U",
        "risk | amount || route",
        '"low" | <= 90 || "auto"',
        '"low" | > 90 || "human"',
        '"high" | - || "human"',
        name="routing",
    )
    return [risk, route]


TWO = {"country": COUNTRY, "amount": AMOUNT, "risk": InputValues("string", '"low","high"')}


def test_a_change_below_is_followed_up_to_the_table_that_decides() -> None:
    old, new = tables_of_two("10"), tables_of_two("95")
    told = differences(Version(old, TWO, "routing"), Version(new, TWO, "routing"))
    (one,) = told.found
    assert one.where == {"country": '"FR", "CH"', "amount": "(10..90]"}
    assert (one.old.values, one.new.values) == (("human",), ("auto",))
    assert one.case.facts is not None
    for tables, values in ((old, one.old.values), (new, one.new.values)):
        assert values is not None
        assert model(tables, ("country", "amount")).evaluate("routing", one.case.facts).value == values[0]


def test_a_difference_that_hangs_on_an_expression_is_told_as_open() -> None:
    inputs = {"amount": AMOUNT, "limit": InputValues("number")}
    old = table("F", "amount || n", "> limit || 1", "- || 2")
    new = table("F", "amount || n", "> limit || 1", "> 50 || 3", "- || 2")
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"))
    assert not told.found and [each.where for each in told.open] == [{"amount": "(50..100]"}]


def test_what_is_not_compared_in_time_is_said() -> None:
    rows = [f"{amount} || {amount}" for amount in range(60)]
    other = [f"{amount} || {amount + 1}" for amount in range(60)]
    inputs = {"amount": AMOUNT}
    old, new = (table("F", "amount || n", *each) for each in (rows, other))
    told = differences(Version([old], inputs, "limits"), Version([new], inputs, "limits"), budget=Budget(0))
    assert not told.is_complete


def test_where_cases_lie_that_were_not_compared_is_said() -> None:
    made = table("F", "amount | age || n", *(f"- | {age} || {age}" for age in range(60)))
    required = {"amount": AMOUNT, "age": InputValues("number")}
    optional = {**required, "amount": replace(AMOUNT, may_be_null=True)}
    versions = [Version([made], values, "limits", values) for values in (required, optional)]
    told = differences(*versions, budget=Budget(steps=5_000))
    assert not told.is_complete
    assert told.left["amount"] == "null"


def test_allowed_values_that_cut_many_rules_are_told_by_the_fact_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_module("referee.checks.differences"), "_MOST_OF_A_SLICE", 5)
    chance = random.Random(1)
    rows = [
        f"[{low}..{low + 30}] | [{chance.randrange(90)}..{chance.randrange(90, 200)}] || {chance.randrange(3)}"
        for low in (chance.randrange(40, 100) for _ in range(60))
    ]
    made = table("F", "amount | age || n", *rows, "- | - || 9")
    before = {"amount": AMOUNT, "age": InputValues("number")}
    after = {**before, "amount": InputValues("number", "[0..40]")}
    told = differences(Version([made], before, "limits", before), Version([made], after, "limits", after))
    assert told.is_complete and [each.where for each in told.found] == [{"amount": "(40..100]"}] * 4
    decided = model([made], ("amount", "age"))
    for each in told.found:
        assert each.case.facts is not None and each.new.is_doubtful
        assert (decided.evaluate("limits", each.case.facts).value,) == each.old.values
    assert len({each.old.values for each in told.found}) == 4


def with_limit(limit: str, output: str = '"human"') -> list[DecisionTable]:
    limits = table("U", "country || limit", f'"DE" || {limit}', 'not("DE") || 10', name="limit")
    route = table("U", "amount || route", '<= limit || "auto"', f"> limit || {output}", name="routing")
    return [limits, route]


LIMITED = {"country": COUNTRY, "amount": AMOUNT, "limit": InputValues("number")}


def test_a_cell_that_compares_with_the_result_of_a_table_is_compared_exactly() -> None:
    told = differences(
        Version(with_limit("40"), LIMITED, "routing"), Version(with_limit("55.5"), LIMITED, "routing")
    )
    (one,) = told.found
    assert one.where == {"country": '"DE"', "amount": "(40..55.5]"}
    assert (one.old.values, one.new.values) == (("human",), ("auto",))
    assert not told.open and told.is_complete


def test_an_output_expression_over_a_changed_result_is_told_as_open() -> None:
    text = '"above " + string(limit)'
    told = differences(
        Version(with_limit("40", text), LIMITED, "routing"),
        Version(with_limit("50", text), LIMITED, "routing"),
    )
    assert [each.where for each in told.found] == [{"country": '"DE"', "amount": "(40..50]"}]
    assert [each.where for each in told.open] == [{"country": '"DE"', "amount": "(50..100]"}]


@pytest.mark.parametrize("seed", range(60))
def test_differences_through_two_tables_are_the_cases_decided_differently(seed: int) -> None:
    chance = random.Random(seed)

    def rows(outputs: tuple[str, ...], cells: tuple[str, ...]) -> list[str]:
        return [
            " | ".join((chance.choice(cells), chance.choice(("-", "<= 20", "[20..60)", "> 60", "50"))))
            + f" || {chance.choice(outputs)}"
            for _ in range(chance.randint(1, 4))
        ]

    def decision() -> list[DecisionTable]:
        countries = ("-", '"DE"', '"FR","CH"', 'not("CH")')
        policy = chance.choice(("F", "A", "U"))
        risk = table("F", "country | amount || risk", *rows(("20", "50", "80"), countries), name="risk")
        cells = ("-", "20", "<= 50", "> 20")
        route = table(policy, "risk | amount || route", *rows(('"a"', '"b"'), cells), name="routing")
        over = table(
            "F", "risk | amount || route", '- | > risk || "c"', *rows(('"a"',), cells), name="routing"
        )
        return [risk, chance.choice((route, over))]

    old, new = decision(), decision()
    inputs = {"country": COUNTRY, "amount": AMOUNT, "risk": InputValues("number")}
    told = differences(Version(old, inputs, "routing"), Version(new, inputs, "routing"))
    assert told.is_complete and not told.open
    models = model(old, ("country", "amount")), model(new, ("country", "amount"))
    for country in ("DE", "FR", "CH"):
        for amount in (0, 10, 20, 30, 50, 55, 60, 61, 80, 90):
            case = {"country": country, "amount": Decimal(amount)}
            one, other = (
                (found.value, any(each.is_doubt for each in found.diagnostics))
                for found in (each.evaluate("routing", case) for each in models)
            )
            assert holds(told, case) == (one != other and not (one[1] and other[1])), (
                old,
                new,
                case,
                one,
                other,
            )

"""Why a case was decided so, and the nearest changes: each is true, and none nearer of its kind is overlooked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.domain import Evaluation
from referee.engine.example_case import Example
from referee.engine.explanation import Explanation, explain
from referee.engine.nearest_change import nearest_changes
from referee.engine.trial import Trial
from referee.tables import HitPolicy
from referee.workbook import (
    DecisionWorkbook,
    FactDefinition,
    ModelDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    read_workbook,
    write_workbook,
)

OUTPUTS = ("route", "action", "queue", "reason")


def written(
    folder: Path,
    facts: tuple[FactDefinition, ...],
    tables: tuple[TableDraft, ...],
    models: tuple[ModelDefinition, ...] = (),
) -> DecisionWorkbook:
    write_workbook(
        folder / "payments.xlsx",
        WorkbookDraft(
            Settings("payments", "1", "treasury", "pay", "payment", "routing", "desk"),
            (FactDefinition("payment", "string"), *facts),
            tables,
            models,
        ),
    )
    return read_workbook(folder / "payments.xlsx")


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Payments by amount, land and the limit of a table; `mood` is no fact that matters, `iban` a sensitive one."""
    return Trial(
        written(
            tmp_path_factory.mktemp("payments"),
            (
                FactDefinition("amount", "number", "[0..100000]"),
                FactDefinition("land", "string", '"DE","CH"'),
                FactDefinition("member", "boolean", required=False),
                FactDefinition("iban", "string", required=False, sensitive=True),
                FactDefinition("mood", "string", required=False),
            ),
            (
                TableDraft(
                    "limit", HitPolicy.UNIQUE, ("member",), ("most",), ((True, 5000), ("not(true)", 1000))
                ),
                TableDraft(
                    "routing",
                    HitPolicy.FIRST,
                    ("iban", "land", "amount"),
                    OUTPUTS,
                    (
                        ("null", "-", "-", "human", None, "desk", "No account."),
                        ("-", "CH", "> limit", "human", None, "desk", "Far and much."),
                        ("-", "-", "<= limit", "auto", "pay", None, "Little."),
                        ("-", "-", "-", "exception", "ask", None, "Much."),
                    ),
                ),
            ),
        )
    )


def explained(trial: Trial, **facts: Any) -> Explanation:
    return explain(trial, "P-1", Example({"payment": "P-1", "iban": "DE1", **facts}))


def told(explanation: Explanation) -> list[tuple[str, dict[str, Any]]]:
    return [
        (str(each.decision.route), {change.name: change.after for change in each.changes})
        for each in explanation.nearest.found
    ]


def test_each_table_tells_the_rule_its_cells_and_what_the_case_held(payments: Trial) -> None:
    explanation = explained(payments, amount=1200, land="DE", member=False)
    routing, limit = explanation.nodes
    assert (routing.name, [fired.rule.number for fired in routing.rules]) == ("routing", [4])
    assert (limit.name, limit.value, [fired.rule.number for fired in limit.rules]) == ("limit", 1000, [2])
    (cell,) = limit.rules[0].cells
    assert (cell.clause.expression.text, cell.cell.text, cell.value, cell.holds) == (
        "member",
        "not(true)",
        False,
        True,
    )


def test_a_cell_that_names_a_table_tells_its_value(payments: Trial) -> None:
    (routing, _) = explained(payments, amount=900, land="DE", member=False).nodes
    (cell,) = routing.rules[0].cells
    assert (cell.value, dict(cell.references)) == (900, {"limit": 1000})


def test_rules_for_other_routes_that_one_cell_kept_from_matching_are_told(payments: Trial) -> None:
    (routing, _) = explained(payments, amount=1200, land="DE", member=False).nodes
    assert [(rule.number, cell.clause.expression.text, cell.value) for rule, cell in routing.missed] == [
        (1, "iban", "DE1"),
        (2, "land", "DE"),
        (3, "amount", 1200),
    ]
    (routing, *_) = explained(payments, amount=1200, land="CH", member=False).nodes
    assert [rule.number for rule, _ in routing.missed] == []


def test_a_single_fact_that_changes_the_route_is_found_at_its_limit(payments: Trial) -> None:
    changes = told(explained(payments, amount=1200, land="DE", member=False))
    assert changes == [
        ("auto", {"amount": Decimal(1000)}),
        ("auto", {"member": True}),
        ("human", {"iban": None}),
        ("human", {"land": "CH"}),
    ]


def test_two_facts_are_changed_where_one_does_not_do(payments: Trial) -> None:
    changes = told(explained(payments, amount=900, land="CH", member=True))
    assert ("exception", {"amount": Decimal(5001), "land": "DE"}) in changes


def test_the_digits_of_a_case_are_those_of_the_changes(payments: Trial) -> None:
    changes = told(explained(payments, amount=Decimal("999.95"), land="DE", member=False))
    assert ("exception", {"amount": Decimal("1000.01")}) in changes


def test_a_doubtful_case_tells_its_doubts_and_what_would_settle_it(payments: Trial) -> None:
    explanation = explained(payments, land="DE", member=True)
    assert explanation.doubts == ("the required fact `amount` is missing",)
    assert {"amount"} in [set(changes) for route, changes in told(explanation) if route == "auto"]


def test_facts_that_no_table_asks_for_are_not_changed(payments: Trial) -> None:
    changes = told(explained(payments, amount=1200, land="DE", member=False, mood="good"))
    assert not [change for _, change in changes if {"mood", "payment"} & set(change)]


def test_what_sensitive_facts_are_is_known(payments: Trial) -> None:
    assert explained(payments, amount=1, land="DE").hidden == {"iban"}


@settings(max_examples=40)
@given(
    amount=st.integers(0, 100000),
    land=st.sampled_from(["DE", "CH"]),
    member=st.sampled_from([True, False, None]),
    iban=st.sampled_from(["DE1", None]),
)
def test_every_change_told_gives_the_route_it_is_told_for(
    payments: Trial, amount: int, land: str, member: bool | None, iban: str | None
) -> None:
    facts = {"payment": "P-1", "amount": amount, "land": land, "member": member, "iban": iban}
    decision = payments.decide(facts)
    for each in nearest_changes(payments, Example(facts), decision).found:
        changed = {**facts, **{change.name: change.after for change in each.changes}}
        again = payments.decide(changed)
        assert (again.route, again.action) == (each.decision.route, each.decision.action) != decision.route
        assert again.route != decision.route
        assert not any(diagnostic.is_doubt for diagnostic in again.diagnostics)


@settings(max_examples=40)
@given(amount=st.integers(0, 100000))
def test_no_nearer_amount_gives_another_route(payments: Trial, amount: int) -> None:
    """The route changes with the amount at 1000 alone."""
    explanation = explained(payments, amount=amount, land="DE", member=False)
    (nearest,) = {
        change.after
        for each in explanation.nearest.found
        for change in each.changes
        if len(each.changes) == 1 and change.name == "amount"
    }
    assert nearest == (1001 if amount <= 1000 else 1000)


def scorer(facts: Mapping[str, Any]) -> Evaluation:
    """A model whose score falls with the age, in no table's words."""
    yes = max(Decimal(0), 1 - facts["age"] / 100).quantize(Decimal("0.000001"))
    return Evaluation(
        {
            "label": "yes" if yes > 0.5 else "no",
            "confidence": max(yes, 1 - yes),
            "probabilities": {"yes": yes, "no": 1 - yes},
        }
    )


def test_limits_within_a_model_are_closed_in_on(tmp_path: Path) -> None:
    workbook = written(
        tmp_path,
        (FactDefinition("age", "number", "[0..120]"),),
        (
            TableDraft(
                "routing",
                HitPolicy.FIRST,
                ("risk.probabilities.yes",),
                OUTPUTS,
                (("<= 0.35", "auto", "pay", None, "Fine."), ("-", "human", None, "desk", "Risky.")),
            ),
        ),
        (ModelDefinition("risk", "risk", "", ("age",)),),
    )
    trial = Trial(workbook, {"risk": scorer})
    explanation = explain(trial, "P-1", Example({"payment": "P-1", "age": 40}))
    assert told(explanation) == [
        ("auto", {"age": Decimal(65)}),
        ("auto", {"risk.probabilities.yes": Decimal("0.35")}),
    ]
    assert [node.name for node in explanation.nodes] == ["routing", "risk"]
    assert explanation.nodes[1].table is None


@pytest.mark.parametrize(
    ("kind", "cell", "before", "after"),
    [
        ("date", '< date("2024-03-01")', "2024-03-20", "2024-02-29"),
        ("time", '< time("12:00:00")', "13:00:00", "11:59:59"),
        (
            "date and time",
            '< date and time("2024-03-01T00:00:00")',
            "2024-03-20T10:00:00",
            "2024-02-29T23:59:00",
        ),
        ("days and time duration", '<= duration("P10D")', "P12D", "P10D"),
        ("years and months duration", '<= duration("P1Y")', "P3Y", "P1Y"),
        ("number", "? * 2 <= 30", "20", "15"),
        (
            "date and time",
            '? + duration("P10D") <= date and time("2024-03-01T00:00:00")',
            "2024-05-01T10:00:00",
            "2024-02-19T10:00:00",
        ),
        ("date", '? + duration("P10D") <= date("2024-03-01")', "2024-05-01", "2024-02-20"),
        ("string", '"a"', "z", "a"),
    ],
)
def test_each_type_has_its_nearest_change(
    tmp_path: Path, kind: str, cell: str, before: str, after: str
) -> None:
    rules = ((cell, "auto", "pay", None, "Fine."), ("-", "human", None, "desk", "Not."))
    table = TableDraft("routing", HitPolicy.FIRST, ("fact",), OUTPUTS, rules)
    trial = Trial(written(tmp_path, (FactDefinition("fact", kind),), (table,)))
    explanation = explain(trial, "P-1", Example({"payment": "P-1", "fact": before}))
    assert [(route, str(changes["fact"])) for route, changes in told(explanation)] == [("auto", after)]

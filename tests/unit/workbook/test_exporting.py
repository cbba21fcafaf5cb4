"""A workbook written as DMN and read back decides every case the same."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee.dmn import read_model, write_definitions
from referee.domain import Evaluation
from referee.tables import HitPolicy
from referee.workbook import (
    DecisionWorkbook,
    FactDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    definitions_of,
    import_decision,
    read_workbook,
    write_workbook,
)
from tests.unit.workbook.example import example

SCORES = {"label": "no", "confidence": Decimal("0.95"), "probabilities": {"fraud": Decimal("0.05")}}


def scored(_: Mapping[str, Any]) -> Evaluation:
    return Evaluation(SCORES)


def there_and_back(
    workbook: DecisionWorkbook, folder: Path, version: Literal["1.3", "1.5"]
) -> DecisionWorkbook:
    write_definitions(definitions_of(workbook), folder / "there.dmn", version)
    return read_workbook(import_decision(folder / "there.dmn", folder / "back.xlsx").path)


@pytest.mark.parametrize("version", ["1.3", "1.5"])
def test_settings_facts_models_and_tables_come_back(tmp_path: Path, version: Literal["1.3", "1.5"]) -> None:
    workbook = read_workbook(example(tmp_path))
    back = there_and_back(workbook, tmp_path, version)
    assert back.settings == workbook.settings
    assert back.dictionary.facts == workbook.dictionary.facts
    assert back.models == workbook.models
    assert back.actions == workbook.actions
    assert [table.name for table in back.tables] == [table.name for table in workbook.tables]
    for ours, theirs in zip(workbook.tables, back.tables, strict=True):
        assert theirs.hit_policy is ours.hit_policy
        assert [clause.expression.text for clause in theirs.inputs] == [
            clause.expression.text for clause in ours.inputs
        ]
        assert [rule.annotations for rule in theirs.rules] == [rule.annotations for rule in ours.rules]


def test_the_dmn_file_decides_as_the_workbook_does(tmp_path: Path) -> None:
    workbook = read_workbook(example(tmp_path))
    write_definitions(definitions_of(workbook), tmp_path / "there.dmn")
    model = read_model(tmp_path / "there.dmn")
    own = workbook.model({"fraud model": scored})
    for test in workbook.tests:
        facts, _ = workbook.dictionary.check(test.facts)
        theirs = model.evaluate("routing", {**facts, "fraud model": SCORES})
        assert theirs.value == own.evaluate("routing", facts).value


# --- random decisions

NUMBER_CELLS = [
    "-",
    "< 10",
    ">= 10",
    "[2..8)",
    "5",
    "(10..20]",
    "not(5)",
    "null",
    "1, 2",
    "> 1.2345",
    "<= 0.5",
]
TEXT_CELLS = ["-", '"low"', "high", '"low","high"', 'not("low")', "null", 'starts with(?, "l")', "other"]
TRUTH_CELLS: list[Any] = ["-", True, False, "null"]
DATE_CELLS = [
    "-",
    '< date("2024-05-01")',
    '[date("2024-01-01")..date("2024-12-31")]',
    datetime.date(2024, 2, 29),
]
OUTPUT_CELLS: list[Any] = ["fast", "slow", '"fast"']
NUMBERS = [
    None,
    Decimal(0),
    Decimal("0.5"),
    Decimal(2),
    Decimal(5),
    Decimal(10),
    Decimal(15),
    Decimal("1.2345"),
]
TEXTS = [None, "low", "high", "l", "x"]
DATES = [None, datetime.date(2024, 2, 29), datetime.date(2024, 7, 1), datetime.date(2020, 1, 1)]

rules = st.lists(
    st.tuples(
        st.sampled_from(NUMBER_CELLS),
        st.sampled_from(TEXT_CELLS),
        st.sampled_from(TRUTH_CELLS),
        st.sampled_from(DATE_CELLS),
        st.sampled_from(OUTPUT_CELLS),
        st.sampled_from([1, Decimal("2.5"), "amount * 2", "-3", "null"]),
        st.sampled_from([None, "why <not> & so", "„remark“"]),
    ),
    min_size=1,
    max_size=6,
)
cases = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.just("1"),
            "amount": st.sampled_from(NUMBERS),
            "risk": st.sampled_from(TEXTS),
            "vip member": st.sampled_from([None, True, False]),
            "since": st.sampled_from(DATES),
        }
    ),
    min_size=4,
    max_size=10,
)
FACTS = (
    FactDefinition("id", "string"),
    FactDefinition("amount", "number", "[0..100]", required=False),
    FactDefinition("risk", "string", required=False, sensitive=True),
    FactDefinition("vip member", "boolean", required=False, description="a person, not a company"),
    FactDefinition("since", "date", required=False),
)


def drafted(policy: HitPolicy, found: list[tuple[Any, ...]], default: bool) -> WorkbookDraft:
    speed = TableDraft(
        "speed",
        policy,
        ("amount", "risk", "vip member", "since"),
        ("way", "cost"),
        tuple(found),
        ("why",),
        {"way": '"fast","slow"', "cost": "-"},
        defaults={"way": "slow", "cost": 7} if default else {},
    )
    routing = TableDraft(
        "routing",
        HitPolicy.FIRST,
        ("speed.way",) if policy.is_single else ("count(speed)",),
        ("route", "action", "queue", "reason"),
        (
            ('"fast"' if policy.is_single else "> 1", "auto", "send", None, '"as " + string(speed)'),
            ("-", "human", None, "desk", "Somebody decides."),
        ),
    )
    return WorkbookDraft(Settings("random", "1", "", "", "id", "routing", "desk"), FACTS, (speed, routing))


def outcome(evaluation: Evaluation) -> Any:
    """What is decided, and which rules say so."""
    doubts = any(diagnostic.is_doubt for diagnostic in evaluation.diagnostics)
    fired = [(node.name, [rule.number for rule in node.rules]) for node in evaluation.trace]
    return evaluation.value, doubts, sorted(fired)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    policy=st.sampled_from([HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.PRIORITY, HitPolicy.RULE_ORDER]),
    found=rules,
    default=st.booleans(),
    facts=cases,
    version=st.sampled_from(["1.3", "1.5"]),
)
def test_random_decisions_decide_random_cases_the_same_after_a_round_trip(
    policy: HitPolicy,
    found: list[tuple[Any, ...]],
    default: bool,
    facts: list[dict[str, Any]],
    version: Literal["1.3", "1.5"],
) -> None:
    if policy is HitPolicy.PRIORITY:
        found = [(*rule[:5], 1, rule[6]) for rule in found]
    draft = drafted(policy, found, default)
    if policy is HitPolicy.PRIORITY:
        draft = replace(
            draft,
            tables=(
                replace(draft.tables[0], values={"way": '"fast","slow"', "cost": "1, 7"}),
                draft.tables[1],
            ),
        )
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_workbook(folder / "own.xlsx", draft)
        own = read_workbook(folder / "own.xlsx")
        back = there_and_back(own, folder, version)
        before, after = own.model({}), back.model({})
        for case in facts:
            assert outcome(after.evaluate("routing", case)) == outcome(before.evaluate("routing", case))
            assert back.dictionary.check(case) == own.dictionary.check(case)


@pytest.mark.parametrize("name", ["invoice_approval", "loan_applications"])
def test_actions_and_queues_left_blank_come_back_blank(tmp_path: Path, name: str) -> None:
    root = Path(__file__).parents[3]
    workbook = read_workbook(root / "decision_tables" / f"{name}.xlsx")
    back = there_and_back(workbook, tmp_path, "1.3")
    for ours, theirs in zip(workbook.tables, back.tables, strict=True):
        assert [[cell.text for cell in (*rule.inputs, *rule.outputs)] for rule in theirs.rules] == [
            [cell.text for cell in (*rule.inputs, *rule.outputs)] for rule in ours.rules
        ]

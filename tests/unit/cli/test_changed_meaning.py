"""What a change of a workbook means, facts, settings and scores included: held to cases decided by both versions."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from referee import feel
from referee.checks import Budget
from referee.cli.changed_meaning import Meaning, MeantRegion, meaning
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

SETTINGS = Settings("payments", "1", "treasury", "decide payments", "payment", "routing", "clerks")
FACTS = (
    FactDefinition("payment", "string", required=False),
    FactDefinition("country", "string", '"DE","FR"', required=True),
    FactDefinition("amount", "number", "[0..100]", required=True),
)
MODEL = ModelDefinition("risk", "risk", "", ("amount",))
ROUTE = ("route", "action", "queue", "reason")
RULES: tuple[tuple[Any, ...], ...] = (
    ("DE", "<= 50", "auto", "pay", None, "small"),
    ("-", "-", "human", None, None, "other"),
)


def workbook(
    path: Path,
    facts: tuple[FactDefinition, ...] = FACTS,
    rules: tuple[tuple[Any, ...], ...] = RULES,
    inputs: tuple[str, ...] = ("country", "amount"),
    models: tuple[ModelDefinition, ...] = (),
    policy: HitPolicy = HitPolicy.FIRST,
    **settings: Any,
) -> DecisionWorkbook:
    tables = (TableDraft("routing", policy, inputs, ROUTE, rules),)
    write_workbook(path, WorkbookDraft(replace(SETTINGS, **settings), facts, tables, models))
    return read_workbook(path)


def changed(**marks: Any) -> tuple[FactDefinition, ...]:
    """The facts with another `amount`."""
    return (*FACTS[:2], replace(FACTS[2], **marks))


def compared(tmp_path: Path, old: dict[str, Any], new: dict[str, Any]) -> Meaning:
    versions = workbook(tmp_path / "old.xlsx", **old), workbook(tmp_path / "new.xlsx", **new)
    return meaning(*versions, tmp_path, Budget())


def moves(region: MeantRegion) -> tuple[dict[str, str], str, str]:
    assert region.example is not None
    return dict(region.where), str(region.example.old.route), str(region.example.new.route)


def test_a_fact_no_longer_required_lets_blank_cases_through(tmp_path: Path) -> None:
    rules = (("DE", "-", "auto", "pay", None, "home"), *RULES[1:])
    told = compared(tmp_path, {"rules": rules}, {"rules": rules, "facts": changed(required=False)})
    assert [moves(each) for each in told.regions if each.example and each.example.goes_elsewhere] == [
        ({"country": '"DE"', "amount": "null"}, "human", "auto")
    ]
    assert told.unproved == ()


def test_widened_and_narrowed_allowed_values_are_regions(tmp_path: Path) -> None:
    wide = changed(allowed_values="[-10..100]")
    told = compared(tmp_path, {}, {"facts": wide})
    assert moves(told.regions[0]) == ({"country": '"DE"', "amount": "[-10..0)"}, "human", "auto")
    assert (told.regions[0].example.facts["amount"], told.unproved) == (Decimal(-9), ())  # type: ignore[union-attr]
    told = compared(tmp_path, {"facts": wide}, {})
    assert moves(told.regions[0]) == ({"country": '"DE"', "amount": "[-10..0)"}, "auto", "human")


def test_a_fact_that_no_table_asks_for_is_compared_too(tmp_path: Path) -> None:
    note = FactDefinition("note", "string", '"a","b"', required=False)
    told = compared(
        tmp_path, {"facts": (*FACTS, note)}, {"facts": (*FACTS, replace(note, allowed_values='"a"'))}
    )
    where, old, new = moves(told.regions[0])
    assert (where["note"], old, new) == ('"b"', "auto", "human")


def test_a_new_required_fact_sends_cases_without_it_to_people(tmp_path: Path) -> None:
    told = compared(tmp_path, {}, {"facts": (*FACTS, FactDefinition("iban", "string"))})
    where, old, new = moves(told.regions[0])
    assert (where["iban"], old, new) == ("null", "auto", "human")
    assert [each for each in told.unproved if "`iban` is looked at now" in each]


def test_another_doubt_queue_moves_cases_in_doubt_and_those_without_a_queue(tmp_path: Path) -> None:
    told = compared(tmp_path, {}, {"doubt_queue": "managers"})
    assert [each.said for each in told.regions] == ["every case that is in doubt in both versions", "", ""]
    for each in told.regions:
        assert each.example is not None
        assert (each.example.old.queue, each.example.new.queue) == ("clerks", "managers")
    assert told.unproved == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"facts": changed(type="string", allowed_values="")}, "`amount` is a string, it was a number"),
        ({"facts": changed(sensitive=True)}, "`amount` is now sensitive"),
        ({"facts": changed(volatile=True)}, "`amount` is now volatile"),
        ({"case_id": "country"}, "the case id was `payment` and is `country`"),
        ({"name": "wires"}, "the decision was `payments` and is `wires`"),
        ({"models": (MODEL,)}, "the model `risk` is new"),
    ],
)
def test_what_regions_do_not_tell_is_not_proved(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    rules = (("DE", "-", "auto", "pay", None, "home"), *RULES[1:])
    found = compared(tmp_path, {"rules": rules}, {"rules": rules, **change})
    assert [each for each in found.unproved if each.startswith(told)]


def test_other_versions_owners_and_descriptions_leave_a_proof(tmp_path: Path) -> None:
    told = compared(
        tmp_path, {}, {"version": "2", "owner": "Ann", "facts": changed(description="in full euros")}
    )
    assert told == Meaning((), ())


SCORED = (("-", "auto", "pay", None, "fine"),)
ASKED = ((">= 0", "auto", "pay", None, "fine"),)


def test_a_score_that_is_asked_for_now_and_may_be_missing_sends_cases_to_people(tmp_path: Path) -> None:
    asking = {"inputs": ("risk.confidence",), "models": (MODEL,)}
    told = compared(tmp_path, {"rules": SCORED, **asking}, {"rules": ASKED, **asking})
    assert [moves(each) for each in told.regions] == [({"risk": "null"}, "auto", "human")]
    assert "any text counts as its label" in told.notes[0]


VALUES: dict[str, tuple[Any, ...]] = {
    "country": (None, "DE", "FR", "CH"),
    "amount": (None, *map(Decimal, (-5, 0, 20, 50, 60, 100, 120))),
}


def holds(region: MeantRegion, case: dict[str, Any], risk: Any) -> bool:
    known = {**case, "risk": risk, "risk.confidence": risk}
    return all(
        cell == "-" or feel.unary_tests(cell, known[name]).value is True
        for name, cell in region.where.items()
    )


@pytest.mark.parametrize("seed", range(80))
def test_regions_are_the_cases_that_go_elsewhere(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    def facts() -> tuple[FactDefinition, ...]:
        marks = [chance.random() < 0.5 for _ in range(2)]
        countries = chance.choice(('"DE","FR"', '"DE"', "", 'not("CH")'))
        amounts = chance.choice(("[0..100]", "", "> 20", "[0..50], 60"))
        return (
            FACTS[0],
            FactDefinition("country", "string", countries, required=marks[0]),
            FactDefinition("amount", "number", amounts, required=marks[1]),
        )

    def rules() -> tuple[tuple[Any, ...], ...]:
        outputs = (
            ("auto", "pay", None, "small"),
            ("human", None, None, "other"),
            ("human", None, "managers", "large"),
        )
        return tuple(
            (
                chance.choice(("-", '"DE"', 'not("DE")', "null", '"FR",null')),
                chance.choice(("-", "<= 50", "> 50", "[20..60)", "null")),
                chance.choice(("-", "-", "> 0.5", "<= 0.5")),
                *chance.choice(outputs),
            )
            for _ in range(chance.randint(1, 4))
        )

    columns = ["country", "amount", "risk.confidence"]
    given = rules()
    versions = []
    for which in ("old", "new"):
        order = list(range(3))
        chance.shuffle(order)
        own = given if chance.random() < 0.5 else rules()
        versions.append(
            workbook(
                tmp_path / f"{which}.xlsx",
                facts(),
                tuple((*(rule[at] for at in order), *rule[3:]) for rule in own),
                tuple(columns[at] for at in order),
                (MODEL,),
                chance.choice((HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.UNIQUE)),
                doubt_queue=chance.choice(("clerks", "managers")),
            )
        )
    old, new = versions
    told = meaning(old, new, tmp_path, Budget())
    assert told.unproved == ()
    required = {fact.name for each in versions for fact in each.dictionary.facts if fact.required}
    for region in told.regions:
        assert region.said or required <= set(region.values)
    trials = Trial(old), Trial(new)
    names = list(VALUES)
    for values, risk in product(product(*VALUES.values()), (None, Decimal("0.2"), Decimal("0.9"))):
        case = dict(zip(names, values, strict=True))
        scores = {} if risk is None else {"risk": {"confidence": risk}}
        before, after = (trial.decide(case, scores) for trial in trials)
        moved = (before.route, before.action, before.queue) != (after.route, after.action, after.queue)
        in_doubt = all(any(each.is_doubt for each in decision.diagnostics) for decision in (before, after))
        if in_doubt:
            assert moved == any(each.said for each in told.regions), (case, risk, before, after)
            if not all(each.dictionary.check(case)[1] for each in versions):
                # regions leave out what both versions refuse, so that they read as the cells of a rule
                held = [each.where for each in told.regions if not each.said and holds(each, case, risk)]
                assert not held, (case, risk, before, after)
            continue
        found = [each for each in told.regions if not each.said and holds(each, case, risk)]
        assert moved == any(each.example is not None and each.example.goes_elsewhere for each in found), (
            case,
            risk,
            before,
            after,
        )

"""What looks like the outcome is suspected; what merely tells a lot is not."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy
import pytest

from referee.scoring.leaks import find_drift, find_duplicates, find_leaks, telling_auc
from referee.scoring.past_cases import PastColumn

LABELS = ("no", "yes")


def suspected(column: PastColumn, values: list[Any], truths: list[str]) -> str:
    cases = [{column.name: value, "truth": truth} for value, truth in zip(values, truths, strict=True)]
    found = find_leaks(cases, [column], "truth", LABELS)
    return found[0].kind if found else ""


def world(seed: int, count: int = 400) -> tuple[Random, list[str]]:
    chance = Random(seed)
    return chance, ["yes" if chance.random() < 0.3 else "no" for _ in range(count)]


def test_a_strong_but_honest_feature_is_not_suspected() -> None:
    chance, truths = world(1)
    values = [chance.gauss(2 if truth == "yes" else 0, 1) for truth in truths]
    assert (
        0.85
        < telling_auc(numpy.array([[v] for v in values]), numpy.array([LABELS.index(t) for t in truths]))
        < 0.95
    )
    assert suspected(PastColumn("income", "number", False), values, truths) == ""


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_any_kind_is_not_suspected(seed: int) -> None:
    chance, truths = world(seed)
    count = len(truths)
    for column, values in (
        (PastColumn("score", "number", False), [chance.random() for _ in range(count)]),
        (PastColumn("town", "string", False), [chance.choice("abcdefghij") for _ in range(count)]),
        (PastColumn("delay", "number", True), [chance.choice([None, 1, 2]) for _ in range(count)]),
        (PastColumn("member", "boolean", False), [chance.random() < 0.5 for _ in range(count)]),
    ):
        assert suspected(column, values, truths) == ""


def test_a_leak_that_is_no_straight_line_is_found() -> None:
    chance, truths = world(2)
    values = [
        chance.uniform(4, 6) if truth == "yes" else chance.choice([1, 9]) + chance.random()
        for truth in truths
    ]
    assert suspected(PastColumn("ratio", "number", False), values, truths) == "alone predicts the target"


def test_a_gap_that_the_outcome_makes_is_found() -> None:
    chance, truths = world(3)
    values = [None if truth == "no" and chance.random() < 0.9 else 5 for truth in truths]
    column = PastColumn("claims", "number", True)
    assert suspected(column, values, truths) == "missing where the outcome makes it so"


def test_a_rare_value_needs_many_cases_to_be_suspected() -> None:
    _, truths = world(4)
    yes = [at for at, truth in enumerate(truths) if truth == "yes"]
    for known, kind in ((8, ""), (60, "a value that settles the target")):
        values = ["agency" if at in yes[:known] else "none" for at in range(len(truths))]
        assert suspected(PastColumn("office", "string", False), values, truths) == kind


def test_descriptions_of_the_data_dictionary_are_believed() -> None:
    chance, truths = world(5)
    column = PastColumn("fee", "number", False, "fee charged, known only after the decision")
    assert suspected(column, [chance.random() for _ in truths], truths) == "known only afterwards"


def test_equal_cases_are_suspicious_only_where_cases_are_usually_different() -> None:
    chance = Random(6)
    fine = [{"amount": chance.random(), "truth": chance.choice(LABELS)} for _ in range(200)]
    columns = [PastColumn("amount", "number", False)]
    assert find_duplicates(fine[:100], fine[100:], columns, "truth") == []
    (found,) = find_duplicates(fine[:100], [*fine[100:], *fine[:10]], columns, "truth")
    assert found.is_leak
    assert found.evidence.startswith("10 of 110 held-out cases")
    rounded = [{"amount": chance.randrange(500), "truth": chance.choice(LABELS)} for _ in range(300)]
    (found,) = find_duplicates(rounded[:150], rounded[150:], columns, "truth")
    assert not found.is_leak, "so many are equal by chance"
    coarse = [{"amount": chance.choice([1, 2]), "truth": chance.choice(LABELS)} for _ in range(200)]
    (found,) = find_duplicates(coarse[:100], coarse[100:], columns, "truth")
    assert not found.is_leak


def test_drift_is_told_by_fifths_and_chance_makes_none() -> None:
    chance, truths = world(7, 1000)
    assert find_drift(truths, "time") == []
    later = ["yes" if chance.random() < at / 1000 else "no" for at in range(1000)]
    (found,) = find_drift(later, "time")
    assert not found.is_leak
    assert "along time, fifth by fifth:" in found.evidence

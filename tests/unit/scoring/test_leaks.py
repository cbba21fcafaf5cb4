"""What looks like the outcome is suspected; what merely tells a lot is not."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy
import pytest

from referee.scoring.duplicates_and_drift import find_drift, find_duplicates, without_copies
from referee.scoring.leaks import find_leaks, find_too_good, telling_auc
from referee.scoring.past_columns import PastColumn

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


def test_copies_are_told_however_many_there_are() -> None:
    chance = Random(8)
    columns = [PastColumn("amount", "number", False), PastColumn("age", "number", False)]
    once = [
        {"amount": chance.random(), "age": chance.random(), "truth": chance.choice(LABELS)} for _ in range(60)
    ]
    for times in (2, 10):
        cases = once * times
        chance.shuffle(cases)
        half = len(cases) // 2
        (found,) = find_duplicates(cases[:half], cases[half:], columns, "truth")
        assert found.is_leak
        assert len(without_copies(cases, columns, "truth")) == 60


def test_products_of_one_price_and_size_are_no_copies() -> None:
    chance = Random(9)
    products = [(chance.random(), chance.random(), chance.choice("abc")) for _ in range(15)]
    columns = [PastColumn(name, "number", False) for name in ("price", "size", "kind")]
    cases = []
    for _ in range(600):
        at = chance.randrange(len(products))
        price, size, kind = products[at]
        truth = "yes" if chance.random() < (0.05 if at % 2 else 0.4) else "no"
        cases.append({"price": price, "size": size, "kind": kind, "truth": truth})
    (found,) = find_duplicates(cases[:240], cases[240:], columns, "truth")
    assert not found.is_leak


def test_many_codes_that_tell_the_outcome_are_found() -> None:
    chance, truths = world(10, 2000)
    codes = [("d" if truth == "yes" else "k") + str(chance.randrange(45)) for truth in truths]
    assert suspected(PastColumn("clerk", "string", False), codes, truths) == "alone predicts the target"
    shuffled = chance.sample(codes, len(codes))
    assert suspected(PastColumn("clerk", "string", False), shuffled, truths) == ""
    # In no order by which a tree could divide them.
    numbers = [hash_of * 2 + (truth == "yes") for truth in truths for hash_of in [chance.randrange(50)]]
    assert suspected(PastColumn("desk", "number", False), numbers, truths) == "alone predicts the target"


def test_a_value_among_many_that_settles_the_target_is_found() -> None:
    chance, truths = world(11, 600)
    days = [999 if truth == "yes" and chance.random() < 0.3 else chance.randrange(200) for truth in truths]
    column = PastColumn("days", "number", False)
    assert suspected(column, days, truths) == "a value that settles the target"
    assert suspected(column, chance.sample(days, len(days)), truths) == ""


def test_only_a_model_that_is_nearly_always_right_is_too_good() -> None:
    assert find_too_good(0.97, {"total": 1.0}) == []
    (found,) = find_too_good(0.985, {"total": 1.0, "part": 0.5, "age": 0.1, "town": 0.0})
    assert found.is_leak
    assert "mostly by `total`, `part`, `age`:" in found.evidence


def test_drift_is_told_by_fifths_and_chance_makes_none() -> None:
    chance, truths = world(7, 1000)
    assert find_drift(truths, "time") == []
    later = ["yes" if chance.random() < at / 1000 else "no" for at in range(1000)]
    (found,) = find_drift(later, "time")
    assert not found.is_leak
    assert "along time, fifth by fifth:" in found.evidence

"""A case unlike the training cases is a doubt that names what is unusual about it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from referee.domain import ModelError
from referee.scoring import ModelStore
from referee.scoring.card import Card, Feature
from referee.scoring.columns import Value
from referee.scoring.novelty import LEVELS, NoveltyMeasure, measure_training

FEATURES = (
    Feature(name="amount", type="number", minimum=0.0, maximum=100.0),
    Feature(name="delay", type="number", minimum=0.0, maximum=9.0, missing="impute"),
    Feature(name="country", type="string", categories=("AT", "DE", "FR")),
    Feature(name="known", type="boolean"),
)


def training_cases() -> list[list[Value]]:
    chance = Random(3)
    return [
        [
            chance.triangular(0, 100, 50),
            None if chance.random() < 0.05 else float(chance.randrange(10)),
            chance.choices(("AT", "DE", "FR"), (30, 69, 1))[0],
            float(chance.random() < 0.9),
        ]
        for _ in range(400)
    ]


CASES = training_cases()
USUAL: list[Value] = [50.0, 4.0, "DE", 1.0]


@pytest.fixture(scope="module")
def measure() -> NoveltyMeasure:
    return NoveltyMeasure(FEATURES, measure_training(FEATURES, CASES, margin=0.1), len(CASES))


def test_the_most_unusual_training_case_is_at_one_and_the_limit_beyond_it(measure: NoveltyMeasure) -> None:
    distances = [measure.of(case) for case in CASES]
    assert max(distances) == pytest.approx(1)
    assert min(distances) >= 0
    assert measure.limit == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("position", "usual", "unusual"),
    [
        (0, 50.0, 99.9),
        (0, 50.0, 0.1),
        (0, 85.0, 110.0),
        (1, 4.0, None),
        (2, "DE", "AT"),
        (2, "AT", "FR"),
        (2, "FR", "XX"),
        (3, 1.0, 0.0),
    ],
)
def test_what_is_rarer_is_farther(
    measure: NoveltyMeasure, position: int, usual: Value, unusual: Value
) -> None:
    near, far = [*USUAL], [*USUAL]
    near[position], far[position] = usual, unusual
    assert measure.of(near) < measure.of(far)
    assert measure.most_unusual(far)[0] == FEATURES[position].name


def test_a_number_that_most_cases_share_is_not_unusual_at_the_end_of_its_range() -> None:
    feature = (Feature(name="grade", type="number", minimum=1.0, maximum=6.0),)
    cases: list[list[Value]] = [[1.0]] * 80 + [[2.0]] * 15 + [[6.0]] * 5
    measure = NoveltyMeasure(feature, measure_training(feature, cases, margin=0.1), 100)
    assert measure.of([1.0]) == 0
    assert 0 < measure.of([2.0]) < measure.of([6.0])


def test_training_cases_that_are_all_alike_leave_a_finite_distance() -> None:
    feature = (Feature(name="grade", type="number", minimum=1.0, maximum=1.0),)
    measured = measure_training(feature, [[1.0]] * 10, margin=0.0)
    measure = NoveltyMeasure(feature, measured, 10)
    assert measure.of([1.0]) == 0
    assert measure.of([1.1]) > measure.limit


def test_a_score_tells_its_novelty_with_six_places(trained: Path, good_facts: dict[str, Any]) -> None:
    novelty = ModelStore(trained).load("payment").score(good_facts).value["novelty"]
    assert 0 <= novelty < 1
    assert novelty.as_tuple().exponent == -6


def test_a_case_beyond_the_limit_of_the_card_is_a_doubt_that_names_what_is_unusual_but_no_value(
    models: Path, edit_card: Any, good_facts: dict[str, Any]
) -> None:
    card = ModelStore(models).load("payment").card
    assert card.novelty is not None
    edit_card(novelty=card.novelty.model_copy(update={"limit": 0.3}).model_dump(mode="json"))
    model = ModelStore(models).load("payment")
    assert model.score(good_facts).value is not None
    odd = good_facts | {"amount": Decimal("104.25"), "delay": Decimal("32.5")}
    evaluation = model.score(odd)
    assert evaluation.value is None
    [doubt] = evaluation.diagnostics
    assert (doubt.code, doubt.is_doubt) == ("score-novel", True)
    assert "takes up to 0.3; most unusual: `" in doubt.message
    assert "`amount`" in doubt.message
    assert "`delay`" in doubt.message
    assert "104" not in doubt.message


def test_a_card_without_figures_about_novelty_gives_scores_without_it(
    models: Path, edit_card: Any, good_facts: dict[str, Any]
) -> None:
    edit_card(novelty=None)
    assert "novelty" not in ModelStore(models).load("payment").score(good_facts).value


def test_figures_of_other_features_are_refused(models: Path, edit_card: Any) -> None:
    card = ModelStore(models).load("payment").card
    assert card.novelty is not None
    told = card.novelty.model_dump(mode="json")
    edit_card(novelty=told | {"shares": {}})
    with pytest.raises(ModelError, match="the novelty is of other features than the model"):
        ModelStore(models).load("payment")
    backwards = {name: sorted(numbers, reverse=True) for name, numbers in told["quantiles"].items()}
    with pytest.raises(ValidationError, match=f"needs {len(LEVELS)} quantiles in order"):
        Card.model_validate(card.model_dump(mode="json") | {"novelty": told | {"quantiles": backwards}})

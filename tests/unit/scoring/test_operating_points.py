"""Thresholds keep what they promise, and say so when none does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import beta, binom  # type: ignore[import-untyped]

from referee.domain import InputError
from referee.scoring import ModelStore
from referee.scoring.card import OperatingPoint
from referee.scoring.operating_points import Goal, Judged, choose, upper_bound
from referee.scoring.training import train


def drawn(generator: numpy.random.Generator, cases: int, *, lift: float = 0.0) -> Judged:
    """Cases whose score is the chance that deciding them is right; ``lift`` makes the score boast."""
    right = generator.beta(6, 1, cases)
    return Judged(numpy.minimum(1, right + lift).round(6), generator.random(cases) > right, cases)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 400), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_bound_is_the_rate_at_which_so_few_errors_become_too_unlikely(
    errors: int, cases: int, confidence: float
) -> None:
    bound = upper_bound(min(errors, cases), cases, confidence)
    if errors >= cases:
        assert bound == 1
    else:
        assert binom.cdf(errors, cases, bound) == pytest.approx(1 - confidence, abs=1e-9)


def test_the_bound_without_errors_is_the_rule_of_three_made_exact() -> None:
    assert upper_bound(0, 100, 0.95) == pytest.approx(1 - 0.05 ** (1 / 100))
    assert upper_bound(0, 0, 0.95) == 1


def test_the_lowest_threshold_that_holds_is_taken_and_the_next_one_fails() -> None:
    generator = numpy.random.default_rng(1)
    guide, unseen = drawn(generator, 2000), drawn(generator, 2000)
    point = choose(Goal(0.08), guide, unseen)
    assert point.threshold == min(each.threshold for each in point.tested)
    assert point.bound <= 0.08
    assert all(each.bound <= 0.08 for each in point.tested)
    automatic = unseen.scores >= point.threshold
    assert (point.automatic, point.errors) == (automatic.sum(), unseen.wrong[automatic].sum())
    assert point.coverage == round(point.automatic / point.rows, 6)
    assert point.coverage > 0.5
    below = unseen.scores >= point.threshold - 0.02
    assert upper_bound(int(unseen.wrong[below].sum()), int(below.sum()), 0.95) > 0.08


@pytest.mark.parametrize("lift", [0.0, 0.1])
def test_the_promise_is_broken_no_more_often_than_stated_even_by_scores_that_boast(lift: float) -> None:
    """The true rate is known here, so nothing but the 5 % may break: 400 draws allow 28 at most (chance 1 in 20)."""
    generator = numpy.random.default_rng(7)
    world = drawn(generator, 200_000, lift=lift)
    order = numpy.sort(world.scores)
    wrong = numpy.cumsum(world.wrong[numpy.argsort(world.scores)][::-1])[::-1]
    broken = 0
    for _ in range(400):
        point = choose(Goal(0.08), drawn(generator, 300, lift=lift), drawn(generator, 500, lift=lift))
        if point.threshold is not None:
            first = int(numpy.searchsorted(order, point.threshold))
            broken += wrong[first] / (len(order) - first) > 0.08
    assert broken <= binom.ppf(0.95, 400, 0.05)


def test_where_no_threshold_keeps_the_promise_the_point_says_by_how_much_it_was_missed() -> None:
    generator = numpy.random.default_rng(2)
    unseen = drawn(generator, 500)
    coin = Judged(unseen.scores, generator.random(500) < 0.5, 500)
    point = choose(Goal(0.03), drawn(generator, 500), coin)
    assert point.threshold is None
    assert len(point.tested) == 1
    assert point.bound > 0.4
    assert f"{(point.bound - 0.03) * 100:.2f} points above the promise" in point.told()
    assert point.promise() == "at most 3 % of automatic decisions wrong, with 95 % confidence"


def test_too_few_cases_promise_nothing_however_right_the_model_is() -> None:
    sure = Judged(numpy.full(30, 0.99), numpy.zeros(30, dtype=bool), 30)
    assert choose(Goal(0.03), sure, sure).threshold is None


def test_refused_cases_are_never_automatic_but_count_for_the_coverage() -> None:
    sure = Judged(numpy.full(200, 0.99), numpy.zeros(200, dtype=bool), 250)
    point = choose(Goal(0.03), sure, sure)
    assert (point.automatic, point.rows, point.coverage) == (200, 250, 0.8)


def test_scores_are_compared_as_bots_see_them_rounded_to_six_places() -> None:
    shares = numpy.array([[0.9000004, 0.0999996], [0.3, 0.7]])
    judged = Judged.by(Goal(0.1, "yes"), shares, numpy.array([0, 1]), ["yes", "no"], refused=3)
    assert judged.scores.tolist() == [0.9, 0.3]
    assert judged.wrong.tolist() == [False, True]
    assert judged.rows == 5
    either = Judged.by(Goal(0.1), shares, numpy.array([0, 0]), ["yes", "no"])
    assert (either.scores.tolist(), either.wrong.tolist()) == ([0.9, 0.7], [False, True])


def test_costs_are_a_promise_to_lose_nothing_by_deciding_and_choose_the_cheapest_threshold() -> None:
    generator = numpy.random.default_rng(3)
    guide, unseen = drawn(generator, 3000), drawn(generator, 3000)
    goal = Goal.of_costs(wrong=50, review=10)
    point = choose(goal, guide, unseen)
    assert point.most_wrong == 0.2
    assert point.costs is not None

    def cost(automatic: int, errors: int) -> int:
        return errors * 50 + (3000 - automatic) * 10

    assert cost(point.automatic, point.errors) == min(cost(t.automatic, t.errors) for t in point.tested)
    assert cost(point.automatic, point.errors) < 3000 * 10
    loosest = choose(Goal(0.2), guide, unseen)
    assert point.coverage <= loosest.coverage


def test_the_bound_of_the_cost_holds_though_the_threshold_was_chosen_by_its_cost() -> None:
    """The true cost is known here: at most 5 % of draws may cost more than their bound, by chance 16 of 200."""
    generator = numpy.random.default_rng(11)
    goal, world = Goal.of_costs(wrong=50, review=10), drawn(generator, 200_000)
    dearer = found = 0
    for _ in range(200):
        point = choose(goal, drawn(generator, 300), drawn(generator, 400))
        if point.threshold is None:
            assert point.cost is None
            continue
        assert point.cost is not None
        found += 1
        automatic = world.scores >= point.threshold
        true = (50 * world.wrong[automatic].sum() + 10 * (~automatic).sum()) / len(automatic)
        assert point.cost.mean == pytest.approx(
            (50 * point.errors + 10 * (400 - point.automatic)) / 400, abs=1e-6
        )
        dearer += true > point.cost.bound
    assert found > 100
    assert dearer <= binom.ppf(0.95, found, 0.05)


def test_the_bounds_are_those_of_the_beta_distribution_and_of_mapies_p_values() -> None:
    """Three ways to the same answer: scipy's inverse, a search by halving of the binomial tail, and MAPIE where it is
    installed, whose p-value is below 5 % just where the bound is below the promise."""
    generator = numpy.random.default_rng(4)
    unseen = drawn(generator, 800)
    for threshold in numpy.quantile(unseen.scores, numpy.linspace(0.05, 0.95, 10)):
        automatic = unseen.scores >= threshold
        cases, errors = int(automatic.sum()), int(unseen.wrong[automatic].sum())
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if binom.cdf(errors, cases, middle) > 0.05 else (low, middle)
        assert upper_bound(errors, cases, 0.95) == pytest.approx(beta.ppf(0.95, errors + 1, cases - errors))
        assert upper_bound(errors, cases, 0.95) == pytest.approx(low, abs=1e-9)
    control = pytest.importorskip("mapie.risk_control", reason="the package mapie isn't installed")
    thresholds = numpy.quantile(unseen.scores, numpy.linspace(0.05, 0.95, 10))
    controller = control.BinaryClassificationController(
        lambda scores: numpy.column_stack([1 - scores[:, 0], scores[:, 0]]),
        "precision",
        0.9,
        confidence_level=0.95,
        list_predict_params=thresholds,
    )
    controller.calibrate(unseen.scores.reshape(-1, 1), (~unseen.wrong).astype(int))
    for found, threshold in zip(numpy.ravel(controller.p_values), thresholds, strict=True):
        automatic = unseen.scores >= threshold
        cases, errors = int(automatic.sum()), int(unseen.wrong[automatic].sum())
        # The lesser of Hoeffding's and the binomial one. MAPIE rounds the number of errors up, by one where their
        # share is no exact binary number.
        rate = min(errors / cases, 0.1)
        distance = rate * numpy.log(rate / 0.1) + (1 - rate) * numpy.log((1 - rate) / 0.9)
        either = [min(numpy.exp(-cases * distance), binom.cdf(errors + more, cases, 0.1)) for more in (0, 1)]
        assert any(found == pytest.approx(each) for each in either)


@pytest.mark.parametrize(
    ("wrong", "review"), [(10, 10), (0, 0), (10, 0), (10, -1), (float("nan"), 1), (1, float("nan"))]
)
def test_costs_that_make_no_sense_are_refused(wrong: float, review: float) -> None:
    with pytest.raises(InputError, match="a review must cost something"):
        Goal.of_costs(wrong, review)


@pytest.mark.parametrize(("share", "confidence"), [(0, 0.95), (1, 0.95), (0.1, 1), (0.1, 0.2)])
def test_shares_that_promise_nothing_are_refused(share: float, confidence: float) -> None:
    with pytest.raises(InputError, match="an operating point needs a share"):
        Goal(share, confidence=confidence)


def test_a_label_the_model_does_not_know_is_named() -> None:
    with pytest.raises(InputError, match="`maybe` isn't a label of the model; it knows yes, no"):
        Judged.by(Goal(0.1, "maybe"), numpy.array([[0.5, 0.5]]), numpy.array([0]), ["yes", "no"])


def test_cases_without_any_score_are_refused() -> None:
    nothing = Judged(numpy.array([]), numpy.array([], dtype=bool), 5)
    with pytest.raises(InputError, match="no threshold can be tested"):
        choose(Goal(0.1), nothing, nothing)


def test_the_card_keeps_the_operating_points_and_they_are_those_of_the_models_own_scores(
    tmp_path: Path, cases: list[dict[str, Any]], request_in: Any
) -> None:
    goals = [Goal(0.25, "in time"), Goal(0.3), Goal(0.001)]
    request = request_in(tmp_path)
    written = train(cases, **request, goals=goals)
    model = ModelStore(tmp_path).load("payment")
    assert model.card == written
    by_label, either, strict = model.card.operating_points
    assert strict.threshold is None
    assert by_label.threshold is not None
    assert either.threshold is not None
    scores = [(model.score(case).value, case["paid"]) for case in request["holdout"]]
    automatic = [paid for score, paid in scores if score["probabilities"]["in time"] >= by_label.threshold]
    assert (by_label.automatic, by_label.errors) == (len(automatic), automatic.count("late"))
    automatic = [score["label"] == paid for score, paid in scores if score["confidence"] >= either.threshold]
    assert (either.automatic, either.errors) == (len(automatic), automatic.count(False))


@pytest.mark.parametrize(
    "change",
    [
        {"bound": 0.01},
        {"threshold": 0.5},
        {"threshold": None},
        {"most_wrong": 0.001},
        {"tested": []},
    ],
)
def test_a_card_whose_operating_point_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    generator = numpy.random.default_rng(1)
    point = choose(Goal(0.08), drawn(generator, 500), drawn(generator, 2000))
    with pytest.raises(ValidationError):
        OperatingPoint.model_validate(point.model_dump() | change)

"""A score is a label with its probabilities, or a doubt that names the fact; never an exception."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from referee.scoring import Model, ModelStore
from referee.scoring.card import Feature
from referee.scoring.encoding import check, encode, inputs_of
from referee.scoring.trusted_pickle import load_trusted

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def model(trained: Path) -> Model:
    return ModelStore(trained).load("payment")


def doubts(model: Model, facts: Facts) -> list[tuple[str, str]]:
    evaluation = model.score(facts)
    assert evaluation.value is None
    assert evaluation.diagnostics
    assert all(doubt.is_doubt for doubt in evaluation.diagnostics)
    return [(doubt.code, doubt.message) for doubt in evaluation.diagnostics]


def test_a_score_is_label_confidence_and_probabilities_with_six_places(
    model: Model, good_facts: Facts
) -> None:
    evaluation = model.score(good_facts)
    assert not evaluation.diagnostics
    probabilities = evaluation.value["probabilities"]
    assert list(probabilities) == ["in time", "late"]
    assert all(
        isinstance(share, Decimal) and share.as_tuple().exponent == -6 for share in probabilities.values()
    )
    assert evaluation.value["confidence"] == max(probabilities.values())
    assert evaluation.value["label"] == max(probabilities, key=lambda label: probabilities[label])


def test_scores_agree_with_the_pipelines_own_probabilities(
    model: Model, trained: Path, cases: list[Facts]
) -> None:
    pipeline = load_trusted((trained / "payment" / "model.joblib").read_bytes(), "model")
    inputs = inputs_of(model.card.features, model.card.range_margin)
    expected = pipeline.predict_proba(numpy.array([encode(inputs, case)[0] for case in cases]))
    for case, shares in zip(cases, expected, strict=True):
        rounded = [Decimal(repr(float(share))).quantize(Decimal("1e-6"), ROUND_HALF_EVEN) for share in shares]
        found = list(model.score(case).value["probabilities"].values())
        assert all(abs(one - other) <= Decimal("1e-6") for one, other in zip(found, rounded, strict=True))


def test_facts_that_are_no_features_change_nothing(model: Model, good_facts: Facts) -> None:
    assert model.score(good_facts | {"group": "x", "more": [1]}) == model.score(good_facts)


def test_an_integer_a_decimal_and_a_float_of_the_same_number_score_the_same(
    model: Model, good_facts: Facts
) -> None:
    scores = [model.score(good_facts | {"amount": amount}) for amount in (60, Decimal("60.00"), 60.0)]
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize(
    ("fact", "value", "code"),
    [
        ("amount", None, "score-fact-missing"),
        ("country", None, "score-fact-missing"),
        ("known", None, "score-fact-missing"),
        ("amount", "60.50", "score-fact-type"),
        ("amount", "", "score-fact-type"),
        ("amount", True, "score-fact-type"),
        ("amount", [60], "score-fact-type"),
        ("amount", 1 + 2j, "score-fact-type"),
        ("known", "yes", "score-fact-type"),
        ("known", 1, "score-fact-type"),
        ("country", 43, "score-fact-type"),
        ("country", ["DE"], "score-fact-type"),
        ("country", "", "score-unseen-category"),
        ("country", "de", "score-unseen-category"),
        ("country", "FR", "score-unseen-category"),
        ("amount", float("nan"), "score-not-finite"),
        ("amount", float("inf"), "score-not-finite"),
        ("amount", Decimal("NaN"), "score-not-finite"),
        ("amount", Decimal("sNaN"), "score-not-finite"),
        ("amount", Decimal("-Infinity"), "score-not-finite"),
        ("amount", 10**400, "score-outside-range"),
        ("amount", -(10**400), "score-outside-range"),
        pytest.param("amount", 10**10_000, "score-outside-range", id="amount-huge"),
        ("amount", Decimal("1e999999"), "score-outside-range"),
        ("amount", -1, "score-outside-range"),
        ("amount", 1000, "score-outside-range"),
        ("delay", 35, "score-outside-range"),
        ("delay", "3", "score-fact-type"),
    ],
)
def test_a_fact_the_model_cannot_be_trusted_with_is_a_doubt_that_names_it(
    model: Model, good_facts: Facts, fact: str, value: object, code: str
) -> None:
    [(found, message)] = doubts(model, good_facts | {fact: value})
    assert found == code
    assert f"`{fact}`" in message
    assert len(message) < 200


def test_a_fact_that_is_absent_counts_as_missing(model: Model, good_facts: Facts) -> None:
    del good_facts["amount"]
    assert doubts(model, good_facts)[0][0] == "score-fact-missing"


def test_all_doubts_are_told_at_once(model: Model) -> None:
    assert [code for code, _ in doubts(model, {"country": "FR", "known": 1})] == [
        "score-fact-missing",
        "score-unseen-category",
        "score-fact-type",
    ]


def test_a_message_never_quotes_the_value(model: Model, good_facts: Facts) -> None:
    assert "Secretland" not in str(doubts(model, good_facts | {"country": "Secretland"}))
    assert "98765" not in str(doubts(model, good_facts | {"amount": 98765}))


def test_null_is_scored_where_the_card_allows_it(model: Model, good_facts: Facts) -> None:
    assert model.score(good_facts | {"delay": None}).value["label"] in {"in time", "late"}


def test_the_range_is_that_of_training_with_the_cards_margin_but_never_newly_negative(
    model: Model, good_facts: Facts
) -> None:
    amount, delay = model.card.features[0], model.card.features[3]
    assert amount.minimum is not None
    assert amount.maximum is not None
    beyond = (Decimal(str(amount.maximum)) - Decimal(str(amount.minimum))) / 10
    highest = Decimal(str(amount.maximum)) + beyond
    assert model.score(good_facts | {"amount": highest}).value is not None
    assert model.score(good_facts | {"amount": highest + Decimal("0.0001")}).value is None
    assert model.score(good_facts | {"amount": 0}).value is not None
    assert model.score(good_facts | {"amount": Decimal("-0.0001")}).value is None
    assert delay.minimum == -5
    assert model.score(good_facts | {"delay": Decimal("-8.5")}).value is not None
    assert model.score(good_facts | {"delay": Decimal("-8.6")}).value is None


def test_labels_that_are_equally_likely_are_a_doubt(
    models: Path, forge: Callable[[bytes], None], dumped: Callable[[object], bytes], good_facts: Facts
) -> None:
    forge(dumped(DummyClassifier(strategy="uniform").fit([[0], [1]], [0, 1])))
    [(code, message)] = doubts(ModelStore(models).load("payment"), good_facts)
    assert code == "score-tie"
    assert message == "the model payment finds in time and late equally likely"


def test_a_classifier_that_fails_on_the_facts_is_a_doubt(
    models: Path, forge: Callable[[bytes], None], dumped: Callable[[object], bytes], good_facts: Facts
) -> None:
    forge(dumped(LogisticRegression().fit([[0], [1]], [0, 1])))
    [(code, message)] = doubts(ModelStore(models).load("payment"), good_facts)
    assert code == "score-failed"
    assert message.startswith("the model payment failed on these facts: ")


def test_probabilities_that_are_none_are_a_doubt(
    models: Path, forge: Callable[[bytes], None], dumped: Callable[[object], bytes], good_facts: Facts
) -> None:
    classifier = DummyClassifier(strategy="prior").fit([[0], [1]], [0, 1])
    classifier.class_prior_ = numpy.array([numpy.nan, 1.0])
    forge(dumped(classifier))
    assert doubts(ModelStore(models).load("payment"), good_facts)[0][0] == "score-failed"


def test_many_threads_may_ask_a_fresh_model_at_once(trained: Path, good_facts: Facts) -> None:
    fresh = ModelStore(trained).load("payment")
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(lambda _: fresh.score(good_facts), range(64)))
    assert all(score == scores[0] and score.value is not None for score in scores)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.binary(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.dates(),
    st.sampled_from(["AT", "CH", "DE", Decimal("50"), 10**400]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.fixed_dictionaries(dict.fromkeys(("amount", "country", "known", "delay"), ANYTHING)))
def test_whatever_the_facts_are_there_is_either_a_value_or_a_doubt(model: Model, facts: Facts) -> None:
    evaluation = model.score(facts)
    assert (evaluation.value is None) == bool(evaluation.diagnostics)
    if evaluation.value is not None:
        assert 0 <= evaluation.value["confidence"] <= 1


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (1.749035087719298246, "1.74904"),
        (11.48000042438507, "11.48"),
        (123456789.25, "123456789"),
        (1e-7, "0.0000001"),
        (1e300, "1" + "0" * 300),
    ],
)
def test_the_end_of_a_range_is_told_in_few_digits_however_large_it_is(most: float, shown: str) -> None:
    inputs = inputs_of([Feature(name="amount", type="number", minimum=0.0, maximum=most)], 0.0)
    _, [doubt] = check(inputs, {"amount": Decimal("1e301")})
    assert doubt.message == f"`amount` lies outside what the model has seen; it takes 0 to {shown}"

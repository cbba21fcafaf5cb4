"""Training writes a folder that can be trusted, the same from the same cases, and refuses what it can't learn
from.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referee.domain import InputError
from referee.scoring import ModelStore
from referee.scoring.card_reading import read_card
from referee.scoring.training import FeatureSpec, train, training_hash

Facts = dict[str, Any]
RequestIn = Callable[[Path], dict[str, Any]]


def refusal(cases: list[Facts], request: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        train(cases, **request)
    assert not (request["models_folder"] / "payment").exists()
    return str(caught.value)


def test_the_card_in_the_folder_is_the_card_returned_and_says_how_the_model_came_about(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    card = train(cases, **request_in(tmp_path))
    path = tmp_path / "payment" / "card.json"
    assert read_card(path.read_bytes(), path) == card
    assert (card.training.rows, card.held_out.rows, card.held_out.refused) == (300, 200, 0)
    assert card.training.sha256 == training_hash(cases, card.features, "paid")
    assert card.protected == ("group",)
    assert [(feature.name, feature.type, feature.missing) for feature in card.features] == [
        ("amount", "number", "refuse"),
        ("country", "string", "refuse"),
        ("known", "boolean", "refuse"),
        ("delay", "number", "impute"),
    ]
    assert card.features[1].categories == ("AT", "CH", "DE")
    assert (card.features[3].minimum, card.features[3].maximum) == (-5, 30)
    assert sorted(file.name for file in (tmp_path / "payment").iterdir()) == [
        "card.json",
        "compiled.json",
        "model.joblib",
    ]


def test_a_linear_process_is_left_to_logistic_regression_which_ranks_unseen_cases_well(trained: Path) -> None:
    card = ModelStore(trained).load("payment").card
    assert card.classifier.startswith("logistic regression")
    best = min(card.compared, key=lambda candidate: candidate.log_loss)
    chosen = next(candidate for candidate in card.compared if candidate.name == card.classifier)
    assert chosen.log_loss <= best.log_loss + best.standard_error
    assert card.held_out.auc > 0.75
    assert card.held_out.log_loss < 0.6
    assert sum(card.held_out.shares.values()) == pytest.approx(1)


def test_the_held_out_figures_are_those_of_the_models_own_scores(
    trained: Path, request_in: RequestIn
) -> None:
    model = ModelStore(trained).load("payment")
    holdout = request_in(trained)["holdout"]
    right = sum(model.score(case).value["label"] == case["paid"] for case in holdout)
    assert model.card.held_out.accuracy == pytest.approx(right / len(holdout))


def test_the_same_cases_give_the_same_bytes(
    trained: Path, tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    train(cases, **request_in(tmp_path))
    for file in ("card.json", "compiled.json", "model.joblib"):
        assert (tmp_path / "payment" / file).read_bytes() == (trained / "payment" / file).read_bytes()


def test_training_again_replaces_the_model(models: Path, cases: list[Facts], request_in: RequestIn) -> None:
    train(cases[:200], **(request_in(models) | {"version": "3"}))
    assert ModelStore(models).load("payment", "3").card.training.rows == 200


def test_the_hash_of_the_training_cases_does_not_depend_on_how_numbers_were_read(
    trained: Path, cases: list[Facts]
) -> None:
    card = ModelStore(trained).load("payment").card
    as_floats = [case | {"amount": float(case["amount"])} for case in cases]
    assert training_hash(as_floats, card.features, "paid") == card.training.sha256
    changed = [cases[0] | {"known": not cases[0]["known"]}, *cases[1:]]
    assert training_hash(changed, card.features, "paid") != card.training.sha256


def test_protected_attributes_targets_and_repeated_features_are_refused_all_at_once(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    request = request_in(tmp_path)
    names = ("amount", "amount", "group", "paid")
    request["features"] = [FeatureSpec(name, "number") for name in names]
    message = refusal(cases, request | {"labels": {"late": ""}, "name": "payment"})
    assert "`group` is protected: it can't be a feature" in message
    assert "`paid` is the target: it can't be a feature" in message
    assert "`amount` is named twice" in message
    assert "a target needs at least two labels" in message


def test_a_model_needs_features_and_a_folder_name(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    message = refusal(cases, request_in(tmp_path) | {"features": [], "name": "../payment"})
    assert "`../payment` can't be the name of a model" in message
    assert "no feature is named" in message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount": None}, "`amount` is missing in 1 training cases"),
        ({"amount": "12"}, "`amount` is not a finite number in 1 training cases"),
        ({"amount": float("inf")}, "`amount` is not a finite number in 1 training cases"),
        ({"country": 43}, "`country` is not a text in some training cases"),
        ({"known": "yes"}, "training case 1: `known` should be true or false"),
        ({"paid": "never"}, "training case 1: `paid` is not one of in time, late"),
        ({"paid": None}, "training case 1: `paid` is not one of in time, late"),
    ],
)
def test_a_training_case_that_cannot_be_used_is_named(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn, change: Facts, reason: str
) -> None:
    assert reason in refusal([cases[0] | change, *cases[1:]], request_in(tmp_path))


def test_permission_to_be_missing_needs_training_cases_that_show_it(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    whole = [case for case in cases if case["delay"] is not None]
    assert "`delay` may be missing, but no training case shows" in refusal(whole, request_in(tmp_path))
    empty = [case | {"delay": None} for case in cases]
    assert "`delay` is missing in all training cases" in refusal(empty, request_in(tmp_path))


def test_too_few_cases_of_a_label_are_refused(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    late = [case for case in cases if case["paid"] == "late"]
    in_time = [case for case in cases if case["paid"] == "in time"]
    assert "label `late` has 4 training cases; 7 are needed" in refusal(
        [*in_time, *late[:4]], request_in(tmp_path)
    )
    request = request_in(tmp_path) | {"holdout": in_time[:20]}
    assert "no case with label `late` can be judged" in refusal(cases, request)


def test_many_faults_are_counted_rather_than_all_listed(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    message = refusal([case | {"known": 1} for case in cases], request_in(tmp_path))
    assert len(message.splitlines()) == 22
    assert message.endswith("and 280 more")


def test_held_out_cases_the_model_would_refuse_are_counted_not_judged(
    tmp_path: Path, cases: list[Facts], request_in: RequestIn
) -> None:
    request = request_in(tmp_path)
    odd = [case | {"country": "FR"} for case in request["holdout"][:7]]
    card = train(cases, **(request | {"holdout": [*request["holdout"], *odd]}))
    assert (card.held_out.rows, card.held_out.refused) == (207, 7)


def test_a_curved_process_with_three_labels_is_left_to_boosting(
    tmp_path: Path, request_in: RequestIn
) -> None:
    def banded(count: int, shift: float) -> list[Facts]:
        amounts = [(number * 0.6180339887 + shift) % 1 for number in range(count)]
        labels = [
            "low" if abs(amount - 0.5) < 0.15 else "high" if amount > 0.8 else "mid" for amount in amounts
        ]
        return [{"amount": amount, "band": label} for amount, label in zip(amounts, labels, strict=True)]

    request = request_in(tmp_path) | {
        "target": "band",
        "labels": {"low": "", "mid": "", "high": ""},
        "features": [FeatureSpec("amount", "number")],
        "holdout": banded(120, 0.3),
    }
    assert "too good to be true: AUC" in refusal(banded(240, 0.0), request)
    request["allowed"] = ("too good to be true",)
    card = train(banded(240, 0.0), **request)
    assert card.classifier.startswith("gradient boosting")
    assert card.held_out.auc > 0.98
    (finding,) = card.findings
    assert (finding.kind, finding.status) == ("too good to be true", "allowed")
    assert "mostly by `amount`" in finding.evidence
    assert ModelStore(tmp_path).load("payment").score({"amount": 0.5}).value["label"] == "low"

"""The models of the repository are what their scripts make, small, and do what their cards say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from referee.scoring import ModelStore, in_training_half
from referee.scoring.card import Card

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"


def script(model: str, name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"{model}_{name}", MODELS / model / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def assert_same_model(card: Card, retrained: Path, cases: list[dict[str, object]]) -> None:
    """The same figures, and the same scores on real cases; the bytes may differ between machines."""
    committed, again = ModelStore(MODELS).load(card.name), ModelStore(retrained).load(card.name)
    assert committed.card.model_copy(update={"files": {}, "libraries": {}}) == card.model_copy(
        update={"files": {}, "libraries": {}}
    )
    for case in cases:
        assert committed.score(case) == again.score(case)


@pytest.mark.parametrize("name", ["invoice_review", "loan_denial"])
def test_a_committed_model_can_be_trusted_and_is_small(name: str) -> None:
    ModelStore(MODELS).load(name, "1.0.0").prepare()
    assert sum(path.stat().st_size for path in (MODELS / name).iterdir() if path.is_file()) < 200_000


def test_training_the_invoice_model_again_gives_the_same_scores_and_figures(tmp_path: Path) -> None:
    card = script("invoice_review", "train").train_invoice_review(tmp_path)
    history = script("invoice_review", "history").generate_history()
    assert_same_model(card, tmp_path, history[:200])


def test_the_invoice_history_is_the_same_each_time_and_another_with_another_seed() -> None:
    history = script("invoice_review", "history")
    assert history.generate_history(50) == history.generate_history(50)
    assert history.generate_history(50) != history.generate_history(50, seed=1)


def test_the_invoice_model_takes_exactly_the_facts_of_the_workbook_and_sees_trouble_coming() -> None:
    model = ModelStore(MODELS).load("invoice_review")
    clean: dict[str, object] = {
        "amount eur": 900,
        "currency": "EUR",
        "vip": False,
        "document type": "invoice",
        "price deviation": 0,
        "quantity deviation": 0,
        "vendor age days": 900,
        "vendor error rate": 0.02,
        "days to due": 25,
    }
    assert model.features == tuple(clean)
    assert model.labels == ("no touch", "touch")
    assert model.score(clean).value["label"] == "no touch"
    for trouble in ({"price deviation": 12}, {"price deviation": None, "quantity deviation": None}):
        assert model.score(clean | trouble).value["label"] == "touch"


def applications() -> Path:
    path: Path = script("loan_denial", "train").default_data()
    if not path.is_file():
        pytest.skip(f"the mortgage applications are not there: {path}")
    return path


def test_training_the_loan_model_again_gives_the_same_scores_and_figures(tmp_path: Path) -> None:
    data, loan = applications(), script("loan_denial", "train")
    card = loan.train_loan_denial(data, tmp_path)
    unseen = [case for case in loan.read_applications(data) if not in_training_half(case["rownames"])]
    assert_same_model(card, tmp_path, unseen[:200])


def test_the_loan_model_ranks_unseen_decisions_of_the_bank_without_the_protected_attribute() -> None:
    card = ModelStore(MODELS).load("loan_denial").card
    assert card.held_out.auc >= 0.80
    assert card.protected == ("afam",)
    assert not {"afam", "deny"} & {feature.name for feature in card.features}


def test_the_loan_score_is_blind_to_the_protected_attribute() -> None:
    data, loan = applications(), script("loan_denial", "train")
    model = ModelStore(MODELS).load("loan_denial")
    for case in loan.read_applications(data)[:50]:
        other = "yes" if case["afam"] == "no" else "no"
        assert model.score(case | {"afam": other}) == model.score(case)

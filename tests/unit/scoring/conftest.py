"""A small model in a folder of its own, and ways to forge it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import joblib
import pytest

from referee.scoring.training import FeatureSpec, train

Fact = dict[str, Any]

FEATURES = (
    FeatureSpec("amount", "number"),
    FeatureSpec("country", "string"),
    FeatureSpec("known", "boolean"),
    FeatureSpec("delay", "number", missing="impute"),
)


def past_cases(count: int, seed: int) -> list[Fact]:
    chance = Random(seed)
    cases = []
    for _ in range(count):
        amount = Decimal(chance.randrange(100, 10_001)) / 100
        country = chance.choice(["AT", "CH", "DE"])
        known = chance.random() < 0.5
        delay = None if chance.random() < 0.1 else chance.randrange(-5, 31)
        odds = float(amount) / 25 - 2 - known + (country == "CH") + (delay or 0) / 20
        late = chance.random() < 1 / (1 + 2.718281828**-odds)
        cases.append(
            {
                "amount": amount,
                "country": country,
                "known": known,
                "delay": delay,
                "group": chance.choice("xy"),
                "paid": "late" if late else "in time",
            }
        )
    return cases


def training_request(models_folder: Path) -> dict[str, Any]:
    """Every argument of ``train`` but the cases."""
    return {
        "name": "payment",
        "version": "2.1",
        "target": "paid",
        "labels": {"in time": "paid by the due date", "late": "paid after it"},
        "features": FEATURES,
        "holdout": past_cases(200, seed=2),
        "protected": ("group",),
        "models_folder": models_folder,
        "author": "A. Author",
        "source": "generated for a test",
        "split_rule": "two generators",
        "limits_of_use": "tests only",
    }


@pytest.fixture(scope="session")
def request_in() -> Callable[[Path], dict[str, Any]]:
    return training_request


@pytest.fixture(scope="session")
def cases() -> list[Fact]:
    return past_cases(300, seed=1)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, cases: list[Fact]) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(cases, **training_request(folder))
    return folder


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Path:
    """A folder of models that a test may damage; it holds the model `payment`."""
    folder = tmp_path / "models"
    shutil.copytree(trained, folder)
    return folder


@pytest.fixture
def good_facts() -> Fact:
    return {"amount": Decimal("60.50"), "country": "DE", "known": True, "delay": Decimal(3)}


@pytest.fixture
def edit_card(models: Path) -> Callable[..., None]:
    """Changes fields of the card of `payment`."""

    def edit(**changes: object) -> None:
        path = models / "payment" / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")

    return edit


@pytest.fixture
def forge(models: Path, edit_card: Callable[..., None]) -> Callable[[bytes], None]:
    """Puts other bytes into the model file, with their hash in the card: what the hash alone can't stop."""

    def forged(content: bytes) -> None:
        (models / "payment" / "model.joblib").write_bytes(content)
        edit_card(files={"model.joblib": hashlib.sha256(content).hexdigest()})

    return forged


@pytest.fixture
def dumped() -> Callable[[object], bytes]:
    def dump(value: object) -> bytes:
        stream = io.BytesIO()
        joblib.dump(value, stream)
        return stream.getvalue()

    return dump

"""The format of skops: what the card names and a fitted classifier may hold, and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from referee.domain import ModelError, ModelUnavailableError
from referee.scoring import ModelStore
from referee.scoring.trusted_pickle import load_trusted
from referee.scoring.trusted_skops import load_trusted_skops

ROWS = numpy.random.default_rng(0).random((60, 3))


@pytest.fixture
def skops() -> Any:
    return pytest.importorskip("skops.io", reason="skops isn't installed")


@pytest.fixture
def payment(models: Path, skops: Any) -> Path:
    """The folder of `payment` with its classifier in the format of skops, and no compiled form."""
    folder = models / "payment"
    card = json.loads((folder / "card.json").read_text("utf-8"))
    content = skops.dumps(load_trusted((folder / "model.joblib").read_bytes(), "model payment"))
    (folder / "model.joblib").unlink()
    (folder / "model.skops").write_bytes(content)
    card["files"] = {"model.skops": hashlib.sha256(content).hexdigest()}
    card["trusted_types"] = skops.get_untrusted_types(data=content)
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return folder


def test_a_model_in_the_format_of_skops_scores_as_the_same_model_in_that_of_joblib(
    payment: Path, trained: Path, good_facts: dict[str, Any]
) -> None:
    expected = ModelStore(trained).load("payment").score(good_facts)
    assert ModelStore(payment.parent).load("payment").score(good_facts) == expected


def test_any_changed_byte_is_noticed(payment: Path) -> None:
    path = payment / "model.skops"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not the file its card describes"):
        ModelStore(payment.parent).load("payment")


def test_a_card_lists_one_model_file(payment: Path) -> None:
    card = json.loads((payment / "card.json").read_text("utf-8"))
    card["files"]["model.joblib"] = "0" * 64
    (payment / "card.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="both listed"):
        ModelStore(payment.parent).load("payment")


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        RandomForestClassifier(5),
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingClassifier(max_iter=5),
        CalibratedClassifierCV(LogisticRegression(), cv=3),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_fitted_classifiers_come_back_as_they_were(classifier: Any, skops: Any) -> None:
    classifier.fit(ROWS, (ROWS[:, 0] > 0.5).astype(int))
    content = skops.dumps(classifier)
    types = skops.get_untrusted_types(data=content)
    loaded = load_trusted_skops(content, types, "model x")
    assert numpy.array_equal(loaded.predict_proba(ROWS), classifier.predict_proba(ROWS))


def test_a_type_that_the_card_does_not_name_is_refused(skops: Any) -> None:
    forest = RandomForestClassifier(2).fit(ROWS, ROWS[:, 0] > 0.5)
    with pytest.raises(ModelError, match=r"asks for sklearn\.tree\._tree\.Tree, which isn't admitted"):
        load_trusted_skops(skops.dumps(forest), (), "model x")


@pytest.mark.parametrize("function", [os.system, eval, exec, os.mkdir, getattr, numpy.load])
def test_a_function_is_refused_even_if_the_card_names_it(function: Callable[..., Any], skops: Any) -> None:
    content = skops.dumps(FunctionTransformer(function))
    types = skops.get_untrusted_types(data=content)
    assert types
    with pytest.raises(ModelError, match="which isn't admitted"):
        load_trusted_skops(content, types, "model x")


def test_a_file_edited_to_call_something_is_refused(skops: Any, tmp_path: Path) -> None:
    source = io.BytesIO(skops.dumps(LogisticRegression()))
    forged = io.BytesIO()
    with zipfile.ZipFile(source) as parts, zipfile.ZipFile(forged, "w") as changed:
        for part in parts.infolist():
            data = parts.read(part)
            if part.filename == "schema.json":
                data = data.replace(b"sklearn.linear_model._logistic", b"posix").replace(
                    b"LogisticRegression", b"mkdir"
                )
            changed.writestr(part, data)
    with pytest.raises(ModelError, match=r"asks for posix\.mkdir, which isn't admitted"):
        load_trusted_skops(forged.getvalue(), ("posix.mkdir",), "model x")


def test_a_file_that_unpacks_to_far_more_is_refused_unread(skops: Any) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_BZIP2) as parts:
        parts.writestr("schema.json", b" " * 50_000_000)
    with pytest.raises(ModelError, match="unpacks to 50,000,000 bytes"):
        load_trusted_skops(bomb.getvalue(), (), "model x")


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\x80\x04."])
def test_bytes_of_another_format_are_one_sentence(content: bytes, skops: Any) -> None:
    with pytest.raises(ModelError, match=r"^model x: its file isn't a fitted classifier"):
        load_trusted_skops(content, (), "model x")


def test_without_skops_the_model_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "skops", None)
    with pytest.raises(ModelUnavailableError, match="install skops"):
        load_trusted_skops(b"", (), "model x")

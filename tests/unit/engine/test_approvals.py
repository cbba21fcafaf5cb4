"""A check tells whether anybody's signature stands behind a model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from referee.domain import Severity
from referee.engine.approvals import told_approvals
from referee.scoring import ModelStore
from referee.scoring.approval import ENVIRONMENT, approve, new_keys, read_approvers_key
from referee.workbook import read_workbook

ROOT = Path(__file__).resolve().parents[3]
WORKBOOK = ROOT / "decision_tables" / "loan_applications.xlsx"
Sign = Callable[..., None]


@pytest.fixture(autouse=True)
def no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "configuration"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    (tmp_path / "models" / "loan_denial" / "approval.json").unlink(missing_ok=True)
    return tmp_path / "models"


@pytest.fixture
def sign(models: Path, tmp_path: Path) -> Sign:
    """Signs the loan model as alice, or something else that is put in its place."""

    def signed(**changes: str) -> None:
        private, public = new_keys("alice")
        (tmp_path / "alice.key").write_bytes(private)
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys" / "alice.pub").write_bytes(public)
        card = (models / "loan_denial" / "card.json").read_bytes()
        content = json.loads(card)
        given = {"name": content["name"], "version": content["version"], "approver": "alice"} | changes
        key = read_approvers_key(tmp_path / "alice.key")
        (models / "loan_denial" / "approval.json").write_bytes(
            approve(card=card, key=key, date="2026-01-31", **given)
        )

    return signed


def told(models: Path) -> list[str]:
    workbook, store = read_workbook(WORKBOOK), ModelStore(models)
    [definition] = workbook.models
    found = told_approvals(workbook, {definition.node: store.load(definition.folder)}, store)
    assert all(each.severity is Severity.INFO and each.code == "model-not-proved" for each in found)
    assert all(each.place == definition.place for each in found)
    return [each.message for each in found]


def test_without_keys_an_unsigned_model_is_trusted_by_its_hashes_and_that_is_told(models: Path) -> None:
    [message] = told(models)
    assert message.startswith("no approvers' keys are on this machine, so loan_denial ")
    assert "trusted by the hashes of its card alone (nobody has signed its card)" in message


def test_without_keys_a_signature_is_told_but_not_taken_for_proved(models: Path, sign: Sign) -> None:
    sign()
    assert "(alice signed it on 2026-01-31, as its approval.json says)" in told(models)[0]


def test_a_signature_for_another_version_is_told(models: Path, sign: Sign) -> None:
    sign(version="0.1")
    assert "its approval.json is for loan_denial 0.1, not for loan_denial " in told(models)[0]


def test_a_card_that_was_changed_after_it_was_signed_is_told(models: Path, sign: Sign) -> None:
    sign()
    path = models / "loan_denial" / "card.json"
    card = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(card | {"limits_of_use": "none"}), "utf-8")
    assert "its card was changed after alice signed it on 2026-01-31" in told(models)[0]


def test_an_approval_that_cannot_be_read_is_told(models: Path) -> None:
    (models / "loan_denial" / "approval.json").write_bytes(b"{")
    assert "its approval.json can't be read" in told(models)[0]


def test_with_keys_a_proved_signature_needs_no_word(
    models: Path, sign: Sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "keys"))
    assert told(models) == []


def test_with_keys_a_workbook_that_names_no_version_is_told_to(
    models: Path, sign: Sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "keys"))
    workbook = read_workbook(WORKBOOK)
    [definition] = workbook.models
    store = ModelStore(models)
    loaded = {definition.node: store.load(definition.folder)}
    workbook = replace(workbook, models=(replace(definition, version=""),))
    [hint] = told_approvals(workbook, loaded, store)
    assert (hint.code, hint.severity, hint.place) == ("model-version-open", Severity.INFO, definition.place)
    assert f"write {loaded[definition.node].version} into the column version" in hint.message

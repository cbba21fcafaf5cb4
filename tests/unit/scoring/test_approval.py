"""Where approvers' keys are held, nothing is used that one of them didn't sign for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referee.domain import ModelError
from referee.scoring import ModelStore
from referee.scoring.approval import (
    Approval,
    approve,
    approvers_folder,
    new_keys,
    read_approvers_key,
)


class Approver:
    """Somebody with a key, which may be among the approvers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        private, self.public = new_keys(name)
        self.key_file = folder / f"{name}.key"
        self.key_file.write_bytes(private)

    def approve(self, folder: Path, **changes: str) -> None:
        card = (folder / "card.json").read_bytes()
        content = json.loads(card)
        given = {"name": content["name"], "version": content["version"], "approver": self.name} | changes
        (folder / "approval.json").write_bytes(
            approve(card=card, key=read_approvers_key(self.key_file), date="2025-01-31", **given)
        )


@pytest.fixture
def approvers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "approvers"
    folder.mkdir()
    monkeypatch.setenv("REFEREE_APPROVERS", str(folder))
    return folder


@pytest.fixture
def alice(approvers: Path, tmp_path: Path) -> Approver:
    alice = Approver("alice", tmp_path)
    (approvers / "alice.pub").write_bytes(alice.public)
    return alice


@pytest.fixture
def payment(models: Path, alice: Approver) -> Path:
    """An approved model."""
    alice.approve(models / "payment")
    return models / "payment"


def refusal(payment: Path) -> str:
    with pytest.raises(ModelError) as caught:
        ModelStore(payment.parent).load("payment")
    return str(caught.value)


def test_an_approved_model_is_loaded_and_says_who_approved_it(payment: Path) -> None:
    assert ModelStore(payment.parent).load("payment").approver == "alice"


def test_without_approvers_on_this_machine_the_hashes_are_trusted_and_nobody_is_named(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REFEREE_APPROVERS", raising=False)
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "nothing here"))
    assert approvers_folder(models) is None
    assert ModelStore(models).load("payment").approver == ""


def test_the_users_configuration_may_hold_the_keys(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REFEREE_APPROVERS", raising=False)
    monkeypatch.setattr("referee.scoring.approval.configuration_folder", lambda: tmp_path / "config")
    (tmp_path / "config" / "approvers").mkdir(parents=True)
    assert approvers_folder(models) == tmp_path / "config" / "approvers"
    with pytest.raises(ModelError, match="nobody has approved it"):
        ModelStore(models).load("payment")


def test_a_folder_of_approvers_that_is_named_but_gone_stops_everything(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_APPROVERS", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match="which doesn't exist"):
        ModelStore(models).load("payment")


def test_keys_beside_the_models_are_refused_for_whoever_writes_models_could_add_one(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (models / "approvers").mkdir()
    monkeypatch.setenv("REFEREE_APPROVERS", str(models / "approvers"))
    with pytest.raises(ModelError, match="inside the folder of models"):
        ModelStore(models).load("payment")


def test_a_stripped_signature_is_refused(payment: Path) -> None:
    (payment / "approval.json").unlink()
    assert "nobody has approved it" in refusal(payment)


def test_any_changed_byte_of_the_card_is_refused(payment: Path) -> None:
    path = payment / "card.json"
    path.write_bytes(path.read_bytes().replace(b"A. Author", b"B. Author"))
    assert "the approval is for another card" in refusal(payment)


def test_a_changed_model_file_is_refused_though_its_card_is_signed(payment: Path) -> None:
    path = payment / "model.joblib"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "is not the file its card describes" in refusal(payment)


def test_a_forged_pickle_with_its_hash_in_the_card_is_refused_before_it_is_read(
    payment: Path, forge: Callable[[bytes], None]
) -> None:
    forge(b"cimportlib\nimport_module\n(S'os'\ntR.")
    assert "the approval is for another card" in refusal(payment)


@pytest.mark.parametrize(
    "change",
    [{"version": "9"}, {"date": "2030-01-01"}, {"card": "0" * 64}, {"model": "x"}, {"signature": "0" * 128}],
)
def test_any_changed_field_of_the_approval_is_refused(payment: Path, change: dict[str, str]) -> None:
    path = payment / "approval.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    assert "the signature isn't that of alice" in refusal(payment)


def test_the_signed_approval_of_another_card_is_refused(
    payment: Path, alice: Approver, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(payment, other)
    card = json.loads((other / "card.json").read_text("utf-8")) | {"version": "2.2"}
    (other / "card.json").write_text(json.dumps(card), "utf-8")
    alice.approve(other)
    shutil.copy(other / "approval.json", payment)
    assert "the approval is for another card (payment 2.2" in refusal(payment)


def test_an_approver_without_key_here_is_refused_by_name(payment: Path, tmp_path: Path) -> None:
    Approver("mallory", tmp_path).approve(payment)
    assert "approved by mallory, whose key isn't in" in refusal(payment)


def test_somebody_else_cannot_sign_in_the_name_of_an_approver(payment: Path, tmp_path: Path) -> None:
    Approver("mallory", tmp_path).approve(payment, approver="alice")
    assert "the signature isn't that of alice" in refusal(payment)


@pytest.mark.parametrize("name", ["../mallory", "/tmp/mallory", "..", ".hidden", "a\\b", "a\nb", " "])
def test_the_name_of_an_approver_leads_nowhere_else(payment: Path, name: str) -> None:
    path = payment / "approval.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"approver": name}), "utf-8")
    assert "can't be the name of an approver" in refusal(payment)


def test_an_old_card_that_is_put_back_with_its_approval_is_refused_by_version_or_once_revoked(
    payment: Path, approvers: Path
) -> None:
    with pytest.raises(ModelError, match=r"version 2\.2 is asked for"):
        ModelStore(payment.parent).load("payment", "2.2")
    approval = Approval.model_validate_json((payment / "approval.json").read_bytes())
    (approvers / "revoked.txt").write_text(f"{approval.card}  # replaced by 2.2\n", "utf-8")
    assert "the approval of this card was taken back" in refusal(payment)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "{}  models/payment/card.json",
        "{} *card.json",
        "{}, payment 2.1",
        "\ufeff{}",
        "  {} # replaced by 2.2",
    ],
)
@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_an_approval_is_taken_back_however_the_hash_of_its_card_is_written(
    payment: Path, approvers: Path, line: str, written: Callable[[str], str]
) -> None:
    approval = Approval.model_validate_json((payment / "approval.json").read_bytes())
    lines = ["# taken back", "", line.format(written(approval.card))]
    # A mark of the byte order stands at the beginning of a file alone.
    text = "\r\n".join(lines[::-1] if line.startswith("\ufeff") else lines)
    (approvers / "revoked.txt").write_bytes(text.encode())
    assert "the approval of this card was taken back" in refusal(payment)


@pytest.mark.parametrize("line", ["{0:.12}", '"{0}"', "{0}0", "payment 2.1", "sha256:{0}", "{0:.63} "])
def test_a_line_of_the_list_of_revoked_cards_that_names_no_card_stops_the_run(
    payment: Path, approvers: Path, line: str
) -> None:
    approval = Approval.model_validate_json((payment / "approval.json").read_bytes())
    (approvers / "revoked.txt").write_text(f"# taken back\n{line.format(approval.card)}\n", "utf-8")
    assert "revoked.txt, line 2" in refusal(payment)
    assert "doesn't begin with the sha256 of a card" in refusal(payment)


def test_a_list_of_revoked_cards_that_is_a_broken_link_or_no_file_stops_the_run(
    payment: Path, approvers: Path
) -> None:
    revoked = approvers / "revoked.txt"
    revoked.mkdir()
    assert "revoked.txt can't be read" in refusal(payment)
    revoked.rmdir()
    try:
        revoked.symlink_to(approvers / "gone.txt")
    except OSError:
        pytest.skip("this account may not make symbolic links")
    assert "revoked.txt is a link to a file that isn't there" in refusal(payment)


def test_a_list_of_revoked_cards_of_other_models_revokes_nothing(payment: Path, approvers: Path) -> None:
    (approvers / "revoked.txt").write_text(f"{'0' * 64}  another/card.json\n", "utf-8")
    assert ModelStore(payment.parent).load("payment").approver == "alice"


@pytest.mark.parametrize("value", ["", "  "])
def test_a_variable_for_approvers_that_names_nothing_is_told(
    payment: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("REFEREE_APPROVERS", value)
    assert "REFEREE_APPROVERS is set but names no folder" in refusal(payment)


def test_an_approval_that_is_a_link_out_of_the_folder_is_refused(payment: Path, tmp_path: Path) -> None:
    shutil.move(payment / "approval.json", tmp_path / "approval.json")
    try:
        (payment / "approval.json").symlink_to(tmp_path / "approval.json")
    except OSError:
        pytest.skip("this account may not make symbolic links")
    assert "is a link out of its folder" in refusal(payment)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format": 2}'])
def test_a_broken_approval_is_one_message(payment: Path, content: bytes) -> None:
    (payment / "approval.json").write_bytes(content)
    assert "its approval.json can't be read" in refusal(payment)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_broken_public_key_is_named(payment: Path, approvers: Path, content: bytes) -> None:
    (approvers / "alice.pub").write_bytes(content)
    assert "alice.pub isn't a public key" in refusal(payment)


def test_a_key_of_another_kind_is_refused(payment: Path, approvers: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    public = X25519PrivateKey.generate().public_key()
    (approvers / "alice.pub").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert "isn't an Ed25519 key" in refusal(payment)


def test_a_private_key_may_be_locked_and_is_never_quoted(tmp_path: Path) -> None:
    private, _ = new_keys("bob", b"open sesame")
    path = tmp_path / "bob.key"
    path.write_bytes(private)
    assert read_approvers_key(path, b"open sesame").sign(b"x")
    secret = private.decode().splitlines()[1]
    for passphrase in (b"", b"wrong"):
        with pytest.raises(ModelError) as caught:
            read_approvers_key(path, passphrase)
        assert secret not in str(caught.value)
    with pytest.raises(ModelError, match="can't be read"):
        read_approvers_key(tmp_path / "none.key")


def run(*arguments: str) -> Any:
    from click.testing import CliRunner

    from referee.cli.main import cli

    return CliRunner().invoke(cli, ["model", *arguments])


def test_keys_are_made_and_a_model_is_approved_on_the_command_line(
    models: Path, approvers: Path, tmp_path: Path
) -> None:
    assert run("keys", "new", "carol", "--folder", str(tmp_path)).exit_code == 0
    if os.name == "posix":
        assert (tmp_path / "carol.key").stat().st_mode & 0o077 == 0
    shutil.move(tmp_path / "carol.pub", approvers)
    said = run("approve", str(models / "payment"), "--key", str(tmp_path / "carol.key"), "--yes")
    assert said.exit_code == 0, said.output
    assert "payment 2.1 is approved by carol" in said.output
    assert ModelStore(models).load("payment").approver == "carol"


def test_an_approver_sees_what_is_signed_and_is_asked(models: Path, alice: Approver) -> None:
    from click.testing import CliRunner

    from referee.cli.main import cli

    folder = models / "payment"
    asked = ["model", "approve", str(folder), "--key", str(alice.key_file)]
    said = CliRunner().invoke(cli, asked, input="n\n")
    assert said.exit_code == 1
    assert not (folder / "approval.json").exists()
    card = ModelStore(models).to_approve("payment")[0]
    assert f"sha256 of the card {card.sha256}" in said.output
    assert "the compiled form agrees with scikit-learn on " in said.output
    assert "group = x: " in said.output
    assert "Sign this as alice?" in said.output
    assert CliRunner().invoke(cli, asked, input="y\n").exit_code == 0
    assert (folder / "approval.json").exists()


def test_nobody_there_to_answer_is_no_approval(models: Path, alice: Approver) -> None:
    said = run("approve", str(models / "payment"), "--key", str(alice.key_file))
    assert said.exit_code == 1
    assert not (models / "payment" / "approval.json").exists()


def test_a_compiled_form_that_gives_other_probabilities_is_not_signed_for(
    models: Path, alice: Approver
) -> None:
    folder = models / "payment"
    compiled = json.loads((folder / "compiled.json").read_text("utf-8"))
    compiled["classifier"]["intercepts"][0] += 1e-6
    content = json.dumps(compiled).encode()
    (folder / "compiled.json").write_bytes(content)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    card["files"]["compiled.json"] = hashlib.sha256(content).hexdigest()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    said = run("approve", str(folder), "--key", str(alice.key_file), "--yes")
    assert "its compiled form gives other probabilities than scikit-learn" in str(said.exception)
    assert not (folder / "approval.json").exists()
    # Without the compiled form scikit-learn scores, and that can be signed for.
    del card["files"]["compiled.json"]
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    assert "scikit-learn scores" in run("approve", str(folder), "--key", str(alice.key_file), "--yes").output


def test_a_forged_pickle_is_refused_when_it_is_to_be_approved(
    models: Path, alice: Approver, forge: Callable[[bytes], None], dumped: Callable[[object], bytes]
) -> None:
    forge(dumped(os.mkdir))
    said = run("approve", str(models / "payment"), "--key", str(alice.key_file), "--yes")
    assert isinstance(said.exception, ModelError)
    assert not (models / "payment" / "approval.json").exists()


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "carol.key").write_text("precious")
    said = run("keys", "new", "carol", "--folder", str(tmp_path))
    assert "a key is never replaced" in str(said.exception)
    assert (tmp_path / "carol.key").read_text() == "precious"


def test_a_model_whose_files_are_not_those_of_its_card_cannot_be_approved(
    models: Path, alice: Approver
) -> None:
    (models / "payment" / "model.joblib").write_bytes(b"something else")
    said = run("approve", str(models / "payment"), "--key", str(alice.key_file))
    assert isinstance(said.exception, ModelError)
    assert not (models / "payment" / "approval.json").exists()

"""`referee credential` never shows what it keeps."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from referee.credentials import Credential, find_credential
from tests.unit.cli.conftest import Command

PASSWORD = "hunter2 and more"


@pytest.fixture
def kept(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk / "config"))
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.setenv("APPDATA", str(desk / "config"))
    monkeypatch.setenv("KEYRING_FILE", str(desk / "keyring.json"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("REFEREE_CREDENTIALS", "REFEREE_CREDENTIALS_KEY", "REFEREE_CREDENTIALS_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    return desk


def test_a_password_from_the_environment_is_found_again(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = referee("credential", "key", "new")
    assert made.code == 0, made
    monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
    said = referee("credential", "set", "ap portal", "--user", "apbot", "--from-env", "FIRST_PASSWORD")
    assert said.code == 0 and "AP_PORTAL is in " in said.out, said
    assert find_credential("ap portal", os.environ) == Credential("apbot", PASSWORD)
    listed = referee("credential", "list", "--json")
    (entry,) = listed.json["credentials"]
    assert entry["name"] == "AP_PORTAL"
    for output in (made, said, listed):
        assert "hunter2" not in output.out + output.err


def test_a_password_from_standard_input_is_kept_without_its_line_end(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    referee("credential", "key", "new")
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert referee("credential", "set", "host", "--stdin").code == 0
    assert find_credential("HOST", os.environ) == Credential("", PASSWORD)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert "standard input holds no password" in referee("credential", "set", "host", "--stdin").complaint


def test_a_password_that_is_asked_for_is_not_shown(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    referee("credential", "key", "new")
    hidden: list[str] = []

    def typed(prompt: str) -> str:
        hidden.append(prompt)
        return PASSWORD

    monkeypatch.setattr("click.termui.hidden_prompt_func", typed)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "apbot")
    said = referee("credential", "set", "ap portal")
    assert said.code == 0 and len(hidden) == 2
    assert "hunter2" not in said.out + said.err
    assert find_credential("ap portal", os.environ) == Credential("apbot", PASSWORD)


def test_a_credential_is_removed_once(referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    referee("credential", "key", "new")
    monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
    for name in ("one", "two"):
        referee("credential", "set", name, "--from-env", "FIRST_PASSWORD")
    assert [referee("credential", "remove", "one").code for _ in range(2)] == [0, 1]
    assert [entry["name"] for entry in referee("credential", "list", "--json").json["credentials"]] == ["TWO"]


def test_without_key_it_says_how_to_make_one(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
    told = referee("credential", "set", "one", "--from-env", "FIRST_PASSWORD").complaint
    assert "make a key with `referee credential key new`" in told
    assert "isn't set, or empty" in referee("credential", "set", "one", "--from-env", "NONE").complaint
    both = referee("credential", "set", "one", "--from-env", "NONE", "--stdin").complaint
    assert "name one source of the password" in both


def test_a_key_may_stand_elsewhere(referee: Command, kept: Path) -> None:
    said = referee("credential", "key", "new", "bots.key")
    assert "set REFEREE_CREDENTIALS_KEY=bots.key for the bots" in said.out
    assert "a key is never replaced" in referee("credential", "key", "new", "bots.key").complaint


def test_nothing_kept_is_said(referee: Command, kept: Path) -> None:
    assert "no credentials are kept" in referee("credential", "list").out


def test_the_keyring_of_the_system_may_keep_it(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    from tests.unit.credentials.memory_keyring import MemoryKeyring

    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())  # type: ignore[no-untyped-call]
    try:
        monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
        said = referee(
            "credential", "set", "desk", "--user", "ann", "--keyring", "--from-env", "FIRST_PASSWORD"
        )
        assert said.out == "DESK is in the keyring of the system\n"
        assert find_credential("desk", os.environ) == Credential("ann", PASSWORD)
        assert "keyring" in referee("credential", "list").out
        assert [referee("credential", "remove", "desk", "--keyring").code for _ in range(2)] == [0, 1]
    finally:
        keyring.set_keyring(before)


@pytest.mark.skipif(os.name != "posix", reason="looks at the rights of the key")
def test_a_file_that_cannot_be_opened_is_never_told_as_empty(
    referee: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    referee("credential", "key", "new", "bots.key")
    monkeypatch.setenv("REFEREE_CREDENTIALS_KEY", "bots.key")
    monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
    referee("credential", "set", "one", "--from-env", "FIRST_PASSWORD")
    Path("bots.key").chmod(0o644)
    said = referee("credential", "list")
    assert said.code == 2
    assert (
        "the credentials of the encrypted file can't be read: the key bots.key may be read by others"
        in said.err
    )
    assert "no credentials are kept" not in said.out
    listed = referee("credential", "list", "--json")
    assert listed.code == 2 and "may be read by others" in listed.json["remarks"][0]

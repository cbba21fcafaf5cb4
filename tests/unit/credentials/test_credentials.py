"""Credentials are found where they were put, and told to nobody."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from referee.credentials import (
    Credential,
    CredentialFile,
    SystemKeyring,
    credential_file,
    credential_key,
    find_credential,
    new_key_file,
)
from referee.domain import InputError
from tests.unit.credentials.memory_keyring import MemoryKeyring

ANN = Credential("ann", "hunter2 <&> ü")


@pytest.fixture(autouse=True)
def own_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KEYRING_FILE", str(tmp_path / "keyring.json"))
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a machine with a key and a file of credentials."""
    key = new_key_file(tmp_path / "bots.key")
    return {"REFEREE_CREDENTIALS": str(tmp_path / "credentials"), "REFEREE_CREDENTIALS_KEY": str(key)}


def refused(name: str, environment: dict[str, str]) -> str:
    with pytest.raises(InputError) as error:
        find_credential(name, environment)
    return str(error.value)


def test_names_that_differ_in_signs_only_are_one() -> None:
    assert {credential_key(name) for name in ("ap portal", "AP-Portal", " ap_portal ")} == {"AP_PORTAL"}
    with pytest.raises(InputError, match="is no name for a credential"):
        credential_key(" - ")


def test_the_environment_comes_first_then_the_file_then_the_keyring(environment: dict[str, str]) -> None:
    SystemKeyring().set("AP_PORTAL", Credential("of keyring", "3"))
    assert find_credential("ap portal", environment) == Credential("of keyring", "3")
    credential_file(environment).write({"AP_PORTAL": Credential("of file", "2")})
    assert find_credential("ap portal", environment) == Credential("of file", "2")
    environment |= {"AP_PORTAL_USER": "of environment", "AP_PORTAL_PASSWORD": "1"}
    assert find_credential("ap portal", environment) == Credential("of environment", "1")


def test_where_there_is_none_each_place_is_told_and_how_to_put_it_there(environment: dict[str, str]) -> None:
    credential_file(environment).write({"OTHER": ANN})
    assert refused("ap portal", environment) == (
        "there is no credential 'ap portal'. Looked in the environment: AP_PORTAL_PASSWORD isn't set; "
        f"the encrypted file {environment['REFEREE_CREDENTIALS']}: it has none of this name; "
        "the keyring of the system: it has none of this name. Put it there with "
        "`referee credential set AP_PORTAL`, with `--keyring` for the keyring"
    )


def test_a_keyring_that_can_not_be_used_is_told_without_its_words(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYRING_FILE", "locked")
    told = refused("ap portal", environment)
    assert "the keyring of the system: it can't be used (KeyringLocked)" in told
    assert "hunter2" not in told


def test_a_session_without_keyring_is_told(environment: dict[str, str]) -> None:
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    assert "the keyring of the system: this session has none" in refused("ap portal", environment)


def test_an_entry_of_another_program_is_none(environment: dict[str, str]) -> None:
    keyring.set_password("referee", "AP_PORTAL", "hunter2")
    told = refused("ap portal", environment)
    assert "its entry AP_PORTAL was not made by Referee" in told and "hunter2" not in told


def test_the_keyring_knows_its_names() -> None:
    held = SystemKeyring()
    for name in ("B", "A"):
        held.set(name, ANN)
    assert held.names() == ["A", "B"] and held.get("A") == ANN
    assert (held.remove("A"), held.remove("A"), held.names()) == (True, False, ["B"])


# --- the encrypted file


def test_the_file_holds_nothing_that_can_be_read(environment: dict[str, str]) -> None:
    file = credential_file(environment)
    file.write({"AP_PORTAL": ANN})
    content = file.path.read_bytes()
    for text in (b"hunter2", b"ann", b"AP_PORTAL"):
        assert text not in content
    assert credential_file(environment).read() == {"AP_PORTAL": ANN}
    if os.name == "posix":
        for path in (file.path, Path(environment["REFEREE_CREDENTIALS_KEY"])):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_passphrase_opens_it_too(environment: dict[str, str]) -> None:
    del environment["REFEREE_CREDENTIALS_KEY"]
    environment["REFEREE_CREDENTIALS_PASSPHRASE"] = "long enough"
    credential_file(environment).write({"AP_PORTAL": ANN})
    assert find_credential("ap portal", environment) == ANN
    environment["REFEREE_CREDENTIALS_PASSPHRASE"] = "another"
    told = refused("ap portal", environment)
    assert "the passphrase in REFEREE_CREDENTIALS_PASSPHRASE doesn't open it, or it was changed" in told
    assert "another" not in told


def test_each_writing_looks_different(environment: dict[str, str]) -> None:
    file = credential_file(environment)
    seen = set()
    for _ in range(3):
        file.write({"AP_PORTAL": ANN})
        seen.add(json.loads(file.path.read_text())["sealed"])
    assert len(seen) == 3


@pytest.mark.parametrize("part", ["salt", "nonce", "sealed", "format"])
def test_a_changed_file_is_refused(environment: dict[str, str], part: str) -> None:
    file = credential_file(environment)
    file.write({"AP_PORTAL": ANN})
    data = json.loads(file.path.read_text())
    data[part] = ("B" if data[part][0] != "B" else "C") + data[part][1:]
    file.path.write_text(json.dumps(data))
    if part == "salt":  # which a key has no use for
        assert find_credential("ap portal", environment) == ANN
    else:
        assert str(file.path) in refused("ap portal", environment)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 1}'])
def test_what_is_no_file_of_credentials_is_refused(environment: dict[str, str], content: bytes) -> None:
    Path(environment["REFEREE_CREDENTIALS"]).write_bytes(content)
    assert "this is no file of credentials; restore it" in refused("ap portal", environment)


def test_a_file_without_key_is_told(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    file: CredentialFile = credential_file(environment)
    file.write({"AP_PORTAL": ANN})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(file.path.parent / "nowhere"))
    del environment["REFEREE_CREDENTIALS_KEY"]
    assert "there is no key to open it with; name its file in REFEREE_CREDENTIALS_KEY" in refused(
        "ap portal", environment
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in other ways")
def test_a_key_that_others_may_read_is_refused(environment: dict[str, str]) -> None:
    Path(environment["REFEREE_CREDENTIALS_KEY"]).chmod(0o640)
    assert "may be read by others than its owner; `chmod 600` it" in refused("ap portal", environment)


@pytest.mark.parametrize("content", ["", "hunter2", "referee-credentials-key-1:hunter2", "\u00fc"])
def test_what_is_no_key_is_refused_and_not_quoted(environment: dict[str, str], content: str) -> None:
    Path(environment["REFEREE_CREDENTIALS_KEY"]).write_text(content, encoding="utf-8")
    told = refused("ap portal", environment)
    assert "is no key for credentials; restore it" in told and "hunter2" not in told


def test_two_ways_to_open_it_are_one_too_many(environment: dict[str, str]) -> None:
    environment["REFEREE_CREDENTIALS_PASSPHRASE"] = "x"
    assert "are both set; keep the one that is meant" in refused("ap portal", environment)


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    key = new_key_file(tmp_path / "bots.key")
    before = key.read_text()
    with pytest.raises(InputError, match="a key is never replaced"):
        new_key_file(key)
    assert key.read_text() == before


def test_the_text_of_a_credential_tells_nothing() -> None:
    assert "hunter2" not in f"{ANN!r} {ANN}" and "ann" not in repr(ANN)

"""Secrets stand in no byte that a bot leaves behind, at the most talkative level."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import pytest

from referee.keywords.secrets import KnownSecrets
from tests.unit.keywords.test_bot_runs import Folder, folder

__all__ = ["folder"]

PASSWORD, LOCAL, NESTED, VAULT = (
    "correct horse battery",
    "s3cr3t&<local>",
    "deep-in-a-list-4711",
    "of-the-vault-0815",
)
ALL = (PASSWORD, LOCAL, NESTED, VAULT)

SUITE = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks
Library    vault.py

*** Variables ***
${PASSWORD: secret}    %{BOT_PASSWORD}

*** Tasks ***
Pay
    {settings}
    ${vault}=    Open Vault
    Use Cases    ${rows}
    On Action    pay    Pay One    ${PASSWORD}
    On Action    send query    Log
    On Action    read reply    Log
    Process Cases

*** Keywords ***
Pay One
    [Arguments]    ${case}    ${password}
    {step}
"""

LIBRARY = """
from collections.abc import Mapping

from robot.api.types import Secret

class Vault(Mapping):
    def __getitem__(self, name):
        return {"token": "of-the-vault-0815"}[name]

    def __iter__(self):
        return iter(["token"])

    def __len__(self):
        return 1

    def __repr__(self):
        return "Secret(keys=[token])"

Vault.__name__ = "Secret"

def open_vault():
    return Vault()

def list_of_secrets():
    return [{"pin": Secret("deep-in-a-list-4711")}]

def log_in(password: Secret):
    raise RuntimeError(f"401 for user robot with password {password.value!r}")

def log_in_everywhere(secrets):
    raise RuntimeError("401 for " + secrets[0]["pin"].value)

def open_with_token(vault):
    raise RuntimeError("no door for " + vault["token"])

def secret_result(password: Secret):
    return {"receipt": "R-1", "key": password, "said": f"paid with {password.value}"}

def talk(password: Secret):
    from robot.api import logger
    logger.info(f"trying {password.value}")
    logger.info(f"<b>trying {password.value}</b>", html=True)
    print(f"*WARN* trying {password.value}")
    return "R-2"

def local_secret():
    return Secret("s3cr3t&<local>")
"""

ROWS = "${rows}=    Evaluate    [{'payment': 'P-1', 'country': 'DE', 'amount': 1200, 'account': %s}]"


def left_behind(path: Path) -> str:
    """All that is written, the compressed texts of log.html too."""
    texts = []
    for file in sorted(path.rglob("*")):
        is_source = file.name == "vault.py" or file.parent.name == "__pycache__"
        if is_source or not file.is_file():
            continue
        text = file.read_bytes().decode("utf-8", "replace")
        texts.append(text)
        if file.suffix == ".html":
            packed = re.findall(r"[A-Za-z0-9+/=]{40,}", text)
            for each in packed:
                try:
                    texts.append(zlib.decompress(base64.b64decode(each)).decode("utf-8"))
                except (ValueError, zlib.error):
                    continue
    return "\n".join(texts)


def run(folder: Folder, step: str, account: str = "None") -> tuple[int, str, str]:
    (folder.path / "vault.py").write_text(LIBRARY)
    folder.environment["BOT_PASSWORD"] = PASSWORD
    folder.environment["PYTHONPATH"] += f":{folder.path}"
    suite = SUITE.replace("{step}", step).replace(
        "{settings}", f"Set Log Level    TRACE\n    ${{own}}=    Local Secret\n    {ROWS % account}"
    )
    suite = suite.replace("{", "{{").replace("}", "}}")
    code, said = folder.run(suite=suite)
    return code, said, left_behind(folder.path) + said


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("Log In    ${password}", "401 for user robot with password '<secret>'"),
        ("${own}=    Local Secret\n    Log In    ${own}", "401 for user robot with password '<secret>'"),
        ("${many}=    List Of Secrets\n    Log In Everywhere    ${many}", "401 for <secret>"),
        ("${vault}=    Open Vault\n    Open With Token    ${vault}", "no door for <secret>"),
    ],
)
def test_the_error_of_a_failing_keyword_tells_no_secret(folder: Folder, step: str, told: str) -> None:
    _, said, left = run(folder, step)
    assert told in (folder.path / "audit" / "audit.jsonl").read_text("utf-8"), said
    assert [secret for secret in ALL if secret in left] == []


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            "${result}=    Secret Result    ${password}\n    RETURN    ${result}",
            '"said":"paid with <secret>"',
        ),
        ("RETURN    ${password}", '"result":"<secret>"'),
        ("${vault}=    Open Vault\n    RETURN    ${vault}", '"result":"<secret>"'),
        ("${receipt}=    Talk    ${password}\n    RETURN    ${receipt}", '"result":"R-2"'),
    ],
)
def test_neither_results_nor_messages_tell_a_secret(folder: Folder, step: str, told: str) -> None:
    code, said, left = run(folder, step)
    assert code == 0, said
    assert told in (folder.path / "audit" / "audit.jsonl").read_text("utf-8")
    assert [secret for secret in ALL if secret in left] == []


def test_a_secret_among_the_facts_is_a_doubt_that_does_not_tell_it(folder: Folder) -> None:
    code, said, left = run(folder, "No Operation", "$own")
    assert code == 0, said
    assert folder.story("P-1") == ["decision human", "handoff clerks"]
    assert [secret for secret in ALL if secret in left] == []


def test_short_texts_are_no_secrets_that_could_be_found_again() -> None:
    class Secret:
        value = "ab"

    known = KnownSecrets()
    known.learn([Secret()])
    assert known.without("abba has a slab") == "abba has a slab"

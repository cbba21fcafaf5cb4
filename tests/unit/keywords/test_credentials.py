"""`Get Credential`: a password from where the machine keeps it, and in no byte that a run leaves behind."""

from __future__ import annotations

import base64
import codecs
import html
import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from referee.credentials import Credential, credential_file, new_key_file
from tests.unit.keywords.test_bot_runs import Folder, folder

__all__ = ["folder"]

PASSWORD = "Pä$$ <w0rd> & \"quoted\\ 'n more"
USER = "apbot"
SOURCES = ("door.py",)
OPTIONS = ("--rpa", "--loglevel", "TRACE", "--xunit", "xunit.xml", "--nostatusrc")

SUITE = r"""
*** Settings ***
Library           RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks
Library           door.py
Suite Teardown    Quote Everywhere    ${PORTAL}[password]

*** Variables ***
${PORTAL}    ${None}

*** Tasks ***
Log On
    Set Log Level    TRACE
    ${portal}=    Get Credential    ap portal
    VAR    ${PORTAL}    ${portal}    scope=SUITE
    Should Be Equal    ${portal}[user]    apbot
    Right Password    ${portal}[password]
    Log    ${portal}
    FOR    ${value}    IN    ${portal}[password]    ${portal.password.value}
        Log    ${value}
    END
    ${plain}=    Set Variable    ${portal.password.value}
    Should Be Equal    ${plain}    ${plain}
    Run Keyword And Ignore Error    Should Be Equal    ${plain}    other
    VAR    ${again}    ${plain}
    Run Keyword And Expect Error    *    Should Contain    xx    ${plain}
    Talk    ${portal}[password]
    Quote Everywhere    ${portal}[password]

Pay By List
    Set Log Level    TRACE
    ${portal}=    Get Credential    AP_PORTAL
    Read Cases    cases.csv
    On Action    pay    Pay With    ${portal.password.value}
    On Action    send query    Log
    On Action    read reply    Log
    On Failure    Keep Screen    ${portal}[password]
    Process Cases    stop_after=0

Pay By Queue
    Set Log Level    TRACE
    ${portal}=    Get Credential    AP_PORTAL
    Add Work Items    items.csv    file=queue.sqlite
    On Action    pay    Pay With    ${portal}[password]
    On Failure    Keep Screen    ${portal}[password]
    Process Work Items    file=queue.sqlite    stop_after=0    attempts=1

Export
    Set Log Level    TRACE
    Export Credential    ap portal
    Child Sees It
    Log    %{AP_PORTAL_PASSWORD}
    Fail    it is %{AP_PORTAL_PASSWORD}

*** Keywords ***
Pay With
    [Arguments]    ${case}    ${password}
    Quote Everywhere    ${password}

Keep Screen
    [Arguments]    ${case}    ${password}
    Fail    the screen shows ${password}
"""

LIBRARY = """
import base64, html, json, os, subprocess, sys
from urllib.parse import quote, quote_plus
from robot.api import logger

PASSWORD = {password!r}

def text(password):
    return getattr(password, "value", password)

def right_password(password):
    assert text(password) == PASSWORD and str(password) == "<secret>"

def forms(password):
    basic = base64.b64encode(f"apbot:{{password}}".encode()).decode()
    return [
        f"plain {{password}}", f"repr {{password!r}}", f"ascii {{password!a}}", json.dumps({{'p': password}}),
        json.dumps([password], ensure_ascii=False), f"https://x/?p={{quote(password)}}&q={{quote_plus(password)}}",
        f"/{{quote(password, safe='')}}", "Authorization: Basic " + basic,
        base64.urlsafe_b64encode(password.encode()).decode(), base64.b64encode(b"x" + password.encode()).decode(),
        html.escape(password), html.escape(password, quote=False), password.encode().hex(),
    ]

def talk(password):
    for one in forms(text(password)):
        logger.info(one)
        logger.info(f"<b>{{one}}</b>", html=True)
        logger.trace(one)
        logger.warn(one)
        print(one)

def quote_everywhere(password):
    raise RuntimeError("401: " + " | ".join(forms(text(password))))

def child_sees_it():
    code = "import os; print(os.environ['AP_PORTAL_USER'], len(os.environ['AP_PORTAL_PASSWORD']))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert said.split() == ["apbot", str(len(PASSWORD))], said
"""


def secret_forms() -> list[str]:
    """What must not be found: in each way in which a password might be written."""
    password = PASSWORD
    forms = {
        password,
        quote(password),
        quote(password, safe=""),
        quote_plus(password),
        json.dumps(password)[1:-1],
        json.dumps(password, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(password))[2:-2],
        repr(password)[1:-1],
        ascii(password)[1:-1],
        html.escape(password),
        html.escape(password, quote=False),
        password.encode().hex(),
        codecs.encode(password.encode("utf-16-le"), "hex").decode(),
        # parts that every one of the forms above would share with a form nobody thought of
        "w0rd",
        "quoted",
    }
    for before in ("", "a", "ab"):
        encoded = base64.b64encode((before + password).encode()).decode()
        forms.add(encoded[4:-4])
        forms.add(base64.urlsafe_b64encode((before + password).encode()).decode()[4:-4])
    return sorted(forms)


def left_behind(path: Path) -> dict[str, str]:
    """Each file that is not the bot's own, the compressed texts of log.html too; and the names of all."""
    found = {"the names of the files": "\n".join(str(one) for one in path.rglob("*"))}
    for file in sorted(path.rglob("*")):
        if not file.is_file() or file.name in SOURCES or file.parent.name == "__pycache__":
            continue
        content = file.read_bytes()
        text = content.decode("utf-8", "replace")
        for packed in re.findall(r"[A-Za-z0-9+/=]{40,}", text) if file.suffix == ".html" else ():
            try:
                text += zlib.decompress(base64.b64decode(packed)).decode("utf-8")
            except (ValueError, zlib.error):
                continue
        found[str(file.relative_to(path))] = text + content.decode("utf-16-le", "replace")
    return found


@pytest.fixture
def bot(folder: Folder) -> Folder:
    (folder.path / "door.py").write_text(LIBRARY.format(password=PASSWORD), encoding="utf-8")
    (folder.path / "items.csv").write_text("payment,country,amount\nQ-1,DE,1200\nQ-2,DE,1300\n")
    (folder.path / "bot.robot").write_text(SUITE, encoding="utf-8")
    folder.environment["PYTHONPATH"] += os.pathsep + str(folder.path)
    folder.environment["PYTHONIOENCODING"] = "utf-8"
    return folder


def run(bot: Folder) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "robot", *OPTIONS, "bot.robot"],
        cwd=bot.path,
        env=bot.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.stdout + done.stderr


def in_the_environment(bot: Folder) -> None:
    bot.environment |= {"AP_PORTAL_USER": USER, "AP_PORTAL_PASSWORD": PASSWORD}


def in_the_file(bot: Folder) -> None:
    key = new_key_file(bot.path / "bots.key")
    kept = {"REFEREE_CREDENTIALS": str(bot.path / "credentials"), "REFEREE_CREDENTIALS_KEY": str(key)}
    bot.environment |= kept
    credential_file(kept).write({"AP_PORTAL": Credential(USER, PASSWORD)})


def in_the_keyring(bot: Folder) -> None:
    import shutil

    shutil.copy(Path(__file__).parents[1] / "credentials" / "memory_keyring.py", bot.path)
    keyring = bot.path.with_name("keyring.json")
    held = {"referee/AP_PORTAL": json.dumps({"user": USER, "password": PASSWORD})}
    keyring.write_text(json.dumps(held))
    bot.environment |= {
        "PYTHON_KEYRING_BACKEND": "memory_keyring.MemoryKeyring",
        "KEYRING_FILE": str(keyring),
        "XDG_CONFIG_HOME": str(bot.path / "config"),
    }


@pytest.mark.parametrize("place", [in_the_environment, in_the_file, in_the_keyring])
def test_no_byte_of_a_run_holds_the_password(bot: Folder, place: object) -> None:
    assert callable(place)
    place(bot)
    said = run(bot)
    assert "4 tasks, 0 passed, 4 failed" in said, said
    log = (bot.path / "audit" / "audit.jsonl").read_text("utf-8")
    assert log.count("401: plain <secret>") >= 3, log
    found = {"the console": said, **left_behind(bot.path)}
    for name in ("output.xml", "log.html", "report.html", "xunit.xml", "queue.sqlite"):
        assert name in found
    assert "<secret>" in found["output.xml"] or "&lt;secret&gt;" in found["output.xml"]
    leaks = [(where, form) for where, text in found.items() for form in secret_forms() if form in text]
    assert leaks == [], [found[where][max(found[where].find(form) - 80, 0) :][:200] for where, form in leaks]


def test_a_credential_that_is_nowhere_is_told_with_the_places(bot: Folder) -> None:
    bot.environment |= {
        "XDG_CONFIG_HOME": str(bot.path / "config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    said = " ".join(run(bot).split())
    assert (
        "there is no credential 'ap portal'. Looked in the environment: AP_PORTAL_PASSWORD isn't set" in said
    )
    assert "with `referee credential set AP_PORTAL`" in said

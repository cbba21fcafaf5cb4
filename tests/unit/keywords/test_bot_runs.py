"""Small bots run by Robot Framework itself: what log.html shows, and what happens when a run is told to stop."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.audit import AuditLog, verify
from referee.signing import key_pair
from tests.unit.engine.conftest import PLAYBOOK
from tests.unit.engine.limits import write_limits

SUITE = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks
Library    OperatingSystem

*** Tasks ***
Pay
    {settings}
    Read Cases    cases.csv
    On Action    pay    Pay One
    On Action    send query    Log
    On Action    read reply    Log
    Process Cases

*** Keywords ***
Pay One
    [Arguments]    ${{case}}
    Append To File    paid.txt    ${{case}}[id]${{\\n}}
    {step}
"""


class Folder:
    def __init__(self, path: Path, repository: Path) -> None:
        self.path = path
        self.environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        write_limits(path / "payments.xlsx")
        (path / "playbooks").mkdir()
        (path / "playbooks" / "ask.yaml").write_text(PLAYBOOK)
        self.cases("P-1,DE,1200", "P-2,DE,1300", "P-3,DE,1400")

    def cases(self, *lines: str) -> None:
        (self.path / "cases.csv").write_text(
            "\n".join(["payment,country,amount", *lines, ""]), encoding="utf-8"
        )

    def start(
        self, step: str = "No Operation", settings: str = "", suite: str = SUITE
    ) -> subprocess.Popen[str]:
        (self.path / "bot.robot").write_text(suite.format(step=step, settings=settings))
        return subprocess.Popen(
            [sys.executable, "-m", "robot", "--rpa", "--report", "NONE", "bot.robot"],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, step: str = "No Operation", settings: str = "", suite: str = SUITE) -> tuple[int, str]:
        process = self.start(step, settings, suite)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    @property
    def paid(self) -> list[str]:
        path = self.path / "paid.txt"
        return path.read_text().split() if path.exists() else []

    def story(self, case: str) -> list[str]:
        told = {"decision": "route", "action": "status", "handoff": "queue"}
        return [
            f"{record.kind} {record.payload[told[record.kind]]}"
            for record in AuditLog(self.path / "audit").records()
            if record.payload.get("case") == case
        ]


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Folder:
    return Folder(tmp_path, repository)


def texts_of(log: Path) -> str:
    """What log.html shows; Robot Framework packs long texts."""
    content = log.read_text(encoding="utf-8")
    packed = re.findall(r'"([A-Za-z0-9+/]{40,}={0,2})"', content)
    unpacked = []
    for text in packed:
        try:
            unpacked.append(zlib.decompress(base64.b64decode(text)).decode("utf-8"))
        except (zlib.error, ValueError):
            continue
    return "\n".join([content, *unpacked])


def test_log_html_shows_each_decision_as_a_table_and_facts_as_text(folder: Folder) -> None:
    folder.cases("P-1,DE,1200", "P-2,<b>FR</b>,9000")
    code, said = folder.run()
    assert code == 0, said
    shown = texts_of(folder.path / "log.html")
    for part in (
        ">auto</b> pay",
        "within the limit",
        "routing, rule 1 (payments.xlsx, sheet routing, cell A4)",
        ">human</b> clerks",
        "&lt;b&gt;FR&lt;/b&gt;",
    ):
        assert part in shown, part
    assert "<b>FR" not in shown


@pytest.mark.parametrize(
    "step", ["Creat File    receipt.txt", "Log    ${{case}}[facts][amuont]", "Log    ${{oder}}"]
)
def test_a_typo_in_a_keyword_of_the_bot_is_told_as_such(folder: Folder, step: str) -> None:
    folder.cases(*(f"P-{number},DE,1200" for number in range(1, 5)))
    code, said = folder.run(step.format())
    assert code != 0 and "the run stopped: 'pay' failed for 3 cases in a row" in said
    told = " ".join(said.split())
    assert (
        "the fault is in the bot's own keyword `Pay One` in bot.robot, or in one called there: mend it"
        in told
    )
    assert "see to the target system" not in told and ".. " not in told


def test_a_fatal_error_stops_the_run_and_leaves_the_other_cases_alone(folder: Folder) -> None:
    code, said = folder.run("Fatal Error    the portal is gone")
    assert code != 0
    assert "the portal is gone" in said
    assert folder.paid == ["P-1"]
    assert folder.story("P-2") == ["decision auto"]
    code, said = folder.run()
    assert code == 0, said
    assert folder.paid == ["P-1", "P-2", "P-3"]
    assert folder.story("P-1") == ["decision auto", "action acting", "action in doubt", "handoff clerks"]


def test_a_task_that_has_run_out_of_time_leaves_the_other_cases_alone(folder: Folder) -> None:
    code, said = folder.run("Sleep    20s", "[Timeout]    8s")
    assert code != 0
    assert "timeout 8 seconds exceeded" in said
    assert folder.paid == ["P-1"]
    assert folder.story("P-2") == folder.story("P-3") == ["decision auto"]
    assert folder.run()[0] == 0
    assert folder.paid == ["P-1", "P-2", "P-3"]
    assert folder.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]


def test_a_keyword_that_has_run_out_of_time_fails_for_its_case_alone(folder: Folder) -> None:
    code, said = folder.run("IF    $case.id == 'P-1'    Sleep    60s\n    [Timeout]    3s")
    assert code == 0, said
    assert folder.paid == ["P-1", "P-2", "P-3"]
    assert folder.story("P-1")[-2:] == ["action failed", "handoff clerks"]
    assert folder.story("P-2")[-1] == "action done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_case_in_hand(folder: Folder, number: signal.Signals) -> None:
    process = folder.start("Sleep    1s")
    while not folder.paid and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert folder.paid == ["P-1"], said
    assert f"stopped by request ({number.name})" in said
    assert folder.story("P-1")[-1] == "action done"
    assert folder.story("P-2") == ["decision auto"]
    assert folder.run()[0] == 0
    assert folder.paid == ["P-1", "P-2", "P-3"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_the_run_at_once_and_leaves_the_other_cases_alone(
    folder: Folder, number: signal.Signals
) -> None:
    process = folder.start("Sleep    20s")
    assert process.stdout is not None
    while not folder.paid and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    while "asked to stop" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert folder.paid == ["P-1"], said
    assert folder.story("P-2") == ["decision auto"]
    assert folder.run()[0] == 0
    assert folder.paid == ["P-1", "P-2", "P-3"]
    assert folder.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]


ACCOUNTS = "payment,country,amount,account"


def test_results_hide_sensitive_facts_of_case_lists_and_of_gathered_cases(folder: Folder) -> None:
    (folder.path / "cases.csv").write_text(f"{ACCOUNTS}\nP-1,DE,1200,DE02-1203\nP-2,DE,1200,\n")
    assert folder.run()[0] == 0
    assert column(folder, "account") == ["(sensitive)", None]
    gathered = "Use Cases    ${{ [dict(payment='P-3', country='DE', amount=5, account='DE02-1203')] }}"
    suite = SUITE.replace("Read Cases    cases.csv", gathered.replace("{", "{{").replace("}", "}}"))
    assert folder.run(suite=suite)[0] == 0
    assert column(folder, "account") == ["(sensitive)"]


def column(folder: Folder, name: str) -> list[Any]:
    rows = openpyxl.load_workbook(folder.path / "results.xlsx")["Results"].iter_rows(values_only=True)
    header = list(next(rows))
    return [row[header.index(name)] for row in rows]


def test_paths_are_told_from_the_folder_in_which_the_bot_was_started(folder: Folder) -> None:
    code, said = folder.run()
    assert code == 0
    assert "  results    results.xlsx\n" in said
    assert "  audit log  audit\n" in said
    assert "payments: 3 cases in " in said


def test_arguments_of_a_line_reach_the_keyword_as_they_are(folder: Folder) -> None:
    suite = SUITE.replace(
        "On Action    pay    Pay One", "On Action    pay    Pay One    ${{text}}    mode=fast"
    )
    suite = suite.replace(
        "[Arguments]    ${{case}}", "[Arguments]    ${{case}}    ${{path}}    ${{mode}}=slow"
    )
    settings = r"VAR    ${text}    C:\\temp\\new \${x} \%{y} a=b".replace("{", "{{").replace("}", "}}")
    step = "Append To File    said.txt    ${path}|${mode}${\\n}"
    code, said = folder.run(step, settings.format(), suite)
    assert code == 0, said
    lines = (folder.path / "said.txt").read_text().splitlines()
    assert lines == [r"C:\temp\new ${x} %{y} a=b|fast"] * 3


OWN_LOOP = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks

*** Tasks ***
Pay
    On Action    pay    Log
    On Action    send query    Log
    On Action    read reply    Log
    FOR    ${{id}}    IN    P-1    P-2
        ${{decision}}=    Decide Case    ${{id}}    country=DE    amount=${{1200}}
        Settle Case    ${{decision}}
    END
    {step}
"""


def test_after_a_loop_of_its_own_the_log_has_its_last_checkpoint_and_is_shipped(folder: Folder) -> None:
    private, public = key_pair()
    (folder.path / "bots.key").write_bytes(private)
    (folder.path / "bots.pub").write_bytes(public)
    for place in ("second", "share"):
        (folder.path / place).mkdir()
    folder.environment |= {
        "REFEREE_CHECKPOINTS": "second",
        "REFEREE_CHECKPOINT_KEY": "bots.key",
        "REFEREE_AUDIT_SHARE": "share",
    }
    code, said = folder.run(suite=OWN_LOOP)
    assert code == 0, said
    found = verify(folder.path / "audit", checkpoints=folder.path / "second", keys=folder.path / "bots.pub")
    assert found.intact and found.backed == found.records > 2
    (copy,) = (folder.path / "share").iterdir()
    assert verify(copy).head == found.head


def test_what_could_not_be_done_after_a_loop_of_its_own_is_told(folder: Folder) -> None:
    folder.environment["REFEREE_AUDIT_SHARE"] = "share"
    code, said = folder.run(suite=OWN_LOOP)
    assert code == 0, said
    assert "[ WARN ] the audit log was not shipped in this run: share can't be reached" in said

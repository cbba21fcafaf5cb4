"""The process of a bot: exit codes that say whose fault it was, and one start at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.engine.limits import write_limits

SUITE = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks
Library    own_reader.py

*** Tasks ***
Pay
    {step}
{more}
*** Keywords ***
Pay One
    [Arguments]    ${{case}}
    Sleep    20s
"""

OWN_READER = """\
from referee.domain import InputError
from referee.keywords.refusal import refusals_noted

@refusals_noted()
def read_own_format(path):
    raise InputError(f"{path}: this is not our format")
"""


class Folder:
    def __init__(self, path: Path, repository: Path) -> None:
        self.path = path
        self.environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        (path / "own_reader.py").write_text(OWN_READER)
        write_limits(path / "payments.xlsx", rules=(("-", "-", "auto", "pay", None, "always"),))
        (path / "playbooks").mkdir()
        (path / "cases.csv").write_text("payment,country,amount\nP-1,DE,1200\n")

    def start(self, step: str, more: str = "", *options: str) -> subprocess.Popen[str]:
        (self.path / "bot.robot").write_text(SUITE.format(step=step, more=more))
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "referee.keywords.bot_process", "--rpa", "--pythonpath", "."),
                *("--outputdir", "out", *options, "bot.robot"),
            ],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, step: str, more: str = "", *options: str) -> tuple[int, str, str]:
        process = self.start(step, more, *options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Folder:
    return Folder(tmp_path, repository)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("Log    fine", 0),
        ("Fail    out of order", 1),
        ("Read Cases    none.csv", 2),
        ("Read Own Format    cases.txt", 2),
        ("Use Cases    ${{ [{'payment': ''}] }}", 2),
        ("Run Keyword And Ignore Error    Read Cases    none.csv", 0),
        ("Run Keyword And Ignore Error    Read Cases    none.csv\n    Fail    out of order", 1),
    ],
)
def test_unusable_input_ends_with_2_and_any_other_failure_with_1(
    folder: Folder, step: str, code: int
) -> None:
    found, out, _ = folder.run(step)
    assert found == code, out
    assert "Traceback" not in out


def test_unusable_rules_end_with_2(folder: Folder) -> None:
    (folder.path / "payments.xlsx").write_text("no workbook")
    assert folder.run("Read Cases    cases.csv")[0] == 2


def test_a_refusal_and_a_failure_are_a_failure(folder: Folder) -> None:
    more = "Other\n    Fail    out of order\nThird\n    Fail    out of order\n"
    assert folder.run("Read Cases    none.csv", more)[0] == 1


def test_help_and_faults_of_the_command_line_are_robot_frameworks_own(folder: Folder) -> None:
    code, _, err = folder.run("Log    fine", "", "--nonsense")
    assert code == 252
    assert "nonsense" in err
    assert folder.run("Log    fine", "", "--version")[0] == 251


def test_a_second_start_is_told_who_runs_and_leaves_the_log_of_the_first_alone(folder: Folder) -> None:
    steps = "Read Cases    cases.csv\n    On Action    pay    Pay One\n    Process Cases"
    first = folder.start(steps)
    log = folder.path / "out" / "output.xml"
    try:
        while not (folder.path / "audit" / "audit.jsonl").exists() and first.poll() is None:
            time.sleep(0.01)
        begun = log.stat().st_ino
        code, out, err = folder.run(steps)
        assert (code, out) == (2, "")
        assert f"this bot is already running, with its output in out (process {first.pid} on " in err
        assert log.stat().st_ino == begun
    finally:
        first.kill()
        first.communicate()
    assert folder.run("Log    fine")[0] == 0

"""What all commands share: help with an example, JSON, exit codes, and letters that a terminal can't show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from referee import __version__
from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import write_limits

COMMANDS = [
    (),
    ("decide",),
    ("check",),
    ("diff",),
    ("test",),
    ("show",),
    ("explain",),
    ("train",),
    ("model", "add"),
    ("worklist",),
    ("worklist", "list"),
    ("worklist", "export"),
    ("worklist", "import"),
    ("audit",),
    ("audit", "verify"),
    ("audit", "show"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_shows_an_example(referee: Command, command: tuple[str, ...], option: str) -> None:
    said = referee(*command, option)
    assert (said.code, said.err) == (0, "")
    example = said.out.partition("Example:")[2]
    assert f"referee {' '.join(command)}".strip() in " ".join(example.split())


def test_version(referee: Command) -> None:
    said = referee("--version")
    assert (said.code, said.out) == (0, f"referee, version {__version__}\n")


@pytest.mark.parametrize("command", [(), ("worklist",), ("audit",)], ids=" ".join)
def test_a_group_alone_tells_its_commands(referee: Command, command: tuple[str, ...]) -> None:
    said = referee(*command)
    assert (said.code, said.out) == (2, "")
    assert "Commands:" in said.err


def test_check_finds_nothing_wrong(referee: Command) -> None:
    assert referee("check", "payments.xlsx").out.startswith("payments.xlsx: no faults")
    said = referee("check", "payments.xlsx", "--json")
    assert said.code == 0
    assert [(each["path"], each["faults"]) for each in said.json["workbooks"]] == [("payments.xlsx", [])]


def test_check_tells_the_faults_of_all_workbooks(referee: Command, desk: Path) -> None:
    write_limits(desk / "other.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = referee("check", "other.xlsx", "payments.xlsx")
    assert said.code == 1
    assert "sheet routing, cell" in said.out and "`>>= 10`" in said.out
    assert "payments.xlsx: no faults" in said.out
    found = referee("check", "other.xlsx", "payments.xlsx", "--json")
    assert found.code == 1
    assert [len(workbook["faults"]) > 0 for workbook in found.json["workbooks"]] == [True, False]


@pytest.mark.parametrize("name", ["none.xlsx", "folder", "notes.txt"])
def test_check_of_what_is_no_workbook_gets_one_sentence(referee: Command, name: str) -> None:
    assert referee("check", name).complaint.startswith(f"{name}: ")


def test_check_needs_a_workbook(referee: Command) -> None:
    assert "Missing argument" in referee("check").complaint


@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", "\\u0141owicz"), ("utf-8", "Łowicz")])
def test_letters_that_the_output_cannot_hold_are_shown_by_code(
    tmp_path: Path, repository: Path, encoding: str, shown: str
) -> None:
    write_limits(tmp_path / "Łowicz.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", "from referee.cli import main; main()", "check", "Łowicz.xlsx"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository / "library"), "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding).startswith(f"{shown}.xlsx: no faults")

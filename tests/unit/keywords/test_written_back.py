"""Bots that write into the list their cases come from, run by Robot Framework itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests.unit.keywords.test_bot_runs import Folder, folder

__all__ = ["folder"]

SUITE = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks

*** Tasks ***
Pay
    Read Cases    payments of may.xlsx
    On Action    pay    Pay One
    On Action    send query    Log
    On Action    read reply    Log
    {settings}
    Process Cases

*** Keywords ***
Pay One
    [Arguments]    ${{case}}
    {step}
    VAR    &{{receipt}}    confirmation=AP-${{case}}[id]    seconds=${{3}}
    RETURN    ${{receipt}}
"""

HEADINGS = ["payment", "country", "amount", "double", "Route"]


def write_list(path: Path, rows: Sequence[Sequence[Any]] = (), headings: Sequence[str] = HEADINGS) -> Path:
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(headings)
    for row in rows or (["P-1", "DE", 1200, "=C2*2"], ["P-2", "CH", 1300], ["P-3", "DE", 9000]):
        sheet.append(row)
    workbook.save(path)
    return path


def rows(path: Path) -> list[tuple[Any, ...]]:
    sheet: Any = load_workbook(path).active
    return list(sheet.iter_rows(values_only=True))


@pytest.fixture
def listed(folder: Folder) -> Path:
    return write_list(folder.path / "payments of may.xlsx")


NAMED = "Write Results Back    route=route    reasons=Why    result.confirmation=Confirmation    status=State"


def test_results_stand_in_the_list_they_come_from(folder: Folder, listed: Path) -> None:
    code, said = folder.run(settings=NAMED, suite=SUITE)
    assert code == 0, said
    assert "list       payments of may.xlsx" in said
    head, first, second, third = rows(listed)
    assert head == (*HEADINGS, "Why", "Confirmation", "State")
    assert first == ("P-1", "DE", 1200, "=C2*2", "auto", "within the limit", "AP-P-1", "done")
    assert second[4:] == ("exception", "foreign", None, "exception open")
    assert third[4:] == ("human", "over the limit", None, "handed over")
    assert {path.name for path in folder.path.iterdir() if "may" in path.name} == {listed.name}


def test_a_rerun_writes_the_same_and_what_earlier_runs_did_not(folder: Folder, listed: Path) -> None:
    assert folder.run(suite=SUITE)[0] == 0
    for _ in range(2):
        code, said = folder.run(settings="Write Results Back", suite=SUITE)
        assert code == 0, said
        assert rows(listed)[0] == (*HEADINGS, "reasons", "status", "result")
        assert rows(listed)[1][5:] == (
            "within the limit",
            "done",
            "confirmation: AP-P-1; seconds: 3",
        )


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            "Write Results Back    route=Double",
            "sheet Sheet, cell D2: the column `Double` holds something that no bot has written; name another column",
        ),
        (
            "Write Results Back    route=Amount",
            "the cases are decided by the column `Amount`, so it is never written; name another",
        ),
        ("Write Results Back    rout=Route", "there is no result 'rout' to write; there are route, action"),
        ("Write Results Back    elsewhere.xlsx", "elsewhere.xlsx: there is no such file"),
        (
            "${cases}=    Evaluate    [{'payment': 'P-1'}]\n    Use Cases    ${cases}\n    Write Results Back",
            "Write Results Back needs a file, since no cases were read from one",
        ),
    ],
)
def test_what_can_not_be_written_is_told_before_the_first_case(
    folder: Folder, listed: Path, settings: str, fault: str
) -> None:
    before = listed.read_bytes()
    code, said = folder.run("Append To File    paid.txt    x", settings, SUITE)
    assert code != 0
    assert fault in said
    assert listed.read_bytes() == before
    assert not (folder.path / "paid.txt").exists()
    assert not list((folder.path / "audit").glob("*.jsonl")) or "decision" not in (
        (folder.path / "audit" / "audit.jsonl").read_text()
    )


def test_a_list_that_is_open_at_the_start_stops_the_bot(folder: Folder, listed: Path) -> None:
    listed.with_name(f"~${listed.name}").write_bytes(b"\x03Ann".ljust(55) + b"\3\0A\0n\0n\0")
    code, said = folder.run(settings="Write Results Back", suite=SUITE)
    assert code != 0
    assert "Ann has it open; close it there first" in said


def test_a_list_that_is_open_at_the_end_gets_a_copy_with_the_results(folder: Folder, listed: Path) -> None:
    step = "Evaluate    open('~$payments of may.xlsx', 'wb').write(b'')"
    before = listed.read_bytes()
    code, said = folder.run(step, NAMED, SUITE)
    assert code == 0, said
    assert "somebody has it open" in said
    assert "this run wrote payments of may (2).xlsx" in " ".join(said.split())
    assert listed.read_bytes() == before
    assert rows(listed.with_name("payments of may (2).xlsx"))[1][4] == "auto"


def test_a_row_whose_facts_changed_during_the_run_is_left_alone(folder: Folder, listed: Path) -> None:
    step = "Evaluate    __import__('changing').change()"
    (folder.path / "changing.py").write_text(
        "from openpyxl import load_workbook\n"
        "def change():\n"
        f"    book = load_workbook({str(listed)!r})\n"
        "    book.active['C4'] = 1\n"
        "    book.active['E4'] = 'mine'\n"
        f"    book.save({str(listed)!r})\n"
    )
    folder.environment["PYTHONPATH"] += f":{folder.path}"
    code, said = folder.run(step, NAMED, SUITE)
    assert code == 0, said
    told = " ".join(said.split())
    assert "1 row left alone, as facts in them were changed since they were read: P-3" in told
    assert [row[4] for row in rows(listed)] == ["Route", "auto", "exception", "mine"]


OWN_LOOP = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks

*** Variables ***
${{PIN: secret}}    %{{HOME}}

*** Tasks ***
Pay
    {settings}
    {step}
"""


def test_cells_of_one_case_are_in_the_file_when_the_keyword_returns(folder: Folder, listed: Path) -> None:
    step = (
        "Set Case Cells    P-2    in_file=payments of may.xlsx    Confirmation=007    Paid=${True}"
        "    On=${{datetime.date(2026, 5, 4)}}\n"
        "    Read Cases    payments of may.xlsx\n"
        "    Set Case Cells    ${{dict(id='P-1')}}    confirmation=${12.5}"
    )
    code, said = folder.run(suite=OWN_LOOP.replace("{step}", step.replace("{", "{{").replace("}", "}}")))
    assert code == 0, said
    head, first, second, _ = rows(listed)
    assert head[5:] == ("Confirmation", "Paid", "On")
    assert first[5:] == (12.5, None, None)
    assert (second[5], second[6], second[7].isoformat()) == ("007", True, "2026-05-04T00:00:00")
    assert [path.name for path in folder.path.iterdir() if ".~referee" in path.name] == []


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("Set Case Cells    P-9    State=x", "there is no row for the case 'P-9'"),
        ("Set Case Cells    P-1    State=${PIN}", "a secret is not written into a workbook"),
        ("Set Case Cells    P-1", "needs at least one cell, such as `Status=posted`"),
        ("Set Case Cells    P-1    country=FR", "the cases are decided by the column `country`"),
    ],
)
def test_cells_that_can_not_be_written_fail(folder: Folder, listed: Path, step: str, fault: str) -> None:
    before = rows(listed)
    code, said = folder.run(step, "Read Cases    payments of may.xlsx", OWN_LOOP)
    assert code != 0
    assert fault in " ".join(said.split())
    assert [row[:4] for row in rows(listed)] == [row[:4] for row in before]


def test_bots_that_write_the_same_list_at_once_lose_nothing(folder: Folder, listed: Path) -> None:
    write_list(listed, [[f"P-{number}", "DE", 5] for number in range(15)])
    started: list[subprocess.Popen[str]] = []
    for bot in ("a", "b"):
        (folder.path / bot).mkdir()
        suite = OWN_LOOP.format(
            settings="FOR    ${n}    IN RANGE    15",
            step=f"    Set Case Cells    P-${{n}}    in_file=payments of may.xlsx    {bot}=${{n}}\n    END",
        )
        (folder.path / bot / "bot.robot").write_text(suite)
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "robot", "--rpa", "--outputdir", bot, f"{bot}/bot.robot"],
                cwd=folder.path,
                env=folder.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in started:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    head, *lines = rows(listed)
    a, b = head.index("a"), head.index("b")
    assert [(row[a], row[b]) for row in lines] == [(number, number) for number in range(15)]


QUEUED = """\
*** Settings ***
Library    RefereeLibrary    payments.xlsx    audit=audit    playbooks=playbooks

*** Tasks ***
Pay
    Add Work Items    payments of may.xlsx    file=queue.sqlite
    Write Results Back    payments of may.xlsx    status=State    result=Receipt
    On Action    pay    Pay One
    On Action    send query    Log
    On Action    read reply    Log
    Process Work Items    file=queue.sqlite    {step}

*** Keywords ***
Pay One
    [Arguments]    ${{case}}
    RETURN    paid ${{case}}[id]
"""


def test_results_of_a_queue_stand_in_the_list_as_far_as_they_are_known(folder: Folder, listed: Path) -> None:
    code, said = folder.run("at_most=1", suite=QUEUED)
    assert code == 0, said
    head, *lines = rows(listed)
    assert head[5:] == ("State", "Receipt")
    assert [row[5:] for row in lines] == [("done", "paid P-1"), (None, None), (None, None)]
    code, said = folder.run("wait=0s", suite=QUEUED)
    assert code == 0, said
    assert [row[5] for row in rows(listed)[1:]] == ["done", "exception open", "handed over"]


def test_what_one_task_asks_for_is_not_asked_by_the_next(folder: Folder, listed: Path) -> None:
    suite = SUITE.replace(
        "*** Keywords ***",
        "Pay Others\n    Read Cases    cases.csv\n    Process Cases\n\n*** Keywords ***",
    )
    code, said = folder.run(settings="Write Results Back", suite=suite)
    assert code == 0, said
    assert rows(listed)[1][6] == "done"

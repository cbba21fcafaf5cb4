"""`referee audit find`, `export` and `tail`: records by what they say, and decisions for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, finding
from referee.domain import Case, Route
from referee.workbook import read_cases
from referee.workitems import Status
from tests.unit.cli.conftest import Command
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD


@pytest.fixture(autouse=True)
def office(desk: Path) -> Office:
    """After a run: P-1 paid, P-2 handed over, P-3 in its playbook."""
    office = Office(desk)
    facts: dict[str, dict[str, Any]] = {"P-1": {}, "P-2": {"amount": 9000}, "P-3": {"country": "CH"}}
    office.run().process([Case(name, {**GOOD, "payment": name, **extra}) for name, extra in facts.items()])
    return office


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        ([], ["P-1", "P-2", "P-3"]),
        (["--route", "human"], ["P-2"]),
        (["--action", "pay"], ["P-1"]),
        (["--queue", "managers"], ["P-2"]),
        (["--reason", "LIMIT"], ["P-1", "P-2"]),
        (["--rule", "routing:3"], ["P-3"]),
        (["--rule", "routing!a5"], ["P-2"]),
        (["--rule", "A5"], ["P-2"]),
        (["--rule", "routing"], ["P-1", "P-2", "P-3"]),
        (["--rule", "elsewhere!A5"], []),
        (["--workbook-version", "1"], ["P-1", "P-2", "P-3"]),
        (["--workbook-version", "2"], []),
        (["--model", "nobody"], []),
        (["--status", "handed over"], ["P-2"]),
        (["--bot", "test bot"], ["P-1", "P-2", "P-3"]),
        (["--bot", "another"], []),
        (["--from", "2026-03-16", "--to", "2026-03-16"], ["P-1", "P-2", "P-3"]),
        (["--from", "2026-03", "--to", "2026-03"], ["P-1", "P-2", "P-3"]),
        (["--to", "2026-02"], []),
        (["--from", "2026-03-16T09:00"], []),
        (["--to", "2026-03-16T09:00+01:00"], []),
        (["--fact", "amount=1200.00", "--fact", "country=CH"], ["P-3"]),
        (["--fact", "account="], ["P-1", "P-2", "P-3"]),
        (["--case", "P-2"], ["P-2"]),
        (["--decision", "refunds"], []),
        (["--limit", "2"], ["P-2", "P-3"]),
        (["--kind", "action"], ["P-1", "P-1"]),
        (["--kind", "handoff", "--queue", "managers"], ["P-2"]),
    ],
)
def test_records_are_found_by_what_they_say(referee: Command, options: list[str], cases: list[str]) -> None:
    found = referee("audit", "find", *options, "--json", "--audit", "audit")
    assert [record["payload"]["case"] for record in found.json] == cases
    assert found.code == (0 if cases else 1)
    if "--limit" not in options:
        counted = referee("audit", "find", *options, "--count", "--audit", "audit")
        assert (counted.code, counted.out) == (found.code, f"{len(cases)}\n")


def test_what_was_found_is_shown_as_a_table_or_as_csv(
    referee: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    said = referee("audit", "find", "--route", "human", "--audit", "audit")
    assert "payments 1 decided: human, managers" in said.out and "over the limit" in said.out
    rows = list(csv.reader(io.StringIO(referee("audit", "find", "--csv", "--audit", "audit").out)))
    assert rows[1] == [
        *("1", "2026-03-16 08:00:00", "decision", "P-1", "payments"),
        *("payments 1 decided: auto, pay", "within the limit", socket.gethostname(), ""),
    ]
    said = referee("audit", "find", "--limit", "1", "--audit", "audit")
    assert said.err == "these are the newest 1; --limit 0 shows all, --count counts them\n"
    assert referee("audit", "find", "--case", "none", "--audit", "audit").out == "no record says that\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--from", "yesterday"],
            "'yesterday' is no time; write 2026-11, 2026-11-21 or 2026-11-21T14:30 (UTC)",
        ),
        (["--fact", "amount"], "'amount' names no fact and value; write amount=1200"),
        (["--route", "humna"], "'humna' is no route; did you mean human? there are auto, exception, human"),
        (["--status", "fnord"], "'fnord' is no status; there are decided, acting, done, failed, in doubt,"),
        (["--limit", "-1"], "-1 is not in the range x>=0"),
        (["--audit", "folder"], "there is no audit log in folder; name its folder with --audit"),
    ],
)
def test_what_can_not_be_asked_is_one_sentence(referee: Command, options: list[str], complaint: str) -> None:
    assert complaint in referee("audit", "find", *options).complaint


def test_routes_and_statuses_that_can_be_asked_for_are_those_there_are() -> None:
    assert tuple(Route) == finding.ROUTES
    assert tuple(Status) == finding.STATUSES


def test_what_looks_like_a_rule_and_is_none_is_told_where_nothing_is_found(referee: Command) -> None:
    for rule in ("routing:abc", "routing!5"):
        said = referee("audit", "find", "--rule", rule, "--count", "--audit", "audit")
        assert (said.code, said.out) == (1, "0\n")
        assert said.err == (
            f"{rule} was taken for the name of a table; a rule is written Limits:7, a cell Limits!A19\n"
        )
    assert referee("audit", "find", "--rule", "routing:3", "--count", "--audit", "audit").err == ""


def test_an_index_whose_rows_were_changed_hides_nothing(referee: Command, desk: Path) -> None:
    for change in ("cases SET name = 'XX'", "records SET route = NULL", "words SET text = 'XX'"):
        referee("audit", "find", "--audit", "audit")
        [path] = (desk / "audit").glob("*.index")
        index = sqlite3.connect(path)
        index.execute(f"UPDATE {change} {'WHERE id = 1' if 'words' in change else ''}")
        index.commit()
        index.close()
        whole = referee("audit", "find", "--route", "human", "--count", "--whole", "--audit", "audit")
        assert (whole.code, whole.out, whole.err) == (0, "1\n", "")
        said = referee("audit", "find", "--route", "human", "--count", "--audit", "audit")
        assert (said.code, said.out) == (0, "1\n")
        assert "is made anew" in said.err
        assert referee("audit", "show", "P-1", "--audit", "audit").code == 0


def test_a_damaged_index_is_made_anew_and_told(referee: Command, desk: Path) -> None:
    referee("audit", "find", "--audit", "audit")
    [path] = (desk / "audit").glob("*.index")
    path.write_bytes(b"damaged" * 1000)
    said = referee("audit", "find", "--count", "--audit", "audit")
    assert (said.code, said.out) == (0, "3\n")
    assert "was not that of this log or damaged" in said.err and "is made anew" in said.err


# --- exporting


def test_csv_holds_a_row_for_each_decision_and_no_formula(
    referee: Command, desk: Path, office: Office
) -> None:
    bad: dict[str, Any] = {
        "payment": '=cmd|"/C calc"!A1',
        "country": "@SUM(1)",
        "amount": "1234.50",
        "days open": -3,
    }
    office.run().process([Case('=cmd|"/C calc"!A1', {**GOOD, **bad})])
    (desk / "new folder").mkdir()
    said = referee("audit", "export", "new folder/all.csv", "--audit", "audit")
    assert (said.code, said.out) == (0, f"{Path('new folder/all.csv')}: 4 decisions\n")
    with (desk / "new folder" / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["route"], row["status"]) for row in rows[:3]] == [
        ("P-1", "auto", "done"),
        ("P-2", "human", "handed over"),
        ("P-3", "exception", "exception open"),
    ]
    assert rows[0]["rules"] == "routing, rule 1 (payments.xlsx, sheet routing, cell A4)"
    assert (rows[0]["result"], rows[1]["handed over to"], rows[0]["bot"]) == (
        "receipt 1",
        "managers",
        "test bot",
    )
    assert rows[3]["case"] == "'" + bad["payment"]
    assert rows[3]["facts.country"] == "'@SUM(1)"
    assert rows[3]["facts.amount"] == "1234.50"
    assert rows[3]["facts.days open"] == "-3"


def test_excel_holds_the_same(referee: Command, desk: Path) -> None:
    said = referee("audit", "export", "some.xlsx", "--route", "human", "--json", "--audit", "audit")
    assert said.json == {"path": "some.xlsx", "decisions": 1}
    [case] = read_cases(desk / "some.xlsx", id_column="case")
    assert (case.id, case.facts["facts.amount"], case.facts["status"]) == ("P-2", 9000, "handed over")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("some.txt", "some.txt: name a file that ends in .csv, .xlsx or .parquet"),
        ("none/some.csv", "there is no folder none; make it, or name another file"),
        ("notes.txt/some.csv", "notes.txt/some.csv: the file can't be written"),
        ("notes.txt/some.xlsx", "notes.txt/some.xlsx: the file can't be written"),
    ],
)
def test_a_file_that_can_not_be_is_one_sentence(referee: Command, path: str, complaint: str) -> None:
    assert complaint in referee("audit", "export", str(Path(path)), "--audit", "audit").complaint


def test_an_export_makes_no_folders(referee: Command, desk: Path) -> None:
    assert referee("audit", "export", "none/some.csv", "--audit", "audit").code == 2
    assert not (desk / "none").exists()


def test_without_polars_there_is_no_parquet(referee: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    said = referee("audit", "export", "some.parquet", "--audit", "audit")
    assert "polars isn't installed here" in said.complaint and "pip install polars" in said.complaint


# --- the newest


def test_the_newest_records_are_a_line_each(referee: Command) -> None:
    said = referee("audit", "tail", "-n", "2", "--audit", "audit")
    assert said.out.splitlines() == [
        "8  2026-03-16 08:00:00  P-3: playbook ask supplier: step, now waiting; step send query done",
        "9  2026-03-16 08:00:00  run of test bot finished",
    ]
    assert len(referee("audit", "tail", "-n", "99", "--audit", "audit").out.splitlines()) == 10
    assert referee("audit", "tail", "-n", "0", "--audit", "audit").out == ""
    assert "there is no audit log in folder" in referee("audit", "tail", "--audit", "folder").complaint


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C can't be sent to one process there")
def test_following_goes_on_with_what_is_appended(desk: Path) -> None:
    library = Path(__file__).parents[3] / "library"
    # Tests that run in the background of a shell ignore Ctrl-C, and so would what they start.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from referee.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "audit", "tail", "-f", "-n", "1"]
    following = subprocess.Popen(
        [*command, "--json", "--audit", "audit"],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": str(library), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert following.stdout is not None and following.stderr is not None
    assert json.loads(following.stdout.readline())["position"] == 9
    AuditLog(desk / "audit").append("answer", {"case": "P-2", "decision": "payments", "answer": "approve"})
    assert json.loads(following.stdout.readline())["payload"]["answer"] == "approve"
    following.send_signal(signal.SIGINT)
    assert (following.wait(30), following.stderr.read()) == (130, b"\nreferee: stopped\n")

"""`referee worklist`: cases out to Excel, answers back, each audited and kept, and no case asked twice."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from referee.audit import AuditLog, verify
from referee.domain import Case
from tests.unit.cli.conftest import Command
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD

CASES = [
    Case("P-1", {**GOOD, "payment": "P-1"}),
    Case("P-2", {**GOOD, "payment": "P-2", "amount": 9000}),
    Case("P-4", {**GOOD, "payment": "P-4", "amount": None}),
]
AUDIT = ("--audit", "audit")


@pytest.fixture
def office(desk: Path) -> Office:
    """After a run that handed two cases over: P-2 to the managers, P-4 to the clerks."""
    office = Office(desk)
    office.run().process(CASES)
    return office


def answer(path: Path, answers: dict[str, tuple[str, str, str]]) -> None:
    """Fill in the sheet as a person would: find the row by case, write answer, name and note."""
    book = openpyxl.load_workbook(path)
    sheet = book["Worklist"]
    header = next(row for row in sheet.iter_rows() if "answer" in [cell.value for cell in row])
    names = [cell.value for cell in header]
    for row in sheet.iter_rows():
        found = answers.get(str(row[names.index("case")].value))
        for name, text in zip(("answer", "answered by", "note"), found or (), strict=False):
            row[names.index(name)].value = text
    book.save(path)


@pytest.mark.usefixtures("office")
def test_the_list_tells_who_waits_where_and_why(referee: Command) -> None:
    said = referee("worklist", "list", *AUDIT)
    assert (said.code, said.err) == (0, "")
    for text in ("2 cases wait", "P-2", "managers", "over the limit", "P-4", "clerks"):
        assert text in said.out
    assert "P-1" not in said.out


@pytest.mark.usefixtures("office")
def test_the_list_as_json_and_of_one_queue(referee: Command) -> None:
    found = referee("worklist", "list", *AUDIT, "--json").json
    assert [(task["case"], task["decision"], task["queue"]) for task in found] == [
        ("P-2", "payments", "managers"),
        ("P-4", "payments", "clerks"),
    ]
    assert found[0]["reasons"] == ["over the limit"]
    assert [t["case"] for t in referee("worklist", "list", *AUDIT, "--queue", "clerks", "--json").json] == [
        "P-4"
    ]
    assert referee("worklist", "list", *AUDIT, "--queue", "nobody", "--json").json == []


def test_answers_go_round_once(referee: Command, office: Office, desk: Path) -> None:
    assert referee("worklist", "export", "wl.xlsx", *AUDIT, "--json").json == {
        "exported": 2,
        "path": "wl.xlsx",
    }
    answer(desk / "wl.xlsx", {"P-2": ("approve", "Ada", "as agreed by phone")})
    first = referee("worklist", "import", "wl.xlsx", *AUDIT, "--examples", "examples", "--json")
    assert (first.code, first.json) == (0, {"recorded": 1, "unchanged": 0, "unanswered": 1, "examples": 1})

    answers = [record.payload for record in AuditLog(desk / "audit").records() if record.kind == "answer"]
    assert [(a["case"], a["answer"], a["by"], a["note"]) for a in answers] == [
        ("P-2", "approve", "Ada", "as agreed by phone")
    ]
    assert verify(desk / "audit").intact
    (example,) = [
        json.loads(line) for line in (desk / "examples" / "payments.jsonl").read_text().splitlines()
    ]
    assert (example["case"], example["answer"], example["by"]) == ("P-2", "approve", "Ada")
    given = {name: value for name, value in example["facts"].items() if value is not None}
    assert given == {"payment": "P-2", "country": "DE", "amount": 9000}

    second = referee("worklist", "import", "wl.xlsx", *AUDIT, "--examples", "examples", "--json")
    assert second.json == {"recorded": 0, "unchanged": 1, "unanswered": 1, "examples": 0}
    assert [task["case"] for task in referee("worklist", "list", *AUDIT, "--json").json] == ["P-4"]
    office.run().process(CASES)
    assert [task["case"] for task in referee("worklist", "list", *AUDIT, "--json").json] == ["P-4"]
    assert office.paid == ["P-1"]


@pytest.mark.usefixtures("office")
def test_imported_answers_are_backed_by_a_checkpoint_or_it_is_said(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert referee("audit", "key", "new", "bots").code == 0
    (desk / "second").mkdir()
    monkeypatch.setenv("REFEREE_CHECKPOINTS", "second")
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", "bots.key")
    referee("worklist", "export", "wl.xlsx", *AUDIT)
    answer(desk / "wl.xlsx", {"P-2": ("approve", "Ada", "")})
    assert referee("worklist", "import", "wl.xlsx", *AUDIT).err == ""
    (path,) = (desk / "second").iterdir()
    newest = json.loads(path.read_text("utf-8").splitlines()[-1])
    assert newest["records"] == len(list(AuditLog(desk / "audit").records()))
    monkeypatch.setenv("REFEREE_CHECKPOINTS", "nowhere")
    answer(desk / "wl.xlsx", {"P-4": ("approve", "Ada", "")})
    said = referee("worklist", "import", "wl.xlsx", *AUDIT)
    assert said.code == 2
    assert "can't be held against its checkpoints: nowhere isn't there" in said.err
    assert len(list(AuditLog(desk / "audit").records())) == newest["records"]
    monkeypatch.setenv("REFEREE_CHECKPOINTS_MAY_BE_AWAY", "yes")
    said = referee("worklist", "import", "wl.xlsx", *AUDIT)
    assert said.code == 0
    assert "there is no checkpoint of the audit log" in said.err


@pytest.mark.usefixtures("office")
def test_people_are_told_what_to_do_next(referee: Command, desk: Path) -> None:
    assert (
        "2 cases in wl.xlsx; choose an answer in each row"
        in referee("worklist", "export", "wl.xlsx", *AUDIT).out
    )
    answer(desk / "wl.xlsx", {"P-2": ("reject", "Ada", "")})
    said = referee("worklist", "import", "wl.xlsx", *AUDIT)
    assert said.out.splitlines() == [
        "1 answers recorded, 0 were known, 1 rows without answer",
        f"1 labelled examples added in {Path('output/examples')}",
    ]


@pytest.mark.usefixtures("office")
def test_export_of_one_queue(referee: Command, desk: Path) -> None:
    assert referee("worklist", "export", "wl.xlsx", *AUDIT, "--queue", "clerks").code == 0
    values = {
        cell.value for row in openpyxl.load_workbook(desk / "wl.xlsx")["Worklist"].iter_rows() for cell in row
    }
    assert "P-4" in values and "P-2" not in values


@pytest.mark.usefixtures("office")
def test_answers_that_nobody_imported_yet_survive_an_export(referee: Command, desk: Path) -> None:
    referee("worklist", "export", "wl.xlsx", *AUDIT)
    answer(desk / "wl.xlsx", {"P-2": ("approve", "Ada", "")})
    referee("worklist", "export", "wl.xlsx", *AUDIT)
    assert referee("worklist", "import", "wl.xlsx", *AUDIT, "--json").json["recorded"] == 1


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("perhaps", "Ada", ""), "`perhaps` isn't an answer; choose"),
        (("approve", "", ""), "the name of the person who answered is missing"),
    ],
)
def test_an_answer_that_cannot_be_used_names_its_cell_and_nothing_is_imported(
    referee: Command, desk: Path, given: tuple[str, str, str], complaint: str
) -> None:
    referee("worklist", "export", "wl.xlsx", *AUDIT)
    answer(desk / "wl.xlsx", {"P-2": given, "P-4": ("approve", "Ada", "")})
    said = referee("worklist", "import", "wl.xlsx", *AUDIT)
    assert (said.code, said.out) == (2, "")
    assert "nothing was imported" in said.err and complaint in said.err
    assert "wl.xlsx, sheet Worklist, cell" in said.err
    assert "answer" not in {record.kind for record in AuditLog(desk / "audit").records()}


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("none.xlsx", "none.xlsx: there is no such file"),
        ("folder", "folder: this is a folder, not a file"),
        ("notes.txt", "notes.txt: the file is not an Excel workbook"),
        ("cases.csv", "cases.csv: the file is not an Excel workbook"),
        ("payments.xlsx", "payments.xlsx: "),
    ],
)
def test_a_file_that_is_no_worklist_gets_one_sentence(referee: Command, name: str, complaint: str) -> None:
    assert referee("worklist", "import", name, *AUDIT).complaint.startswith(complaint)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("path", ["notes.txt/wl.xlsx", "folder", "payments.xlsx", "notes.txt"])
def test_a_worklist_that_cannot_be_written_gets_one_sentence_and_replaces_nothing(
    referee: Command, desk: Path, path: str
) -> None:
    before = {file: file.read_bytes() for file in desk.iterdir() if file.is_file()}
    assert referee("worklist", "export", path, *AUDIT).complaint.startswith(path)
    assert {file: file.read_bytes() for file in desk.iterdir() if file.is_file()} == before


@pytest.mark.parametrize("folder", ["none", "notes.txt", "folder"])
@pytest.mark.parametrize(
    "command", [("list",), ("export", "wl.xlsx"), ("import", "payments.xlsx")], ids=" ".join
)
def test_without_an_audit_log_there_is_no_worklist_and_none_is_made(
    referee: Command, desk: Path, command: tuple[str, ...], folder: str
) -> None:
    before = sorted(desk.rglob("*"))
    said = referee("worklist", *command, "--audit", folder)
    assert said.complaint == f"there is no audit log in {folder}; name its folder with --audit"
    assert sorted(desk.rglob("*")) == before

"""`referee decide`: a whole sheet decided, results beside the inputs, and one sentence for what can't be used."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.audit import AuditLog, verify
from tests.unit.cli.conftest import CASES, Command

DECIDE = ("decide", "payments.xlsx", "--cases")


def rows_of(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def workbook(path: Path, rows: list[list[Any]], title: str = "Cases") -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    book.save(path)


def test_a_sheet_is_decided_and_told_in_short(referee: Command) -> None:
    said = referee(*DECIDE, "cases.csv")
    assert (said.code, said.err) == (0, "")
    first, routes, *reasons = said.out.splitlines()
    assert first.startswith("payments 1: 4 cases in ")
    assert routes.split() == ["routes", "1", "auto,", "1", "exception,", "2", "human"]
    assert any("amount" in reason for reason in reasons)


def test_what_the_summary_leaves_out_is_counted(referee: Command, desk: Path) -> None:
    bad = "".join(f"P-{number},X{number},5\n" for number in range(11))
    (desk / "cases.csv").write_text(f"payment,country,amount\n{bad}")
    *_, last = referee(*DECIDE, "cases.csv").out.splitlines()
    assert last == "           … and 3 more reasons; --out and --json have them all"
    (desk / "cases.csv").write_text("payment,country,amount\nP-1,DE,5\n")
    assert referee(*DECIDE, "cases.csv").out.startswith("payments 1: 1 case in ")


def test_sensitive_facts_are_hidden_in_the_results_as_in_those_of_bots(referee: Command, desk: Path) -> None:
    (desk / "cases.csv").write_text("payment,country,amount,account\nP-1,DE,5,DE02-1203\nP-2,DE,5,\n")
    assert referee(*DECIDE, "cases.csv", "--out", "decided.xlsx").code == 0
    header, *rows = rows_of(desk / "decided.xlsx", "Results")
    assert [row[header.index("account")] for row in rows] == ["(sensitive)", None]


def test_json_holds_every_decision(referee: Command) -> None:
    said = referee(*DECIDE, "cases.csv", "--json")
    assert (said.code, said.err) == (0, "")
    found = said.json
    assert (found["decision"], found["cases"], found["results"]) == ("payments", 4, None)
    assert found["routes"] == {"auto": 1, "exception": 1, "human": 2}
    assert [(d["case"], d["route"], d["action"], d["queue"]) for d in found["decisions"]] == [
        ("P-1", "auto", "pay", ""),
        ("P-2", "human", "", "managers"),
        ("P-3", "exception", "ask supplier", ""),
        ("P-4", "human", "", "clerks"),
    ]


def test_the_result_workbook_shows_results_beside_the_inputs(referee: Command, desk: Path) -> None:
    assert referee(*DECIDE, "cases.csv", "--out", "decided.xlsx").code == 0
    header, *rows = rows_of(desk / "decided.xlsx", "Results")
    assert header[:8] == ("payment", "country", "amount", "route", "action", "queue", "reasons", "rules")
    assert [row[:6] for row in rows] == [
        ("P-1", "DE", 1200, "auto", "pay", None),
        ("P-2", "FR", 9000, "human", None, "managers"),
        ("P-3", "CH", 10, "exception", "ask supplier", None),
        ("P-4", "DE", None, "human", None, "clerks"),
    ]
    assert [row[6] for row in rows[:3]] == ["within the limit", "over the limit", "foreign"]
    assert "`amount`" in rows[3][6]
    assert "routing" in rows[0][7] and "1" in rows[0][7]


def test_the_result_workbook_is_coloured_by_route_and_can_be_filtered(referee: Command, desk: Path) -> None:
    assert referee(*DECIDE, "cases.csv", "--out", "decided.xlsx").code == 0
    sheet = openpyxl.load_workbook(desk / "decided.xlsx")["Results"]
    colours = {sheet.cell(row, 4).value: sheet.cell(row, 4).fill.fgColor.rgb for row in range(2, 6)}
    assert len(colours) == 3 and len(set(colours.values())) == 3
    assert sheet.cell(2, 1).fill.fill_type is None
    assert sheet.freeze_panes == "B2"  # header and case id stay in sight
    assert sheet.auto_filter.ref == sheet.dimensions


def test_the_summary_sheet_counts_routes(referee: Command, desk: Path) -> None:
    assert referee(*DECIDE, "cases.csv", "--out", "decided.xlsx").code == 0
    cells = {row[0]: row[1] for row in rows_of(desk / "decided.xlsx", "Summary") if row[0]}
    assert (cells["auto"], cells["exception"], cells["human"]) == (1, 1, 2)


def test_cases_from_an_excel_sheet_by_name(referee: Command, desk: Path) -> None:
    workbook(desk / "march.xlsx", [["payment", "country", "amount"], ["P-9", "DE", 5]], "March")
    assert referee(*DECIDE, "march.xlsx", "--sheet", "March", "--json").json["routes"] == {"auto": 1}
    assert "there is no sheet `April`" in referee(*DECIDE, "march.xlsx", "--sheet", "April").complaint


def test_a_formula_in_a_case_stays_text_in_the_results(referee: Command, desk: Path) -> None:
    (desk / "cases.csv").write_text('payment,country,amount\n"=1+1",DE,5\n')
    assert referee(*DECIDE, "cases.csv", "--out", "decided.xlsx").code == 0
    cell = openpyxl.load_workbook(desk / "decided.xlsx")["Results"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_decisions_are_written_to_the_audit_log_once(referee: Command, desk: Path) -> None:
    for _ in range(2):
        assert referee(*DECIDE, "cases.csv", "--audit", "audit").code == 0
    assert [record.kind for record in AuditLog(desk / "audit").records()] == ["decision"] * 4
    assert verify(desk / "audit").intact


def test_nothing_is_written_without_being_asked_for(referee: Command, desk: Path) -> None:
    before = sorted(desk.rglob("*"))
    assert referee(*DECIDE, "cases.csv").code == 0
    assert sorted(desk.rglob("*")) == before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no such file"),
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("payment,country,amount\n", "there is a header row but no case below it"),
        ("payment,country,amount\n\n,,\n", "there is a header row but no case below it"),
        ("1,2,3\n4,5,6\n", "there is no column `payment`"),
        ("invoice,country\nP-1,DE\n", "there is no column `payment`"),
        (
            "payment,country,amount\nP-1,DE,1\nP-2,DE,1\nP-1,DE,1\n",
            "the case `P-1` is there twice, in line 2 and line 4",
        ),
        ("payment,country,amount\n ,DE,1\n", "line 2: the case id in `payment` is blank"),
        ("payment;country;amount\nP-1;DE;1\n", "the columns are separated by semicolons"),
        ("payment,country,amount\nP-1,DE,1,2\n", "line 2: the row has 4 fields, the header has 3"),
        ('payment,country,amount\nP-1,"DE,1\n', "the line is not CSV"),
        ("payment,country,country\nP-1,DE,FR\n", "are both named `country`"),
    ],
)
def test_a_case_list_that_cannot_be_used_gets_one_sentence(
    referee: Command, desk: Path, content: str | None, complaint: str
) -> None:
    (desk / "cases.csv").unlink()
    if content is not None:
        (desk / "cases.csv").write_text(content)
    said = referee(*DECIDE, "cases.csv", "--out", "decided.xlsx", "--audit", "audit")
    assert complaint in said.complaint
    assert said.complaint.startswith("cases.csv")
    assert not (desk / "decided.xlsx").exists()
    if (desk / "audit").exists():
        assert list(AuditLog(desk / "audit").records()) == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp037"])
def test_csv_in_another_encoding_gets_one_sentence(referee: Command, desk: Path, encoding: str) -> None:
    (desk / "cases.csv").write_bytes("payment,country,amount\nMüller,DE,1\n".encode(encoding))
    assert "the file is not UTF-8 text; save it as CSV UTF-8" in referee(*DECIDE, "cases.csv").complaint


def test_csv_with_a_byte_order_mark_is_read(referee: Command, desk: Path) -> None:
    (desk / "cases.csv").write_bytes(b"\xef\xbb\xbf" + CASES.encode())
    assert referee(*DECIDE, "cases.csv").code == 0


def test_a_folder_is_not_a_case_list(referee: Command) -> None:
    assert "folder: this is a folder, not a file" in referee(*DECIDE, "folder").complaint


def test_a_text_file_is_not_a_case_list(referee: Command) -> None:
    assert "cases are read from .xlsx, .xlsm and .csv files" in referee(*DECIDE, "notes.txt").complaint


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "sheet Cases: the file holds no rows"),
        ([["payment", "country", "amount"]], "there is a header row but no case below it"),
        ([["payment", "country", "amount"], ["P-1", "DE", 5], ["P-1", "FR", 5]], "twice, in row 2 and row 3"),
        ([["payment", "country", "amount"], [None, "DE", 5]], "row 2: the case id in `payment` is blank"),
        ([[1, 2], [3, 4]], "there is no column `payment`"),
    ],
)
def test_an_excel_case_list_that_cannot_be_used_gets_one_sentence(
    referee: Command, desk: Path, rows: list[list[Any]], complaint: str
) -> None:
    workbook(desk / "march.xlsx", rows)
    assert complaint in referee(*DECIDE, "march.xlsx").complaint


def damaged(kind: str, path: Path) -> None:
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("payment,country,amount\n")
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("readme.txt", "hello")
        case "cut":
            write = path.with_name("whole.xlsx")
            workbook(write, [["payment"], ["P-1"]])
            path.write_bytes(write.read_bytes()[:1500])
        case "old":
            path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)


@pytest.mark.parametrize("kind", ["empty", "text", "zip", "cut", "old"])
def test_what_is_no_workbook_gets_one_sentence_as_case_list_and_as_rules(
    referee: Command, desk: Path, kind: str
) -> None:
    damaged(kind, desk / "march.xlsx")
    assert referee(*DECIDE, "march.xlsx").complaint.startswith("march.xlsx: ")
    assert referee("decide", "march.xlsx", "--cases", "cases.csv").complaint.startswith("march.xlsx: ")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("none.xlsx", "none.xlsx: there is no such file"),
        ("folder", "folder: this is a folder"),
        ("notes.txt", "notes.txt: "),
    ],
)
def test_rules_that_are_no_workbook_get_one_sentence(referee: Command, name: str, complaint: str) -> None:
    assert complaint in referee("decide", name, "--cases", "cases.csv").complaint


def test_faulty_rules_are_refused_with_every_cell(referee: Command, desk: Path) -> None:
    book = openpyxl.load_workbook(desk / "payments.xlsx")
    sheet = book["routing"]
    cells = {cell.value: cell for row in sheet.iter_rows() for cell in row}
    cells["<= 5000"].value, cells["> 5000"].value = "<<= 5000", ">>= 5000"
    book.save(desk / "payments.xlsx")
    said = referee(*DECIDE, "cases.csv", "--out", "decided.xlsx")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("referee: payments.xlsx can't be used, 2 faults:\n")
    for typo in ("<<= 5000", ">>= 5000"):
        assert (
            f"sheet routing, cell {cells[{'<<= 5000': '<= 5000', '>>= 5000': '> 5000'}[typo]].coordinate}"
            in said.err
        )
        assert typo in said.err
    assert not (desk / "decided.xlsx").exists()


@pytest.mark.parametrize("out", ["notes.txt/decided.xlsx", "folder.xlsx"])
def test_results_that_cannot_be_written_get_one_sentence(referee: Command, desk: Path, out: str) -> None:
    (desk / "folder.xlsx").mkdir()
    assert referee(*DECIDE, "cases.csv", "--out", out).complaint.startswith(
        f"{out}: the file can't be written"
    )
    assert list(desk.glob(".*.tmp")) == []


def test_results_never_replace_what_was_read(referee: Command, desk: Path) -> None:
    workbook(desk / "march.xlsx", [["payment", "country", "amount"], ["P-9", "DE", 5]])
    for name in ("march.xlsx", "./march.xlsx", "payments.xlsx", str(desk / "march.xlsx")):
        before = Path(name).read_bytes()
        assert (
            "give the results a name of their own" in referee(*DECIDE, "march.xlsx", "--out", name).complaint
        )
        assert Path(name).read_bytes() == before


def test_results_are_written_as_a_workbook_only(referee: Command) -> None:
    assert "end the name with .xlsx" in referee(*DECIDE, "cases.csv", "--out", "decided.csv").complaint


def test_an_audit_folder_that_is_a_file_gets_one_sentence(referee: Command, desk: Path) -> None:
    said = referee(*DECIDE, "cases.csv", "--audit", "notes.txt", "--out", "decided.xlsx")
    assert "notes.txt" in said.complaint and "can't be opened for writing" in said.complaint
    assert not (desk / "decided.xlsx").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("decide", "payments.xlsx"), "Missing option '--cases' (see `referee decide --help`)"),
        (("decide",), "Missing argument 'WORKBOOK' (see `referee decide --help`)"),
        ((*DECIDE, "cases.csv", "--bogus"), "No such option (see `referee decide --help`)"),
        (("bogus",), "No such command 'bogus' (see `referee --help`)"),
    ],
)
def test_a_command_line_that_cannot_be_used_gets_one_sentence(
    referee: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    start, _, end = complaint.partition(" (")
    found = referee(*arguments).complaint
    assert found.startswith(start) and found.endswith(f" ({end}")


def test_a_misspelt_heading_of_a_required_fact_stops_before_the_first_case(
    referee: Command, desk: Path
) -> None:
    """Every case of the list would go to people, and stay there when the heading is mended."""
    workbook(desk / "march.xlsx", [["March"], [], ["payment", "amuont", "country"], ["P-1", 5, "DE"]])
    said = referee(*DECIDE, "march.xlsx", "--audit", "audit")
    assert said.complaint == (
        "march.xlsx, sheet Cases, row 3: no column has the required fact `amount`; did you mean `amount`, which is "
        "called `amuont` here (cell B3)?; the headings are payment, amuont, country"
    )
    assert (desk / "audit" / "audit.jsonl").read_bytes() == b""
    workbook(desk / "march.xlsx", [["payment", "amount", "country"], ["P-1", 5, "DE"]])
    assert referee(*DECIDE, "march.xlsx", "--audit", "audit").code == 0


def test_a_heading_close_to_an_optional_fact_is_told_and_the_cases_decided(
    referee: Command, desk: Path
) -> None:
    (desk / "cases.csv").write_text("payment,amount,country,acount\nP-1,5,DE,DE02\n")
    said = referee(*DECIDE, "cases.csv")
    assert said.code == 0
    assert said.err == (
        "cases.csv, line 1: no column has the optional fact `account`; did you mean `account`, which is called "
        "`acount` here (column 4)?\n"
    )

"""Case lists are read whole or refused in one sentence that tells the real cause."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from referee.domain import InputError
from referee.workbook import UnreadableCell, read_case_list, read_cases


def excel(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "Cases") -> Path:
    workbook: Any = Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def test_excel_rows_become_cases_with_their_places(tmp_path: Path) -> None:
    path = excel(
        tmp_path / "c.xlsx",
        [
            ["Cases of March"],
            [],
            ["case", "amount", " paid\u00a0on ", "vip", None, "note"],
            ["A-1", 0.1, datetime.date(2024, 1, 31), True, None, "  x\u00a0"],
            [],
            [17, 1e6, datetime.datetime(2024, 1, 31, 8, 30), None, "stray", None],
        ],
    )
    cases = read_cases(path, "cases", "case")
    assert [case.id for case in cases] == ["A-1", "17"]
    assert [case.place for case in cases] == [f"{path}, sheet Cases, row 4", f"{path}, sheet Cases, row 6"]
    assert cases[0].facts == {
        "case": "A-1",
        "amount": Decimal("0.1"),
        "paid on": datetime.date(2024, 1, 31),
        "vip": True,
        "note": "x",
    }
    assert cases[1].facts["paid on"] == datetime.datetime(2024, 1, 31, 8, 30)
    assert cases[1].facts["note"] is None


def test_csv_columns_of_plain_numbers_are_numbers_and_others_text(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        '\ufeffid,amount,zip,mixed,small\n1,1234.50,01234,5,8.5e-4\n\n2,,98765," a, b ",1e-05\n',
        encoding="utf-8",
    )
    listed = read_case_list(path)
    assert (listed.columns, listed.id_column) == (("id", "amount", "zip", "mixed", "small"), "id")
    assert [case.id for case in listed.cases] == ["1", "2"]
    assert [case.place for case in listed.cases] == [f"{path}, line 2", f"{path}, line 4"]
    assert listed.cases[0].facts == {
        "id": Decimal(1),
        "amount": Decimal("1234.50"),
        "zip": "01234",
        "mixed": "5",
        "small": Decimal("0.00085"),
    }
    assert listed.cases[1].facts["amount"] is None
    assert listed.cases[1].facts["mixed"] == "a, b"


def test_cells_that_nobody_can_know_are_doubt_and_not_blank(tmp_path: Path) -> None:
    path = excel(tmp_path / "c.xlsx", [["case", "a", "b"], ["1", "=1+1", "#N/A"]])
    facts = read_cases(path)[0].facts
    assert facts["a"] == UnreadableCell(
        "is a formula whose value was never saved; open the file in Excel and save it"
    )
    assert facts["b"] == UnreadableCell("is the error #N/A")
    assert str(facts["b"]) == "(it is the error #N/A)"


def test_wrong_dimensions_of_a_sheet_do_not_hide_cells(tmp_path: Path) -> None:
    path = excel(tmp_path / "c.xlsx", [["case", "a"], ["1", 5], ["2", 6]])
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    sheet = entries["xl/worksheets/sheet1.xml"]
    entries["xl/worksheets/sheet1.xml"] = sheet.replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"')
    assert entries["xl/worksheets/sheet1.xml"] != sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert [case.facts["a"] for case in read_cases(path)] == [5, 6]


EXCEL_FAULTS: list[tuple[list[list[Any]], str, str]] = [
    ([], "", "the file holds no rows; the first row must name the columns"),
    ([["case", "amount"]], "", "there is a header row but no case below it"),
    ([[1, 5], [2, 6]], "", "row 1: this row should name the columns, but holds values"),
    (
        [["case", "amount"], ["1", 5]],
        "cas",
        "there is no column `cas` (did you mean `case`?); the first row has case, amount",
    ),
    ([["case", "amount", "amount"], ["1", 5, 5]], "", "the columns B and C are both named `amount`"),
    ([["case", "amount"], ["1", 5], [None, 6]], "case", "row 3: the case id in `case` is blank"),
    (
        [["case", "amount"], ["=A9", 5]],
        "case",
        "row 2: the case id in `case` is a formula whose value was never saved",
    ),
    (
        [["case", "amount"], ["1", 5], ["2", 6], [1, 7]],
        "case",
        "the case `1` is there twice, in row 2 and row 4; each `case` must be there once",
    ),
]


@pytest.mark.parametrize(("rows", "id_column", "message"), EXCEL_FAULTS)
def test_an_unusable_sheet_is_one_sentence(
    tmp_path: Path, rows: list[list[Any]], id_column: str, message: str
) -> None:
    path = excel(tmp_path / "c.xlsx", rows)
    with pytest.raises(InputError) as raised:
        read_cases(path, id_column=id_column)
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{path}, sheet Cases")
    assert "\n" not in str(raised.value)


CSV_FAULTS = [
    (b"", "the file is empty"),
    (b" \n ", "the file is empty"),
    (b"id,a\n", "there is a header row but no case below it"),
    (b"1,2\n3,4\n", "line 1: this row should name the columns, but holds values"),
    (b"id;a\n1;2\n", "the columns are separated by semicolons; save it with commas"),
    (b"id\ta\n1\t2\n", "the columns are separated by tabs"),
    (b"id,a\n1,2,3\n", "line 2: the row has 3 fields, the header has 2"),
    (b"id,a\n1\n", "line 2: the row has 1 fields, the header has 2"),
    (b'id,a\n1,"x\n', "line 2: the line is not CSV"),
    (b"id,a\n1,2\n1,3\n", "the case `1` is there twice, in line 2 and line 3"),
    (b"id,a\n1,2\n,3\n", "line 3: the case id in `id` is blank"),
    ("id,a\n1,ä\n".encode("latin-1"), "line 2: the file is not UTF-8 text; save it as CSV UTF-8"),
    ("id,a\n1,2\n".encode("utf-16"), "the file is not UTF-8 text"),
    (b"PK\x03\x04 and so on", "this is an Excel file named .csv"),
]


@pytest.mark.parametrize(("content", "message"), CSV_FAULTS)
def test_an_unusable_csv_file_is_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_cases(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_are_no_case_list_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_cases(tmp_path / "c.xlsx")
    with pytest.raises(InputError, match="there is no such file"):
        read_cases(tmp_path / "c.txt")
    (tmp_path / "c.txt").write_text("x")
    with pytest.raises(InputError, match=r"cases are read from \.xlsx, \.xlsm and \.csv files"):
        read_cases(tmp_path / "c.txt")
    (tmp_path / "c.csv").write_text("id\n1\n")
    with pytest.raises(InputError, match="a CSV file has no sheets; leave out the sheet `S`"):
        read_cases(tmp_path / "c.csv", "S")
    path = excel(tmp_path / "c.xlsx", [["case"], ["1"]])
    with pytest.raises(InputError, match="there is no sheet `Other`; the workbook has `Cases`"):
        read_cases(path, "Other")


def test_a_sheet_that_breaks_off_is_refused_whole(tmp_path: Path) -> None:
    path = excel(tmp_path / "c.xlsx", [["case", "a"], *[[str(number), number] for number in range(50)]])
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["xl/worksheets/sheet1.xml"] = entries["xl/worksheets/sheet1.xml"][:-400]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="the sheet is damaged"):
        read_cases(path)

"""Tables written for people are read back as they were, and unusable files are named in one sentence."""

from __future__ import annotations

import datetime
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from referee.domain import InputError
from referee.workbook.case_sheet import read_case_list
from referee.workbook.excel_file import OLE_MAGIC
from referee.workbook.sheets import read_table, write_table
from referee.workbook.stored_cells import ExcelFile
from tests.unit.workbook.excel_zip import patched


def test_a_written_table_is_read_back_with_its_values_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "worklist.xlsx"
    rows: list[Any] = [
        ["INV-1", Decimal("1234.50"), datetime.date(2024, 1, 31), True, None],
        {"case": "INV-2", "amount": 0.22100000381469725, "answer": "post"},
    ]
    write_table(
        path,
        ["case", "amount", "date", "vip", "answer"],
        rows,
        title="Open cases",
        dropdowns={"answer": ["post"]},
    )
    table = read_table(path, required=["case"])
    assert table.columns == ("case", "amount", "date", "vip", "answer")
    assert [row.number for row in table.rows] == [3, 4]
    assert table.rows[0].values == {
        "case": "INV-1",
        "amount": Decimal("1234.5"),
        "date": datetime.date(2024, 1, 31),
        "vip": True,
        "answer": None,
    }
    assert table.rows[1].values["amount"] == Decimal("0.22100000381469725")
    assert str(table.rows[1].place("answer")) == "worklist.xlsx, sheet Sheet1, cell E4"
    assert table.rows[1].text("date") == ""


def test_text_that_looks_like_a_formula_or_an_error_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    texts = ["=1+1", "+49 30", "-5", "@SUM(A1)", "#N/A", "=cmd|' /C calc'!A0", "bell \x07 here"]
    write_table(path, ["text", "note"], [[text, "x"] for text in texts])
    worksheet: Any = load_workbook(path).active
    assert [worksheet.cell(row, 1).data_type for row in range(2, 9)] == ["s"] * 7
    assert [row.text("text") for row in read_table(path).rows] == [*texts[:6], "bell \ufffd here"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Decimal("12345678901234567890"), "12345678901234567890"),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (1e-7, Decimal("1E-7")),
        (17.0, Decimal(17)),
        (float("nan"), None),
        (datetime.date(1850, 5, 1), "1850-05-01"),
        (datetime.time(8, 30), datetime.time(8, 30)),
        (datetime.datetime(2024, 1, 5, 8, 30), datetime.datetime(2024, 1, 5, 8, 30)),
        (datetime.datetime(2024, 1, 5, tzinfo=datetime.UTC), "2024-01-05T00:00:00+00:00"),
        ("x" * 40_000, "x" * 32_766 + "…"),
        ("  \u00a0 ", None),
    ],
)
def test_values_that_excel_cannot_hold_are_written_as_their_text(
    tmp_path: Path, value: object, read: object
) -> None:
    path = tmp_path / "sheet.xlsx"
    write_table(path, ["value", "note"], [[value, "x"]])
    assert read_table(path).rows[0].values["value"] == read


def test_choices_with_commas_are_offered_from_a_hidden_sheet(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    write_table(
        path, ["a", "b"], [["x", "y"], ["x", "y"]], dropdowns={"a": ["yes", "no, never"], "b": ["one", "two"]}
    )
    workbook = load_workbook(path)
    validations = {
        str(item.sqref): item.formula1 for item in workbook["Sheet1"].data_validations.dataValidation
    }
    assert validations == {"A2:A3": "'Choices'!$A$1:$A$2", "B2:B3": "'Choices'!$B$1:$B$2"}
    assert workbook["Choices"].sheet_state == "hidden"
    assert workbook["Choices"]["A2"].value == "no, never"
    assert read_table(path).columns == ("a", "b")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"the file can't be written .* close it if Excel has it open"):
        write_table(tmp_path / "folder", ["a", "b"], [])
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def _zip(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def test_each_unusable_file_is_named_with_its_cause(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with pytest.raises(InputError, match="there is no such file"):
        ExcelFile(path)
    with pytest.raises(InputError, match="this is a folder"):
        ExcelFile(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="the file is empty"):
        ExcelFile(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"not an Excel workbook; save it as \.xlsx"):
        ExcelFile(path)
    path.write_bytes(OLE_MAGIC + b"\0" * 600)
    with pytest.raises(InputError, match=r"an old Excel file \(.xls\)"):
        ExcelFile(path)
    path.write_bytes(OLE_MAGIC + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(InputError, match="protected by a password"):
        ExcelFile(path)
    _zip(path, {"content.xml": b"<x/>"})
    with pytest.raises(InputError, match="OpenDocument"):
        ExcelFile(path)
    _zip(path, {"xl/workbook.bin": b""})
    with pytest.raises(InputError, match="binary workbook"):
        ExcelFile(path)
    _zip(path, {"word/document.xml": b""})
    with pytest.raises(InputError, match="isn't an Excel workbook"):
        ExcelFile(path)
    _zip(path, {"xl/workbook.xml": b"<broken"})
    with pytest.raises(InputError, match="the workbook is damaged"):
        ExcelFile(path)
    _zip(path, {"xl/workbook.xml": b"", "xl/media/a.bin": b"\0" * (130 * 2**20)})
    with pytest.raises(InputError, match="unpacks to 130 MB, more than the 128 MB"):
        ExcelFile(path)
    write_table(path, ["a", "b"], [["x", "y"]] * 50)
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    patched(path, "xl/worksheets/sheet1.xml", {"</worksheet>": merged})
    with pytest.raises(InputError, match="sheet Sheet1: merged areas cover 17179869184 cells"):
        read_case_list(path)
    write_table(path, ["a", "b"], [["x", "y"]] * 50)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(InputError, match="the file is damaged; restore or save it again"):
        ExcelFile(path)


def test_unusable_tables_are_named_with_their_cause(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    workbook: Any = Workbook()
    workbook.save(path)
    with pytest.raises(InputError, match="there is no header row"):
        read_table(path)
    workbook.active.append(["case", "Case \u00a0 id", "case id"])
    workbook.active.append(["case", "amount", "amount"])
    workbook.save(path)
    with pytest.raises(InputError, match="there is no column `answer`; the header row 1"):
        read_table(path, required=["answer"])
    with pytest.raises(InputError, match="there is no sheet `Other`; the workbook has `Sheet`"):
        read_table(path, "Other")
    workbook.active.delete_rows(1)
    workbook.save(path)
    with pytest.raises(InputError, match="the columns B and C are both named `amount`"):
        read_table(path)
    workbook.active.sheet_state = "hidden"
    workbook.create_sheet("other").append(["a", "b"])
    workbook.save(path)
    assert read_table(path).sheet == "other"

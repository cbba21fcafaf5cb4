"""Tables of any length in Excel files: they go on in a next sheet, and hold what was given."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.domain import AuditError
from referee.workbook.long_table import write_long_table
from referee.workbook.sheets import read_table


def test_what_a_sheet_can_not_hold_goes_on_in_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    rows = [[f"c{number}", Decimal(number) / 4] for number in range(7)]
    assert write_long_table(path, ["case", "amount"], rows, sheet="Decisions", sheet_rows=4) == 7
    found = [
        row for sheet in ("Decisions", "Decisions 2", "Decisions 3") for row in read_table(path, sheet).rows
    ]
    assert [[row.values["case"], row.values["amount"]] for row in found] == rows


def test_text_is_text_and_numbers_keep_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "exact.xlsx"
    values: list[Any] = [
        "=1+1",
        "@x",
        Decimal("0.1234567890123456"),
        Decimal("12345678901234567890.12"),
        True,
        None,
    ]
    values.insert(4, Decimal("0.1234567890123456789"))
    names = [f"n{number}" for number in range(len(values))]
    write_long_table(path, names, [values], sheet="Decisions")
    [row] = read_table(path, "Decisions").rows
    assert [row.values[name] for name in names] == [
        *values[:3],
        "12345678901234567890.12",
        "0.1234567890123456789",
        True,
        None,
    ]


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "none.xlsx"
    assert write_long_table(path, ["case", "amount"], [], sheet="Decisions") == 0
    assert read_table(path, "Decisions").columns == ("case", "amount")


def test_an_error_in_the_midst_leaves_no_file(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    def rows() -> Iterator[list[str]]:
        yield ["a"]
        raise AuditError("the log isn't what was written")

    with pytest.raises(AuditError):
        write_long_table(tmp_path / "none.xlsx", ["case"], rows(), sheet="Decisions")
    assert list(tmp_path.iterdir()) == []


def test_looks_and_odd_texts_are_those_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"
    odd = ["a\x00b", "half \ud800", '<&">', "  spaces  ", "line\nline", "x" * 40_000]
    columns = [f"column {number}" for number in range(30)]
    write_long_table(path, columns, [["=1+1", True, *odd]], sheet="A & B")
    sheet = openpyxl.load_workbook(path)["A & B"]
    assert [cell.value for cell in sheet[1]] == columns
    assert sheet["AD1"].value == "column 29"
    assert sheet["A1"].font.bold and sheet.freeze_panes == "A2"
    assert sheet["A2"].value == "=1+1" and sheet["A2"].data_type == "s" and sheet["A2"].quotePrefix
    assert sheet["B2"].value is True
    told = [sheet.cell(2, at).value for at in range(3, 9)]
    assert told[:5] == ["a\ufffdb", "half \ufffd", '<&">', "  spaces  ", "line\nline"]
    assert len(told[5]) == 32_767

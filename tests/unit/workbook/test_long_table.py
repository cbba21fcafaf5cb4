"""Tables of any length in Excel files: they go on in a next sheet, and hold what was given."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

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

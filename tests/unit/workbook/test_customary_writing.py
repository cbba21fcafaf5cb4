"""Numbers and dates as people write them elsewhere are refused with what to write."""

from __future__ import annotations

import pytest

from referee.domain import CellAddress
from referee.workbook.cell_reading import CellKind, ColumnSense, Misread, read_cell
from referee.workbook.grid import GridCell


def message(text: str, kind: str, cell_kind: CellKind = CellKind.INPUT) -> str:
    cell = GridCell(text, CellAddress("limits.xlsx", "Approval", "B4"))
    with pytest.raises(Misread) as refused:
        read_cell(cell, ColumnSense(cell_kind, "amount", kind))
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("<= 1 000", "1000"),
        ("<= 1\u00a0000", "1000"),
        ("<= 1'000", "1000"),
        ("> 1 000 000", "1000000"),
        ("1 000,50", "1000.50"),
        ("[1 000..2 000]", "1000"),
    ],
)
def test_a_number_with_separators_is_refused_with_the_number_to_write(text: str, number: str) -> None:
    assert message(text, "number").endswith(f"is no number of FEEL; write {number}")


@pytest.mark.parametrize("text", ["500 €", "€ 500", "< 500 EUR", "$500", ">= 500 £", "500EUR"])
@pytest.mark.parametrize("kind", list(CellKind))
def test_an_amount_with_a_currency_is_refused_with_the_number_to_write(text: str, kind: CellKind) -> None:
    assert "write the number without its currency, 500" in message(text, "number", kind)


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        ("< 2024-01-01", "date", '< date("2024-01-01")'),
        ("[2024-01-01..2024-12-31]", "date", '[date("2024-01-01")..date("2024-12-31")]'),
        (">= 2024-01-01", "date and time", '>= date and time("2024-01-01T00:00:00")'),
    ],
)
def test_a_date_without_quotes_is_refused_with_the_date_to_write(text: str, kind: str, meant: str) -> None:
    assert message(text, kind).endswith(f"; write {meant}")

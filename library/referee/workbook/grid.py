"""The filled cells of one sheet of a decision workbook, with merged areas and formulas read as people see
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from referee.domain import CellAddress, Diagnostic
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import CellValue, one_line, python_value

FURTHEST_CELLS = 100_000
"""Cells of a sheet beyond which it isn't read as a table that people keep by hand."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell as read: its value (blank is None), where it stands, and the number format it is shown in."""

    value: CellValue
    place: CellAddress
    number_format: str = "General"

    @property
    def text(self) -> str:
        """The value on one line; blank is empty."""
        return "" if self.value is None else one_line(str(self.value))


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet by row and column, both counted from 1. Every cell of a merged area has the value of the
    area.
    """

    workbook: str
    sheet: str
    cells: Mapping[tuple[int, int], GridCell]
    last_row: int
    last_column: int

    def cell(self, row: int, column: int) -> GridCell:
        found = self.cells.get((row, column))
        return found if found is not None else GridCell(None, self.place(row, column))

    def place(self, row: int = 0, column: int = 0) -> CellAddress:
        """The address of a cell, or of the sheet."""
        return CellAddress(self.workbook, self.sheet, f"{column_letters(column)}{row}" if row else "")

    def row(self, row: int) -> Iterator[GridCell]:
        return (self.cell(row, column) for column in range(1, self.last_column + 1))

    def is_blank_row(self, row: int) -> bool:
        return all(cell.value is None for cell in self.row(row))

    @property
    def is_blank(self) -> bool:
        return not self.cells


def read_grid(workbook: str, worksheet: Any, values: Any | None, faults: list[Diagnostic]) -> Grid:
    """The sheet of an openpyxl workbook that keeps formulas; ``values`` is the same sheet with what Excel
    calculated.

    A formula without a calculated value and an error such as ``#N/A`` are faults: nobody knows what they
    mean.
    """
    cells: dict[tuple[int, int], GridCell] = {}
    for source in list(
        worksheet._cells.values()
    ):  # only cells that exist; a stray cell far away costs nothing
        if source.value is None:
            continue
        place = CellAddress(workbook, worksheet.title, source.coordinate)
        value, kind = source.value, source.data_type
        if kind == "f" and values is not None:
            calculated = values.cell(source.row, source.column)
            value, kind = calculated.value, calculated.data_type
            if value is None:
                message = (
                    "the formula has no saved value; open and save the workbook in Excel, or write the value"
                )
                faults.append(Diagnostic("cell-formula", message, place=place))
                continue
        if kind == "e":
            message = f"the cell holds the error {value}; correct its formula or write the value"
            faults.append(Diagnostic("cell-error", message, place=place))
            continue
        read = python_value(value, source.number_format)
        if read is not None:
            cells[source.row, source.column] = GridCell(read, place, source.number_format)
    _spread_merged_areas(workbook, worksheet, cells)
    last_row = max((row for row, _ in cells), default=0)
    last_column = max((column for _, column in cells), default=0)
    if last_row * last_column > FURTHEST_CELLS:
        far = max(cells, key=lambda cell: cell[0] * cell[1])
        corner = f"{column_letters(last_column)}{last_row}"
        message = f"the sheet reaches to {corner}; delete the cells far from the table"
        faults.append(Diagnostic("sheet-too-large", message, place=cells[far].place))
        return Grid(workbook, worksheet.title, {}, 0, 0)
    return Grid(workbook, worksheet.title, cells, last_row, last_column)


def _spread_merged_areas(workbook: str, worksheet: Any, cells: dict[tuple[int, int], GridCell]) -> None:
    for area in worksheet.merged_cells.ranges:
        first = cells.get((area.min_row, area.min_col))
        if first is None:
            continue
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                place = CellAddress(workbook, worksheet.title, f"{column_letters(column)}{row}")
                cells[row, column] = GridCell(first.value, place, first.number_format)

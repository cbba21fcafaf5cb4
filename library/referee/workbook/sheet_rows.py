"""Sheets of a decision workbook that are plain lists: a header row with known column names, one thing per
row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from referee.domain import CellAddress, Diagnostic
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.grid import Grid, GridCell


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a list sheet: its cells by column name, blank ones among them."""

    number: int
    cells: Mapping[str, GridCell]
    place: CellAddress

    def text(self, column: str) -> str:
        cell = self.cells.get(column)
        return cell.text if cell is not None else ""


def list_rows(
    grid: Grid, columns: Sequence[str], required: Sequence[str], faults: list[Diagnostic]
) -> list[ListRow]:
    """The rows of a sheet whose first filled row names its columns, in any order and case; blank rows are
    skipped.

    A missing ``required`` column, a column named twice and one that isn't known are faults.
    """
    header_row = next((row for row in range(1, grid.last_row + 1) if not grid.is_blank_row(row)), 0)
    found: dict[str, int] = {}
    for position, cell in enumerate(grid.row(header_row) if header_row else (), 1):
        name = cell.text.casefold()
        if not name:
            continue
        if name not in columns:
            known = ", ".join(columns)
            hint = did_you_mean(name, columns)
            message = f"`{cell.text}` is no column of this sheet{hint}; its columns are {known}"
            faults.append(Diagnostic("sheet-column", message, place=cell.place))
        elif name in found:
            faults.append(
                Diagnostic("sheet-column", f"the column `{cell.text}` is there twice", place=cell.place)
            )
        else:
            found[name] = position
    missing = [name for name in required if name not in found]
    if missing:
        message = f"there is no column {_listed(missing)}; the first row names the columns"
        faults.append(Diagnostic("sheet-column", message, place=grid.place()))
        return []
    rows = []
    for row in range(header_row + 1, grid.last_row + 1):
        cells = {name: grid.cell(row, column) for name, column in found.items()}
        if any(cell.value is not None for cell in cells.values()):
            first = min(found.values())
            rows.append(ListRow(row, cells, grid.place(row, first)))
    return rows


_MARKS = {
    **dict.fromkeys(("yes", "y", "true", "x", "✓", "ja"), True),
    **dict.fromkeys(("", "no", "n", "false", "-", "nein"), False),
}


def mark(cell: GridCell | None, faults: list[Diagnostic]) -> bool:
    """Whether a yes/no cell says yes; blank is no, anything but yes and no a fault."""
    if cell is None or cell.value is None:
        return False
    if isinstance(cell.value, bool):
        return cell.value
    read = _MARKS.get(cell.text.casefold())
    if read is None:
        faults.append(Diagnostic("cell-mark", f"`{cell.text}` is neither yes nor no", place=cell.place))
        return False
    return read


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)

"""The filled cells of one sheet of a decision workbook, with merged areas and formulas read as people see
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from referee.domain import CellAddress, Diagnostic
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import CellValue, one_line
from referee.workbook.stored_cells import MergedArea, Problem, StoredCell

MOST_CELLS = 500_000
"""Filled cells of a sheet beyond which it isn't read as a table that people keep by hand."""

FURTHEST_ROWS, FURTHEST_COLUMNS = 1_000, 100
"""Blank rows and columns beyond which a filled cell is no part of the table, but one that strayed."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell as read: its value (blank is None) and where it stands."""

    value: CellValue
    place: CellAddress

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
    cells: Mapping[tuple[int, int], GridCell] = field(default_factory=dict)
    is_visible: bool = True
    last_row: int = field(init=False)
    last_column: int = field(init=False)
    _filled_rows: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = frozenset(row for row, _ in self.cells)
        object.__setattr__(self, "_filled_rows", rows)
        object.__setattr__(self, "last_row", max(rows, default=0))
        object.__setattr__(self, "last_column", max((column for _, column in self.cells), default=0))

    def cell(self, row: int, column: int) -> GridCell:
        found = self.cells.get((row, column))
        return found if found is not None else GridCell(None, self.place(row, column))

    def place(self, row: int = 0, column: int = 0) -> CellAddress:
        """The address of a cell, or of the sheet."""
        return CellAddress(self.workbook, self.sheet, f"{column_letters(column)}{row}" if row else "")

    def row(self, row: int) -> Iterator[GridCell]:
        return (self.cell(row, column) for column in range(1, self.last_column + 1))

    def is_blank_row(self, row: int) -> bool:
        return row not in self._filled_rows

    @property
    def is_blank(self) -> bool:
        return not self.cells


def read_grid(
    workbook: str,
    sheet: str,
    rows: Iterable[tuple[int, Sequence[StoredCell]]],
    merged: Sequence[MergedArea],
    faults: list[Diagnostic],
    *,
    is_visible: bool = True,
) -> Grid:
    """The sheet of that name, from its stored cells.

    A formula without a saved value, an error such as ``#N/A``, a date that the calendar doesn't have and a content
    that is struck out are faults: nobody knows what they mean. So is a cell far from all others.
    """
    cells: dict[tuple[int, int], GridCell] = {}
    letters: dict[int, str] = {}
    for row, stored in rows:
        for column, value, problem in stored:
            letter = letters.get(column)
            if letter is None:
                letter = letters[column] = column_letters(column)
            place = CellAddress(workbook, sheet, f"{letter}{row}")
            if problem is not None:
                faults.append(_fault(problem, value, place))
            elif value is not None:
                cells[row, column] = GridCell(value, place)
        if len(cells) > MOST_CELLS:
            message = f"the sheet holds more than {MOST_CELLS} cells; keep the table in several sheets"
            faults.append(Diagnostic("sheet-too-large", message, place=CellAddress(workbook, sheet)))
            return Grid(workbook, sheet)
    _leave_out_strays(cells, faults)
    _spread_merged_areas(workbook, sheet, merged, cells)
    return Grid(workbook, sheet, cells, is_visible)


def _fault(problem: Problem, value: CellValue, place: CellAddress) -> Diagnostic:
    if problem is Problem.NO_SAVED_VALUE:
        message = "the formula has no saved value; open and save the workbook in Excel, or write the value"
        return Diagnostic("cell-formula", message, place=place)
    if problem is Problem.NO_DATE:
        message = f"the number {value} is shown as a date that the calendar doesn't have; write the date"
        return Diagnostic("cell-date", message, place=place)
    if problem is Problem.STRUCK:
        message = (
            f"`{one_line(str(value))}` is struck out, in whole or in part; delete what no longer counts, or undo the "
            "strike-through of what does"
        )
        return Diagnostic("cell-struck-out", message, place=place)
    message = f"the cell holds the error {value}; correct its formula or write the value"
    return Diagnostic("cell-error", message, place=place)


def _leave_out_strays(cells: dict[tuple[int, int], GridCell], faults: list[Diagnostic]) -> None:
    last_row = _end_of_table({row for row, _ in cells}, FURTHEST_ROWS)
    last_column = _end_of_table({column for row, column in cells if row <= last_row}, FURTHEST_COLUMNS)
    strays = sorted(place for place in cells if place[0] > last_row or place[1] > last_column)
    if strays:
        others = f" (and {len(strays) - 1} more)" if len(strays) > 1 else ""
        message = f"the cell stands far from the table{others}; delete it, or move it there"
        faults.append(Diagnostic("cell-astray", message, place=cells[strays[0]].place))
    for stray in strays:
        del cells[stray]


def _end_of_table(positions: Iterable[int], furthest: int) -> int:
    previous = 0
    for position in sorted(positions):
        if position - previous > furthest:
            break
        previous = position
    return previous


def _spread_merged_areas(
    workbook: str, sheet: str, merged: Sequence[MergedArea], cells: dict[tuple[int, int], GridCell]
) -> None:
    for area in merged:
        first = cells.get((area.top, area.left))
        if first is None:
            continue
        for row in range(area.top, area.bottom + 1):
            for column in range(area.left, area.right + 1):
                place = CellAddress(workbook, sheet, f"{column_letters(column)}{row}")
                cells[row, column] = GridCell(first.value, place)

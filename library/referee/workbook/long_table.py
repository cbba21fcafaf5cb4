"""Tables of any length in Excel files, written row by row so that memory doesn't grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.workbook.cell_value import put
from referee.workbook.excel_file import written_excel_file

SHEET_ROWS = 1_048_576
"""Rows that a sheet of Excel holds; what is longer goes on in another sheet."""

_WIDTH = 18.0


def write_long_table(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    sheet: str,
    sheet_rows: int = SHEET_ROWS,
) -> int:
    """Writes sheets named ``sheet``, ``sheet 2``, … with a header row that stays in view. Gives the number of rows.

    Text is always text, never a formula, and numbers keep every digit: those that Excel can't hold exactly are text. An
    existing file is replaced in one step. Raises InputError where the file can't be written.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook(write_only=True)
    bold = Font("Calibri", 11, bold=True)
    count = 0

    def cell(sheet_of_cell: Any, value: Any) -> Any:
        made = WriteOnlyCell(sheet_of_cell)
        is_exact = not isinstance(value, Decimal) or Decimal(repr(float(value))) == value
        put(made, value if is_exact else format(value, "f"))
        return made

    def begin() -> Any:
        number = len(workbook.sheetnames) + 1
        made: Any = workbook.create_sheet(sheet if number == 1 else f"{sheet} {number}")
        made.freeze_panes = "A2"
        for column in range(1, len(columns) + 1):
            made.column_dimensions[get_column_letter(column)].width = _WIDTH
        return made

    def begin_with_header() -> Any:
        made = begin()
        cells = [cell(made, name) for name in columns]
        for each in cells:
            each.font = bold
        made.append(cells)
        return made

    with written_excel_file(path) as stream:
        try:
            worksheet = begin_with_header()
            for count, row in enumerate(rows, 1):
                if count > 1 and count % (sheet_rows - 1) == 1:
                    worksheet = begin_with_header()
                worksheet.append([cell(worksheet, value) for value in row])
            workbook.save(stream)
        except BaseException:
            for each in workbook.worksheets:  # else each complains when it is thrown away
                each.close()
            raise
    return count

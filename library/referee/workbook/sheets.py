"""Plain tables in Excel files: a header row and data rows, written for people and read back with cell
addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.domain import CellAddress, InputError
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import CellValue, one_line, put
from referee.workbook.excel_file import save_workbook
from referee.workbook.stored_cells import ExcelFile, Problem, StoredCell

CHOICES_SHEET = "Choices"
_WIDEST = 60.0
_NARROWEST = 8.0


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One data row: its number in the sheet (as Excel shows it) and its values by column name, blank cells
    as None.
    """

    number: int
    values: Mapping[str, CellValue]
    sheet: SheetTable

    def place(self, column: str) -> CellAddress:
        """Where the cell of this row in ``column`` stands."""
        return self.sheet.place(column, self.number)

    def text(self, column: str) -> str:
        """The cell as text: blank as the empty text, 17 as ``17``."""
        value = self.values.get(column)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True, eq=False)
class SheetTable:
    """A sheet read as a table: ``columns`` in order, ``rows`` without the blank ones."""

    workbook: str
    sheet: str
    header_row: int
    columns: tuple[str, ...]
    letters: Mapping[str, str]
    rows: tuple[SheetRow, ...]

    def place(self, column: str, row: int) -> CellAddress:
        return CellAddress(self.workbook, self.sheet, f"{self.letters[column]}{row}")


def write_table(
    path: str | Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    *,
    sheet: str = "Sheet1",
    title: str = "",
    dropdowns: Mapping[str, Sequence[str]] | None = None,
    widths: Mapping[str, float] | None = None,
    answer_columns: Sequence[str] = (),
    hidden_columns: Sequence[str] = (),
    prompts: Mapping[str, str] | None = None,
) -> None:
    """Writes one sheet for people: styled header that stays in view, filters, widths that fit, drop-down
    choices.

    ``rows`` are sequences in the order of ``columns`` or mappings by column name (missing names are blank
    cells). ``dropdowns`` gives the choices of a column; Excel refuses any other entry. ``prompts``
    are shown beside a cell of such a column while it is chosen. ``answer_columns``
    are coloured as the cells to fill in. ``title`` stands alone in the first row; ``read_table`` skips it.
    An existing file is replaced in one step. Text is always written as text, never as a formula. Raises
    InputError where the file can't be written.
    """
    from openpyxl import Workbook

    workbook = Workbook()
    worksheet: Any = workbook.active
    worksheet.title = sheet
    fill_table(
        worksheet,
        columns,
        rows,
        title=title,
        dropdowns=dropdowns,
        widths=widths,
        answer_columns=answer_columns,
        hidden_columns=hidden_columns,
        prompts=prompts,
    )
    save_workbook(workbook, Path(path))


def fill_table(
    worksheet: Any,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    *,
    title: str = "",
    dropdowns: Mapping[str, Sequence[str]] | None = None,
    widths: Mapping[str, float] | None = None,
    answer_columns: Sequence[str] = (),
    hidden_columns: Sequence[str] = (),
    prompts: Mapping[str, str] | None = None,
) -> int:
    """``write_table`` into a sheet of an openpyxl workbook; gives the number of the last row written."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    header_row = 1
    if title:
        put(worksheet.cell(1, 1), title)
        worksheet.cell(1, 1).font = Font("Calibri", 14, bold=True)
        header_row = 2
    header_fill = PatternFill("solid", start_color="1F3864")
    answer_header_fill = PatternFill("solid", start_color="7F6000")
    answer_fill = PatternFill("solid", start_color="FFF2CC")
    for number, name in enumerate(columns, 1):
        cell = worksheet.cell(header_row, number)
        put(cell, name)
        cell.font = Font("Calibri", 11, bold=True, color="FFFFFF")
        cell.fill = answer_header_fill if name in answer_columns else header_fill
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    longest = [len(name) + 4 for name in columns]
    row_number = header_row
    for row_number, row in enumerate(rows, header_row + 1):
        values = [row.get(name) for name in columns] if isinstance(row, Mapping) else row
        for number, (name, value) in enumerate(zip(columns, values, strict=True), 1):
            cell = worksheet.cell(row_number, number)
            put(cell, value)
            if isinstance(value, str) and ("\n" in value or len(value) > _WIDEST):
                cell.alignment = Alignment(vertical="top", wrap_text=True)
            else:
                cell.alignment = Alignment(vertical="top")
            if name in answer_columns:
                cell.fill = answer_fill
            lines = str(value).splitlines() if value is not None else []
            longest[number - 1] = max(longest[number - 1], *(len(line) + 2 for line in lines), 0)
    for number, name in enumerate(columns, 1):
        dimension = worksheet.column_dimensions[get_column_letter(number)]
        fitting = min(max(float(longest[number - 1]), _NARROWEST), _WIDEST)
        dimension.width = (widths or {}).get(name, fitting)
        dimension.hidden = name in hidden_columns
    worksheet.freeze_panes = worksheet.cell(header_row + 1, 1)
    worksheet.auto_filter.ref = (
        f"A{header_row}:{get_column_letter(max(len(columns), 1))}{max(row_number, header_row)}"
    )
    for name, choices in (dropdowns or {}).items():
        letter = get_column_letter(list(columns).index(name) + 1)
        last = max(row_number, header_row + 1)
        add_dropdown(
            worksheet,
            f"{letter}{header_row + 1}:{letter}{last}",
            choices,
            prompt=(prompts or {}).get(name, ""),
        )
    return row_number


def add_dropdown(
    worksheet: Any, cells: str, choices: Sequence[str], *, is_strict: bool = True, prompt: str = ""
) -> None:
    """Drop-down choices for the cells of an area such as ``C2:C90``. They stand in a hidden sheet of the
    workbook. Only what can never change while people work may be ``is_strict``: else Excel takes other entries too.
    """
    # Excel limits a list given in place to 255 characters without commas; a range has no such limits.
    letter = _choices_column(worksheet.parent, [str(choice) for choice in choices])
    area = f"'{CHOICES_SHEET}'!${letter}$1:${letter}${max(len(choices), 1)}"
    said = "Please choose one of: " + ", ".join(choices)[:180]
    _add_list(worksheet, cells, area, said, is_strict=is_strict, prompt=prompt)


def add_dropdown_of(worksheet: Any, cells: str, area: str, said: str) -> None:
    """Drop-down choices that stand in an area of the workbook such as ``'Facts'!$A$2:$A$90``, and follow what people
    write there. Excel takes other entries too.
    """
    _add_list(worksheet, cells, area, said, is_strict=False)


def _add_list(worksheet: Any, cells: str, area: str, said: str, *, is_strict: bool, prompt: str = "") -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    validation = DataValidation(
        type="list",
        formula1=area,
        allow_blank=True,
        showErrorMessage=is_strict,
        errorTitle="Not one of the choices",
        error=said,
        showInputMessage=bool(prompt),
        prompt=prompt or None,
    )
    worksheet.add_data_validation(validation)
    validation.add(cells)


def _choices_column(workbook: Any, choices: Sequence[str]) -> str:
    """The letter of the hidden column that holds these choices; equal ones are kept once."""
    if CHOICES_SHEET not in workbook.sheetnames:
        workbook.create_sheet(CHOICES_SHEET).sheet_state = "hidden"
    listing = workbook[CHOICES_SHEET]
    filled = listing.max_column if listing["A1"].value is not None else 0
    for column in range(1, filled + 1):
        held = [cell.value for cell in listing[column_letters(column)] if cell.value is not None]
        if held == list(choices):
            return column_letters(column)
    for row, choice in enumerate(choices, 1):
        put(listing.cell(row, filled + 1), choice)
    return column_letters(filled + 1)


def read_table(path: str | Path, sheet: str = "", *, required: Sequence[str] = ()) -> SheetTable:
    """A sheet with a header row, as ``write_table`` makes it and as people fill it in; the first sheet
    without ``sheet``.

    The header is the first row with two or more filled cells (or the first filled row that names a
    ``required`` column). Numbers are Decimal, blank and space-only cells None, text is trimmed. Raises
    InputError in one sentence for an unusable file, an unknown sheet, no header, a missing ``required``
    column, a column named twice or a content that is struck out: nobody knows whether it still counts.
    """
    path = Path(path)
    file = ExcelFile(path)
    found = file.sheet(sheet)
    rows = _values_by_row(path.name, found.name, file.rows(found))
    return table_from_rows(path.name, found.name, rows, required=required)


def table_from_rows(
    workbook: str,
    sheet: str,
    rows: Iterable[tuple[int, Sequence[CellValue]]],
    *,
    required: Sequence[str] = (),
) -> SheetTable:
    """A table from numbered rows of cell values; see ``read_table`` for what is the header and what is
    raised.
    """
    header: dict[int, str] = {}
    header_row = 0
    found: list[tuple[int, Sequence[CellValue]]] = []
    for number, values in rows:
        filled = {index: one_line(str(value)) for index, value in enumerate(values) if value is not None}
        if not filled:
            continue
        if not header:
            if len(filled) > 1 or set(filled.values()) & set(required):
                header, header_row = filled, number
            continue
        found.append((number, values))
    place = CellAddress(workbook, sheet)
    if not header:
        raise InputError(f"{place}: there is no header row; the first row needs a name over each column")
    letters: dict[str, str] = {}
    for index, name in header.items():
        letter = column_letters(index + 1)
        if name in letters:
            raise InputError(
                f"{place}: the columns {letters[name]} and {letter} are both named `{name}`; rename one"
            )
        letters[name] = letter
    for name in required:
        if name not in letters:
            raise InputError(
                f"{place}: there is no column `{name}`; the header row {header_row} must name it"
            )
    gathered: list[SheetRow] = []
    table = SheetTable(workbook, sheet, header_row, tuple(letters), letters, ())
    for number, values in found:
        by_name = {name: values[index] if index < len(values) else None for index, name in header.items()}
        if any(value is not None for value in by_name.values()):
            gathered.append(SheetRow(number, by_name, table))
    return SheetTable(workbook, sheet, header_row, tuple(letters), letters, tuple(gathered))


def _values_by_row(
    workbook: str, sheet: str, rows: Iterable[tuple[int, Sequence[StoredCell]]]
) -> Iterable[tuple[int, Sequence[CellValue]]]:
    for number, stored in rows:
        for column, value, problem in stored:
            if problem is Problem.STRUCK:
                place = CellAddress(workbook, sheet, f"{column_letters(column)}{number}")
                raise InputError(
                    f"{place}: `{one_line(str(value))}` is struck out; delete it, or undo the strike-through"
                )
        cells = {cell.column: cell.value for cell in stored}
        yield number, [cells.get(column) for column in range(1, max(cells) + 1)]

"""Cases from a case list: an Excel sheet or a CSV file with a header row and one case per row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.domain import Case, InputError
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.cell_value import CellValue, UnreadableCell, one_line, plain_spaces
from referee.workbook.excel_file import UNPACKED_CASES_LIMIT, read_bytes
from referee.workbook.garbage_pause import no_garbage_collection
from referee.workbook.stored_cells import ExcelFile, MergedArea, Problem, StoredCell

EXCEL_SUFFIXES = (".xlsx", ".xlsm")
_PLAIN_NUMBER = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
    r"|-?[1-9](?:\.[0-9]+[eE][+-]?|[eE][+-])[0-9]{1,3}"  # as programs write them: 8.5e-4, 1e-05; 1E5 may be a code
)


@dataclass(frozen=True, slots=True)
class CaseList:
    """The cases of a file in its order, and the names of its columns. ``id_column`` is the one that
    identifies them.
    """

    path: Path
    columns: tuple[str, ...]
    id_column: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A filled row: where it stands as people count, and its values by position."""

    place: str
    short_place: str
    values: Sequence[Any]


def read_cases(path: str | Path, sheet: str = "", id_column: str = "") -> list[Case]:
    """The cases of an .xlsx, .xlsm or .csv file, facts by column name; see ``read_case_list``."""
    return list(read_case_list(path, sheet, id_column).cases)


@no_garbage_collection()
def read_case_list(path: str | Path, sheet: str = "", id_column: str | None = "") -> CaseList:
    """The cases of a file with their columns. Without ``id_column`` the first column identifies the cases.

    With None nothing does: each case is known by its place (``row 7``), and what repeats is no fault.

    The header is the first filled row, or the first one that names ``id_column``. Blank rows are skipped,
    blank cells are None, text is trimmed, Excel numbers are exact decimals. In CSV (commas, dots for
    decimals, UTF-8) a column whose fields are all plain numbers without leading zeros is read as numbers.
    Formula cells give the value that Excel saved; a cell with an error or an unsaved formula is an
    ``UnreadableCell``, which the data dictionary reports as doubt.

    Raises InputError in one sentence for a file that is missing, not a case list, empty, without header,
    without the id column or any row, or with a blank or repeated case id (naming the rows). Nothing is read
    by halves.
    """
    path = Path(path)
    suffix = path.suffix.casefold()
    if suffix == ".csv":
        if sheet:
            raise InputError(f"{path}: a CSV file has no sheets; leave out the sheet `{sheet}`")
        place, rows = str(path), _csv_rows(path)
    elif suffix in EXCEL_SUFFIXES:
        place, rows = _excel_rows(path, sheet)
    else:
        read_bytes(path)
        raise InputError(f"{path}: cases are read from .xlsx, .xlsm and .csv files; save it as one of these")
    return _case_list(path, place, rows, id_column)


def _case_list(path: Path, place: str, rows: Iterable[_Row], id_column: str | None) -> CaseList:
    columns: dict[str, int] = {}
    wanted = one_line(id_column or "")
    first_header: list[str] = []
    cases: list[Case] = []
    seen: dict[str, str] = {}
    for row in rows:
        if not columns:
            names = [one_line(str(value)) if value is not None else "" for value in row.values]
            first_header = first_header or names
            if wanted and wanted not in names:
                continue
            columns = _header(place, row, names)
            wanted = "" if id_column is None else wanted or next(iter(columns))
            continue
        facts = {
            name: row.values[index] if index < len(row.values) else None for name, index in columns.items()
        }
        if id_column is None:
            cases.append(Case(row.short_place, facts, row.place))
            continue
        case_id = _case_id(facts[wanted], row, wanted)
        if case_id in seen:
            raise InputError(
                f"{place}: the case `{case_id}` is there twice, in {seen[case_id]} and {row.short_place}; "
                f"each `{wanted}` must be there once"
            )
        seen[case_id] = row.short_place
        cases.append(Case(case_id, facts, row.place))
    if not columns and first_header:
        names = [name for name in first_header if name]
        hint = did_you_mean(wanted, names)
        raise InputError(
            f"{place}: there is no column `{wanted}`{hint}; the first row has {', '.join(names)}"
        )
    if not columns:
        raise InputError(f"{place}: the file holds no rows; the first row must name the columns")
    if not cases:
        raise InputError(f"{place}: there is a header row but no case below it")
    return CaseList(path, tuple(columns), wanted, tuple(cases))


def _header(place: str, row: _Row, names: Sequence[str]) -> dict[str, int]:
    """Column positions by name. Only a file whose first row holds names has a header."""
    filled = [(index, name) for index, name in enumerate(names) if name]
    values = [value for value in row.values if value is not None]
    if any(not isinstance(value, str) for value in values) or all(
        _PLAIN_NUMBER.fullmatch(str(v)) for v in values
    ):
        raise InputError(
            f"{row.place}: this row should name the columns, but holds values; write a header row above it"
        )
    columns: dict[str, int] = {}
    for index, name in filled:
        if name in columns:
            first, second = column_letters(columns[name] + 1), column_letters(index + 1)
            raise InputError(f"{place}: the columns {first} and {second} are both named `{name}`; rename one")
        columns[name] = index
    return columns


def _case_id(value: Any, row: _Row, column: str) -> str:
    if isinstance(value, UnreadableCell):
        raise InputError(f"{row.place}: the case id in `{column}` {value.reason}")
    if isinstance(value, Decimal):
        value = format(value, "f")
    text = "" if value is None else one_line(str(value))
    if not text:
        raise InputError(f"{row.place}: the case id in `{column}` is blank; give each case its own")
    return text


# --- Excel
# -------------------------------------------------------------------------------------------------------


def _excel_rows(path: Path, sheet: str) -> tuple[str, Iterator[_Row]]:
    file = ExcelFile(path, UNPACKED_CASES_LIMIT)
    found = file.sheet(sheet)
    rows = _with_merged_values(file.rows(found), file.merged_areas(found))
    return f"{path}, sheet {found.name}", _streamed(path, found.name, rows)


def _streamed(path: Path, name: str, rows: Iterable[tuple[int, Sequence[StoredCell]]]) -> Iterator[_Row]:
    for number, stored in rows:
        values: list[Any] = [None] * max(cell.column for cell in stored)
        for column, value, problem in stored:
            values[column - 1] = value if problem is None else _unreadable(problem, value)
        yield _Row(f"{path}, sheet {name}, row {number}", f"row {number}", values)


def _unreadable(problem: Problem, value: CellValue) -> UnreadableCell:
    if problem is Problem.NO_SAVED_VALUE:
        return UnreadableCell("is a formula whose value was never saved; open the file in Excel and save it")
    if problem is Problem.NO_DATE:
        return UnreadableCell(f"is {value}, shown as a date that the calendar doesn't have")
    if problem is Problem.STRUCK:
        return UnreadableCell("is struck out, in whole or in part")
    return UnreadableCell(f"is the error {value}")


def _with_merged_values(
    rows: Iterable[tuple[int, list[StoredCell]]], areas: Sequence[MergedArea]
) -> Iterator[tuple[int, Sequence[StoredCell]]]:
    """The rows, with the value of a merged area in each of its rows and columns."""
    if not areas:
        yield from rows
        return
    coming = sorted(areas, key=lambda area: area.top, reverse=True)
    current: list[tuple[MergedArea, StoredCell]] = []
    for number, stored in rows:
        current = [(area, cell) for area, cell in current if area.bottom >= number]
        while coming and coming[-1].top <= number:
            area = coming.pop()
            first = next((cell for cell in stored if cell.column == area.left), None)
            if area.top == number and first is not None:
                current.append((area, first))
        cells = {cell.column: cell for cell in stored}
        for area, cell in current:
            for column in range(area.left, area.right + 1):
                cells[column] = cell._replace(column=column)
        yield number, [cells[column] for column in sorted(cells)]


# --- CSV
# ---------------------------------------------------------------------------------------------------------


def _csv_rows(path: Path) -> Iterator[_Row]:
    text = _csv_text(path)
    lines = _csv_lines(path, text)
    if not lines:
        return
    width = max(len(fields) for _, fields in lines)
    numeric = [_is_numeric([fields[i] for _, fields in lines[1:] if i < len(fields)]) for i in range(width)]
    for position, (line, fields) in enumerate(lines):
        if position and len(fields) != len(lines[0][1]):
            raise InputError(
                f"{path}, line {line}: the row has {len(fields)} fields, the header has {len(lines[0][1])}; "
                "put fields that hold commas in double quotes"
            )
        values = [
            None if not field else Decimal(field) if position and numeric[index] else field
            for index, field in enumerate(fields)
        ]
        yield _Row(f"{path}, line {line}", f"line {line}", values)


def _csv_text(path: Path) -> str:
    content = read_bytes(path)
    if not content.strip():
        raise InputError(f"{path}: the file is empty")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(f"{path}: this is an Excel file named .csv; name it .xlsx")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise InputError(f"{path}: the file is not UTF-8 text; save it as CSV UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: the file is not UTF-8 text; save it as CSV UTF-8") from None


def _csv_lines(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """The filled lines with their numbers, fields trimmed."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for fields in reader:
            trimmed = [plain_spaces(field).strip() for field in fields]
            if any(trimmed):
                lines.append((start, trimmed))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {start}: the line is not CSV ({error}); check its double quotes"
        ) from None
    if lines and len(lines[0][1]) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if mark in lines[0][1][0]:
                raise InputError(
                    f"{path}: the columns are separated by {name}; save it with commas, or as .xlsx"
                )
    return lines


def _is_numeric(fields: Sequence[str]) -> bool:
    filled = [field for field in fields if field]
    return bool(filled) and all(_PLAIN_NUMBER.fullmatch(field) for field in filled)

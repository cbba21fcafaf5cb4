"""Cases from a case list: an Excel sheet or a CSV file with a header row and one case per row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.domain import Case, InputError
from referee.workbook.case_headings import require_facts
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.cell_value import CellValue, UnreadableCell, one_line, plain_spaces
from referee.workbook.data_dictionary import DataDictionary
from referee.workbook.excel_file import UNPACKED_CASES_LIMIT, read_bytes
from referee.workbook.excel_package import SheetPart
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
class Row:
    """A filled row: where it stands as people count, and its values by position."""

    number: int
    place: str
    short_place: str
    values: Sequence[Any]

    def value(self, index: int) -> Any:
        return self.values[index] if index < len(self.values) else None


@no_garbage_collection()
def read_cases(
    path: str | Path,
    sheet: str = "",
    id_column: str = "",
    *,
    dictionary: DataDictionary | None = None,
    warn: Callable[[str], None] = lambda remark: None,
) -> list[Case]:
    """The cases of an .xlsx, .xlsm or .csv file, facts by column name; see ``CaseRows``.

    With the ``dictionary`` of a decision its required facts must be among the headings; see ``require_facts``.
    """
    rows = CaseRows(path, sheet, id_column)
    if dictionary is not None:
        rows.require_facts(dictionary, warn)
    return list(rows.cases())


@no_garbage_collection()
def read_case_list(path: str | Path, sheet: str = "", id_column: str | None = "") -> CaseList:
    """The cases of a file with their columns; see ``CaseRows``. Nothing is read by halves."""
    rows = CaseRows(path, sheet, id_column)
    return CaseList(rows.path, tuple(rows.columns), rows.id_column, tuple(rows.cases()))


class CaseRows:
    """The rows of a case list, to be read once as a stream. Without ``id_column`` the first column identifies the
    cases. With None nothing does: each case is known by its place (``row 7``), and what repeats is no fault.

    The header is the first filled row, or the first one that names ``id_column``. Blank rows are skipped,
    blank cells are None, text is trimmed, Excel numbers are exact decimals. In CSV (commas, dots for
    decimals, UTF-8) a column whose fields are all plain numbers without leading zeros is read as numbers.
    Formula cells give the value that Excel saved; a cell with an error or an unsaved formula is an
    ``UnreadableCell``, which the data dictionary reports as doubt.

    Raises InputError in one sentence for a file that is missing, not a case list, empty, without header or
    without the id column; and while rows are read, for none at all and for a blank or repeated case id
    (naming the rows): who acts on rows before the last has been read acts on a list that may be faulty.
    """

    def __init__(self, path: str | Path, sheet: str = "", id_column: str | None = "") -> None:
        self.path = path = Path(path)
        self.excel: ExcelFile | None = None
        self.sheet: SheetPart | None = None
        suffix = path.suffix.casefold()
        if suffix == ".csv":
            if sheet:
                raise InputError(f"{path}: a CSV file has no sheets; leave out the sheet `{sheet}`")
            self._place, self._rows = str(path), _csv_rows(path)
        elif suffix in EXCEL_SUFFIXES:
            self.excel = ExcelFile(path, UNPACKED_CASES_LIMIT)
            self.sheet = self.excel.sheet(sheet)
            self._place = f"{path}, sheet {self.sheet.name}"
            self._rows = _excel_rows(self.excel, self.sheet)
        else:
            read_bytes(path)
            raise InputError(
                f"{path}: cases are read from .xlsx, .xlsm and .csv files; save it as one of these"
            )
        self._has_ids = id_column is not None
        self.columns: dict[str, int] = {}
        """The position of each column, from 0, by name."""
        self.id_column = one_line(id_column or "")
        self.header_row = self._read_header()
        if self._has_ids:
            self.id_column = self.id_column or next(iter(self.columns))

    def require_facts(self, dictionary: DataDictionary, warn: Callable[[str], None]) -> None:
        """Raises InputError when a required fact of a decision has no column; see `case_headings.require_facts`."""
        row = self.header_row
        headings = {
            name: f"column {index + 1}"
            if self.excel is None
            else f"cell {column_letters(index + 1)}{row.number}"
            for name, index in self.columns.items()
        }
        require_facts(row.place, headings, dictionary, warn)

    def _read_header(self) -> Row:
        first_header: list[str] = []
        for row in self._rows:
            names = [one_line(str(value)) if value is not None else "" for value in row.values]
            first_header = first_header or names
            if not self.id_column or self.id_column in names:
                self.columns = _header(self._place, row, names)
                return row
        if first_header:
            names = [name for name in first_header if name]
            hint = did_you_mean(self.id_column, names)
            raise InputError(
                f"{self._place}: there is no column `{self.id_column}`{hint}; the first row has {', '.join(names)}"
            )
        raise InputError(f"{self._place}: the file holds no rows; the first row must name the columns")

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        """Each row below the header, with the id of its case."""
        seen: dict[str, int] = {}
        empty = True
        for row in self._rows:
            empty = False
            if not self._has_ids:
                yield row.short_place, row
                continue
            case_id = _case_id(row.value(self.columns[self.id_column]), row, self.id_column)
            if case_id in seen:
                kind, _, number = row.short_place.partition(" ")
                raise InputError(
                    f"{self._place}: the case `{case_id}` is there twice, in {kind} {seen[case_id]} and {kind} "
                    f"{number}; each `{self.id_column}` must be there once"
                )
            seen[case_id] = row.number
            yield case_id, row
        if empty:
            raise InputError(f"{self._place}: there is a header row but no case below it")

    def cases(self) -> Iterator[Case]:
        """Each row as a case, facts by column name."""
        for case_id, row in self:
            yield Case(case_id, {name: row.value(index) for name, index in self.columns.items()}, row.place)


def _header(place: str, row: Row, names: Sequence[str]) -> dict[str, int]:
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


def _case_id(value: Any, row: Row, column: str) -> str:
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


def _excel_rows(file: ExcelFile, sheet: SheetPart) -> Iterator[Row]:
    rows = _with_merged_values(file.rows(sheet), file.merged_areas(sheet))
    place = f"{file.path}, sheet {sheet.name}"
    for number, stored in rows:
        values: list[Any] = [None] * max(cell.column for cell in stored)
        for column, value, problem in stored:
            values[column - 1] = value if problem is None else _unreadable(problem, value)
        yield Row(number, f"{place}, row {number}", f"row {number}", values)


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


def _csv_rows(path: Path) -> Iterator[Row]:
    text = _csv_text(path)
    header: list[str] = []
    numeric: list[bool] = []
    for position, (_, fields) in enumerate(_csv_lines(path, text)):
        header = header or fields
        numeric += [True] * (len(fields) - len(numeric))
        for index, field in enumerate(fields if position else ()):
            numeric[index] = numeric[index] and (not field or _PLAIN_NUMBER.fullmatch(field) is not None)
    for position, (line, fields) in enumerate(_csv_lines(path, text)):
        if position and len(fields) != len(header):
            raise InputError(
                f"{path}, line {line}: the row has {len(fields)} fields, the header has {len(header)}; "
                "put fields that hold commas in double quotes"
            )
        values = [
            None if not field else Decimal(field) if position and numeric[index] else field
            for index, field in enumerate(fields)
        ]
        yield Row(line, f"{path}, line {line}", f"line {line}", values)


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


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The filled lines with their numbers, fields trimmed."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    is_first = True
    try:
        for fields in reader:
            trimmed = [plain_spaces(field).strip() for field in fields]
            if any(trimmed):
                if is_first and len(trimmed) == 1:
                    _require_commas(path, trimmed[0])
                is_first = False
                yield start, trimmed
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {start}: the line is not CSV ({error}); check its double quotes"
        ) from None


def _require_commas(path: Path, header: str) -> None:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if mark in header:
            raise InputError(f"{path}: the columns are separated by {name}; save it with commas, or as .xlsx")

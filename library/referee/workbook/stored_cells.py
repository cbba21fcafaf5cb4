"""The cells of an Excel file as it stores them, read as a stream: what each holds, and what can't be known.

Formats, formulas, pictures and everything else that says nothing about the content is passed over, so that
a sheet formatted down to its last row costs little more than its filled cells.
"""

from __future__ import annotations

import datetime
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from referee.domain import InputError
from referee.workbook.cell_place import cell_position
from referee.workbook.cell_value import TEXT_LIMIT, CellValue, exact_number, one_line, python_value
from referee.workbook.excel_file import UNPACKED_LIMIT
from referee.workbook.excel_package import WORKBOOK_PART, ExcelPackage, SheetPart
from referee.workbook.serial_date import Calendar, ShownAs, shown_as
from referee.workbook.xml_source import SourceElement, UnusableXml, XmlSource

MERGED_CELLS_LIMIT = 200_000
"""Cells that the merged areas of a sheet may cover; each of them gets the value of its area."""

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_CHUNK = 2**16
_TRUE = ("1", "true")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MERGED = re.compile(
    rb"""mergeCell\s[^>]*?ref\s*=\s*["']([A-Z$]{1,4}[0-9$]{1,8}:[A-Z$]{1,4}[0-9]{1,7})["']"""
)
_BUILT_IN_FORMATS = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 34, 35, 36), ShownAs.DATE),
    **dict.fromkeys((50, 51, 52, 53, 54, 55, 56, 57, 58), ShownAs.DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), ShownAs.TIME),
    22: ShownAs.DATE_AND_TIME,
    46: ShownAs.DURATION,
}


class Problem(Enum):
    """Why nobody can know what a cell means."""

    ERROR = "an error such as #N/A"
    NO_SAVED_VALUE = "a formula whose result was never saved"
    NO_DATE = "a number shown as a date that the calendar doesn't have"
    STRUCK = "a content that is struck out, in whole or in part"


class StoredCell(NamedTuple):
    """A filled cell. With a ``problem`` the value is the text of the error, the number that is no date, or what is
    struck out.
    """

    column: int
    value: CellValue
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class MergedArea:
    """A merged area by its first and last row and column, from 1."""

    top: int
    left: int
    bottom: int
    right: int


class ExcelFile:
    """An .xlsx or .xlsm file to read cells from. Macros, links and entities of it are never followed.

    Raises InputError in one sentence for a file that isn't a workbook, is damaged or protected, or unpacks
    to more than ``unpacked_limit`` bytes; the same while cells are read.
    """

    def __init__(self, path: Path, unpacked_limit: int = UNPACKED_LIMIT) -> None:
        self.path = path
        self._package = ExcelPackage(path, unpacked_limit)
        try:
            self.sheets: list[SheetPart] = self._package.sheets()
            properties = XmlSource(self._package.read(WORKBOOK_PART)).root.child("workbookPr")
            starts_1904 = properties is not None and properties.attributes.get("date1904") in ("1", "true")
            self.calendar = Calendar(starts_1904)
            self._styles = self._read_styles()
            self._strings = self._read_strings()
        except _DAMAGES as error:
            raise InputError(
                f"{path}: the workbook is damaged ({_first_line(error)}); "
                "open it in Excel, let Excel repair it and save"
            ) from error

    def sheet(self, name: str = "") -> SheetPart:
        """The named sheet, or the first that people see; case and spaces at the ends don't matter."""
        visible = [sheet for sheet in self.sheets if sheet.is_visible]
        if not name:
            if not visible:
                raise InputError(f"{self.path}: the workbook has no visible sheet")
            return visible[0]
        for sheet in self.sheets:
            if one_line(sheet.name).casefold() == one_line(name).casefold():
                return sheet
        names = ", ".join(f"`{sheet.name}`" for sheet in visible) or "none"
        raise InputError(f"{self.path}: there is no sheet `{name}`; the workbook has {names}")

    def shown(self, style: int) -> ShownAs | None:
        """What a cell style shows a number as; None for a number."""
        return self._styles[style].shown if style < len(self._styles) else None

    def rows(self, sheet: SheetPart) -> Iterator[tuple[int, list[StoredCell]]]:
        """The rows with filled cells, by their numbers, as a stream. Blank and space-only cells are left
        out.
        """
        scanner = _Scanner(self._strings, self._styles, self.calendar)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(sheet.part) as stream:
                while chunk := stream.read(_CHUNK):
                    yield from scanner.feed(chunk)
                yield from scanner.finish()
        except _DAMAGES as error:
            raise InputError(
                f"{self.path}, sheet {sheet.name}: the sheet is damaged ({_first_line(error)}); "
                "open the file in Excel and save it"
            ) from error

    def merged_areas(self, sheet: SheetPart) -> list[MergedArea]:
        """The merged areas of a sheet. Raises InputError where they cover more than any table does."""
        areas: dict[MergedArea, None] = {}
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(sheet.part) as stream:
                previous = b""
                while chunk := stream.read(2**20):
                    for reference in _MERGED.findall(previous + chunk):
                        first, _, last = reference.decode().partition(":")
                        areas[MergedArea(*cell_position(first), *cell_position(last))] = None
                    previous = chunk[-200:]
        except _DAMAGES as error:
            raise InputError(
                f"{self.path}, sheet {sheet.name}: the sheet is damaged ({_first_line(error)}); "
                "open the file in Excel and save it"
            ) from error
        size = sum((area.bottom - area.top + 1) * (area.right - area.left + 1) for area in areas)
        if size > MERGED_CELLS_LIMIT:
            raise InputError(
                f"{self.path}, sheet {sheet.name}: merged areas cover {size} cells; unmerge them"
            )
        return list(areas)

    def _read_styles(self) -> list[_Style]:
        """For each cell style what it shows a number as, if not as a number, and whether it strikes out."""
        part = self._package.related(WORKBOOK_PART, "styles")
        if not part or part not in self._package:
            return []
        root = XmlSource(self._package.read(part)).root
        kinds: dict[int, ShownAs | None] = dict(_BUILT_IN_FORMATS)
        formats, styles = root.child("numFmts"), root.child("cellXfs")
        for item in formats.children if formats is not None else ():
            kinds[int(item.attributes.get("numFmtId", "0"))] = shown_as(item.attributes.get("formatCode", ""))
        fonts = root.child("fonts")
        struck = [_strikes_out(font) for font in (fonts.children if fonts is not None else ())]
        struck_fonts = {number for number, is_struck in enumerate(struck) if is_struck}
        return [
            _Style(
                kinds.get(int(item.attributes.get("numFmtId", "0"))),
                int(item.attributes.get("fontId", "0")) in struck_fonts,
            )
            for item in (styles.children if styles is not None else ())
        ]

    def _read_strings(self) -> list[_SharedText]:
        """The texts that cells refer to by number, as they are read in cells."""
        part = self._package.related(WORKBOOK_PART, "sharedStrings")
        if not part or part not in self._package:
            return []
        scanner = _StringScanner()
        with zipfile.ZipFile(self.path) as archive, archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                scanner.parser.Parse(chunk, False)
            scanner.parser.Parse(b"", True)
        return scanner.strings


class _Style(NamedTuple):
    """What a cell style says about content: what it shows a number as, and whether it strikes it out."""

    shown: ShownAs | None
    strikes_out: bool


class _SharedText(NamedTuple):
    """A text that cells share, and whether a part of it is struck out."""

    text: str | None
    is_struck: bool


def _strikes_out(font: SourceElement) -> bool:
    strike = font.child("strike")
    return strike is not None and strike.attributes.get("val", "1") in _TRUE


class _Damage(ValueError):
    """What is wrong within a part, as a person would say it."""


_DAMAGES = (
    UnusableXml,
    _Damage,
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    RecursionError,
)
"""What a damaged file can cause; zip and XML have no common error."""


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise _Damage("it declares a document type, which no Excel file needs")

    parser.StartDoctypeDeclHandler = refuse
    return parser


class _Text:
    """The text between some tags, no longer than a cell can hold, and whether a run of it is struck out."""

    __slots__ = ("is_struck", "length", "pieces", "run_is_struck", "wanted")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.wanted = self.run_is_struck = self.is_struck = False

    def add(self, piece: str) -> None:
        if self.wanted:
            self.length += len(piece)
            if self.length > TEXT_LIMIT:
                raise _Damage(f"a cell holds more than {TEXT_LIMIT} characters")
            self.pieces.append(piece)
            if self.run_is_struck and not piece.isspace():
                self.is_struck = True

    def take(self) -> str:
        text = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
        self.pieces.clear()
        self.length = 0
        return text


class _StringScanner:
    """Shared strings: the runs of each joined, without the phonetic hints."""

    def __init__(self) -> None:
        self.strings: list[_SharedText] = []
        self._text = _Text()
        self._phonetic = 0
        self.parser = _parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.add

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "t":
            self._text.wanted = not self._phonetic
        elif tag == "r":
            self._text.run_is_struck = False
        elif tag == "strike":
            self._text.run_is_struck = attributes.get("val", "1") in _TRUE
        elif tag == "rPh":
            self._phonetic += 1

    def _end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag == "t":
            self._text.wanted = False
        elif tag == "rPh":
            self._phonetic -= 1
        elif tag == "si":
            self.strings.append(_SharedText(_cell_text(self._text.take()), self._text.is_struck))
            self._text.is_struck = self._text.run_is_struck = False


class _Scanner:
    """The cells of one sheet, from the bytes of its part."""

    def __init__(self, strings: list[_SharedText], styles: list[_Style], calendar: Calendar) -> None:
        self._strings = strings
        self._shown = [style.shown for style in styles]
        self._striking = {str(number) for number, style in enumerate(styles) if style.strikes_out}
        self._calendar = calendar
        self._done: list[tuple[int, list[StoredCell]]] = []
        self._row: list[StoredCell] = []
        self._row_number = self._column = 0
        self._in_data = self._has_formula = self._has_value = False
        self._phonetic = 0
        self._type = self._style = ""
        self._text = _Text()
        self._tags: dict[str, str] = {}
        self._parser = _parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.add

    def feed(self, chunk: bytes) -> list[tuple[int, list[StoredCell]]]:
        self._parser.Parse(chunk, False)
        done, self._done = self._done, []
        return done

    def finish(self) -> list[tuple[int, list[StoredCell]]]:
        self._parser.Parse(b"", True)
        return self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._local(name)
        if not self._in_data:
            self._in_data = tag == "sheetData"
        elif tag == "c":
            self._start_cell(attributes)
        elif tag == "v":
            self._has_value = self._text.wanted = True
        elif tag == "t":
            self._text.wanted = not self._phonetic
        elif tag == "f":
            self._has_formula = True
        elif tag == "row":
            self._row_number = int(attributes.get("r", self._row_number + 1))
            self._column = 0
            if not 0 < self._row_number <= LAST_ROW:
                raise _Damage(f"there is no row {self._row_number} in Excel")
        elif tag == "rPh":
            self._phonetic += 1
        elif tag == "r":
            self._text.run_is_struck = False
        elif tag == "strike":
            self._text.run_is_struck = attributes.get("val", "1") in _TRUE

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            row, self._column = cell_position(reference)
            if row != self._row_number:
                raise _Damage(f"the cell {reference} stands in row {self._row_number}")
        if self._column > LAST_COLUMN:
            raise _Damage(f"there is no column {self._column} in Excel")
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._has_formula = self._has_value = False

    def _end(self, name: str) -> None:
        tag = self._local(name)
        if tag == "c":
            if self._has_value or self._has_formula or self._text.pieces:
                self._end_cell()
        elif tag in ("v", "t"):
            self._text.wanted = False
        elif tag == "row":
            if self._row:
                self._done.append((self._row_number, self._row))
                self._row = []
        elif tag == "rPh":
            self._phonetic -= 1
        elif tag == "sheetData":
            self._in_data = False

    def _end_cell(self) -> None:
        text = self._text.take()
        problem = None
        is_struck = self._style in self._striking or self._text.is_struck
        value: CellValue
        if self._type == "s":
            value, runs_are_struck = self._strings[int(text)] if text else _SharedText(None, False)
            is_struck = is_struck or runs_are_struck
        elif self._type in ("str", "inlineStr"):
            value = _cell_text(text)
        elif not text.strip():
            if not self._has_formula:
                return
            value, problem = None, Problem.NO_SAVED_VALUE
        elif self._type == "n":
            value, problem = self._number(text)
        elif self._type == "b":
            value = text.strip() in ("1", "true")
        elif self._type == "e":
            value, problem = text.strip(), Problem.ERROR
        elif self._type == "d":
            value = python_value(datetime.datetime.fromisoformat(text.strip()))
        else:
            raise _Damage(f"a cell has the unknown type {self._type}")
        self._text.is_struck = self._text.run_is_struck = False
        if value is not None or problem is not None:
            if is_struck and problem is None:
                problem = Problem.STRUCK
            if len(self._row) >= LAST_COLUMN:
                raise _Damage(f"row {self._row_number} holds more cells than there are columns")
            self._row.append(StoredCell(self._column, value, problem))

    def _number(self, text: str) -> tuple[CellValue, Problem | None]:
        try:
            number = exact_number(int(text))
        except ValueError:
            number = exact_number(float(text))
        if not number.is_finite():
            raise _Damage(f"`{text}` is no number")
        style = int(self._style)
        kind = self._shown[style] if style < len(self._shown) else None
        if kind is None:
            return number, None
        if kind is ShownAs.TRUTH:
            return number != 0, None
        shown = self._calendar.value(number, kind)
        return (number, Problem.NO_DATE) if shown is None else (shown, None)

    def _local(self, name: str) -> str:
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tags[name] = name.rpartition(":")[2]
        return tag


def _cell_text(text: str) -> str | None:
    """The text of a cell with the characters that XML can't hold put back."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    value = python_value(text)
    return value if isinstance(value, str) else None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__

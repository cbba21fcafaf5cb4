"""New values for some cells of a sheet, put in while its part streams by; every other byte of it stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.parsers import expat

from referee.workbook.cell_place import cell_position, column_letters
from referee.workbook.xml_source import UnusableXml

_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_NAME = re.compile(rb"<[^\s/>]+")
_SPANS = re.compile(rb"""(\sspans\s*=\s*["'])([0-9]+):([0-9]+)(["'])""")
_TRUE = ("1", "true")

CellWriter = Callable[[str, str, int, Any], bytes]
"""Gives the source of a cell from the prefix of its tag, its reference, its style and its value."""


class FormulaInTheWay(ValueError):
    """A cell to be written holds a formula, or part of one; the text is the reference of the cell."""


class _Cell(NamedTuple):
    """A cell of the row at hand. ``end`` is known of those that are written."""

    column: int
    start: int
    has_reference: bool
    style: int | None
    end: int = 0


class SheetPatch:
    """Called with each piece of a sheet's part and with ``None`` at its end, it gives the new part piece by piece.

    ``cells`` gives the values to write by column for the number of a row; only rows that the part has can get any. A
    blank value empties its cell. Cells keep their style; a new one has that of its row or column. ``header_row`` is the
    row whose new cells look like the last one before them. Memory is bounded by the longest row.

    Raises FormulaInTheWay before a formula, an array or a data table would lose a cell, and UnusableXml.
    """

    def __init__(
        self,
        cells: Callable[[int], Mapping[int, Any]],
        write: CellWriter,
        header_row: int,
        last_column: int,
    ) -> None:
        self._cells = cells
        self._write = write
        self._header_row = header_row
        self._last_column = last_column
        self._buffer = bytearray()
        self._base = self._seen = 0
        self._out: list[bytes] = []
        self._in_data = self._is_past = False
        self._row_number = self._column = 0
        self._wanted: Mapping[int, Any] = {}
        self._row_cells: list[_Cell] = []
        self._row_style: int | None = None
        self._row_start = self._row_inner = 0
        self._column_styles: list[tuple[int, int, int]] = []
        self._tags: dict[str, str] = {}
        self._letters: dict[str, int] = {}
        self._inner = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.XmlDeclHandler = self._declared

    def __call__(self, piece: bytes | None) -> bytes:
        try:
            if piece is None:
                self._parser.Parse(b"", True)
                self._emit(self._base + len(self._buffer))
            else:
                if self._base == 0 and not self._buffer and piece[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise UnusableXml("is not UTF-8 text")
                self._buffer += piece
                self._parser.Parse(piece, False)
                if not self._wanted:
                    self._emit(self._seen)
        except expat.ExpatError as error:
            raise UnusableXml(f"is not well-formed ({error})") from None
        out, self._out = b"".join(self._out), []
        return out

    # --- what the parser tells

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._seen = self._parser.CurrentByteIndex
        tag = self._local(name)
        if not self._in_data:
            if self._is_past:
                return
            if tag == "sheetData":
                self._in_data = True
            elif tag == "dimension":
                self._widen_dimension(attributes.get("ref", ""))
            elif tag == "col":
                self._column_styles.append(
                    (
                        int(attributes.get("min", "0")),
                        int(attributes.get("max", "0")),
                        int(attributes.get("style", "0")),
                    )
                )
        elif tag == "row":
            self._start_row(attributes)
        elif self._wanted:
            if tag == "c":
                self._start_cell(attributes)
            elif tag == "f" and self._column in self._wanted:
                raise FormulaInTheWay(f"{column_letters(self._column)}{self._row_number}")
        if tag == "f" and attributes.get("t") in ("array", "dataTable"):
            self._require_outside(attributes.get("ref", ""))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row_number = int(attributes.get("r", self._row_number + 1))
        self._column = 0
        self._wanted = self._cells(self._row_number)
        if not self._wanted:
            return
        self._emit(self._seen)
        self._row_cells = []
        is_styled = attributes.get("customFormat") in _TRUE and "s" in attributes
        self._row_style = int(attributes["s"]) if is_styled else None
        self._row_start = self._seen
        self._row_inner = self._tag_end(self._seen)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else self._column_of(reference)
        style = int(attributes["s"]) if "s" in attributes else None
        self._row_cells.append(_Cell(self._column, self._seen, reference is not None, style))
        if self._column in self._wanted:
            self._inner = self._tag_end(self._seen)

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._letters.get(letters)
        if column is None:
            column = self._letters[letters] = cell_position(reference)[1]
        return column

    def _end(self, name: str) -> None:
        self._seen = self._parser.CurrentByteIndex
        if not self._in_data:
            return
        tag = self._local(name)
        if tag == "sheetData":
            self._in_data, self._is_past = False, True
        elif tag == "c" and self._column in self._wanted:
            end = self._inner if self._is_empty_tag(self._inner) else self._tag_end(self._seen)
            self._row_cells[-1] = self._row_cells[-1]._replace(end=end)
        elif tag == "row" and self._wanted:
            self._end_row(name)

    def _end_row(self, name: str) -> None:
        prefix = name[: -len("row")]
        is_empty = self._is_empty_tag(self._row_inner)
        opened = self._bytes(self._row_start, self._row_inner)
        if is_empty:
            opened = opened[:-2].rstrip() + b">"
        pieces = [_SPANS.sub(self._wider_spans, opened, count=1)]
        waiting = sorted(self._wanted)
        position = self._row_inner
        for cell in self._row_cells:
            if cell.has_reference and (not waiting or cell.column < waiting[0]):
                continue  # it stays as it is, and so does all before it that has not been given out
            pieces.append(self._bytes(position, cell.start))
            position = cell.start
            while waiting and waiting[0] < cell.column:
                pieces.append(self._new_cell(prefix, waiting.pop(0)))
            if waiting and waiting[0] == cell.column:
                column = waiting.pop(0)
                reference = f"{column_letters(column)}{self._row_number}"
                pieces.append(self._write(prefix, reference, cell.style or 0, self._wanted[column]))
                position = cell.end
            elif not cell.has_reference:
                # It had its place from the cell before it, and is told its place now.
                place = self._name_end(cell.start)
                pieces.append(self._bytes(cell.start, place))
                pieces.append(f' r="{column_letters(cell.column)}{self._row_number}"'.encode())
                position = place
        if not is_empty:
            pieces.append(self._bytes(position, self._seen))
        pieces += [self._new_cell(prefix, column) for column in waiting]
        end = self._row_inner if is_empty else self._tag_end(self._seen)
        closing = f"</{name}>".encode() if is_empty else self._bytes(self._seen, end)
        self._out += [*pieces, closing]
        self._drop(end)
        self._wanted = {}

    def _new_cell(self, prefix: str, column: int) -> bytes:
        value = self._wanted[column]
        if value is None:
            return b""
        style = self._row_style if self._row_style is not None else self._column_style(column)
        if self._row_number == self._header_row:
            before = [cell for cell in self._row_cells if cell.column < column and cell.style is not None]
            style = before[-1].style or 0 if before else style
        return self._write(prefix, f"{column_letters(column)}{self._row_number}", style, value)

    def _name_end(self, start: int) -> int:
        name = _NAME.match(self._buffer, start - self._base)
        assert name is not None, "the parser has found a tag here"
        return self._base + name.end()

    def _local(self, name: str) -> str:
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tags[name] = name.rpartition(":")[2]
        return tag

    def _column_style(self, column: int) -> int:
        return next((style for first, last, style in self._column_styles if first <= column <= last), 0)

    def _wider_spans(self, found: re.Match[bytes]) -> bytes:
        last = max(int(found[3]), self._last_column)
        return found[1] + found[2] + b":" + str(last).encode() + found[4]

    def _widen_dimension(self, reference: str) -> None:
        """Readers that trust the stated size of a sheet would not see columns beyond it."""
        first, _, last = reference.partition(":")
        try:
            (top, left), (bottom, right) = cell_position(first), cell_position(last or first)
        except ValueError:
            return
        wider = f"{column_letters(left)}{top}:{column_letters(max(right, self._last_column))}{bottom}"
        if right >= self._last_column:
            return
        end = self._tag_end(self._seen)
        self._emit(self._seen)
        written = self._bytes(self._seen, end)
        self._out.append(written.replace(reference.encode(), wider.encode(), 1))
        self._drop(end)

    def _require_outside(self, reference: str) -> None:
        """No cell to be written lies in the area of an array or data table."""
        first, _, last = reference.partition(":")
        try:
            (top, left), (bottom, right) = cell_position(first), cell_position(last or first)
        except ValueError:
            raise UnusableXml(f"has a formula for the area `{reference}`, which is none") from None
        for row in range(top, bottom + 1):
            wanted = self._wanted if row == self._row_number else self._cells(row)
            for column in wanted:
                if left <= column <= right:
                    raise FormulaInTheWay(f"{column_letters(column)}{row}")

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.casefold() not in ("utf-8", "us-ascii"):
            raise UnusableXml("is not UTF-8 text")

    def _refuse(self, *_: Any) -> None:
        raise UnusableXml("declares a document type, which no Excel file needs")

    # --- bytes that are not yet given out

    def _bytes(self, start: int, end: int) -> bytes:
        return bytes(self._buffer[start - self._base : end - self._base])

    def _tag_end(self, start: int) -> int:
        tag = _START_TAG.match(self._buffer, start - self._base)
        if tag is None:
            raise UnusableXml("is not UTF-8 text")
        return self._base + tag.end()

    def _is_empty_tag(self, inner: int) -> bool:
        return self._bytes(inner - 2, inner) == b"/>"

    def _emit(self, end: int) -> None:
        if end > self._base:
            self._out.append(self._bytes(self._base, end))
            self._drop(end)

    def _drop(self, end: int) -> None:
        del self._buffer[: end - self._base]
        self._base = end
        self._seen = max(self._seen, end)

"""Tables of any length in Excel files, written row by row so that memory doesn't grow with them.

The parts of the file are written as text: openpyxl takes eight times as long for the same cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from referee.workbook.cell_value import FORMULA_SIGNS, TRUTH_FORMAT, fits_in_cell, shortened
from referee.workbook.excel_file import written_excel_file
from referee.workbook.xml_source import escaped

SHEET_ROWS = 1_048_576
"""Rows that a sheet of Excel holds; what is longer goes on in another sheet."""

_WIDTH = 18
_AT_ONCE = 500
_LEVEL = 1
"""How hard to press: harder takes twice as long, and saves a tenth."""

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PLAIN, _BOLD, _QUOTED, _TRUTH = "", ' s="1"', ' s="2"', ' s="3"'
_FORMAT = escaped(TRUTH_FORMAT)
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="{_FORMAT}"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def write_long_table(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | bool | Decimal | None]],
    *,
    sheet: str,
    sheet_rows: int = SHEET_ROWS,
) -> int:
    """Writes sheets named ``sheet``, ``sheet 2``, … with a header row that stays in view. Gives the number of rows.

    Text is always text, never a formula, and numbers keep every digit: those that Excel can't hold exactly are text. An
    existing file is replaced in one step. Raises InputError where the file can't be written.
    """
    count = sheets = 0
    left = iter(rows)
    with written_excel_file(path) as stream:
        archive = ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        try:
            following = list(islice(left, 1))
            while following or not sheets:
                sheets += 1
                with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as part:
                    part.write(_sheet_head(columns).encode())
                    written = 1
                    here = chain(following, islice(left, sheet_rows - 1 - len(following)))
                    while batch := list(islice(here, _AT_ONCE)):
                        part.write(
                            "".join(_row(written + at, row) for at, row in enumerate(batch, 1)).encode()
                        )
                        written += len(batch)
                    part.write(b"</sheetData></worksheet>")
                count += written - 1
                following = list(islice(left, 1))
            names = [sheet, *(f"{sheet} {number}" for number in range(2, sheets + 1))]
            for name, text in _parts(names):
                archive.writestr(name, text)
            archive.close()
        except BaseException:
            archive.fp = None  # else it tries to finish the file when it is thrown away, and complains again
            raise
    return count


def _sheet_head(columns: Sequence[str]) -> str:
    cells = "".join(_text(_letters(at), 1, name, _BOLD) for at, name in enumerate(columns))
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{len(columns)}" width="{_WIDTH}" customWidth="1"/></cols>'
        f'<sheetData><row r="1">{cells}</row>'
    )


def _row(number: int, values: Sequence[Any]) -> str:
    cells = [_cell(_letters(at), number, value) for at, value in enumerate(values) if value is not None]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(column: str, row: int, value: str | bool | Decimal) -> str:
    if isinstance(value, str):
        return _text(column, row, value)
    if isinstance(value, bool):
        return f'<c r="{column}{row}"{_TRUTH} t="b"><v>{int(value)}</v></c>'
    if Decimal(repr(float(value))) == value and fits_in_cell(value):
        return f'<c r="{column}{row}"><v>{value:f}</v></c>'
    return _text(column, row, format(value, "f"))


def _text(column: str, row: int, text: str, style: str = _PLAIN) -> str:
    if not style and text.startswith(FORMULA_SIGNS):
        style = _QUOTED
    return (
        f'<c r="{column}{row}"{style} t="inlineStr"><is><t xml:space="preserve">{_content(text)}</t></is></c>'
    )


@lru_cache(maxsize=4096)
def _content(text: str) -> str:
    return escaped(shortened(text))


@cache
def _letters(at: int) -> str:
    """``A`` for 0, ``AA`` for 26."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text


def _parts(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The other parts of the file, by their names in it."""
    numbers = range(1, len(names) + 1)
    yield "xl/styles.xml", _STYLES
    sheets = "".join(
        f'<sheet name="{escaped(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId0" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    )

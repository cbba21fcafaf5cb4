"""Cells of people's own workbook that a bot fills, in the rows of its cases; all else in the file stays as it is."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.domain import InputError
from referee.workbook.case_sheet import EXCEL_SUFFIXES, CaseRows, Row
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_style import StyleVariants
from referee.workbook.cell_value import one_line
from referee.workbook.cell_writing import CellWriting
from referee.workbook.excel_file import UNPACKED_CASES_LIMIT
from referee.workbook.excel_package import WORKBOOK_PART, ExcelPackage, SheetPart
from referee.workbook.sheet_patch import FormulaInTheWay, SheetPatch
from referee.workbook.stored_cells import LAST_COLUMN, ExcelFile
from referee.workbook.workbook_in_use import content_sha256, require_replaceable
from referee.workbook.xml_source import UnusableXml, XmlSource

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_BEFORE_CALCULATION = (
    "sheets",
    "functionGroups",
    "externalReferences",
    "definedNames",
)
"""What stands before ``calcPr`` in a workbook part; the last of them that is there."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the cells are: the row of each case, and the column of each heading."""

    file: ExcelFile
    sheet: SheetPart
    header_row: int
    columns: Mapping[str, int]
    new: Collection[str]
    rows: Mapping[str, int]


def check_case_cells(
    path: Path,
    headings: Sequence[str],
    *,
    sheet: str = "",
    id_column: str = "",
    is_own: Callable[[str], bool] = lambda case_id: True,
) -> None:
    """Raises InputError in one sentence for what would keep ``write_case_cells`` from writing these columns now.

    ``is_own`` says of a case whether what stands in these columns of its row may be replaced; anything in the row of
    another is somebody else's, and refused.
    """
    layout = _find(path, headings, sheet, id_column, is_own)
    require_replaceable(path)
    written, rows = dict.fromkeys(layout.columns.values(), ""), set(layout.rows.values())
    patch = SheetPatch(
        lambda row: written if row in rows else {}, lambda *_: b"", layout.header_row, LAST_COLUMN
    )
    with _told(path, layout.sheet), zipfile.ZipFile(path) as archive, archive.open(layout.sheet.part) as part:
        while piece := part.read(2**16):
            patch(piece)


def write_case_cells(
    source: Path,
    target: Path,
    headings: Sequence[str],
    cells: Callable[[str], Sequence[Any] | None],
    *,
    sheet: str = "",
    id_column: str = "",
    as_read: str = "",
) -> frozenset[str]:
    """Writes the cells of cases into the workbook, or into a copy of it at ``target``. Gives the ids that have a row.

    ``cells`` gives for a case the values under the ``headings``, or None to leave its row alone. Columns are found by
    their heading, capital or not; a missing one is added behind the last, where nothing stands below. Rows are found by
    case id.
    Formulas, styles, validations, conditional formats, charts, pictures, pivot tables, comments, names, macros and
    other sheets keep their bytes; Excel is told to calculate formulas anew when it opens the file. The file is written
    in one step: a kill leaves the old or the new one. A file of 100,000 rows is never held in memory as a whole.

    Raises InputError in one sentence, and leaves the file as it was, where it isn't a workbook with the cases; is open
    elsewhere or read-only; was changed after its content had the sha256 ``as_read``, or while it was being written; has
    a formula in a cell to be written.
    """
    replaces = target == source
    if replaces:
        require_replaceable(source)
    found_sha256 = content_sha256(source)
    if replaces and as_read and found_sha256 != as_read:
        raise InputError(f"{source}: the file was changed since it was read")
    layout = _find(source, headings, sheet, id_column, lambda case_id: True)
    package = ExcelPackage(source, UNPACKED_CASES_LIMIT)

    def still_allowed() -> None:
        if replaces:
            require_replaceable(source)
            if content_sha256(source) != found_sha256:
                raise InputError(f"{source}: the file was changed while it was being written; try again")

    with _told(source, layout.sheet):
        _change(package, layout, headings, cells)
        package.save(target, still_allowed)
    return frozenset(layout.rows)


def _find(
    path: Path, headings: Sequence[str], sheet: str, id_column: str, is_own: Callable[[str], bool]
) -> _Layout:
    if path.suffix.casefold() not in EXCEL_SUFFIXES:
        raise InputError(
            f"{path}: cells are written into .xlsx and .xlsm files only; save it as one of these"
        )
    rows = CaseRows(path, sheet, id_column)
    assert rows.excel is not None and rows.sheet is not None, "the file is one of Excel"
    place = f"{path}, sheet {rows.sheet.name}"
    known = {name: _own_name(name, rows.columns) for name in headings}
    columns = {name: rows.columns[own] for name, own in known.items() if own is not None}
    for own in known.values():
        if own == rows.id_column:
            raise InputError(f"{place}: the column `{own}` identifies the cases; it is never written")
    taken = _filled(rows.header_row)
    places: dict[str, int] = {}
    for case_id, row in rows:
        taken |= _filled(row)
        places[case_id] = row.number
        for name, index in columns.items():
            if row.value(index) is not None and not is_own(case_id):
                raise InputError(
                    f"{place}, cell {column_letters(index + 1)}{row.number}: the column `{name}` holds something "
                    "that no bot has written; name another column"
                )
    new = [name for name in headings if name not in columns]
    first = max(rows.columns.values()) + 1
    while any(column in taken for column in range(first, first + len(new))):
        first += 1
    if first + len(new) > LAST_COLUMN:
        raise InputError(f"{place}: there is no room for {len(new)} more columns behind the last")
    columns |= {name: first + number for number, name in enumerate(new)}
    one_based = {name: column + 1 for name, column in columns.items()}
    return _Layout(rows.excel, rows.sheet, rows.header_row.number, one_based, frozenset(new), places)


def _own_name(heading: str, columns: Mapping[str, int]) -> str | None:
    """The name of the column that is meant."""
    if heading in columns:
        return heading
    folded = one_line(heading).casefold()
    return next((name for name in columns if name.casefold() == folded), None)


def _filled(row: Row) -> set[int]:
    return {index for index, value in enumerate(row.values) if value is not None}


def _change(
    package: ExcelPackage,
    layout: _Layout,
    headings: Sequence[str],
    cells: Callable[[str], Sequence[Any] | None],
) -> None:
    cases = {number: case_id for case_id, number in layout.rows.items()}

    def wanted(row: int) -> Mapping[int, Any]:
        if row == layout.header_row:
            return {layout.columns[name]: name for name in layout.new}
        values = cells(cases[row]) if row in cases else None
        if values is None:
            return {}
        return {layout.columns[name]: value for name, value in zip(headings, values, strict=True)}

    styles_part = package.related(WORKBOOK_PART, "styles")
    styles = StyleVariants(package.read(styles_part) if styles_part else b"<styleSheet/>")
    patch = SheetPatch(
        wanted, CellWriting(layout.file, styles), layout.header_row, max(layout.columns.values())
    )

    def streamed(piece: bytes | None) -> bytes:
        out = patch(piece)
        if piece is None and styles.has_variants:
            package.changed[styles_part] = styles.bytes()
        return out

    package.streamed[layout.sheet.part] = streamed
    package.late.add(styles_part)
    if _has_formulas(package):
        package.changed[WORKBOOK_PART] = _calculated_anew(package.read(WORKBOOK_PART))


def _has_formulas(package: ExcelPackage) -> bool:
    with zipfile.ZipFile(package.path) as archive:
        for sheet in package.sheets():
            with archive.open(sheet.part) as part:
                before = b""
                while piece := part.read(2**20):
                    if _FORMULA.search(before + piece):
                        return True
                    before = piece[-40:]
    return False


def _calculated_anew(content: bytes) -> bytes:
    """The workbook part, with the request that Excel calculates all formulas when it opens the file."""
    xml = XmlSource(content)
    settings = xml.root.child("calcPr")
    if settings is not None:
        if settings.attributes.get("fullCalcOnLoad") not in ("1", "true"):
            xml.set_attribute(settings, "fullCalcOnLoad", "1")
        return xml.bytes()
    prefix = f"{xml.root.prefix}:" if xml.root.prefix else ""
    before = [child for child in xml.root.children if child.tag in _BEFORE_CALCULATION]
    if before:
        xml.replace(before[-1].end, before[-1].end, f'<{prefix}calcPr fullCalcOnLoad="1"/>')
    return xml.bytes()


@contextmanager
def _told(path: Path, sheet: SheetPart) -> Iterator[None]:
    """Says what is wrong with a sheet to the person who must mend it."""
    place = f"{path}, sheet {sheet.name}"
    try:
        yield
    except FormulaInTheWay as error:
        raise InputError(
            f"{place}, cell {error}: there is a formula, which would be lost; name another column"
        ) from None
    except (UnusableXml, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{place}: cells can't be written into it ({error}); open the file in Excel and save it"
        ) from error

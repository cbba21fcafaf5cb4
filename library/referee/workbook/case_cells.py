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
from referee.workbook.excel_file import UNPACKED_CASES_LIMIT, file_sha256
from referee.workbook.excel_package import WORKBOOK_PART, ExcelPackage, SheetPart
from referee.workbook.sheet_patch import FormulaInTheWay, SheetPatch
from referee.workbook.stored_cells import LAST_COLUMN, ExcelFile
from referee.workbook.workbook_in_use import require_replaceable
from referee.workbook.xml_source import UnusableXml, XmlSource

_ATTEMPTS = 3
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_BEFORE_CALCULATION = (
    "sheets",
    "functionGroups",
    "externalReferences",
    "definedNames",
)
"""What stands before ``calcPr`` in a workbook part; the last of them that is there."""


@dataclass(frozen=True, slots=True)
class CellTarget:
    """The cells that a bot fills: the columns under ``headings`` in the rows of the cases of a sheet.

    ``facts`` are the columns that the cases were decided by. None of them may be written, and a row in which one of
    them has changed since the cases were read is told from one in which none has.
    """

    path: Path
    headings: Sequence[str]
    sheet: str = ""
    id_column: str = ""
    facts: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class WrittenCells:
    """The ids of the cases that have a row, and of those whose row was left alone as its facts had changed."""

    listed: frozenset[str]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the cells are: the row of each case, what its facts were, and the column of each heading."""

    file: ExcelFile
    sheet: SheetPart
    header_row: int
    columns: Mapping[str, int]
    new: Collection[str]
    rows: Mapping[str, int]
    facts: Mapping[str, int]


class _ChangedMeanwhile(InputError):
    """Somebody saved the file while it was being written."""


def check_case_cells(
    target: CellTarget, is_own: Callable[[str], bool] = lambda case_id: True
) -> Mapping[str, int]:
    """Raises InputError in one sentence for what would keep ``write_case_cells`` from writing these cells now.

    ``is_own`` says of a case whether what stands in these columns of its row may be replaced; anything in the row of
    another is somebody else's, and refused. Gives for each case what tells its facts from others, within this process.
    """
    layout = _find(target, is_own)
    require_replaceable(target.path)
    written, rows = dict.fromkeys(layout.columns.values(), ""), set(layout.rows.values())
    patch = SheetPatch(
        lambda row: written if row in rows else {}, lambda *_: b"", layout.header_row, LAST_COLUMN
    )
    with (
        _told(target.path, layout.sheet),
        zipfile.ZipFile(target.path) as archive,
        archive.open(layout.sheet.part) as part,
    ):
        while piece := part.read(2**16):
            patch(piece)
    return layout.facts


def write_case_cells(
    target: CellTarget,
    cells: Callable[[str], Sequence[Any] | None],
    *,
    into: Path | None = None,
    as_read: Mapping[str, int] | None = None,
) -> WrittenCells:
    """Writes the cells of cases into the workbook, or ``into`` a copy of it.

    ``cells`` gives for a case the values under the headings, or None to leave its row alone. Columns are found by
    their heading, capital or not; a missing one is added behind the last, where nothing stands below. Rows are found by
    case id. A row whose facts aren't those of ``as_read`` any more, which ``check_case_cells`` gave, is left alone.

    Formulas, styles, validations, conditional formats, charts, pictures, pivot tables, comments, names, macros and
    other sheets keep their bytes; Excel is told to calculate formulas anew when it opens the file. The file is written
    in one step: a kill leaves the old or the new one. A file of 100,000 rows is never held in memory as a whole.

    Raises InputError in one sentence, and leaves the file as it was, where it isn't a workbook with the cases; is open
    elsewhere or read-only; is saved by somebody else again and again while it is being written; has a formula in a cell
    to be written.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _written(target, cells, into or target.path, as_read)
        except _ChangedMeanwhile:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _written(
    target: CellTarget,
    cells: Callable[[str], Sequence[Any] | None],
    into: Path,
    as_read: Mapping[str, int] | None,
) -> WrittenCells:
    replaces = into == target.path
    if replaces:
        require_replaceable(target.path)
    found_sha256 = file_sha256(target.path)
    layout = _find(target)
    package = ExcelPackage(target.path, UNPACKED_CASES_LIMIT)
    changed = [
        case_id for case_id, facts in layout.facts.items() if as_read and as_read.get(case_id, facts) != facts
    ]
    left_alone = set(changed)

    def still_allowed() -> None:
        if replaces:
            require_replaceable(target.path)
        if file_sha256(target.path) != found_sha256:
            raise _ChangedMeanwhile(
                f"{target.path}: the file was changed while it was being written; try again"
            )

    with _told(target.path, layout.sheet):
        _change(package, layout, target, lambda case_id: None if case_id in left_alone else cells(case_id))
        package.save(into, still_allowed)
    return WrittenCells(frozenset(layout.rows), tuple(changed))


def _find(target: CellTarget, is_own: Callable[[str], bool] = lambda case_id: True) -> _Layout:
    path = target.path
    if path.suffix.casefold() not in EXCEL_SUFFIXES:
        raise InputError(
            f"{path}: cells are written into .xlsx and .xlsm files only; save it as one of these"
        )
    rows = CaseRows(path, target.sheet, target.id_column)
    assert rows.excel is not None and rows.sheet is not None, "the file is one of Excel"
    place = f"{path}, sheet {rows.sheet.name}"
    known = {name: own for name in target.headings if (own := _own_name(name, rows.columns)) is not None}
    facts = [index for name, index in rows.columns.items() if name in target.facts]
    _require_others(place, target, rows.id_column, known)
    columns = {name: rows.columns[own] for name, own in known.items()}
    taken = _filled(rows.header_row)
    places: dict[str, int] = {}
    digests: dict[str, int] = {}
    for case_id, row in rows:
        taken |= _filled(row)
        places[case_id] = row.number
        digests[case_id] = hash(tuple(str(row.value(index)) for index in facts))
        for name, index in columns.items():
            if row.value(index) is not None and not is_own(case_id):
                raise InputError(
                    f"{place}, cell {column_letters(index + 1)}{row.number}: the column `{name}` holds something "
                    "that no bot has written; name another column"
                )
    new = [name for name in target.headings if name not in columns]
    first = max(rows.columns.values()) + 1
    while any(column in taken for column in range(first, first + len(new))):
        first += 1
    if first + len(new) > LAST_COLUMN:
        raise InputError(f"{place}: there is no room for {len(new)} more columns behind the last")
    columns |= {name: first + number for number, name in enumerate(new)}
    one_based = {name: column + 1 for name, column in columns.items()}
    return _Layout(rows.excel, rows.sheet, rows.header_row.number, one_based, frozenset(new), places, digests)


def _require_others(place: str, target: CellTarget, id_column: str, known: Mapping[str, str]) -> None:
    """None of the headings is one that the cases are known or decided by, and none is there twice."""
    facts = {one_line(name).casefold() for name in target.facts}
    folded = [one_line(name).casefold() for name in target.headings]
    for name, plain in zip(target.headings, folded, strict=True):
        if not plain:
            raise InputError(f"{place}: a column to write needs a heading")
        if known.get(name) == id_column or plain == one_line(id_column).casefold():
            raise InputError(f"{place}: the column `{name}` identifies the cases; it is never written")
        if plain in facts:
            raise InputError(
                f"{place}: the cases are decided by the column `{name}`, so it is never written; name another"
            )
        if folded.count(plain) > 1:
            raise InputError(f"{place}: the column `{name}` is to be written twice; name another")


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
    target: CellTarget,
    cells: Callable[[str], Sequence[Any] | None],
) -> None:
    cases = {number: case_id for case_id, number in layout.rows.items()}

    def wanted(row: int) -> Mapping[int, Any]:
        if row == layout.header_row:
            return {layout.columns[name]: name for name in layout.new}
        values = cells(cases[row]) if row in cases else None
        if values is None:
            return {}
        return {layout.columns[name]: value for name, value in zip(target.headings, values, strict=True)}

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

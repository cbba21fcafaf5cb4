"""A copy of a workbook with notes in its cells, and everything else as it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from referee.domain import CellAddress, InputError
from referee.workbook.cell_comments import add_comments
from referee.workbook.cell_fill import FAULT_COLOUR, HINT_COLOUR, FilledStyles
from referee.workbook.cell_place import cell_position, column_letters
from referee.workbook.excel_file import UNPACKED_LIMIT
from referee.workbook.excel_package import WORKBOOK_PART, ExcelPackage, SheetPart
from referee.workbook.xml_source import SourceElement, UnusableXml, XmlSource

_COMMENT_LIMIT = 30_000


def annotate(
    source: str | Path,
    target: str | Path,
    notes: Mapping[CellAddress, Sequence[str]],
    hints: Collection[CellAddress] = (),
    legend: str = "",
) -> None:
    """Writes a copy of a workbook in which each cell named has its notes as a comment, and a colour.

    The cells in ``hints`` have a calmer colour than the others. ``legend`` stands as a comment in the first cell of the
    first sheet, which keeps its colour.

    Nothing else changes: values, formulas, styles, widths, other comments, validations, macros, charts and
    pictures keep their bytes, because only the XML around the named cells is touched. Where a cell has a
    comment, the notes come after it. A note about a whole sheet stands in its first cell, one about a sheet
    that isn't there in the first cell of the first sheet. The same notes give the same parts.

    Raises InputError in one sentence where the source can't be read or the target can't be written.
    """
    source, target = Path(source), Path(target)
    if target.exists() and target.resolve() == source.resolve():
        raise InputError(f"{target}: this is the workbook itself; name another file for the annotated copy")
    package = ExcelPackage(source, UNPACKED_LIMIT)
    try:
        _annotate(package, notes, hints, legend)
    except (UnusableXml, KeyError, ValueError) as error:
        raise InputError(
            f"{source}: the workbook can't be annotated ({error}); open it in Excel and save it"
        ) from error
    package.save(target)


def _annotate(
    package: ExcelPackage,
    notes: Mapping[CellAddress, Sequence[str]],
    hints: Collection[CellAddress],
    legend: str,
) -> None:
    by_sheet: dict[str, dict[tuple[int, int], list[str]]] = {}
    colours: dict[str, dict[tuple[int, int], str]] = {}
    sheets = package.sheets()
    for address, lines in notes.items():
        sheet, place, found = _place(package, sheets, address)
        texts = [line if found else f"{address}: {line}" for line in lines]
        if texts:
            by_sheet.setdefault(sheet.part, {}).setdefault(place, []).extend(texts)
            if address not in hints:
                colours.setdefault(sheet.part, {})[place] = FAULT_COLOUR
            else:
                colours.setdefault(sheet.part, {}).setdefault(place, HINT_COLOUR)
    if legend:
        sheet, place, _ = _place(package, sheets, CellAddress(""))
        by_sheet.setdefault(sheet.part, {}).setdefault(place, []).append(legend)
    styles_part = package.related(WORKBOOK_PART, "styles")
    styles = FilledStyles(package.read(styles_part))
    for part, places in by_sheet.items():
        xml = XmlSource(package.read(part))
        anchored: dict[tuple[int, int], list[str]] = {}
        coloured: dict[tuple[int, int], str] = {}
        merged = _merged_areas(xml.root)
        for place, texts in places.items():
            anchor = _anchor(place, merged)
            anchored.setdefault(anchor, []).extend(texts)
            colour = colours.get(part, {}).get(place)
            if colour is not None and coloured.get(anchor) != FAULT_COLOUR:
                coloured[anchor] = colour
        _colour(xml, coloured, styles)
        comments = {
            place: "\n".join(dict.fromkeys(texts))[:_COMMENT_LIMIT] for place, texts in anchored.items()
        }
        add_comments(package, part, xml, comments)
        package.changed[part] = xml.bytes()
    if by_sheet:
        package.changed[styles_part] = styles.bytes()


def _place(
    package: ExcelPackage, sheets: Sequence[SheetPart], address: CellAddress
) -> tuple[SheetPart, tuple[int, int], bool]:
    sheet = package.sheet(address.sheet) if address.sheet else None
    if sheet is not None:
        return sheet, cell_position(address.cell) if address.cell else (1, 1), bool(address.cell)
    visible = [item for item in sheets if item.is_visible]
    if not visible:
        raise ValueError("it has no visible sheet")
    return visible[0], (1, 1), False


# --- colours of cells


def _colour(xml: XmlSource, places: Mapping[tuple[int, int], str], styles: FilledStyles) -> None:
    data = xml.root.child("sheetData")
    if data is None or not styles.is_usable:
        raise ValueError("a sheet or the styles have no content")
    rows = _numbered_rows(data)
    wanted: dict[int, list[int]] = {}
    for place in sorted(places):
        wanted.setdefault(place[0], []).append(place[1])
    prefix = f"{data.prefix}:" if data.prefix else ""
    for number, columns in wanted.items():
        row = rows.get(number)
        if row is None:
            cells = "".join(
                _cell(
                    prefix,
                    number,
                    column,
                    styles.coloured(_column_style(xml.root, column), places[number, column]),
                )
                for column in columns
            )
            _insert_before(
                xml, data, _first_after(rows, number), f'<{prefix}row r="{number}">{cells}</{prefix}row>'
            )
            continue
        found = _numbered_cells(row)
        for column in columns:
            cell = found.get(column)
            if cell is not None:
                own = int(cell.attributes.get("s", "0"))
                xml.set_attribute(cell, "s", str(styles.coloured(own, places[number, column])))
                continue
            own_style = row.attributes.get("customFormat") in ("1", "true") and "s" in row.attributes
            style = int(row.attributes["s"]) if own_style else _column_style(xml.root, column)
            written = _cell(prefix, number, column, styles.coloured(style, places[number, column]))
            _insert_before(xml, row, _first_after(found, column), written)


def _cell(prefix: str, row: int, column: int, style: int) -> str:
    return f'<{prefix}c r="{column_letters(column)}{row}" s="{style}"/>'


def _first_after(elements: Mapping[int, SourceElement], position: int) -> SourceElement | None:
    later = [number for number in elements if number > position]
    return elements[min(later)] if later else None


def _insert_before(
    xml: XmlSource, parent: SourceElement, following: SourceElement | None, written: str
) -> None:
    if following is None:
        xml.append(parent, written)
    else:
        xml.replace(following.start, following.start, written)


def _numbered_rows(data: SourceElement) -> dict[int, SourceElement]:
    rows: dict[int, SourceElement] = {}
    number = 0
    for row in data.all("row"):
        number = int(row.attributes.get("r", number + 1))
        rows[number] = row
    return rows


def _numbered_cells(row: SourceElement) -> dict[int, SourceElement]:
    cells: dict[int, SourceElement] = {}
    column = 0
    for cell in row.all("c"):
        reference = cell.attributes.get("r", "")
        column = cell_position(reference)[1] if reference else column + 1
        cells[column] = cell
    return cells


def _column_style(root: SourceElement, column: int) -> int:
    columns = root.child("cols")
    for item in columns.children if columns is not None else ():
        if int(item.attributes.get("min", "0")) <= column <= int(item.attributes.get("max", "0")):
            return int(item.attributes.get("style", "0"))
    return 0


def _merged_areas(root: SourceElement) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    merged = root.child("mergeCells")
    areas = []
    for item in merged.children if merged is not None else ():
        first, _, last = item.attributes.get("ref", "").partition(":")
        areas.append((cell_position(first), cell_position(last or first)))
    return areas


def _anchor(
    place: tuple[int, int], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
) -> tuple[int, int]:
    """The cell that shows: a merged area shows only its first."""
    for (top, left), (bottom, right) in merged:
        if top <= place[0] <= bottom and left <= place[1] <= right:
            return top, left
    return place

"""Draws the pictures of workbooks in the documentation: python docs/draw_workbook.py

Needs LibreOffice (soffice), pdftoppm and Pillow.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageChops

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "library"))

from referee.domain import CellAddress, Diagnostic, RulesError  # noqa: E402
from referee.workbook import annotate, new_decision, read_workbook, write_workbook  # noqa: E402

PICTURES = REPOSITORY / "docs" / "pictures"
DOTS_PER_INCH = 80
MARGIN = 12


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = folder / "supplier_payments.xlsx"
        write_workbook(made, new_decision("supplier payments", author="Ann", day=datetime.date(2026, 1, 15)))
        save(sheets(made, ["Decision", "Facts", "Size", "Routing", "Tests"]), "new_decision.png")
        wrong = spoiled(made, {"Size!B6": ">>= 10", "Routing!D5": "atuo", "Routing!B7": "larg"})
        marked = folder / "annotated.xlsx"
        annotate(wrong, marked, faults_of(wrong))
        save(sheets(marked, ["Size", "Routing"]), "annotated_workbook.png")


def spoiled(path: Path, cells: dict[str, str]) -> Path:
    from openpyxl import load_workbook

    workbook = load_workbook(path)
    for place, value in cells.items():
        sheet, cell = place.split("!")
        workbook[sheet][cell].value = value
    target = path.with_name("wrong.xlsx")
    workbook.save(target)
    return target


def faults_of(path: Path) -> dict[CellAddress, list[str]]:
    found: list[Diagnostic] = []
    try:
        read_workbook(path)
    except RulesError as error:
        found = list(error.faults)
    notes: dict[CellAddress, list[str]] = {}
    for fault in found:
        if isinstance(fault.place, CellAddress):
            notes.setdefault(fault.place, []).append(fault.message)
    return notes


def sheets(
    path: Path,
    names: list[str],
    *,
    grid: bool = False,
    marked: Mapping[str, Sequence[str]] = MappingProxyType({}),
    widths: Mapping[str, float] = MappingProxyType({}),
) -> list[Any]:
    """A picture of each sheet named, as LibreOffice prints it, without the paper around it.

    ``grid`` shows the letters and numbers of columns and rows, ``marked`` colours cells of a sheet, ``widths`` are
    those of columns (in characters), 0 leaves one out.
    """
    from openpyxl import load_workbook
    from openpyxl.styles import PatternFill
    from openpyxl.worksheet.properties import PageSetupProperties

    workbook = load_workbook(path)
    for sheet in list(workbook.sheetnames):
        if sheet not in (*names, "Choices"):
            del workbook[sheet]
    for sheet in workbook.worksheets:
        sheet.sheet_state = "visible" if sheet.title in names else "hidden"
        sheet.print_options.headings = sheet.print_options.gridLines = grid
        if grid:
            sheet.page_setup.orientation = "landscape"
            sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
            sheet.page_setup.fitToHeight = 0
        for cell in marked.get(sheet.title, ()):
            sheet[cell].fill = PatternFill("solid", fgColor="FFE066")
        for column, width in widths.items():
            sheet.column_dimensions[column].width = width
            sheet.column_dimensions[column].hidden = not width
    printed = path.with_name(f"{path.stem}_printed.xlsx")
    workbook.save(printed)
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(path.parent)]
    subprocess.run([*command, str(printed)], check=True, capture_output=True)
    pages = path.with_name(f"{path.stem}_page")
    for earlier in path.parent.glob(f"{pages.name}-*.png"):
        earlier.unlink()
    command = ["pdftoppm", "-r", str(DOTS_PER_INCH), "-png", str(printed.with_suffix(".pdf")), str(pages)]
    subprocess.run(command, check=True)
    return [cropped(Image.open(page)) for page in sorted(path.parent.glob(f"{pages.name}-*.png"))]


def cropped(page: Any) -> Any:
    page = page.convert("RGB")
    inked = ImageChops.difference(page, Image.new("RGB", page.size, "white")).getbbox()
    return page.crop(inked)


def save(parts: list[Any], name: str) -> None:
    """The pictures under each other, with few colours, so that the file stays small."""
    width = max(part.width for part in parts) + 2 * MARGIN
    picture = Image.new("RGB", (width, sum(part.height + 2 * MARGIN for part in parts)), "white")
    top = MARGIN
    for part in parts:
        picture.paste(part, (MARGIN, top))
        top += part.height + 2 * MARGIN
    picture.quantize(64).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()

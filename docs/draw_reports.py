"""Draws the pictures of reports in the reviewer guide: python docs/draw_reports.py

Runs the commands that the guide shows, in a folder of their own, and takes pictures of the pages they write.
Needs Chromium (chromium, or another name of it in $CHROMIUM) and Pillow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "pictures"
RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from referee.cli import main; main()"

LOANS = "decision_tables/loan_applications.xlsx"
FAULTS = {"Routing!D11": "<<= 0.15", "Routing!E11": "autoo"}
FINDINGS = {"Affordability!B14": "(0..0.35]", "Eligibility!A2": "U", "Routing!C8": "-"}
CHANGED = {"Routing!D8": "<= 0.4", "Decision!B2": "1.1"}
LOWERED = {"Routing!D11": "<= 0.09"}
DELETED_TEST = "insurance denied, tight"
APPLICATION = {
    "rownames": "A-17",
    "pirat": "0.44",
    "hirat": "0.25",
    "lvrat": "0.85",
    "chist": "2",
    "mhist": "2",
    "phist": "no",
    "unemp": "3.2",
    "selfemp": "no",
    "insurance": "no",
    "condomin": "no",
    "single": "yes",
    "hschool": "yes",
}

PAGES: Mapping[str, tuple[str, Mapping[str, str], str, int, int]] = {
    "check_report": ("check my_copy.xlsx", FINDINGS, "", 1000, 0),
    "test_report": ("test my_copy.xlsx", LOWERED, DELETED_TEST, 1000, 860),
    "diff_report": (f"diff {LOANS} my_copy.xlsx --cases march.csv", CHANGED, "", 1000, 0),
    "case_page": (f"explain {LOANS} --cases applications.csv --case A-17", {}, "", 1240, 960),
    "workbook_page": ("show decision_tables/invoice_approval.xlsx", {}, "", 1240, 865),
}
"""The command of each page; what is changed in `my_copy.xlsx`; the width of the window, and how much of the page is
shown (0: all of it)."""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        desk = Path(name)
        prepare(desk)
        for picture, (command, cells, deleted_test, width, height) in PAGES.items():
            save_changed(desk / LOANS, desk / "my_copy.xlsx", cells, deleted_test)
            page = desk / f"{picture}.html"
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    RUN,
                    str(REPOSITORY / "library"),
                    *command.split(),
                    "--html",
                    str(page),
                ],
                cwd=desk,
                stdout=subprocess.DEVNULL,
                check=False,  # commands that find something end with 1
            )
            draw(page, PICTURES / f"{picture}.png", width, height)


def prepare(desk: Path) -> None:
    """The decisions of the repository, the made-up applications as last month's cases, and the case to explain."""
    for folder in ("decision_tables", "models"):
        shutil.copytree(REPOSITORY / folder, desk / folder)
    cases = REPOSITORY / "bots" / "loan_applications" / "input" / "example_applications.csv"
    shutil.copy(cases, desk / "march.csv")
    (desk / "applications.csv").write_text(f"{','.join(APPLICATION)}\n{','.join(APPLICATION.values())}\n")


def save_changed(source: Path, target: Path, cells: Mapping[str, str], deleted_test: str = "") -> None:
    """A copy of a workbook with other texts in some cells, and without a test."""
    from openpyxl import load_workbook

    workbook = load_workbook(source)
    for place, text in cells.items():
        sheet, cell = place.split("!")
        workbook[sheet][cell] = text
    if deleted_test:
        tests = workbook["Tests"]
        tests.delete_rows(next(cell.row for cell in tests["A"] if cell.value == deleted_test))
    workbook.save(target)


def draw(page: Path, picture: Path, width: int, height: int) -> None:
    """The page in a window of that width, down to ``height`` or to the end of what is written."""
    from PIL import Image, ImageChops

    shot = page.with_suffix(".png")
    command = [
        os.environ.get("CHROMIUM", "chromium"),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={page.parent / 'chromium'}",
        f"--window-size={width},{height or 4000}",
        f"--screenshot={shot}",
        page.as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True)
    seen = Image.open(shot).convert("RGB")
    if not height:
        background = Image.new("RGB", seen.size, seen.getpixel((2, seen.height - 2)))
        inked = ImageChops.difference(seen, background).getbbox()
        seen = seen.crop((0, 0, width, (inked[3] if inked else seen.height) + 24))
    seen.quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main()

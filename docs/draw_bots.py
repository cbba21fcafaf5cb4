"""Draws the pictures of the bot guide: python docs/draw_bots.py [KIND ...]

Walks the guide as it is written, in a folder of its own, and takes each picture where the guide shows it. KIND limits
it to the pictures of these kinds of bots: spreadsheet, web, desktop, greenscreen.
Needs Chromium with chromedriver, LibreOffice (soffice), pdftoppm, Pillow, and what bots of these kinds need.
"""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import draw_reports
import draw_workbook
from guide_walk import LIBRARY, Walk
from PIL import Image

GUIDE = Path(__file__).with_name("bot-guide.md")
PICTURES = draw_reports.PICTURES
RULES = "decision_tables/pay_suppliers.xlsx"
CASES = "bots/pay_suppliers/input/cases.xlsx"
RESULTS = "output/pay_suppliers/results.xlsx"
HOME = "/home/ann/bots"
"""Stands in pictures for the folder in which they were drawn."""
WINDOW = (1000, 3000)
FOLDED = 1.0
"""Seconds in which log.html unfolds what was clicked."""

TERMINAL = """<!doctype html><meta charset="utf-8"><style>body {{ margin: 0; background: #101418 }}
pre {{ margin: 14px 18px; color: #d5d9de; font: 13px/17px "DejaVu Sans Mono", monospace; white-space: pre-wrap }}
b {{ color: #8fd18f }}</style><pre>{}</pre>"""

PORTAL = """\
*** Settings ***
Resource          resources/ap_portal.resource
Suite Teardown    Close Accounts Payable Portal

*** Tasks ***
Portal
    Open Accounts Payable Portal
    VAR    &{facts}    invoice=2026-117    vendor=Nordwind Papier GmbH    document type=invoice    currency=EUR
    ...    amount=${{decimal.Decimal("412.50")}}    invoice date=${{datetime.date(2026, 3, 2)}}
    VAR    &{case}    id=DOC-1001    facts=${facts}
    Post Invoice In Portal    ${case}
    Find Posting In Portal    2026-117
    Set Window Size    900    420
    Capture Page Screenshot    ${OUTPUT DIR}${/}portal.png
"""

DESKTOP = """\
*** Settings ***
Resource          resources/supplier_accounts.resource
Suite Teardown    Close Supplier Accounts

*** Tasks ***
Desktop Program
    Open Supplier Accounts
    VAR    &{facts}    request=BD-1001    supplier=70010    iban=DE89370400440532013000    bic=COBADEFFXXX
    ...    account holder=Nordwind Papier GmbH
    VAR    &{case}    id=BD-1001    facts=${facts}
    ${entry}=    Bank Details Of Case    ${case}
    Show Bank Details    ${case}
    Fill In Window    SA30 Bank details    &{entry}
    Press Keys    f10
    Wait For Window    Saved
    Keep Picture    saved
"""

GREEN_SCREEN = """\
*** Settings ***
Resource          resources/credit_desk.resource
Suite Teardown    Close Credit Desk

*** Tasks ***
Green Screen
    Open Credit Desk
    VAR    &{facts}    request=CR-1001    customer=100120    current limit=${50000}    requested limit=${58000}
    VAR    &{case}    id=CR-1001    facts=${facts}
    ${change}=    Credit Change For Case    ${case}
    Choose Customer    ${change}
    Enter Change    ${change}
    Take Screen Picture    ${OUTPUT DIR}/green_screen.html
"""


def main(kinds: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        desk = Path(name) / "bots"
        desk.mkdir()
        walk = Walk(desk, [kind for kind in kinds if kind != "spreadsheet"])

        def draw(picture: str) -> None:
            kind, drawing = DRAWINGS.get(picture, ("", None))
            if drawing is not None and kind in kinds:
                drawing(walk, PICTURES / f"{picture}.png")

        walk.shown = draw
        walk.through(GUIDE)


def terminal(walk: Walk, picture: Path) -> None:
    """The last two commands with what they printed."""
    text = "\n".join(
        f"<b>$ {html.escape(command)}</b>\n{html.escape(printed.rstrip())}"
        for command, printed in walk.printed[-2:]
    )
    page = walk.desk.parent / "terminal.html"
    page.write_text(TERMINAL.format(text.replace(str(walk.desk), HOME)), encoding="utf-8")
    draw_reports.draw(page, picture, 720, 0)


def rules_before(walk: Walk, picture: Path) -> None:
    sheets = draw_workbook.sheets(walk.desk / RULES, ["Size", "Routing"], grid=True)
    draw_workbook.save(sheets, picture.name)


def rule_changed(walk: Walk, picture: Path) -> None:
    changed = {"Size": ("B5", "B6", "D6")}
    rules = draw_workbook.sheets(walk.desk / RULES, ["Size"], grid=True, marked=changed)
    case = {"Results": ("A7", "B7", "D7", "J7")}
    results = draw_workbook.sheets(
        walk.desk / RESULTS, ["Results"], grid=True, marked=case, widths={"F": 0, "G": 40, "H": 0, "I": 0}
    )
    draw_workbook.save([*rules, *results], picture.name)


def written_back(walk: Walk, picture: Path) -> None:
    """With wider columns, as a person makes them."""
    sheets = draw_workbook.sheets(walk.desk / CASES, ["Cases"], grid=True, widths={"E": 46, "F": 13})
    draw_workbook.save(sheets, picture.name)


def first_log(walk: Walk, picture: Path) -> None:
    """The first cases, below the keyword that processes them."""
    with Log(walk.desk / "output/pay_suppliers/log.html") as log:
        log.unfold("s1-t1")
        process = log.named("Process Cases")
        log.unfold(process)
        log.unfold(f"{process}-k1")
        log.save(picture, f"#{process}", f"#{process}", height=606)


def failed_log(walk: Walk, picture: Path) -> None:
    with Log(walk.desk / "output/pay_suppliers/log.html") as log:
        log.save(picture, "#s1-t1", "#s1-t1")


def changed_screen(walk: Walk, picture: Path) -> None:
    """From the message that says what is missing to the picture of the screen."""
    with Log(walk.desk / "output/host_updated/log.html") as log:
        keep = log.named("Keep Credit Desk Screen")
        log.unfold(keep)
        log.unfold(log.named("Take Screen Picture"))
        fail = log.named("Fail")
        log.save(picture, f"#{fail}", f"#{keep}", height=728)


def portal(walk: Walk, picture: Path) -> None:
    seen = Image.open(run_suite(walk, PORTAL) / "portal.png")
    shrunk(seen.crop((0, 0, seen.width, 260)), picture)


def portal_changed(walk: Walk, picture: Path) -> None:
    seen = Image.open(walk.desk / "output/portal_updated/portal-1.png")
    shrunk(seen.crop((0, 0, seen.width, 310)), picture)


def desktop_program(walk: Walk, picture: Path) -> None:
    shrunk(Image.open(run_suite(walk, DESKTOP) / "saved-1.png"), picture)


def desktop_changed(walk: Walk, picture: Path) -> None:
    shrunk(Image.open(walk.desk / "output/program_updated/screen-changed-1.png"), picture)


def green_screen(walk: Walk, picture: Path) -> None:
    page = run_suite(walk, GREEN_SCREEN) / "green_screen.html"
    draw_reports.draw(page, picture, 716, 452)
    shrunk(Image.open(picture).crop((8, 8, 716, 452)), picture)


DRAWINGS: Mapping[str, tuple[str, Callable[[Walk, Path], None]]] = {
    "first_run": ("spreadsheet", terminal),
    "first_log": ("spreadsheet", first_log),
    "rules_before": ("spreadsheet", rules_before),
    "rule_changed": ("spreadsheet", rule_changed),
    "failed_log": ("spreadsheet", failed_log),
    "written_back": ("spreadsheet", written_back),
    "portal": ("web", portal),
    "portal_changed": ("web", portal_changed),
    "desktop_program": ("desktop", desktop_program),
    "desktop_changed": ("desktop", desktop_changed),
    "green_screen": ("greenscreen", green_screen),
    "changed_screen": ("greenscreen", changed_screen),
}
"""How each picture of the guide is drawn, with the kind of bots that it needs."""


def run_suite(walk: Walk, suite: str) -> Path:
    """Runs a suite among the bots of the walk; returns its output folder."""
    folder = walk.desk.parent / "suite"
    folder.mkdir(exist_ok=True)
    (folder / "suite.robot").write_text(suite, encoding="utf-8")
    output = folder / "output"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "robot",
            "--rpa",
            "--outputdir",
            str(output),
            "--pythonpath",
            ".",
            str(folder),
        ],
        cwd=walk.desk,
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        capture_output=True,
        check=True,
    )
    return output


class Log:
    """A log.html in a browser, unfolded as a reader does it."""

    def __init__(self, page: Path) -> None:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        width, height = WINDOW
        for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(option)
        options.add_argument(f"--window-size={width},{height}")
        driver = webdriver.ChromeService(os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver"))
        self._browser = webdriver.Chrome(options, driver)
        self._browser.get(page.as_uri())
        time.sleep(FOLDED)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.quit()

    def unfold(self, element: str) -> None:
        header = f"#{element} > .element-header"
        self._browser.execute_script(
            f"const header = document.querySelector('{header}');"
            "if (header.classList.contains('closed')) header.click();"
        )
        time.sleep(FOLDED)

    def named(self, keyword: str) -> str:
        """The id of the first keyword of this name."""
        script = (
            "return [...document.querySelectorAll('.keyword')].find("
            "one => one.querySelector('.name').textContent.trim().endsWith(arguments[0])).id"
        )
        found: str = self._browser.execute_script(script, keyword)
        return found

    def save(self, picture: Path, first: str, last: str, height: int = 0) -> None:
        """The page from the top of what one selector finds to the bottom of what the other does, or that high."""
        shot = picture.with_suffix(".shot.png")
        script = (
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [box.top, box.bottom]"
        )
        top = self._browser.execute_script(script, first)[0]
        bottom = self._browser.execute_script(script, last)[1]
        bottom = top + height if height else bottom
        self._browser.save_screenshot(str(shot))
        seen = Image.open(shot).convert("RGB")
        shot.unlink()
        shrunk(seen.crop((20, int(top) - 4, seen.width, int(bottom) + 6)), picture)


def shrunk(seen: Any, picture: Path) -> None:
    """Few colours, so that the file stays small."""
    seen.convert("RGB").quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["spreadsheet", "web", "desktop", "greenscreen"])

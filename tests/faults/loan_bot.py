"""The loan bot in a folder of its own, with applications made up here; each offer it makes is a file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

SOUND: Mapping[str, Any] = {
    "rownames": "A-1",
    "pirat": 0.3,
    "hirat": 0.2,
    "lvrat": 0.7,
    "chist": 1,
    "mhist": 1,
    "phist": "no",
    "unemp": 3,
    "selfemp": "no",
    "insurance": "no",
    "condomin": "no",
    "single": "no",
    "hschool": "yes",
}
"""An application that is offered a loan automatically."""


class LoanBot:
    """``repository`` is copied as far as the bot needs it; its output stays in ``folder``."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.folder = folder
        self._library = repository / "library"
        for name in ("bots", "resources", "decision_tables", "models"):
            shutil.copytree(repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.workbook = folder / "decision_tables" / "loan_applications.xlsx"
        self.model = folder / "models" / "loan_denial"
        self.audit = folder / "output" / "audit"
        self.apply({})

    def apply(self, *changes: Mapping[str, Any]) -> None:
        """Write the applications: sound ones but for the changes, numbered from A-1."""
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        sheet.append(list(SOUND))
        for number, change in enumerate(changes, 1):
            sheet.append(list({**SOUND, "rownames": f"A-{number}", **change}.values()))
        book.save(self.folder / "applications.xlsx")

    def set_cells(self, sheet: str, cells: Mapping[str, Any]) -> None:
        book = openpyxl.load_workbook(self.workbook)
        for cell, value in cells.items():
            book[sheet][cell].value = value
        book.save(self.workbook)

    def find_cell(self, sheet: str, value: Any) -> str:
        """Where the only cell with this value stands."""
        rows = openpyxl.load_workbook(self.workbook)[sheet].iter_rows()
        (found,) = [cell.coordinate for row in rows for cell in row if cell.value == value]
        return str(found)

    def decide(self, *options: str) -> subprocess.CompletedProcess[str]:
        """The command `referee decide`, with the audit log that the bot uses."""
        program = ["-c", "from referee.cli import main; main()", "decide"]
        given = [str(self.workbook.relative_to(self.folder)), "--cases", "applications.xlsx"]
        return self._run(
            [*program, *given, "--audit", "output/audit", "--out", "output/decided.xlsx", *options]
        )

    def robot(self) -> subprocess.CompletedProcess[str]:
        """The bot, started as `robot.yaml` does."""
        return self._run(
            [
                *("-m", "robot", "--rpa", "--consolewidth", "2000", "--pythonpath", "."),
                *("--outputdir", "output/bot", "--variable", "APPLICATIONS:applications.xlsx"),
                "bots/loan_applications/tasks.robot",
            ]
        )

    def decided(self) -> dict[str, tuple[str, str]]:
        """Route and reasons of each case in the workbook that `referee decide` wrote; empty without one."""
        return self._results(self.folder / "output" / "decided.xlsx")

    def settled(self) -> dict[str, tuple[str, str]]:
        """The same of the bot."""
        return self._results(self.folder / "output" / "bot" / "results.xlsx")

    def offers(self) -> list[str]:
        """The applications for which an offer was written."""
        letters = (self.folder / "output" / "bot" / "letters").glob("offer-*.txt")
        return sorted(letter.stem.removeprefix("offer-") for letter in letters)

    def _results(self, path: Path) -> dict[str, tuple[str, str]]:
        if not path.exists():
            return {}
        header, *rows = openpyxl.load_workbook(path)["Results"].iter_rows(values_only=True)
        case, route, reasons = (header.index(name) for name in ("rownames", "route", "reasons"))
        return {str(row[case]): (str(row[route]), str(row[reasons])) for row in rows}

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self._library), "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

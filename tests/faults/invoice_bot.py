"""The invoice bot in a folder of its own: real commands, real browser, real portal, few invoices."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl

from bots.invoice_approval.generate_input import make_invoices, make_sheets
from referee.audit.canonical_json import parse_json

PATIENCE = 120.0
"""Seconds after which a moment that has not come is a failure; far beyond what a slow machine needs."""


class InvoiceBot:
    """``repository`` is copied as far as the bot needs it; its output stays in ``folder``."""

    def __init__(self, repository: Path, folder: Path, stories: Callable[[str], bool]) -> None:
        self.folder = folder
        self._library = repository / "library"
        for name in ("bots", "resources", "decision_tables", "models"):
            shutil.copytree(repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        invoices = [invoice for invoice in make_invoices() if stories(invoice.story)]
        self.documents = [str(invoice.cells["Document"]) for invoice in invoices]
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, rows in make_sheets(invoices).items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(folder / "few_invoices.xlsx")

    @property
    def workbook(self) -> Path:
        return self.folder / "decision_tables" / "invoice_approval.xlsx"

    @property
    def audit(self) -> Path:
        return self.folder / "output" / "audit"

    @property
    def log(self) -> Path:
        return self.audit / "audit.jsonl"

    @property
    def database(self) -> Path:
        return self.folder / "output" / "bot" / "ap_portal" / "postings.sqlite"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._library)}

    def start(self, *options: str, program: str = "robot") -> subprocess.Popen[bytes]:
        """The bot as a process. What it says goes to ``said.txt``."""
        with (self.folder / "said.txt").open("wb") as said:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", program, "--rpa", "--pythonpath", "."),
                    *("--outputdir", "output/bot", "--variable", "INVOICES:few_invoices.xlsx", *options),
                    "bots/invoice_approval/tasks.robot",
                ],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def run(self) -> tuple[int, str]:
        """To the end: its exit code and what it said."""
        code = self.start().wait(timeout=PATIENCE)
        return code, self.said

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")

    def records(self, *kinds: str) -> list[dict[str, Any]]:
        """The whole records of the log, also while it is being written, without lines that a kill tore."""
        content = self.log.read_bytes() if self.log.exists() else b""
        found = []
        for line in content[: content.rfind(b"\n") + 1].splitlines():
            with contextlib.suppress(ValueError):
                found.append(parse_json(line))
        return [record for record in found if not kinds or record["kind"] in kinds]

    def statuses(self) -> Counter[str]:
        """How often each status of an action is in the log."""
        return Counter(str(record["payload"]["status"]) for record in self.records("action"))

    def postings(self) -> Counter[str]:
        """How often each document stands in the portal's own database."""
        if not self.database.exists():
            return Counter()
        uri = self.database.as_uri() + "?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            tables = connection.execute("select count(*) from sqlite_master where name = 'postings'")
            if not tables.fetchone()[0]:
                return Counter()
            return Counter(row[0] for row in connection.execute("select invoice from postings"))

    def outbox(self) -> list[Path]:
        return sorted((self.folder / "output" / "bot" / "outbox").glob("*.eml"))


def wait_for(bot: subprocess.Popen[bytes], moment: Callable[[], bool]) -> bool:
    """Whether the moment came before the bot ended."""
    until = time.monotonic() + PATIENCE
    while not moment():
        if bot.poll() is not None:
            return moment()
        assert time.monotonic() < until, "the moment did not come and the bot did not end"
        time.sleep(0.002)
    return True


def cases_of(records: Iterable[dict[str, Any]]) -> Counter[str]:
    return Counter(str(record["payload"]["case"]) for record in records)

"""The credit limits bot in a folder of its own: real commands, real terminal, real host, few requests."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from bots.credit_limits.generate_input import COLUMNS, CUSTOMERS
from referee.audit.canonical_json import parse_json
from referee.workitems import WorkItem, WorkQueue
from resources.legacy.credit_host.journal import read_customers

QUEUE = "credit limits"
PATIENCE = 120.0


class CreditBot:
    """``kinds`` says of each request what it is like: plain (a bot may do it), unhappy (sales is asked) or people."""

    def __init__(self, repository: Path, folder: Path, kinds: list[str]) -> None:
        self.folder = folder
        self.journal = folder / "output" / "bot" / "credit_desk" / "journal.sqlite"
        self._library = repository / "library"
        for name in ("bots", "resources", "decision_tables"):
            shutil.copytree(repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        tasks = folder / "bots" / "credit_limits" / "tasks.robot"
        text = tasks.read_text(encoding="utf-8")
        process = f"Process Work Items    {QUEUE}"
        assert text.count(process) == 1
        tasks.write_text(
            text.replace(process, f"{process}    lease=1 second    pause=1 second"), encoding="utf-8"
        )
        customers = [one for one in read_customers(CUSTOMERS).values() if one.limit <= 150_000]
        self.kinds = {f"CR-{number:02}": kind for number, kind in enumerate(kinds, 1)}
        lines = [",".join(COLUMNS)]
        for (request, kind), customer in zip(self.kinds.items(), customers, strict=False):
            raised = customer.limit + (0 if kind == "people" else 5000)
            complaints = int(kind == "unhappy")
            lines.append(f"{request},{customer.number},{customer.limit},{raised},0,95,9,{complaints}")
        assert len(lines) == len(kinds) + 1, "there are too few customers"
        (folder / "requests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def audit(self) -> Path:
        return self.folder / "output" / "audit"

    def start(self, *options: str, own_group: bool = False) -> subprocess.Popen[bytes]:
        """The bot as a process. What it says goes to ``said.txt``. With ``own_group``, Ctrl-C can be sent to it and to
        what it has started, as a terminal window does.
        """
        with (self.folder / "said.txt").open("wb") as said:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "referee.keywords.bot_process", "--rpa", "--pythonpath", "."),
                    *("--outputdir", "output/bot", "--variable", "REQUESTS:requests.csv", *options),
                    "bots/credit_limits/tasks.robot",
                ],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self._library)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=own_group,
            )

    def run(self, *options: str) -> tuple[int, str]:
        """To the end: its exit code and what it said."""
        code = self.start(*options).wait(timeout=PATIENCE)
        return code, self.said

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")

    def records(self, *kinds: str) -> list[dict[str, Any]]:
        """The whole records of the log, also while it is being written, without lines that a kill tore."""
        log = self.audit / "audit.jsonl"
        content = log.read_bytes() if log.exists() else b""
        found = []
        for line in content[: content.rfind(b"\n") + 1].splitlines():
            with contextlib.suppress(ValueError):
                found.append(parse_json(line))
        return [record for record in found if record["kind"] in kinds]

    def statuses(self) -> Counter[str]:
        """How often each status of an action is in the log."""
        return Counter(str(record["payload"]["status"]) for record in self.records("action"))

    def changes(self) -> Counter[str]:
        """How often each request stands in the host's own journal."""
        if not self.journal.exists():
            return Counter()
        with closing(sqlite3.connect(self.journal.as_uri() + "?mode=ro", uri=True, timeout=10)) as database:
            tables = database.execute("select count(*) from sqlite_master where name = 'changes'")
            if not tables.fetchone()[0]:
                return Counter()
            return Counter(row[0] for row in database.execute("select reference from changes"))

    def items(self) -> dict[str, WorkItem]:
        queue = WorkQueue(self.folder / "output" / "queue.sqlite")
        try:
            return {item.key: item for item in queue.items(QUEUE)}
        finally:
            queue.close()

    def questions(self) -> int:
        return len(list((self.folder / "output" / "bot" / "sales").glob("*.txt")))

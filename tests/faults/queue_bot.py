"""A bot of the repository in a folder of its own that works on a queue: real commands, real systems, few requests."""

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

from referee.audit.canonical_json import parse_json
from referee.workitems import WorkItem, WorkQueue

PATIENCE = 120.0


class QueueBot:
    """``books`` are the system's own records below the output folder, with a table of changes; their column ``request``
    names the request. An item that failed is ready again after ``pause``.
    """

    def __init__(
        self,
        repository: Path,
        folder: Path,
        bot: str,
        queue: str,
        books: str,
        request: str,
        pause: str = "1 second",
    ) -> None:
        self.folder = folder
        self.books = folder / "output" / "bot" / books
        self._bot, self._queue, self._request = bot, queue, request
        self._library = repository / "library"
        for name in ("bots", "resources", "decision_tables"):
            shutil.copytree(repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        tasks = folder / "bots" / bot / "tasks.robot"
        text = tasks.read_text(encoding="utf-8")
        process = f"Process Work Items    {queue}"
        assert text.count(process) == 1
        tasks.write_text(
            text.replace(process, f"{process}    lease=1 second    pause={pause}"), encoding="utf-8"
        )

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
                    f"bots/{self._bot}/tasks.robot",
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
        process = self.start(*options)
        try:
            code = process.wait(timeout=PATIENCE)
        finally:
            process.kill()
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
        """How often each request stands in the system's own records."""
        if not self.books.exists():
            return Counter()
        with closing(sqlite3.connect(self.books.as_uri() + "?mode=ro", uri=True, timeout=10)) as database:
            tables = database.execute("select count(*) from sqlite_master where name = 'changes'")
            if not tables.fetchone()[0]:
                return Counter()
            return Counter(row[0] for row in database.execute(f"select {self._request} from changes"))

    def items(self) -> dict[str, WorkItem]:
        queue = WorkQueue(self.folder / "output" / "queue.sqlite")
        try:
            return {item.key: item for item in queue.items(self._queue)}
        finally:
            queue.close()

"""Walks a guide as it is written: runs its commands, makes its changes, and holds what it says against what is printed.

A comment before a block says what the block is:

    <!-- run -->                  commands that end with 0; `run, ends with 1` is about the last of them
    <!-- run: web -->             the same, for those who have what this kind of bot needs
    <!-- says -->                 lines that the commands before it printed; … stands for anything
    <!-- change: FILE -->         lines of a file: those with - go, those with + come
    <!-- cells: FILE -->          a table with the columns sheet, cell, before and then
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARY = REPOSITORY / "library"
REFEREE = "import sys; sys.argv[0] = 'referee'; from referee.cli import main; main()"
PATIENCE = 180
"""Seconds for one command, also on a busy machine."""

_STEPS = re.compile(
    r"<!-- (?P<mark>run|says|change|cells)(?:: (?P<about>[^,>]+?))?(?:, ends with (?P<code>\d))? -->\n"
    r"(?:```[^\n]*\n(?P<block>.*?)```|(?P<table>(?:\|[^\n]*\n)+))"
    r"|!\[[^\]]*\]\(pictures/(?P<picture>\w+)\.png\)",
    flags=re.DOTALL,
)


@dataclass(slots=True)
class Walk:
    """A walk through a guide in the folder ``desk``.

    ``printed`` holds each command with what it printed, in order. ``kinds`` names the kinds of bots whose commands are
    run besides those that everybody can run. ``shown`` is told each picture that the guide shows, when it is due.
    """

    desk: Path
    kinds: Collection[str] = ()
    shown: Callable[[str], None] | None = None
    printed: list[tuple[str, str]] = field(default_factory=list)
    _last: str = ""

    def through(self, guide: Path) -> None:
        for step in _STEPS.finditer(guide.read_text(encoding="utf-8")):
            block = step["block"] or step["table"]
            match step["mark"]:
                case "run" if not step["about"] or step["about"] in self.kinds:
                    self._run(block, int(step["code"] or 0))
                case "says":
                    self._compare(block)
                case "change":
                    change_lines(self.desk / step["about"], block)
                case "cells":
                    type_cells(self.desk / step["about"], block)
                case None if self.shown is not None:
                    self.shown(step["picture"])

    def _run(self, block: str, code: int) -> None:
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        self._last = ""
        for line in lines:
            expected = code if line == lines[-1] else 0
            program, *words = shlex.split(line, comments=True)
            assert program == "referee", line
            done = subprocess.run(
                [sys.executable, "-c", REFEREE, *words],
                cwd=self.desk,
                env={**os.environ, "PYTHONPATH": str(LIBRARY), "PYTHONUTF8": "1", "COLUMNS": "100"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,  # the page says how each command ends
                encoding="utf-8",
                timeout=PATIENCE,
            )
            self.printed.append((line, done.stdout))
            self._last += done.stdout
            assert done.returncode == expected, f"{line}: ended with {done.returncode}\n{done.stdout}"

    def _compare(self, block: str) -> None:
        """Each line that the guide quotes was printed; spaces at the end, and where lines were broken, don't matter."""
        printed = " ".join(self._last.split())
        for line in block.splitlines():
            pattern = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("…"))
            assert re.search(pattern, printed), f"not printed: {line}\n{self._last}"


def change_lines(path: Path, block: str) -> None:
    """Takes out the lines that begin with - and puts those with + in their place."""
    old = "".join(f"{line[1:]}\n" for line in block.splitlines() if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in block.splitlines() if not line.startswith("-"))
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has these lines {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def type_cells(path: Path, table: str) -> None:
    """Types into a workbook what a person would; what stood there before has to be what the table says."""
    from openpyxl import load_workbook

    workbook = load_workbook(path)
    for sheet, place, before, then in table_rows(table):
        cell = workbook[sheet][place]
        assert cell.value in (typed(before), before), (
            f"{sheet}, {place}: {cell.value!r} instead of {before!r}"
        )
        if cell.value is None:  # Excel goes on with the format of the row above
            cell.number_format = cell.offset(row=-1).number_format
        cell.value = typed(then)
    workbook.save(path)


def table_rows(table: str) -> Iterator[list[str]]:
    """The rows of a table in Markdown without its head; the marks of code left out."""
    for line in table.splitlines()[2:]:
        yield [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def typed(text: str) -> str | float | bool | None:
    """What Excel makes of what is typed."""
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    try:
        return float(text)
    except ValueError:
        return text or None

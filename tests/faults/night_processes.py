"""The processes of a night: which there are, what each is, and whether any is left at the end.

All that is started for the night bears its mark in the environment. Programs like browsers overwrite the environment of
their children, so whatever descends from a marked process belongs to the night, too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import psutil

MARK = "REFEREE_NIGHT"

WATCHER, BOT, SUPERVISOR = "watcher", "bot", "supervisor"
BROWSER, TAB, DRIVER = "browser", "browser tab", "chromedriver"
DESKTOP, DISPLAY, TERMINAL = "desktop program", "Xvfb", "s3270"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Seen:
    """A process of the night. Its start tells it from a later one with the same number."""

    pid: int
    started: float
    parent: int
    kind: str
    command: str

    @property
    def is_alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def kill(self) -> bool:
        """At once. False when it had ended already."""
        if not self.is_alive:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return True

    def __str__(self) -> str:
        return f"{self.kind} (pid {self.pid}): {self.command[:120]}"


class Processes:
    """Everything that was ever seen of a night. ``look`` often: what nobody saw can't be looked for at the end."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._known: dict[tuple[int, float], Seen | None] = {}

    def look(self) -> list[Seen]:
        """Those that run now. ``known`` remembers strangers as well, so that each is looked at once."""
        ours: dict[int, Seen] = {}
        strangers: list[tuple[tuple[int, float], psutil.Process]] = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                key = (process.pid, process.create_time())
                if key not in self._known:
                    if self._bears_mark(process):
                        self._known[key] = _seen(process, key)
                    else:
                        strangers.append((key, process))
                        continue
                if (seen := self._known[key]) is not None:
                    if seen.kind == OTHER:
                        # It may have become another program since.
                        seen = self._known[key] = _seen(process, key)
                    if process.status() != psutil.STATUS_ZOMBIE:
                        ours[seen.pid] = seen
        for key, process in strangers:
            with suppress(psutil.Error):
                self._known[key] = _seen(process, key) if process.ppid() in ours else None
                if (seen := self._known[key]) is not None:
                    ours[seen.pid] = seen
        return list(ours.values())

    def alive(self) -> list[Seen]:
        """Those of all that were ever seen that have not ended."""
        self.look()
        return [seen for seen in self._known.values() if seen is not None and seen.is_alive]

    def _bears_mark(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(MARK) == self._mark)
        except (psutil.Error, OSError):
            return False


def below(top: Seen, processes: Iterable[Seen]) -> list[Seen]:
    """Those that descend from one, and it."""
    processes = list(processes)
    found, pids = [top], {top.pid}
    while more := [one for one in processes if one.parent in pids and one.pid not in pids]:
        found += more
        pids |= {one.pid for one in more}
    return found


def _seen(process: psutil.Process, key: tuple[int, float]) -> Seen:
    words = process.cmdline()
    return Seen(*key, process.ppid(), _kind(process.name(), words), " ".join(words))


def _kind(name: str, words: list[str]) -> str:
    if "chromedriver" in name:
        return OTHER if any("supervise.py" in word for word in words) else DRIVER
    if name.startswith("chrom") and "crashpad" not in name:
        kinds = [word for word in words if word.startswith("--type=")]
        return BROWSER if not kinds else TAB if kinds == ["--type=renderer"] else OTHER
    if any(word.endswith("supervise.py") for word in words[:3]):
        return SUPERVISOR
    if name == "Xvfb":
        return DISPLAY
    if name == "s3270":
        return TERMINAL
    modules = [after for word, after in pairwise(words) if word == "-m"]
    kinds_of_modules = {
        "referee.cli.main": WATCHER,
        "robot": BOT,
        "referee.keywords.bot_process": BOT,
        "supplier_accounts": DESKTOP,
    }
    return kinds_of_modules.get(modules[0], OTHER) if modules else OTHER

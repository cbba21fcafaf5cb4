"""The kills of a night: which kinds of programs, how many, and at which moments."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from night_books import count_records
from night_items import SYSTEMS, System
from night_processes import (
    BOT,
    BROWSER,
    DESKTOP,
    DISPLAY,
    DRIVER,
    SUPERVISOR,
    TAB,
    TERMINAL,
    WATCHER,
    Processes,
    Seen,
    below,
)
from night_systems import SharedSystem

PORTAL, HOST, CRASH = "portal", "host", "bot with watcher and supervisors"
VICTIMS = (BOT, BROWSER, DRIVER, DESKTOP, DISPLAY, PORTAL, HOST, CRASH, SUPERVISOR, TERMINAL, WATCHER, TAB)
LAST = 0.85
"""The share of finished items after which all are left in peace."""
LONGEST_MOMENT = 3.0


class Kills:
    """So many kills, spread over the night. Each kind of program is killed once before any is killed twice."""

    def __init__(
        self,
        count: int,
        chance: random.Random,
        folder: Path,
        processes: Processes,
        shared: Mapping[str, SharedSystem],
    ) -> None:
        self._chance = chance
        self._folder = folder
        self._processes = processes
        self._shared = shared
        self._due = sorted(chance.uniform(0.0, LAST) for _ in range(count))
        kinds: list[str] = []
        while len(kinds) < count:
            kinds += chance.sample(VICTIMS, len(VICTIMS))
        # The green screen is the quickest: later there may be no terminal any more.
        self._kinds = sorted(kinds[:count], key=lambda kind: kind != TERMINAL)

    def kill_if_due(self, progress: float, running: Sequence[Seen]) -> str:
        """The kind that was killed: the first in the list of which there is one now. Empty if nothing was."""
        if not self._due or progress < self._due[0]:
            return ""
        for kind in self._kinds:
            if self._kill_one_of(kind, running):
                self._kinds.remove(kind)
                self._due.pop(0)
                return kind
        return ""

    def _kill_one_of(self, kind: str, running: Sequence[Seen]) -> bool:
        if kind in self._shared:
            if not self._shared[kind].runs:
                return False
            self._moment(of_changes=0.5)
            self._shared[kind].kill()
            return True
        there = [seen for seen in running if seen.kind == (BOT if kind == CRASH else kind)]
        if not there:
            return False
        system = self._moment(of_changes=0.5 if kind in (BOT, CRASH) else 0.0)
        if system is not None:
            there = [seen for seen in there if f"{system.name}.robot" in seen.command] or there
        victim = self._chance.choice(there)
        return self._crash(victim) if kind == CRASH else victim.kill()

    def _crash(self, bot: Seen) -> bool:
        """With all who could clear up after it; browsers, displays and programs are left to themselves."""
        running = self._processes.look()
        above = [one for one in running if one.pid == bot.parent and one.kind == WATCHER]
        victims = [*above, *(one for one in below(bot, running) if one.kind in (BOT, SUPERVISOR))]
        return sum(one.kill() for one in victims) > 0

    def _moment(self, of_changes: float) -> System | None:
        """Any moment; or, so often, the one when a system has just made a change that nobody has been told of: that
        system.
        """
        if self._chance.random() >= of_changes:
            time.sleep(self._chance.uniform(0, 0.5))
            return None
        before = {system.name: count_records(self._folder, system) for system in SYSTEMS}
        until = time.monotonic() + LONGEST_MOMENT
        while time.monotonic() < until:
            for system in SYSTEMS:
                if count_records(self._folder, system) > before[system.name]:
                    return system
            time.sleep(0.01)
        return None

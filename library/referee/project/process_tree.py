"""Every process that a bot has started, however it was started, so that none is left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_PAUSE = 0.05


def adopt_orphans() -> None:
    """Processes whose parent ends become children of this one, so that none gets out of sight. Linux alone has this."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class ProcessTree:
    """A process, started in a group of its own, and all that came from it.

    On Linux these are found in /proc, also those that left the group or whose parent has ended, if ``adopt_orphans``
    was called before the start; elsewhere they are the process group, on Windows the processes below one that still
    runs. ``before`` are children of ours that were there already and are left alone.
    """

    def __init__(self, process: subprocess.Popen[bytes], before: frozenset[int]) -> None:
        self._process = process
        self._before = before

    def left_behind(self) -> dict[int, str]:
        """The processes that run beside the first one, by their numbers, with their names."""
        if sys.platform != "linux":
            return {}
        parents, names = _processes()
        found: set[int] = set()
        grown = {os.getpid()}
        while grown:
            grown = {pid for pid, parent in parents.items() if parent in grown and pid not in self._before}
            grown -= found
            found |= grown
        return {pid: names[pid] for pid in found if pid != self._process.pid}

    def end(self, patience: float) -> list[str]:
        """Waits for what the bot left behind to end by itself, then asks it to, then kills; gives what was ended."""
        if self._wait(lambda: not self.left_behind(), patience):
            if sys.platform != "linux":
                self._signal_group()
            return []
        ended = sorted(set(self.left_behind().values()))
        self._send_to_all(signal.SIGTERM)
        if not self._wait(lambda: not self.left_behind(), patience / 2):
            self.kill()
        return ended

    def kill(self) -> None:
        """All at once, the first process too."""
        if sys.platform == "win32":
            command = ["taskkill", "/T", "/F", "/PID", str(self._process.pid)]
            subprocess.run(command, capture_output=True, check=False)
            return
        self._signal_group()
        # A process may start another while it is being looked for; the next look finds it.
        self._wait(self._killed, 5.0)
        with suppress(ProcessLookupError):
            self._process.kill()

    def _killed(self) -> bool:
        if sys.platform != "win32":
            self._send_to_all(signal.SIGKILL)
        return not self.left_behind()

    def _send_to_all(self, number: signal.Signals) -> None:
        for pid in self.left_behind():
            with suppress(ProcessLookupError, PermissionError):  # it ended just now, or runs as another user
                os.kill(pid, number)

    def _signal_group(self) -> None:
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):  # nobody is left in it
                os.killpg(self._process.pid, signal.SIGKILL)

    @staticmethod
    def _wait(done: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        return True


def children() -> frozenset[int]:
    """The processes that this one has started and that still run, where the system tells."""
    if sys.platform != "linux":
        return frozenset()
    parents, _ = _processes()
    return frozenset(pid for pid, parent in parents.items() if parent == os.getpid())


def _processes() -> tuple[dict[int, int], dict[int, str]]:
    """Parents and names of all processes that run, without those that have ended and only wait to be noticed."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(errors="replace")
        except OSError:
            continue  # it ended just now
        name = text[text.index("(") + 1 : text.rindex(")")]
        state, parent = text[text.rindex(")") + 2 :].split()[:2]
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
            names[int(entry.name)] = name
    return parents, names

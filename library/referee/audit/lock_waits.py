"""Long waits for a lock, and who holds it meanwhile."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_LOGGER = logging.getLogger(__name__)
_LONG_SECONDS = 3.0


@contextmanager
def watched(descriptor: int, path: str) -> Iterator[None]:
    """While somebody waits for the lock of this open file. A wait of some seconds is told once on the console of the
    process, with the holder as far as the system says who that is, and logged when it is over.
    """
    waiting = _Wait(descriptor, path)
    _watcher.add(waiting)
    try:
        yield
    finally:
        _watcher.waits.remove(waiting)
    if waiting.holder:
        seconds = time.monotonic() - waiting.since
        _LOGGER.info("waited %.0f s for %s, which %s had locked", seconds, path, waiting.holder)


@dataclass(slots=True, eq=False)
class _Wait:
    descriptor: int
    path: str
    since: float = field(default_factory=time.monotonic)
    holder: str = ""  # when it was told


class _Watcher:
    """A thread that tells: the one that waits in the system can't. Robot Framework takes no log messages from other
    threads, so they go to the console.
    """

    def __init__(self) -> None:
        self.waits: list[_Wait] = []
        self._thread = threading.Thread()

    def add(self, waiting: _Wait) -> None:
        self.waits.append(waiting)
        if (
            not self._thread.is_alive()
        ):  # most processes never wait; a forked child has no thread of its parent
            self._thread = threading.Thread(target=self._watch, name="lock waits", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(_LONG_SECONDS / 4)
            for waiting in tuple(self.waits):
                if not waiting.holder and time.monotonic() - waiting.since >= _LONG_SECONDS:
                    waiting.holder = holder(waiting.descriptor)
                    _tell(
                        f"waiting for {waiting.path}, which {waiting.holder} has locked; if that one hangs, end it"
                    )


def _tell(message: str) -> None:
    if sys.__stderr__ is not None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            print(message, file=sys.__stderr__, flush=True)


_watcher = _Watcher()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watcher.waits.clear)


def holder(descriptor: int) -> str:
    """Who holds the lock, by the kernel's table of locks; another process where that can't be told."""
    try:
        status = os.fstat(descriptor)
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()  # "1: FLOCK ADVISORY WRITE 4711 fe:00:2828111 0 EOF"
            if fields[1] != "FLOCK" or not fields[5].endswith(f":{status.st_ino}"):
                continue
            major, minor, _ = fields[5].split(":")
            if (int(major, 16), int(minor, 16)) == (os.major(status.st_dev), os.minor(status.st_dev)):
                name = Path(f"/proc/{int(fields[4])}/comm").read_text(encoding="utf-8", errors="replace")
                return f"process {fields[4]} ({name.strip()})"
    except (OSError, ValueError, IndexError):
        pass  # another system, or a holder that has just ended
    return "another process"

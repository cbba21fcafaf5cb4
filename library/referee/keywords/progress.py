"""Progress of a run on the terminal, for those who watch; silent for those who don't."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

REFRESH_SECONDS = 0.1
WIDTH = 30


class Progress:
    """A bar on the real terminal; nothing at all where the output is a file, as with scheduled bots.

    Robot Framework redirects ``sys.stdout`` while a keyword runs, so the bar writes to the process's own.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._stream = sys.__stdout__ if sys.__stdout__ is not None and sys.__stdout__.isatty() else None
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None and self._shown_at:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def show(self, settled: int, cases: int) -> None:
        """The number of cases settled so far."""
        now = time.monotonic()
        if self._stream is None or (now - self._shown_at < REFRESH_SECONDS and settled < cases):
            return
        self._shown_at = now
        filled = WIDTH * settled // max(cases, 1)
        self._stream.write(f"\r{self._title} [{'█' * filled}{'░' * (WIDTH - filled)}] {settled}/{cases}")
        self._stream.flush()

"""Being asked to stop: what is in hand is finished first."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")
"""Those of schedulers, Ctrl-C, and Ctrl-Break, which only Windows has."""


class StopRequest:
    """While it is entered, a first signal to stop only asks for it; a second one stops as Robot Framework does.

    Called, it says why there should be no next item: empty as long as nobody asked. In another thread than the main
    one signals stay as they are.
    """

    def __init__(self) -> None:
        self._reason = ""
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> str:
        return self._reason

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                if hasattr(signal, name):
                    number = signal.Signals[name]
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._reason = f"stopped by request ({signal.Signals(number).name})"
        self._restore()
        print(
            "\nasked to stop: the case in hand is finished first; ask again to stop at once",
            file=sys.__stderr__,
            flush=True,
        )

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

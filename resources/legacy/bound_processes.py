"""Robot Framework library: programs a bot needs beside it, which end with the bot however the bot ends.

``start`` is for the libraries that know the programs of one application (``portal_program.py``, ``browser_driver.py``):

    server = start([sys.executable, "-m", "ap_portal", ...], application="accounts-payable portal")
    url = server.wait_for(r"^http://.*$")[0]

Each program's standard input is a pipe that only this process holds: it closes when we end, even by a kill. A program
that doesn't end by itself then is started ``supervised``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from robot.api.deco import keyword

from referee.killed_runs import begin_run

HERE = Path(__file__).resolve().parent
PATIENCE_AT_START = 60.0
PATIENCE_AT_END = 15.0
LINES_KEPT = 200
if sys.platform == "win32":
    NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    NEW_GROUP = 0


class StartFailed(Exception):
    """A program did not start; the message has its own words."""

    ROBOT_SUPPRESS_NAME = True


class BoundProcess:
    """A program that ends with us. All that it says is read, or it would stop when its pipe is full."""

    def __init__(self, process: subprocess.Popen[str], application: str, program: str) -> None:
        self.application = application
        self.pid = process.pid
        self._process = process
        self._program = program
        self._said = deque[str](maxlen=LINES_KEPT)
        self._ended = False
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, pattern: str, patience: float = PATIENCE_AT_START) -> re.Match[str]:
        """The first line that the program says to which ``pattern`` fits.

        Raises ``StartFailed`` with the program's words when it ends without it, or says nothing like it for too long.
        """
        until = time.monotonic() + patience
        looked_at = 0
        with self._news:
            while True:
                lines = list(self._said)
                for line in lines[looked_at:]:
                    if found := re.search(pattern, line):
                        return found
                looked_at = len(lines) if len(lines) < LINES_KEPT else 0
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._news.wait(left)
            ended = "" if self._ended else f" within {patience:.0f} seconds"
        words = "\n".join(lines).strip()
        raise StartFailed(f"{self._program} did not start{ended}: {words or 'it said nothing'}")

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends the program, at last by force. May be called again."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=PATIENCE_AT_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # always a pipe, see `start`
        for line in self._process.stdout:
            with self._news:
                self._said.append(line.rstrip("\r\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


_running: list[BoundProcess] = []


def start(
    command: Sequence[str],
    *,
    application: str,
    program: str = "",
    environment: Mapping[str, str] | None = None,
    supervised: bool = False,
    remove: str | Path | None = None,
) -> BoundProcess:
    """Start a program that ends with this run, or earlier with ``Stop Bound Processes    application``.

    ``program`` is what error messages call it. ``environment`` is added to ours. ``supervised`` is for a program that
    goes on when its standard input closes; the folder ``remove`` is removed when such a program has ended.
    """
    command = list(command)
    begin_run()
    if supervised or remove is not None:
        options = ["--remove", str(remove)] if remove is not None else []
        command = [sys.executable, str(HERE / "supervise.py"), *options, *command]
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        # A group of its own, so that Ctrl-C or a kill of the bot's group leaves the ending to the pipe.
        start_new_session=not NEW_GROUP,
        creationflags=NEW_GROUP,
    )
    bound = BoundProcess(process, application, program or f"the {application}")
    _running.append(bound)
    return bound


@keyword
def stop_bound_processes(application: str = "") -> None:
    """End what was started for an application, the last first; without one, all that was started.

    Ends nothing else and may be called again.
    """
    for bound in reversed(_running.copy()):
        if not application or bound.application == application:
            bound.stop()
            _running.remove(bound)

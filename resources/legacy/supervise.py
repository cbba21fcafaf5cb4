"""Run a program for as long as somebody holds our standard input open: ``supervise.py [--remove FOLDER]
PROGRAM ...``.

A bot that is killed can't clean up after itself, but the operating system closes its pipes, on every system.
So the bot starts a browser driver through this script: when the pipe closes, the driver is ended (its browser
follows, as it talks to the driver through a pipe too) and the browser's profile folder is removed. On Linux the driver
also ends when this script is killed: nobody would be left to do it when the bot goes.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 3.0
PATIENCE_FOR_THE_BROWSER = 10.0
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    folder = None
    if arguments[:1] == ["--remove"]:
        folder, arguments = Path(arguments[1]), arguments[2:]
    # The pipe decides when to end, so that a Ctrl-C meant for the bot leaves it a browser to close.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        # No thread has been started yet.
        preexec_fn=asked_to_end_with(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509
    )
    signal.signal(signal.SIGTERM, lambda *_: end(program))
    threading.Thread(target=end_with_input, args=(program,), daemon=True).start()
    program.wait()
    if folder is not None:
        remove(folder, time.monotonic() + PATIENCE_FOR_THE_BROWSER)
    return program.returncode


def asked_to_end_with(supervisor: int) -> Callable[[], None]:
    """For a program that is about to begin: it is sent SIGTERM when its supervisor is gone, however that ends."""
    set_option = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        set_option(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != supervisor:  # it was killed just before
            os.kill(os.getpid(), signal.SIGTERM)

    return ask


def end_with_input(program: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    end(program)


def end(program: subprocess.Popen[bytes]) -> None:
    """Asks first: a display removes its socket then."""
    program.terminate()
    last = threading.Timer(PATIENCE, program.kill)
    last.daemon = True
    last.start()


def remove(folder: Path, deadline: float) -> None:
    """A browser that is just ending still writes into its profile, so removing it may take several goes."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run a program for as long as somebody holds our standard input open: ``supervise.py [--remove FOLDER]
PROGRAM ...``.

A bot that is killed can't clean up after itself, but the operating system closes its pipes, on every system.
So the bot starts a browser driver through this script: when the pipe closes, the driver is ended (its browser
follows, as it talks to the driver through a pipe too) and the browser's profile folder is removed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PATIENCE = 3.0
PATIENCE_FOR_THE_BROWSER = 10.0


def main(arguments: list[str]) -> int:
    folder = None
    if arguments[:1] == ["--remove"]:
        folder, arguments = Path(arguments[1]), arguments[2:]
    # The pipe decides when to end, so that a Ctrl-C meant for the bot leaves it a browser to close.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: end(program))
    threading.Thread(target=end_with_input, args=(program,), daemon=True).start()
    program.wait()
    if folder is not None:
        remove(folder, time.monotonic() + PATIENCE_FOR_THE_BROWSER)
    return program.returncode


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

"""Robot Framework in a process for one bot: ``python -m referee.keywords.bot_process``, arguments as for ``robot``.

It differs from ``python -m robot`` in three ways. While the bot runs it holds the output folder, so that a second start
neither works beside it nor overwrites its log. It ends with 2 when the bot failed only because what it was given can't
be used, and with 1 when tasks failed, whereas Robot Framework's own codes count them. And it asks itself to stop when
the ``referee run`` that watches over its time is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from robot.conf import RobotSettings  # type: ignore[import-untyped]
from robot.errors import DataError, Information
from robot.run import RobotFramework  # type: ignore[import-untyped]

from referee.domain import AuditError, InputError
from referee.keywords.output_files import shown
from referee.keywords.refusal import is_refusal, refusal_of_no_case
from referee.project.bot_run import REFUSAL_FILE, SUPERVISOR_PIPE
from referee.workitems import RunLock

FAILED, UNUSABLE = 1, 2
"""The exit codes for failed tasks and for what can't be used; the command line has the same."""

_MOST_FAILED = 250  # Robot Framework's codes above this one don't count tasks


class Refusals:
    """Listens to a run: whether every task that failed was refused what it was given."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.failed = 0
        self.refused = 0

    def end_test(self, data: Any, result: Any) -> None:
        if result.failed:
            self.failed += 1
            self.refused += is_refusal(result.message)


def run_bot(arguments: Sequence[str]) -> int:
    """Runs Robot Framework with these arguments and gives the exit code."""
    robot = RobotFramework()
    try:
        options, sources = robot.parse_arguments(list(arguments))
        output = Path(RobotSettings(options).output_directory)
    except (Information, DataError):
        return int(robot.execute_cli(list(arguments), exit=False))  # it has its own words for these
    refusals = Refusals()
    options["listener"] = [*(options.get("listener") or []), refusals]
    busy = f"this bot is already running, with its output in {shown(output)}"
    try:
        with RunLock(output, "bot", busy=busy):
            code = int(robot.execute(*sources, **options))
    except (AuditError, InputError) as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - there is no log yet that could tell it
        return UNUSABLE
    if code and 0 < refusals.failed == refusals.refused:
        _hand_on(refusal_of_no_case())
        return UNUSABLE
    return FAILED if 0 < code <= _MOST_FAILED else code


def _hand_on(refusal: str) -> None:
    """Tells the ``referee run`` that watches what was refused, so that it can tell people."""
    file = os.environ.get(REFUSAL_FILE)
    if file and refusal:
        with suppress(OSError):  # the log says it too
            Path(file).write_text(refusal, encoding="utf-8")


def stop_when_alone() -> None:
    """Asks this process to stop, as a scheduler would, when the one that watches it is gone.

    Then nobody ends it in time, nor what it has started.
    """
    pipe = os.environ.pop(SUPERVISOR_PIPE, "")
    if not pipe:
        return

    def wait() -> None:
        while os.read(int(pipe), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    os.set_inheritable(int(pipe), False)
    threading.Thread(target=wait, name="supervisor", daemon=True).start()


if __name__ == "__main__":
    stop_when_alone()
    sys.exit(run_bot(sys.argv[1:]))

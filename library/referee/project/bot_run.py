"""One run of a bot: started, watched, ended in time, and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, BinaryIO

from referee.domain import InputError
from referee.project.process_tree import ProcessTree, adopt_orphans, children
from referee.project.run_end import end_of_run, span

if TYPE_CHECKING:
    from referee.project.robot_yaml import BotTask, Project

SUPERVISOR_PIPE = "REFEREE_SUPERVISOR_PIPE"
"""The variable that tells the bot's process of a pipe that closes when the one who watches it is gone."""

REFUSAL_FILE = "REFEREE_REFUSAL_FILE"
"""The variable that names the file into which the bot's process writes what was refused, if that is about no case."""

_LAST_WORDS = 10.0
"""Seconds to close the log after the second request to stop."""
_LEFT_BEHIND = 10.0
"""Seconds for what the bot started to end by itself: a browser's profile takes a moment to remove."""
_PAUSE = 0.05
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
_HELP_SHOWN = 251  # Robot Framework printed its help or version
ROBOT_REFUSED = 252
"""How Robot Framework ends when its options or files can't be used."""
_CANT_BE_USED = (2, ROBOT_REFUSED)  # 2 is our bot process's


class ExitCode(IntEnum):
    """How ``referee run`` ends."""

    PASSED = 0
    FAILED = 1
    UNUSABLE = 2
    BUSY = 3
    OVERTIME = 4
    STOPPED = 130


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` is the longest a run should take, ``until`` when it has to be over. A bot that reaches one is asked
    to stop, and ``grace`` seconds later made to.
    """

    seconds: float | None = None
    until: datetime | None = None
    grace: float = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, as a code and a sentence. ``own`` is the code of the bot's process."""

    code: ExitCode
    sentence: str
    own: int
    left_behind: tuple[str, ...] = ()


def read_limits(time_limit: str | None, until: str | None, grace: str, now: datetime) -> Limits:
    """From what people write: ``8h``, ``06:00``, ``2m``. Raises InputError for what leaves the bot no time."""
    seconds = None if time_limit is None else span(time_limit).total_seconds()
    if seconds == 0:
        raise InputError("--time-limit 0 leaves the bot no time; leave it out, or name a longer one")
    end = end_of_run(until or "", None, now)
    if end is not None and end <= now:
        raise InputError(f"--until {until} is over already; name a time to come")
    return Limits(seconds, end, span(grace).total_seconds())


def watch_bot(
    project: Project,
    task: BotTask,
    options: Sequence[str],
    limits: Limits,
    *,
    console: Path | None,
    refusal: Path,
    held: int | None,
    begun: Callable[[int], None],
    requests: StopRequests,
    say: Callable[[str], None],
) -> Ended:
    """Runs the bot to its end. What it prints is passed on and, with ``console``, also written to that file.

    ``refusal`` is a file that is written where rules, a model or the log were refused. ``held`` is the descriptor of
    the run's lock: the bot's process holds it too, so that the bot counts as running for as long as either of both
    does. ``begun`` is told the number of that process. ``requests`` are those to stop (see ``stop_requests``).

    Raises InputError where the command can't be started.
    """
    adopt_orphans()
    before = children()
    environment = project.environment(os.environ) | {REFUSAL_FILE: str(refusal)}
    passed = () if held is None or sys.platform == "win32" else (held,)
    with _watched(environment, passed if task.runs_robot else ()) as descriptors:
        process = _start(project, task, options, environment, (*passed, *descriptors), console)
    begun(process.pid)
    tree = ProcessTree(process, before)
    with _copied(process, console):
        stop, killed = _wait(process, tree, limits, requests, say)
        left_behind = () if killed else tuple(tree.end(_LEFT_BEHIND))
    code, sentence = _verdict(task, process.returncode, stop, killed, limits)
    return Ended(code, sentence, process.returncode, left_behind)


@contextmanager
def _watched(environment: dict[str, str], passed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The reading end of a pipe whose other end is open for as long as this process lives."""
    if not passed:
        yield ()
        return
    reading, _ = os.pipe()
    environment[SUPERVISOR_PIPE] = str(reading)
    yield (reading,)
    os.close(reading)


def _start(
    project: Project,
    task: BotTask,
    options: Sequence[str],
    environment: dict[str, str],
    descriptors: tuple[int, ...],
    console: Path | None,
) -> subprocess.Popen[bytes]:
    stream = None if console is None else subprocess.PIPE
    command = task.command(options)
    try:
        if sys.platform == "win32":
            return subprocess.Popen(
                command,
                cwd=project.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
            )
        return subprocess.Popen(
            command,
            cwd=project.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except OSError as fault:
        raise InputError(
            f"robot.yaml, line {task.line}: the command of the bot `{task.name}` can't be started: "
            f"{command[0]}: {fault.strerror or fault}"
        ) from None


@contextmanager
def _copied(process: subprocess.Popen[bytes], console: Path | None) -> Iterator[None]:
    """Passes on what the process prints while it runs, and writes it down."""
    if console is None:
        yield
        return
    with console.open("wb") as file:
        pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        threads = [
            threading.Thread(target=_copy, args=(source, target.buffer, file), daemon=True)
            for source, target in pairs
            if source is not None
        ]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(5.0)  # only a process that got out of sight could still hold the pipe open


def _copy(source: IO[bytes], target: BinaryIO, file: BinaryIO) -> None:
    while part := os.read(source.fileno(), 65536):
        for place in (target, file):
            with suppress(OSError, ValueError):  # nobody reads any more, or the disk is full: the bot goes on
                place.write(part)
                place.flush()


class StopRequests:
    """Counts the signals by which people, schedulers and systems ask to stop."""

    def __init__(self) -> None:
        self.count = 0
        self.name = ""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.name = self.name or signal.Signals(number).name


@contextmanager
def stop_requests() -> Iterator[StopRequests]:
    """While it is entered, signals to stop are counted and do nothing else: the run sees to its end itself."""
    requests = StopRequests()
    before = {}
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup has SIGHUP ignored
            before[number] = signal.signal(number, requests)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(
    process: subprocess.Popen[bytes],
    tree: ProcessTree,
    limits: Limits,
    requests: StopRequests,
    say: Callable[[str], None],
) -> tuple[str, bool]:
    """Until the process has ended. Why it was asked to stop, if it was, and whether it had to be killed."""
    started = time.monotonic()
    reason, asked, heard = "", 0, 0
    deadline = float("inf")
    while process.poll() is None:
        time.sleep(_PAUSE)
        now = time.monotonic()
        if not reason:
            reason = _limit_reached(limits, now - started) or requests.name
            must = bool(reason)
        else:
            must = now >= deadline or requests.count > heard
        heard = requests.count
        if not must:
            continue
        asked += 1
        if asked > 2:
            say("the bot does not end; it is ended with everything it has started")
            tree.kill()
            process.wait()
            return reason, True
        patience = limits.grace if asked == 1 else _LAST_WORDS
        deadline = now + patience
        how = "once it has finished the case in hand" if asked == 1 else "at once"
        say(f"{_why(reason)}: the bot is asked to stop {how}; it has {patience:.0f} s")
        _ask(process)
    return reason, False


def _limit_reached(limits: Limits, seconds: float) -> str:
    if limits.seconds is not None and seconds >= limits.seconds:
        return "limit"
    return "until" if limits.until is not None and datetime.now().astimezone() >= limits.until else ""


def _why(reason: str) -> str:
    words = {"limit": "the time limit is reached", "until": "the run's time is over"}
    return words.get(reason, f"asked to stop ({reason})")


def _ask(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            process.send_signal(signal.SIGTERM)


def _end(own: int) -> str:
    """How a process ended, by its code; below zero it is the number of the signal that ended it."""
    return f"ended with {own}" if own >= 0 else f"was ended by {signal.Signals(-own).name}"


def _verdict(task: BotTask, own: int, stop: str, killed: bool, limits: Limits) -> tuple[ExitCode, str]:
    how = "had to be killed" if killed else "finished the case in hand" if own == 0 else _end(own)
    if stop == "until" and own == 0:
        return ExitCode.PASSED, "the bot passed; it was asked to stop when its time was over"
    if stop in ("limit", "until"):
        which = "the time limit was reached" if stop == "limit" else "its time was over"
        return ExitCode.OVERTIME, f"{which}: the bot was asked to stop and {how}"
    if stop:
        return ExitCode.STOPPED, f"stopped by request ({stop}): the bot {how}"
    if own == 0 or (task.runs_robot and own == _HELP_SHOWN):
        return ExitCode.PASSED, "the bot passed"
    if task.runs_robot and own in _CANT_BE_USED:
        return ExitCode.UNUSABLE, "what the bot was given can't be used; its log says what"
    if own < 0:
        return ExitCode.FAILED, f"the bot was ended from outside ({signal.Signals(-own).name})"
    return (
        ExitCode.FAILED,
        "the bot failed; its log says why" if task.runs_robot else f"the bot ended with {own}",
    )

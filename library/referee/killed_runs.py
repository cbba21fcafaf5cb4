"""What killed runs left behind is ended at the next start: their programs and their temporary folders.

A run that ends by itself closes what it opened. One that is killed can't, and where its supervisors are killed with it
browsers and virtual displays live on. So a run marks its environment, which all that it starts inherits, and notes the
mark in a file that it removes at its end. Where that file is still there and the process named in it is gone, the run
was killed (ADR 0021). A bot that is watched is marked twice: by the one that watches it, so that it bears a mark from
its first moment whatever it runs, and by itself.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import platform
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psutil import Process

VARIABLE = "REFEREE_RUN"
"""The environment variable that holds the mark."""

PATIENCE = 3.0
"""Seconds for a program to close by itself when it is asked to end."""

_MARK = re.compile(r"referee-run-([0-9a-f]{8})-(\d+)-([0-9a-f.]+)-[0-9a-f]{8}")
_FOLDER = re.compile(r"referee-([0-9a-f]{10})-")
_ROUNDS = 5
_LOGGER = logging.getLogger(__name__)
_begun: list[str] = []


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What was found of killed runs and is gone now."""

    programs: tuple[str, ...] = ()
    folders: int = 0

    def __str__(self) -> str:
        parts = [f"ended {', '.join(self.programs)}"] if self.programs else []
        if self.folders:
            parts.append(f"removed {self.folders} temporary folder{'s' if self.folders > 1 else ''}")
        return f"a bot that was killed had left something behind: {' and '.join(parts)}"

    def __bool__(self) -> bool:
        return bool(self.programs or self.folders)


def begin_run(say: Callable[[str], None] = _LOGGER.warning) -> Leftovers:
    """Marks this process as a run, and first clears up after those that were killed. Does nothing the second time.

    What it cleared up it gives back, and says: to Python's log if nothing else is named, which stands in log.html.
    Touches only what belongs to the same user on the same machine and bears the mark of a run that is gone, and the
    children of such programs; never a live run, what started it, or what it started.
    """
    if _begun and _pid_of(_begun[0]) == os.getpid():
        return Leftovers()
    started = _started(os.getpid())
    assert started is not None  # as we run
    mark = f"referee-run-{_place()}-{os.getpid()}-{started}-{secrets.token_hex(4)}"
    note = Path(tempfile.gettempdir(), mark)
    note.touch(mode=0o600)
    _begun[:] = [mark]
    os.environ[VARIABLE] = mark
    atexit.register(_end_run, note, os.getpid())
    leftovers = _end_leftovers()
    if leftovers:
        say(str(leftovers))
    return leftovers


def watches(pid: int) -> None:
    """Notes that this run watches a process: while that one works, the run isn't gone, even if this one was killed."""
    if _begun and (started := _started(pid)):
        with suppress(OSError):  # the process works already; without the note it counts as live while we do
            Path(tempfile.gettempdir(), _begun[0]).write_text(f"{pid} {started}", encoding="ascii")


def temporary_folder(purpose: str) -> Path:
    """A new folder that is removed at the next start if this run can't do so. Its path is short enough for sockets."""
    begin_run()
    return Path(tempfile.mkdtemp(prefix=f"referee-{_short(_begun[0])}-{purpose}-"))


def _end_run(note: Path, pid: int) -> None:
    if os.getpid() == pid:  # a forked child ends without ending the run
        note.unlink(missing_ok=True)


def _end_leftovers() -> Leftovers:
    notes, folders = _left_in_temporary_folder()
    gone = {note.name for note in notes if _is_gone(note)}
    live = {pid for note in notes if note.name not in gone for pid in (_pid_of(note.name), _watched(note)[0])}
    live.discard(0)  # of a run that watches nothing
    programs, all_ended = _end_programs(gone, live)
    # A run that lives has its note, and had it before its folders: so notes are looked for after these.
    there = {_short(note.name) for note in _left_in_temporary_folder()[0] if note.name not in gone}
    removed = [folder for folder in folders if _run_of(folder) not in there]
    for folder in removed:
        shutil.rmtree(folder, ignore_errors=True)
    for note in notes:
        if all_ended and note.name in gone:
            note.unlink(missing_ok=True)
    return Leftovers(tuple(programs), len(removed))


def _left_in_temporary_folder() -> tuple[list[Path], list[Path]]:
    """Notes of runs and their folders. What another user owns is not looked at: anybody can write there."""
    notes, folders = list[Path](), list[Path]()
    for entry in Path(tempfile.gettempdir()).glob("referee-*"):
        try:
            status = entry.lstat()
        except FileNotFoundError:
            continue
        if sys.platform == "win32" or status.st_uid == os.getuid():
            if _MARK.fullmatch(entry.name):
                notes.append(entry)
            elif _run_of(entry):
                folders.append(entry)
    return notes, folders


def _short(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()[:10]


def _run_of(folder: Path) -> str:
    found = _FOLDER.match(folder.name)
    return found[1] if found else ""


def _pid_of(mark: str) -> int:
    found = _MARK.fullmatch(mark)
    return int(found[2]) if found else 0


def _is_gone(note: Path) -> bool:
    """Whether the run's process has ended, and the one it watched.

    One of another machine or container counts as live: nobody can tell here.
    """
    found = _MARK.fullmatch(note.name)
    if found is None or found[1] != _place() or _started(int(found[2])) == found[3]:
        return False
    pid, started = _watched(note)
    return not pid or _started(pid) != started


def _watched(note: Path) -> tuple[int, str]:
    """The process that a run watches, and when it started; 0 where it watches none."""
    try:
        pid, _, started = note.read_text(encoding="ascii").partition(" ")
        return int(pid), started
    except (OSError, ValueError):
        return 0, ""


def _place() -> str:
    """The machine and, on Linux, the container: process numbers mean something within these alone."""
    space = Path("/proc/self/ns/pid").readlink() if sys.platform == "linux" else ""
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def _started(pid: int) -> str | None:
    """When a process started, which tells it from a later one with its number; none if it has ended.

    On Linux in ticks since the machine started, as the wall clock may be set while a run goes on.
    """
    if sys.platform != "linux":
        from psutil import Error, Process

        try:
            return f"{Process(pid).create_time():.3f}"
        except Error:
            return None
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return None
    state, *fields = text[text.rindex(")") + 2 :].split()
    return None if state in "ZX" else f"{boot}.{fields[18]}"


def _end_programs(gone: set[str], live: set[int]) -> tuple[list[str], bool]:
    """Ends programs that bear one of these marks, asking first; gives what was ended, and whether none is left."""
    if not gone:
        return [], True
    from psutil import Error, wait_procs

    ended: dict[int, str] = {}
    # A program may start another while it is being looked for; the next round finds it.
    for _ in range(_ROUNDS):
        found = _programs(gone, live)
        if not found:
            break
        for program in found:
            try:
                ended[program.pid] = f"{program.name()} (pid {program.pid})"
                program.terminate()
            except Error:
                continue  # it ended just now
        for program in wait_procs(found, timeout=PATIENCE)[1]:
            try:
                program.kill()
            except Error:
                continue
        wait_procs(found, timeout=PATIENCE)
    return [ended[pid] for pid in sorted(ended)], not found


def _programs(gone: set[str], live: set[int]) -> list[Process]:
    """Programs of this user with one of these marks, and what descends from them.

    Descendants, since programs like browsers overwrite the environment of their children. A live run that such a
    program had started is left alone, with all that it started and what waits for it.
    """
    from psutil import Error, process_iter

    programs: dict[int, Process] = {}
    parents: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    marked: set[int] = set()
    for program in process_iter():
        try:
            if not _is_ours(program):
                continue
            parents[program.pid] = program.ppid()
            programs[program.pid] = program
            children.setdefault(parents[program.pid], []).append(program.pid)
            if program.environ().get(VARIABLE) in gone:
                marked.add(program.pid)
        except (Error, OSError):
            continue  # it ended just now, or its environment may not be read
    live = live | {os.getpid()}
    spared = _descendants(live, children)
    for pid in live:
        while (pid := parents.get(pid, 0)) and pid not in spared:
            spared.add(pid)
    return [programs[pid] for pid in _descendants(marked - spared, children) - spared if pid in programs]


def _is_ours(program: Process) -> bool:
    if sys.platform == "win32":
        import getpass

        return program.username().rpartition("\\")[2] == getpass.getuser()
    return bool(program.uids().real == os.getuid())


def _descendants(pids: Iterable[int], children: dict[int, list[int]]) -> set[int]:
    """These and all below them."""
    found = set[int]()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found

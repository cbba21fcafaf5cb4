"""Each platform gets its own way to lock a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from referee.audit import file_lock
from tests.unit.files.other_platform import loaded_on


class WindowsLocks:
    """Stands for the Microsoft C runtime: one byte range, held by one descriptor."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.calls: list[tuple[int, int, int]] = []

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        self.calls.append((mode, os.lseek(descriptor, 0, os.SEEK_CUR), count))
        if mode == self.LK_NBLCK and self.refusals:
            self.refusals -= 1
            raise OSError(errno.EACCES, "permission denied")


def test_windows_locks_one_byte_behind_the_content_and_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = WindowsLocks(refusals=3)
    windows = loaded_on("win32", file_lock, monkeypatch, msvcrt=system)
    with (tmp_path / "lock").open("wb") as file:
        assert windows.lock(file.fileno()) is True
        windows.unlock(file.fileno())
    at = 0x7FFF_FFFE
    assert system.calls == [(2, at, 1)] * 4 + [(0, at, 1)]


def test_windows_does_not_wait_when_asked_not_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = loaded_on("win32", file_lock, monkeypatch, msvcrt=WindowsLocks(refusals=1))
    with (tmp_path / "lock").open("wb") as file:
        assert windows.lock(file.fileno(), wait=False) is False
        assert windows.lock(file.fileno(), wait=False) is True

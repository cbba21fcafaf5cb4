"""Each platform gets its own way to lock a file and to bring it to the disk."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from referee.audit import durability, file_lock


def loaded_on(
    platform: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch, **systems: Any
) -> ModuleType:
    """The module as another platform would load it, over a stand-in for that platform's system calls."""
    monkeypatch.setattr(sys, "platform", platform)
    for name, stand_in in systems.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    assert module.__file__ is not None
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_on_{platform}", module.__file__)
    assert spec is not None and spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    return other


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


def test_windows_flushes_file_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    windows = loaded_on("win32", durability, monkeypatch)
    monkeypatch.setattr(os, "fsync", flushed.append)
    windows.flush(7)
    windows.flush_folder(Path("does not matter"))
    assert flushed == [7]


@pytest.mark.parametrize("supported", [True, False])
def test_macos_flushes_through_the_drives_cache_where_it_can(
    monkeypatch: pytest.MonkeyPatch, supported: bool
) -> None:
    calls: list[tuple[str, int]] = []

    def control(descriptor: int, command: int) -> None:
        assert command == 51
        if not supported:
            raise OSError(errno.ENOTSUP, "not supported")
        calls.append(("F_FULLFSYNC", descriptor))

    mac = loaded_on("darwin", durability, monkeypatch, fcntl=SimpleNamespace(fcntl=control, F_FULLFSYNC=51))
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(("fsync", descriptor)))
    mac.flush(7)
    assert calls == [("F_FULLFSYNC" if supported else "fsync", 7)]


def test_macos_does_not_hide_a_failing_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def control(_: int, __: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    mac = loaded_on("darwin", durability, monkeypatch, fcntl=SimpleNamespace(fcntl=control, F_FULLFSYNC=51))
    with pytest.raises(OSError, match="input/output error"):
        mac.flush(7)

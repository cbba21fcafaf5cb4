"""Each platform gets its own way to lock a file."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from referee.audit import AuditLog, appending, file_lock, verify
from referee.audit.segments import segment_names
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
        assert windows.lock(file.fileno(), file.name) is True
        windows.unlock(file.fileno())
    at = 0x7FFF_FFFE
    assert system.calls == [(2, at, 1)] * 4 + [(0, at, 1)]


def test_windows_does_not_wait_when_asked_not_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = loaded_on("win32", file_lock, monkeypatch, msvcrt=WindowsLocks(refusals=1))
    with (tmp_path / "lock").open("wb") as file:
        assert windows.lock(file.fileno(), file.name, wait=False) is False
        assert windows.lock(file.fileno(), file.name, wait=False) is True


@pytest.fixture
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log takes the ways it takes on Windows, over this system's calls."""
    monkeypatch.setattr(appending, "_WINDOWS", True)
    monkeypatch.setattr(appending, "_pread", None)


def test_windows_keeps_one_lock_file_through_all_segments(
    tmp_path: Path, as_on_windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[str] = []
    real = file_lock.lock

    def lock(descriptor: int, path: str) -> bool:
        locked.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        return real(descriptor, path)

    if not Path("/proc/self/fd").exists():
        pytest.skip("tells files from descriptors by /proc")
    monkeypatch.setattr(appending, "lock", lock)
    first, second = (AuditLog(tmp_path, segment_bytes=1500) for _ in range(2))
    for number in range(30):
        (first, second)[number % 2].append("run", {"n": number, "text": "x" * 100})
    assert set(locked) == {"audit.lock"}
    assert len(segment_names(tmp_path)) > 3
    records = [record for record in first.records() if record.kind == "run"]
    assert [int(record.payload["n"]) for record in records] == list(range(30))
    assert verify(tmp_path).faults == ()


def test_windows_seals_what_a_killed_writer_left_and_keeps_others_waiting(
    tmp_path: Path, as_on_windows: None
) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})
    with log.path.open("ab") as killed:
        killed.write(b'{"v":1,"position":1,')
    assert verify(tmp_path).unfinished is not None
    assert log.append("run", {}).position == 2
    other = threading.Thread(target=AuditLog(tmp_path).append, args=("run", {}))
    with log.exclusive():
        other.start()
        other.join(0.2)
        assert other.is_alive()
    other.join(10)
    assert [record.kind for record in log.records()] == ["run", "recovery", "run", "run"]


def test_a_copy_without_a_lock_file_can_be_verified_on_windows(tmp_path: Path, as_on_windows: None) -> None:
    log = AuditLog(tmp_path / "audit")
    log.append("run", {})
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "audit.jsonl").write_bytes(log.path.read_bytes() + b'{"v":1,')
    found = verify(tmp_path / "copy")
    assert found.intact and found.unfinished is not None

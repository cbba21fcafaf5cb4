"""Each platform gets its own way to bring a file to the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from referee.files import durability
from tests.unit.files.other_platform import loaded_on


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

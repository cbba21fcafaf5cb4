"""A file that is replaced is the old one or the complete new one, with the permissions it had."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from referee.files import whole_file, write_whole, written_whole
from tests.unit.files.other_platform import loaded_on

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions and pipes")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"bytes\r\n\xff", "text, Größe\nΔ"])
def test_bytes_and_text_are_written_as_they_are(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old and much longer than the new content")
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names_in(tmp_path) == ["report.html"]


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "rules.xlsx"
    path.write_bytes(b"old")
    with written_whole(path) as stream:
        stream.write(b"half")
        stream.flush()
        assert path.read_bytes() == b"old"
        stream.write(b" and half")
    assert path.read_bytes() == b"half and half"


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    path = tmp_path / "rules.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(fault), written_whole(path) as stream:
        stream.write(b"half")
        raise fault
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["rules.xlsx"]


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "rules.dmn", b"new")
    assert names_in(tmp_path) == []


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".dmn")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


@on_posix
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "rules.dmn"
    path.write_bytes(b"old")
    path.chmod(0o664)
    write_whole(path, b"new", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


@on_posix
def test_a_new_file_can_be_for_its_owner_alone_from_the_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with written_whole(path, mode=0o600) as stream:
        (draft,) = tmp_path.iterdir()
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
        stream.write(b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@on_posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write to any file")
def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "rules.dmn"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"


@on_posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "rules-1.dmn", tmp_path / "rules.dmn"
    real.write_bytes(b"old")
    link.symlink_to(real.name)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@on_posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_whole(pipe, b"new")
    reader.join(10)
    assert heard == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(("refusals", "written"), [(3, True), (100, False)])
def test_windows_waits_a_moment_for_a_virus_scanner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, written: bool
) -> None:
    windows = loaded_on("win32", whole_file, monkeypatch)
    path, pauses, left = tmp_path / "rules.dmn", list[float](), [refusals]
    renamed = Path.replace

    def refuses_at_first(draft: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] >= 0:
            raise PermissionError(13, "the process cannot access the file")
        return renamed(draft, target)

    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(Path, "replace", refuses_at_first)
    if written:
        windows.write_whole(path, b"new")
        assert path.read_bytes() == b"new"
        assert len(pauses) == refusals
    else:
        with pytest.raises(PermissionError):
            windows.write_whole(path, b"new")
        assert sum(pauses) < 1
        assert names_in(tmp_path) == []

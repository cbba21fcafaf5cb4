"""Where the index of a log lies: beside it on a local disk, else in the cache of the machine."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from referee.audit import AuditLog, index_files
from referee.audit.index import Index, up_to_date
from referee.audit.index_files import CACHE, SUFFIX, cache_folder, index_places, is_shared
from referee.audit.placed_records import UnusableIndexError
from referee.domain import AuditError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("column", ["route", "action", "queue", "version", "writer", "kind", "subject"])
def test_changed_rows_are_told_before_records_are_found_by_them(tmp_path: Path, column: str) -> None:
    AuditLog(tmp_path).append("decision", {"case": "A", "decision": "d", "route": "auto", "queue": "q"})
    with up_to_date(tmp_path) as index:
        path = index.path
        index.require_whole()
    assert path is not None
    changing = sqlite3.connect(path)
    changing.execute(f"UPDATE records SET {column} = 99")
    changing.commit()
    changing.close()
    with Index(tmp_path) as index, pytest.raises(UnusableIndexError, match="table records"):
        index.require_whole()


def test_an_index_in_memory_leaves_what_is_on_the_disk_alone(tmp_path: Path) -> None:
    AuditLog(tmp_path).append("decision", {"case": "A", "decision": "d", "route": "auto"})
    with up_to_date(tmp_path, in_memory=True) as index:
        assert (index.path, index.names()) == (None, ["A"])
    assert not list(tmp_path.glob(f"*{SUFFIX}"))


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /mnt/share rw,relatime - nfs4 server:/export rw
31 22 0:27 / /mnt/with\\040space rw - cifs //server/share rw
32 22 0:28 / /home/bot/sftp rw - fuse.sshfs bot@server: rw
33 30 0:29 / /mnt/share/local rw - tmpfs tmpfs rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/work/audit", "ext4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/bots/audit", "nfs4"),
        ("/mnt/shared", "ext4"),
        ("/mnt/with space/audit", "cifs"),
        ("/home/bot/sftp/audit", "fuse.sshfs"),
        ("/mnt/share/local/audit", "tmpfs"),
    ],
)
def test_the_kernels_table_of_mounts_tells_the_kind_of_a_drive(path: str, kind: str) -> None:
    assert index_files._file_system(MOUNTS, path) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="reads the table of mounts of Linux")
def test_the_folder_of_this_test_is_on_a_local_disk(tmp_path: Path) -> None:
    assert not is_shared(tmp_path)


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/referee"),
        ("linux", {"HOME": "/home/bot"}, "/home/bot/.cache/referee"),
        ("darwin", {"HOME": "/Users/bot"}, "/Users/bot/Library/Caches/Referee"),
        ("win32", {"LOCALAPPDATA": "/c/local"}, "/c/local/Referee/cache"),
        ("linux", {CACHE: "/given"}, "/given"),
    ],
)
def test_the_cache_is_where_each_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], folder: str
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", CACHE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder() == Path(folder)


def test_two_logs_have_two_names_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setattr(index_files, "is_shared", lambda folder: True)
    for name in ("one", "two"):
        AuditLog(tmp_path / name).append("release", {"n": name})
        with up_to_date(tmp_path / name) as index:
            assert index.path is not None and index.tail.position == 1
    assert len(list((tmp_path / "cache").glob(f"*{SUFFIX}"))) == 2
    [(place, _)] = index_places(tmp_path / "one")
    assert place == tmp_path / "cache"


def test_what_a_killed_process_left_of_a_deleted_index_is_cleaned_up(tmp_path: Path) -> None:
    AuditLog(tmp_path).append("release", {})
    left = tmp_path / f"audit-0123abcd{SUFFIX}-wal"
    left.write_bytes(b"x")
    with up_to_date(tmp_path):
        assert not left.exists()


def test_an_index_that_can_not_be_deleted_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, while another process has it open."""
    AuditLog(tmp_path).append("release", {})
    bad = tmp_path / f"audit-00000000{SUFFIX}"
    bad.write_bytes(b"damaged" * 1000)
    monkeypatch.setattr("referee.audit.index.remove_index", lambda path: None)
    with up_to_date(tmp_path) as index:
        assert index.path not in (None, bad)
        assert "damaged" in index.note
        used = index.path
    with up_to_date(tmp_path) as index:
        assert index.path == used


def test_an_index_that_fails_in_between_is_deleted_and_told(tmp_path: Path) -> None:
    AuditLog(tmp_path).append("release", {})
    with pytest.raises(AuditError, match=r"can't be used .*run this again"), up_to_date(tmp_path) as index:
        raise UnusableIndexError("damaged")
    assert not list(tmp_path.glob(f"*{SUFFIX}"))
    assert index.path is not None and not index.path.exists()


def test_an_index_that_another_program_holds_is_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.audit.index.PATIENCE_SECONDS", 0.05)
    AuditLog(tmp_path).append("release", {})
    with up_to_date(tmp_path) as index:
        path = index.path
    assert path is not None
    held = Index(tmp_path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnusableIndexError, match="locked"):
        held.catch_up()
    held.catch_up(wait=False)
    other.close()
    held.catch_up()
    held.close()
    assert path.exists()


def test_who_finds_another_process_indexing_waits_as_long_as_it_comes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.audit.index.PATIENCE_SECONDS", 0.05)
    AuditLog(tmp_path).append_many([("release", {})] * 6)
    with Index(tmp_path) as waiting, Index(tmp_path) as working:
        working.catch_up()
        assert working.path is not None
        other = sqlite3.connect(working.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert waiting._step(wait=True)
        assert waiting.tail == working.tail
        with pytest.raises(UnusableIndexError, match="locked"):
            waiting._step(wait=True)
        other.close()
        assert not waiting._step(wait=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no forks on Windows")
def test_a_forked_child_opens_the_index_anew(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("decision", {"case": "a", "decision": "d"})
    with Index(tmp_path) as index:
        index.catch_up()
        child = os.fork()
        if not child:
            os._exit(0 if len(list(index.history("d", "a", 1))) == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(list(index.history("d", "a", 1))) == 1

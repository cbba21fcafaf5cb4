"""Keys of cases: made once, kept apart from the log, and gone from every byte when erased."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from referee.audit import AuditLog, CaseKey, CaseKeys, keys_folder
from referee.audit.sensitive import keyed_hash
from referee.domain import AuditError


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_case_keeps_its_key_and_shares_it_with_no_other(tmp_path: Path) -> None:
    keys = CaseKeys(tmp_path / "audit")
    found = keys.of_cases("payments", ["1", "2", "1"])
    assert found["1"] != found["2"]
    assert CaseKeys(tmp_path / "audit").of_cases("payments", ["2", "1"]) == found
    assert keys.of_cases("loans", ["1"])["1"] != found["1"]
    assert keys.key(found["1"].id) == found["1"]
    assert keys.decisions("1") == ("payments", "loans")
    assert str(found["1"].secret) not in repr(found["1"])


def test_keys_live_beside_the_log_and_are_their_owners_alone(tmp_path: Path) -> None:
    CaseKeys(tmp_path / "audit").of_cases("payments", ["1"])
    folder = keys_folder(tmp_path / "audit")
    assert folder == tmp_path.resolve() / "audit.keys"
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("seed", range(4))
def test_an_erased_key_is_in_no_byte_of_any_file_and_all_others_are_kept(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    keys = CaseKeys(tmp_path / "audit")
    known: dict[str, CaseKey] = {}
    for step in range(40):
        new = [f"case {step}-{number}" for number in range(draw.randrange(1, 40))]
        known |= keys.of_cases("payments", new)
        for case_id in draw.sample(sorted(known), min(len(known), draw.randrange(0, 12))):
            key = known.pop(case_id)
            assert key.secret in bytes_on_disk(tmp_path)
            keys.erase("payments", case_id)
            assert key.secret not in bytes_on_disk(tmp_path)
            assert keys.key(key.id) is None
    written = bytes_on_disk(tmp_path)
    for key in known.values():
        assert key.secret in written
        assert keys.key(key.id) == key


def test_after_an_erasure_a_case_gets_another_key(tmp_path: Path) -> None:
    keys = CaseKeys(tmp_path / "audit")
    first = keys.of_cases("payments", ["1"])["1"]
    keys.erase("payments", "1")
    second = keys.of_cases("payments", ["1"])["1"]
    assert second.id != first.id
    assert keys.of_cases("payments", ["1"])["1"] == second
    keys.erase("payments", "1")
    assert keys.key(first.id) is None
    assert keys.key(second.id) is None


def test_an_erasure_that_a_reader_keeps_from_every_byte_is_not_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.audit.case_keys._WAIT_SECONDS", 0.1)
    keys = CaseKeys(tmp_path / "audit")
    key = keys.of_cases("payments", ["1"])["1"]
    reader = sqlite3.connect(keys.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM keys").fetchone()
    with pytest.raises(AuditError, match=r"another process keeps .*-wal open.*erase again"):
        keys.erase("payments", "1")
    reader.close()
    keys.erase("payments", "1")
    assert key.secret not in bytes_on_disk(tmp_path)


def test_threads_that_need_the_key_of_a_case_at_once_get_the_same_one(tmp_path: Path) -> None:
    got = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        keys = CaseKeys(tmp_path / "audit")
        barrier.wait()
        got.append(keys.of_cases("payments", [str(number) for number in range(50)]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert all(each == got[0] for each in got)


def test_keys_that_are_gone_are_never_made_anew_over_a_log_that_needs_them(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit")
    keys = CaseKeys(log.folder)
    key = keys.of_cases("payments", ["1"])["1"]
    log.append("answer", {"case": "1", "note": keyed_hash(key, "DE02")})
    keys.close()
    for path in keys.path.parent.iterdir():
        path.unlink()
    with pytest.raises(
        AuditError, match=r"are gone, and .* holds facts under them; restore them from the backup"
    ):
        CaseKeys(log.folder).of_cases("payments", ["2"])
    assert not keys.path.exists()


def test_a_key_that_was_never_there_is_lost_not_erased(tmp_path: Path) -> None:
    keys = CaseKeys(tmp_path / "audit")
    keys.require_usable()
    with pytest.raises(
        AuditError, match=r"doesn't hold the key 0000000000000000.*restore the keys from their backup"
    ):
        keys.key("0" * 16)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read as one" * 20])
def test_a_damaged_file_of_keys_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    keys = CaseKeys(tmp_path / "audit")
    keys.path.parent.mkdir()
    keys.path.write_bytes(content)
    with pytest.raises(
        AuditError, match=r"keys\.sqlite can't be used: it is damaged, or a file of another kind; restore it"
    ):
        keys.of_cases("payments", ["1"])
    assert keys.path.read_bytes() == content


def test_keys_on_a_full_disk_ask_for_space_and_not_for_a_backup(tmp_path: Path) -> None:
    keys = CaseKeys(tmp_path / "audit")
    keys.require_usable()
    assert keys._connection is not None
    pages = keys._connection.execute("PRAGMA page_count").fetchone()[0]
    keys._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(AuditError, match=r"can't be used: the disk is full; free some space") as told:
        keys.of_cases("payments", [f"case {number}" for number in range(1000)])
    assert "backup" not in str(told.value)
    assert keys.decisions("case 1") == ()


def test_keys_that_another_program_holds_are_waited_for_and_need_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.audit.case_keys._WAIT_SECONDS", 0.1)
    keys = CaseKeys(tmp_path / "audit")
    keys.require_usable()
    other = sqlite3.connect(keys.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        for refused in (lambda: keys.of_cases("payments", ["1"]), lambda: keys.erase("payments", "1")):
            with pytest.raises(
                AuditError, match="another program holds it; close what has it open, or wait until"
            ) as told:
                refused()
            assert "backup" not in str(told.value)
    finally:
        other.close()
    assert list(keys.of_cases("payments", ["1"])) == ["1"]

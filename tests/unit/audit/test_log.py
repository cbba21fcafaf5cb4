"""Appending to the audit log and reading it, within one process."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, appending, verify
from referee.domain import AuditError, Receipt

POSIX = os.name == "posix"


def entry(case: str, **more: Any) -> dict[str, Any]:
    return {"case": case, "decision": "invoice approval", **more}


def test_a_record_stands_in_the_log_as_the_design_says(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 15, 30, 15, 123456, tzinfo=timezone(timedelta(hours=1)))
    log = AuditLog(tmp_path, writer="host/1/run", clock=lambda: moment)
    receipt = log.append("decision", entry("INV-1", facts={"amount": Decimal("1234.50")}))

    line = (tmp_path / "audit.jsonl").read_bytes()
    assert line.endswith(b"\n")
    assert json.loads(line, parse_float=str) == {
        "v": 1,
        "position": 0,
        "kind": "decision",
        "time": "2026-11-21T14:30:15.123456Z",
        "writer": "host/1/run",
        "payload": {"case": "INV-1", "decision": "invoice approval", "facts": {"amount": "1234.50"}},
        "previous": "0" * 64,
        "hash": receipt.hash,
    }
    assert receipt == Receipt(0, sha256(line[: line.index(b',"hash":')]).hexdigest())


def test_each_record_names_the_hash_of_the_one_before(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    receipts = [log.append("run", {"n": 1}), *log.append_many([("run", {"n": 2}), ("run", {"n": 3})])]
    records = list(log.records())
    assert [record.position for record in records] == [0, 1, 2]
    assert [Receipt(record.position, record.hash) for record in records] == receipts
    assert [record.previous for record in records[1:]] == [record.hash for record in records[:-1]]


def test_payloads_are_read_with_exact_numbers_and_in_order(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("decision", entry("1", facts={"b": Decimal("0.10"), "a": 7, "c": None}))
    (record,) = log.records()
    assert list(record.payload["facts"].items()) == [("b", Decimal("0.10")), ("a", Decimal(7)), ("c", None)]
    assert record.kind == "decision"
    assert record.writer == log.writer


def test_appending_nothing_writes_nothing(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    assert log.append_many([]) == []
    assert (tmp_path / "audit.jsonl").read_bytes() == b""


def test_a_second_log_object_on_the_same_folder_goes_on_where_the_first_is(tmp_path: Path) -> None:
    first, second = AuditLog(tmp_path), AuditLog(tmp_path)
    for number in range(10):
        log = first if number % 3 else second
        assert log.append("run", {"n": number}).position == number
    assert [record.payload["n"] for record in second.records()] == list(range(10))
    assert verify(tmp_path).intact


def test_reading_on_gives_only_what_is_new(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(3000)])
    assert [record.position for record in log.records(2998)] == [2998, 2999]
    assert list(log.records(3000)) == []
    log.append("run", {"n": 3000})
    assert [record.position for record in log.records(3000)] == [3000]
    assert [record.position for record in log.records(1500)][:2] == [1500, 1501]
    assert len(list(log.records())) == 3001


def test_threads_share_one_log_object(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    receipts: list[Receipt] = []

    def work(name: str) -> None:
        for number in range(25):
            receipts.append(log.append("run", {"thread": name, "n": number}))

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.position for receipt in receipts) == list(range(100))
    assert verify(tmp_path).records == 100


def test_exclusive_keeps_other_writers_waiting_and_allows_appends_inside(tmp_path: Path) -> None:
    log, other = AuditLog(tmp_path), AuditLog(tmp_path)
    waiting = threading.Thread(target=lambda: other.append("run", {"who": "other"}))
    with log.exclusive():
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        with log.exclusive():
            log.append("run", {"who": "first"})
        log.append_many([("run", {"who": "second"})])
        assert waiting.is_alive()
    waiting.join(10)
    assert [record.payload["who"] for record in log.records()] == ["first", "second", "other"]


def test_what_exclusive_finds_from_others_is_flushed_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, other = AuditLog(tmp_path), AuditLog(tmp_path)
    flushed: list[int] = []
    monkeypatch.setattr(appending, "flush", flushed.append)
    with log.exclusive():
        pass
    other.append("run", {})
    flushed.clear()
    with log.exclusive():
        assert len(flushed) == 1
    with log.exclusive():
        assert len(flushed) == 1


def test_the_receipt_comes_after_the_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(tmp_path)
    seen: list[bytes] = []
    monkeypatch.setattr(appending, "flush", lambda _: seen.append(log.path.read_bytes()))
    receipt = log.append("run", {})
    assert len(seen) == 1 and receipt.hash.encode() in seen[0]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "the disk is full; .*Free some space, then run again"),
        (errno.ESTALE, "the drive or share is away; .*Connect it again, then run again"),
        (errno.EACCES, "permission denied; .*Give the bot a folder it may write to, then run again"),
    ],
)
def test_a_record_that_cannot_be_written_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    log = AuditLog(tmp_path)

    def fail(_: int, __: bytes) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(AuditError, match=f"could not be written: {says}"):
            log.append("run", {})
    assert log.append("run", {}).position == 0


def test_a_failed_flush_gives_no_receipt_and_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(appending, "flush", fail)
        with pytest.raises(AuditError, match=r"could not be brought to the disk: the disk reports an error"):
            log.append("run", {})
    with pytest.raises(AuditError, match="takes no more records from this run"):
        log.append("run", {})
    assert AuditLog(tmp_path).append("run", {}).position == 2


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    for kind in ("descision", "recovery"):
        with pytest.raises(AuditError, match=f"'{kind}' isn't a kind of record; use one of action, answer,"):
            log.append(kind, {})


def test_a_batch_with_one_unwritable_payload_writes_nothing(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    with pytest.raises(AuditError, match=r"facts\.amount can't be written"):
        log.append_many([("run", {}), ("decision", entry("1", facts={"amount": float("inf")}))])
    assert list(log.records()) == []


def test_a_clock_that_does_not_know_its_offset_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, clock=lambda: datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="the clock must give moments with an offset"):
        log.append("run", {})
    assert AuditLog(tmp_path).append("run", {}).position == 0


def test_a_clock_that_jumps_back_changes_no_order(tmp_path: Path) -> None:
    moments = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
    log = AuditLog(tmp_path, clock=lambda: next(moments))
    log.append("run", {})
    log.append("run", {})
    assert [record.time[:10] for record in log.records()] == ["2026-01-02", "2026-01-01"]
    assert verify(tmp_path).intact


def test_a_closed_log_takes_no_records(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})
    log.close()
    log.close()
    with pytest.raises(AuditError, match="was closed; open it again"):
        log.append("run", {})
    assert len(list(log.records())) == 1


def _append_in_child(log: AuditLog) -> None:
    log.append("run", {"who": "child"})


@pytest.mark.skipif(not POSIX, reason="only POSIX systems fork")
def test_a_forked_child_takes_its_own_lock_and_its_own_name(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {"who": "parent"})
    child = multiprocessing.get_context("fork").Process(target=_append_in_child, args=(log,))
    with log.exclusive():
        child.start()
        child.join(0.3)
        assert child.is_alive()  # it waits for the parent instead of sharing its lock
        log.append("run", {"who": "parent"})
    child.join(10)
    assert child.exitcode == 0
    records = list(log.records())
    assert [record.payload["who"] for record in records] == ["parent", "parent", "child"]
    assert records[2].writer != records[1].writer


def test_reading_a_log_that_was_edited_is_refused(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(3)])
    log.path.write_bytes(log.path.read_bytes().replace(b'"n":1', b'"n":9'))
    with pytest.raises(AuditError, match="isn't what was written: record 1 was changed after it was written"):
        list(log.records())
    with pytest.raises(AuditError, match="record 1 was changed"):
        list(AuditLog(tmp_path).records())


def test_nobody_appends_to_a_log_whose_last_record_was_edited(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(3)])
    edited = log.path.read_bytes().replace(b'"n":2', b'"n":9')
    log.path.write_bytes(edited)
    with pytest.raises(AuditError, match="record 2 was changed after it was written"):
        AuditLog(tmp_path).append("run", {})
    assert log.path.read_bytes() == edited


def test_nobody_appends_after_a_removed_record_that_another_process_left(tmp_path: Path) -> None:
    log, other = AuditLog(tmp_path), AuditLog(tmp_path)
    log.append("run", {"n": 0})
    other.append_many([("run", {"n": 1}), ("run", {"n": 2})])
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(lines[0] + lines[2])
    with pytest.raises(AuditError, match=r"record 2 doesn't follow from the record before it \(expected 1\)"):
        log.append("run", {})


def test_a_log_cut_short_under_a_running_writer_is_noticed(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(3)])
    list(log.records())
    os.truncate(log.path, len(log.path.read_bytes().splitlines(keepends=True)[0]))
    with pytest.raises(
        AuditError, match=r"was cut short while this run was using it: 3 records had been seen"
    ):
        log.append("run", {})
    with pytest.raises(AuditError, match="was cut short"):
        list(log.records(3))


@pytest.mark.skipif(not POSIX, reason="Windows keeps an open file from being deleted")
@pytest.mark.parametrize("replace", [False, True])
def test_a_log_deleted_or_replaced_under_a_running_writer_is_noticed(tmp_path: Path, replace: bool) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})
    content = log.path.read_bytes()
    log.path.rename(tmp_path / "moved.jsonl")
    if replace:
        log.path.write_bytes(content)
    with pytest.raises(AuditError, match="was deleted or replaced while this run was writing to it"):
        log.append("run", {})
    assert (tmp_path / "moved.jsonl").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "audit"):
        with pytest.raises(AuditError, match=r"can't be opened for writing: .*give the bot a folder"):
            AuditLog(folder)


def test_a_folder_in_place_of_the_file_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(AuditError, match="can't be opened for writing"):
        AuditLog(tmp_path)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
def test_a_log_that_held_records_is_never_begun_anew_by_accident(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})
    log.close()
    damage(log.path)
    for read_only in (False, True):
        with pytest.raises(
            AuditError,
            match=r"is gone or empty; .* restore the log, from its copy on the share if it has one",
        ):
            AuditLog(tmp_path, read_only=read_only)
    (tmp_path / "audit.begun").unlink()
    assert AuditLog(tmp_path).append("run", {}).position == 0


def test_a_log_without_records_may_be_gone(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.close()
    log.path.unlink()
    assert AuditLog(tmp_path).append("run", {}).position == 0


def test_reading_only_needs_no_right_to_write_and_takes_no_records(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {"n": 1})
    log.path.chmod(0o444)
    reader = AuditLog(tmp_path, read_only=True)
    assert [record.payload for record in reader.records()] == [{"n": 1}]
    with pytest.raises(AuditError, match="opened for reading only"):
        reader.append("run", {})


def test_reading_a_deleted_log_is_refused(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    if POSIX:
        log.path.unlink()
        with pytest.raises(AuditError, match="can't be read: no such file"):
            list(log.records())


def test_folders_are_made_with_all_their_parents(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "a" / "b" / "audit")
    assert log.append("run", {}).position == 0

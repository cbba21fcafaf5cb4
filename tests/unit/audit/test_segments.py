"""A log in several files: writers go on in the next one, readers and verification go through all of them."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog, Record, verify
from referee.audit.reading import read_lines
from referee.audit.record import Tail
from referee.audit.segments import segment_names
from referee.domain import AuditError

SMALL = 1_700
"""Bytes after which a segment is closed: after 5 of the records here."""


RUN = {"decision": "d", "status": "started", "bot": "b", "summary": {}}


def log_of(folder: Path, count: int, segment_bytes: int = SMALL) -> AuditLog:
    log = AuditLog(folder, writer="bot", segment_bytes=segment_bytes)
    for number in range(count):
        log.append("run", {**RUN, "n": number, "text": "x" * 100})
    return log


def numbers(records: list[Record]) -> list[int]:
    return [int(record.payload["n"]) for record in records if record.kind == "run"]


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_segment_is_closed_and_the_next_one_commits_to_the_whole_of_it(tmp_path: Path) -> None:
    log_of(tmp_path, 12)
    names = segment_names(tmp_path)
    assert names == ["audit.jsonl", *(f"audit-{at:012d}.jsonl" for at in (6, 11, 16))]
    for before, after in pairwise(names):
        content = (tmp_path / before).read_bytes()
        closing = json.loads(lines_of(tmp_path / before)[-1])
        opening = json.loads(lines_of(tmp_path / after)[0])
        assert (closing["kind"], closing["payload"]) == ("segment", {"next": after})
        assert opening["kind"] == "segment"
        assert opening["payload"] == {
            "log": json.loads(lines_of(tmp_path / names[0])[0])["hash"],
            "after": before,
            "records": len(content.splitlines()),
            "bytes": len(content),
            "sha256": sha256(content).hexdigest(),
        }
        assert opening["previous"] == closing["hash"]
        assert after == f"audit-{opening['position']:012d}.jsonl"


def test_readers_go_through_all_segments_and_verification_too(tmp_path: Path) -> None:
    log = log_of(tmp_path, 30)
    assert numbers(list(log.records())) == list(range(30))
    positions = [record.position for record in log.records()]
    assert positions == list(range(len(positions)))
    for start in positions:
        assert [record.position for record in log.records(start)] == positions[start:]
        assert next(AuditLog(tmp_path, read_only=True).records(start)).position == start
    found = verify(tmp_path, contents=True)
    assert found.faults == () and found.complete
    assert (found.records, found.segments) == (len(positions), len(segment_names(tmp_path)))


def test_a_second_writer_goes_on_in_the_newest_segment(tmp_path: Path) -> None:
    first, second = log_of(tmp_path, 0), log_of(tmp_path, 0)
    for number in range(40):
        (first, second)[number % 3 == 0].append("run", {**RUN, "n": number, "text": "x" * 100})
    third = log_of(tmp_path, 0)
    third.append("run", {**RUN, "n": 40})
    assert numbers(list(second.records())) == list(range(41))
    assert verify(tmp_path).faults == ()


def test_threads_share_one_log_object_across_segments(tmp_path: Path) -> None:
    log = log_of(tmp_path, 0)

    def work() -> None:
        for number in range(30):
            log.append("run", {**RUN, "n": number, "text": "x" * 100})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(list(log.records()))) == sorted([*range(30)] * 4)
    assert verify(tmp_path).faults == ()


def test_lines_are_read_on_from_any_place_across_segments(tmp_path: Path) -> None:
    log_of(tmp_path, 14)
    whole = list(read_lines(tmp_path, Tail()))
    for at, (_, tail) in enumerate(whole):
        assert list(read_lines(tmp_path, tail)) == whole[at + 1 :]
    for line, tail in whole:
        with (tmp_path / tail.segment).open("rb") as file:
            file.seek(tail.offset - len(line))
            assert file.readline() == line


def test_exclusive_sees_what_others_wrote_into_a_segment_it_did_not_know(tmp_path: Path) -> None:
    first, second = log_of(tmp_path, 1), log_of(tmp_path, 12)
    with first.exclusive():
        assert numbers(list(first.records())) == [0, *range(12)]
        first.append("run", {**RUN, "n": 99})
    second.append("run", {**RUN, "n": 100})
    assert numbers(list(second.records()))[-2:] == [99, 100]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_log_cut_anywhere_around_the_change_of_segments_goes_on(data: st.DataObject) -> None:
    """What a kill or a power cut can leave: any beginning of what was written since the last flush."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        log_of(folder, 6).close()
        first, second = (folder / segment for segment in segment_names(folder))
        closing = lines_of(first)[-1]
        at = first.stat().st_size
        written = first.read_bytes()[-len(closing) :] + second.read_bytes()
        cut = data.draw(st.integers(0, len(written)))
        begun = folder / "audit.begun"
        begun.write_text(
            "audit.jsonl\n" if cut < len(written) - len(lines_of(second)[-1]) else begun.read_text()
        )
        kept = written[:cut]
        os.truncate(first, at - len(closing) + min(cut, len(closing)))
        if cut <= len(closing):
            if data.draw(st.booleans()):
                second.unlink()
            else:
                second.write_bytes(b"")
                if cut < len(closing):
                    second.unlink()
        else:
            second.write_bytes(kept[len(closing) :])
        log = log_of(folder, 0)
        receipt = log.append("run", {**RUN, "n": 100})
        log.append("run", {**RUN, "n": 101, "text": "x" * 3000})
        log.append("run", {**RUN, "n": 102})
        log.close()
        found = verify(folder, contents=True)
        assert found.faults == (), found
        read = numbers(list(AuditLog(folder, read_only=True).records()))
        assert read[:5] == [0, 1, 2, 3, 4] and read[-3:] == [100, 101, 102]
        assert receipt.position < found.records


def test_a_full_disk_at_the_change_of_segments_gives_no_receipt_and_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    for allowed in range(4):  # 0: the closing record fails, 1: the opening one, 2: the record itself
        folder = tmp_path / str(allowed)
        log = log_of(folder, 5)
        written = 0

        def write(descriptor: int, data: bytes, allowed: int = allowed) -> int:
            nonlocal written
            if written == allowed:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += 1
            return real(descriptor, data)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write)
            if allowed < 3:
                with pytest.raises(AuditError, match="could not be written: the disk is full"):
                    log.append("run", {**RUN, "n": 5})
            else:
                log.append("run", {**RUN, "n": 5})
        log.append("run", {**RUN, "n": 6})
        assert numbers(list(log.records())) == [0, 1, 2, 3, 4, *([5] if allowed == 3 else []), 6]
        assert verify(folder, contents=True).faults == ()


def test_a_newest_segment_that_is_gone_or_empty_is_never_begun_anew(tmp_path: Path) -> None:
    for damage in (Path.unlink, lambda path: path.write_bytes(b"")):
        folder = tmp_path / str(damage)[-8:-1]
        running = log_of(folder, 0)
        log_of(folder, 6).close()
        damage(folder / segment_names(folder)[-1])
        for attempt in (
            lambda folder=folder: AuditLog(folder),
            lambda folder=folder: AuditLog(folder, read_only=True),
            lambda running=running: running.append("run", {}),
        ):
            with pytest.raises(
                AuditError, match=r"held records once and is gone or empty; .*restore the log"
            ):
                attempt()


def test_a_removed_newest_segment_is_named(tmp_path: Path) -> None:
    log_of(tmp_path, 12)
    (tmp_path / segment_names(tmp_path)[-1]).unlink()
    (fault,) = verify(tmp_path).faults
    assert fault.code == "missing"
    assert "which holds the records from 16 on, is missing" in fault.message


def test_archived_segments_are_named_and_can_be_checked_where_they_are(tmp_path: Path) -> None:
    folder, archive = tmp_path / "audit", tmp_path / "archive"
    log = log_of(folder, 20)
    names = segment_names(folder)
    archive.mkdir()
    digest = sha256((folder / names[1]).read_bytes()).hexdigest()
    size = (folder / names[1]).stat().st_size
    for name in names[:2]:
        (folder / name).rename(archive / name)
    first = int(names[2][6:18])
    found = verify(folder)
    assert found.intact and not found.complete
    assert found.not_verifiable[0] == (
        f"records 0 to {first - 1} are archived elsewhere: they end with {names[1]}, which has {size} bytes and "
        f"the sha256 {digest}"
    )
    assert verify(folder, archives=[archive], contents=True).complete

    with pytest.raises(
        AuditError, match=rf"records 0 to {first - 1} of the audit log .* are archived elsewhere"
    ):
        list(log.records())
    assert next(AuditLog(folder).records(first + 1)).position == first + 1
    assert (
        log.append("run", {**RUN, "n": 20}).position
        == AuditLog(folder).append("run", {**RUN, "n": 21}).position - 1
    )
    (archive / names[1]).rename(folder / names[1])
    (found_again,) = verify(folder).absent
    assert (found_again.first, found_again.last, found_again.file) == (0, int(names[1][6:18]) - 1, names[0])


def test_a_missing_segment_in_between_is_named(tmp_path: Path) -> None:
    log = log_of(tmp_path, 20)
    names = segment_names(tmp_path)
    (tmp_path / names[1]).unlink()
    (absent,) = verify(tmp_path).absent
    assert (absent.first, absent.last) == (int(names[1][6:18]), int(names[2][6:18]) - 1)
    with pytest.raises(AuditError, match=rf"the segment .*{names[1]} of the audit log is missing"):
        list(log.records())


def test_a_segment_that_goes_missing_while_it_is_read_is_named_with_its_own_first_record(
    tmp_path: Path,
) -> None:
    log_of(tmp_path, 12)
    name = segment_names(tmp_path)[-1]
    *_, (_, known) = read_lines(tmp_path, Tail())
    assert known.position > int(name[6:18])
    (tmp_path / name).unlink()
    with pytest.raises(AuditError, match=rf"it holds the records from {int(name[6:18])} on; put it back"):
        list(read_lines(tmp_path, known))


def test_swapped_segments_are_told_in_few_words(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, segment_bytes=60_000)
    log.append_many(("run", {**RUN, "n": number}) for number in range(500))
    for number in range(600):
        log.append_many(("run", {**RUN, "n": number + part}) for part in range(5))
    names = segment_names(tmp_path)
    one, other = tmp_path / names[1], tmp_path / names[2]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    faults = verify(tmp_path).faults
    repeated = [fault for fault in faults if fault.code == "repeated"]
    assert len(faults) < 20 and len(repeated) == 4
    assert re.fullmatch(r"\d\d more records stand here again, up to line \d+", repeated[-1].message)


def test_an_edited_byte_in_an_older_segment_is_named_by_file_and_line(tmp_path: Path) -> None:
    log_of(tmp_path, 12)
    path = tmp_path / segment_names(tmp_path)[1]
    path.write_bytes(path.read_bytes().replace(b'"n":7', b'"n":1'))
    (fault,) = verify(tmp_path).faults
    assert (fault.code, fault.place.file, fault.place.line) == ("edited", str(path), 4)


def test_a_segment_that_lost_its_end_is_named(tmp_path: Path) -> None:
    log_of(tmp_path, 12)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(lines_of(path)[:-2]))
    assert [fault.code for fault in verify(tmp_path).faults][:1] == ["untied"]
    with pytest.raises(AuditError):
        assert len(list(AuditLog(tmp_path).records())) > 10


def test_a_segment_of_another_log_is_not_gone_on_with(tmp_path: Path) -> None:
    log_of(tmp_path / "one", 6)
    log_of(tmp_path / "two", 6)
    name = segment_names(tmp_path / "one")[-1]
    (tmp_path / "one" / name).write_bytes((tmp_path / "two" / name).read_bytes())
    assert [fault.code for fault in verify(tmp_path / "one").faults][:1] == ["relinked"]
    with pytest.raises(AuditError, match="doesn't follow from the record before it"):
        list(AuditLog(tmp_path / "one").records())

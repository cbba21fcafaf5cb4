"""Verification names the first bad record and what is wrong with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog, Verification, verify
from referee.domain import AuditError


def lines_of(folder: Path, count: int = 6) -> list[bytes]:
    log = AuditLog(folder, writer="bot")
    log.append_many([("run", {"n": number}) for number in range(count)])
    log.close()
    return log.path.read_bytes().splitlines(keepends=True)


def verified(folder: Path, lines: list[bytes], contents: bool = False) -> Verification:
    (folder / "audit.jsonl").write_bytes(b"".join(lines))
    return verify(folder, contents=contents)


def summary(found: Verification) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.place.line, fault.position) for fault in found.faults]


def test_an_untouched_log_is_intact(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    found = verified(tmp_path, lines)
    assert found.intact
    assert found.records == 6
    assert found.head == json.loads(lines[-1])["hash"]
    assert not found.faults
    assert not found.sealed


def test_an_empty_log_is_intact(tmp_path: Path) -> None:
    AuditLog(tmp_path)
    assert verify(tmp_path).intact
    assert verify(tmp_path).records == 0


def test_it_says_what_cannot_be_verified(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    found = verified(tmp_path, lines[:4])
    assert found.intact  # the newest records are gone, and nothing in the log can tell
    assert found.not_verifiable[0] == (
        "whether the newest records were deleted, or all were written anew, can't be told from the log alone: it has "
        "no signed checkpoint"
    )


def test_an_edited_byte_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    lines[2] = lines[2].replace(b'"n":2', b'"n":7')
    found = verified(tmp_path, lines)
    assert summary(found) == [("edited", 3, 2)]
    path = tmp_path / "audit.jsonl"
    assert str(found.faults[0]) == f"{path}, line 3: record 2 was changed after it was written"
    assert found.records == 5


def test_a_removed_line_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    found = verified(tmp_path, lines[:2] + lines[3:])
    assert summary(found) == [("missing", 3, 2)]
    assert found.faults[0].message == "record 2 is missing before record 3"


def test_a_removed_beginning_is_named(tmp_path: Path) -> None:
    found = verified(tmp_path, lines_of(tmp_path)[3:])
    assert summary(found) == [("missing", 1, 0)]
    assert found.faults[0].message == "records 0 to 2 are missing before record 3"


def test_a_swapped_pair_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    lines[2], lines[3] = lines[3], lines[2]
    found = verified(tmp_path, lines)
    assert summary(found) == [("moved", 3, 2)]
    assert "out of order: record 2 stands in line 4" in found.faults[0].message


def test_a_repeated_line_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    found = verified(tmp_path, [*lines[:3], lines[1], *lines[3:]])
    assert summary(found) == [("repeated", 4, 1)]
    assert found.faults[0].message == "record 1 stands here again"


def test_the_first_of_many_repeated_lines_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, 40)
    found = verified(tmp_path, [*lines[:30], *lines[10:25], *lines[30:], lines[4], lines[5]])
    assert summary(found) == [("repeated", line, line - 21) for line in (31, 32, 33, 34)] + [
        ("repeated", 56, 4),
        ("repeated", 57, 5),
    ]
    assert [fault.message for fault in found.faults[2:5]] == [
        "record 12 stands here again",
        "12 more records stand here again, up to line 45",
        "record 4 stands here again",
    ]


def test_a_rehashed_forgery_is_named_by_the_record_behind_it(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    body = lines[2].replace(b'"n":2', b'"n":7').split(b',"hash":')[0]
    lines[2] = body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'
    found = verified(tmp_path, lines)
    assert summary(found) == [("relinked", 4, 3)]
    assert "doesn't follow from the record before it: that one was replaced" in found.faults[0].message


def test_bad_json_with_a_good_hash_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, 2)
    body = lines[1].replace(b'"n":1}', b'"n":}').split(b',"hash":')[0]
    lines[1] = body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'
    assert verified(tmp_path, lines).intact  # these bytes were written like that
    found = verified(tmp_path, lines, contents=True)
    assert summary(found)[-1] == ("unreadable", 2, 1)
    assert "record 1 isn't the JSON of a record" in found.faults[-1].message
    with pytest.raises(AuditError, match="record 1 can't be read"):
        list(AuditLog(tmp_path).records())


@pytest.mark.parametrize("payload", [b'"text"', b"7"])
def test_a_payload_that_is_no_object_is_named(tmp_path: Path, payload: bytes) -> None:
    lines = lines_of(tmp_path, 1)
    body = lines[0].replace(b'{"n":0}', payload).split(b',"hash":')[0]
    found = verified(tmp_path, [body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'], True)
    assert summary(found) == [("unreadable", 1, 0)]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    lines[2] = b"{}\n"
    found = verified(tmp_path, lines)
    assert summary(found) == [("damaged", 3, 2)]
    assert "this isn't a record (record 2 was expected) and nothing seals it" in found.faults[0].message


def test_an_unsealed_torn_tail_is_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    found = verified(tmp_path, [*lines, b'{"v":1,"position":6'])
    assert found.intact
    assert found.unfinished is not None
    assert (found.unfinished.place.line, found.unfinished.size) == (7, 19)
    assert "the next run seals it" in str(found.unfinished)


def test_something_foreign_at_the_end_is_a_fault(tmp_path: Path) -> None:
    found = verified(tmp_path, [*lines_of(tmp_path), b"garbage\n"])
    assert summary(found) == [("foreign", 7, 6)]
    assert "something that Referee didn't write" in found.faults[0].message


def test_two_faults_are_both_named(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    lines[1] = lines[1].replace(b'"n":1', b'"n":7')
    del lines[4]
    assert summary(verified(tmp_path, lines)) == [("edited", 2, 1), ("missing", 5, 4)]


def test_a_hopeless_log_gives_the_first_hundred_faults(tmp_path: Path) -> None:
    lines = [line.replace(b'"n"', b'"m"') for line in lines_of(tmp_path, 300)]
    assert len(verified(tmp_path, lines).faults) == 100


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_changed_byte_is_found_in_its_own_line(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        content = b"".join(lines_of(Path(name)))
        at = data.draw(st.integers(0, len(content) - 1))
        byte = data.draw(st.integers(0, 255))
        assume(byte != content[at])
        found = verified(Path(name), [content[:at], bytes([byte]), content[at + 1 :]])
        line = content[:at].count(b"\n") + 1
        if found.intact:  # the last line can be damaged so that it looks like one that was never finished
            assert found.unfinished is not None
            assert found.unfinished.place.line == line == content.count(b"\n")
        else:
            assert found.faults[0].place.line == line


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_reordering_or_removal_is_found(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        lines = lines_of(Path(name))
        kept = data.draw(st.lists(st.sampled_from(range(6)), unique=True))
        assume(kept != list(range(len(kept))))
        assert not verified(Path(name), [lines[number] for number in kept]).intact


def test_progress_is_told_in_bytes_up_to_the_whole_of_them(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, segment_bytes=100_000)
    log.append_many([("run", {"n": number}) for number in range(40_000)])
    log.append("run", {})
    told: list[tuple[int, int]] = []
    verify(tmp_path, progress=lambda done, total: told.append((done, total)))
    size = sum(path.stat().st_size for path in tmp_path.glob("audit*.jsonl"))
    assert {total for _, total in told} == {size}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 2 and told[-1][0] == size


def test_a_log_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"there is no audit log .*audit\.jsonl; name the folder that holds"):
        verify(tmp_path)


def test_a_log_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(AuditError, match="can't be read"):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            lambda folder: (folder / "audit.jsonl").write_bytes(b""),
            "audit.jsonl held records once and is gone or empty",
        ),
        (
            lambda folder: (folder / "audit.begun").open("a").write("audit-000000000006.jsonl\n"),
            "audit-000000000006.jsonl held records once and is gone or empty",
        ),
        (
            lambda folder: (folder / "audit.begun").write_bytes(b"\xff\0"),
            "this file doesn't name any file of the log",
        ),
    ],
    ids=["empty", "gone", "garbled"],
)
def test_what_is_known_to_have_held_records_must_still_do_so(
    tmp_path: Path, harm: Callable[[Path], object], said: str
) -> None:
    lines_of(tmp_path)
    harm(tmp_path)
    (fault,) = verify(tmp_path).faults
    assert fault.message.startswith(said)
    assert fault.place.file == str(tmp_path / "audit.begun")


def test_a_next_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, segment_bytes=1000)
    while len(segments := sorted(tmp_path.glob("audit-*.jsonl"))) < 2:
        log.append("run", {})
    log.close()
    segments[-1].unlink()
    (fault,) = verify(tmp_path).faults
    assert segments[-1].name in fault.message and fault.code == "missing"
    (tmp_path / "audit.begun").unlink()
    found = verify(tmp_path)
    assert found.intact
    assert f"the last record names {segments[-1].name}, which isn't there" in found.not_verifiable[0]


def test_a_position_of_thousands_of_digits_is_damage(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    lines[2] = lines[2].replace(b'"position":2', b'"position":' + b"2" * 6000)
    assert summary(verified(tmp_path, lines))[0] == ("damaged", 3, 2)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right that few users have")
def test_a_file_that_links_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").symlink_to(tmp_path / "audit.jsonl")
    with pytest.raises(AuditError, match="can't be read"):
        verify(tmp_path)


def test_the_file_in_place_of_its_folder_is_told(tmp_path: Path) -> None:
    lines_of(tmp_path)
    with pytest.raises(AuditError, match=r"audit\.jsonl is a file; name the folder that holds the audit log"):
        verify(tmp_path / "audit.jsonl")

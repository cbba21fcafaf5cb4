"""An unfinished line at the end of a log: sealed by the next writer, never cut off, never a record."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog, verify
from referee.domain import AuditError


def log_with(folder: Path, count: int) -> bytes:
    log = AuditLog(folder)
    log.append_many([("run", {"n": number, "text": "ü\n" * 3}) for number in range(count)])
    log.close()
    return log.path.read_bytes()


def is_record(line: bytes) -> bool:
    """Whether a power cut left the line whole."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_log_cut_anywhere_goes_on_and_keeps_every_byte(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        content = log_with(folder, 4)
        path = folder / "audit.jsonl"
        for _ in range(
            data.draw(st.integers(1, 4))
        ):  # each power cut may also hit what sealed the one before
            cut = data.draw(st.integers(max(0, len(content) - 700), len(content)))
            whole = sum(1 for line in content[:cut].splitlines(keepends=True) if is_record(line))
            path.write_bytes(content[:cut])
            log = AuditLog(folder)
            receipt = log.append("run", {"n": -1})
            log.close()
            content, before = path.read_bytes(), content[:cut]
            assert content.startswith(before)
            found = verify(folder)
            assert found.faults == ()
            assert found.head == receipt.hash
            assert found.records > whole
            assert found.records == len(list(AuditLog(folder).records())) == receipt.position + 1


def test_a_torn_line_is_sealed_by_a_record_that_commits_to_its_bytes(tmp_path: Path) -> None:
    content = log_with(tmp_path, 2)
    (tmp_path / "audit.jsonl").write_bytes(content + b'{"v":1,"position":2,"kind":"run","ti')
    log = AuditLog(tmp_path)
    assert log.append("run", {"n": 3}).position == 3
    assert [record.kind for record in log.records()] == ["run", "run", "recovery", "run"]
    (sealed,) = verify(tmp_path).sealed
    assert (sealed.place.line, sealed.size, sealed.position) == (3, 36, 2)


def test_a_whole_record_that_only_lacks_its_newline_is_kept_as_a_record(tmp_path: Path) -> None:
    content = log_with(tmp_path, 3)
    (tmp_path / "audit.jsonl").write_bytes(content[:-1])
    log = AuditLog(tmp_path)
    assert log.append("run", {}).position == 3
    assert [record.kind for record in log.records()] == ["run"] * 4
    assert verify(tmp_path).intact


def test_zeros_left_by_a_power_cut_are_sealed(tmp_path: Path) -> None:
    content = log_with(tmp_path, 2)
    (tmp_path / "audit.jsonl").write_bytes(content + b"\0" * 4096)
    AuditLog(tmp_path).append("run", {})
    assert verify(tmp_path).intact
    assert verify(tmp_path).sealed[0].size == 4096


def test_a_running_writer_seals_what_a_killed_one_left(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {})
    with log.path.open("ab") as killed:
        killed.write(b'{"v":1,"position":1,')
    assert log.append("run", {}).position == 2
    assert verify(tmp_path).intact


def test_an_unsealed_tail_is_not_read_as_a_record(tmp_path: Path) -> None:
    content = log_with(tmp_path, 2)
    (tmp_path / "audit.jsonl").write_bytes(content + b'{"v":1,"position":2,')
    assert len(list(AuditLog(tmp_path).records())) == 2


@pytest.mark.parametrize("tail", [b"hello\n", b"hello", b"{}\n", b"\n", b"\nhello"])
def test_something_that_referee_never_wrote_is_not_sealed(tmp_path: Path, tail: bytes) -> None:
    content = log_with(tmp_path, 2)
    (tmp_path / "audit.jsonl").write_bytes(content + tail)
    with pytest.raises(AuditError, match=r"ends in something that Referee didn't write \(from byte \d+ on\)"):
        AuditLog(tmp_path).append("run", {})
    assert (tmp_path / "audit.jsonl").read_bytes() == content + tail


def test_a_file_that_is_no_audit_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text("case,amount\n1,100\n")
    with pytest.raises(AuditError, match="ends in something that Referee didn't write"):
        AuditLog(tmp_path).append("run", {})
    assert (tmp_path / "audit.jsonl").read_text() == "case,amount\n1,100\n"


def test_a_forged_seal_over_other_bytes_is_refused(tmp_path: Path) -> None:
    content = log_with(tmp_path, 2)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(content + b'{"v":1,"position":2,"kind":"run"')
    AuditLog(tmp_path).append("run", {})
    path.write_bytes(path.read_bytes().replace(b'"position":2,"kind":"run"', b'"position":2,"kind":"rum"'))
    with pytest.raises(AuditError, match="there are damaged bytes before record 2"):
        list(AuditLog(tmp_path).records())
    (fault,) = verify(tmp_path).faults
    assert (fault.code, fault.place.line, fault.position) == ("damaged", 3, 2)


def test_opening_a_long_log_finds_a_last_record_longer_than_a_block(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append("run", {"n": 0})
    log.append("run", {"text": "x" * 300_000})
    log.close()
    with log.path.open("ab") as killed:
        killed.write(b'{"v":1,"position":2,' + b"y" * 200_000)
    assert AuditLog(tmp_path).append("run", {}).position == 3
    assert verify(tmp_path).intact

"""The hash of a record is found by its position, whatever stands between the records."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.audit import AuditLog
from referee.audit.hash_at import hash_at
from referee.audit.segments import first_position, segment_names


def written(folder: Path, segment_bytes: int = 1500) -> list[str]:
    """A log of records of many sizes, with unfinished lines that were sealed. The hashes of its records."""
    for size in range(0, 4000, 100):
        log = AuditLog(folder, segment_bytes=segment_bytes)
        log.append_many([("run", {"n": "x" * size}), ("run", {})])
        log.close()
        if size % 700 == 0:
            with (folder / segment_names(folder)[-1]).open("ab") as file:
                file.write(b'{"v":1,"position":3')
    return [record.hash for record in AuditLog(folder).records()]


@pytest.mark.parametrize("segment_bytes", [1500, 20_000, 1 << 28])
def test_each_record_is_found_and_none_behind_the_end(tmp_path: Path, segment_bytes: int) -> None:
    hashes = written(tmp_path, segment_bytes)
    assert [hash_at(tmp_path, position) for position in range(len(hashes))] == hashes
    assert hash_at(tmp_path, len(hashes)) == hash_at(tmp_path, 10 * len(hashes)) == ""


def test_a_changed_record_has_no_hash(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(9)])
    log.path.write_bytes(log.path.read_bytes().replace(b'"n":5', b'"n":6'))
    assert hash_at(tmp_path, 5) == ""
    assert hash_at(tmp_path, 6) != ""


def test_nothing_is_told_of_archived_segments_but_of_those_cut_off(tmp_path: Path) -> None:
    written(tmp_path)
    names = segment_names(tmp_path)
    starts = [first_position(name) or 0 for name in names]
    (tmp_path / names[2]).unlink()
    assert hash_at(tmp_path, starts[2]) is None
    (tmp_path / names[0]).unlink()
    assert hash_at(tmp_path, 0) is None
    cut = tmp_path / names[4]
    cut.write_bytes(b"".join(cut.read_bytes().splitlines(keepends=True)[:-1]))
    assert hash_at(tmp_path, starts[5] - 1) == ""


def test_a_folder_without_a_log_has_no_records(tmp_path: Path) -> None:
    assert hash_at(tmp_path, 0) == hash_at(tmp_path / "nowhere", 0) == ""

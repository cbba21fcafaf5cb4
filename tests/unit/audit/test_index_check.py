"""An index that agrees with itself and not with the log is named when it is held against the log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog
from referee.audit.index import up_to_date
from referee.audit.index_check import differing_indexes, has_index
from tests.unit.audit.forged_index import forge


def decided(case: str) -> tuple[str, dict[str, Any]]:
    payload = {"case": case, "decision": "payments", "route": "auto", "action": "pay", "queue": ""}
    return "decision", payload


def done(case: str, of: int) -> tuple[str, dict[str, Any]]:
    return "action", {"case": case, "decision": "payments", "status": "done", "action": "pay", "of": of}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = AuditLog(tmp_path / "audit", segment_bytes=8192)
    log.append("run", {"decision": "payments", "status": "started", "bot": "clerk", "summary": {}})
    for number in range(40):
        receipt = log.append(*decided(f"A-{number}"))
        log.append(*done(f"A-{number}", receipt.position))
    with up_to_date(log.folder) as index:
        assert len(index.story("A-15")) == 2
    return log.folder


def test_an_index_that_says_what_the_log_says_is_not_named(folder: Path) -> None:
    AuditLog(folder).append(*decided("B-1"))  # the index is behind the log now
    seen: list[tuple[int, int]] = []
    assert differing_indexes(folder, lambda done, total: seen.append((done, total))) == ([], [])
    assert seen[-1][0] == seen[-1][1] > 80


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (
            (
                "UPDATE records SET subject = NULL WHERE subject = (SELECT id FROM cases WHERE name = 'A-15')",
                "DELETE FROM cases WHERE name = 'A-15'",
            ),
            "of case A-15",
        ),
        (("UPDATE cases SET standing = NULL WHERE name = 'A-7'",), "of case A-7"),
        (("UPDATE bots SET bot = 'other'",), "in its table bots"),
        (("UPDATE records SET route = NULL WHERE position = 31",), "of record 31"),
    ],
)
def test_a_forged_index_is_named_though_its_sums_agree(
    folder: Path, statements: tuple[str, ...], told: str
) -> None:
    forge(folder, *statements)
    [fault], skipped = differing_indexes(folder)
    assert told in fault
    assert "delete it" in fault
    assert not skipped


def test_an_index_that_this_user_may_only_read_is_said_not_to_be_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge(folder, "UPDATE bots SET bot = 'other'")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and access(path, mode))
    assert has_index(folder)
    faults, [skipped] = differing_indexes(folder)
    assert not faults
    assert skipped.endswith("wasn't compared with the log: that takes the right to write beside it")


def test_an_index_of_an_archived_log_is_said_not_to_be_compared(folder: Path, tmp_path: Path) -> None:
    (folder / "audit.jsonl").rename(tmp_path / "audit.jsonl")
    faults, [skipped] = differing_indexes(folder)
    assert not faults
    assert "older files of the log are archived" in skipped

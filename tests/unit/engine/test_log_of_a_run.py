"""A run keeps checkpoints and the copy on the share up to date, stops when a record can't be written, and says so."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from referee.audit import verify
from referee.domain import AuditError, Case, Decision, LogRefusedError
from referee.signing import key_pair
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD


def cases(count: int) -> list[Case]:
    return [Case(f"P-{number}", {**GOOD, "payment": f"P-{number}"}) for number in range(1, count + 1)]


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The second place and the share of the bots' environment; neither is connected yet."""
    private, public = key_pair()
    (tmp_path / "bots.key").write_bytes(private)
    (tmp_path / "bots.pub").write_bytes(public)
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(tmp_path / "second"))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(tmp_path / "bots.key"))
    monkeypatch.setenv("REFEREE_AUDIT_SHARE", str(tmp_path / "share"))
    return tmp_path / "second"


def test_a_run_ends_with_a_checkpoint_of_all_its_records_and_all_of_them_shipped(
    office: Office, second: Path, tmp_path: Path
) -> None:
    second.mkdir()
    (tmp_path / "share").mkdir()
    summary = office.run().process(cases(3))
    assert summary.remarks == ()
    found = verify(tmp_path / "audit", checkpoints=second, keys=tmp_path / "bots.pub")
    assert found.intact and found.not_verifiable == () and found.backed == found.records
    (copy,) = (tmp_path / "share").iterdir()
    assert verify(copy).head == found.head


def test_without_the_second_place_no_run_begins_unless_it_may_be_away(
    office: Office, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LogRefusedError, match=r"can't be held against its checkpoints: .*second isn't there"):
        office.run()
    assert office.paid == []
    monkeypatch.setenv("REFEREE_CHECKPOINTS_MAY_BE_AWAY", "yes")
    summary = office.run().process(cases(3))
    assert office.paid == ["P-1", "P-2", "P-3"]
    checkpoints, shipping = summary.remarks
    assert checkpoints == (
        f"the audit log was held against none of the checkpoints made before this run: {second} isn't there; there is "
        f"no checkpoint of the audit log made by this run: {second} isn't there"
    )
    assert shipping.startswith("the audit log was not shipped in this run: ")


def test_a_run_goes_on_when_the_second_place_goes_away_and_says_so(office: Office, second: Path) -> None:
    second.mkdir()
    run = office.run()
    second.rmdir()
    summary = run.process(cases(3))
    assert office.paid == ["P-1", "P-2", "P-3"]
    assert summary.remarks[0] == (
        f"there is no checkpoint of the audit log made by this run: {second} isn't there"
    )


def test_when_a_record_cannot_be_written_nothing_more_is_done_and_the_case_stays_open(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if b'"kind":"action"' in data[:60]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    def pay(decision: Decision) -> str:
        office.paid.append(decision.case_id)
        if len(office.paid) == 2:
            monkeypatch.setattr(os, "write", full)
        return "paid"

    with pytest.raises(
        AuditError, match=r"the disk is full; nothing may be done .*Free some space, then run again"
    ):
        office.run(pay=pay).process(cases(4))
    assert office.paid == ["P-1", "P-2"]
    monkeypatch.undo()

    office.run().process(cases(4))
    assert office.paid == ["P-1", "P-2", "P-3", "P-4"]
    assert office.story("P-2") == ["decision auto", "action acting", "action in doubt", "handoff clerks"]
    assert office.story("P-3") == ["decision auto", "action acting", "action done"]

"""One run per decision and audit folder; a kill frees the place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from referee.domain import AuditError, InputError
from referee.workitems import RunLock, WorkerLock

NAME = "invoice approval"

HOLDER = """
import sys, time
from referee.workitems import RunLock, WorkerLock
with RunLock(sys.argv[1], sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_of_the_same_decision_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
    first = RunLock(tmp_path, NAME, clock=lambda: moment)
    with first, pytest.raises(InputError) as refused, RunLock(tmp_path, NAME):
        pass
    said = str(refused.value)
    assert said.startswith(f"another run is working on the cases of `{NAME}` (process {os.getpid()} on ")
    assert "started 2026-11-21T22:00:00+00:00); wait until it has ended, then run again" in said


def test_the_place_is_free_after_the_run(tmp_path: Path) -> None:
    for _ in range(2):
        with RunLock(tmp_path / "audit", NAME) as held:
            assert json.loads(held.path.read_bytes())["pid"] == os.getpid()


def test_an_error_in_the_run_frees_the_place(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(tmp_path, NAME):
        _ = 1 // 0
    with RunLock(tmp_path, NAME):
        pass


@pytest.mark.parametrize("other", ["invoice approvals", "invoice-approval", "Invoice Approval", "Ä", ""])
def test_other_decisions_have_places_of_their_own(tmp_path: Path, other: str) -> None:
    with RunLock(tmp_path, NAME), RunLock(tmp_path, other):
        pass


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_kill_frees_the_place(tmp_path: Path, repository: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), NAME],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"process {holder.pid} on "), RunLock(tmp_path, NAME):
            pass
    finally:
        holder.kill()
        holder.wait()
    with RunLock(tmp_path, NAME):
        pass


def test_a_run_that_has_not_said_yet_who_it_is_is_still_respected(tmp_path: Path) -> None:
    with RunLock(tmp_path, NAME) as held:
        held.path.write_bytes(b"")
        with pytest.raises(InputError, match=f"the cases of `{NAME}`; wait"), RunLock(tmp_path, NAME):
            pass


def test_a_lock_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(AuditError, match=r"the run lock .* can't be made"), RunLock(tmp_path / "file", NAME):
        pass


def test_workers_share_the_cases_and_exclude_a_run_of_its_own(tmp_path: Path) -> None:
    with WorkerLock(tmp_path, NAME), WorkerLock(tmp_path, NAME):
        with pytest.raises(InputError) as refused, RunLock(tmp_path, NAME):
            pass
        assert f"(process {os.getpid()} on " in str(refused.value)
        with WorkerLock(tmp_path, NAME):
            pass
    with RunLock(tmp_path, NAME):
        pass
    assert not list(tmp_path.glob("*.worker-*"))


def test_a_run_of_its_own_excludes_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("referee.workitems.run_lock.PATIENCE_SECONDS", 0.1)
    with (
        RunLock(tmp_path, NAME),
        pytest.raises(InputError, match="a run that shares its cases with nobody is working on those of"),
        WorkerLock(tmp_path, NAME),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_worker_keeps_nobody_out(tmp_path: Path, repository: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER.replace("RunLock", "WorkerLock"), str(tmp_path), NAME],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"process {holder.pid} on "), RunLock(tmp_path, NAME):
            pass
    finally:
        holder.kill()
        holder.wait()
    with RunLock(tmp_path, NAME):
        pass
    assert not list(tmp_path.glob("*.worker-*"))

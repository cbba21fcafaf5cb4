"""Whoever waits for a lock says for whom."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from referee.audit import AuditLog, lock_waits, verify
from referee.audit.appending import lock_path

RUN = {"decision": "d", "status": "started", "bot": "b", "summary": {}}
HOLDER = """
import sys
from referee.audit.file_lock import lock
file = open(sys.argv[1], "rb")
lock(file.fileno(), file.name)
print("held", flush=True)
sys.stdin.read()
"""


def append(log: AuditLog) -> None:
    log.append("run", RUN)


def append_several(log: AuditLog) -> None:
    log.append_many([("run", RUN)] * 2)


def append_after_reading(log: AuditLog) -> None:
    with log.exclusive():
        log.append("run", RUN)


def verify_while_somebody_writes(log: AuditLog) -> None:
    assert verify(log.folder).unfinished is not None


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path)
    log.append("run", RUN)
    return log


@pytest.fixture
def holder(log: AuditLog, repository: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the log's lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock_path(log.path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.communicate()


@pytest.mark.parametrize("act", [append, append_several, append_after_reading, verify_while_somebody_writes])
def test_a_long_wait_for_the_lock_names_once_who_has_it(
    log: AuditLog,
    holder: subprocess.Popen[str],
    act: Callable[[AuditLog], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", lock_waits.__name__)
    monkeypatch.setattr(lock_waits, "_LONG_SECONDS", 0.2)
    if act is verify_while_somebody_writes:
        log.path.write_bytes(log.path.read_bytes() + b'{"v":1')
    waiting = threading.Thread(target=act, args=(log,))
    waiting.start()
    told, patience = "", time.monotonic() + 30
    while not told and time.monotonic() < patience:
        time.sleep(0.02)
        told += capfd.readouterr().err
    time.sleep(0.5)
    assert waiting.is_alive()
    holder.communicate()
    waiting.join(30)
    assert not waiting.is_alive()
    who = f"process {holder.pid} (python" if sys.platform == "linux" else "another process"
    assert told.startswith(f"waiting for {lock_path(log.path)}, which {who}")
    assert told.endswith(" has locked; if that one hangs, end it\n") and not capfd.readouterr().err
    (logged,) = caplog.messages
    assert logged.startswith("waited ") and f"{lock_path(log.path)}, which {who}" in logged


def test_a_short_wait_is_not_told(
    log: AuditLog, holder: subprocess.Popen[str], capfd: pytest.CaptureFixture[str]
) -> None:
    waiting = threading.Thread(target=append, args=(log,))
    waiting.start()
    time.sleep(0.3)
    holder.communicate()
    waiting.join(30)
    assert not waiting.is_alive() and not capfd.readouterr().err

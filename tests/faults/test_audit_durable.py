"""The record is on the disk before the receipt is given, as the system itself saw the calls."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

SCRIPT = """
import os, sys
from referee.audit import AuditLog
log = AuditLog(sys.argv[1], writer="traced", segment_bytes=1500)
run = {"decision": "d", "status": "started", "bot": "b", "summary": {}}
for number in range(12):
    log.append("run", {**run, "n": number})
    os.write(1, b"receipt %d\\n" % number)
log.append_many([("run", {**run, "n": number}) for number in range(12, 16)])
os.write(1, b"receipt 15\\n")
with log.exclusive():
    log.append("run", {**run, "n": 16})
    os.write(1, b"receipt 16\\n")
"""

CALL = re.compile(r'^(?:\d+ +)?(\w+)\((\d+)(?:<([^>]*)>)?(?:, "(.*))?', re.MULTILINE)


@pytest.mark.skipif(sys.platform != "linux", reason="strace is a tool of Linux")
def test_each_record_is_flushed_between_its_write_and_its_receipt(tmp_path: Path, repository: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            *(strace, "-f", "-y", "-s", "4096", "-e", "trace=write,fdatasync,fsync", "-o", str(trace)),
            *(sys.executable, "-c", SCRIPT, str(tmp_path / "audit")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    if "ptrace" in done.stderr and done.returncode != 0:
        pytest.skip(f"this system lets nobody trace processes: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stderr
    unflushed: dict[str, set[int]] = {}
    written: set[int] = set()
    receipts = []
    for call, descriptor, path, text in CALL.findall(trace.read_text("utf-8", errors="replace")):
        if call == "write" and path.endswith(".jsonl"):
            records = {int(number) for number in re.findall(r"\\\"n\\\":(\d+)\}", text)}
            unflushed.setdefault(path, set()).update(records)
            written |= records
        elif call in ("fdatasync", "fsync"):
            unflushed.pop(path, None)
        elif call == "write" and descriptor == "1":
            number = int(re.findall(r"receipt (\d+)", text)[0])
            waiting = {record for records in unflushed.values() for record in records}
            assert not {record for record in waiting if record <= number}, f"receipt {number} came too early"
            receipts.append(number)
    assert receipts == [*range(12), 15, 16]
    assert written == set(range(17))

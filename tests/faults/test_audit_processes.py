"""Several processes append to one log and some are killed: every acknowledged record is there once."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from referee.audit import AuditLog, verify
from referee.audit.segments import segment_names

pytestmark = pytest.mark.faults

PROCESSES = 8
APPENDS = 5_000
KILLS = 30
SEGMENT_BYTES = 2_000_000

FAIR_SHARE = PROCESSES - 1
"""How many records of others are written while one writer waits for its receipt, if all take turns."""

# The acknowledgement is written after the receipt, by one call, so a killed process leaves it whole or not at
# all. Each writer counts its receipts in a shared page: what is counted there while one waits has overtaken it.
WRITER = """
import json, mmap, os, sys
from referee.audit import AuditLog
folder, acknowledged, name, first, last, counters, own, segment_bytes = sys.argv[1:]
log = AuditLog(folder, writer=name, segment_bytes=int(segment_bytes))
noted = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
with open(counters, "r+b") as file:
    counted = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
run = {"decision": "d", "status": "started", "bot": name, "summary": {}}
number = int(first)
while number < int(last):
    before = sum(counted)
    if number % 100 == 99:
        numbers = list(range(number, min(number + 5, int(last))))
        receipts = log.append_many([("run", {**run, "n": n, "text": "x" * 3000}) for n in numbers])
    else:
        numbers = [number]
        receipts = [log.append("run", {**run, "n": number})]
    overtaken = sum(counted) - before
    counted[int(own)] += 1
    for n, receipt in zip(numbers, receipts):
        os.write(noted, json.dumps([n, receipt.position, receipt.hash, overtaken]).encode() + b"\\n")
    number = numbers[-1] + 1
"""


class Writer:
    """A process that appends numbered records; after a kill it is started again with the next number."""

    def __init__(
        self,
        folder: Path,
        number: int,
        repository: Path,
        *,
        appends: int = APPENDS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._segment_bytes = segment_bytes
        self.name = f"writer-{number}"
        self._appends = appends
        self._folder = folder
        self._number = number
        self._noted = folder.parent / f"{self.name}.acknowledged"
        self._counters = folder.parent / "counters"
        if not self._counters.exists():
            self._counters.write_bytes(bytes(mmap.PAGESIZE))
        self._environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        self.start()

    def start(self) -> None:
        first = max((n for n, _, _, _ in self.acknowledged()), default=-1) + 1
        arguments = [self._folder, self._noted, self.name, first, self._appends]
        arguments += [self._counters, self._number, self._segment_bytes]
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, *map(str, arguments)], env=self._environment
        )

    @property
    def has_begun(self) -> bool:
        return self._noted.exists() and self._noted.stat().st_size > 0

    def acknowledged(self) -> list[tuple[int, int, str, int]]:
        lines = self._noted.read_text().splitlines() if self._noted.exists() else []
        return [(n, position, digest, overtaken) for n, position, digest, overtaken in map(json.loads, lines)]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_every_acknowledged_record_is_there_once_whoever_is_killed(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "audit"
    chance = random.Random(20261121)
    writers = [Writer(folder, number, repository) for number in range(PROCESSES)]
    try:
        kills = 0
        while any(writer.process.poll() is None for writer in writers):
            time.sleep(chance.uniform(0.0, 0.1))
            victim = chance.choice(writers)
            if kills < KILLS and victim.process.poll() is None and victim.has_begun:
                victim.process.send_signal(signal.SIGKILL)
                victim.process.wait()
                victim.start()
                kills += 1
    finally:
        for writer in writers:
            writer.end()
    assert [writer.process.returncode for writer in writers] == [0] * PROCESSES
    assert kills >= KILLS // 3

    records = {
        record.position: (record.writer, record.payload["n"], record.hash)
        for record in AuditLog(folder, read_only=True).records()
        if record.kind == "run"
    }
    places: set[int] = set()
    for writer in writers:
        acknowledged = writer.acknowledged()
        numbers = [n for n, _, _, _ in acknowledged]
        assert numbers == sorted(set(numbers))  # a restart goes on behind what was acknowledged
        assert numbers[-1] == APPENDS - 1
        for n, position, digest, _ in acknowledged:
            assert records[position] == (writer.name, n, digest)
        places.update(position for _, position, _, _ in acknowledged)
        # What the log has beyond the receipts: at most what was being written at each kill.
        own = [n for name, n, _ in records.values() if name == writer.name]
        assert set(own) == set(range(APPENDS))
    assert len(places) == sum(len(writer.acknowledged()) for writer in writers)
    found = verify(folder)
    assert found.faults == ()
    assert found.segments == len(segment_names(folder)) > 3
    for writer in writers:
        # By counts of records, not by time: how long others may write is the system's business on a busy machine. The
        # longest hundredth is left out, in which a process waits for the processor rather than for the log.
        overtaken = sorted(count for _, _, _, count in writer.acknowledged())
        assert sum(overtaken) / len(overtaken) <= 10 * FAIR_SHARE
        assert overtaken[len(overtaken) * 99 // 100] <= 10 * FAIR_SHARE


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_process_killed_while_it_holds_the_lock_leaves_it_free(tmp_path: Path, repository: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from referee.audit import AuditLog\n"
            "with AuditLog(sys.argv[1]).exclusive():\n"
            "    print('held', flush=True)\n"
            "    time.sleep(60)\n",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    assert AuditLog(tmp_path).append("run", {}).position == 0


def test_verifying_and_reading_while_others_write_finds_no_fault(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "audit"
    AuditLog(folder)
    appends = 1_500
    writers = [
        Writer(folder, number, repository, appends=appends, segment_bytes=50_000) for number in range(2)
    ]
    reader = AuditLog(folder, read_only=True)
    read = 0
    try:
        while any(writer.process.poll() is None for writer in writers):
            assert verify(folder).faults == ()
            for record in reader.records(read):
                assert record.position == read
                read += 1
    finally:
        for writer in writers:
            writer.end()
    kinds = [record.kind for record in AuditLog(folder).records()]
    assert kinds.count("run") == 2 * appends
    assert kinds.count("segment") > 20

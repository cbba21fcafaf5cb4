"""Several processes append to one log and some are killed: every acknowledged record is there once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from referee.audit import AuditLog, verify

pytestmark = pytest.mark.faults

PROCESSES = 4
APPENDS = 400
KILLS = 12

# The acknowledgement is written after the receipt, by one call, so a killed process leaves it whole or not at
# all.
WRITER = """
import json, os, sys
from referee.audit import AuditLog
folder, acknowledged, name, first, last = sys.argv[1:]
log = AuditLog(folder, writer=name)
noted = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
number = int(first)
while number < int(last):
    if number % 10 == 9:
        numbers = list(range(number, min(number + 5, int(last))))
        receipts = log.append_many([("run", {"writer": name, "n": n, "text": "x" * 3000}) for n in numbers])
    else:
        numbers = [number]
        receipts = [log.append("run", {"writer": name, "n": number})]
    for n, receipt in zip(numbers, receipts):
        os.write(noted, json.dumps([n, receipt.position, receipt.hash]).encode() + b"\\n")
    number = numbers[-1] + 1
"""


class Writer:
    """A process that appends numbered records; after a kill it is started again with the next number."""

    def __init__(self, folder: Path, name: str, repository: Path) -> None:
        self.name = name
        self._folder = folder
        self._noted = folder.parent / f"{name}.acknowledged"
        self._environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        self.start()

    def start(self) -> None:
        first = max((n for n, _, _ in self.acknowledged()), default=-1) + 1
        arguments = [str(self._folder), str(self._noted), self.name, str(first), str(APPENDS)]
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, *arguments], env=self._environment)

    def acknowledged(self) -> list[tuple[int, int, str]]:
        lines = self._noted.read_text().splitlines() if self._noted.exists() else []
        return [(n, position, digest) for n, position, digest in map(json.loads, lines)]


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_every_acknowledged_record_is_there_once_whoever_is_killed(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "audit"
    chance = random.Random(20261121)
    writers = [Writer(folder, f"writer-{number}", repository) for number in range(PROCESSES)]
    try:
        kills = 0
        while any(writer.process.poll() is None for writer in writers):
            time.sleep(chance.uniform(0.0, 0.05))
            victim = chance.choice(writers)
            if kills < KILLS and victim.process.poll() is None and victim.acknowledged():
                victim.process.send_signal(signal.SIGKILL)
                victim.process.wait()
                victim.start()
                kills += 1
    finally:
        for writer in writers:
            writer.process.kill()
            writer.process.wait()
    assert [writer.process.returncode for writer in writers] == [0] * PROCESSES
    assert kills >= KILLS // 3

    records = {record.position: record for record in AuditLog(folder).records()}
    acknowledged = 0
    for writer in writers:
        numbers = [n for n, _, _ in writer.acknowledged()]
        assert sorted(set(numbers)) == numbers  # a restart goes on behind what was acknowledged
        assert numbers[-1] == APPENDS - 1
        for n, position, digest in writer.acknowledged():
            record = records[position]
            assert (record.payload["writer"], record.payload["n"], record.hash) == (writer.name, n, digest)
            acknowledged += 1
    positions = [position for writer in writers for _, position, _ in writer.acknowledged()]
    assert len(set(positions)) == acknowledged
    found = verify(folder)
    assert found.faults == ()
    assert found.records == len(records) >= acknowledged


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


def test_verifying_while_others_write_finds_no_fault(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "audit"
    AuditLog(folder)
    writers = [Writer(folder, f"writer-{number}", repository) for number in range(2)]
    try:
        while any(writer.process.poll() is None for writer in writers):
            assert verify(folder).faults == ()
    finally:
        for writer in writers:
            writer.process.kill()
            writer.process.wait()
    assert verify(folder).records == 2 * APPENDS

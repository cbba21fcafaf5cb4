"""Two hosts write and ship while collectors merge and are killed: each record is in the central log once, in order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from referee.audit import AuditLog, verify

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL"),
]

APPENDS = 1_500
KILLS = 10

# A host is a folder with a writer of its own; each record is acknowledged after its receipt.
HOST = """
import os, sys
from datetime import timedelta
from pathlib import Path
from referee.audit import AuditLog
from referee.audit.shipping import Shipper
folder, share, name, last = sys.argv[1:]
log = AuditLog(folder, writer=name, segment_bytes=100_000,
               followers=[Shipper(Path(share), every=timedelta(milliseconds=20))])
noted = os.open(folder + ".acknowledged", os.O_RDWR | os.O_APPEND | os.O_CREAT)
with open(folder + ".acknowledged") as before:
    first = len(before.readlines())
for number in range(first, int(last)):
    log.append("run", {"host": name, "n": number})
    os.write(noted, b"%d\\n" % number)
print(log.finish())
"""

COLLECTOR = """
import sys, time
from pathlib import Path
from referee.audit import AuditLog
from referee.audit.merging import Collector
collector = Collector(Path(sys.argv[1]), AuditLog(sys.argv[2], segment_bytes=300_000))
while True:
    merged = collector.merge()
    assert not merged.faults, merged.faults
    time.sleep(0.01)
"""


def test_two_hosts_are_merged_while_both_write_and_collectors_are_killed(
    tmp_path: Path, repository: Path
) -> None:
    share, central = tmp_path / "share", tmp_path / "central"
    share.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
    chance = random.Random(20261121)

    def start(program: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def start_host(name: str) -> subprocess.Popen[str]:
        return start(HOST, tmp_path / name, share, name, APPENDS)

    names = ("north", "south")
    hosts = {name: start_host(name) for name in names}
    collectors = [start(COLLECTOR, share, central) for _ in range(2)]
    kills = 0
    try:
        while any(host.poll() is None for host in hosts.values()):
            time.sleep(chance.uniform(0.0, 0.3))
            if kills >= KILLS:
                continue
            if chance.random() < 0.7:
                victim = chance.randrange(2)
                end(collectors[victim])
                collectors[victim] = start(COLLECTOR, share, central)
                kills += 1
            else:
                name = chance.choice(names)
                if hosts[name].poll() is None:
                    end(hosts[name])
                    hosts[name] = start_host(name)
                    kills += 1
        for name, host in hosts.items():
            said, faults = host.communicate()
            assert (host.returncode, said.strip()) == (0, "()"), f"{name}: {said}{faults}"
        for collector in collectors:
            assert collector.poll() is None, collector.communicate()
    finally:
        for process in (*hosts.values(), *collectors):
            end(process)
    last = subprocess.run(
        [
            *(sys.executable, "-c", "from referee.cli import main; main()"),
            *("audit", "merge", str(share), "--into", str(central)),
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert last.returncode == 0, last.stderr

    assert kills >= 3
    merged = [record for record in AuditLog(central, read_only=True).records() if record.origin is not None]
    for name in names:
        own = [
            record for record in AuditLog(tmp_path / name, read_only=True).records() if record.kind == "run"
        ]
        found = [record for record in merged if record.payload["host"] == name]
        assert [(one.origin.position, one.origin.hash) for one in found if one.origin] == [
            (record.position, record.hash) for record in own
        ]
        numbers = [int(record.payload["n"]) for record in own]
        assert set(numbers) == set(range(APPENDS))
    for folder in (central, *(tmp_path / name for name in names), *share.iterdir()):
        assert verify(folder).faults == (), folder


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()

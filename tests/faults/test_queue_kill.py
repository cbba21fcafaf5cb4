"""Workers on one queue are killed again and again, and the power is cut: each item ends in exactly one state, once."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from referee.workitems import ItemState, NewItem, WorkQueue

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

WORKER = Path(__file__).with_name("queue_worker.py")
LEASE = 1.0


class Crew:
    """Workers that are replaced when they are killed; each start has a journal of its own."""

    def __init__(self, folder: Path, repository: Path, work: float) -> None:
        self.path = folder / "queue.sqlite"
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
        self._work = work
        self._starts = 0
        self.working: list[tuple[subprocess.Popen[bytes], Path]] = []

    def hire(self) -> None:
        journal = self._folder / f"journal-{self._starts}.txt"
        self._starts += 1
        command = [sys.executable, str(WORKER), str(self.path), str(journal), str(LEASE), str(self._work)]
        self.working.append((subprocess.Popen(command, env=self._environment), journal))

    def kill(self, chance: random.Random) -> bool:
        """Kill one that has begun to work; False when it had ended by then."""
        victim, journal = self.working.pop(chance.randrange(len(self.working)))
        while victim.poll() is None and not (journal.exists() and journal.stat().st_size):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        victim.kill()
        return victim.wait() != 0

    def finish(self) -> None:
        for worker, _ in self.working:
            assert worker.wait(timeout=120) == 0

    def end(self) -> None:
        for worker, _ in self.working:
            if worker.poll() is None:
                worker.kill()
                worker.wait()

    def notes(self) -> list[tuple[str, int, int]]:
        told = []
        for journal in self._folder.glob("journal-*.txt"):
            for line in journal.read_text().splitlines():
                what, item, attempt = line.split()
                told.append((what, int(item), int(attempt)))
        return told


def test_killed_workers_leave_every_item_in_one_state_and_none_is_given_to_two(
    tmp_path: Path, repository: Path
) -> None:
    chance = random.Random(20261121)
    keys = [f"R-{number:03}" for number in range(300)]
    poisoned = set(chance.sample(keys, 15))
    queue = WorkQueue(tmp_path / "queue.sqlite")
    queue.add_many("in", [NewItem(key, {"poisoned": key in poisoned}) for key in keys])
    crew = Crew(tmp_path, repository, work=0.05)
    kills = 0
    try:
        for _ in range(4):
            crew.hire()
        for _ in range(12):
            kills += crew.kill(chance)
            crew.hire()
        crew.finish()
    finally:
        crew.end()
    assert kills >= 5, "too few kills to show anything"

    items = {item.key: item for item in queue.items("in")}
    assert sorted(items) == keys
    for key, item in items.items():
        assert item.state is (ItemState.FAILED if key in poisoned else ItemState.DONE)

    told = crew.notes()
    claims = Counter((item, attempt) for what, item, attempt in told if what == "claimed")
    assert max(claims.values()) == 1, "an attempt was given to two workers"
    ends = Counter(item for what, item, _ in told if what in ("done", "failed"))
    assert max(ends.values()) == 1, "an item was finished twice"
    taken_over = {item.key for item in items.values() if item.attempts > 1}
    assert taken_over, "no killed worker had an item; the test shows nothing"

    outputs = Counter(str(item.payload["of"]) for item in queue.items("out"))
    assert outputs == Counter(keys), "an output is missing, or was made by two attempts"


def test_a_power_cut_leaves_what_was_reported_and_never_half_a_change(tmp_path: Path) -> None:
    """After a power cut the queue's log may end anywhere behind the last reported change: here it is cut there."""
    path = tmp_path / "queue.sqlite"
    log = Path(f"{path}-wal")
    queue = WorkQueue(path)
    queue.add_many("in", [NewItem(str(number)) for number in range(20)])
    reported: list[tuple[int, dict[str, ItemState]]] = []

    def report() -> None:
        reported.append((log.stat().st_size, {item.key: item.state for item in queue.items("in")}))

    for number in range(20):
        item = queue.claim("in")
        assert item is not None
        report()
        queue.add_output(item, "out", {"n": number})
        queue.done(item)
        report()
    size = log.stat().st_size
    chance = random.Random(7)
    for cut in [*chance.sample(range(size), 60), *(length for length, _ in reported[::5])]:
        copy = tmp_path / "cut" / "queue.sqlite"
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.parent.mkdir()
        shutil.copyfile(path, copy)
        Path(f"{copy}-wal").write_bytes(log.read_bytes()[:cut])
        if cut < reported[0][0]:
            continue  # before the items were added, or the file had its tables
        after = WorkQueue(copy)
        states = {found.key: found.state for found in after.items("in")}
        known = [told for length, told in reported if length <= cut]
        later = [told for length, told in reported if length > cut]
        assert states in (known[-1], *later[:1]), "neither the last reported change nor the one being made"
        claimable = sum(not found.awaits_parent for found in after.items("out"))
        assert claimable == sum(state is ItemState.DONE for state in states.values())
        after.close()
    queue.close()

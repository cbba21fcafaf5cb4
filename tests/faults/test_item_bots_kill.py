"""Several bots work on one queue and are killed at random, while the bank is out of order for a time: at the end queue,
audit log and the bank's own books agree about every payment.

With ``REFEREE_LARGE_FAULTS=1`` 4 bots work on 400 items and are killed 20 times; ``pytest -s`` shows the counts.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from referee.audit import AuditLog, verify
from referee.workitems import ItemState, Ledger, NewItem, Status, WorkQueue
from tests.robot.payment_files import write_payment_decision

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

HERE = Path(__file__).resolve().parent
ITEMS, BOTS, KILLS = (400, 4, 20) if os.environ.get("REFEREE_LARGE_FAULTS") else (80, 3, 5)


class Crew:
    """Bots in one folder, each with an output folder of its own."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{repository / 'library'}{os.pathsep}{HERE}",
            "PYTHONIOENCODING": "utf-8",
        }
        self._starts = 0
        self.working: list[subprocess.Popen[bytes]] = []

    def hire(self) -> subprocess.Popen[bytes]:
        output = self.folder / f"output-{self._starts}"
        output.mkdir()
        self._starts += 1
        with (output / "said.txt").open("wb") as said:
            bot = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "referee.keywords.bot_process",
                        "--rpa",
                        "--consolecolors",
                        "off",
                    ),
                    *("--outputdir", str(output), str(HERE / "item_bot.robot")),
                ],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.working.append(bot)
        return bot

    def end(self) -> None:
        for bot in self.working:
            if bot.poll() is None:
                bot.kill()
                bot.wait()

    def said(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("output-*/said.txt"))

    def acting(self) -> int:
        """How many payments have been begun."""
        log = self.folder / "audit" / "audit.jsonl"
        return log.read_bytes().count(b'"status":"acting"') if log.exists() else 0


def payments(folder: Path, chance: random.Random) -> tuple[WorkQueue, dict[str, str]]:
    """A queue of payments, and what each is like: plain, poisoned, for managers."""
    write_payment_decision(str(folder))
    kinds = {
        f"P-{number:03}": "poisoned"
        if chance.random() < 0.05
        else "managers"
        if chance.random() < 0.1
        else "plain"
        for number in range(ITEMS)
    }
    queue = WorkQueue(folder / "queue.sqlite")
    queue.add_many(
        "payments",
        [
            NewItem(
                key,
                {"payment": key, "country": "DE", "amount": 9000 if kind == "managers" else 5, "memo": kind},
            )
            for key, kind in kinds.items()
        ],
    )
    return queue, kinds


def wait_until(reached: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def test_killed_bots_leave_queue_log_and_bank_in_agreement(tmp_path: Path, repository: Path) -> None:
    chance = random.Random(20261122)
    queue, kinds = payments(tmp_path, chance)
    crew = Crew(tmp_path, repository)
    try:
        for _ in range(BOTS):
            crew.hire()
        for kill in range(KILLS):
            begun = crew.acting()
            wait_until(partial(lambda begun: crew.acting() > begun + 2, begun))
            time.sleep(chance.uniform(0, 0.1))
            victim = crew.working.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            crew.hire()
            if kill == 1:
                begun = crew.acting()
                (tmp_path / "bank-out-of-order").touch()
                wait_until(partial(lambda begun: crew.acting() > begun + 1, begun))
                time.sleep(0.2)
                (tmp_path / "bank-out-of-order").unlink()
        for bot in crew.working:
            assert bot.wait(timeout=200) == 0, crew.said()
        for _ in range(3):  # the items of killed bots, if they came back after the others had ended
            if all(item.state.is_final for item in queue.items("payments")):
                break
            time.sleep(2)
            assert crew.hire().wait(timeout=100) == 0, crew.said()
    finally:
        crew.end()

    assert verify(tmp_path / "audit").intact
    items = {item.key: item for item in queue.items("payments")}
    assert sorted(items) == sorted(kinds)
    booked = Counter((tmp_path / "bank.txt").read_text().split())
    assert max(booked.values()) == 1, "paid twice"
    ledger = Ledger(AuditLog(tmp_path / "audit"))
    ledger.refresh()
    in_doubt = 0
    for key, kind in kinds.items():
        item, state = items[key], ledger.state("payments", key)
        assert item.state.is_final and state is not None, key
        code = item.failure.code if item.failure else ""
        if kind == "managers":
            assert (item.state, state.status, booked[key]) == (ItemState.DONE, Status.HANDED_OVER, 0)
        elif item.state is ItemState.DONE:
            assert (kind, state.status, booked[key]) == ("plain", Status.DONE, 1), key
        elif code == "in-doubt":
            in_doubt += 1
            assert state.status is Status.HANDED_OVER
        else:
            assert (kind, code, state.status, booked[key]) == ("poisoned", "pay", Status.HANDED_OVER, 0), key
    ends = Counter(
        f"{item.state} {item.failure.code if item.failure else ''}".strip() for item in items.values()
    )
    print(  # noqa: T201 - the counts are what the large run is for
        f"{ITEMS} items, {KILLS} kills: {dict(ends)}; booked {booked.total()}, twice {max(booked.values()) - 1}"
    )
    assert in_doubt > 0, "the kills have to leave some in doubt"
    assert any(item.attempts > 1 and item.state is ItemState.DONE for item in items.values()), (
        "the bank's trouble has to make some be tried again"
    )


def test_a_bot_that_is_asked_to_stop_finishes_the_item_in_hand(tmp_path: Path, repository: Path) -> None:
    queue, kinds = payments(tmp_path, random.Random(1))
    crew = Crew(tmp_path, repository)
    try:
        bot = crew.hire()
        wait_until(lambda: crew.acting() > 3)
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(timeout=60) == 0, crew.said()
    finally:
        crew.end()
    assert "stopped by request (SIGTERM)" in crew.said()
    states = Counter(item.state for item in queue.items("payments"))
    assert not states[ItemState.RESERVED] and states[ItemState.PENDING] > 0
    booked = Counter((tmp_path / "bank.txt").read_text().split())
    done = {item.key for item in queue.items("payments", [ItemState.DONE]) if kinds[item.key] == "plain"}
    assert booked == Counter(done)

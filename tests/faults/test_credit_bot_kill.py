"""The credit limits bot is killed again and again: at the end each limit was changed once, or a person knows of it.
Where a screen has changed, nothing is changed at all.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from referee.audit import AuditLog, verify
from referee.workitems import ItemState, Ledger, Status, WorkQueue
from tests.faults.credit_bot import CreditBot
from tests.faults.invoice_bot import cases_of, wait_for

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.skipif(not shutil.which("s3270"), reason="needs the terminal program s3270"),
]

SEED = 20260316
DECISION = "credit_limits"
PASSWORD = "geheim-4711"

StartHost = Callable[..., tuple[subprocess.Popen[str], str]]

# What is counted, and how long after the count has grown the bot is killed; 0 is at once.
Moment = tuple[str, Callable[[CreditBot], int], float]


def moments() -> list[Moment]:
    """In this order each comes about, as each run goes on where the one before was killed."""
    chance = random.Random(SEED)
    return [
        ("the host opens its journal, before the sign-on", lambda bot: int(bot.books.exists()), 0),
        ("requests are being decided", lambda bot: len(bot.records("decision")), 0),
        ("a limit is about to be changed", lambda bot: bot.statuses()["acting"], 0),
        ("the host has changed it, the bot does not know", lambda bot: bot.changes().total(), 0),
        ("the change is on record", lambda bot: bot.statuses()["done"], 0),
        ("some time into a change", lambda bot: bot.statuses()["acting"], chance.uniform(0.05, 0.4)),
        ("sales is being asked", lambda bot: bot.questions(), 0),
    ]


def kill_at(bot: CreditBot, name: str, look: Callable[[CreditBot], int], delay: float) -> None:
    """Run the bot and kill it, and only it, at the moment. The rest of its processes must end by themselves."""
    before = look(bot)
    process = bot.start()
    try:
        came = wait_for(process, lambda: look(bot) > before)
        time.sleep(delay)
        others = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    assert came, f"the bot ended before {name}:\n{bot.said}"
    _, left = psutil.wait_procs(others, timeout=20)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE], f"left behind after: {name}"


def test_a_bot_that_is_killed_at_any_moment_changes_each_limit_once_or_hands_it_over(
    tmp_path: Path, repository: Path
) -> None:
    bot = CreditBot(repository, tmp_path, ["plain"] * 9 + ["unhappy", "people", "plain"])
    for name, look, delay in moments():
        kill_at(bot, name, look, delay)
        assert max(bot.changes().values(), default=0) <= 1, f"changed twice after: {name}"
        if bot.records("decision"):
            assert verify(bot.audit, contents=True).intact, f"not intact after: {name}"

    code, said = bot.run()
    assert code == 0, said
    assert verify(bot.audit, contents=True).intact
    assert cases_of(bot.records("decision")).keys() == bot.kinds.keys(), "a request is missing"

    ledger = Ledger(AuditLog(bot.audit))
    ledger.refresh()
    changes, items = bot.changes(), bot.items()
    done = in_doubt = 0
    for request, kind in bot.kinds.items():
        item, state = items[request], ledger.state(DECISION, request)
        assert state is not None
        code_of_failure = item.failure.code if item.failure else ""
        if kind == "people":
            assert (item.state, state.status) == (ItemState.DONE, Status.HANDED_OVER)
            assert changes[request] == 0
        elif kind == "unhappy":
            assert changes[request] == 0
            assert state.status in (Status.EXCEPTION_OPEN, Status.HANDED_OVER)
        elif item.state is ItemState.DONE:
            done += 1
            assert (state.status, changes[request]) == (Status.DONE, 1), request
        else:
            in_doubt += 1
            assert (code_of_failure, state.status) == ("in-doubt", Status.HANDED_OVER), request
            assert changes[request] <= 1
    assert done > 0 and in_doubt > 0, "the kills have to leave some of both"

    told = len(bot.records("decision", "action", "handoff", "exception"))
    code, said = bot.run()
    assert code == 0, said
    assert len(bot.records("decision", "action", "handoff", "exception")) == told
    assert bot.changes() == changes


def test_ctrl_c_lets_the_bot_finish_the_change_in_hand(tmp_path: Path, repository: Path) -> None:
    """It reaches all programs of a terminal window, so the terminal program must not end of it before the bot does."""
    bot = CreditBot(repository, tmp_path, ["plain"] * 4)
    process = bot.start(own_group=True)
    try:
        assert wait_for(process, lambda: bot.statuses()["acting"] > 0), bot.said
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 0, bot.said
    finally:
        process.kill()
        process.wait()
    assert "stopped by request" in bot.said
    changes = bot.changes()
    states = {key: item.state for key, item in bot.items().items()}
    assert 0 < changes.total() < len(states), "some are left for the next run"
    assert {key for key, state in states.items() if state is ItemState.DONE} == set(changes)


@pytest.fixture
def own_hosts(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartHost]:
    """Starts hosts beside the bot on one journal, and returns the process and its address."""
    monkeypatch.setenv("CREDIT_DESK_USER", "CRBOT")
    monkeypatch.setenv("CREDIT_DESK_PASSWORD", PASSWORD)
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        program = [sys.executable, "-m", "credit_host", "--database", str(tmp_path / "journal.sqlite")]
        host = subprocess.Popen(
            [*program, *options],
            cwd=repository / "resources" / "legacy",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(host)
        assert host.stdout is not None
        return host, host.stdout.readline().strip()

    yield start
    for host in started:
        host.kill()
        host.communicate()


def test_a_host_that_dies_before_it_confirms_is_asked_later_and_changes_nothing_twice(
    tmp_path: Path, repository: Path, own_hosts: StartHost
) -> None:
    bot = CreditBot(repository, tmp_path, ["plain"] * 2)
    bot.books = tmp_path / "journal.sqlite"
    host, address = own_hosts("--delay", "0.3")
    process = bot.start("--variable", f"CREDIT_DESK_ADDRESS:{address}")
    try:
        assert wait_for(process, lambda: bot.changes().total() == 1), bot.said
        host.kill()  # while it makes the bot wait for the confirmation
        host.wait()
    finally:
        process.wait(timeout=60)
    assert process.returncode != 0, "nothing can be done without a host"
    item = bot.items()["CR-01"]
    assert item.state is ItemState.PENDING and item.failure is not None
    assert "whether request CR-01 was done is not known" in item.failure.message

    _, address = own_hosts("--port", address.rpartition(":")[2])
    code, said = bot.run("--variable", f"CREDIT_DESK_ADDRESS:{address}")
    assert code == 0, said
    assert all(item.state is ItemState.DONE for item in bot.items().values())
    assert bot.changes() == {"CR-01": 1, "CR-02": 1}
    begun = cases_of(record for record in bot.records("action") if record["payload"]["status"] == "acting")
    assert begun["CR-01"] == 1, "it was found, not done again"


def test_a_changed_screen_stops_the_run_with_pictures_and_leaves_the_rest_for_later(
    tmp_path: Path, repository: Path, own_hosts: StartHost
) -> None:
    bot = CreditBot(repository, tmp_path, ["plain"] * 5)
    _, address = own_hosts("--release", "renamed")
    code, said = bot.run("--variable", f"CREDIT_DESK_ADDRESS:{address}")
    assert code != 0
    assert "the screen changed: CDSK31 has no label NEW LIMIT" in said
    items = bot.items()
    tried = [item for item in items.values() if item.failure or item.attempts]
    assert len(tried) == 3, "the third item in a row that fails stops the run"
    assert all(item.state is ItemState.PENDING for item in items.values())
    queue = WorkQueue(tmp_path / "output" / "queue.sqlite")
    try:
        for item in tried:
            assert item.files == (f"attempt-1-credit_desk-{item.key}.html",)
            page = queue.file(item.id, item.files[0]).read_text(encoding="utf-8")
            assert "REVISED LIMIT" in page and PASSWORD not in page
    finally:
        queue.close()

"""The supplier changes bot is killed again and again: at the end each account was changed once, or a person knows of
it, and nothing is left on the machine. Where a screen has changed, nothing is changed at all.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from referee.audit import AuditLog, verify
from referee.workitems import ItemState, Ledger, Status
from tests.faults.invoice_bot import cases_of, wait_for
from tests.faults.supplier_bot import SupplierBot

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="needs an X display"),
    pytest.mark.skipif(not all(map(shutil.which, ("Xvfb", "tesseract"))), reason="needs Xvfb and Tesseract"),
]

SEED = 20260316
DECISION = "supplier_changes"

# What is counted, how long after the count has grown the bot is killed, and whether its supervisors are killed with it.
Moment = tuple[str, Callable[[SupplierBot], int], float, bool]


def moments() -> list[Moment]:
    """In this order each comes about, as each run goes on where the one before was killed."""
    chance = random.Random(SEED)
    return [
        (
            "the program opens its records, before its first screen",
            lambda bot: int(bot.books.exists()),
            0,
            True,
        ),
        ("a change is about to be entered", lambda bot: bot.statuses()["acting"], 0, False),
        ("the program has saved it, the bot does not know", lambda bot: bot.changes().total(), 0, True),
        ("the change is on record", lambda bot: bot.statuses()["done"], 0, False),
        ("some time into a change", lambda bot: bot.statuses()["acting"], chance.uniform(0.3, 1.5), True),
    ]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where runs note that they are there, so that no other bot of this machine clears up after ours."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield


def kill_at(
    bot: SupplierBot, name: str, look: Callable[[SupplierBot], int], delay: float, supervisors: bool
) -> list[psutil.Process]:
    """Run the bot and kill it at the moment, alone or together with its supervisors; gives all that it had started."""
    before = look(bot)
    process = bot.start()
    others: list[psutil.Process] = []
    try:
        came = wait_for(process, lambda: look(bot) > before)
        time.sleep(delay)
        others = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        for one in others if supervisors else ():
            with contextlib.suppress(psutil.Error):
                if any("supervise.py" in word for word in one.cmdline()):
                    one.kill()
        process.wait()
    assert came, f"the bot ended before {name}:\n{bot.said}"
    return others


def alive(processes: list[psutil.Process]) -> list[str]:
    return [one.name() for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_bot_that_is_killed_at_any_moment_changes_each_account_once_or_hands_it_over(
    tmp_path: Path, repository: Path
) -> None:
    bot = SupplierBot(repository, tmp_path, ["plain"] * 5 + ["unsure", "people"])
    started: list[psutil.Process] = []
    for moment in moments():
        started += kill_at(bot, *moment)
        assert max(bot.changes().values(), default=0) <= 1, f"changed twice after: {moment[0]}"
        if bot.records("decision"):
            assert verify(bot.audit, contents=True).intact, f"not intact after: {moment[0]}"

    code, said = bot.run()
    assert code == 0, said
    assert not alive(started), "left behind"
    assert not list((tmp_path / "tmp").glob("referee-*"))
    assert verify(bot.audit, contents=True).intact
    assert cases_of(bot.records("decision")).keys() == bot.kinds.keys(), "a request is missing"

    ledger = Ledger(AuditLog(bot.audit))
    ledger.refresh()
    changes, items = bot.changes(), bot.items()
    done = in_doubt = 0
    for request, kind in bot.kinds.items():
        item, state = items[request], ledger.state(DECISION, request)
        assert state is not None
        if kind == "people":
            assert (item.state, state.status, changes[request]) == (ItemState.DONE, Status.HANDED_OVER, 0)
        elif kind == "unsure":
            assert changes[request] == 0
            assert state.status in (Status.EXCEPTION_OPEN, Status.HANDED_OVER)
        elif item.state is ItemState.DONE:
            done += 1
            assert (state.status, changes[request]) == (Status.DONE, 1), request
        else:
            in_doubt += 1
            assert item.failure is not None and item.failure.code == "in-doubt", request
            assert state.status is Status.HANDED_OVER and changes[request] <= 1
    assert done > 0 and in_doubt > 0, "the kills have to leave some of both"

    code, said = bot.run()
    assert code == 0, said
    assert bot.changes() == changes


def test_a_changed_screen_stops_the_run_with_pictures_and_leaves_the_rest_for_later(
    tmp_path: Path, repository: Path
) -> None:
    bot = SupplierBot(repository, tmp_path, ["plain"] * 4, pause="10 minutes")
    code, said = bot.run("--variable", "SUPPLIER_ACCOUNTS_RELEASE:renamed")
    assert code != 0
    assert (
        "the screen changed: 'SA30 Bank details' has no label 'IBAN'; it shows 'Supplier no.', 'Name', "
        in said
    )
    items = bot.items()
    tried = [item for item in items.values() if item.failure or item.attempts]
    assert len(tried) == 3, "the third item in a row that fails stops the run"
    assert all(item.state is ItemState.PENDING for item in items.values())
    pictures = [name for item in tried for name in item.files]
    assert pictures == [f"attempt-1-screen-changed-{number}.png" for number in (1, 2, 3)]
    log = (tmp_path / "output" / "bot" / "log.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in log
    assert bot.changes().total() == 0

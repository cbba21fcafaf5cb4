"""The invoice bot is killed again and again; at the end each invoice was posted once, or a person knows of it."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from referee.audit import AuditLog, verify
from referee.workitems import Ledger, Status
from tests.faults.invoice_bot import InvoiceBot, cases_of, wait_for

pytestmark = [
    pytest.mark.faults,
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

FEW = (
    "nothing special",
    "amount as",
    "blocked",
    "price 4",
    "price 12",
    "not received",
    "credit",
    "amount is no",
)
SEED = 20260316
DECISION = "invoice_approval"
DECIDING = "cases are being decided"

# What is counted, and how long after the count has grown the bot is killed; 0 is at once.
Moment = tuple[str, Callable[[InvoiceBot], int], float]


def moments() -> list[Moment]:
    """In this order each comes about, as each run goes on where the one before was killed."""
    chance = random.Random(SEED)
    return [
        ("the portal opens its database, before the login", lambda bot: int(bot.database.exists()), 0),
        ("the bot starts, its browser or its login", lambda bot: time.monotonic_ns(), chance.uniform(1, 4)),
        ("the run begins", lambda bot: runs(bot, "started"), 0),
        (DECIDING, lambda bot: len(bot.records("decision")), 0),
        ("an invoice is about to be posted", lambda bot: bot.statuses()["acting"], 0),
        ("the portal has posted it, the bot does not know", lambda bot: bot.postings().total(), 0),
        ("the posting is on record", lambda bot: bot.statuses()["done"], 0),
        *[
            (f"{delay:.2f} s into a posting", lambda bot: bot.statuses()["acting"], delay)
            for delay in (chance.uniform(0.1, 1.2) for _ in range(3))
        ],
        ("a supplier is being asked", lambda bot: len(bot.records("exception")), 0),
        ("the results are being written", lambda bot: runs(bot, "finished"), 0),
    ]


def runs(bot: InvoiceBot, status: str) -> int:
    return sum(record["payload"]["status"] == status for record in bot.records("run"))


def kill_at(bot: InvoiceBot, name: str, look: Callable[[InvoiceBot], int], delay: float) -> None:
    """Run the bot and kill it, and only it, at the moment. The rest of its processes must end by themselves."""
    before = look(bot)
    process = bot.start()
    try:
        came = wait_for(process, lambda: look(bot) > before)
        time.sleep(delay)
    finally:
        process.kill()
        process.wait()
    assert came, f"the bot ended before {name}:\n{bot.said}"


def test_a_bot_that_is_killed_at_any_moment_posts_each_invoice_once_or_hands_it_over(
    tmp_path: Path, repository: Path
) -> None:
    bot = InvoiceBot(repository, tmp_path, lambda story: story.startswith(FEW))
    for name, look, delay in moments():
        if name == DECIDING and len(cases_of(bot.records("decision"))) == len(bot.documents):
            continue  # the kill at the start of the run came after the last decision
        kill_at(bot, name, look, delay)
        assert max(bot.postings().values(), default=0) <= 1, f"posted twice after: {name}"
        if bot.log.exists():
            assert verify(bot.audit, contents=True).intact, f"not intact after: {name}"

    code, said = bot.run()
    assert code == 0, said
    assert verify(bot.audit, contents=True).intact

    decided = {record["payload"]["case"]: record["payload"] for record in bot.records("decision")}
    assert sorted(decided) == sorted(bot.documents), "a case is missing"
    assert cases_of(bot.records("decision")) == Counter(bot.documents), "a case was decided twice"

    ledger = Ledger(AuditLog(bot.audit))
    ledger.refresh()
    postings = bot.postings()
    done = in_doubt = 0
    for case_id, payload in decided.items():
        state = ledger.state(DECISION, case_id)
        assert state is not None
        if payload["route"] == "human":
            assert (state.status, postings[case_id]) == (Status.HANDED_OVER, 0)
        elif payload["route"] == "exception":
            assert state.status in (Status.EXCEPTION_OPEN, Status.HANDED_OVER)
            assert postings[case_id] == 0
            assert len([mail for mail in bot.outbox() if mail.name.startswith(case_id)]) <= 1
        elif state.status is Status.DONE:
            done += 1
            assert postings[case_id] == 1, f"{case_id} is done but not posted"
        else:
            in_doubt += 1
            assert state.status is Status.HANDED_OVER
            assert state.handoff is not None and state.handoff["reasons"][0].startswith("in doubt: ")
            assert postings[case_id] <= 1
    assert done > 0 and in_doubt > 0, "the kills have to leave some of both"
    acting = [r for r in bot.records("action") if r["payload"]["status"] == "acting"]
    assert max(cases_of(acting).values()) == 1, "an action was begun twice"

    sheet = openpyxl.load_workbook(bot.folder / "output" / "bot" / "results.xlsx")["Results"]
    shown = {str(row[0]) for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert shown == set(bot.documents)

    told = len(bot.records("decision", "action", "handoff", "exception"))
    mails = bot.outbox()
    code, said = bot.run()
    assert code == 0, said
    assert len(bot.records("decision", "action", "handoff", "exception")) == told
    assert bot.postings() == postings
    assert bot.outbox() == mails
    assert verify(bot.audit, contents=True).intact

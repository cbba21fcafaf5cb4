"""The portal goes away while the invoice bot works: few cases go to people, the rest waits for the next run."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from referee.audit import verify
from tests.faults.invoice_bot import InvoiceBot, wait_for

pytestmark = [
    pytest.mark.faults,
    pytest.mark.browser,
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the portal's process in /proc"),
]


def portal_of(bot: InvoiceBot) -> int:
    """The process of the portal that this bot started, and no other: its database is in the bot's own folder."""
    (found,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and str(bot.database) in command_of(entry)
    ]
    return found


def command_of(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []  # it has ended in between


def test_a_portal_that_goes_away_costs_few_cases_and_the_rest_is_done_later(
    tmp_path: Path, repository: Path
) -> None:
    bot = InvoiceBot(repository, tmp_path, lambda story: story.startswith(("nothing special", "amount as")))
    process = bot.start("--variable", "AP_PORTAL_PATIENCE:3 seconds", "--consolewidth", "2000")
    try:
        assert wait_for(process, lambda: bot.statuses()["done"] > 0), bot.said
        os.kill(portal_of(bot), signal.SIGKILL)
        assert process.wait(timeout=120) != 0
    finally:
        process.kill()
        process.wait()
    assert "the run stopped: 'post invoice' failed for 3 cases in a row" in bot.said, bot.said
    assert "css:" not in bot.said and "Message: " not in bot.said, bot.said
    assert bot.statuses()["failed"] == 3
    assert bot.statuses()["done"] + 3 < len(bot.documents)
    assert (bot.folder / "output" / "bot" / "results.xlsx").exists()
    assert (bot.folder / "output" / "bot" / "worklist.xlsx").exists()

    code, said = bot.run()
    assert code == 0, said
    assert verify(bot.audit, contents=True).intact
    assert bot.statuses()["done"] + 3 == len(bot.documents)
    assert set(bot.postings().values()) == {1}
    handed_over = Counter(record["payload"]["case"] for record in bot.records("handoff"))
    assert set(handed_over.values()) == {1} and len(handed_over) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="looks at processes")
def test_an_invoice_workbook_that_cannot_be_used_starts_neither_portal_nor_browser(
    tmp_path: Path, repository: Path
) -> None:
    bot = InvoiceBot(repository, tmp_path, lambda story: story.startswith("nothing special"))
    (bot.folder / "few_invoices.xlsx").write_text("no workbook")
    process = bot.start(program="referee.keywords.bot_process")
    assert process.wait(timeout=60) == 2, bot.said
    assert "few_invoices.xlsx: " in bot.said and "Traceback" not in bot.said
    assert not bot.database.exists()

"""`referee queue`: items put in, looked at, put right, moved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from referee.workitems import Failure, FailureKind, NewItem, WorkQueue
from tests.unit.cli.conftest import Command


@pytest.fixture
def filled(desk: Path, referee: Command) -> WorkQueue:
    """P-1 failed for BUSINESS, P-2 for APPLICATION, P-3 is in work, P-4 waits."""
    assert referee("queue", "add", "cases.csv").code == 0
    queue = WorkQueue("output/queue.sqlite")
    for kind, code in ((FailureKind.BUSINESS, "no-order"), (FailureKind.APPLICATION, "timeout")):
        item = queue.claim("default")
        assert item is not None
        queue.fail(item, Failure(kind, code, "it did not work"), final=True)
    assert queue.claim("default", "host/1") is not None
    return queue


def states(queue: WorkQueue) -> dict[str, str]:
    return {item.key: str(item.state) for item in queue.items()}


def test_add_tells_what_is_new_and_what_was_left_alone(referee: Command, desk: Path) -> None:
    assert referee("queue", "add", "cases.csv").out == "4 items for the queue default: 4 new\n"
    assert referee("queue", "add", "cases.csv").out == "4 items for the queue default: 4 unchanged\n"
    queue = WorkQueue("output/queue.sqlite")
    item = queue.claim("default")
    assert item is not None
    queue.done(item)
    (desk / "cases.csv").write_text("payment,country,amount\nP-1,DE,1\nP-2,DE,1\n")
    said = referee("queue", "add", "cases.csv").out
    assert "1 left, 1 updated" in said and "finished with other data: P-1\n" in said
    found = referee("queue", "add", "cases.csv", "--reopen", "--json").json
    assert found == {"queue": "default", "items": 2, "reopened": 1, "unchanged": 1, "left_keys": []}


def test_add_takes_the_files_of_a_folder(referee: Command, desk: Path) -> None:
    assert "so there is nothing to add" in referee("queue", "add", "folder").complaint
    (desk / "folder" / "a.pdf").write_text("a")
    assert referee("queue", "add", "folder", "--queue", "scans", "--pattern", "*.pdf").code == 0
    said = referee("queue", "show", "a.pdf", "--json").json
    assert Path(said[0]["files"]["a.pdf"]).read_text() == "a"
    assert "file a.pdf" in referee("queue", "show", "a.pdf").out
    assert referee("queue", "show", "a.pdf", "--files", "copies").code == 0
    assert (desk / "copies" / "scans" / "a.pdf").read_text() == "a"
    assert "can't be copied there" in referee("queue", "show", "a.pdf", "--files", "notes.txt").complaint


def test_add_puts_the_urgent_first(referee: Command, desk: Path) -> None:
    (desk / "ranks.csv").write_text("payment,rank,pay by\nA,1,2026-12-01\nB,2,2026-12-02\nC,1,2026-11-30\n")
    columns = ("--priority-column", "rank", "--due-column", "pay by")
    assert referee("queue", "add", "ranks.csv", *columns).code == 0
    assert [item["key"] for item in referee("queue", "list", "--json").json] == ["B", "C", "A"]


def test_list_chooses_by_key_state_and_kind(referee: Command, filled: WorkQueue) -> None:
    def keys(*options: str) -> list[str]:
        return [item["key"] for item in referee("queue", "list", "--json", *options).json]

    assert keys() == ["P-1", "P-2", "P-3", "P-4"]
    assert keys("--state", "failed") == ["P-1", "P-2"]
    assert keys("--state", "FAILED", "--kind", "BUSINESS") == ["P-1"]
    assert keys("P-3", "P-4") == ["P-3", "P-4"]
    assert keys("--queue", "other") == []
    table = referee("queue", "list").out
    assert "no-order" in table and "RESERVED by" in table


def test_show_tells_all_about_an_item(referee: Command, filled: WorkQueue) -> None:
    said = referee("queue", "show", "P-1").out
    assert "BUSINESS no-order: it did not work" in said and "data country" in said
    assert "there is no item P-9 in output/queue.sqlite" in referee("queue", "show", "P-9").complaint
    assert "in the queue other" in referee("queue", "show", "P-1", "--queue", "other").complaint


def test_retry_puts_failed_items_back(referee: Command, filled: WorkQueue) -> None:
    assert referee("queue", "retry", "P-1").out == "1 item put back to work\n"
    assert referee("queue", "retry", "--all", "--kind", "BUSINESS", "--json").json == {"put_back_to_work": 0}
    assert referee("queue", "retry", "--all").out == "1 item put back to work\n"
    assert states(filled) == {"P-1": "PENDING", "P-2": "PENDING", "P-3": "RESERVED", "P-4": "PENDING"}
    assert referee("queue", "retry", "P-3").complaint == "this is for items that are FAILED: P-3 is RESERVED"
    for arguments in ((), ("P-3", "--all")):
        assert "or say --all" in referee("queue", "retry", *arguments).complaint


def test_release_takes_items_from_bots_that_are_gone(referee: Command, filled: WorkQueue) -> None:
    assert referee("queue", "release", "--all", "--lost").out == "0 items released\n"
    assert referee("queue", "release", "P-3").out == "1 item released\n"
    assert states(filled)["P-3"] == "PENDING"


def test_purge_forgets_what_is_finished(referee: Command, filled: WorkQueue) -> None:
    assert referee("queue", "purge", "--failed").out == "0 items forgotten\n"
    assert referee("queue", "purge", "--older-than", "0d").out == "0 items forgotten\n"
    assert referee("queue", "purge", "--older-than", "0h", "--failed").out == "2 items forgotten\n"
    assert "is no length of time" in referee("queue", "purge", "--older-than", "a week").complaint


def test_stats_end_with_one_when_there_is_something_to_mend(referee: Command, desk: Path) -> None:
    referee("queue", "add", "cases.csv")
    assert referee("queue", "stats").code == 0
    queue = WorkQueue("output/queue.sqlite")
    item = queue.claim("default")
    assert item is not None
    queue.fail(item, Failure(FailureKind.BUSINESS))
    assert referee("queue", "stats").code == 1
    (count,) = referee("queue", "stats", "--json").json
    assert (count["ready"], count["failed_business"], count["next_at"]) == (3, 1, None)


def test_export_and_import_move_items(referee: Command, filled: WorkQueue) -> None:
    assert referee("queue", "export", "all.jsonl").out == "4 items in all.jsonl\n"
    assert referee("queue", "export", "failed.jsonl", "--state", "FAILED", "--json").json["exported"] == 2
    assert referee("queue", "import", "all.jsonl", "--file", "other.sqlite").out == (
        "4 items added, 0 were known\n"
    )
    said = referee("queue", "import", "failed.jsonl", "--file", "other.sqlite", "--json").json
    assert said == {"added": 0, "known": 2}
    assert states(WorkQueue("other.sqlite")) == states(filled) | {"P-3": "PENDING"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "there is no work queue"),
        (("stats", "--file", "notes.txt"), "is damaged, or a file of another kind"),
        (("add", "nowhere.csv"), "there is no such file"),
        (("import", "nowhere.jsonl"), "it can't be read"),
        (("list", "--file", "folder"), "folder is a folder, not a work queue; name the file of the queue"),
        (("add", "cases.csv", "--file", "folder"), "is a folder, not a work queue"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(
    referee: Command, arguments: tuple[str, ...], said: str
) -> None:
    assert said in referee("queue", *arguments).complaint


def test_export_leaves_the_queue_and_other_files_alone(
    referee: Command, filled: WorkQueue, desk: Path
) -> None:
    before = states(filled)
    for target in ("output/queue.sqlite", "output/../output/queue.sqlite-wal", "output/queue.sqlite.files/x"):
        assert (
            "is where the work queue output/queue.sqlite is kept"
            in referee("queue", "export", target).complaint
        )
    said = referee("queue", "export", "notes.txt").complaint
    assert said == "notes.txt: this file exists; name another, or remove the file"
    assert states(WorkQueue("output/queue.sqlite")) == before


def test_show_overwrites_no_file_with_another(referee: Command, desk: Path) -> None:
    (desk / "folder" / "a.pdf").write_text("a")
    assert referee("queue", "add", "folder", "--queue", "scans").code == 0
    for _ in range(2):
        assert referee("queue", "show", "a.pdf", "--files", "copies").code == 0
    (desk / "copies" / "scans" / "a.pdf").write_text("mine")
    said = referee("queue", "show", "a.pdf", "--files", "copies").complaint
    assert said == f"{Path('copies/scans/a.pdf')}: this file exists with other content; name another folder"
    assert (desk / "copies" / "scans" / "a.pdf").read_text() == "mine"


def test_a_file_without_content_is_no_healthy_queue(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.workitems.queue_file._BEGUN_SECONDS", 0.1)
    (desk / "empty.sqlite").touch()
    for arguments in (("stats",), ("list",), ("add", "cases.csv")):
        said = referee("queue", *arguments, "--file", "empty.sqlite").complaint
        assert said == (
            "the work queue empty.sqlite is empty, 0 bytes: it has lost its items; restore it from its backup, or "
            "delete the file to begin a new queue"
        )
    assert (desk / "empty.sqlite").stat().st_size == 0
    (desk / "empty.sqlite").unlink()
    assert referee("queue", "add", "cases.csv", "--file", "empty.sqlite").code == 0


def test_import_takes_data_that_are_no_facts_only_when_told_so(referee: Command, desk: Path) -> None:
    queue = WorkQueue("output/queue.sqlite")
    queue.add("default", NewItem("P-1", [{"amount": 5}]))
    assert referee("queue", "export", "all.jsonl").code == 0
    said = referee("queue", "import", "all.jsonl", "--file", "other.sqlite").complaint
    assert said.startswith(
        "all.jsonl, line 1: the payload of `P-1` is a list of 1 value, and not facts by name"
    )
    assert not (desk / "other.sqlite").exists()
    assert referee("queue", "import", "all.jsonl", "--file", "other.sqlite", "--any-data").code == 0


def test_the_environment_names_the_file_where_nobody_does(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_QUEUE_FILE", "named.sqlite")
    assert referee("queue", "add", "cases.csv").code == 0
    assert WorkQueue("named.sqlite", create=False).counts()[0].ready == 4
    assert referee("queue", "add", "cases.csv", "--file", "other.sqlite").code == 0
    assert (desk / "other.sqlite").exists() and not (desk / "output" / "queue.sqlite").exists()


def test_tables_can_be_read_on_80_columns(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    queue = WorkQueue("output/queue.sqlite")
    due = datetime(2020, 11, 30, 6, 0)
    for number in range(4):
        queue.add("supplier invoices", NewItem(f"INV-2026-{number:06}", {}, due=due if number else None))
        queue.add("other", NewItem(f"INV-2026-{number:06}", {}, not_before=datetime(2120, 11, 30, 6, 0)))
    for kind in FailureKind:
        item = queue.claim("supplier invoices")
        assert item is not None
        queue.fail(
            item, Failure(kind, "post invoice", "the portal did not answer within 30 seconds"), final=True
        )
    assert queue.claim("supplier invoices", "host-of-the-bot/12345") is not None
    stats = referee("queue", "stats").out
    items = referee("queue", "list").out
    for said in (stats, items):
        assert "\u2026" not in said
        assert max(len(line) for line in said.splitlines()) <= 80
    for part in ("queue", "ready", "later", "in work", "done", "failed", "1 BUSINESS", "1 overdue"):
        assert part in stats
    for part in ("later: from", "2120-11-30 06:00", "waiting since", "1 APPLICATION"):
        assert part in stats
    for part in ("supplier", "RESERVED", "BUSINESS", "portal", "2020-11-30"):
        assert part in items

"""Queues as text: what goes out comes in again, once."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.domain import InputError
from referee.workitems import (
    Failure,
    FailureKind,
    ItemState,
    NewItem,
    WorkItem,
    WorkQueue,
    export_items,
    import_items,
    read_export,
)


def line(**changed: Any) -> str:
    """A line of an export, with fields changed, or left out where they are ``...``."""
    data = {
        "v": 1,
        "queue": "in",
        "key": "P-1",
        "state": "PENDING",
        "failure": None,
        "attempts": 0,
        "failures": 0,
        "priority": 0,
        "due": None,
        "not_before": None,
        "created": "2026-11-21T22:00:00.000000Z",
        "claimed": None,
        "updated": "2026-11-21T22:00:00.000000Z",
        "files": [],
        "payload": {"amount": 5},
        "contents": {},
    }
    return json.dumps({name: value for name, value in (data | changed).items() if value is not ...}) + "\n"


def filled(queue: WorkQueue, tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(bytes(range(256)))
    items = [NewItem(key, {}) for key in ("done", "failed", "in work", "waits")]
    items[3] = replace(items[3], payload={"amount": Decimal("10.00"), "name": "Ä"}, files={"scan.pdf": scan})
    queue.add_many("in", items)
    done, failed = queue.claim("in"), queue.claim("in")
    assert done is not None and failed is not None and queue.claim("in") is not None
    queue.done(done)
    queue.fail(failed, Failure(FailureKind.BUSINESS, "no-order", "there is no such order"))


def seen(item: WorkItem) -> WorkItem:
    """What must be the same on the other side."""
    return replace(item, id=0, worker="", is_lost=False)


def test_items_come_in_as_they_went_out_and_only_once(queue: WorkQueue, tmp_path: Path) -> None:
    filled(queue, tmp_path)
    path = tmp_path / "items.jsonl"
    assert export_items(queue, queue.items(), path) == 4
    other = WorkQueue(tmp_path / "other.sqlite")
    result = import_items(other, read_export(path))
    assert (result.added, result.known) == (4, 0)
    for item in queue.items():
        there = other.find("in", item.key)
        assert there is not None
        if item.state is ItemState.RESERVED:
            item = replace(item, state=ItemState.PENDING)
        assert seen(there) == seen(item)
    waits = other.find("in", "waits")
    assert waits is not None
    assert other.file(waits.id, "scan.pdf").read_bytes() == bytes(range(256))
    assert import_items(other, read_export(path)).added == 0
    other.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no work items in it"),
        ("{}\n", "line 1: this is no work item"),
        ("[1]\n", "line 1: this is no work item"),
        ("nonsense\n", "line 1: this is no work item"),
        ('{"v":2}\n', "line 1: a later version of Referee wrote it"),
        (
            line(queue=...),
            "line 1: this is no work item as `referee queue export` writes it: `queue` is missing",
        ),
        (line(key=" "), "`key` is blank"),
        (line(key=7), "`key` must be a text"),
        (
            line() + line(created="soon"),
            "line 2: this is no work item as `referee queue export` writes it: `created` ",
        ),
        (line(due="soon"), "`due` must be date and time, 2026-11-30T06:00:00Z, not 'soon'"),
        (line(state="READY"), "`state` must be one of PENDING, RESERVED, DONE, FAILED, not 'READY'"),
        (line(priority="high"), "`priority` must be a whole number"),
        (line(failure="none"), "`failure` must be an object"),
        (line(contents={"a.pdf": "?"}), "`contents` must hold files in base64"),
        (line(contents=[]), "`contents` must be an object"),
        (
            line() + line(payload=[{"amount": 1}]),
            "line 2: the payload of `P-1` is a list of 1 value, and not facts",
        ),
        (line(payload=None), "the payload of `P-1` is no data, and not facts by name"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(
    queue: WorkQueue, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        import_items(queue, read_export(path))
    assert said in str(refused.value)
    assert queue.items() == []


def test_files_that_cannot_be_read_or_written_are_named(queue: WorkQueue, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.jsonl: it can't be read: no such file"):
        read_export(tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match=r"items.jsonl: it can't be written"):
        export_items(queue, [], tmp_path / "nowhere" / "items.jsonl")


def test_data_of_any_kind_come_in_for_bots_that_take_them(queue: WorkQueue, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(line(payload=["any", "data"]))
    assert import_items(queue, read_export(path, any_data=True)).added == 1
    assert queue.items()[0].payload == ["any", "data"]


@pytest.mark.parametrize("part", ["", "-wal", "-shm", "-journal", ".files", ".files/items.jsonl"])
def test_an_export_never_goes_where_the_queue_is_kept(queue: WorkQueue, tmp_path: Path, part: str) -> None:
    filled(queue, tmp_path)
    before = queue.path.read_bytes()
    with pytest.raises(InputError, match=r"this is where the work queue .* is kept; name another file"):
        export_items(queue, queue.items(), Path(f"{queue.path}{part}"))
    assert queue.path.read_bytes() == before
    assert len(queue.items()) == 4


def test_an_export_overwrites_no_file(queue: WorkQueue, tmp_path: Path) -> None:
    filled(queue, tmp_path)
    for name in ("link", "hard link"):
        (tmp_path / name).hardlink_to(queue.path) if " " in name else (tmp_path / name).symlink_to(queue.path)
    (tmp_path / "items.jsonl").write_text("what was there")
    for name in ("items.jsonl", "link", "hard link"):
        with pytest.raises(InputError, match=r"this file exists|is where the work queue"):
            export_items(queue, queue.items(), tmp_path / name)
    assert (tmp_path / "items.jsonl").read_text() == "what was there"
    assert len(queue.items()) == 4


def test_an_export_may_go_into_a_pipe(queue: WorkQueue) -> None:
    assert export_items(queue, [], Path(os.devnull)) == 0

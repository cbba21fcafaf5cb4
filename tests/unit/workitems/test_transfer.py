"""Queues as text: what goes out comes in again, once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

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
)


def filled(queue: WorkQueue, tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(bytes(range(256)))
    items = [NewItem("done"), NewItem("failed"), NewItem("in work"), NewItem("waits")]
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
    result = import_items(other, path)
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
    assert import_items(other, path).added == 0
    other.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no work items in it"),
        ("{}\n", "line 1: this is no work item"),
        ("[1]\n", "line 1: this is no work item"),
        ("nonsense\n", "line 1: this is no work item"),
        ('{"v":2}\n', "line 1: a later version of Referee wrote it"),
    ],
)
def test_what_is_no_export_is_refused_as_a_whole(
    queue: WorkQueue, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        import_items(queue, path)
    assert said in str(refused.value)
    assert queue.items() == []


def test_files_that_cannot_be_read_or_written_are_named(queue: WorkQueue, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.jsonl: it can't be read: no such file"):
        import_items(queue, tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match=r"items.jsonl: it can't be written"):
        export_items(queue, [], tmp_path / "nowhere" / "items.jsonl")

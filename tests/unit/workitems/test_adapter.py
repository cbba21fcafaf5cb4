"""The queue under rpaframework's own WorkItems library."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.domain import InputError
from referee.workitems import FailureKind, ItemState, NewItem, WorkQueue

robocorp = pytest.importorskip(
    "RPA.Robocorp.WorkItems", reason="rpaframework is not installed", exc_type=ImportError
)


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkQueue:
    path = tmp_path / "queue.sqlite"
    monkeypatch.setenv("RPA_WORKITEMS_ADAPTER", "referee.workitems.adapter.QueueAdapter")
    monkeypatch.setenv("REFEREE_QUEUE_FILE", str(path))
    monkeypatch.setenv("REFEREE_QUEUE", "in")
    monkeypatch.setenv("REFEREE_OUTPUT_QUEUE", "out")
    monkeypatch.setenv("REFEREE_QUEUE_PAUSE", "3600")
    return WorkQueue(path)


@pytest.fixture
def library(queue: WorkQueue) -> Any:
    return robocorp.WorkItems(autoload=False)


def test_items_are_reserved_released_and_stay_released(queue: WorkQueue, library: Any) -> None:
    queue.add_many("in", [NewItem("a", {"n": 1}), NewItem("b", {"n": 2}), NewItem("c", {"n": 3})])
    library.get_input_work_item()
    assert library.get_work_item_variables() == {"n": 1}
    library.release_input_work_item("DONE")
    library.get_input_work_item()
    library.release_input_work_item("FAILED", "BUSINESS", "no-order", " there is no order ")
    library.get_input_work_item()
    library.release_input_work_item("FAILED", "APPLICATION", message="timeout")
    with pytest.raises(robocorp.EmptyQueue, match="no work item is ready in the queue 'in'"):
        library.get_input_work_item()
    a, b, c = (queue.find("in", key) for key in "abc")
    assert a is not None and b is not None and c is not None
    assert a.state is ItemState.DONE
    assert b.state is ItemState.FAILED and b.failure is not None
    assert (b.failure.kind, b.failure.code, b.failure.message) == (
        FailureKind.BUSINESS,
        "no-order",
        "there is no order",
    )
    assert c.state is ItemState.PENDING and c.not_before is not None and c.failures == 1
    with pytest.raises(robocorp.EmptyQueue):  # a second start of the bot doesn't see them again
        robocorp.WorkItems(autoload=False).get_input_work_item()


def test_each_item_is_iterated_once_over_two_bots(queue: WorkQueue, library: Any) -> None:
    queue.add_many("in", [NewItem(str(number), {"n": number}) for number in range(6)])
    other = robocorp.WorkItems(autoload=False)
    seen: list[int] = []

    def note() -> None:
        seen.append(library.get_work_item_variable("n"))
        if len(seen) < 3:
            other.get_input_work_item()
            seen.append(other.get_work_item_variable("n"))
            other.release_input_work_item("DONE")

    library.for_each_input_work_item(note)
    assert sorted(seen) == list(range(6))
    assert {item.state for item in queue.items()} == {ItemState.DONE}


def test_data_and_files_are_saved_with_the_item(queue: WorkQueue, library: Any, tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF")
    queue.add("in", NewItem("a", {"n": 1}, files={"scan.pdf": scan}))
    item = library.get_input_work_item()
    assert library.list_work_item_files() == ["scan.pdf"]
    copy = Path(library.get_work_item_file("scan.pdf", path=str(tmp_path / "copy.pdf")))
    assert copy.read_bytes() == b"%PDF"
    library.set_work_item_variable("posted", 12.5)
    library.add_work_item_file(str(copy), name="copy.pdf")
    library.remove_work_item_file("scan.pdf")
    library.save_work_item()
    held = queue.get(int(item.id))
    assert held.payload == {"n": 1, "posted": Decimal("12.5")}
    assert held.files == ("copy.pdf",)


def test_output_items_are_the_input_of_the_next_bot(
    queue: WorkQueue, library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.txt"
    report.write_text("all well")
    queue.add("in", NewItem("a", {"n": 1}))
    library.get_input_work_item()
    library.create_output_work_item({"n": 2}, files=str(report), save=True)
    library.set_work_item_variable("more", "yes")
    library.save_work_item()
    assert queue.claim("out") is None
    library.release_input_work_item("DONE")
    monkeypatch.setenv("REFEREE_QUEUE", "out")
    following = robocorp.WorkItems(autoload=False)
    following.get_input_work_item()
    assert following.get_work_item_variables() == {"n": 2, "more": "yes"}
    assert following.list_work_item_files() == ["report.txt"]


def test_outputs_need_a_queue_to_go_to(queue: WorkQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFEREE_OUTPUT_QUEUE")
    queue.add("in", NewItem("a"))
    library = robocorp.WorkItems(autoload=False)
    library.get_input_work_item()
    with pytest.raises(InputError, match="REFEREE_OUTPUT_QUEUE"):
        library.create_output_work_item({"n": 2}, save=True)


def test_no_number_is_rounded_for_rpaframework(queue: WorkQueue, library: Any) -> None:
    amounts = {"whole": Decimal("10.00"), "cents": Decimal("0.10"), "long": Decimal("123456789012345678.91")}
    queue.add("in", NewItem("a", {"amounts": [amounts]}))
    library.get_input_work_item()
    (seen,) = library.get_work_item_variable("amounts")
    assert seen == {"whole": 10, "cents": 0.1, "long": "123456789012345678.91"}
    assert isinstance(seen["whole"], int)


def test_a_bot_that_lost_its_item_can_not_release_it(queue: WorkQueue, library: Any) -> None:
    queue.add("in", NewItem("a"))
    library.get_input_work_item()
    queue.release(queue.items())
    taken = queue.claim("in", "another")
    assert taken is not None
    for _ in range(2):  # rpaframework tries again when the task has failed
        with pytest.raises(Exception, match="it is with another"):
            library.release_input_work_item("DONE")
    queue.done(taken)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf"])
def test_a_setting_that_is_no_number_is_refused(
    queue: WorkQueue, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("REFEREE_QUEUE_LEASE", value)
    with pytest.raises(InputError, match=f"REFEREE_QUEUE_LEASE is '{value}'"):
        _ = robocorp.WorkItems(autoload=False).adapter

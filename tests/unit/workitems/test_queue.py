"""The work queue: one item, one worker, one state; nothing lost, nothing made twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from referee.domain import InputError, LeaseLostError, QueueError
from referee.workitems import (
    Failure,
    FailureKind,
    Heartbeat,
    ItemState,
    NewItem,
    Outcome,
    WorkItem,
    WorkQueue,
)
from tests.unit.workitems.conftest import Time

BUSINESS = Failure(FailureKind.BUSINESS, "no-order", "there is no such order")
TECHNICAL = Failure(FailureKind.APPLICATION, "timeout", "the portal did not answer")


def claimed(queue: WorkQueue, name: str = "in", worker: str = "w1") -> WorkItem:
    item = queue.claim(name, worker)
    assert item is not None
    return item


def state(queue: WorkQueue, key: str, name: str = "in") -> ItemState:
    item = queue.find(name, key)
    assert item is not None
    return item.state


# Adding


def test_an_item_comes_back_as_it_was_added_with_exact_numbers(queue: WorkQueue) -> None:
    payload = {"amount": Decimal("1234.50"), "lines": [1, None, True], "name": "Käthe"}
    added = queue.add("in", NewItem("R-1", payload, priority=3))
    item = queue.get(added.item)
    assert (item.key, item.queue, item.state, item.priority) == ("R-1", "in", ItemState.PENDING, 3)
    assert item.payload == {"amount": Decimal("1234.50"), "lines": [1, None, True], "name": "Käthe"}
    assert str(item.payload["amount"]) == "1234.50"


def test_the_same_key_is_the_same_item(queue: WorkQueue) -> None:
    first = queue.add("in", NewItem("R-1", {"amount": 1}))
    assert first.outcome is Outcome.NEW
    again = queue.add("in", NewItem("R-1", {"amount": 1}))
    assert (again.item, again.outcome) == (first.item, Outcome.UNCHANGED)
    changed = queue.add("in", NewItem("R-1", {"amount": 2}))
    assert (changed.item, changed.outcome) == (first.item, Outcome.UPDATED)
    assert queue.get(first.item).payload == {"amount": 2}
    assert queue.add("other", NewItem("R-1")).outcome is Outcome.NEW
    assert len(queue.items()) == 2


def test_an_item_in_work_or_finished_is_left_alone(queue: WorkQueue) -> None:
    queue.add("in", NewItem("R-1", 1))
    item = claimed(queue)
    assert queue.add("in", NewItem("R-1", 2)).outcome is Outcome.LEFT
    assert queue.add("in", NewItem("R-1", 2), reopen=True).outcome is Outcome.LEFT
    queue.done(item)
    assert queue.add("in", NewItem("R-1", 1)).outcome is Outcome.UNCHANGED
    assert queue.add("in", NewItem("R-1", 2)).outcome is Outcome.LEFT
    assert queue.get(item.id).payload == 1
    assert queue.claim("in") is None


def test_a_finished_item_is_reopened_only_when_told(queue: WorkQueue) -> None:
    queue.add("in", NewItem("R-1", 1))
    queue.fail(claimed(queue), BUSINESS)
    assert queue.add("in", NewItem("R-1", 2), reopen=True).outcome is Outcome.REOPENED
    item = claimed(queue)
    assert (item.payload, item.failure, item.failures, item.attempts) == (2, None, 0, 2)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([NewItem(" ")], "a work item needs a key"),
        ([NewItem("a"), NewItem("a")], "the key `a` is there twice"),
        ([NewItem("a"), NewItem("b", {"x": float("nan")})], "the work item `b` can't be kept: x can't be"),
        (
            [NewItem("a"), NewItem("b", files={"f": Path("nowhere.pdf")})],
            "nowhere.pdf: the file can't be read",
        ),
    ],
)
def test_nothing_is_added_when_one_item_is_unfit(queue: WorkQueue, items: list[NewItem], said: str) -> None:
    with pytest.raises(InputError) as refused:
        queue.add_many("in", items)
    assert str(refused.value).startswith(said)
    assert queue.items() == []


def test_a_blank_queue_is_refused(queue: WorkQueue) -> None:
    with pytest.raises(InputError, match="the name of the work queue is blank"):
        queue.add(" ", NewItem("a"))


# Claiming


def test_priority_comes_first_then_the_due_date_then_the_order_of_adding(queue: WorkQueue) -> None:
    day = datetime(2026, 12, 1, tzinfo=UTC)
    queue.add_many(
        "in",
        [
            NewItem("later", due=day + timedelta(days=1)),
            NewItem("never due"),
            NewItem("first added", due=day),
            NewItem("second added", due=day),
            NewItem("urgent", priority=1),
        ],
    )
    assert [claimed(queue).key for _ in range(5)] == [
        "urgent",
        "first added",
        "second added",
        "later",
        "never due",
    ]
    assert queue.claim("in") is None


def test_nobody_is_given_an_item_before_its_time(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a", not_before=time.now + timedelta(hours=1)))
    assert queue.claim("in") is None
    (count,) = queue.counts()
    assert (count.ready, count.later, count.next_at) == (0, 1, time.now + timedelta(hours=1))
    time.passes(3600)
    assert claimed(queue).key == "a"


def test_an_item_of_a_lost_worker_is_taken_over_after_its_lease(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    first = claimed(queue, worker="w1")
    time.passes(59)
    assert queue.claim("in", "w2") is None
    assert not queue.get(first.id).is_lost
    time.passes(1)
    assert queue.get(first.id).is_lost
    second = claimed(queue, worker="w2")
    assert (second.id, second.attempts, second.failures, second.worker) == (first.id, 2, 1, "w2")
    for act in (queue.done, queue.heartbeat, queue.put_back):
        with pytest.raises(LeaseLostError, match="`a` is not this worker's any more \\(it is with w2\\)"):
            act(first)
    queue.done(second)
    assert state(queue, "a") is ItemState.DONE
    with pytest.raises(LeaseLostError, match=r"it is DONE"):
        queue.fail(first, TECHNICAL)


def test_a_sign_of_life_keeps_the_lease(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    for _ in range(5):
        time.passes(50)
        queue.heartbeat(item)
    assert queue.claim("in") is None
    queue.done(item)


def test_who_was_stopped_for_too_long_keeps_an_item_that_nobody_took(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    time.passes(500)
    queue.done(item)
    assert state(queue, "a") is ItemState.DONE


def test_leases_do_not_depend_on_the_wall_clock(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    time.now += timedelta(days=400)
    assert queue.claim("in") is None
    time.now -= timedelta(days=800)
    assert queue.claim("in") is None
    time.ticks += 60
    assert claimed(queue).id == item.id


def test_a_restart_of_the_machine_ends_its_leases(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    claimed(queue)
    time.ticks = 5.0
    assert claimed(queue).attempts == 2


def test_an_item_that_loses_its_worker_too_often_has_failed(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    for _ in range(3):
        claimed(queue, worker="w1")
        time.passes(60)
    assert queue.claim("in") is None
    item = queue.find("in", "a")
    assert item is not None and item.state is ItemState.FAILED
    assert item.failure == Failure(FailureKind.APPLICATION, "worker-lost", "nothing was heard of w1 for 60 s")


# Releasing


def test_a_technical_failure_is_tried_again_after_growing_pauses_up_to_a_limit(
    queue: WorkQueue, time: Time
) -> None:
    queue.add("in", NewItem("a"))
    for failures, pause in ((1, 60), (2, 120)):
        item = queue.fail(claimed(queue), TECHNICAL)
        assert (item.state, item.failures, item.failure) == (ItemState.PENDING, failures, TECHNICAL)
        assert item.not_before == time.now + timedelta(seconds=pause)
        time.passes(pause - 1)
        assert queue.claim("in") is None
        time.passes(1)
    assert queue.fail(claimed(queue), TECHNICAL).state is ItemState.FAILED
    time.passes(10_000)
    assert queue.claim("in") is None


@pytest.mark.parametrize(("failure", "final"), [(BUSINESS, False), (TECHNICAL, True)])
def test_what_trying_again_would_not_help_fails_at_once(
    queue: WorkQueue, failure: Failure, final: bool
) -> None:
    queue.add("in", NewItem("a"))
    item = queue.fail(claimed(queue), failure, final=final)
    assert (item.state, item.failure) == (ItemState.FAILED, failure)


def test_an_item_that_works_at_last_keeps_no_failure(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    queue.fail(claimed(queue), TECHNICAL)
    time.passes(60)
    item = claimed(queue)
    queue.done(item)
    assert queue.get(item.id).failure is None


def test_an_item_put_back_counts_no_failure(queue: WorkQueue, time: Time) -> None:
    due = time.now + timedelta(days=1)
    queue.add("in", NewItem("a"))
    for _ in range(10):
        queue.put_back(claimed(queue), not_before=due, due=due)
        time.passes(86_400)
        due += timedelta(days=1)
    item = claimed(queue)
    assert (item.attempts, item.failures) == (11, 0)


def test_new_data_is_kept_for_the_next_attempt(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a", {"step": 1}))
    item = claimed(queue)
    queue.save(item, {"step": 2})
    time.passes(60)
    assert claimed(queue).payload == {"step": 2}
    with pytest.raises(LeaseLostError):
        queue.save(item, {"step": 3})


# Outputs


def test_outputs_can_be_claimed_once_their_input_is_done(queue: WorkQueue) -> None:
    queue.add("in", NewItem("a"))
    parent = claimed(queue)
    output = queue.add_output(parent, "out", {"n": 1})
    queue.save_output(parent, output, {"n": 2})
    queue.attach(parent, "f.txt", b"x", output=output)
    assert queue.claim("out") is None
    queue.done(parent)
    item = claimed(queue, "out")
    assert (item.payload, item.files, item.parent) == ({"n": 2}, ("f.txt",), parent.id)
    with pytest.raises(LeaseLostError):
        queue.add_output(parent, "out", {})


@pytest.mark.parametrize("end", ["failure", "loss", "release", "put back"])
def test_outputs_of_an_attempt_that_is_repeated_are_dropped(queue: WorkQueue, time: Time, end: str) -> None:
    queue.add("in", NewItem("a"))
    parent = claimed(queue)
    queue.add_output(parent, "out", 1)
    if end == "failure":
        queue.fail(parent, TECHNICAL)
    elif end == "release":
        queue.release([parent])
    elif end == "put back":
        queue.put_back(parent)
    time.passes(60)
    parent = claimed(queue)
    queue.add_output(parent, "out", 2)
    queue.done(parent)
    assert [item.payload for item in queue.items("out")] == [2]


def test_outputs_of_a_business_failure_are_handed_on(queue: WorkQueue) -> None:
    queue.add("in", NewItem("a"))
    parent = claimed(queue)
    queue.add_output(parent, "out", 1)
    queue.fail(parent, BUSINESS)
    assert claimed(queue, "out").payload == 1


def test_outputs_never_replace_an_item_of_the_same_key(queue: WorkQueue) -> None:
    queue.add("in", NewItem("a"))
    queue.add("out", NewItem("a/1-1"))
    with pytest.raises(InputError, match="the queue `out` has an item `a/1-1` already"):
        queue.add_output(claimed(queue), "out")


# Files


def test_files_are_copied_and_forgotten_with_the_last_item(
    queue: WorkQueue, tmp_path: Path, time: Time
) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"%PDF")
    queue.add_many("in", [NewItem("a", files={"scan.pdf": source}), NewItem("b", files={"copy": source})])
    source.unlink()
    item = claimed(queue)
    kept = queue.file(item.id, "scan.pdf")
    assert (item.files, kept.read_bytes()) == (("scan.pdf",), b"%PDF")
    queue.done(item)
    time.passes(1)
    assert queue.purge(time.now) == 1
    assert kept.exists(), "the other item has the same content"
    queue.done(claimed(queue))
    time.passes(1)
    assert queue.purge(time.now) == 1
    assert not kept.exists()
    with pytest.raises(InputError, match=r"has no file `scan\.pdf`"):
        queue.file(item.id, "scan.pdf")


def test_a_changed_file_is_a_changed_item(queue: WorkQueue, tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    item = NewItem("a", files={"scan.pdf": source})
    source.write_bytes(b"one")
    queue.add("in", item)
    assert queue.add("in", item).outcome is Outcome.UNCHANGED
    source.write_bytes(b"two")
    added = queue.add("in", item)
    assert added.outcome is Outcome.UPDATED
    assert queue.file(added.item, "scan.pdf").read_bytes() == b"two"


def test_files_are_attached_and_detached_by_the_worker_only(queue: WorkQueue, time: Time) -> None:
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    queue.attach(item, "picture.png", b"1")
    queue.attach(item, "picture.png", b"2")
    queue.attach(item, "source.html", b"<html>")
    queue.detach(item, "source.html")
    assert queue.get(item.id).files == ("picture.png",)
    assert queue.file(item.id, "picture.png").read_bytes() == b"2"
    time.passes(60)
    claimed(queue)
    with pytest.raises(LeaseLostError):
        queue.attach(item, "late.png", b"3")


# Managing


def test_failed_items_are_retried_as_if_they_had_never_failed(queue: WorkQueue) -> None:
    queue.add_many("in", [NewItem("a"), NewItem("b")])
    failed = queue.fail(claimed(queue), BUSINESS)
    other = claimed(queue)
    assert queue.retry([failed, other]) == 1
    item = claimed(queue)
    assert (item.key, item.failures, item.failure) == ("a", 0, None)


def test_a_released_item_is_no_longer_its_workers(queue: WorkQueue) -> None:
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    assert queue.release([item]) == 1
    assert queue.release([item]) == 0
    with pytest.raises(LeaseLostError, match="it is PENDING"):
        queue.done(item)
    assert claimed(queue).attempts == 2


def test_only_finished_items_are_forgotten_and_only_old_ones(queue: WorkQueue, time: Time) -> None:
    queue.add_many("in", [NewItem(key) for key in "abcd"])
    queue.done(claimed(queue))
    queue.fail(claimed(queue), BUSINESS)
    claimed(queue)
    assert queue.purge(time.now) == 0
    time.passes(1)
    assert queue.purge(time.now) == 1
    assert queue.purge(time.now, [ItemState.FAILED]) == 1
    assert [item.key for item in queue.items()] == ["c", "d"]
    with pytest.raises(InputError, match="only finished items can be forgotten"):
        queue.purge(time.now, [ItemState.PENDING])


def test_counts_tell_what_can_be_worked_on(queue: WorkQueue, time: Time) -> None:
    queue.add_many("in", [NewItem(key, due=time.now - timedelta(days=1)) for key in "abcdef"])
    queue.done(claimed(queue))
    queue.fail(claimed(queue), BUSINESS)
    queue.fail(claimed(queue), TECHNICAL, final=True)
    queue.fail(claimed(queue), TECHNICAL)
    claimed(queue)
    (count,) = queue.counts("in")
    assert (count.pending, count.reserved, count.done) == (2, 1, 1)
    assert (count.failed_business, count.failed_application) == (1, 1)
    assert (count.ready, count.later, count.lost, count.overdue) == (1, 1, 0, 3)
    assert queue.counts("none") == []


# The file


def test_what_is_no_work_queue_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database, only some text that is long enough to be taken for one by its size\n" * 99)
    with pytest.raises(QueueError, match="it is damaged, or a file of another kind"):
        WorkQueue(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(QueueError, match="is the file of another program"):
        WorkQueue(other)
    assert other.read_bytes() == before


def test_a_queue_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    WorkQueue(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(QueueError, match="was written by a later version of Referee"):
        WorkQueue(path)


def test_looking_for_a_queue_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(QueueError, match="there is no work queue"):
        WorkQueue(tmp_path / "queue.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_queue_says_so(queue: WorkQueue) -> None:
    queue.close()
    with pytest.raises(QueueError, match="was closed; open it again"):
        queue.add("in", NewItem("a"))


def test_each_change_has_reached_the_disk_when_it_returns(
    queue: WorkQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    log = Path(f"{queue.path}-wal")
    monkeypatch.setattr(
        "referee.workitems.queue_file.flush", lambda descriptor: flushed.append(log.stat().st_size)
    )
    changes: list[Any] = [
        lambda: queue.add("in", NewItem("a")),
        lambda: queue.heartbeat(claimed(queue)),
        lambda: queue.release(queue.items()),
        lambda: queue.done(claimed(queue)),
    ]
    for change in changes:
        change()
        assert flushed and flushed[-1] == log.stat().st_size
        flushed.clear()


def test_a_full_disk_is_told_in_plain_words(queue: WorkQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("referee.workitems.queue_file.flush", full)
    with pytest.raises(QueueError, match="can't be used: the disk is full"):
        queue.add("in", NewItem("a"))


def test_many_processes_may_begin_the_same_queue_at_once(tmp_path: Path, repository: Path) -> None:
    script = (
        "import sys\nfrom referee.workitems import NewItem, WorkQueue\n"
        "print(WorkQueue(sys.argv[1]).add('in', NewItem(sys.argv[2])).outcome)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "new" / "queue.sqlite"), f"k{number}"],
            env={"PYTHONPATH": str(repository / "library")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    said = [process.communicate(timeout=60) for process in started]
    assert [out.strip() for out, _ in said] == ["new"] * 6, said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_worker_goes_on_with_a_connection_of_its_own(queue: WorkQueue) -> None:
    queue.add_many("in", [NewItem("a"), NewItem("b")])
    child = os.fork()
    if child == 0:
        claimed_there = queue.claim("in", "child")
        os._exit(0 if claimed_there is not None and claimed_there.key == "a" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert claimed(queue, worker="parent").key == "b"
    assert queue.get(1).worker == "child"


def test_the_heart_beats_while_its_worker_is_busy_and_notices_a_loss(tmp_path: Path) -> None:
    import time as real

    queue = WorkQueue(tmp_path / "queue.sqlite", lease=0.6)
    queue.add("in", NewItem("a"))
    item = claimed(queue)
    with Heartbeat(queue, item) as heart:
        real.sleep(1.5)
        assert queue.claim("in") is None, "the lease was kept"
        queue.release([item])
        until = real.monotonic() + 10
        while not heart.is_lost and real.monotonic() < until:
            real.sleep(0.05)
        assert heart.is_lost
    queue.close()


# Any order of things


class Workers(RuleBasedStateMachine):
    """Two workers, time and an operator in any order, against a plain account of whose turn it is."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.time = Time()
        self.queue = WorkQueue(
            Path(self.folder.name) / "queue.sqlite",
            clock=lambda: self.time.now,
            ticks=lambda: self.time.ticks,
        )
        self.held: dict[str, WorkItem] = {}
        self.owner: dict[str, tuple[str, float]] = {}
        self.finished: set[str] = set()
        self.keys: set[str] = set()

    def teardown(self) -> None:
        self.queue.close()
        self.folder.cleanup()

    @rule(key=st.sampled_from("abc"), data=st.integers(0, 2))
    def add(self, key: str, data: int) -> None:
        self.queue.add("in", NewItem(key, data))
        self.keys.add(key)

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def claim(self, worker: str) -> None:
        item = self.queue.claim("in", worker)
        if item is None:
            return
        assert item.key not in self.finished
        if item.key in self.owner:
            assert self.time.ticks - self.owner[item.key][1] >= 60, "taken before its lease was over"
        self.held[worker] = item
        self.owner[item.key] = (worker, self.time.ticks)

    @rule(
        worker=st.sampled_from(["w1", "w2"]), how=st.sampled_from(["done", "business", "technical", "back"])
    )
    def end(self, worker: str, how: str) -> None:
        item = self.held.pop(worker, None)
        if item is None:
            return
        current = self.queue.get(item.id)
        is_own = current.state is ItemState.RESERVED and current.attempts == item.attempts
        try:
            if how == "done":
                self.queue.done(item)
            elif how == "back":
                self.queue.put_back(item)
            else:
                self.queue.fail(item, BUSINESS if how == "business" else TECHNICAL)
        except LeaseLostError:
            assert not is_own
            return
        assert is_own
        del self.owner[item.key]
        if self.queue.get(item.id).state.is_final:
            self.finished.add(item.key)

    @rule(seconds=st.sampled_from([1, 30, 60, 4000]))
    def wait(self, seconds: int) -> None:
        self.time.passes(seconds)

    @invariant()
    def every_item_is_there_once_and_finished_ones_stay_finished(self) -> None:
        items = {item.key: item for item in self.queue.items("in")}
        assert items.keys() == self.keys
        for key in self.finished:
            assert items[key].state.is_final
        for key, item in items.items():
            if item.state is ItemState.FAILED and key in self.owner:  # lost its worker too often
                del self.owner[key]
                self.finished.add(key)
            assert (item.state is ItemState.RESERVED) == (key in self.owner)


Workers.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWorkersInAnyOrder = Workers.TestCase


def test_a_file_that_another_process_is_just_beginning_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "begun.sqlite"
    path.touch()

    def begin() -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    beginning = threading.Timer(0.2, begin)
    beginning.start()
    opened = WorkQueue(path)
    beginning.join()
    assert opened.items() == []
    opened.close()

"""A durable queue of work items: many workers on one machine, each item given to one of them at a time."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from referee.audit import utc_now
from referee.domain import InputError
from referee.workitems.attachments import Attachments
from referee.workitems.item_rows import optional_moment, written_moment, written_payload
from referee.workitems.item_table import ItemTable
from referee.workitems.items import (
    Added,
    Failure,
    FailureKind,
    ItemState,
    NewItem,
    QueueCounts,
    WorkItem,
)
from referee.workitems.queue_file import QueueFile

DEFAULT_QUEUE = "default"
LEASE_SECONDS = 60.0
MOST_FAILURES = 3
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
WORKER_LOST = "worker-lost"
"""The code of a failure of which nobody could tell the reason: the worker was not heard of any more."""


class WorkQueue:
    """The queues of one file: ``WorkQueue("output/queue.sqlite")``. Any number of workers and producers on the
    machine may use it at once; the file must be on a local disk, as network shares don't keep them apart reliably.

    Every change is one transaction, durable when the method returns; a kill or a power cut at any moment leaves each
    item in exactly one state. An item is given to one worker at a time, for ``lease`` seconds from its last sign of
    life (see `Heartbeat`); then another worker may take it over. Who lost an item that way can't change it any more:
    LeaseLostError.

    A technical failure is tried again after a pause, ``pause`` doubled each time, at most an hour; the loss of a worker
    at once. The item FAILED when either has happened ``most_failures`` times. Numbers in payloads are exact.

    ``clock`` gives the wall clock's time, for people and for due dates. ``ticks`` are seconds that never jump, the same
    in all processes of the machine: leases don't depend on the wall clock. Where they begin anew at a restart of the
    machine, its leases end.

    Raises QueueError when the file can't be used; with ``create`` it is made when it is not there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        lease: float = LEASE_SECONDS,
        most_failures: int = MOST_FAILURES,
        pause: timedelta = FIRST_PAUSE,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path)
        self.lease = lease
        self.most_failures = most_failures
        self._pause = pause
        self._clock = clock
        self._ticks = ticks
        self._file = QueueFile(self.path, create=create)
        self._attachments = Attachments(self.path)

    # Producing

    def add(self, queue: str, item: NewItem, *, reopen: bool = False) -> Added:
        """Put one item into a queue; see ``add_many``."""
        return self.add_many(queue, [item], reopen=reopen)[0]

    def add_many(self, queue: str, items: Iterable[NewItem], *, reopen: bool = False) -> list[Added]:
        """Put items into a queue, all of them or none.

        An item whose key the queue knows is that item: one that is pending gets the new data; one that is in work or
        finished is left alone. ``reopen`` makes finished ones pending again, with the new data and no failures. Raises
        InputError for a blank key, the same key twice, data that JSON can't hold, and a file that isn't there.
        """
        _require_name(queue)
        items = list(items)
        _require_distinct(items)
        kept = [self._attachments.keep_all(item.files) for item in items]
        with self._writing() as table:
            return [table.add(queue, item, files, reopen) for item, files in zip(items, kept, strict=True)]

    def add_output(self, parent: WorkItem, queue: str, payload: Any = None) -> int:
        """Put an item into another queue that follows from an item in work. Gives its id.

        It can be claimed once the parent is DONE or FAILED for BUSINESS reasons. If the parent is tried again it is
        gone, so that a second attempt doesn't make it twice. Raises LeaseLostError if the parent was lost.
        """
        _require_name(queue)
        with self._writing() as table:
            table.require_own(parent)
            number = table.count_outputs(parent.id) + 1
            new = NewItem(f"{parent.key}/{parent.attempts}-{number}", payload)
            if table.find(queue, new.key) is not None:
                raise InputError(
                    f"the queue `{queue}` has an item `{new.key}` already; name another queue for outputs"
                )
            return table.insert(queue, new, parent=parent.id, awaits_parent=True)

    # Working

    def claim(self, queue: str, worker: str = "", *, last_look: bool = False) -> WorkItem | None:
        """The next item, now RESERVED for this worker; None when there is none that is ready.

        The highest priority comes first, then the earliest due date, then what was added first. Items of workers that
        were lost are ready too. ``worker`` names this one to people (by default host and process id).

        An item that has lost ``most_failures`` workers FAILED; with ``last_look`` it is given out once more, for the
        caller to see what became of it, and not to work on it.
        """
        worker = worker or f"{socket.gethostname()}/{os.getpid()}"
        with self._writing() as table:
            while (row := table.next_in_turn(queue)) is not None:
                failures = row["failures"]
                if row["state"] == ItemState.RESERVED:
                    failures += 1
                    lost = Failure(
                        FailureKind.APPLICATION,
                        WORKER_LOST,
                        f"nothing was heard of {row['worker']} for {row['expires'] - row['heard']:g} s",
                    )
                    if failures >= self.most_failures + last_look:
                        table.fail(row["id"], lost, failures, None)
                        continue
                    table.discard_outputs(row["id"])
                table.reserve(row["id"], worker, self.lease, failures)
                return table.get(row["id"])
        return None

    def heartbeat(self, item: WorkItem) -> None:
        """A sign of life: the lease begins anew. Raises LeaseLostError when the item is this worker's no more."""
        with self._writing() as table:
            table.require_own(item)
            table.renew(item.id, self.lease)

    def done(self, item: WorkItem) -> None:
        """The item is DONE; its outputs are there for the next process. Raises LeaseLostError."""
        with self._writing() as table:
            table.require_own(item)
            table.set_state(item.id, ItemState.DONE)
            table.hand_on_outputs(item.id)

    def fail(self, item: WorkItem, failure: Failure, *, final: bool = False) -> WorkItem:
        """The item FAILED, or it is tried again after a pause: technical failures are, unless it has had too many.

        ``final`` says that trying again would be wrong. Gives the item as it is now. Raises LeaseLostError.
        """
        with self._writing() as table:
            table.require_own(item)
            technical = failure.kind is FailureKind.APPLICATION
            failures = item.failures + technical
            again = technical and not final and failures < self.most_failures
            pause = min(self._pause * 2 ** (failures - 1), LONGEST_PAUSE) if again else None
            table.fail(item.id, failure, failures, pause)
            return table.get(item.id)

    def put_back(
        self, item: WorkItem, *, not_before: datetime | None = None, due: datetime | None = None
    ) -> None:
        """The item is PENDING again, through no fault of its own: no failure is counted. Raises LeaseLostError."""
        with self._writing() as table:
            table.require_own(item)
            table.discard_outputs(item.id)
            table.set_state(item.id, ItemState.PENDING, not_before)
            if due is not None:
                table.set_due(item.id, due)

    def save(self, item: WorkItem, payload: Any) -> None:
        """New data for an item in work. Raises LeaseLostError, and InputError for data that JSON can't hold."""
        text = written_payload(item.key, payload)
        with self._writing() as table:
            table.require_own(item)
            table.set_payload(item.id, text)

    def save_output(self, parent: WorkItem, output: int, payload: Any) -> None:
        """New data for an output whose parent is in work. Raises LeaseLostError."""
        with self._writing() as table:
            table.require_own(parent)
            row = table.require_output(parent, output)
            text = written_payload(row["key"], payload)
            table.set_payload(output, text)

    # Files

    def attach(self, item: WorkItem, name: str, content: bytes, *, output: int | None = None) -> None:
        """Keep a file with an item in work, or with one of its outputs. A file of the same name is replaced."""
        stored = self._attachments.keep(content)
        with self._writing() as table:
            table.require_own(item)
            if output is not None:
                table.require_output(item, output)
            table.attach(item.id if output is None else output, {name: stored})

    def detach(self, item: WorkItem, name: str, *, output: int | None = None) -> None:
        """Part an item in work, or one of its outputs, from a file."""
        with self._writing() as table:
            table.require_own(item)
            if output is not None:
                table.require_output(item, output)
            owner = item.id if output is None else output
            table.detach(owner, name)

    def file(self, item: int, name: str) -> Path:
        """Where a file of an item is kept. Read it, don't change it. Raises InputError when there is none."""
        with self._reading() as table:
            stored = table.files(item).get(name)
        if stored is None:
            raise InputError(f"the work item has no file `{name}`")
        return self._attachments.path(stored)

    # Looking

    def get(self, item: int) -> WorkItem:
        """The item with this id as it is now. Raises InputError when there is none."""
        with self._reading() as table:
            return table.get(item)

    def find(self, queue: str, key: str) -> WorkItem | None:
        """The item of a queue with this key; None when there is none."""
        with self._reading() as table:
            row = table.find(queue, key)
            return None if row is None else table.get(row["id"])

    def items(
        self, queue: str | None = None, states: Collection[ItemState] = (), *, keys: Collection[str] = ()
    ) -> list[WorkItem]:
        """The items of one queue or all, in the order in which they would be claimed."""
        with self._reading() as table:
            return table.items(queue, states, keys)

    def counts(self, queue: str | None = None) -> list[QueueCounts]:
        """Each queue in numbers, by name."""
        with self._reading() as table:
            return table.counts(queue)

    # Managing

    def retry(self, items: Iterable[WorkItem]) -> int:
        """Make FAILED items pending again, as if they had never failed. Gives how many were still FAILED."""
        count = 0
        with self._writing() as table:
            for item in items:
                if table.is_in(item, ItemState.FAILED):
                    table.reopen(item.id)
                    count += 1
        return count

    def release(self, items: Iterable[WorkItem]) -> int:
        """Take RESERVED items away from their workers, which can't change them any more, and make them pending.

        For workers that are known to be gone; what those were about to do may have been done. Gives how many were
        still RESERVED.
        """
        count = 0
        with self._writing() as table:
            for item in items:
                if table.is_in(item, ItemState.RESERVED):
                    table.discard_outputs(item.id)
                    table.set_state(item.id, ItemState.PENDING)
                    count += 1
        return count

    def purge(self, before: datetime, states: Collection[ItemState] = (ItemState.DONE,)) -> int:
        """Forget finished items that haven't changed since ``before``, with their files. Gives how many.

        A key that was forgotten is new when it is added again. Raises InputError for states that aren't final.
        """
        if not all(state.is_final for state in states):
            raise InputError("only finished items can be forgotten: DONE, FAILED")
        with self._writing() as table:
            return table.forget(before, states)

    def restore(self, item: WorkItem, files: Mapping[str, bytes]) -> bool:
        """Put an item back as another queue's file held it; see `transfer`. False when its key is known already.

        What was in work there is pending here.
        """
        kept = {name: self._attachments.keep(content) for name, content in files.items()}
        new = NewItem(
            item.key, item.payload, priority=item.priority, due=item.due, not_before=item.not_before
        )
        with self._writing() as table:
            if table.find(item.queue, item.key) is not None:
                return False
            number = table.insert(
                item.queue,
                new,
                state=ItemState.PENDING if item.state is ItemState.RESERVED else item.state,
                attempts=item.attempts,
                failures=item.failures,
                failure_kind=item.failure and item.failure.kind,
                failure_code=item.failure.code if item.failure else "",
                failure_message=item.failure.message if item.failure else "",
                created=written_moment(item.created),
                claimed=optional_moment(item.claimed),
                updated=written_moment(item.updated),
            )
            table.attach(number, kept)
        return True

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[ItemTable]:
        with self._file.writing() as rows:
            yield self._table(rows)

    @contextmanager
    def _reading(self) -> Iterator[ItemTable]:
        with self._file.reading() as rows:
            yield self._table(rows)

    def _table(self, rows: sqlite3.Connection) -> ItemTable:
        return ItemTable(rows, self._clock(), self._ticks(), self._attachments)


def _require_distinct(items: Sequence[NewItem]) -> None:
    seen: set[str] = set()
    for item in items:
        if not item.key.strip():
            raise InputError("a work item needs a key; name what identifies it, such as its invoice number")
        if item.key in seen:
            raise InputError(f"the key `{item.key}` is there twice; the same key is the same work item")
        seen.add(item.key)


def _require_name(queue: str) -> None:
    if not queue.strip():
        raise InputError("the name of the work queue is blank; name one")

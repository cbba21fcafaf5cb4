"""A durable queue of work items: many workers on one machine, each item given to one of them at a time."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from referee.audit import utc_now
from referee.domain import InputError, LeaseLostError
from referee.workitems.attachments import Attachments, Stored
from referee.workitems.item_rows import (
    IS_LOST,
    LOST,
    SELECT,
    TURN,
    chosen,
    insert_item,
    optional_moment,
    read_item,
    read_moment,
    turn,
    written_moment,
    written_payload,
)
from referee.workitems.items import (
    Added,
    Failure,
    FailureKind,
    ItemState,
    NewItem,
    Outcome,
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
        self._most_failures = most_failures
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
        with self._file.writing() as rows:
            return [
                self._add(rows, queue, item, files, reopen) for item, files in zip(items, kept, strict=True)
            ]

    def add_output(self, parent: WorkItem, queue: str, payload: Any = None) -> int:
        """Put an item into another queue that follows from an item in work. Gives its id.

        It can be claimed once the parent is DONE or FAILED for BUSINESS reasons. If the parent is tried again it is
        gone, so that a second attempt doesn't make it twice. Raises LeaseLostError if the parent was lost.
        """
        _require_name(queue)
        with self._file.writing() as rows:
            self._require_own(rows, parent)
            count = rows.execute(
                "SELECT count(*) FROM items WHERE parent = ? AND awaits_parent = 1", (parent.id,)
            ).fetchone()[0]
            new = NewItem(f"{parent.key}/{parent.attempts}-{count + 1}", payload)
            if self._find(rows, queue, new.key) is not None:
                raise InputError(
                    f"the queue `{queue}` has an item `{new.key}` already; name another queue for outputs"
                )
            return insert_item(rows, queue, new, self._now(), parent=parent.id, awaits_parent=True)

    # Working

    def claim(self, queue: str, worker: str = "") -> WorkItem | None:
        """The next item, now RESERVED for this worker; None when there is none that is ready.

        The highest priority comes first, then the earliest due date, then what was added first. Items of workers that
        were lost are ready too. ``worker`` names this one to people (by default host and process id).
        """
        worker = worker or f"{socket.gethostname()}/{os.getpid()}"
        with self._file.writing() as rows:
            while (row := self._next(rows, queue)) is not None:
                failures = row["failures"]
                if row["state"] == ItemState.RESERVED:
                    failures += 1
                    lost = Failure(
                        FailureKind.APPLICATION,
                        WORKER_LOST,
                        f"nothing was heard of {row['worker']} for {row['expires'] - row['heard']:g} s",
                    )
                    if failures >= self._most_failures:
                        self._fail(rows, row["id"], lost, failures, None)
                        continue
                    self._discard_outputs(rows, row["id"])
                now, ticks = self._now(), self._ticks()
                rows.execute(
                    "UPDATE items SET state = 'RESERVED', worker = ?, heard = ?, expires = ?, attempts = attempts + 1, "
                    "failures = ?, not_before = NULL, claimed = ?, updated = ? WHERE id = ?",
                    (worker, ticks, ticks + self.lease, failures, now, now, row["id"]),
                )
                return self._get(rows, row["id"])
        return None

    def heartbeat(self, item: WorkItem) -> None:
        """A sign of life: the lease begins anew. Raises LeaseLostError when the item is this worker's no more."""
        with self._file.writing() as rows:
            self._require_own(rows, item)
            ticks = self._ticks()
            rows.execute(
                "UPDATE items SET heard = ?, expires = ? WHERE id = ?", (ticks, ticks + self.lease, item.id)
            )

    def done(self, item: WorkItem) -> None:
        """The item is DONE; its outputs are there for the next process. Raises LeaseLostError."""
        with self._file.writing() as rows:
            self._require_own(rows, item)
            self._set(rows, item.id, ItemState.DONE)
            self._hand_on_outputs(rows, item.id)

    def fail(self, item: WorkItem, failure: Failure, *, final: bool = False) -> WorkItem:
        """The item FAILED, or it is tried again after a pause: technical failures are, unless it has had too many.

        ``final`` says that trying again would be wrong. Gives the item as it is now. Raises LeaseLostError.
        """
        with self._file.writing() as rows:
            self._require_own(rows, item)
            technical = failure.kind is FailureKind.APPLICATION
            failures = item.failures + technical
            again = technical and not final and failures < self._most_failures
            pause = min(self._pause * 2 ** (failures - 1), LONGEST_PAUSE) if again else None
            self._fail(rows, item.id, failure, failures, pause)
            return self._get(rows, item.id)

    def put_back(
        self, item: WorkItem, *, not_before: datetime | None = None, due: datetime | None = None
    ) -> None:
        """The item is PENDING again, through no fault of its own: no failure is counted. Raises LeaseLostError."""
        with self._file.writing() as rows:
            self._require_own(rows, item)
            self._discard_outputs(rows, item.id)
            self._set(rows, item.id, ItemState.PENDING, not_before)
            if due is not None:
                rows.execute("UPDATE items SET due = ? WHERE id = ?", (written_moment(due), item.id))

    def save(self, item: WorkItem, payload: Any) -> None:
        """New data for an item in work. Raises LeaseLostError, and InputError for data that JSON can't hold."""
        text = written_payload(item.key, payload)
        with self._file.writing() as rows:
            self._require_own(rows, item)
            rows.execute(
                "UPDATE items SET payload = ?, updated = ? WHERE id = ?", (text, self._now(), item.id)
            )

    def save_output(self, parent: WorkItem, output: int, payload: Any) -> None:
        """New data for an output whose parent is in work. Raises LeaseLostError."""
        with self._file.writing() as rows:
            self._require_own(rows, parent)
            row = self._require_output(rows, parent, output)
            text = written_payload(row["key"], payload)
            rows.execute(
                "UPDATE items SET payload = ?, updated = ? WHERE id = ?", (text, self._now(), output)
            )

    # Files

    def attach(self, item: WorkItem, name: str, content: bytes, *, output: int | None = None) -> None:
        """Keep a file with an item in work, or with one of its outputs. A file of the same name is replaced."""
        stored = self._attachments.keep(content)
        with self._file.writing() as rows:
            self._require_own(rows, item)
            if output is not None:
                self._require_output(rows, item, output)
            self._attach(rows, item.id if output is None else output, {name: stored})

    def detach(self, item: WorkItem, name: str, *, output: int | None = None) -> None:
        """Part an item in work, or one of its outputs, from a file."""
        with self._file.writing() as rows:
            self._require_own(rows, item)
            if output is not None:
                self._require_output(rows, item, output)
            owner = item.id if output is None else output
            rows.execute("DELETE FROM files WHERE item = ? AND name = ?", (owner, name))

    def file(self, item: int, name: str) -> Path:
        """Where a file of an item is kept. Read it, don't change it. Raises InputError when there is none."""
        with self._file.reading() as rows:
            row = rows.execute(
                "SELECT stored FROM files WHERE item = ? AND name = ?", (item, name)
            ).fetchone()
        if row is None:
            raise InputError(f"the work item has no file `{name}`")
        return self._attachments.path(row["stored"])

    # Looking

    def get(self, item: int) -> WorkItem:
        """The item with this id as it is now. Raises InputError when there is none."""
        with self._file.reading() as rows:
            return self._get(rows, item)

    def find(self, queue: str, key: str) -> WorkItem | None:
        """The item of a queue with this key; None when there is none."""
        with self._file.reading() as rows:
            row = self._find(rows, queue, key)
            return None if row is None else self._get(rows, row["id"])

    def items(
        self, queue: str | None = None, states: Collection[ItemState] = (), *, keys: Collection[str] = ()
    ) -> list[WorkItem]:
        """The items of one queue or all, in the order in which they would be claimed."""
        with self._file.reading() as rows:
            condition, values = chosen(queue, states, keys)
            found = rows.execute(
                f"{SELECT} WHERE {condition} ORDER BY queue, {TURN}", values | {"ticks": self._ticks()}
            )
            return [read_item(row) for row in found]

    def counts(self, queue: str | None = None) -> list[QueueCounts]:
        """Each queue in numbers, by name."""
        with self._file.reading() as rows:
            found = rows.execute(
                f"""
                SELECT queue,
                    sum(state = 'PENDING') AS pending, sum(state = 'RESERVED') AS reserved, sum(state = 'DONE') AS done,
                    sum(state = 'FAILED' AND failure_kind = 'BUSINESS') AS failed_business,
                    sum(state = 'FAILED' AND failure_kind = 'APPLICATION') AS failed_application,
                    sum(state = 'PENDING' AND NOT awaits_parent AND coalesce(not_before, '') <= :now) AS ready,
                    sum(state = 'PENDING' AND NOT awaits_parent AND coalesce(not_before, '') > :now) AS later,
                    sum({IS_LOST}) AS lost,
                    sum(state IN ('PENDING', 'RESERVED') AND coalesce(due, '~') < :now) AS overdue,
                    min(CASE WHEN state = 'PENDING' AND NOT awaits_parent AND not_before > :now
                        THEN not_before END) AS next_at,
                    min(CASE WHEN state = 'PENDING' THEN created END) AS oldest_pending
                FROM items WHERE :queue IS NULL OR queue = :queue GROUP BY queue ORDER BY queue
                """,
                {"now": self._now(), "ticks": self._ticks(), "queue": queue},
            )
            return [
                QueueCounts(
                    **dict(row) | {name: read_moment(row[name]) for name in ("next_at", "oldest_pending")}
                )
                for row in found
            ]

    # Managing

    def retry(self, items: Iterable[WorkItem]) -> int:
        """Make FAILED items pending again, as if they had never failed. Gives how many were still FAILED."""
        count = 0
        with self._file.writing() as rows:
            for item in items:
                if _is(rows, item, ItemState.FAILED):
                    self._reopen(rows, item.id)
                    count += 1
        return count

    def release(self, items: Iterable[WorkItem]) -> int:
        """Take RESERVED items away from their workers, which can't change them any more, and make them pending.

        For workers that are known to be gone; what those were about to do may have been done. Gives how many were
        still RESERVED.
        """
        count = 0
        with self._file.writing() as rows:
            for item in items:
                if _is(rows, item, ItemState.RESERVED):
                    self._discard_outputs(rows, item.id)
                    self._set(rows, item.id, ItemState.PENDING)
                    count += 1
        return count

    def purge(self, before: datetime, states: Collection[ItemState] = (ItemState.DONE,)) -> int:
        """Forget finished items that haven't changed since ``before``, with their files. Gives how many.

        A key that was forgotten is new when it is added again. Raises InputError for states that aren't final.
        """
        if not all(state.is_final for state in states):
            raise InputError("only finished items can be forgotten: DONE, FAILED")
        marks = ", ".join("?" * len(states))
        with self._file.writing() as rows:
            gone = rows.execute(
                f"DELETE FROM items WHERE state IN ({marks}) AND updated < ?",
                (*states, written_moment(before)),
            ).rowcount
            self._attachments.tidy({row["stored"] for row in rows.execute("SELECT stored FROM files")})
        return gone

    def restore(self, item: WorkItem, files: Mapping[str, bytes]) -> bool:
        """Put an item back as another queue's file held it; see `transfer`. False when its key is known already.

        What was in work there is pending here.
        """
        kept = {name: self._attachments.keep(content) for name, content in files.items()}
        new = NewItem(
            item.key, item.payload, priority=item.priority, due=item.due, not_before=item.not_before
        )
        with self._file.writing() as rows:
            if self._find(rows, item.queue, item.key) is not None:
                return False
            number = insert_item(
                rows,
                item.queue,
                new,
                self._now(),
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
            self._attach(rows, number, kept)
        return True

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()

    # Rows

    def _add(
        self, rows: sqlite3.Connection, queue: str, item: NewItem, files: Mapping[str, Stored], reopen: bool
    ) -> Added:
        row = self._find(rows, queue, item.key)
        if row is None:
            number = insert_item(rows, queue, item, self._now())
            self._attach(rows, number, files)
            return Added(number, item.key, Outcome.NEW)
        number, state = row["id"], ItemState(row["state"])
        payload, due = written_payload(item.key, item.payload), optional_moment(item.due)
        same = row["payload"] == payload and self._files(rows, number) == _contents(files)
        if reopen and state.is_final:
            outcome = Outcome.REOPENED
            self._reopen(rows, number)
        elif state is ItemState.PENDING and not (
            same and (row["priority"], row["due"]) == (item.priority, due)
        ):
            outcome = Outcome.UPDATED
        else:
            return Added(number, item.key, Outcome.UNCHANGED if same else Outcome.LEFT)
        rows.execute(
            "UPDATE items SET payload = ?, priority = ?, due = ?, not_before = coalesce(?, not_before), updated = ? "
            "WHERE id = ?",
            (payload, item.priority, due, optional_moment(item.not_before), self._now(), number),
        )
        rows.execute("DELETE FROM files WHERE item = ?", (number,))
        self._attach(rows, number, files)
        return Added(number, item.key, outcome)

    def _reopen(self, rows: sqlite3.Connection, item: int) -> None:
        rows.execute(
            "UPDATE items SET state = 'PENDING', failures = 0, not_before = NULL, failure_kind = NULL, "
            "failure_code = '', failure_message = '', updated = ? WHERE id = ?",
            (self._now(), item),
        )

    def _attach(self, rows: sqlite3.Connection, item: int, files: Mapping[str, Stored]) -> None:
        for name, stored in files.items():
            self._attachments.ensure(stored)
            rows.execute(
                "INSERT OR REPLACE INTO files (item, name, stored, size) VALUES (?, ?, ?, ?)",
                (item, name, stored.name, stored.size),
            )

    def _next(self, rows: sqlite3.Connection, queue: str) -> sqlite3.Row | None:
        ready = rows.execute(
            "SELECT * FROM items WHERE queue = ? AND state = 'PENDING' AND awaits_parent = 0 "
            f"AND coalesce(not_before, '') <= ? ORDER BY {TURN} LIMIT 1",
            (queue, self._now()),
        ).fetchone()
        lost = rows.execute(
            f"{LOST} ORDER BY {TURN} LIMIT 1", {"queue": queue, "ticks": self._ticks()}
        ).fetchone()
        return min((row for row in (ready, lost) if row is not None), key=turn, default=None)

    def _require_own(self, rows: sqlite3.Connection, item: WorkItem) -> None:
        row = rows.execute("SELECT state, attempts, worker FROM items WHERE id = ?", (item.id,)).fetchone()
        if row is not None and row["state"] == ItemState.RESERVED and row["attempts"] == item.attempts:
            return
        now = "gone" if row is None else row["state"]
        if row is not None and row["state"] == ItemState.RESERVED:
            now = f"with {row['worker']}"
        raise LeaseLostError(
            f"the work item `{item.key}` is not this worker's any more (it is {now}); leave it alone"
        )

    def _require_output(self, rows: sqlite3.Connection, parent: WorkItem, output: int) -> sqlite3.Row:
        row: sqlite3.Row | None = rows.execute(
            "SELECT * FROM items WHERE id = ? AND parent = ? AND awaits_parent = 1", (output, parent.id)
        ).fetchone()
        if row is None:
            raise InputError(f"the work item `{parent.key}` has no such output that could still be changed")
        return row

    def _fail(
        self,
        rows: sqlite3.Connection,
        item: int,
        failure: Failure,
        failures: int,
        pause: timedelta | None,
    ) -> None:
        """Without a pause for good."""
        rows.execute(
            "UPDATE items SET failures = ?, failure_kind = ?, failure_code = ?, failure_message = ? WHERE id = ?",
            (failures, failure.kind, failure.code, failure.message, item),
        )
        if failure.kind is FailureKind.BUSINESS:
            self._hand_on_outputs(rows, item)
        else:
            self._discard_outputs(rows, item)
        if pause is None:
            self._set(rows, item, ItemState.FAILED)
        else:
            self._set(rows, item, ItemState.PENDING, self._clock() + pause)

    def _set(
        self, rows: sqlite3.Connection, item: int, state: ItemState, not_before: datetime | None = None
    ) -> None:
        """Out of the worker's hands."""
        rows.execute(
            "UPDATE items SET state = ?, not_before = ?, worker = '', heard = NULL, expires = NULL, updated = ? "
            "WHERE id = ?",
            (state, optional_moment(not_before), self._now(), item),
        )
        if state is ItemState.DONE:
            rows.execute(
                "UPDATE items SET failure_kind = NULL, failure_code = '', failure_message = '' WHERE id = ?",
                (item,),
            )

    def _hand_on_outputs(self, rows: sqlite3.Connection, item: int) -> None:
        rows.execute("UPDATE items SET awaits_parent = 0 WHERE parent = ? AND awaits_parent = 1", (item,))

    def _discard_outputs(self, rows: sqlite3.Connection, item: int) -> None:
        rows.execute("DELETE FROM items WHERE parent = ? AND awaits_parent = 1", (item,))

    def _find(self, rows: sqlite3.Connection, queue: str, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = rows.execute(
            "SELECT * FROM items WHERE queue = ? AND key = ?", (queue, key)
        ).fetchone()
        return row

    def _get(self, rows: sqlite3.Connection, item: int) -> WorkItem:
        row = rows.execute(f"{SELECT} WHERE id = :id", {"id": item, "ticks": self._ticks()}).fetchone()
        if row is None:
            raise InputError(f"the work queue {self.path} has no item with the id {item}")
        return read_item(row)

    def _files(self, rows: sqlite3.Connection, item: int) -> dict[str, str]:
        found = rows.execute("SELECT name, stored FROM files WHERE item = ?", (item,))
        return {row["name"]: row["stored"] for row in found}

    def _now(self) -> str:
        return written_moment(self._clock())


def _is(rows: sqlite3.Connection, item: WorkItem, state: ItemState) -> bool:
    row = rows.execute("SELECT state FROM items WHERE id = ?", (item.id,)).fetchone()
    return row is not None and row["state"] == state


def _contents(files: Mapping[str, Stored]) -> dict[str, str]:
    return {name: stored.name for name, stored in files.items()}


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

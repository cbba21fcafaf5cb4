"""The items of a queue's file within one transaction: what changes together."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from referee.domain import InputError, LeaseLostError
from referee.workitems.attachments import Attachments, Stored
from referee.workitems.item_rows import (
    COUNTS,
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


class ItemTable:
    """Reads and changes items at one moment, which it was given with the transaction."""

    def __init__(
        self, rows: sqlite3.Connection, moment: datetime, ticks: float, attachments: Attachments
    ) -> None:
        self._rows = rows
        self._now = written_moment(moment)
        self._ticks = ticks
        self._moment = moment
        self._attachments = attachments

    def insert(self, queue: str, item: NewItem, **columns: Any) -> int:
        """A new row, PENDING unless ``columns`` say otherwise. Gives its id."""
        return insert_item(self._rows, queue, item, self._now, **columns)

    def add(self, queue: str, item: NewItem, files: Mapping[str, Stored], reopen: bool) -> Added:
        row = self.find(queue, item.key)
        if row is None:
            number = self.insert(queue, item)
            self.attach(number, files)
            return Added(number, item.key, Outcome.NEW)
        number, state = row["id"], ItemState(row["state"])
        payload, due = written_payload(item.key, item.payload), optional_moment(item.due)
        same = row["payload"] == payload and self.files(number) == _contents(files)
        if reopen and state.is_final:
            outcome = Outcome.REOPENED
            self.reopen(number)
        elif state is ItemState.PENDING and not (
            same and (row["priority"], row["due"]) == (item.priority, due)
        ):
            outcome = Outcome.UPDATED
        else:
            return Added(number, item.key, Outcome.UNCHANGED if same else Outcome.LEFT)
        self._rows.execute(
            "UPDATE items SET payload = ?, priority = ?, due = ?, not_before = coalesce(?, not_before), updated = ? "
            "WHERE id = ?",
            (payload, item.priority, due, optional_moment(item.not_before), self._now, number),
        )
        self._rows.execute("DELETE FROM files WHERE item = ?", (number,))
        self.attach(number, files)
        return Added(number, item.key, outcome)

    def reopen(self, item: int) -> None:
        self._rows.execute(
            "UPDATE items SET state = 'PENDING', failures = 0, not_before = NULL, failure_kind = NULL, "
            "failure_code = '', failure_message = '', updated = ? WHERE id = ?",
            (self._now, item),
        )

    def attach(self, item: int, files: Mapping[str, Stored]) -> None:
        for name, stored in files.items():
            self._attachments.ensure(stored)
            self._rows.execute(
                "INSERT OR REPLACE INTO files (item, name, stored) VALUES (?, ?, ?)",
                (item, name, stored.name),
            )

    def next_in_turn(self, queue: str) -> sqlite3.Row | None:
        ready = self._rows.execute(
            "SELECT * FROM items WHERE queue = ? AND state = 'PENDING' AND awaits_parent = 0 "
            f"AND coalesce(not_before, '') <= ? ORDER BY {TURN} LIMIT 1",
            (queue, self._now),
        ).fetchone()
        lost = self._rows.execute(
            f"{LOST} ORDER BY {TURN} LIMIT 1", {"queue": queue, "ticks": self._ticks}
        ).fetchone()
        return min((row for row in (ready, lost) if row is not None), key=turn, default=None)

    def require_own(self, item: WorkItem) -> None:
        row = self._rows.execute(
            "SELECT state, attempts, worker FROM items WHERE id = ?", (item.id,)
        ).fetchone()
        if row is not None and row["state"] == ItemState.RESERVED and row["attempts"] == item.attempts:
            return
        now = "gone" if row is None else row["state"]
        if row is not None and row["state"] == ItemState.RESERVED:
            now = f"with {row['worker']}"
        raise LeaseLostError(
            f"the work item `{item.key}` is not this worker's any more (it is {now}); leave it alone"
        )

    def require_output(self, parent: WorkItem, output: int) -> sqlite3.Row:
        row: sqlite3.Row | None = self._rows.execute(
            "SELECT * FROM items WHERE id = ? AND parent = ? AND awaits_parent = 1", (output, parent.id)
        ).fetchone()
        if row is None:
            raise InputError(f"the work item `{parent.key}` has no such output that could still be changed")
        return row

    def fail(
        self,
        item: int,
        failure: Failure,
        failures: int,
        pause: timedelta | None,
    ) -> None:
        """Without a pause for good."""
        self._rows.execute(
            "UPDATE items SET failures = ?, failure_kind = ?, failure_code = ?, failure_message = ? WHERE id = ?",
            (failures, failure.kind, failure.code, failure.message, item),
        )
        if failure.kind is FailureKind.BUSINESS:
            self.hand_on_outputs(item)
        else:
            self.discard_outputs(item)
        if pause is None:
            self.set_state(item, ItemState.FAILED)
        else:
            self.set_state(item, ItemState.PENDING, self._moment + pause)

    def set_state(self, item: int, state: ItemState, not_before: datetime | None = None) -> None:
        """Out of the worker's hands."""
        self._rows.execute(
            "UPDATE items SET state = ?, not_before = ?, worker = '', heard = NULL, expires = NULL, updated = ? "
            "WHERE id = ?",
            (state, optional_moment(not_before), self._now, item),
        )
        if state is ItemState.DONE:
            self._rows.execute(
                "UPDATE items SET failure_kind = NULL, failure_code = '', failure_message = '' WHERE id = ?",
                (item,),
            )

    def hand_on_outputs(self, item: int) -> None:
        self._rows.execute(
            "UPDATE items SET awaits_parent = 0 WHERE parent = ? AND awaits_parent = 1", (item,)
        )

    def discard_outputs(self, item: int) -> None:
        self._rows.execute("DELETE FROM items WHERE parent = ? AND awaits_parent = 1", (item,))

    def find(self, queue: str, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._rows.execute(
            "SELECT * FROM items WHERE queue = ? AND key = ?", (queue, key)
        ).fetchone()
        return row

    def get(self, item: int) -> WorkItem:
        row = self._rows.execute(f"{SELECT} WHERE id = :id", {"id": item, "ticks": self._ticks}).fetchone()
        if row is None:
            raise InputError(f"there is no work item with the id {item}")
        return read_item(row)

    def files(self, item: int) -> dict[str, str]:
        found = self._rows.execute("SELECT name, stored FROM files WHERE item = ?", (item,))
        return {row["name"]: row["stored"] for row in found}

    def reserve(self, item: int, worker: str, lease: float, failures: int) -> None:
        self._rows.execute(
            "UPDATE items SET state = 'RESERVED', worker = ?, heard = ?, expires = ?, attempts = attempts + 1, "
            "failures = ?, not_before = NULL, claimed = ?, updated = ? WHERE id = ?",
            (worker, self._ticks, self._ticks + lease, failures, self._now, self._now, item),
        )

    def renew(self, item: int, lease: float) -> None:
        self._rows.execute(
            "UPDATE items SET heard = ?, expires = ? WHERE id = ?", (self._ticks, self._ticks + lease, item)
        )

    def set_payload(self, item: int, text: str) -> None:
        self._rows.execute("UPDATE items SET payload = ?, updated = ? WHERE id = ?", (text, self._now, item))

    def set_due(self, item: int, due: datetime) -> None:
        self._rows.execute("UPDATE items SET due = ? WHERE id = ?", (written_moment(due), item))

    def detach(self, item: int, name: str) -> None:
        self._rows.execute("DELETE FROM files WHERE item = ? AND name = ?", (item, name))

    def count_outputs(self, parent: int) -> int:
        """Those that still await their parent."""
        found = self._rows.execute(
            "SELECT count(*) FROM items WHERE parent = ? AND awaits_parent = 1", (parent,)
        )
        count: int = found.fetchone()[0]
        return count

    def forget(self, before: datetime, states: Collection[ItemState]) -> int:
        """With the files that no other item names."""
        marks = ", ".join("?" * len(states))
        gone = self._rows.execute(
            f"DELETE FROM items WHERE state IN ({marks}) AND updated < ?", (*states, written_moment(before))
        ).rowcount
        self._attachments.tidy({row["stored"] for row in self._rows.execute("SELECT stored FROM files")})
        return gone

    def items(
        self, queue: str | None, states: Collection[ItemState], keys: Collection[str]
    ) -> list[WorkItem]:
        condition, values = chosen(queue, states, keys)
        found = self._rows.execute(
            f"{SELECT} WHERE {condition} ORDER BY queue, {TURN}", values | {"ticks": self._ticks}
        )
        return [read_item(row) for row in found]

    def counts(self, queue: str | None) -> list[QueueCounts]:
        found = self._rows.execute(COUNTS, {"now": self._now, "ticks": self._ticks, "queue": queue})
        return [
            QueueCounts(
                **dict(row) | {name: read_moment(row[name]) for name in ("next_at", "oldest_pending")}
            )
            for row in found
        ]

    def is_in(self, item: WorkItem, state: ItemState) -> bool:
        row = self._rows.execute("SELECT state FROM items WHERE id = ?", (item.id,)).fetchone()
        return row is not None and row["state"] == state


def _contents(files: Mapping[str, Stored]) -> dict[str, str]:
    return {name: stored.name for name, stored in files.items()}

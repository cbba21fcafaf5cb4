"""Work items as rows of a queue's file: data as JSON text, moments as text in the order of time."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from referee.audit.canonical_json import exact_json, parse_json
from referee.domain import AuditError, InputError
from referee.workitems.items import Failure, FailureKind, ItemState, NewItem, WorkItem

IS_LOST = "(state = 'RESERVED' AND (expires <= :ticks OR heard > :ticks))"
"""Whether nothing was heard of the worker for longer than its lease. Ticks that lie before the last sign of life are
those after a restart of the machine, which ended the worker."""

LOST = """
SELECT * FROM items WHERE id IN (
    SELECT id FROM items WHERE queue = :queue AND state = 'RESERVED' AND expires <= :ticks
    UNION ALL
    SELECT id FROM items WHERE queue = :queue AND state = 'RESERVED' AND heard > :ticks
)
"""
"""The lost items of a queue, in two questions that an index answers each, however many items are in work."""

SELECT = f"""
SELECT items.*, {IS_LOST} AS is_lost,
    (SELECT group_concat(name, char(31)) FROM files WHERE files.item = items.id) AS names
FROM items
"""
COUNTS = f"""
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
"""
TURN = "priority DESC, coalesce(due, '~'), id"
"""The order in which items are claimed. The sign comes after each moment."""


def turn(row: sqlite3.Row) -> tuple[int, str, int]:
    """The same as ``TURN``, for rows at hand."""
    return -row["priority"], row["due"] or "~", row["id"]


def read_item(row: sqlite3.Row) -> WorkItem:
    """A row of ``SELECT``."""
    failure = None
    if row["failure_kind"]:
        failure = Failure(FailureKind(row["failure_kind"]), row["failure_code"], row["failure_message"])
    created, updated = read_moment(row["created"]), read_moment(row["updated"])
    assert created is not None and updated is not None, "the table has them in every row"
    return WorkItem(
        id=row["id"],
        queue=row["queue"],
        key=row["key"],
        payload=parse_json(row["payload"]),
        state=ItemState(row["state"]),
        files=tuple(sorted(row["names"].split("\x1f"))) if row["names"] else (),
        priority=row["priority"],
        due=read_moment(row["due"]),
        not_before=read_moment(row["not_before"]),
        attempts=row["attempts"],
        failures=row["failures"],
        failure=failure,
        worker=row["worker"],
        is_lost=bool(row["is_lost"]),
        parent=row["parent"],
        awaits_parent=bool(row["awaits_parent"]),
        created=created,
        claimed=read_moment(row["claimed"]),
        updated=updated,
    )


def insert_item(rows: sqlite3.Connection, queue: str, item: NewItem, now: str, **columns: Any) -> int:
    """A new row, PENDING unless ``columns`` say otherwise. Gives its id."""
    values = {
        "queue": queue,
        "key": item.key,
        "payload": written_payload(item.key, item.payload),
        "state": ItemState.PENDING,
        "priority": item.priority,
        "due": optional_moment(item.due),
        "not_before": optional_moment(item.not_before),
        "created": now,
        "updated": now,
    } | columns
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    number = rows.execute(f"INSERT INTO items ({names}) VALUES ({marks})", values).lastrowid
    assert number is not None, "a row was inserted"
    return number


def chosen(
    queue: str | None, states: Collection[ItemState], keys: Collection[str]
) -> tuple[str, dict[str, Any]]:
    """A condition for items, with its values; what is empty doesn't narrow the choice."""
    conditions, values = ["1"], dict[str, Any]()
    for column, wanted in (("queue", [queue] if queue else []), ("state", states), ("key", keys)):
        if wanted:
            names = {f"{column}{number}": str(value) for number, value in enumerate(wanted)}
            conditions.append(f"{column} IN ({', '.join(f':{name}' for name in names)})")
            values |= names
    return " AND ".join(conditions), values


def written_payload(key: str, payload: Any) -> str:
    """Raises InputError for what JSON can't hold, and for secrets."""
    try:
        return exact_json(payload).decode("utf-8")
    except AuditError as fault:
        told = str(fault).replace("to the audit log", "to the work queue")
        raise InputError(f"the work item `{key}` can't be kept: {told}") from None


def written_moment(moment: datetime) -> str:
    """In a form in which the order of texts is that of moments. Without an offset it is local time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def optional_moment(moment: datetime | None) -> str | None:
    return None if moment is None else written_moment(moment)


def read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

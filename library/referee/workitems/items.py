"""Work items: what waits in a work queue, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class ItemState(StrEnum):
    """How far an item has come. An item is in exactly one of these at any moment, also after a power cut."""

    PENDING = "PENDING"
    RESERVED = "RESERVED"
    DONE = "DONE"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        return self in (ItemState.DONE, ItemState.FAILED)


class FailureKind(StrEnum):
    """Whose matter a failure is, in the words of rpaframework: the item's own data (it won't be tried again), or
    the technique's (it may work next time).
    """

    BUSINESS = "BUSINESS"
    APPLICATION = "APPLICATION"


class Outcome(StrEnum):
    """What adding an item came to. ``LEFT``: it is in work or finished with other data, and was left alone."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REOPENED = "reopened"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item failed. ``code`` is for filtering: a rule, an error's short name; ``message`` is for people."""

    kind: FailureKind
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class NewItem:
    """What a producer puts into a queue. ``key`` is the business key: the same key is the same item.

    ``files`` maps the names they have in the item to files, which are copied. Higher ``priority`` comes first, then
    the earlier ``due``, then what was added first. Before ``not_before`` nobody is given the item. Moments without an
    offset are local time.
    """

    key: str
    payload: Any = None
    files: Mapping[str, Path] = field(default_factory=dict)
    priority: int = 0
    due: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The item's id, and what adding it came to."""

    item: int
    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An item as the queue held it when it was read.

    ``attempts`` counts how often it was claimed: with it a worker proves that the item is still its own. ``failures``
    counts attempts that ended in a technical failure or with the loss of the worker; ``failure`` is the last one.
    ``is_lost`` says that the worker has not been heard of for longer than its lease. ``awaits_parent`` is said of an
    output of an item that is not finished yet: it waits until that one is.
    """

    id: int
    queue: str
    key: str
    payload: Any
    state: ItemState
    files: tuple[str, ...]
    priority: int
    due: datetime | None
    not_before: datetime | None
    attempts: int
    failures: int
    failure: Failure | None
    worker: str
    is_lost: bool
    parent: int | None
    awaits_parent: bool
    created: datetime
    claimed: datetime | None
    updated: datetime


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """A queue in numbers. ``ready`` can be claimed now, ``later`` wait for their time, ``lost`` for another worker."""

    queue: str
    pending: int
    reserved: int
    done: int
    failed_business: int
    failed_application: int
    ready: int
    later: int
    lost: int
    overdue: int
    next_at: datetime | None
    oldest_pending: datetime | None

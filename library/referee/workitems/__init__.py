"""Where cases stand and who is working on them; the queues from which bots take their work.

What a bot or command doesn't use isn't loaded.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from referee.workitems.heartbeat import Heartbeat
    from referee.workitems.ledger import CLOSED, OPEN, CaseState, Ledger, Status
    from referee.workitems.producers import facts_of, items_in_folder, items_of_case_list
    from referee.workitems.queue import DEFAULT_QUEUE, WORKER_LOST, WorkQueue
    from referee.workitems.run_lock import RunLock, WorkerLock
    from referee.workitems.transfer import export_items, import_items, read_export

__all__ = [
    "CLOSED",
    "DEFAULT_QUEUE",
    "OPEN",
    "WORKER_LOST",
    "Added",
    "CaseState",
    "Failure",
    "FailureKind",
    "Heartbeat",
    "ItemState",
    "Ledger",
    "NewItem",
    "Outcome",
    "QueueCounts",
    "RunLock",
    "Status",
    "WorkItem",
    "WorkQueue",
    "WorkerLock",
    "export_items",
    "facts_of",
    "import_items",
    "items_in_folder",
    "items_of_case_list",
    "read_export",
]

_HOMES = {
    "CLOSED": "referee.workitems.ledger",
    "CaseState": "referee.workitems.ledger",
    "DEFAULT_QUEUE": "referee.workitems.queue",
    "WORKER_LOST": "referee.workitems.queue",
    "Heartbeat": "referee.workitems.heartbeat",
    "Ledger": "referee.workitems.ledger",
    "OPEN": "referee.workitems.ledger",
    "RunLock": "referee.workitems.run_lock",
    "Status": "referee.workitems.ledger",
    "WorkerLock": "referee.workitems.run_lock",
    "WorkQueue": "referee.workitems.queue",
    "export_items": "referee.workitems.transfer",
    "facts_of": "referee.workitems.producers",
    "import_items": "referee.workitems.transfer",
    "items_in_folder": "referee.workitems.producers",
    "items_of_case_list": "referee.workitems.producers",
    "read_export": "referee.workitems.transfer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'referee.workitems' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

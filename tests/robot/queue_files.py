"""Robot Framework library: looks into a work queue, and lets the pauses in it pass."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from robot.api.deco import keyword


@keyword
def item_in_queue(file: str, queue: str, key: str) -> dict[str, Any]:
    """State, failure, files, attempts and due date of an item."""
    from referee.workitems import WorkQueue

    opened = WorkQueue(file, create=False)
    item = opened.find(queue, key)
    opened.close()
    assert item is not None, f"there is no item {key} in the queue {queue}"
    failure = item.failure
    return {
        "state": str(item.state),
        "failure": f"{failure.kind} {failure.code}: {failure.message}" if failure else "",
        "files": list(item.files),
        "attempts": item.attempts,
        "due": item.due,
    }


@keyword
def its_pause_is_over(file: str, queue: str, key: str) -> None:
    """The item may be tried again at once."""
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE items SET not_before = NULL WHERE queue = ? AND key = ?", (queue, key))
    connection.close()


@keyword
def fill_queue(file: str, queue: str, source: str) -> None:
    """One item for each row."""
    from referee.workitems import WorkQueue, items_of_case_list

    opened = WorkQueue(file)
    opened.add_many(queue, items_of_case_list(source))
    opened.close()


@keyword
def attach_to_item(file: str, queue: str, key: str, name: str, content: str) -> None:
    """Gives a file to an item that waits, as a producer would."""

    from referee.workitems import NewItem, WorkQueue

    opened = WorkQueue(file, create=False)
    item = opened.find(queue, key)
    assert item is not None, f"there is no item {key} in the queue {queue}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / name
        source.write_text(content, encoding="utf-8")
        opened.add(queue, NewItem(key, item.payload, files={name: source}))
    opened.close()

"""A worker on a queue, in a process of its own, that writes down what it was told before it does anything else.

``python queue_worker.py QUEUE_FILE JOURNAL LEASE_SECONDS WORK_SECONDS``: works until nothing is left, also of others.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from referee.domain import LeaseLostError
from referee.workitems import Failure, FailureKind, Heartbeat, WorkQueue


def main(path: str, journal: str, lease: float, work: float) -> None:
    queue = WorkQueue(path, lease=lease, most_failures=1000)
    descriptor = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(what: str, item_id: int, attempt: int) -> None:
        os.write(descriptor, f"{what} {item_id} {attempt}\n".encode())

    while True:
        item = queue.claim("in")
        if item is None:
            (count,) = queue.counts("in")
            if not count.pending and not count.reserved:
                return
            time.sleep(lease / 10)
            continue
        note("claimed", item.id, item.attempts)
        with Heartbeat(queue, item):
            time.sleep(work)
            try:
                queue.add_output(item, "out", {"of": item.key})
                if item.payload["poisoned"]:
                    queue.fail(item, Failure(FailureKind.BUSINESS, "poisoned"))
                    note("failed", item.id, item.attempts)
                else:
                    queue.done(item)
                    note("done", item.id, item.attempts)
            except LeaseLostError:
                note("lost", item.id, item.attempts)


if __name__ == "__main__":
    main(sys.argv[1], str(Path(sys.argv[2])), float(sys.argv[3]), float(sys.argv[4]))

"""Signs of life for an item in work, while its worker is busy with it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from referee.domain import LeaseLostError, QueueError
from referee.workitems.items import WorkItem
from referee.workitems.queue import WorkQueue


class Heartbeat:
    """Keeps the lease of an item from a thread: ``with Heartbeat(queue, item): ...``

    It beats three times a lease. A worker that is killed stops beating; one whose keyword hangs does not: that is the
    time limit's matter (see `referee schedule`). ``is_lost`` says that another worker was given the item, as this one
    was stopped for too long; its release will be refused.
    """

    def __init__(self, queue: WorkQueue, item: WorkItem) -> None:
        self._queue = queue
        self._item = item
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat of {item.key}", daemon=True)
        self.is_lost = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more signs after this."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._queue.lease / 3):
            try:
                self._queue.heartbeat(self._item)
            except LeaseLostError:
                self.is_lost = True
                return
            except QueueError:
                continue  # a full disk may have room at the next beat; the release will tell if not

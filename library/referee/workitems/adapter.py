"""Work queues for bots written with ``RPA.Robocorp.WorkItems``: name this class in ``RPA_WORKITEMS_ADAPTER``.

The only module that imports rpaframework, which loads it by name and insists on its own base class and its own error
for an empty queue. Nothing in Referee imports this module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from RPA.Robocorp.WorkItems import BaseAdapter, EmptyQueue, State

from referee.domain import InputError
from referee.workitems.heartbeat import Heartbeat
from referee.workitems.items import Failure, FailureKind, WorkItem
from referee.workitems.queue import DEFAULT_QUEUE, FIRST_PAUSE, LEASE_SECONDS, MOST_FAILURES, WorkQueue
from referee.workitems.queue_place import queue_place


class QueueAdapter(BaseAdapter):  # type: ignore[misc]  # rpaframework ships no types
    """Takes items from a durable queue and gives each to one bot at a time.

    Set by the environment: ``REFEREE_QUEUE_FILE`` (``output/queue.sqlite``), ``REFEREE_QUEUE`` (the queue to take items
    from, ``default``), ``REFEREE_OUTPUT_QUEUE`` (the queue that output items go to), ``REFEREE_QUEUE_LEASE`` (seconds
    after which a lost bot's item goes to another), ``REFEREE_QUEUE_ATTEMPTS`` (technical failures and losses after
    which an item has FAILED; 1: nothing is ever tried again by itself), ``REFEREE_QUEUE_PAUSE`` (seconds before the
    second attempt).

    A released item stays released. Output items can be taken once their input is DONE or FAILED with BUSINESS; they
    are dropped when it is tried again. Numbers come as int and float; those that a float can't hold come as text.
    """

    def __init__(self) -> None:
        self._queue = WorkQueue(
            queue_place(),
            lease=_number("REFEREE_QUEUE_LEASE", LEASE_SECONDS),
            most_failures=int(_number("REFEREE_QUEUE_ATTEMPTS", MOST_FAILURES)),
            pause=timedelta(seconds=_number("REFEREE_QUEUE_PAUSE", FIRST_PAUSE.total_seconds())),
        )
        self._name = os.environ.get("REFEREE_QUEUE") or DEFAULT_QUEUE
        self._outputs = os.environ.get("REFEREE_OUTPUT_QUEUE", "")
        self._inputs: dict[str, WorkItem] = {}
        self._parents: dict[str, WorkItem] = {}
        self._heartbeats: dict[str, Heartbeat] = {}

    def reserve_input(self) -> str:
        item = self._queue.claim(self._name)
        if item is None:
            raise EmptyQueue(f"no work item is ready in the queue {self._name!r} of {self._queue.path}")
        item_id = str(item.id)
        self._inputs[item_id] = item
        self._heartbeats[item_id] = Heartbeat(self._queue, item)
        self._heartbeats[item_id].start()
        return item_id

    def release_input(self, item_id: str, state: State, exception: dict[str, Any] | None = None) -> None:
        if item_id in self._heartbeats:
            self._heartbeats.pop(item_id).stop()
        item = self._inputs[item_id]
        if state is State.DONE:
            self._queue.done(item)
            return
        told = exception or {}
        kind = FailureKind(told.get("type") or FailureKind.APPLICATION)
        failure = Failure(kind, _text(told.get("code")), _text(told.get("message")))
        self._queue.fail(item, failure)

    def create_output(self, parent_id: str, payload: Any = None) -> str:
        if not self._outputs:
            raise InputError(
                "there is no queue for output work items; name one in the environment variable REFEREE_OUTPUT_QUEUE"
            )
        parent = self._inputs[parent_id]
        item_id = str(self._queue.add_output(parent, self._outputs, payload))
        self._parents[item_id] = parent
        return item_id

    def load_payload(self, item_id: str) -> Any:
        return _plain(self._queue.get(int(item_id)).payload)

    def save_payload(self, item_id: str, payload: Any) -> None:
        if item_id in self._parents:
            self._queue.save_output(self._parents[item_id], int(item_id), payload)
        else:
            self._queue.save(self._inputs[item_id], payload)

    def list_files(self, item_id: str) -> list[str]:
        return list(self._queue.get(int(item_id)).files)

    def get_file(self, item_id: str, name: str) -> bytes:
        return self._file(item_id, name).read_bytes()

    def add_file(self, item_id: str, name: str, *, original_name: str, content: bytes) -> None:
        item, output = self._owner(item_id)
        self._queue.attach(item, name, content, output=output)

    def remove_file(self, item_id: str, name: str) -> None:
        self._file(item_id, name)
        item, output = self._owner(item_id)
        self._queue.detach(item, name, output=output)

    def _owner(self, item_id: str) -> tuple[WorkItem, int | None]:
        """The item in work, and the output of it that is meant if it isn't itself."""
        if item_id in self._parents:
            return self._parents[item_id], int(item_id)
        return self._inputs[item_id], None

    def _file(self, item_id: str, name: str) -> Path:
        try:
            return self._queue.file(int(item_id), name)
        except InputError as missing:
            raise FileNotFoundError(str(missing)) from None  # what rpaframework's own adapters raise


def _number(name: str, otherwise: float) -> float:
    text = os.environ.get(name, "")
    try:
        number = float(text) if text else otherwise
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InputError(f"the environment variable {name} is {text!r}; give it a number above 0")
    return number


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _plain(value: Any) -> Any:
    """Numbers as rpaframework can write them; none is rounded."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value

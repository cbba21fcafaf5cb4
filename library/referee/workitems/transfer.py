"""Queues as text: every item with its state and files as one line of JSON, to move to another machine or look into."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from referee.audit.canonical_json import exact_json, parse_json
from referee.audit.disk_fault import reason
from referee.domain import InputError
from referee.files import written_whole
from referee.workitems.item_rows import optional_moment, read_moment, written_moment
from referee.workitems.items import Failure, FailureKind, ItemState, WorkItem
from referee.workitems.queue import WorkQueue

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items came in; ``known`` ones were left as they are."""

    added: int
    known: int


def export_items(queue: WorkQueue, items: Sequence[WorkItem], path: Path) -> int:
    """Write items as JSON Lines, with their files. Replaces the file as a whole. Gives how many."""
    try:
        with written_whole(path) as stream:
            for item in items:
                files = {name: queue.file(item.id, name).read_bytes() for name in item.files}
                stream.write(exact_json(as_data(item) | {"v": FORMAT, "contents": _encoded(files)}) + b"\n")
    except OSError as fault:
        raise InputError(f"{path}: it can't be written: {reason(fault)}; name another file") from None
    return len(items)


def import_items(queue: WorkQueue, path: Path) -> Imported:
    """Take in what ``export_items`` wrote. Items whose key is known are left as they are, so twice is once.

    Raises InputError naming the first line that can't be read, before anything is taken in.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        told = reason(fault) if isinstance(fault, OSError) else "it isn't text in UTF-8"
        raise InputError(f"{path}: it can't be read: {told}") from None
    found = [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InputError(f"{path}: there are no work items in it")
    added = sum(queue.restore(item, files) for item, files in found)
    return Imported(added, len(found) - added)


def as_data(item: WorkItem) -> dict[str, Any]:
    """An item for machines: plain values in the order in which people ask for them."""
    failure = item.failure
    return {
        "id": item.id,
        "queue": item.queue,
        "key": item.key,
        "state": item.state,
        "failure": failure and {"kind": failure.kind, "code": failure.code, "message": failure.message},
        "attempts": item.attempts,
        "failures": item.failures,
        "priority": item.priority,
        "due": optional_moment(item.due),
        "not_before": optional_moment(item.not_before),
        "worker": item.worker,
        "is_lost": item.is_lost,
        "parent": item.parent,
        "awaits_parent": item.awaits_parent,
        "created": written_moment(item.created),
        "claimed": optional_moment(item.claimed),
        "updated": written_moment(item.updated),
        "files": list(item.files),
        "payload": item.payload,
    }


def _encoded(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: b64encode(content).decode("ascii") for name, content in files.items()}


def _read(path: Path, number: int, line: str) -> tuple[WorkItem, dict[str, bytes]]:
    try:
        data = parse_json(line)
        if data["v"] != FORMAT:
            raise InputError(f"{path}, line {number}: a later version of Referee wrote it; use that version")
        failure = data["failure"]
        item = WorkItem(
            id=0,
            queue=data["queue"],
            key=data["key"],
            payload=data["payload"],
            state=ItemState(data["state"]),
            files=tuple(data["files"]),
            priority=int(data["priority"]),
            due=read_moment(data["due"]),
            not_before=read_moment(data["not_before"]),
            attempts=int(data["attempts"]),
            failures=int(data["failures"]),
            failure=failure and Failure(FailureKind(failure["kind"]), failure["code"], failure["message"]),
            worker="",
            is_lost=False,
            parent=None,
            awaits_parent=False,
            created=_moment(data["created"]),
            claimed=read_moment(data["claimed"]),
            updated=_moment(data["updated"]),
        )
        return item, {name: b64decode(text, validate=True) for name, text in data["contents"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, json.JSONDecodeError) as fault:
        raise InputError(
            f"{path}, line {number}: this is no work item as `referee queue export` writes it ({fault})"
        ) from None


def _moment(text: str) -> datetime:
    moment = read_moment(text)
    assert moment is not None, "parsed from a text"
    return moment

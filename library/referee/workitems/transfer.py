"""Queues as text: every item with its state and files as one line of JSON, to move to another machine or look into."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from referee.audit.canonical_json import exact_json, parse_json
from referee.audit.disk_fault import reason
from referee.domain import InputError
from referee.files import written_whole
from referee.workitems.item_rows import optional_moment, written_moment
from referee.workitems.items import Failure, FailureKind, ItemState, WorkItem
from referee.workitems.producers import what_is_no_facts
from referee.workitems.queue import WorkQueue
from referee.workitems.queue_place import parts_of

FORMAT = 1

Exported = tuple[WorkItem, Mapping[str, bytes]]
"""An item and its files by name."""

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many items came in; ``known`` ones were left as they are."""

    added: int
    known: int


def export_items(queue: WorkQueue, items: Sequence[WorkItem], path: Path) -> int:
    """Write items as JSON Lines, with their files, all or nothing. Gives how many.

    Raises InputError for a file that exists, and for one of the queue's own files.
    """
    _require_free(path, queue.path)
    try:
        with written_whole(path) as stream:
            for item in items:
                files = {name: queue.file(item.id, name).read_bytes() for name in item.files}
                stream.write(exact_json(as_data(item) | {"v": FORMAT, "contents": _encoded(files)}) + b"\n")
    except OSError as fault:
        raise InputError(f"{path}: it can't be written: {reason(fault)}; name another file") from None
    return len(items)


def read_export(path: Path, *, any_data: bool = False) -> list[Exported]:
    """What ``export_items`` wrote, for `import_items`.

    Items whose data are no facts by name are refused unless ``any_data`` says that the bots of the queue take them, as
    those with RPA.Robocorp.WorkItems may. Raises InputError naming the first line that can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        told = reason(fault) if isinstance(fault, OSError) else "it isn't text in UTF-8"
        raise InputError(f"{path}: it can't be read: {told}") from None
    found = [
        _read(f"{path}, line {number}", line, any_data)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not found:
        raise InputError(f"{path}: there are no work items in it")
    return found


def import_items(queue: WorkQueue, found: Sequence[Exported]) -> Imported:
    """Take in what `read_export` gave. Items whose key is known are left as they are, so twice is once."""
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


def _require_free(path: Path, queue: Path) -> None:
    target = path.resolve()
    for part in parts_of(queue.resolve()):
        if part == target or part in target.parents:
            raise InputError(f"{path}: this is where the work queue {queue} is kept; name another file")
    if path.is_file():
        raise InputError(f"{path}: this file exists; name another, or remove the file")


class _Fields:
    """The fields of one line; each fault names the field."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def any(self, name: str) -> Any:
        if name not in self._data:
            raise ValueError(f"`{name}` is missing")
        return self._data[name]

    def text(self, name: str) -> str:
        found = self.any(name)
        if not isinstance(found, str):
            raise ValueError(f"`{name}` must be a text")
        return found

    def name(self, name: str) -> str:
        if not (found := self.text(name)).strip():
            raise ValueError(f"`{name}` is blank")
        return found

    def number(self, name: str) -> int:
        found = self.any(name)
        if isinstance(found, bool) or not isinstance(found, int | Decimal) or found != int(found):
            raise ValueError(f"`{name}` must be a whole number")
        return int(found)

    def moment(self, name: str) -> datetime:
        found = self.text(name)
        try:
            return datetime.fromisoformat(found)
        except ValueError:
            raise ValueError(f"`{name}` must be date and time, 2026-11-30T06:00:00Z, not {found!r}") from None

    def optional_moment(self, name: str) -> datetime | None:
        return None if self.any(name) is None else self.moment(name)

    def choice(self, name: str, choices: type[_Choice]) -> _Choice:
        found = self.any(name)
        if found not in list(choices):
            raise ValueError(f"`{name}` must be one of {', '.join(choices)}, not {str(found)!r}")
        return choices(found)

    def fields(self, name: str) -> _Fields:
        return _fields(self.any(name), f"`{name}`")


def _fields(found: Any, what: str) -> _Fields:
    if not isinstance(found, Mapping):
        raise ValueError(f"{what} must be an object, {{...}}")
    return _Fields(found)


def _read(place: str, line: str, any_data: bool) -> Exported:
    try:
        data = _fields(_parsed(line), "the line")
        if data.any("v") != FORMAT:
            raise InputError(f"{place}: a later version of Referee wrote it; use that version")
        item = WorkItem(
            id=0,
            queue=data.name("queue"),
            key=data.name("key"),
            payload=data.any("payload"),
            state=data.choice("state", ItemState),
            files=(),
            priority=data.number("priority"),
            due=data.optional_moment("due"),
            not_before=data.optional_moment("not_before"),
            attempts=data.number("attempts"),
            failures=data.number("failures"),
            failure=None if data.any("failure") is None else _failure(data.fields("failure")),
            worker="",
            is_lost=False,
            parent=None,
            awaits_parent=False,
            created=data.moment("created"),
            claimed=data.optional_moment("claimed"),
            updated=data.moment("updated"),
        )
        contents = _contents(data.any("contents"))
    except ValueError as fault:
        raise InputError(
            f"{place}: this is no work item as `referee queue export` writes it: {fault}"
        ) from None
    if not any_data and not isinstance(item.payload, Mapping):
        raise InputError(
            f"{place}: the payload of `{item.key}` is {what_is_no_facts(item.payload)}, and not facts by name, "
            '{"amount": 5}; correct it, or say --any-data for bots that take such items'
        )
    return item, contents


def _parsed(line: str) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        raise ValueError("the line is no JSON") from None


def _failure(failure: _Fields) -> Failure:
    return Failure(failure.choice("kind", FailureKind), failure.text("code"), failure.text("message"))


def _contents(found: Any) -> dict[str, bytes]:
    if not isinstance(found, Mapping):
        raise ValueError("`contents` must be an object, {...}")
    try:
        return {name: b64decode(text, validate=True) for name, text in found.items()}
    except (TypeError, ValueError):
        raise ValueError("`contents` must hold files in base64") from None

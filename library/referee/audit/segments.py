"""The files of a log: their names, and the records that tie one to the next.

A file that grew too long is closed by a ``segment`` record that names the next one, which begins with a ``segment``
record that commits to the whole file before. Nothing is renamed or rewritten, so a file can be archived as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

from referee.audit.record import FIRST_SEGMENT, SEGMENT, read_links, read_record

_NAME = re.compile(r"audit-(\d{12,})\.jsonl")


def segment_name(position: int) -> str:
    """The name of the file whose first record has this position."""
    return f"audit-{position:012d}.jsonl" if position else FIRST_SEGMENT


def first_position(name: str) -> int | None:
    """The position of the first record of a segment; None for the name of any other file."""
    if name == FIRST_SEGMENT:
        return 0
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and segment_name(int(found[1])) == name else None


def segment_names(folder: Path) -> list[str]:
    """The segments that a folder holds, oldest first; none where there is no folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    positions = {name: position for name in names if (position := first_position(name)) is not None}
    return sorted(positions, key=lambda name: positions[name])


def has_log(folder: Path) -> bool:
    """Whether a folder holds an audit log, or what is left of one."""
    return bool(segment_names(folder))


def closing_payload(following: str) -> dict[str, Any]:
    """What the last record of a segment says: which file goes on."""
    return {"next": following}


def opening_payload(path: Path, last: int) -> dict[str, Any]:
    """What the first record of a segment says about the whole one before, whose last record has position ``last``.

    ``log`` is the hash of the very first record, by which the log is known.
    """
    first = first_position(path.name)
    assert first is not None, "only segments are followed by segments"
    with path.open("rb") as file:
        log = log_of(file)
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return {"log": log, "after": path.name, "records": last + 1 - first, "bytes": size, "sha256": digest}


def log_of(lines: Iterable[bytes]) -> str:
    """The hash of a log's first record, from the lines of any of its segments; "" before there is one."""
    for line in lines:
        links = read_links(line)
        if links is not None and links.position == 0:
            return links.hash
        if links is not None and links.kind == SEGMENT:
            return str(read_record(line).payload.get("log", ""))
    return ""


def log_id(folder: Path) -> str:
    """The hash of a log's first record, which names the log; "" before there is one. Raises OSError."""
    for name in segment_names(folder)[:1]:
        with (folder / name).open("rb") as file:
            return log_of(file)
    return ""


def following_segment(payload: Mapping[str, Any]) -> str:
    """The name that a closing record gives; "" for an opening one."""
    return str(payload.get("next", ""))

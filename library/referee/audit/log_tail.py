"""The newest records of a log, found from its end, however long it is."""

from __future__ import annotations

from pathlib import Path

from referee.audit.disk_fault import reason
from referee.audit.record import FIRST_SEGMENT, Tail, read_links
from referee.audit.segments import segment_names
from referee.domain import AuditError

_BLOCK = 256 * 1024


def newest_lines(folder: Path, count: int) -> tuple[list[tuple[bytes, Tail]], Tail]:
    """The last ``count`` sound lines, oldest first, each with the place behind it; and the place to read on from.

    What was damaged among them is left out; ``verify`` tells. Raises AuditError when the log can't be read.
    """
    found: list[tuple[bytes, Tail]] = []
    try:
        for name in reversed(segment_names(folder)):
            found = _last_of(folder / name, count - len(found)) + found
            if len(found) >= count:
                break
    except OSError as fault:
        raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault
    return found, found[-1][1] if found else Tail(segment=FIRST_SEGMENT)


def _last_of(path: Path, count: int) -> list[tuple[bytes, Tail]]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        reach = _BLOCK
        while True:
            start = max(0, size - reach)
            file.seek(start)
            offset = start + (len(file.readline()) if start else 0)  # the first line begins before the block
            found = []
            for line in file:
                offset += len(line)
                links = read_links(line)
                if links is not None and links.sound:
                    found.append((line, Tail(links.position + 1, links.hash, offset, path.name)))
            if len(found) >= count or not start:
                return found[-count:] if count else []
            reach *= 4

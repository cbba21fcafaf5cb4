"""What tells an empty log from one that was lost: a note beside it of the segments that hold records."""

from __future__ import annotations

from pathlib import Path

from referee.audit.disk_fault import reason, remedy
from referee.audit.record import FIRST_SEGMENT
from referee.audit.segments import first_position, segment_names
from referee.domain import AuditError
from referee.files import flush, write_whole

BEGUN_NAME = "audit.begun"
_TEXT = """The audit log beside this file holds records, in the files named below. Should the last of them be missing,
restore it from the backup: without it cases count as new and would be done again. Older ones may be archived
elsewhere. Remove this file only to begin anew on purpose.
"""
_CHECKPOINTS = "checkpoints of it are kept in a second place"
RESTORE = (
    "keep a copy of what is left as evidence and restore the log, from its copy on the share if it has one, else from "
    "the newest backup; with an empty log every case would be done again"
)


def noted_segments(folder: Path) -> list[str] | None:
    """The segments known to hold records, oldest first; None where the log was never begun. Raises OSError."""
    try:
        text = (folder / BEGUN_NAME).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [name for name in text.splitlines() if first_position(name) is not None]


def note_segment(folder: Path, name: str) -> None:
    """Notes that a segment holds records, which must be durable. Raises AuditError."""
    marker = folder / BEGUN_NAME
    try:
        if noted_segments(folder):
            with marker.open("a", encoding="utf-8") as file:
                file.write(name + "\n")
                file.flush()
                flush(file.fileno())
        else:  # at once: a kill between making the file and writing it would leave one that names nothing
            write_whole(marker, f"{_TEXT}{name}\n")
    except OSError as fault:
        raise AuditError(
            f"{marker} can't be written: {reason(fault)}; {remedy(fault)}, then run again"
        ) from fault


def note_checkpoints(folder: Path) -> None:
    """Notes that there are checkpoints of the log in a second place. Raises AuditError."""
    marker = folder / BEGUN_NAME
    try:
        if marker.exists() and not were_checkpoints_made(folder):
            with marker.open("a", encoding="utf-8") as file:
                file.write(_CHECKPOINTS + "\n")
                file.flush()
                flush(file.fileno())
    except OSError as fault:
        raise AuditError(
            f"{marker} can't be written: {reason(fault)}; {remedy(fault)}, then run again"
        ) from fault


def were_checkpoints_made(folder: Path) -> bool:
    """Whether it is noted that there are checkpoints of the log: a second place without any has lost them, or is none.

    Raises AuditError.
    """
    try:
        text = (folder / BEGUN_NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise AuditError(f"{folder / BEGUN_NAME} can't be read: {reason(fault)}") from fault
    return _CHECKPOINTS in text.splitlines()


def require_not_lost(folder: Path) -> bool:
    """Whether it is noted that the log was begun. Raises AuditError when it once held records that are gone now."""
    marker = folder / BEGUN_NAME
    path = folder / FIRST_SEGMENT
    try:
        noted = noted_segments(folder)  # looked at first: who makes it has written records before
        if noted is None:
            return False
        names = segment_names(folder)
        newest = noted[-1] if noted else FIRST_SEGMENT
        path = folder / newest
        is_lost = newest not in names or not path.stat().st_size
    except OSError as fault:
        raise AuditError(f"the audit log {path} can't be read: {reason(fault)}") from fault
    if is_lost:
        raise AuditError(
            f"the audit log {path} held records once and is gone or empty; {RESTORE}. To begin anew on "
            f"purpose, remove {marker}"
        )
    return bool(noted)

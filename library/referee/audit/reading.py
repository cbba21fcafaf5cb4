"""Reading the records of a log from a known place on, through all its segments."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from referee.audit.begun import RESTORE, noted_segments
from referee.audit.chain import BrokenChainError, Chain
from referee.audit.disk_fault import reason
from referee.audit.record import FIRST_SEGMENT, Record, Tail, read_record
from referee.audit.segments import first_position, segment_name, segment_names
from referee.domain import AuditError


def start_of(folder: Path, position: int) -> Tail:
    """The beginning of the segment that holds the record at this position. Raises AuditError when it is archived."""
    names = segment_names(folder)
    firsts = [first_position(name) or 0 for name in names]
    at = bisect_right(firsts, position) - 1
    if at < 0 and names:
        raise AuditError(
            f"records 0 to {firsts[0] - 1} of the audit log in {folder} are archived elsewhere; put their files back "
            "to read them"
        )
    return Tail() if at < 0 or names[at] == FIRST_SEGMENT else Tail(firsts[at], "", 0, names[at])


def read_lines(folder: Path, after: Tail) -> Iterator[tuple[bytes, Tail]]:
    """Each sound record behind a known place as its raw line, with the place behind it, up to the last finished one.

    The line begins ``len(line)`` bytes before that place, in its segment. A caller that remembers the last place
    reads on from there at the cost of what is new. Raises AuditError when a record was changed, removed or moved,
    and when a segment in between is missing.
    """
    tail = after
    while True:
        path = folder / tail.segment
        chain = Chain(tail)
        # Looked at before the file: who notes a segment has begun it before.
        is_known = tail.offset > 0 or tail.segment == FIRST_SEGMENT or is_noted(folder, tail.segment)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < tail.offset:
                    raise cut_short(path, tail)
                file.seek(tail.offset)
                for line in chain.follow(file):
                    yield line, chain.tail
        except FileNotFoundError:
            if is_known:
                raise _missing(path) from None
            return  # another process has closed the segment before and begins this one just now
        except OSError as fault:
            raise AuditError(f"{path} can't be read: {reason(fault)}") from fault
        except BrokenChainError as fault:
            raise not_trusted(path, fault) from None
        following = chain.following or segment_name(chain.tail.position)
        names = segment_names(folder)
        if chain.following or (following in names and following != tail.segment):
            tail = Tail(chain.tail.position, chain.tail.hash, 0, following)
        elif names[-1:] in ([], [tail.segment]):
            return
        elif chain.tail == tail:
            raise AuditError(
                f"the end of the segment {path} of the audit log is missing, from record {tail.position} on; {RESTORE}"
            )
        else:  # another process has closed it since
            tail = chain.tail


def newest_begun(folder: Path) -> str:
    """The newest segment that is tied to the one before; a killed writer may have made one more. Raises AuditError."""
    names = segment_names(folder)
    while names and names[-1] != FIRST_SEGMENT:
        path = folder / names[-1]
        chain = Chain(Tail(first_position(path.name) or 0, "", 0, path.name))
        with path.open("rb") as file:
            try:
                while not chain.is_opened and next(chain.follow(file), b""):
                    pass
            except BrokenChainError as fault:
                raise not_trusted(path, fault) from None
        if chain.is_opened:
            break
        if len(names) == 1:
            raise AuditError(f"nothing ties {path} to the segment before it; {RESTORE}")
        names.pop()
    return names[-1] if names else FIRST_SEGMENT


def record_of(line: bytes, path: Path, position: int) -> Record:
    """The record of a line whose links are sound. Raises AuditError naming the file."""
    try:
        return read_record(line)
    except ValueError as fault:
        raise AuditError(f"{path}: record {position} can't be read: {fault}") from fault


def is_noted(folder: Path, segment: str) -> bool:
    """Whether a segment is known to hold records. Raises AuditError."""
    try:
        return segment in (noted_segments(folder) or ())
    except OSError as fault:
        raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault


def not_trusted(path: Path, fault: BrokenChainError) -> AuditError:
    """What a broken chain means to those who want to read or append."""
    return AuditError(
        f"the audit log {path} isn't what was written: {fault.reason} (from byte "
        f"{fault.tail.offset} on); "
        f"see `referee audit verify`, {RESTORE}"
    )


def cut_short(path: Path, known: Tail) -> AuditError:
    """What a file means that is shorter than it was."""
    return AuditError(
        f"the audit log {path} was cut short while this run was using it: {known.position} records "
        f"had been seen in it; {RESTORE}"
    )


def _missing(path: Path) -> AuditError:
    if path.name == FIRST_SEGMENT and not segment_names(path.parent):
        return AuditError(f"{path} can't be read: no such file or directory")
    return AuditError(
        f"the segment {path} of the audit log is missing: it holds the records from "
        f"{first_position(path.name) or 0} on; put it "
        "back from the archive or the backup"
    )

"""Checking a log from its first byte to its last, and naming what is wrong in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.audit.log import LOCK_NAME, LOG_NAME
from referee.audit.record import Links, Tail, looks_unfinished, read_links, read_record, seals
from referee.domain import AuditError, LineAddress

_MOST_FAULTS = 100

NEWEST_RECORDS = (
    "whether the newest records were deleted can't be told from the log alone: compare the number of "
    "records and the "
    "last hash with those noted elsewhere"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a log. ``code`` is ``edited``, ``missing``, ``moved``, ``repeated``,
    ``relinked``, ``damaged``, ``unreadable`` or ``foreign``; ``position`` is that of the record meant, or
    expected there.
    """

    code: str
    message: str
    place: LineAddress
    position: int

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """An unfinished line that a later run found and sealed: no loss, since nobody got a receipt for it."""

    place: LineAddress
    size: int
    position: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The beginning of a record at the end of the log, left by a kill or a power cut: no loss either."""

    place: LineAddress
    size: int

    def __str__(self) -> str:
        return (
            f"{self.place}: the last {self.size} bytes are an unfinished record, left by a kill or a power cut; nobody "
            "got a receipt for it, and the next run seals it"
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a log found. ``records`` counts the lines that are whole and unchanged; ``head`` is the
    hash of the last of them; ``faults`` come in the order of the file (at most the first 100). An ``unfinished``
    record at the end is no fault.
    """

    path: Path
    records: int
    head: str
    faults: tuple[Fault, ...]
    sealed: tuple[Sealed, ...]
    not_verifiable: tuple[str, ...]
    unfinished: Unfinished | None = None

    @property
    def intact(self) -> bool:
        return not self.faults


def verify(folder: str | os.PathLike[str]) -> Verification:
    """Checks every record of a log while others may append to it. Raises AuditError only when it can't be
    read.
    """
    path = Path(folder) / LOG_NAME
    try:
        with path.open("rb") as file:
            return _Check(path).run(file)
    except FileNotFoundError:
        raise AuditError(f"there is no audit log {path}; name the folder that holds {LOG_NAME}") from None
    except OSError as fault:
        raise AuditError(f"the audit log {path} can't be read: {reason(fault)}") from fault


class _Check:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._tail = Tail()
        self._line = 0
        self._records = 0
        self._head = self._tail.hash
        self._faults: list[Fault] = []
        self._sealed: list[Sealed] = []
        # Positions that were passed over, and the fault that says so: a later line may turn out to be one of
        # them.
        self._missing: dict[int, int] = {}
        self._torn: list[bytes] = []
        self._unfinished: Unfinished | None = None

    def run(self, file: BinaryIO) -> Verification:
        self._read_on(file)
        if self._torn and not self._torn[-1].endswith(b"\n"):
            # Perhaps another process is writing it just now: under the lock nobody is.
            unfinished = self._torn.pop()
            self._line -= 1
            file.seek(-len(unfinished), os.SEEK_CUR)
            with self._path.with_name(LOCK_NAME).open("rb") as held:
                lock(held.fileno())
                try:
                    self._read_on(file)
                finally:
                    unlock(held.fileno())
        self._report_torn_tail()
        return Verification(
            self._path,
            self._records,
            self._head,
            tuple(self._faults[:_MOST_FAULTS]),
            tuple(self._sealed),
            (NEWEST_RECORDS,),
            self._unfinished,
        )

    def _read_on(self, file: BinaryIO) -> None:
        for line in file:
            self._line += 1
            if not line.endswith(b"\n"):  # reading on could give the rest of it as a line of its own
                self._torn.append(line)
                return
            links = read_links(line)
            if links is None:
                self._torn.append(line)
                continue
            if self._torn:
                self._close_torn(line, links)
            self._check(line, links)
            if len(self._faults) >= _MOST_FAULTS:
                return

    def _check(self, line: bytes, links: Links) -> None:
        expected = self._tail.position
        end = self._tail.offset + len(line)
        if not links.sound:
            self._report("edited", f"record {links.position} was changed after it was written", expected)
            # What the line says of itself is the best that is left to go on with.
            self._tail = Tail(expected + 1, links.hash, end)
            return
        if links.position in self._missing and links.position != expected:
            self._report_moved(links.position)
            self._tail = Tail(expected, self._tail.hash, end)
        elif links.position < expected:
            self._report("repeated", f"record {links.position} stands here again", links.position)
            self._tail = Tail(expected, self._tail.hash, end)
        else:
            if links.position > expected:
                self._report_missing(expected, links.position)
            elif links.previous != self._tail.hash:
                self._report(
                    "relinked",
                    f"record {expected} doesn't follow from the record before it: that one was replaced or "
                    f"rewritten",
                    expected,
                )
            self._tail = Tail(links.position + 1, links.hash, end)
        try:
            read_record(line)
        except ValueError as fault:
            self._report(
                "unreadable", f"record {links.position} isn't the JSON of a record: {fault}", links.position
            )
            return
        self._records += 1
        self._head = links.hash

    def _close_torn(self, line: bytes, links: Links) -> None:
        torn = b"".join(self._torn)
        first = self._line - len(self._torn)
        place = LineAddress(str(self._path), first)
        if links.sound and seals(line, self._tail, torn[:-1]):
            self._sealed.append(Sealed(place, len(torn) - 1, links.position))
        else:
            self._faults.append(
                Fault(
                    "damaged",
                    f"this isn't a record (record {self._tail.position} was expected) and nothing seals it",
                    place,
                    self._tail.position,
                )
            )
            if links.position == self._tail.position + 1:  # the damaged line was the record before
                self._tail = Tail(links.position, links.previous, self._tail.offset)
        self._tail = Tail(self._tail.position, self._tail.hash, self._tail.offset + len(torn))
        self._torn.clear()

    def _report_torn_tail(self) -> None:
        if self._torn:
            self._line -= len(self._torn) - 1
            torn = b"".join(self._torn)
            if looks_unfinished(torn):
                self._unfinished = Unfinished(LineAddress(str(self._path), self._line), len(torn))
            else:
                message = f"the last {len(torn)} bytes are something that Referee didn't write"
                self._report("foreign", message, self._tail.position)

    def _report_missing(self, first: int, found: int) -> None:
        which = f"record {first} is" if found == first + 1 else f"records {first} to {found - 1} are"
        for position in range(first, min(found, first + _MOST_FAULTS)):
            self._missing[position] = len(self._faults)
        self._report("missing", f"{which} missing before record {found}", first)

    def _report_moved(self, position: int) -> None:
        before = self._faults[self._missing.pop(position)]
        self._faults[self._faults.index(before)] = Fault(
            "moved",
            f"the records from here on are out of order: record {position} stands in line {self._line}",
            before.place,
            before.position,
        )

    def _report(self, code: str, message: str, position: int) -> None:
        self._faults.append(Fault(code, message, LineAddress(str(self._path), self._line), position))

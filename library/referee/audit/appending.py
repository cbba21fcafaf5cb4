"""The end of a log, where any number of processes of a host add records, one behind the other."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from referee.audit.begun import RESTORE, note_segment
from referee.audit.canonical_json import exact_json
from referee.audit.chain import BrokenChainError, Chain, last_record
from referee.audit.disk_fault import reason, remedy
from referee.audit.file_lock import lock, unlock
from referee.audit.reading import cut_short, is_noted, newest_begun, not_trusted
from referee.audit.record import (
    AFTER_BODY,
    FIRST_SEGMENT,
    NO_RECORD,
    RECOVERY,
    SEGMENT,
    Tail,
    looks_unfinished,
    previous_of,
    recovery_payload,
    write_line,
    write_time,
)
from referee.audit.segments import (
    closing_payload,
    first_position,
    opening_payload,
    segment_name,
)
from referee.domain import AuditError, Receipt
from referee.files import flush, flush_folder, make_folder

_WINDOWS = sys.platform == "win32"
# Windows keeps others from reading locked bytes and open files from being replaced, so there the lock has a file
# of its own; elsewhere it sits on the newest segment itself and can't be taken twice.
LOCK_NAME = "audit.lock"
_CLOSED = -1
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_SHORT = 64 * 1024
_QUICKLY_READ = 1024 * 1024
_TIE = f'{SEGMENT}"'.encode()
_pread = getattr(os, "pread", None)  # not on Windows


def lock_path(segment: Path) -> Path:
    """The file whose lock keeps others from appending to a segment."""
    return segment.with_name(LOCK_NAME) if _WINDOWS else segment


class LogEnd:
    """Appends lines under a lock that all writers of the log share, and mends what a killed one left unfinished.

    Whoever finds the newest segment closed goes on in the one that its last record names. On POSIX systems the lock
    goes along: only who holds that of the newest segment may append. ``with end:`` holds the lock, as every method but
    ``flush_aside`` and ``close`` asks for; all raise AuditError.
    """

    def __init__(
        self, folder: Path, writer: str | None, clock: Callable[[], datetime], segment_bytes: int
    ) -> None:
        self._folder = folder
        self._given_writer = writer
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._descriptor = self._lock_descriptor = _CLOSED
        self._left: list[int] = []  # of segments before, while a thread flushes through them
        self._tail = self._start = Tail()
        self._open()

    @property
    def path(self) -> Path:
        """The newest segment, as far as it is known."""
        return self._folder / self._tail.segment

    @property
    def tail(self) -> Tail:
        """The place behind the last record that is known."""
        return self._tail

    @property
    def depth(self) -> int:
        """How often this thread holds the lock."""
        return self._depth

    def __enter__(self) -> Self:
        """Keeps all other writers waiting, in this and other processes."""
        if self._pid != os.getpid():  # a forked child shares its parent's lock as long as it shares the file
            self.close()
            self._open()
        if self._descriptor == _CLOSED:
            raise AuditError(f"the audit log {self.path} was closed; open it again to append to it")
        self._guard.acquire()
        try:
            if self._depth == 0:
                self._lock()
        except BaseException:
            self._guard.release()
            raise
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                unlock(self._lock_descriptor)
        finally:
            self._guard.release()

    def append(self, entries: Sequence[tuple[str, bytes, bytes]]) -> list[Receipt]:
        """Records of kind, payload and origin (both JSON); the receipts count once a flush returned."""
        self.catch_up()
        if self._tail.offset >= self._segment_bytes:
            following = segment_name(self._tail.position + 1)
            self._append_own(SEGMENT, closing_payload(following))
            self._following = following
            self.catch_up()
        position, previous = self._tail.position, self._tail.hash
        time = write_time(self._clock())
        lines = []
        receipts = []
        for kind, payload, origin in entries:
            line, previous = write_line(position, kind, time, self._written_writer, payload, previous, origin)
            lines.append(line)
            receipts.append(Receipt(position, previous))
            position += 1
        data = b"".join(lines)
        self._write(data)
        self._tail = Tail(position, previous, self._tail.offset + len(data), self._tail.segment)
        return receipts

    def catch_up(self) -> bool:
        """Moves behind what other writers appended, and mends what a killed one left unfinished.

        True when there was something of either kind.
        """
        if self._flush_failed:
            raise AuditError(
                f"the audit log {self.path} takes no more records from this run because an earlier one could "
                "not be brought to the disk; check the disk, then run again"
            )
        try:
            moved = self._catch_up_in_segment()
            while self._following:
                self._go_on()
                moved = True
        except OSError as fault:
            raise AuditError(f"the audit log {self.path} can't be read: {reason(fault)}") from fault
        except BrokenChainError as fault:
            raise not_trusted(self.path, fault) from None
        return moved

    def flush(self) -> None:
        """Returns when everything in the newest segment is durable, as the ones before it are."""
        self._flush(self._descriptor)

    def borrow(self) -> int:
        """The descriptor for ``flush_aside``, which stays open till then: another thread may go on meanwhile."""
        self._borrowed += 1
        return self._descriptor

    def flush_aside(self, descriptor: int) -> None:
        """Returns when everything that was written through the descriptor is durable; needs no lock."""
        try:
            self._flush(descriptor)
        finally:
            with self._guard:
                self._borrowed -= 1
                self._close_left()

    def close(self) -> None:
        """Gives the files back."""
        for descriptor in {self._descriptor, self._lock_descriptor, *self._left} - {_CLOSED}:
            os.close(descriptor)
        self._left.clear()
        self._descriptor = self._lock_descriptor = _CLOSED

    # Files

    def _open(self) -> None:
        self._pid = os.getpid()
        self.writer = self._given_writer or f"{socket.gethostname()}/{self._pid}/{secrets.token_hex(4)}"
        self._written_writer = exact_json(self.writer)
        self._guard = threading.RLock()
        self._depth = self._borrowed = 0
        self._flush_failed = False
        self._tail = Tail()
        try:
            make_folder(self._folder)
            segment = newest_begun(self._folder)
            start = Tail(
                first_position(segment) or 0, "" if segment != FIRST_SEGMENT else NO_RECORD, 0, segment
            )
            self._enter(os.open(self._folder / segment, _FLAGS, 0o660), start)
            self._lock_descriptor = (
                os.open(lock_path(self.path), _FLAGS, 0o660) if _WINDOWS else self._descriptor
            )
            flush_folder(self._folder)
        except OSError as fault:
            raise AuditError(
                f"the audit log {self.path} can't be opened for writing: {reason(fault)}; "
                "give the bot a folder it may write to, then run again"
            ) from fault

    def _enter(self, descriptor: int, start: Tail) -> None:
        self._descriptor = descriptor
        self._start = self._tail = start
        self._at = str(self.path)
        status = os.fstat(descriptor)
        self._identity = status.st_dev, status.st_ino
        self._following = ""
        self._found_end = False

    def _lock(self) -> None:
        try:
            lock(self._lock_descriptor, self._at)
        except OSError as fault:
            raise AuditError(f"the audit log {self.path} can't be locked: {reason(fault)}") from fault

    def _close_left(self) -> None:
        if not self._borrowed:
            for descriptor in self._left:
                os.close(descriptor)
            self._left.clear()

    def _size(self) -> int:
        """How long the segment is. Raises AuditError when it isn't the file any more that was opened."""
        if _WINDOWS:  # which lets nobody delete or replace an open file
            return os.fstat(self._descriptor).st_size
        try:
            status = os.stat(self._at)  # noqa: PTH116 - measured: half the time of Path.stat
            is_in_place = (status.st_dev, status.st_ino) == self._identity
        except FileNotFoundError:
            is_in_place = False
        if not is_in_place:
            raise AuditError(
                f"the audit log {self.path} was deleted or replaced while this run was writing to it; "
                f"{RESTORE}"
            )
        return status.st_size

    # Segments

    def _go_on(self) -> None:
        """Behind the record that closed the segment; makes the next one if no other writer has."""
        path = self._folder / self._following
        if is_noted(self._folder, path.name) and not (path.exists() and path.stat().st_size):
            raise AuditError(
                f"the segment {path} of the audit log held records once and is gone or empty; {RESTORE}"
            )
        self.flush()  # a killed writer may have closed it without doing so
        try:
            descriptor = os.open(path, _FLAGS, 0o660)
        except OSError as fault:
            raise AuditError(
                f"the audit log can't go on in {path}: {reason(fault)}; {remedy(fault)}, then run again"
            ) from fault
        old, self._closed = self._descriptor, self.path
        self._enter(descriptor, Tail(self._tail.position, self._tail.hash, 0, path.name))
        try:
            if not _WINDOWS:
                self._lock_descriptor = descriptor
                self._lock()  # before the old lock is given back: nobody gets in between
        finally:
            if not _WINDOWS:
                unlock(old)
            self._left.append(old)
            self._close_left()
        self._follow(Chain(self._start))

    def _begin_segment(self) -> None:
        self._append_own(SEGMENT, opening_payload(self._closed, self._start.position - 1))
        self.flush()
        flush_folder(self._folder)
        note_segment(self._folder, self._tail.segment)

    # Lines

    def _catch_up_in_segment(self) -> bool:
        size = self._size()
        if size < self._tail.offset:
            raise cut_short(self.path, self._tail)
        if self._found_end:
            if size == self._tail.offset:
                return False
            if not self._catch_up_quickly(size):
                self._follow(Chain(self._tail))
        else:
            with self.path.open("rb") as file:
                end = last_record(file, size, self._tail.segment) if size > _SHORT else None
            self._follow(Chain(end or self._start))
        return True

    def _catch_up_quickly(self, size: int) -> bool:
        """Passes over whole records of others: where they begin and end is looked at, those between are counted.

        False when there may be anything else; nothing has changed then. Readers check every record.
        """
        length = size - self._tail.offset
        if _pread is None or length > _QUICKLY_READ:
            return False
        data = _pread(self._descriptor, length, self._tail.offset)
        position = self._tail.position + data.count(b"\n") - 1
        last = data.rfind(b"\n", 0, -1) + 1
        digest = sha256(data[last:AFTER_BODY]).hexdigest()
        start = b'{"v":1,"position":%d,"kind":"' % position
        if (
            not data.endswith(b',"hash":"%b"}\n' % digest.encode())
            or not data.startswith(start, last)
            or data.startswith(_TIE, last + len(start))
            or previous_of(data[: data.find(b"\n") + 1]) != self._tail.hash
        ):
            return False
        self._tail = Tail(position + 1, digest, size, self._tail.segment)
        return True

    def _follow(self, chain: Chain) -> None:
        """To the end of the segment, wherever that is; ties it to the one before if that wasn't done."""
        with self.path.open("rb") as file:
            file.seek(chain.tail.offset)
            for _ in chain.follow(file):
                pass
        self._tail = chain.tail
        if chain.torn:
            chain = self._mend(chain)
        self._following = chain.following
        if not chain.is_opened:
            self._begin_segment()
        self._found_end = True

    def _mend(self, before: Chain) -> Chain:
        torn = before.torn
        if not looks_unfinished(torn):
            raise AuditError(
                f"the audit log {self.path} ends in something that Referee didn't write (from byte "
                f"{self._tail.offset} on); {RESTORE}"
            )
        whole = replace(before, torn=b"")
        for _ in whole.follow(BytesIO(torn + b"\n")):
            pass
        if whole.torn:
            self._append_own(RECOVERY, recovery_payload(self._tail, torn), behind=torn)
            return before
        self._write(b"\n")  # only the newline of a whole record was missing
        self._tail = whole.tail
        return whole

    def _append_own(self, kind: str, payload: dict[str, Any], behind: bytes = b"") -> None:
        """A record of the log itself; ``behind`` an unfinished line that gets a newline first."""
        time = write_time(self._clock())
        tail = self._tail
        line, digest = write_line(
            tail.position, kind, time, self._written_writer, exact_json(payload), tail.hash
        )
        if behind:
            line = b"\n" + line
        self._write(line)
        self._tail = Tail(tail.position + 1, digest, tail.offset + len(behind) + len(line), tail.segment)

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):  # a full disk takes a part first and names the reason on the next call
                written += os.write(self._descriptor, data[written:])
        except OSError as fault:
            raise AuditError(
                f"the audit log {self.path} could not be written: {reason(fault)}; nothing may be done on "
                f"the strength of this record. {remedy(fault)}, then run again"
            ) from fault

    def _flush(self, descriptor: int) -> None:
        try:
            flush(descriptor)
        except OSError as fault:
            # The system reports such a failure once and then forgets it: a later flush proves nothing any
            # more.
            self._flush_failed = True
            raise AuditError(
                f"the audit log {self.path} could not be brought to the disk: {reason(fault)}; nothing may "
                f"be done on the strength of this record. {remedy(fault)}, then run again"
            ) from fault

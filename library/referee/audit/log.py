"""The shared, append-only audit log: one JSON Lines file that any number of processes on a host write to."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from referee.audit.canonical_json import exact_json
from referee.audit.chain import BrokenChainError, Chain, find_tail
from referee.audit.disk_fault import reason, remedy
from referee.audit.file_lock import lock, unlock
from referee.audit.record import (
    KINDS,
    RECOVERY,
    Record,
    Tail,
    looks_unfinished,
    read_record,
    recovery_payload,
    write_line,
    write_time,
)
from referee.audit.sensitive import HASHED, key_path, read_or_create_key
from referee.domain import AuditError, Receipt
from referee.files import flush, flush_folder, make_folder

LOG_NAME = "audit.jsonl"
BEGUN_NAME = "audit.begun"
_BEGUN = f"""The audit log {LOG_NAME} beside this file holds records. Should it be missing, restore it from the backup:
with an empty log every case counts as new and would be done again. Remove this file only to begin anew on purpose.
"""
RESTORE = (
    "keep a copy of what is left as evidence and restore the log from its backup; with an empty log every case "
    "would be done again"
)

_WINDOWS = sys.platform == "win32"
# Windows keeps others from reading locked bytes and open files from being replaced, so there the lock has a file
# of its own; elsewhere it sits on the log itself and can't be taken twice.
LOCK_NAME = "audit.lock" if _WINDOWS else LOG_NAME
_BOOKMARK_EVERY = 1024
_CLOSED = -1


def utc_now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """Records what was decided and done, durable before anyone acts on it.

    A receipt is given only once the record is on the disk; without a receipt nobody may act. Each record
    names the hash of the one before it, also across processes and threads, all of which may append to the
    same folder at once. Nothing is ever truncated or rewritten: an unfinished line left by a kill or a power
    cut is sealed by a ``recovery`` record that commits to its bytes.

    ``folder`` is created when missing; a log that once held records and is gone or empty is refused, for every case
    would be new again. ``writer`` names this run in its records (by default host, process id
    and a random run id). ``clock`` gives moments with an offset; times are information, the order is the
    position. ``read_only`` needs no right to write and takes no records. Raises AuditError whenever a record can't
    be made durable or the log isn't what was written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        writer: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        read_only: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.path = self.folder / LOG_NAME
        self._given_writer = writer
        self._clock = clock
        self._bookmarks = [Tail()]
        self._descriptor = self._lock_descriptor = _CLOSED
        self._read_only = read_only
        self._begin()
        if not read_only:
            self._open()

    @property
    def writer(self) -> str:
        """How this run is named in its records."""
        return self._writer

    @cached_property
    def key(self) -> bytes:
        """The key under which sensitive facts are hashed; it lives beside the folder, never in it.

        Made at first use (see ``read_or_create_key``). Raises AuditError when it can't be read or made, and when
        it is gone though the log holds hashes under it: with another key every known case would look changed.
        """
        with self.exclusive():
            path = key_path(self.folder)
            if not path.exists() and self._holds_hashes():
                raise AuditError(
                    f"the key for sensitive facts {path} is gone, and {self.path} holds hashes that were made with it; "
                    "restore it from the backup: with another key every known case would look changed"
                )
            return read_or_create_key(self.folder)

    def append(self, kind: str, payload: Mapping[str, Any]) -> Receipt:
        """One record, durable when this returns. Raises AuditError; then nobody may act on what it says."""
        return self.append_many([(kind, payload)])[0]

    def append_many(self, entries: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Receipt]:
        """Several records by one durable write, next to each other in the log; receipts in the order given.

        Raises AuditError when not all of them are durable. Then no receipt is given, though the first few may
        stand in the log, as after a kill.
        """
        encoded = [(_checked_kind(kind), exact_json(payload)) for kind, payload in entries]
        if not encoded:
            return []
        with self._locked():
            receipts = self._write(encoded)
            is_held = self._depth > 1
            if is_held:  # the caller holds the lock on: what it reads next must be durable
                self._flush()
        if not is_held:
            # Outside the lock, so that the writers of other processes share one trip to the disk. A later record
            # is durable only together with all before it, so the order of receipts doesn't matter.
            self._flush()
        if not self._begun:
            self._mark_begun()
        return receipts

    def records(self, start: int = 0) -> Iterator[Record]:
        """The records from position ``start`` on, up to the last finished one, checked on the way.

        Reading on from where the last reading ended costs only what is new. Raises AuditError when a record
        was changed, removed or moved.
        """
        bookmark = self._bookmarks[bisect_right(self._bookmarks, start, key=lambda tail: tail.position) - 1]
        chain = Chain(bookmark)
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < bookmark.offset:
                    raise self._cut_short(bookmark)
                file.seek(bookmark.offset)
                for line in chain.follow(file):
                    position = chain.tail.position - 1
                    if position % _BOOKMARK_EVERY == 0:
                        self._remember(chain.tail)
                    if position >= start:
                        yield self._read(line, position)
        except OSError as fault:
            raise AuditError(f"{self.path} can't be read: {reason(fault)}") from fault
        except BrokenChainError as fault:
            raise self._not_trusted(fault) from None
        self._remember(chain.tail)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps all other writers, in this and other processes, waiting; appends inside are allowed and
        durable.

        For reading the log and appending what follows from it as one step. What the log holds at the start is
        durable, also what a killed run left behind without a receipt. Keep it short.
        """
        with self._locked():
            if self._depth == 1 and self._catch_up():
                self._flush()
            yield

    def close(self) -> None:
        """Gives the file back. Receipts stay good; the log can't be appended to any more."""
        for descriptor in {self._descriptor, self._lock_descriptor} - {_CLOSED}:
            os.close(descriptor)
        self._descriptor = self._lock_descriptor = _CLOSED

    def _holds_hashes(self) -> bool:
        with self.path.open("rb") as file:
            return any(HASHED in line for line in file)

    # The file

    def _begin(self) -> None:
        """Refuses a log that once held records and holds none now."""
        marker = self.folder / BEGUN_NAME
        try:
            self._begun = marker.exists()  # looked at first: who makes it has written records before
            size = self.path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            size = 0
        except OSError as fault:
            raise AuditError(f"the audit log {self.path} can't be read: {reason(fault)}") from fault
        if self._begun and not size:
            raise AuditError(
                f"the audit log {self.path} held records once and is gone or empty; {RESTORE}. To begin anew on "
                f"purpose, remove {marker}"
            )

    def _mark_begun(self) -> None:
        marker = self.folder / BEGUN_NAME
        try:
            marker.write_text(_BEGUN, encoding="utf-8")
            flush_folder(self.folder)
        except OSError as fault:
            raise AuditError(
                f"{marker} can't be written: {reason(fault)}; {remedy(fault)}, then run again"
            ) from fault
        self._begun = True

    def _open(self) -> None:
        self._pid = os.getpid()
        self._writer = self._given_writer or f"{socket.gethostname()}/{self._pid}/{secrets.token_hex(4)}"
        self._written_writer = exact_json(self._writer)
        self._guard = threading.RLock()
        self._depth = 0
        self._flush_failed = False
        self._opened = False
        self._tail = Tail()
        flags = (
            os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        )
        try:
            make_folder(self.folder)
            self._descriptor = os.open(self.path, flags, 0o660)
            self._lock_descriptor = (
                os.open(self.folder / LOCK_NAME, flags, 0o660) if _WINDOWS else self._descriptor
            )
            flush_folder(self.folder)
        except OSError as fault:
            raise AuditError(
                f"the audit log {self.path} can't be opened for writing: {reason(fault)}; "
                "give the bot a folder it may write to, then run again"
            ) from fault

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._read_only:
            raise AuditError(f"the audit log {self.path} was opened for reading only")
        if self._pid != os.getpid():  # a forked child shares its parent's lock as long as it shares the file
            self.close()
            self._open()
        if self._descriptor == _CLOSED:
            raise AuditError(f"the audit log {self.path} was closed; open it again to append to it")
        with self._guard:
            if self._depth == 0:
                try:
                    lock(self._lock_descriptor)
                except OSError as fault:
                    raise AuditError(f"the audit log {self.path} can't be locked: {reason(fault)}") from fault
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    unlock(self._lock_descriptor)

    def _write(self, entries: list[tuple[str, bytes]]) -> list[Receipt]:
        self._catch_up()
        position, previous = self._tail.position, self._tail.hash
        lines = []
        receipts = []
        for kind, payload in entries:
            line, previous = self._line(position, kind, payload, previous)
            lines.append(line)
            receipts.append(Receipt(position, previous))
            position += 1
        data = b"".join(lines)
        self._write_all(data)
        self._tail = Tail(position, previous, self._tail.offset + len(data))
        return receipts

    def _line(self, position: int, kind: str, payload: bytes, previous: str) -> tuple[bytes, str]:
        time = write_time(self._clock())
        return write_line(position, kind, time, self._written_writer, payload, previous)

    def _catch_up(self) -> bool:
        """Moves the tail behind what other writers appended, and mends what a killed one left unfinished.

        True when there was something of either kind.
        """
        if self._flush_failed:
            raise AuditError(
                f"the audit log {self.path} takes no more records from this run because an earlier one could "
                "not be brought to the disk; check the disk, then run again"
            )
        try:
            status = os.fstat(self._descriptor)
            if not _WINDOWS and not self._is_in_place(status):
                raise AuditError(
                    f"the audit log {self.path} was deleted or replaced while this run was writing to it; "
                    f"{RESTORE}"
                )
            if self._opened and status.st_size == self._tail.offset:
                return False
            if status.st_size < self._tail.offset:
                raise self._cut_short(self._tail)
            with self.path.open("rb") as file:
                if not self._opened:
                    self._tail = find_tail(file, status.st_size)
                chain = Chain(self._tail)
                file.seek(self._tail.offset)
                for _ in chain.follow(file):
                    pass
        except OSError as fault:
            raise AuditError(f"the audit log {self.path} can't be read: {reason(fault)}") from fault
        except BrokenChainError as fault:
            raise self._not_trusted(fault) from None
        self._tail = chain.tail
        self._opened = True
        if chain.torn:
            self._mend(chain.torn)
        return True

    def _mend(self, torn: bytes) -> None:
        if not looks_unfinished(torn):
            raise AuditError(
                f"the audit log {self.path} ends in something that Referee didn't write (from byte "
                f"{self._tail.offset} on); {RESTORE}"
            )
        whole = Chain(self._tail)
        try:
            for _ in whole.follow(BytesIO(torn + b"\n")):
                pass
        except BrokenChainError as fault:
            raise self._not_trusted(fault) from None
        if whole.torn:
            sealing = exact_json(recovery_payload(self._tail, torn))
            line, digest = self._line(self._tail.position, RECOVERY, sealing, self._tail.hash)
            self._write_all(b"\n" + line)
            end = self._tail.offset + len(torn) + 1 + len(line)
            self._tail = Tail(self._tail.position + 1, digest, end)
        else:  # only the newline of a whole record was missing
            self._write_all(b"\n")
            self._tail = whole.tail

    def _is_in_place(self, status: os.stat_result) -> bool:
        try:
            return os.path.samestat(status, self.path.stat())
        except FileNotFoundError:
            return False

    def _write_all(self, data: bytes) -> None:
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):  # a full disk takes a part first and names the reason on the next call
                written += os.write(self._descriptor, data[written:])
        except OSError as fault:
            raise AuditError(
                f"the audit log {self.path} could not be written: {reason(fault)}; nothing may be done on "
                f"the strength of this record. {remedy(fault)}, then run again"
            ) from fault

    def _flush(self) -> None:
        try:
            flush(self._descriptor)
        except OSError as fault:
            # The system reports such a failure once and then forgets it: a later flush proves nothing any
            # more.
            self._flush_failed = True
            raise AuditError(
                f"the audit log {self.path} could not be brought to the disk: {reason(fault)}; nothing may "
                f"be done on the strength of this record. {remedy(fault)}, then run again"
            ) from fault

    # Reading

    def _read(self, line: bytes, position: int) -> Record:
        try:
            return read_record(line)
        except ValueError as fault:
            raise AuditError(f"{self.path}: record {position} can't be read: {fault}") from fault

    def _remember(self, tail: Tail) -> None:
        at = bisect_right(self._bookmarks, tail.position, key=lambda known: known.position)
        if self._bookmarks[at - 1].position != tail.position:
            self._bookmarks.insert(at, tail)

    def _not_trusted(self, fault: BrokenChainError) -> AuditError:
        return AuditError(
            f"the audit log {self.path} isn't what was written: {fault.reason} (from byte "
            f"{fault.tail.offset} on); "
            f"see `referee audit verify`, {RESTORE}"
        )

    def _cut_short(self, known: Tail) -> AuditError:
        return AuditError(
            f"the audit log {self.path} was cut short while this run was using it: {known.position} records "
            f"had been seen in it; {RESTORE}"
        )


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise AuditError(f"{kind!r} isn't a kind of record; use one of {', '.join(sorted(KINDS))}")
    return kind

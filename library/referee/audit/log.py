"""The shared, append-only audit log: JSON Lines that any number of processes on a host write to."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from referee.audit.appending import LogEnd
from referee.audit.begun import note_segment, require_not_lost
from referee.audit.canonical_json import exact_json
from referee.audit.reading import read_lines, record_of, start_of
from referee.audit.record import FIRST_SEGMENT, KINDS, Origin, Record, Tail
from referee.domain import AuditError, Receipt

LOG_NAME = FIRST_SEGMENT
SEGMENT_BYTES = 256 * 1024 * 1024
_BOOKMARK_EVERY = 1024


def utc_now() -> datetime:
    return datetime.now(UTC)


class Follower(Protocol):
    """Does something with what a log holds, elsewhere and after it is durable.

    It keeps a run from going on only where it proves that the log isn't what was written, by an AuditError.
    """

    def appended(self, log: AuditLog, newest: Receipt) -> None:
        """Everything up to this record is durable. Called for each append, so most calls must cost nothing."""

    def stopped(self, log: AuditLog, newest: Receipt) -> None:
        """The log can't be read or takes no more, and may not be what was written any more: up to ``newest`` this run
        knows by itself what it was.
        """

    def finish(self, log: AuditLog) -> str:
        """The run ends: what can be done now is done. What the person in charge must know, "" when all is well."""


class AuditLog:
    """Records what was decided and done, durable before anyone acts on it.

    A receipt is given only once the record is on the disk; without a receipt nobody may act. Each record
    names the hash of the one before it, also across processes and threads, all of which may append to the
    same folder at once. Nothing is ever truncated or rewritten: an unfinished line left by a kill or a power
    cut is sealed by a ``recovery`` record that commits to its bytes, and a file of more than ``segment_bytes`` is
    closed by a record that names the next one.

    ``folder`` is created when missing; a log that once held records and is gone or empty is refused, for every case
    would be new again. ``writer`` names this run in its records (by default host, process id
    and a random run id). ``clock`` gives moments with an offset; times are information, the order is the
    position. ``read_only`` needs no right to write and takes no records. ``followers`` are told of what is durable,
    such as those that sign checkpoints and ship the log. Raises AuditError whenever a record can't
    be made durable or the log isn't what was written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        writer: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        read_only: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
        followers: Sequence[Follower] = (),
    ) -> None:
        self.folder = Path(folder)
        self.path = self.folder / LOG_NAME
        self._clock = clock
        self._followers = followers
        self._untold: Receipt | None = None
        self._durable: Receipt | None = None  # the newest record that this run knows to be on the disk
        self._bookmarks = [Tail()]
        self._begun = require_not_lost(self.folder)
        self._end = None if read_only else LogEnd(self.folder, writer, clock, segment_bytes)

    @property
    def writer(self) -> str:
        """How this run is named in its records."""
        return self._appendable().writer

    def now(self) -> datetime:
        """The moment, by the clock of this log."""
        return self._clock()

    def append(self, kind: str, payload: Mapping[str, Any]) -> Receipt:
        """One record, durable when this returns. Raises AuditError; then nobody may act on what it says."""
        return self._append([(_checked_kind(kind), exact_json(payload), b"")])[0]

    def append_many(self, entries: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Receipt]:
        """Several records by one durable write, next to each other in the log; receipts in the order given.

        Raises AuditError when not all of them are durable. Then no receipt is given, though the first few may
        stand in the log, as after a kill.
        """
        return self._append([(_checked_kind(kind), exact_json(payload), b"") for kind, payload in entries])

    def append_merged(self, records: Iterable[tuple[Record, Origin]]) -> list[Receipt]:
        """Records of other logs, each with where it comes from, by one durable write (see ``merging``)."""
        return self._append(
            [
                (record.kind, exact_json(record.payload), exact_json(asdict(origin)))
                for record, origin in records
            ]
        )

    def records(self, start: int = 0) -> Iterator[Record]:
        """The records from position ``start`` on, up to the last finished one, checked on the way.

        Reading on from where the last reading ended costs only what is new. Raises AuditError when a record
        was changed, removed or moved, and when it is archived elsewhere.
        """
        after = self._bookmarks[bisect_right(self._bookmarks, start, key=lambda tail: tail.position) - 1]
        if not after.position or not (self.folder / after.segment).exists():
            after = start_of(self.folder, start)
        try:
            for line, tail in read_lines(self.folder, after):
                after = tail
                position = tail.position - 1
                if position % _BOOKMARK_EVERY == 0:
                    self._remember(tail)
                if position >= start:
                    yield record_of(line, self.folder / tail.segment, position)
        except AuditError:
            self._tell_stopped()
            raise
        self._remember(after)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keeps all other writers, in this and other processes, waiting; appends inside are allowed and
        durable.

        For reading the log and appending what follows from it as one step. What the log holds at the start is
        durable, also what a killed run left behind without a receipt. Keep it short.
        """
        end = self._appendable()
        try:
            with end:
                if end.depth == 1:
                    self._catch_up(end)
                yield
        finally:
            if end.depth == 0:
                self._tell_followers()

    def newest(self) -> Receipt | None:
        """The newest record of any process, made durable; None while there is none."""
        with self.exclusive():
            tail = self._appendable().tail
        return Receipt(tail.position - 1, tail.hash) if tail.position else None

    def finish(self) -> tuple[str, ...]:
        """To be called when a run ends: checkpoint and shipping are brought up to date as far as that is possible.

        What the person in charge must know, a sentence each: nothing when all is well.
        """
        return tuple(remark for follower in self._followers if (remark := follower.finish(self)))

    def close(self) -> None:
        """Gives the files back. Receipts stay good; the log can't be appended to any more."""
        if self._end is not None:
            self._end.close()

    def _catch_up(self, end: LogEnd) -> None:
        try:
            if end.catch_up():
                end.flush()
                self._know(Receipt(end.tail.position - 1, end.tail.hash))
        except AuditError:
            self._tell_stopped()
            raise

    def _append(self, entries: list[tuple[str, bytes, bytes]]) -> list[Receipt]:
        if not entries:
            return []
        try:
            return self._append_durably(entries)
        except AuditError:
            self._tell_stopped()
            raise

    def _append_durably(self, entries: list[tuple[str, bytes, bytes]]) -> list[Receipt]:
        end = self._appendable()
        with end:
            receipts = end.append(entries)
            is_held = end.depth > 1
            if is_held:  # the caller holds the lock on: what it reads next must be durable
                end.flush()
                self._untold = receipts[-1]
            else:
                written = end.borrow()
        if not is_held:
            # Outside the lock, so that the writers of other processes share one trip to the disk. A later record
            # is durable only together with all before it, so the order of receipts doesn't matter.
            end.flush_aside(written)
        self._know(receipts[-1])
        if not self._begun:
            note_segment(self.folder, end.tail.segment)
            self._begun = True
        if not is_held:
            self._untold = receipts[-1]
            self._tell_followers()
        return receipts

    def _tell_followers(self) -> None:
        """Without the lock: what may take its time mustn't keep others waiting."""
        newest, self._untold = self._untold, None
        if newest is not None:
            for follower in self._followers:
                follower.appended(self, newest)

    def _know(self, durable: Receipt) -> None:
        if self._durable is None or durable.position > self._durable.position:
            self._durable = durable

    def _tell_stopped(self) -> None:
        if self._durable is not None:
            for follower in self._followers:
                follower.stopped(self, self._durable)

    def _appendable(self) -> LogEnd:
        if self._end is None:
            raise AuditError(f"the audit log {self.path} was opened for reading only")
        return self._end

    def _remember(self, tail: Tail) -> None:
        at = bisect_right(self._bookmarks, tail.position, key=lambda known: known.position)
        if self._bookmarks[at - 1].position != tail.position:
            self._bookmarks.insert(at, tail)


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise AuditError(f"{kind!r} isn't a kind of record; use one of {', '.join(sorted(KINDS))}")
    return kind

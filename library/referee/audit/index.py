"""The index of a log: finds the records about a case without reading all the others.

It is made from the log alone, kept up to date by whoever uses it, and may be deleted at any time. Nothing is believed
because it says so: what it points to is read from the log and checked there.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

from referee.audit.disk_fault import reason
from referee.audit.index_files import remove_index
from referee.audit.index_opening import ANSWERING, PATIENCE_SECONDS, open_index
from referee.audit.index_rows import (
    PLACES,
    TOTALLED,
    NamesMeetError,
    RowWriter,
    case_number,
    contradicted,
    read_tail,
    storable,
    stored,
)
from referee.audit.placed_records import Place, PlacedRecords, UnusableIndexError
from referee.audit.reading import read_lines
from referee.audit.record import FIRST_SEGMENT, Record, Tail
from referee.audit.segments import log_id, segment_names
from referee.domain import AuditError

INDEXED_FROM = 2 * 1024 * 1024
"""Bytes of log from which on bots use an index. Reading so many takes about as long as opening one."""

_BATCH = 20_000
_AT_ONCE = 5_000


class Index:
    """The index of the log in a folder, as far as ``tail``; ``catch_up`` brings it to the end of the log.

    Any number of processes may use one at the same time; a kill at any moment leaves it as it was some records before.
    Where no file can be written it is kept in memory, and with ``in_memory`` in any case: then nothing is believed but
    the log, which is read and checked as a whole. ``records`` reads what it points to. ``note`` says why an older
    index wasn't used; else it is "".
    All methods raise UnusableIndexError when the index is at fault, and AuditError when the log is.
    """

    def __init__(self, folder: Path, *, in_memory: bool = False) -> None:
        self.folder = folder
        self._in_memory = in_memory
        self.note = ""
        self.records = PlacedRecords(folder)
        self._left_to_parent: list[sqlite3.Connection] = []
        self._connect()

    @property
    def tail(self) -> Tail:
        """The place behind the last record that was in the index when this process last looked."""
        return self._tail

    def catch_up(
        self, progress: Callable[[int, int], None] = lambda done, total: None, *, wait: bool = True
    ) -> None:
        """Takes in what was appended to the log since, by any process.

        ``progress`` is told the bytes read, and of how many. Without ``wait`` nothing is done while another process
        does it. Takes some 25 µs a record; what was taken in stays when the process is killed.
        """
        total = log_bytes(self.folder)
        while self._step(wait):
            progress(min(self._bytes_before(self._tail), total), total)

    def history(self, decision: str, case: str, before: int) -> Iterator[Record]:
        """The records about a case at positions less than ``before``, in order, each checked."""
        number = case_number(decision, case)
        with self._reading() as connection:
            places = connection.execute(PLACES + "WHERE subject = ? ORDER BY position", (number,)).fetchall()
            counted = connection.execute("SELECT records FROM cases WHERE id = ?", (number,)).fetchone()
        # Two trees of the file say how many there are: a damaged one must not make a known case look new.
        if (counted[0] if counted else 0) != len(places):
            raise UnusableIndexError("it contradicts itself")
        for record in self.records.read(place for place in places if place[0] < before):
            if (record.payload.get("decision"), record.payload.get("case")) != (decision, case):
                raise UnusableIndexError(f"record {record.position} is about another case")
            yield record

    def story(self, case: str, decision: str = "") -> list[Record]:
        """All records about a case, under any decision or under one, in order."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT words.text FROM cases JOIN words ON words.id = decision WHERE cases.name = ?",
                (storable(case),),
            )
            decisions = [stored(name) for (name,) in found]
        histories = [self.history(name, case, sys.maxsize) for name in decisions if decision in ("", name)]
        return sorted(chain.from_iterable(histories), key=lambda record: record.position)

    def hash_at(self, position: int) -> str:
        """The hash of the record at a position, read from the log; "" where there is none."""
        with self._reading() as connection:
            places = connection.execute(PLACES + "WHERE position = ?", (position,)).fetchall()
        for _, place in self.records.lines(places):
            return place[4].hex()
        return ""

    def histories(
        self, cases: Iterable[tuple[str, str]], read: Iterable[Record] = ()
    ) -> dict[tuple[str, str], list[Record]]:
        """All records about each of some hundred cases of a decision, read in one go through the log; those of ``read``
        aren't read again.
        """
        found: dict[tuple[str, str], list[Record]] = {case: [] for case in cases}
        numbers = {case_number(*case): case for case in found}
        with self._reading() as connection:
            places = connection.execute(
                f"{PLACES} WHERE subject IN ({', '.join('?' * len(numbers))}) ORDER BY position",
                list(numbers),
            ).fetchall()
        known = {record.position: record for record in read}
        others = self.records.read(place for place in places if place[0] not in known)
        for place in places:
            record = known.get(place[0]) or next(others)
            case = found.get((record.payload["decision"], record.payload["case"]))
            if case is not None:
                case.append(record)
        return found

    def handed_over(self) -> Iterator[Record]:
        """Everything that was decided and said about the cases that have come to people, in the order of the log."""
        words = "SELECT id FROM words WHERE text IN"
        condition = (
            f"kind IN ({words} ('decision', 'handoff', 'answer')) AND subject IN "
            f"(SELECT subject FROM records WHERE kind IN ({words} ('handoff', 'answer')))"
        )
        self.require_whole()
        for places in self.places(condition, ()):
            yield from self.records.read(places)

    def require_whole(self) -> None:
        """Checks the rows that routes, actions, queues and times are found by; half a second for a million."""
        with self._reading(TOTALLED):
            pass

    def cases(self, decision: str, standings: Sequence[str], since: int) -> set[str]:
        """The cases whose latest decision has come as far as one of these, and those with records from the position
        ``since`` on, whatever they say.
        """
        wanted = ", ".join("?" * len(standings))
        with self._reading() as connection:
            found = connection.execute(
                "SELECT cases.name FROM cases JOIN words ON words.id = decision WHERE words.text = ? AND standing IN "
                f"(SELECT id FROM words WHERE text IN ({wanted})) "
                "UNION SELECT cases.name FROM records JOIN cases ON cases.id = subject "
                "JOIN words ON words.id = decision WHERE position >= ? AND words.text = ?",
                (storable(decision), *standings, since, storable(decision)),
            )
            return {stored(name) for (name,) in found}

    def standings(self) -> list[tuple[str, int]]:
        """How far decisions have come anywhere in the log (see ``standing``), with the first record that says so."""
        with self._reading() as connection:
            found = connection.execute("SELECT word, position FROM standings ORDER BY position")
            return [(stored(word), position) for word, position in found]

    def places(
        self, condition: str, values: Sequence[Any], *, newest_first: bool = False
    ) -> Iterator[list[Place]]:
        """The places of the records that meet a condition on the tables ``records`` and ``cases``, some at a time."""
        order, beyond, at = ("DESC", "<", sys.maxsize) if newest_first else ("ASC", ">", -1)
        while True:
            with self._reading() as connection:
                found = connection.execute(
                    f"{PLACES} LEFT JOIN cases ON cases.id = subject WHERE position {beyond} ? AND ({condition}) "
                    f"ORDER BY position {order} LIMIT {_AT_ONCE}",
                    (at, *values),
                ).fetchall()
            if found:
                yield found
            if len(found) < _AT_ONCE:
                return
            at = found[-1][0]

    def count(self, condition: str, values: Sequence[Any]) -> int:
        """How many records meet a condition (see ``places``)."""
        with self._reading() as connection:
            found = connection.execute(
                f"SELECT count(*) FROM records LEFT JOIN cases ON cases.id = subject WHERE {condition}",
                values,
            )
            return int(found.fetchone()[0])

    def names(self) -> list[str]:
        """The names of all cases."""
        with self._reading() as connection:
            return [stored(name) for (name,) in connection.execute("SELECT DISTINCT name FROM cases")]

    def bots(self) -> dict[str, str]:
        """The bot of each writer that said so when its run began."""
        with self._reading() as connection:
            found = connection.execute("SELECT text, bot FROM bots JOIN words ON words.id = writer")
            return {stored(writer): stored(bot) for writer, bot in found}

    def abandon(self) -> None:
        """Closes the index and deletes its file; the next one is made from the log alone."""
        self.close()
        if self.path is not None:
            remove_index(self.path)

    def close(self) -> None:
        """Gives the file back. A forked child leaves it to its parent."""
        if self._pid == os.getpid():
            with suppress(sqlite3.Error):
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Opening

    def _connect(self) -> None:
        self._pid = os.getpid()
        try:
            opened = open_index(self.folder, in_memory=self._in_memory)
            self._connection, self.path, self._tail = opened.connection, opened.path, opened.tail
            self._checked = dict.fromkeys(ANSWERING, opened.version)
            self.note = opened.note or self.note
            self._rows = RowWriter(self._connection)
        except sqlite3.Error as fault:
            raise UnusableIndexError(str(fault)) from fault
        except OSError as fault:
            raise AuditError(f"the audit log in {self.folder} can't be read: {reason(fault)}") from fault

    def _ready(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            # SQLite's connections don't survive a fork; closing the parent's here could harm it.
            self._left_to_parent.append(self._connection)
            self._connect()
        return self._connection

    # Transactions

    def _step(self, wait: bool) -> bool:
        """Takes in the next records; False when there are no more, or not now."""
        with self._faults():
            connection = self._ready()
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000 if wait else 0}")
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                known, self._tail = self._tail, read_tail(connection)
                if wait and self._tail == known:
                    raise
                return wait  # another process brings it up to date
            try:
                with connection:
                    tail = read_tail(connection)
                    lines = islice(read_lines(self.folder, tail), _BATCH) if self._has_more(tail) else ()
                    count = self._rows.take(lines)
                    if count and not tail.position:
                        connection.execute(
                            "UPDATE facts SET value = ? WHERE name = 'log'", (log_id(self.folder),)
                        )
                    tail = read_tail(connection)
            except BaseException:
                self._rows.forget()
                raise
        self._tail = tail
        return count == _BATCH

    def _has_more(self, tail: Tail) -> bool:
        """Whether there can be records behind a place: cheaper than reading."""
        if tail.offset == 0 and tail.segment != FIRST_SEGMENT:
            return (self.folder / tail.segment).exists()
        return True

    @contextmanager
    def _reading(self, tables: Sequence[str] = ANSWERING) -> Iterator[sqlite3.Connection]:
        """One view of the index, as it was at a single moment. These tables are checked whenever another process, or
        anybody, has written to the file since.
        """
        with self._faults():
            connection = self._ready()
            connection.execute("BEGIN")
            try:
                connection.execute("SELECT value FROM facts LIMIT 1").fetchone()  # here the view begins
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                unchecked = [table for table in tables if self._checked.get(table) != version]
                if unchecked and (table := contradicted(connection, unchecked)):
                    raise UnusableIndexError(f"rows of its table {table} are missing or changed")
                self._checked.update(dict.fromkeys(unchecked, version))
                yield connection
            finally:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, NamesMeetError) as fault:
            raise UnusableIndexError(str(fault) or type(fault).__name__) from fault

    # Files

    def _bytes_before(self, tail: Tail) -> int:
        names = segment_names(self.folder)
        before = names[: names.index(tail.segment)] if tail.segment in names else names
        return sum(_size(self.folder / name) for name in before) + tail.offset


@contextmanager
def up_to_date(
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    in_memory: bool = False,
    is_searched: bool = False,
) -> Iterator[Index]:
    """The index of a log, brought to its end. Raises AuditError, also when the index fails in between.

    ``is_searched`` says that records will be found by what they say, not by their cases alone.
    """
    try:
        index = Index(folder, in_memory=in_memory)
        if is_searched:
            index = _searchable(index)
        try:
            index.catch_up(progress)
            yield index
        except UnusableIndexError as fault:
            if not isinstance(fault.__cause__, sqlite3.OperationalError):  # another program may hold it
                index.abandon()
            raise
        finally:
            index.close()
    except UnusableIndexError as fault:
        raise AuditError(
            f"the index of the audit log in {folder} can't be used ({fault}); run this again: a damaged one is made "
            "anew from the log"
        ) from fault


def _searchable(index: Index) -> Index:
    """This index, or a new one if it would hide records."""
    try:
        index.require_whole()
    except UnusableIndexError as fault:
        if isinstance(fault.__cause__, sqlite3.OperationalError):  # another program may hold it
            index.close()
            raise
        index.abandon()
        note = f"the index {index.path} was damaged ({fault}), and is made anew"
        index = Index(index.folder)
        index.note = note
    return index


def log_bytes(folder: Path) -> int:
    """How long a log is, as far as its files are there."""
    return sum(_size(folder / name) for name in segment_names(folder))


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:  # archived just now
        return 0

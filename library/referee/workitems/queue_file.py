"""The SQLite file of a work queue: its tables, its transactions, and bringing them to the disk."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from referee.audit.disk_fault import reason
from referee.domain import QueueError
from referee.files import flush, flush_folder, make_folder
from referee.files.sqlite_fault import reason_and_remedy
from referee.files.write_ahead_log import use_write_ahead_log

APPLICATION_ID = 0x52514655  # "RQFU": tells a work queue from other SQLite files
VERSION = 1
PATIENCE_SECONDS = 30
"""How long a transaction waits for those of other workers, each of which takes a millisecond."""

_BEGUN_SECONDS = 3.0
"""How long a file without content is taken for one that another process is just beginning."""

_TABLES = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('PENDING', 'RESERVED', 'DONE', 'FAILED')),
    priority INTEGER NOT NULL DEFAULT 0,
    due TEXT,
    not_before TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    failure_kind TEXT CHECK (failure_kind IN ('BUSINESS', 'APPLICATION')),
    failure_code TEXT NOT NULL DEFAULT '',
    failure_message TEXT NOT NULL DEFAULT '',
    worker TEXT NOT NULL DEFAULT '',
    heard REAL,
    expires REAL,
    parent INTEGER,
    awaits_parent INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    claimed TEXT,
    updated TEXT NOT NULL,
    UNIQUE (queue, key),
    CHECK ((state = 'RESERVED') = (expires IS NOT NULL))
);
CREATE INDEX waiting ON items (queue, priority DESC, coalesce(due, '~'), id)
    WHERE state = 'PENDING' AND awaits_parent = 0;
CREATE INDEX expiring ON items (queue, expires) WHERE state = 'RESERVED';
CREATE INDEX heard ON items (queue, heard) WHERE state = 'RESERVED';
CREATE INDEX outputs ON items (parent) WHERE awaits_parent = 1;
CREATE TABLE files (
    item INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    stored TEXT NOT NULL,
    PRIMARY KEY (item, name)
) WITHOUT ROWID;
"""


class QueueFile:
    """Runs transactions on the file, from any thread of this process and beside any number of other processes.

    Raises QueueError when the file is no work queue, can't be read or can't be written; a transaction that ends in
    an error, or whose process is killed, has changed nothing.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._log = -1
        self._pid = os.getpid()
        self._left_to_parent: list[sqlite3.Connection] = []
        with self._faults():
            if not create and not path.exists():
                raise QueueError(
                    f"there is no work queue {path}; name its file, or add items to begin one: `referee queue add`"
                )
            self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that may change items; durable when the body has been left.

        Workers wait for each other only while the body runs. The way to the disk comes after it and is shared: many
        workers' changes reach it together (see ADR 0020).
        """
        with self._guard, self._faults():
            with _transaction(self._ready(), "BEGIN IMMEDIATE") as connection:
                yield connection
            self._make_durable()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One view of the items, as they were at a single moment."""
        with self._guard, self._faults(), _transaction(self._ready(), "BEGIN") as connection:
            yield connection

    def close(self) -> None:
        """Gives the file back. Everything that was changed stays changed."""
        with self._guard:
            if self._log >= 0 and self._pid == os.getpid():
                os.close(self._log)
            self._log = -1
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ready(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            # SQLite's connections don't survive a fork; closing the parent's here could harm it.
            if self._connection is not None:
                self._left_to_parent.append(self._connection)
            self._connection, self._log, self._pid = None, -1, os.getpid()
            self._open()
        if self._connection is None:
            raise QueueError(f"the work queue {self.path} was closed; open it again")
        return self._connection

    def _open(self) -> None:
        make_folder(self.path.parent)
        is_new = not self.path.exists()
        if not is_new:
            _require_content(self.path)
        connection = sqlite3.connect(
            self.path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        if is_new:
            flush_folder(self.path.parent)
        self._connection = connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        with _transaction(connection, "BEGIN"):
            if not _is_ours(connection):
                raise QueueError(
                    f"{self.path} is the file of another program, not a work queue; name another file"
                )
        use_write_ahead_log(connection, PATIENCE_SECONDS)
        connection.execute("PRAGMA synchronous = NORMAL")  # `_make_durable` does the rest, outside the lock
        connection.execute("PRAGMA foreign_keys = ON")
        with _transaction(connection, "BEGIN IMMEDIATE"):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise QueueError(
                    f"the work queue {self.path} was written by a later version of Referee; use that version"
                )
            if version == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")

    def _make_durable(self) -> None:
        """Brings all that was committed so far to the disk: SQLite's write-ahead log, in which it stands.

        Where SQLite has moved it on into the main file meanwhile, it has flushed it there itself.
        """
        if self._log < 0:
            flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            self._log = os.open(f"{self.path}-wal", flags)
        flush(self._log)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            told, todo = reason_and_remedy(fault)
            raise QueueError(
                f"the work queue {self.path} can't be used: {told}; {todo}, then run again"
            ) from fault
        except OSError as fault:
            raise QueueError(
                f"the work queue {self.path} can't be used: {reason(fault)}; see to the disk and its rights, "
                "then run again"
            ) from fault


def _require_content(path: Path) -> None:
    """SQLite takes a file of 0 bytes for a new one; here it is one that has lost all its items."""
    if path.is_dir():
        raise QueueError(f"{path} is a folder, not a work queue; name the file of the queue")
    until = time.monotonic() + _BEGUN_SECONDS
    while path.stat().st_size == 0:
        if time.monotonic() >= until:
            raise QueueError(
                f"the work queue {path} is empty, 0 bytes: it has lost its items; restore it from its backup, or "
                "delete the file to begin a new queue"
            )
        time.sleep(0.02)


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    connection.execute(begin)
    with connection:  # commits, or rolls back
        yield connection


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether it is a work queue, or still nothing at all."""
    found: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return found == APPLICATION_ID or (found == 0 and tables == 0)

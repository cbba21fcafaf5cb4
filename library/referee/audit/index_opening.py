"""Opening the index of a log: a SQLite file that is believed only after it was held against the log."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from referee.audit.index_files import index_files, index_places, new_index_file, remove_index
from referee.audit.index_rows import (
    FORMAT,
    PLACES,
    TABLES,
    TOTALLED,
    contradicted,
    read_tail,
    with_checksums,
    write_tail,
)
from referee.audit.placed_records import PlacedRecords, UnusableIndexError
from referee.audit.record import Tail
from referee.audit.segments import log_id
from referee.files.write_ahead_log import use_write_ahead_log

APPLICATION_ID = 0x52464958  # "RFIX": tells an index from other SQLite files
PATIENCE_SECONDS = 10
"""How long an index waits for another process that brings it up to date; a step takes a fraction of a second."""
ANSWERING = tuple(table for table in TOTALLED if table != "records")
"""The tables that are checked before they answer; a record's row is checked where it is used."""

_CACHE_KIB = 64 * 1024
# Pages between two moves from SQLite's write-ahead log into the file. Measured: with its default of 1,000 a new index
# of a million records takes twice as long on a busy disk.
_LOG_PAGES = 16 * 1024


@dataclass(frozen=True, slots=True)
class OpenedIndex:
    """A sound index as far as ``tail``. ``path`` is None for one in memory; ``version`` is SQLite's count of changes at
    which its tables (``ANSWERING``) were checked; ``note`` says why an older index was not used, "" where none was.
    """

    connection: sqlite3.Connection
    path: Path | None
    tail: Tail
    version: int
    note: str = ""


def open_index(folder: Path, *, in_memory: bool) -> OpenedIndex:
    """The index of the log in a folder; a new one where there is none, in memory where no file can be written.

    One that isn't sound, or not that of this log, is deleted. Raises sqlite3.Error, and OSError for the log.
    """
    note = ""
    for place, beginning in () if in_memory else index_places(folder):
        refused = set()
        for path in index_files(place, beginning):
            found = _open_file(folder, path)
            if isinstance(found, OpenedIndex):
                return replace(found, note=note)
            note = found or note
            refused.add(path)
        try:
            made = new_index_file(place, beginning)
        except OSError:
            continue
        # Another process may have made one just now.
        first = next((path for path in index_files(place, beginning) if path not in refused), made)
        if first != made:
            remove_index(made)
        found = _open_file(folder, first)
        if isinstance(found, OpenedIndex):
            return replace(found, note=note)
        note = found or note
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    return replace(_prepared(connection, folder, None, 0), note=note)


def _open_file(folder: Path, path: Path) -> OpenedIndex | str:
    """Why not, when it is no sound index of this log, which is deleted then, or may not be written."""
    connection = None
    try:
        connection = sqlite3.connect(  # which mustn't make a file that was deleted just now
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        return _prepared(connection, folder, path, path.stat().st_ino)
    except FileNotFoundError:
        if connection is not None:
            connection.close()
        return ""
    except (sqlite3.Error, UnusableIndexError) as fault:
        if connection is not None:
            connection.close()
        if isinstance(fault, sqlite3.OperationalError):  # held by another program, or no right to write
            return f"the index {path} can't be used now ({fault})"
        remove_index(path)
        return f"the index {path} was not that of this log or damaged ({fault}), and is made anew"


def _prepared(connection: sqlite3.Connection, folder: Path, path: Path | None, inode: int) -> OpenedIndex:
    use_write_ahead_log(connection, PATIENCE_SECONDS)
    with_checksums(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the newest rows, never the order
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    connection.execute("PRAGMA cell_size_check = ON")
    log = log_id(folder)
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.executemany("INSERT INTO facts VALUES (?, ?)", [("log", log), ("inode", str(inode))])
            write_tail(connection, Tail())
        tail = _require_sound(connection, folder, log, inode)
        version = connection.execute("PRAGMA data_version").fetchone()[0]
    return OpenedIndex(connection, path, tail, version)


def _require_sound(connection: sqlite3.Connection, folder: Path, log: str, inode: int) -> Tail:
    kinds = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    ]
    if kinds != [APPLICATION_ID, FORMAT]:
        raise UnusableIndexError("it is of another kind")
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    # A copy, as from a backup, may have been taken in the midst of a change.
    if facts.get("inode") != str(inode):
        raise UnusableIndexError("it is a copy")
    tail = read_tail(connection)
    known = facts.get("log")
    if known != log and (known or tail.position):
        raise UnusableIndexError("it is that of another log")
    if tail.position:
        _require_newest(connection, folder, tail)
    if table := contradicted(connection, ANSWERING):
        raise UnusableIndexError(f"rows of its table {table} are missing or changed")
    return tail


def _require_newest(connection: sqlite3.Connection, folder: Path, tail: Tail) -> None:
    """The last record that the index knows must stand where it did."""
    rows = connection.execute(PLACES + "ORDER BY position DESC LIMIT 1").fetchall()
    if not rows or rows[0][0] != tail.position - 1 or rows[0][4].hex() != tail.hash:
        raise UnusableIndexError("it contradicts itself")
    if (folder / rows[0][1]).exists():  # else it is archived; what follows names its hash
        for _ in PlacedRecords(folder).lines(rows):
            pass

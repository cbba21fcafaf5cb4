"""What a fault of SQLite means to the person who must mend it."""

from __future__ import annotations

import sqlite3

_BYTE = 0xFF  # what is above it in a fault's code tells more of the same fault
_HELD = ("another program holds it", "close what has it open, or wait until that is done")
_DAMAGED = ("it is damaged", "restore it from its backup")
_NO_RIGHT = ("no right to write to it or its folder", "give the bot these rights")
_TOLD = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space"),
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: (
        "it is damaged, or a file of another kind",
        "restore it from its backup, or name another",
    ),
    sqlite3.SQLITE_READONLY: _NO_RIGHT,
    sqlite3.SQLITE_CANTOPEN: _NO_RIGHT,
    sqlite3.SQLITE_PERM: _NO_RIGHT,
    sqlite3.SQLITE_IOERR: ("the disk or share reports an error", "see to it"),
}


def is_held(fault: Exception) -> bool:
    """Whether another program had the file locked for longer than one would wait."""
    return _code(fault) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def reason_and_remedy(fault: sqlite3.Error) -> tuple[str, str]:
    """Why the file can't be used, in plain words, and what to do before the next run."""
    return _TOLD.get(_code(fault), (str(fault), "see to the disk that it is on"))


def _code(fault: Exception) -> int:
    """The kind of a fault by SQLite's primary codes; -1 for others."""
    code = getattr(fault, "sqlite_errorcode", None)
    return -1 if code is None else int(code) & _BYTE

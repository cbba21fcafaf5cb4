"""SQLite files that several processes write to."""

from __future__ import annotations

import sqlite3
import time

_PAUSE_SECONDS = 0.01


def use_write_ahead_log(connection: sqlite3.Connection, patience_seconds: float) -> None:
    """Turns to SQLite's write-ahead log, which lets others read on while one writes.

    SQLite doesn't wait here for another process that does the same, though it waits everywhere else. Raises
    sqlite3.OperationalError when somebody keeps the file locked for all that time.
    """
    until = time.monotonic() + patience_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return

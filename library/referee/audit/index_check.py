"""Holding an index against the log that it was made from: one that was changed on purpose agrees with its own sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from referee.audit.index_files import SUFFIX, index_files, index_places, is_shared
from referee.audit.index_rows import (
    TABLES,
    TOTALLED,
    RowWriter,
    read_tail,
    stored,
    with_checksums,
    write_tail,
)
from referee.audit.reading import read_lines
from referee.audit.record import Tail
from referee.audit.segments import log_id

_BATCH = 20_000
_PATIENCE_SECONDS = 10


def differing_indexes(
    folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[str], list[str]]:
    """What indexes of a log say that the log doesn't, a sentence for each such index; and why one wasn't compared.

    Each is made anew from the log, as far as it goes, and compared row by row; takes 35 to 45 µs of processor time
    a record. Bots may go on meanwhile. ``progress`` is told the records so far, and of how many. Raises AuditError when
    the log itself isn't what was written.
    """
    faults: list[str] = []
    skipped = [
        f"the index {path} wasn't compared with the log: that takes the right to write beside it"
        for path in _closed_to_us(folder)
    ]
    for place, beginning in index_places(folder):
        for path in index_files(place, beginning):
            try:
                fault = _fault(folder, path, progress)
            except FileNotFoundError:  # made anew just now
                continue
            except sqlite3.OperationalError as held:
                skipped.append(
                    f"the index {path} can't be read now ({held}), and wasn't compared with the log"
                )
                continue
            except sqlite3.Error as damage:
                fault = str(damage)
            except _ArchivedError as why:
                skipped.append(f"the index {path} can't be compared with the log: {why}")
                continue
            if fault:
                faults.append(
                    f"the index {path} doesn't say what the log says: {fault}; delete it, it is made anew from the "
                    "log. A bot that believed it may have done cases again, or left some undone: `referee audit show` "
                    "tells of a case done twice"
                )
    return faults, skipped


def has_index(folder: Path) -> bool:
    """Whether there is anything that ``differing_indexes`` would compare, or say why it doesn't."""
    return bool(_closed_to_us(folder)) or any(
        index_files(place, beginning) for place, beginning in index_places(folder)
    )


def _closed_to_us(folder: Path) -> list[Path]:
    """Indexes beside the log that bots use, where this user may only read."""
    is_used = is_shared(folder) or any(place == folder for place, _ in index_places(folder))
    return [] if is_used else sorted(folder.glob(f"audit-????????{SUFFIX}"))


class _ArchivedError(Exception):
    """Older files of the log aren't there to compare with."""


def _fault(folder: Path, path: Path, progress: Callable[[int, int], None]) -> str:
    index = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None
    )
    try:
        index.execute("BEGIN")  # one view, though bots go on
        known = dict(index.execute("SELECT name, value FROM facts"))
        tail = read_tail(index)
        if not tail.position or known.get("log") != log_id(folder):
            return ""  # whoever opens it finds that out and makes it anew
        made = sqlite3.connect("", isolation_level=None)  # in memory as long as it is small
        try:
            _make(folder, made, tail.position, progress)
            if read_tail(made) != tail:
                return f"its end isn't where record {tail.position - 1} ends"
            return next((told for table in TOTALLED if (told := _difference(table, made, index))), "")
        finally:
            made.close()
    finally:
        index.close()


def _make(folder: Path, made: sqlite3.Connection, count: int, progress: Callable[[int, int], None]) -> None:
    """The first rows of an index, from the log alone."""
    if not (folder / Tail().segment).exists():
        raise _ArchivedError("older files of the log are archived elsewhere")
    with_checksums(made)
    made.execute("PRAGMA synchronous = OFF")
    for statement in TABLES.split(";"):
        made.execute(statement)
    write_tail(made, Tail())
    rows = RowWriter(made)
    lines = islice(read_lines(folder, Tail()), count)
    done = 0
    while True:
        made.execute("BEGIN")
        with made:
            taken = rows.take(islice(lines, _BATCH))
        done += taken
        progress(done, count)
        if taken < _BATCH:
            return


def _difference(table: str, made: sqlite3.Connection, index: sqlite3.Connection) -> str:
    """The first row of a table that isn't the same, in words; "" where all are."""
    for right, found in zip_longest(_rows(table, made), _rows(table, index)):
        if right != found:
            return _told(table, right, found)
    return ""


def _rows(table: str, connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    order = "1, 2" if table == "bots" else "1"
    yield from connection.execute(f"SELECT * FROM {table} ORDER BY {order}")


def _told(table: str, right: tuple[Any, ...] | None, found: tuple[Any, ...] | None) -> str:
    first = min((row for row in (right, found) if row is not None), key=lambda row: row[0])
    if table == "records":
        return f"of record {first[0]}"
    return f"of case {stored(first[2])}" if table == "cases" else f"in its table {table}"

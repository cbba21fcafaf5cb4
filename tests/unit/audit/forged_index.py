"""An index that somebody changed who knows how its sums are made."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from referee.audit.index_rows import TOTALLED, _sum_of, with_checksums, write_totals


def forge(folder: Path, *statements: str) -> None:
    """Changes the index of a log by these statements, and its sums with them."""
    (path,) = folder.glob("audit-*.index")
    connection = sqlite3.connect(path)
    with_checksums(connection)
    for statement in statements:
        connection.execute(statement)
    sums = {table: connection.execute(_sum_of(table)).fetchone()[0] for table in TOTALLED}
    write_totals(connection, sums)
    connection.commit()
    connection.close()

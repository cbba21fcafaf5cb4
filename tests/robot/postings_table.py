"""Robot Framework library: looks into the portal's own database, past the portal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from robot.api.deco import keyword


@keyword
def posted_documents(database: str) -> list[str]:
    """Each row as ``confirmation invoice vendor type date amount-in-cents currency``, in the order of posting."""
    with closing(sqlite3.connect(Path(database).absolute().as_uri() + "?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select confirmation, invoice, vendor, document_type, invoice_date, amount_cents, currency"
            " from postings order by id"
        ).fetchall()
    return [" ".join(str(cell) for cell in row) for row in rows]

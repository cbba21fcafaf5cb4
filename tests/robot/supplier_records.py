"""Robot Framework library: looks into the records of the supplier accounts program, and holds one of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from robot.api.deco import keyword

from resources.legacy.supplier_accounts import records as records_module
from resources.legacy.supplier_accounts.records import OpenRecord, Records, read_suppliers

_held: list[OpenRecord] = []


@keyword
def saved_changes(file: str) -> list[str]:
    """One text for each saved change, the oldest first."""
    with closing(sqlite3.connect(f"{Path(file).as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "select confirmation, supplier, request, iban, bic, holder from changes order by id"
        )
        return [" ".join(row) for row in rows]


@keyword
def somebody_opens_record(file: str, supplier: str) -> None:
    """As if it were changed at another desk."""
    suppliers = read_suppliers(Path(records_module.__file__).with_name("suppliers.csv"))
    _held.append(Records(Path(file), suppliers, "MBAUER").open_for_change(supplier))


@keyword
def everybody_closes_records() -> None:
    """What was opened by the keyword before."""
    while _held:
        _held.pop().close()

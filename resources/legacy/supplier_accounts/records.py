"""What the program keeps: the suppliers' master data, every saved change, and who has which record open."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
MANDATORY = {"iban": "IBAN", "bic": "BIC", "holder": "Account holder", "request": "Request no."}

SCHEMA = """
create table if not exists suppliers (
    number  text primary key,
    name    text not null,
    country text not null,
    iban    text not null,
    bic     text not null,
    holder  text not null,
    status  text not null,
    changing_user text not null default ''
);
create table if not exists changes (
    id           integer primary key autoincrement,
    confirmation text not null unique,
    supplier     text not null,
    request      text not null,
    old_iban     text not null,
    iban         text not null,
    bic          text not null,
    holder       text not null,
    saved_by     text not null,
    saved_at     text not null
)
"""


class Refused(Exception):
    """The program's own words, each line with a number of its own."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """The master data of one supplier."""

    number: str
    name: str
    country: str
    iban: str
    bic: str
    holder: str
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """A saved change of bank details."""

    confirmation: str
    supplier: str
    request: str
    iban: str


class OpenRecord:
    """A supplier's record that nobody else can change until ``close``, or until its holder ends in whatever way."""

    def __init__(self, supplier: Supplier, claim: sqlite3.Connection) -> None:
        self.supplier = supplier
        self._claim = claim

    def close(self) -> None:
        self._claim.close()


class Records:
    """The records in one SQLite file, which several programs may have open.

    Saving the same request twice gives two changes: the program doesn't look.
    """

    def __init__(
        self,
        path: Path,
        suppliers: Mapping[str, Supplier],
        user: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._user = user
        self._clock = clock
        with closing(self._open()) as database:
            database.execute("begin immediate")
            for statement in SCHEMA.split(";"):
                database.execute(statement)
            database.executemany(
                "insert or ignore into suppliers (number, name, country, iban, bic, holder, status)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (s.number, s.name, s.country, s.iban, s.bic, s.holder, s.status)
                    for s in suppliers.values()
                ],
            )
            database.execute("commit")

    def supplier(self, number: str) -> Supplier:
        """Raises ``Refused`` for a number that is not in the records."""
        with closing(self._open()) as database:
            row = database.execute(
                "select number, name, country, iban, bic, holder, status from suppliers where number = ?",
                (number,),
            ).fetchone()
        if row is None:
            raise Refused(
                f"E101 Supplier '{number}' does not exist" if number else "E100 Supplier no.: entry required"
            )
        return Supplier(*row)

    def open_for_change(self, number: str) -> OpenRecord:
        """Raises ``Refused`` when somebody else has the record open, or the supplier is blocked."""
        supplier = self.supplier(number)
        if supplier.status != "active":
            raise Refused(f"E120 Supplier {number} is {supplier.status}: no changes allowed")
        # The operating system frees a locked file however its holder ends.
        claim = sqlite3.connect(f"{self._path}.{number}", timeout=0, isolation_level=None)
        try:
            claim.execute("begin exclusive")
        except sqlite3.OperationalError:
            claim.close()
            with closing(self._open()) as database:
                (who,) = database.execute(
                    "select changing_user from suppliers where number = ?", (number,)
                ).fetchone()
            raise Refused(f"E301 Supplier {number} is locked: being changed by {who}") from None
        with closing(self._open()) as database:
            database.execute("update suppliers set changing_user = ? where number = ?", (self._user, number))
        return OpenRecord(supplier, claim)

    def save(self, record: OpenRecord, entry: Mapping[str, str]) -> str:
        """Write the change and return its confirmation number. Raises ``Refused`` with all that is wrong with it."""
        refusals = [f"E001 {label}: entry required" for name, label in MANDATORY.items() if not entry[name]]
        iban, bic = entry["iban"].replace(" ", "").upper(), entry["bic"].upper()
        if iban and not has_right_check_digits(iban):
            refusals.append(f"E210 IBAN '{entry['iban']}': check digits wrong")
        if bic and not BIC.fullmatch(bic):
            refusals.append(f"E211 BIC '{entry['bic']}' not in format AAAABBCCDDD")
        if refusals:
            raise Refused("\n".join(refusals))
        now = self._clock()
        with closing(self._open()) as database:
            database.execute("begin immediate")
            (last,) = database.execute("select coalesce(max(id), 0) from changes").fetchone()
            confirmation = f"SA-{now.year:04d}-{last + 1:06d}"
            database.execute(
                "insert into changes (confirmation, supplier, request, old_iban, iban, bic, holder, saved_by, saved_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    confirmation,
                    record.supplier.number,
                    entry["request"],
                    record.supplier.iban,
                    iban,
                    bic,
                    entry["holder"],
                    self._user,
                    now.isoformat(timespec="milliseconds"),
                ),
            )
            database.execute(
                "update suppliers set iban = ?, bic = ?, holder = ? where number = ?",
                (iban, bic, entry["holder"], record.supplier.number),
            )
            database.execute("commit")
        return confirmation

    def changes(self, request: str) -> list[Change]:
        """The changes that were saved for a request, oldest first."""
        with closing(self._open()) as database:
            rows = database.execute(
                "select confirmation, supplier, request, iban from changes where request = ? order by id",
                (request,),
            ).fetchall()
        return [Change(*row) for row in rows]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


def has_right_check_digits(iban: str) -> bool:
    """By ISO 7064, MOD 97-10."""
    if not IBAN.fullmatch(iban):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def read_suppliers(path: Path) -> dict[str, Supplier]:
    """The suppliers to begin with, by number; the account holder is the supplier itself."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {
        row["number"]: Supplier(
            row["number"], row["name"], row["country"], row["iban"], row["bic"], row["name"], row["status"]
        )
        for row in rows
    }

"""What the portal keeps: its vendor master, the table of postings, and the checks before a row is written."""

from __future__ import annotations

import csv
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

DOCUMENT_TYPES = {"RE": "Invoice", "KG": "Credit note"}
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "PLN", "SEK")
MANDATORY = {
    "invoice": "Invoice no.",
    "vendor": "Vendor",
    "document_type": "Document type",
    "invoice_date": "Invoice date",
    "currency": "Currency",
    "amount": "Amount",
}
AMOUNT = re.compile(r"[0-9]{1,3}(\.[0-9]{3})*,[0-9]{2}")
DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
LARGEST_AMOUNT_IN_CENTS = 999_999_999

SCHEMA = """
create table if not exists postings (
    id            integer primary key autoincrement,
    confirmation  text not null unique,
    invoice       text not null,
    vendor        text not null,
    document_type text not null,
    invoice_date  text not null,
    due_date      text,
    po_number     text,
    currency      text not null,
    amount_cents  integer not null,
    posted_by     text not null,
    posted_at     text not null
)
"""


class DatabaseInUse(Exception):
    """Another portal still holds the database; end it first."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One posted document. Dates are ISO text, the amount is in cents."""

    confirmation: str
    invoice: str
    vendor: str
    document_type: str
    invoice_date: str
    currency: str
    amount_cents: int

    @property
    def amount(self) -> str:
        return european_amount(self.amount_cents)


class Postings:
    """The portal's database. Posting the same invoice twice gives two rows: the portal doesn't look.

    Only one portal at a time has a database: a new one waits up to ``patience`` seconds for the old one to
    end, so that nothing can still be posted behind the back of somebody who searches.
    """

    def __init__(
        self,
        path: Path,
        vendors: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = 15,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._claim = _claim(path, patience)
        self._vendors = vendors
        self._clock = clock
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._database.close()
        self._claim.close()

    def refusals(self, form: Mapping[str, str]) -> list[str]:
        """Everything that is wrong with an entry, in the portal's own words; empty if it can be posted."""
        found = [f"E001 {label}: entry required" for name, label in MANDATORY.items() if not form.get(name)]
        vendor = form.get("vendor", "")
        if vendor and vendor.casefold() not in self._vendors:
            found.append(f"E042 Vendor '{vendor}' does not exist in vendor master")
        if (kind := form.get("document_type", "")) and kind not in DOCUMENT_TYPES:
            found.append(f"E018 Document type '{kind}' not allowed")
        if (currency := form.get("currency", "")) and currency not in CURRENCIES:
            found.append(f"E019 Currency '{currency}' not maintained")
        amount = form.get("amount", "")
        if amount and not AMOUNT.fullmatch(amount):
            found.append(f"E017 Amount '{amount}' not in format 9.999.999,99")
        elif amount and not 0 < cents(amount) <= LARGEST_AMOUNT_IN_CENTS:
            found.append(f"E020 Amount '{amount}' outside 0,01 to 9.999.999,99")
        for name, label in (("invoice_date", "Invoice date"), ("due_date", "Due date")):
            text = form.get(name, "")
            if text and iso_date(text) is None:
                found.append(f"E016 {label} '{text}' not in format DD.MM.YYYY")
        return found

    def post(self, form: Mapping[str, str], user: str) -> str:
        """Write one row and return its confirmation number. The entry must have no refusals."""
        now = self._clock()
        due = form.get("due_date", "")
        with self._lock, self._database:
            self._database.execute("begin immediate")
            (last,) = self._database.execute("select coalesce(max(id), 0) from postings").fetchone()
            confirmation = f"AP-{now.year:04d}-{last + 1:06d}"
            self._database.execute(
                "insert into postings (confirmation, invoice, vendor, document_type, invoice_date, due_date,"
                " po_number, currency, amount_cents, posted_by, posted_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    confirmation,
                    form["invoice"],
                    self._vendors[form["vendor"].casefold()],
                    form["document_type"],
                    iso_date(form["invoice_date"]),
                    iso_date(due) if due else None,
                    form.get("po_number") or None,
                    form["currency"],
                    cents(form["amount"]),
                    user,
                    now.isoformat(timespec="milliseconds"),
                ),
            )
        return confirmation

    def search(self, invoice: str, vendor: str = "") -> list[Posting]:
        """Postings with exactly this invoice number, of this vendor if one is given, oldest first."""
        with self._lock:
            rows = self._database.execute(
                "select confirmation, invoice, vendor, document_type, invoice_date, currency, amount_cents"
                " from postings where invoice = ? order by id",
                (invoice,),
            ).fetchall()
        found = [Posting(*row) for row in rows]
        return [posting for posting in found if not vendor or posting.vendor.casefold() == vendor.casefold()]


def read_vendors(path: Path) -> dict[str, str]:
    """The vendor master: names as they are written, by their case-folded form."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"].casefold(): row["name"] for row in csv.DictReader(file, delimiter=";")}


def cents(amount: str) -> int:
    return int(amount.replace(".", "").replace(",", ""))


def european_amount(in_cents: int) -> str:
    whole, rest = divmod(in_cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02d}"


def iso_date(text: str) -> str | None:
    """``05.03.2026`` as ``2026-03-05``; none for anything that is not a day of the calendar."""
    match = DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _claim(path: Path, patience: float) -> sqlite3.Connection:
    """An exclusive lock beside the database; the operating system frees it however its holder ends."""
    claim = sqlite3.connect(
        path.with_name(path.name + ".claim"), timeout=patience, check_same_thread=False, isolation_level=None
    )
    try:
        claim.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        claim.close()
        raise DatabaseInUse(
            f"{path} is used by another portal that is still running; end it first"
        ) from error
    return claim

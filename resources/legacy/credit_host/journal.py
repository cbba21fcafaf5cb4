"""What the credit desk keeps: its customers, the journal of changed limits, and the checks before a change."""

from __future__ import annotations

import csv
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

AUTHORITY = 500_000
REFERENCE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,15}")
AMOUNT = re.compile(r"\d{1,9}|\d{1,3}(,\d{3})+")

SCHEMA = """
create table if not exists changes (
    id            integer primary key autoincrement,
    confirmation  text not null unique,
    reference     text not null,
    customer      text not null,
    old_limit     integer not null,
    new_limit     integer not null,
    changed_by    text not null,
    terminal      text not null,
    changed_at    text not null
)
"""


class DatabaseInUse(Exception):
    """Another host still holds the database; end it first."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A line of the customer master. Amounts are whole euros; ``limit`` is what it was before the first change."""

    number: str
    name: str
    city: str
    limit: int
    open_items: int
    overdue_days: int
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """One changed limit."""

    confirmation: str
    reference: str
    customer: str
    old_limit: int
    new_limit: int
    changed_by: str
    changed_at: str


class Journal:
    """The host's database. The same reference twice gives two rows: the host doesn't look.

    Only one host at a time has a database: a new one waits up to ``patience`` seconds for the old one to end, so that
    nothing can still be changed behind the back of somebody who looks.
    """

    def __init__(
        self,
        path: Path,
        customers: Mapping[str, Customer],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = 15,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._claim = _claim(path, patience)
        self._customers = customers
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
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

    @property
    def now(self) -> datetime:
        return self._clock()

    def customer(self, number: str) -> Customer | None:
        return self._customers.get(number)

    def limit_of(self, number: str) -> int:
        with self._lock:
            return self._limit_of(number)

    def hold(self, number: str, terminal: str) -> str:
        """Hold a customer's record for a terminal; returns the terminal that holds it."""
        with self._lock:
            return self._held.setdefault(number, terminal)

    def let_go(self, terminal: str) -> None:
        """What the terminal held can be held by others."""
        with self._lock:
            self._held = {number: holder for number, holder in self._held.items() if holder != terminal}

    def refusals(self, number: str, new_limit: str, reference: str) -> list[str]:
        """Everything that is wrong with a change, in the host's own words; empty if it can be made."""
        customer = self.customer(number)
        if customer is None:
            return [f"CD404E CUSTOMER {number} NOT ON FILE"]
        found = []
        if customer.status != "ACTIVE":
            found.append(f"CD421E CUSTOMER {number} IS {customer.status}")
        if not AMOUNT.fullmatch(new_limit):
            found.append("CD416E NEW LIMIT: WHOLE EUR, DIGITS ONLY")
        elif amount_of(new_limit) > AUTHORITY:
            found.append(f"CD420E NEW LIMIT ABOVE YOUR AUTHORITY OF {AUTHORITY:,}")
        elif amount_of(new_limit) == self.limit_of(number):
            found.append("CD422E NEW LIMIT IS THE CURRENT LIMIT")
        if not REFERENCE.fullmatch(reference):
            found.append("CD417E REFERENCE: 3 TO 16 LETTERS, DIGITS, HYPHENS")
        return found

    def change(self, number: str, new_limit: int, reference: str, user: str, terminal: str) -> str:
        """Write one row and return its confirmation number. The change must have no refusals."""
        now = self._clock()
        with self._lock, self._database:
            self._database.execute("begin immediate")
            (last,) = self._database.execute("select coalesce(max(id), 0) from changes").fetchone()
            confirmation = f"CL-{now.year:04d}-{last + 1:06d}"
            self._database.execute(
                "insert into changes (confirmation, reference, customer, old_limit, new_limit, changed_by, terminal,"
                " changed_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(confirmation, reference, number, self._limit_of(number), new_limit, user, terminal),
                    now.isoformat(timespec="milliseconds"),
                ),
            )
        return confirmation

    def search(self, reference: str) -> list[Change]:
        """Changes with exactly this reference, oldest first."""
        with self._lock:
            rows = self._database.execute(
                "select confirmation, reference, customer, old_limit, new_limit, changed_by, changed_at"
                " from changes where reference = ? order by id",
                (reference,),
            ).fetchall()
        return [Change(*row) for row in rows]

    def _limit_of(self, number: str) -> int:
        row = self._database.execute(
            "select new_limit from changes where customer = ? order by id desc limit 1", (number,)
        ).fetchone()
        return int(row[0]) if row else self._customers[number].limit


def read_customers(path: Path) -> dict[str, Customer]:
    """The customer master by customer number."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["number"]: Customer(
                *(row["number"], row["name"], row["city"]),
                *(int(row["limit"]), int(row["open_items"]), int(row["overdue_days"])),
                status=row["status"],
            )
            for row in csv.DictReader(file, delimiter=";")
        }


def amount_of(text: str) -> int:
    return int(text.replace(",", ""))


def _claim(path: Path, patience: float) -> sqlite3.Connection:
    """An exclusive lock beside the database; the operating system frees it however its holder ends."""
    claim = sqlite3.connect(
        path.with_name(path.name + ".claim"), timeout=patience, check_same_thread=False, isolation_level=None
    )
    try:
        claim.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        claim.close()
        raise DatabaseInUse(f"{path} is used by another host that is still running; end it first") from error
    return claim

"""The work of a night: items for three systems, what each is like, and the files that the bots decide them by.

Most are plain. Some are for people, some for a playbook, and some are poisoned: the system turns them down, its form
has no room for them, a fact is missing, or there are no facts at all.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook
from referee.workitems import NewItem, WorkQueue

VENDORS = ("Svea Fastigheter AB", "Océane Transports SARL", "Müller Reinigung e.K.", "Kessler Werkzeugbau KG")

PLAYBOOK = """\
playbook: ask sender
version: 1
start: noticed
states:
  noticed:
    transitions:
      - {on: start, do: write to sender, go to: waiting}
  waiting:
    check: read reply
    due: P2D
    transitions:
      - {on: reply, when: event.agrees = true, go to: settled}
      - {on: overdue, go to: silent}
  settled: {close: the sender takes it back}
  silent: {hand over: managers}
"""


class Story(StrEnum):
    """What an item is like, and with that how it has to end."""

    PLAIN = "plain"
    FOR_PEOPLE = "for people"
    EXCEPTION = "exception"
    REFUSED = "refused by the system"
    UNFIT = "no room in the form"
    FACT_MISSING = "a fact is missing"
    NO_FACTS = "no facts at all"


POISON = (Story.REFUSED, Story.UNFIT, Story.FACT_MISSING, Story.NO_FACTS)


@dataclass(frozen=True, slots=True)
class System:
    """One of the three: its queue, which is also the name of the decision, the action, and where it keeps its own
    records: file, table, columns of confirmation and case.
    """

    name: str
    queue: str
    action: str
    book: str
    table: str
    key_column: str
    facts: Mapping[str, str]
    amount: str
    limit: int

    @property
    def case_id(self) -> str:
        return next(iter(self.facts))


PORTAL = System(
    *("portal", "invoices", "post invoice", "postings.sqlite", "postings", "invoice"),
    facts={
        "invoice": "string",
        "vendor": "string",
        "document type": "string",
        "invoice date": "date",
        "currency": "string",
        "amount": "number",
    },
    amount="amount",
    limit=5_000,
)
DESKTOP = System(
    *("desktop", "suppliers", "change bank details", "records.sqlite", "changes", "request"),
    facts={
        "request": "string",
        "supplier": "string",
        "iban": "string",
        "bic": "string",
        "account holder": "string",
        "turnover": "number",
    },
    amount="turnover",
    limit=1_000_000,
)
GREEN = System(
    *("green", "limits", "change limit", "journal.sqlite", "changes", "reference"),
    facts={
        "request": "string",
        "customer": "string",
        "current limit": "number",
        "requested limit": "number",
    },
    amount="requested limit",
    limit=400_000,
)
SYSTEMS = (PORTAL, DESKTOP, GREEN)


@dataclass(frozen=True, slots=True)
class Item:
    system: System
    key: str
    story: Story
    payload: Any


def make_items(count: int, chance: random.Random) -> list[Item]:
    """As many for each system; one in twenty is poisoned, at least one in each way."""
    poisoned = max(len(POISON), round(count * 0.05))
    people = max(len(SYSTEMS), round(count * 0.07))
    exceptions = max(len(SYSTEMS), round(count * 0.05))
    stories = [
        *(POISON[number % len(POISON)] for number in range(poisoned)),
        *[Story.FOR_PEOPLE] * people,
        *[Story.EXCEPTION] * exceptions,
    ]
    stories += [Story.PLAIN] * (count - len(stories))
    # Each kind of trouble comes to each system before they are mixed.
    shares: list[list[Story]] = [stories[number :: len(SYSTEMS)] for number in range(len(SYSTEMS))]
    items = []
    for system, share in zip(SYSTEMS, shares, strict=True):
        chance.shuffle(share)
        make = MAKERS[system.name]
        for number, story in enumerate(share):
            key = f"{system.name[0].upper()}-{number:04}"
            facts = make(key, number, story, chance)
            if story is Story.FOR_PEOPLE:
                facts[system.amount] = system.limit + 1_000
            facts["remark"] = "query" if story is Story.EXCEPTION else "none"
            if story is Story.FACT_MISSING:
                del facts[system.amount]
            items.append(Item(system, key, story, f"row {number}" if story is Story.NO_FACTS else facts))
    return items


def add_items(path: Path, items: Sequence[Item]) -> None:
    queue = WorkQueue(path)
    try:
        for system in SYSTEMS:
            queue.add_many(
                system.queue, [NewItem(one.key, one.payload) for one in items if one.system is system]
            )
    finally:
        queue.close()


def _invoice(key: str, number: int, story: Story, chance: random.Random) -> dict[str, Any]:
    day = date(2026, 3, 1) + timedelta(days=chance.randrange(200))
    return {
        "invoice": key,
        "vendor": "Nobody Ltd" if story is Story.REFUSED else chance.choice(VENDORS),
        "document type": "receipt" if story is Story.UNFIT else "invoice",
        "invoice date": day.isoformat(),
        "currency": "EUR",
        "amount": chance.randint(1, 400_000) / 100,
    }


def _bank_details(key: str, number: int, story: Story, chance: random.Random) -> dict[str, Any]:
    iban = german_iban(chance.randrange(10**18))
    return {
        "request": key,
        "supplier": supplier(number),
        "iban": wrong(iban) if story is Story.REFUSED else iban,
        "bic": "" if story is Story.UNFIT else "INGDDEFFXXX",
        "account holder": f"Supplier {number}",
        "turnover": chance.randint(0, 900_000),
    }


def _limit(key: str, number: int, story: Story, chance: random.Random) -> dict[str, Any]:
    return {
        "request": key,
        "customer": "999999" if story is Story.REFUSED else customer(number),
        "current limit": 50_000,
        "requested limit": 60_000.5 if story is Story.UNFIT else 60_000 + 100 * chance.randint(0, 3_000),
    }


MAKERS: Mapping[str, Callable[[str, int, Story, random.Random], dict[str, Any]]] = {
    "portal": _invoice,
    "desktop": _bank_details,
    "green": _limit,
}


def supplier(number: int) -> str:
    return str(80_000 + number)


def customer(number: int) -> str:
    return str(200_000 + number)


def german_iban(account: int) -> str:
    rest = f"{account:018}"
    return f"DE{98 - int(rest + '131400') % 97:02}{rest}"


def wrong(iban: str) -> str:
    """With a digit that its check digits don't fit to."""
    return iban[:-1] + str((int(iban[-1]) + 1) % 10)


def write_masters(folder: Path, count: int) -> None:
    """A supplier and a customer for each item, so that the order of the items doesn't matter."""
    rows = [
        (supplier(n), f"Supplier {n}", "DE", "DE02120300000000202051", "BYLADEM1001", "active")
        for n in range(count)
    ]
    _write_csv(folder / "suppliers.csv", ("number", "name", "country", "iban", "bic", "status"), rows)
    customers = [(customer(n), f"Customer {n}", "Bremen", 50_000, 1_200, 0, "ACTIVE") for n in range(count)]
    heading = ("number", "name", "city", "limit", "open_items", "overdue_days", "status")
    _write_csv(folder / "customers.csv", heading, customers)


def _write_csv(path: Path, heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(heading)
        writer.writerows(rows)


def write_decisions(folder: Path) -> None:
    """A workbook for each system, and the playbook of all."""
    playbooks = folder / "playbooks"
    playbooks.mkdir()
    (playbooks / "ask.yaml").write_text(PLAYBOOK, encoding="utf-8")
    for system in SYSTEMS:
        rules = (
            ('"none"', f"<= {system.limit}", "auto", system.action, None, "small enough"),
            ('"none"', f"> {system.limit}", "human", None, "managers", "over the limit"),
            ('"query"', "-", "exception", "ask sender", None, "something is to be asked"),
        )
        draft = WorkbookDraft(
            settings=Settings(
                name=system.queue,
                version="1",
                owner="night shift",
                purpose="decide what comes in overnight",
                case_id=system.case_id,
                route_table="routing",
                doubt_queue="clerks",
            ),
            facts=(
                *(FactDefinition(name, kind) for name, kind in system.facts.items() if name != "bic"),
                *((FactDefinition("bic", "string", required=False),) if "bic" in system.facts else ()),
                FactDefinition("remark", "string", '"none","query"'),
            ),
            tables=(
                TableDraft(
                    "routing",
                    HitPolicy.UNIQUE,
                    ("remark", system.amount),
                    ("route", "action", "queue", "reason"),
                    rules,
                ),
            ),
        )
        write_workbook(folder / f"{system.queue}.xlsx", draft)

"""The small decisions that new bots start from, each with the cases of its first run."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.tables import HitPolicy
from referee.workbook import (
    Change,
    FactDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    WorkbookTest,
    new_decision,
)


@dataclass(frozen=True, slots=True)
class Example:
    """How the workbook is made from a name, an author and a day; and what stands in the input file."""

    decision: Callable[[str, str, datetime.date], WorkbookDraft]
    columns: tuple[str, ...]
    cases: tuple[tuple[Any, ...], ...]


def _payments(name: str, author: str, day: datetime.date) -> WorkbookDraft:
    return new_decision(name, author=author, day=day)


def _routed(
    name: str,
    author: str,
    day: datetime.date,
    *,
    purpose: str,
    facts: Sequence[FactDefinition],
    queue: str,
    inputs: tuple[str, ...],
    rules: Sequence[tuple[Any, ...]],
    tests: Sequence[tuple[str, Mapping[str, Any], Mapping[str, str]]],
) -> WorkbookDraft:
    """A decision of one table, which people replace piece by piece."""
    return WorkbookDraft(
        Settings(name, "0.1", author, purpose, facts[0].name, "routing", queue),
        tuple(facts),
        (
            TableDraft(
                "routing",
                HitPolicy.UNIQUE,
                inputs,
                ("route", "action", "queue", "reason"),
                tuple(rules),
                sheet="Routing",
            ),
        ),
        tests=tuple(WorkbookTest(title, dict(given), dict(expected)) for title, given, expected in tests),
        changes=(Change("0.1", day, author, "", "Started from the example", "A new bot"),),
    )


def _optional(name: str, type: str, description: str, allowed: str = "") -> FactDefinition:
    """A fact that no rule asks for, or that may be blank: the keywords for the application turn down what they can't
    enter, and that case goes to people.
    """
    return FactDefinition(name, type, allowed, required=False, description=description)


def _limits(name: str, author: str, day: datetime.date) -> WorkbookDraft:
    def raised(by: str, number: str) -> dict[str, Any]:
        return {
            "request": number,
            "current limit": Decimal(50000),
            "requested limit": Decimal(50000) + Decimal(by),
        }

    people = {"route": "human", "queue": "credit management"}
    return _routed(
        name,
        author,
        day,
        purpose="An example to change: which credit limits a bot changes by itself, and which people look at first.",
        facts=(
            FactDefinition("request", "string", description="what tells one request from another"),
            _optional("customer", "string", "the customer's number, six digits"),
            FactDefinition("current limit", "number", "[0..999999999]", description="in whole euros"),
            FactDefinition("requested limit", "number", "[0..999999999]", description="in whole euros"),
        ),
        queue="credit management",
        inputs=("requested limit - current limit",),
        rules=(
            ("< 0", "auto", "change limit", None, "The limit is lowered."),
            ("[0..10000]", "auto", "change limit", None, "It is raised a little."),
            ("> 10000", "human", None, "credit management", "It is raised by more than 10,000."),
        ),
        tests=(
            ("lowered", raised("-1", "1"), {"route": "auto", "action": "change limit"}),
            ("raised a little", raised("10000", "2"), {"route": "auto", "action": "change limit"}),
            ("raised a lot", raised("10001", "3"), people),
            (
                "nothing asked for, so people decide",
                {"request": "4", "current limit": Decimal(50000)},
                people,
            ),
        ),
    )


def _bank_details(name: str, author: str, day: datetime.date) -> WorkbookDraft:
    change = {"route": "auto", "action": "change bank details"}
    people = {"route": "human", "queue": "supplier master data"}
    return _routed(
        name,
        author,
        day,
        purpose="An example to change: which bank details a bot changes by itself, and which people look at first.",
        facts=(
            FactDefinition("request", "string", description="what tells one request from another"),
            _optional("supplier", "string", "the supplier's number"),
            FactDefinition(
                "iban",
                "string",
                required=False,
                sensitive=True,
                logged_as="mask 4",
                description="the new account",
            ),
            _optional("bic", "string", "the bank of the new account"),
            _optional("account holder", "string", "whose account it is"),
            FactDefinition(
                "confirmed", "boolean", description="whether the supplier confirmed it when called back"
            ),
            FactDefinition(
                "open amount", "number", "[0..100000000]", description="what is to be paid, in euros"
            ),
        ),
        queue="supplier master data",
        inputs=("confirmed", "open amount"),
        rules=(
            (True, "<= 20000", "auto", "change bank details", None, "The supplier confirmed it."),
            (True, "> 20000", "human", None, "supplier master data", "Much is to be paid to this account."),
            (False, "-", "human", None, "supplier master data", "The supplier has to be called first."),
        ),
        tests=(
            ("confirmed", {"request": "1", "confirmed": True, "open amount": Decimal(20000)}, change),
            (
                "much to be paid",
                {"request": "2", "confirmed": True, "open amount": Decimal("20000.01")},
                people,
            ),
            ("not confirmed", {"request": "3", "confirmed": False, "open amount": Decimal(10)}, people),
            ("nobody knows, so people decide", {"request": "4", "open amount": Decimal(10)}, people),
        ),
    )


def _invoices(name: str, author: str, day: datetime.date) -> WorkbookDraft:
    post = {"route": "auto", "action": "post invoice"}
    people = {"route": "human", "queue": "accounts payable"}
    return _routed(
        name,
        author,
        day,
        purpose="An example to change: which invoices a bot posts by itself, and which people look at first.",
        facts=(
            FactDefinition("document", "string", description="your own number for the invoice that arrived"),
            _optional("invoice", "string", "the supplier's number"),
            _optional("vendor", "string", "the supplier's name in the portal"),
            _optional("document type", "string", "what it is", '"invoice","credit note"'),
            _optional("po number", "string", "the order it belongs to"),
            _optional("currency", "string", "the currency of the amount"),
            FactDefinition("amount", "number", "[0..1000000]", description="the net amount"),
            _optional("invoice date", "date", "the date on the invoice"),
            _optional("due date", "date", "when it is to be paid"),
        ),
        queue="accounts payable",
        inputs=("amount", "po number"),
        rules=(
            ("<= 1000", "not(null)", "auto", "post invoice", None, "It has an order and is small."),
            ("<= 1000", "null", "human", None, "accounts payable", "There is no order for it."),
            ("> 1000", "-", "human", None, "accounts payable", "The amount needs a second look."),
        ),
        tests=(
            (
                "small, with an order",
                {"document": "1", "amount": Decimal(1000), "po number": "4500000001"},
                post,
            ),
            ("small, without one", {"document": "2", "amount": Decimal(1000)}, people),
            (
                "large",
                {"document": "3", "amount": Decimal("1000.01"), "po number": "4500000001"},
                people,
            ),
            ("no amount, so people decide", {"document": "4", "po number": "4500000001"}, people),
        ),
    )


_DAY = datetime.date(2026, 3, 2)
_DUE = datetime.date(2026, 4, 1)
_IBAN = "DE89370400440532013000"  # the example of the IBAN registry

EXAMPLES: Mapping[str, Example] = {
    "spreadsheet": Example(
        _payments,
        ("case id", "amount", "trusted"),
        (
            ("PAY-1001", 120, False),
            ("PAY-1002", 2300, True),
            ("PAY-1003", 2300, False),
            ("PAY-1004", 48000, True),
            ("PAY-1005", None, True),
        ),
    ),
    "web": Example(
        _invoices,
        (
            *("document", "invoice", "vendor", "document type", "po number", "currency", "amount"),
            *("invoice date", "due date"),
        ),
        (
            (
                "DOC-1001",
                "2026-117",
                "Nordwind Papier GmbH",
                "invoice",
                "4500000001",
                "EUR",
                412.5,
                _DAY,
                _DUE,
            ),
            ("DOC-1002", "R-88120", "Alpenblick Catering AG", "invoice", None, "EUR", 96, _DAY, _DUE),
            (
                "DOC-1003",
                "KW-5521",
                "Kessler Werkzeugbau KG",
                "invoice",
                "4500000007",
                "EUR",
                7800,
                _DAY,
                _DUE,
            ),
            (
                "DOC-1004",
                "B/2026/9",
                "Brightline Office Supplies Ltd",
                "invoice",
                "4500000009",
                "EUR",
                None,
                _DAY,
                _DUE,
            ),
        ),
    ),
    "desktop": Example(
        _bank_details,
        ("request", "supplier", "iban", "bic", "account holder", "confirmed", "open amount"),
        (
            ("BD-1001", "70010", _IBAN, "COBADEFFXXX", "Nordwind Papier GmbH", True, 1200),
            ("BD-1002", "70030", _IBAN, "COBADEFFXXX", "Kessler Werkzeugbau KG", False, 300),
            ("BD-1003", "70040", _IBAN, "COBADEFFXXX", "Hansa Logistik GmbH & Co. KG", True, 86000),
            ("BD-1004", "70060", _IBAN, "COBADEFFXXX", "Müller Reinigung e.K.", None, 90),
        ),
    ),
    "greenscreen": Example(
        _limits,
        ("request", "customer", "current limit", "requested limit"),
        (
            ("CR-1001", "100120", 50000, 58000),
            ("CR-1002", "100155", 20000, 15000),
            ("CR-1003", "100183", 120000, 200000),
            ("CR-1004", "100183", 120000, None),
        ),
    ),
}

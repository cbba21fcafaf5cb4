"""Robot Framework library: what a case says, in the words of the portal's entry form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from robot.api.deco import keyword

DOCUMENT_TYPES = {"invoice": "RE", "credit note": "KG"}
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class NotForThePortal(Exception):
    """A case that the entry form has no room for. Nothing has been entered; other cases are not affected."""

    ROBOT_SUPPRESS_NAME = True


@keyword
def portal_entry_for_case(case: Mapping[str, Any]) -> dict[str, str]:
    """The form's fields by name. Nothing is rounded or guessed: what doesn't fit fails, naming each fact.

    A credit note is entered without its sign, as the document type says it.
    """
    facts = case["facts"]
    faults: list[str] = []

    def taken(convert: Any, fact: str) -> str:
        try:
            return str(convert(facts.get(fact)))
        except ValueError as error:
            faults.append(f"{fact} {error}")
            return ""

    kind = facts.get("document type")
    entry = {
        "invoice": taken(required_text, "invoice"),
        "vendor": taken(required_text, "vendor"),
        "document_type": taken(document_type, "document type"),
        "invoice_date": taken(european_date, "invoice date"),
        "due_date": "" if facts.get("due date") is None else taken(european_date, "due date"),
        "po_number": "" if facts.get("po number") is None else taken(required_text, "po number"),
        "currency": taken(required_text, "currency"),
        "amount": taken(european_amount, "amount"),
    }
    if kind == "credit note":
        entry["amount"] = entry["amount"].removeprefix("-")
    if faults:
        raise NotForThePortal(
            f"refused: invoice {case['id']} can't be entered in the portal: {'; '.join(faults)}"
        )
    return entry


def required_text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {shown(value)}, a text is needed")
    return value


def document_type(value: object) -> str:
    if not isinstance(value, str) or value not in DOCUMENT_TYPES:
        raise ValueError(f"is {shown(value)}, the portal knows {' and '.join(DOCUMENT_TYPES)}")
    return DOCUMENT_TYPES[value]


def european_amount(value: object) -> str:
    """``1234.5`` as ``1.234,50``; more than two decimals are refused, never rounded."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError(f"is {shown(value)}, a number is needed")
    in_cents = Decimal(value) * 100
    if in_cents != in_cents.to_integral_value():
        raise ValueError(f"is {value}, the portal takes two decimals")
    whole, rest = divmod(abs(int(in_cents)), 100)
    return f"{'-' if in_cents < 0 else ''}{whole:,}".replace(",", ".") + f",{rest:02d}"


def european_date(value: object) -> str:
    """``2026-03-05`` as ``05.03.2026``, from anything whose text is an ISO date (a FEEL or a Python date)."""
    match = ISO_DATE.fullmatch(str(value))
    if match is None:
        raise ValueError(f"is {shown(value)}, a date is needed")
    year, month, day = match.groups()
    return f"{day}.{month}.{year}"


def shown(value: object) -> str:
    return "missing" if value is None else f"'{value}'"

"""What a case says in the words of the portal's form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.legacy.ap_portal.postings import AMOUNT, cents
from resources.legacy.portal_entry import NotForThePortal, european_amount, portal_entry_for_case

FACTS: dict[str, Any] = {
    "invoice": "DOC-1",
    "vendor": "Svea Fastigheter AB",
    "document type": "invoice",
    "invoice date": date(2026, 3, 5),
    "due date": None,
    "po number": None,
    "currency": "EUR",
    "amount": Decimal("1234.5"),
}


def entry(**changes: Any) -> dict[str, str]:
    facts = FACTS | {name.replace("_", " "): value for name, value in changes.items()}
    return portal_entry_for_case({"id": "DOC-1", "facts": facts})


def test_numbers_and_dates_are_written_as_the_portal_wants_them() -> None:
    assert entry(due_date=date(2026, 4, 4), po_number="PO-7") == {
        "invoice": "DOC-1",
        "vendor": "Svea Fastigheter AB",
        "document_type": "RE",
        "invoice_date": "05.03.2026",
        "due_date": "04.04.2026",
        "po_number": "PO-7",
        "currency": "EUR",
        "amount": "1.234,50",
    }


def test_blank_optional_facts_stay_blank() -> None:
    assert (entry()["due_date"], entry()["po_number"]) == ("", "")


def test_a_credit_note_is_entered_without_its_sign() -> None:
    credit = entry(document_type="credit note", amount=Decimal("-112.80"))
    assert (credit["document_type"], credit["amount"]) == ("KG", "112,80")


def test_the_sign_of_an_invoice_is_kept_for_the_portal_to_refuse() -> None:
    assert entry(amount=Decimal(-5))["amount"] == "-5,00"


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("amount", "1.234", "amount is '1.234', a number is needed"),
        ("amount", None, "amount is missing, a number is needed"),
        ("amount", True, "a number is needed"),
        ("amount", Decimal("NaN"), "a number is needed"),
        ("amount", Decimal("1.005"), "amount is 1.005, the portal takes two decimals"),
        ("invoice_date", None, "invoice date is missing, a date is needed"),
        ("invoice_date", "31.02.2026", "a date is needed"),
        ("due_date", "soon", "due date is 'soon'"),
        ("document_type", "pro forma", "the portal knows invoice and credit note"),
        ("vendor", " ", "vendor is ' ', a text is needed"),
        ("currency", None, "currency is missing"),
    ],
)
def test_what_does_not_fit_the_form_is_refused_by_fact(fact: str, value: Any, words: str) -> None:
    with pytest.raises(NotForThePortal, match="invoice DOC-1 can't be entered in the portal") as refused:
        entry(**{fact: value})
    assert words in str(refused.value)


def test_all_facts_that_do_not_fit_are_named_at_once() -> None:
    with pytest.raises(NotForThePortal, match=r"invoice date .*; amount "):
        entry(invoice_date=None, amount=None)


@given(st.integers(min_value=1, max_value=999_999_999))
def test_every_amount_survives_the_way_through_the_form(in_cents: int) -> None:
    written = european_amount(Decimal(in_cents) / 100)
    assert AMOUNT.fullmatch(written)
    assert cents(written) == in_cents

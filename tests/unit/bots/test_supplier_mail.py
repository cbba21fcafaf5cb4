"""Queries to suppliers and their replies, as files in folders."""

from __future__ import annotations

from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from bots.invoice_approval.supplier_mail import (
    NoSupplierAddress,
    answer_in,
    find_supplier_reply,
    write_supplier_query,
)

CASE: dict[str, Any] = {
    "id": "DOC-2026-0041",
    "facts": {
        "invoice": "DOC-2026-0041",
        "vendor": "Müller Reinigung e.K.",
        "amount": Decimal("196.91"),
        "currency": "EUR",
        "po number": "PO-4500017213",
        "price deviation": Decimal("4.0000"),
        "quantity deviation": None,
    },
}


@pytest.fixture
def addresses(tmp_path: Path) -> str:
    path = tmp_path / "addresses.csv"
    path.write_text("vendor;address\nMüller Reinigung e.K.;buero@mueller.example\n", encoding="utf-8")
    return str(path)


def reply(
    folder: Path,
    name: str,
    text: str,
    *,
    sender: str = "Büro <buero@mueller.example>",
    subject: str = "AW: Question about your invoice [DOC-2026-0041]",
) -> None:
    folder.mkdir(exist_ok=True)
    mail = f"From: {sender}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}"
    (folder / name).write_bytes(mail.encode("utf-8"))


def test_a_query_names_invoice_order_and_deviation(tmp_path: Path, addresses: str) -> None:
    path = write_supplier_query(CASE, str(tmp_path / "outbox"), addresses)
    mail = message_from_bytes(Path(path).read_bytes(), policy=policy.default)
    body = mail.get_body()
    assert body is not None
    text = body.get_content()
    assert mail["To"] == "buero@mueller.example"
    assert "[DOC-2026-0041]" in mail["Subject"]
    for words in ("DOC-2026-0041", "PO-4500017213", "4.0000 percent", "196.91 EUR"):
        assert words in text
    assert "quantity deviation" not in text


def test_a_second_query_is_a_reminder_beside_the_first(tmp_path: Path, addresses: str) -> None:
    first = Path(write_supplier_query(CASE, str(tmp_path), addresses))
    before = first.read_bytes()
    second = Path(write_supplier_query(CASE, str(tmp_path), addresses))
    assert (first.name, second.name) == ("DOC-2026-0041-query-1.eml", "DOC-2026-0041-query-2.eml")
    assert first.read_bytes() == before
    assert b"reminder no. 1" in second.read_bytes()


def test_a_supplier_without_address_cannot_be_asked(tmp_path: Path, addresses: str) -> None:
    stranger = {"id": "X", "facts": {**CASE["facts"], "vendor": "Nobody"}}
    with pytest.raises(NoSupplierAddress, match="no address for the supplier Nobody"):
        write_supplier_query(stranger, str(tmp_path / "outbox"), addresses)
    assert list((tmp_path / "outbox").iterdir()) == []


def test_no_reply_is_none(tmp_path: Path, addresses: str) -> None:
    inbox = tmp_path / "inbox"
    assert find_supplier_reply(CASE, str(inbox), addresses) is None
    reply(inbox, "other.eml", "AGREED", subject="Re: [DOC-2026-0042]")
    assert find_supplier_reply(CASE, str(inbox), addresses) is None


@pytest.mark.parametrize(
    ("text", "agrees"),
    [
        ("AGREED\n\n> NOT AGREED\n", True),
        ("\n> quoted\nNot agreed.\nregards", False),
        ("We agreed last year on something else", None),
        ("", None),
    ],
)
def test_the_first_line_decides(tmp_path: Path, addresses: str, text: str, agrees: bool | None) -> None:
    reply(tmp_path / "inbox", "1.eml", text)
    found = find_supplier_reply(CASE, str(tmp_path / "inbox"), addresses)
    assert found is not None
    assert found["agrees"] is agrees
    assert found["from"] == "buero@mueller.example"


def test_a_reply_from_another_address_is_not_believed(tmp_path: Path, addresses: str) -> None:
    reply(tmp_path / "inbox", "1.eml", "AGREED", sender="crook@elsewhere.example")
    found = find_supplier_reply(CASE, str(tmp_path / "inbox"), addresses)
    assert found is not None and found["agrees"] is None


def test_replies_that_contradict_each_other_are_not_believed(tmp_path: Path, addresses: str) -> None:
    reply(tmp_path / "inbox", "1.eml", "AGREED")
    reply(tmp_path / "inbox", "2.eml", "NOT AGREED")
    found = find_supplier_reply(CASE, str(tmp_path / "inbox"), addresses)
    assert found is not None and found["agrees"] is None


def test_a_reply_in_an_unknown_character_set_is_not_believed(tmp_path: Path, addresses: str) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    head = (
        "From: buero@mueller.example\nSubject: [DOC-2026-0041]\nContent-Type: text/plain; charset=klingon\n\n"
    )
    (inbox / "1.eml").write_bytes(head.encode() + b"AGREED\n")
    found = find_supplier_reply(CASE, str(inbox), addresses)
    assert found is not None and found["agrees"] is None


def test_the_answer_ignores_case_and_spaces() -> None:
    assert answer_in("  not   AGREED! \n") is False

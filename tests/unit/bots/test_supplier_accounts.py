"""What the supplier accounts program keeps, and how the bot reads its messages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resources.legacy import supplier_accounts
from resources.legacy.supplier_accounts.records import (
    Records,
    Refused,
    has_right_check_digits,
    read_suppliers,
)
from resources.legacy.supplier_accounts.screens import BANK_FIELDS, RELEASES, bank_fields
from resources.legacy.supplier_accounts_program import (
    ChangeNotKnown,
    NotForTheProgram,
    bank_details_of_case,
    confirmation_in,
    confirmations_in,
)

SUPPLIERS = read_suppliers(Path(supplier_accounts.__file__).with_name("suppliers.csv"))
ENTRY = {
    "iban": "DE75 5121 0800 1245 1261 99",
    "bic": "SOGEDEFFXXX",
    "holder": "Nordwind",
    "request": "REQ-1",
}


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "r.sqlite", SUPPLIERS, "APBOT", clock=lambda: datetime(2026, 3, 16, tzinfo=UTC))


def test_the_suppliers_to_begin_with_have_right_ibans() -> None:
    assert [s.number for s in SUPPLIERS.values() if not has_right_check_digits(s.iban)] == []


def test_a_change_is_kept_with_what_was_there_before(records: Records, tmp_path: Path) -> None:
    record = records.open_for_change("70010")
    assert records.save(record, ENTRY) == "SA-2026-000001"
    assert records.supplier("70010").iban == "DE75512108001245126199"
    (change,) = records.changes("REQ-1")
    assert (change.confirmation, change.supplier, change.iban) == (
        "SA-2026-000001",
        "70010",
        "DE75512108001245126199",
    )
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as database:
        assert database.execute("select old_iban, saved_by from changes").fetchall() == [
            ("DE02120300000000202051", "APBOT")
        ]


def test_the_same_request_can_be_saved_twice(records: Records) -> None:
    for _ in range(2):
        record = records.open_for_change("70010")
        records.save(record, ENTRY)
        record.close()
    assert len(records.changes("REQ-1")) == 2


def test_everything_that_is_wrong_with_an_entry_is_told_at_once(records: Records) -> None:
    record = records.open_for_change("70010")
    with pytest.raises(Refused) as refused:
        records.save(record, {"iban": "DE00", "bic": "x", "holder": "", "request": "REQ-1"})
    assert [line[:4] for line in str(refused.value).splitlines()] == ["E001", "E210", "E211"]
    assert records.changes("REQ-1") == []


def test_one_record_can_be_changed_by_one_user_at_a_time(records: Records, tmp_path: Path) -> None:
    other = Records(tmp_path / "r.sqlite", SUPPLIERS, "MBAUER")
    held = other.open_for_change("70010")
    with pytest.raises(Refused, match="E301 Supplier 70010 is locked: being changed by MBAUER"):
        records.open_for_change("70010")
    records.open_for_change("70020").close()
    held.close()
    records.open_for_change("70010").close()


def test_each_later_release_changes_the_screen_of_bank_details_or_comes_with_news() -> None:
    standard = list(BANK_FIELDS.items())
    changed = [release for release in RELEASES if list(bank_fields(release).items()) != standard]
    assert changed == ["renamed", "moved", "missing"]


def test_facts_that_are_missing_are_refused_by_name() -> None:
    facts = {"request": "REQ-1", "iban": None, "bic": "SOGEDEFFXXX", "account holder": " "}
    with pytest.raises(
        NotForTheProgram, match=r"^refused: request REQ-1 .*: iban, account holder are missing$"
    ):
        bank_details_of_case({"id": "REQ-1", "facts": facts})


def test_a_message_about_another_request_is_no_confirmation() -> None:
    message = "Bank details of supplier 70010 saved.\nRequest no. REQ-11\nConfirmation no. SA-2026-000007"
    assert confirmation_in(message, "REQ-11") == "SA-2026-000007"
    with pytest.raises(ChangeNotKnown, match="search for it"):
        confirmation_in(message, "REQ-1")


def test_only_changes_of_the_very_request_are_found() -> None:
    lines = "SA-2026-000001\t70010\tREQ-1\tDE75\nSA-2026-000002\t70010\tREQ-11\tDE75"
    assert confirmations_in(lines, "REQ-1") == ["SA-2026-000001"]
    assert confirmations_in("", "REQ-1") == []

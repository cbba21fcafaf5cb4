"""The example of the supplier changes bot fits the supplier accounts that come with it."""

from __future__ import annotations

from pathlib import Path

from bots.supplier_changes import generate_input
from resources.legacy import supplier_accounts
from resources.legacy.supplier_accounts.records import has_right_check_digits, read_suppliers


def test_the_committed_requests_are_what_the_generator_makes(tmp_path: Path) -> None:
    assert generate_input.write(tmp_path / "made.csv").read_bytes() == generate_input.FILE.read_bytes()
    assert generate_input.make_requests(1) != generate_input.make_requests(2)


def test_every_request_names_a_supplier_and_the_account_of_the_supplier_accounts() -> None:
    suppliers = read_suppliers(Path(supplier_accounts.__file__).with_name("suppliers.csv"))
    for request in generate_input.make_requests():
        assert request["current iban"] == suppliers[request["supplier"]].iban


def test_one_new_account_has_a_typing_error_and_one_is_missing() -> None:
    wrong = [r["iban"] for r in generate_input.make_requests() if not has_right_check_digits(r["iban"])]
    assert len(wrong) == 2 and wrong[1] == ""

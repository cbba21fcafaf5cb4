"""The committed example input is what the generator makes."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from openpyxl import load_workbook

from bots.invoice_approval import generate_input
from resources.legacy import ap_portal

COMMITTED = generate_input.FOLDER


def cells(path: Path) -> dict[str, list[tuple[object, ...]]]:
    book = load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_the_committed_workbook_is_reproduced_cell_for_cell(tmp_path: Path) -> None:
    assert cells(generate_input.write(tmp_path)) == cells(COMMITTED / "invoices.xlsx")


def test_the_committed_addresses_are_reproduced(tmp_path: Path) -> None:
    generate_input.write(tmp_path)
    name = "supplier_addresses.csv"
    assert (tmp_path / name).read_text("utf-8") == (COMMITTED / name).read_text("utf-8")


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = generate_input.write(tmp_path / "a"), generate_input.write(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_another_seed_gives_other_invoices() -> None:
    assert generate_input.make_invoices(1) != generate_input.make_invoices(2)


def test_documents_are_numbered_once_each() -> None:
    counted = Counter(invoice.cells["Document"] for invoice in generate_input.make_invoices())
    assert set(counted.values()) == {1}
    assert 60 <= len(counted) <= 70


def test_the_portal_knows_every_vendor_of_the_vendor_master() -> None:
    path = Path(ap_portal.__file__).parent / "vendors.csv"
    with path.open(encoding="utf-8", newline="") as file:
        known = {row["name"] for row in csv.DictReader(file, delimiter=";")}
    assert {vendor.name for vendor in generate_input.VENDORS} == known

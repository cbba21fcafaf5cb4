"""Invoices, orders and receipts in real workbooks become facts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from bots.invoice_approval import generate_input
from bots.invoice_approval.three_way_match import COLUMNS, match_invoice_workbook
from referee.domain import InputError

DAY = "2026-03-16"
FACTS = {
    "invoice",
    "vendor",
    "vendor status",
    "vip",
    "document type",
    "currency",
    "amount",
    "amount eur",
    "invoice date",
    "due date",
    "po number",
    "po status",
    "price deviation",
    "quantity deviation",
    "duplicate of",
    "iban last4",
    "vendor age days",
    "vendor error rate",
    "days to due",
}
INVOICE: dict[str, Any] = {
    "Document": "D1",
    "Vendor": "Acme",
    "Invoice number": "R-1",
    "Type": "Invoice",
    "PO number": "P1",
    "Quantity": 10,
    "Currency": "EUR",
    "Amount": 100.0,
    "Invoice date": date(2026, 3, 5),
    "Due date": date(2026, 4, 4),
    "IBAN": "DE02 1203 0000 0000 2020 51",
}
SHEETS: dict[str, list[list[Any]]] = {
    "Orders": [
        ["P1", "Acme", 10, 10, "EUR", "open"],
        ["P2", "Acme", 10, 10, "EUR", "closed"],
        ["P3", "Other", 5, 1, "EUR", "open"],
        [4500, "Acme", 10, 10, "USD", "open"],
    ],
    "Receipts": [["P1", 4], ["P1", 6], ["P2", 10], [4500, 10]],
    "Vendors": [
        ["Acme", "active", "yes", date(2026, 1, 15), 200, 3],
        ["Other", "blocked", "no", date(2020, 1, 1), 0, 0],
    ],
    "Rates": [["EUR", 1], ["USD", 0.92]],
}


def workbook(
    folder: Path,
    *invoices: dict[str, Any],
    sheets: dict[str, list[list[Any]]] | None = None,
    mac: bool = False,
) -> str:
    book = Workbook()
    book.remove(book.worksheets[0])
    if mac:
        book.epoch = CALENDAR_MAC_1904
    content = {
        "Invoices": [[row[name] for name in COLUMNS["Invoices"]] for row in invoices],
        **SHEETS,
        **(sheets or {}),
    }
    for name, rows in content.items():
        sheet = book.create_sheet(name)
        sheet.append(COLUMNS[name])
        for row in rows:
            sheet.append(row)
    path = folder / "in.xlsx"
    book.save(path)
    return str(path)


def facts(folder: Path, sheets: dict[str, list[list[Any]]] | None = None, **cells: Any) -> dict[str, Any]:
    invoice = INVOICE | {name.replace("_", " "): value for name, value in cells.items()}
    assert invoice.keys() == INVOICE.keys()
    (case,) = match_invoice_workbook(workbook(folder, invoice, sheets=sheets), DAY)
    return case


def test_a_matching_invoice_has_exactly_the_facts_agreed(tmp_path: Path) -> None:
    case = facts(tmp_path)
    assert case.keys() == FACTS
    assert case == {
        "invoice": "D1",
        "vendor": "Acme",
        "vendor status": "active",
        "vip": True,
        "document type": "invoice",
        "currency": "EUR",
        "amount": Decimal(100),
        "amount eur": Decimal("100.00"),
        "invoice date": date(2026, 3, 5),
        "due date": date(2026, 4, 4),
        "po number": "P1",
        "po status": "matched",
        "price deviation": Decimal(0),
        "quantity deviation": Decimal(0),
        "duplicate of": None,
        "iban last4": "2051",
        "vendor age days": Decimal(60),
        "vendor error rate": Decimal("0.0150"),
        "days to due": Decimal(19),
    }


def test_numbers_are_decimal_and_never_binary(tmp_path: Path) -> None:
    assert facts(tmp_path, Amount=0.1)["amount"] == Decimal("0.1")


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1.234,50", Decimal("1234.50")),
        (" 1.234,50\u00a0", Decimal("1234.50")),
        ("1,234.50", Decimal("1234.50")),
        (-5, Decimal(-5)),
        (None, None),
        ("  ", None),
        ("1.234", "1.234"),
        ("1,234", "1,234"),
        ("abc", "abc"),
        ("100 EUR", "100 EUR"),
        (True, True),
    ],
)
def test_an_amount_is_read_when_it_has_one_reading_and_left_otherwise(
    tmp_path: Path, cell: Any, amount: Any
) -> None:
    case = facts(tmp_path, Amount=cell)
    assert case["amount"] == amount and type(case["amount"]) is type(amount)
    computed = isinstance(amount, Decimal)
    assert (case["amount eur"] is not None) is computed
    assert (case["price deviation"] is not None) is computed


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("05.03.2026", date(2026, 3, 5)),
        ("5.3.2026", date(2026, 3, 5)),
        ("2026-03-05\u00a0", date(2026, 3, 5)),
        (46086, date(2026, 3, 5)),
        (46086.0, date(2026, 3, 5)),
        (46086.5, Decimal("46086.5")),
        (2026, Decimal(2026)),
        (20260305, Decimal(20260305)),
        (-1, Decimal(-1)),
        ("31.02.2026", "31.02.2026"),
        ("03/05/2026", "03/05/2026"),
        (datetime(2026, 3, 5, 12, 30), datetime(2026, 3, 5, 12, 30)),
        (None, None),
    ],
)
def test_a_date_is_read_when_it_has_one_reading_and_left_otherwise(
    tmp_path: Path, cell: Any, found: Any
) -> None:
    assert facts(tmp_path, Invoice_date=cell)["invoice date"] == found


def test_serial_dates_count_from_the_workbooks_own_first_day(tmp_path: Path) -> None:
    serial = (date(2026, 3, 5) - date(1904, 1, 1)).days
    (case,) = match_invoice_workbook(workbook(tmp_path, INVOICE | {"Invoice date": serial}, mac=True), DAY)
    assert case["invoice date"] == date(2026, 3, 5)


def test_days_to_due_depend_on_the_processing_date_alone(tmp_path: Path) -> None:
    path = workbook(tmp_path, INVOICE)
    assert match_invoice_workbook(path, "2026-04-14")[0]["days to due"] == -10
    assert match_invoice_workbook(path, date(2026, 4, 1))[0]["days to due"] == 3
    assert facts(tmp_path, Due_date="soon")["days to due"] is None


@pytest.mark.parametrize(
    ("po", "number", "status"),
    [
        ("P1", "P1", "matched"),
        (" p1\u00a0", "p1", "matched"),
        (4500, "4500", "matched"),
        (4500.0, "4500", "matched"),
        ("P2", "P2", "closed"),
        ("P3", "P3", "unknown"),
        ("P9", "P9", "unknown"),
        (None, None, "missing"),
        ("\u00a0", None, "missing"),
    ],
)
def test_the_order_is_found_or_its_absence_named(
    tmp_path: Path, po: Any, number: str | None, status: str
) -> None:
    case = facts(tmp_path, PO_number=po)
    assert (case["po number"], case["po status"]) == (number, status)


def test_an_order_status_nobody_knows_is_left_to_be_doubted(tmp_path: Path) -> None:
    assert facts(tmp_path, {"Orders": [["P1", "Acme", 10, 10, "EUR", "on hold"]]})["po status"] == "on hold"


@pytest.mark.parametrize(
    ("cells", "percent"),
    [
        ({"Amount": 104}, Decimal(4)),
        ({"Amount": 97}, Decimal(-3)),
        ({"Amount": 50, "Quantity": 5}, Decimal(0)),
        ({"Amount": 33.34, "Quantity": 3}, Decimal("11.1333")),
        ({"Amount": -100, "Quantity": -10}, Decimal(0)),
        ({"Quantity": None}, None),
        ({"Quantity": 0}, None),
        ({"Quantity": "ten"}, None),
        ({"PO number": None}, None),
        ({"PO number": 4500}, None),
    ],
)
def test_the_price_deviation_is_percent_above_the_orders_unit_price(
    tmp_path: Path, cells: dict[str, Any], percent: Decimal | None
) -> None:
    (case,) = match_invoice_workbook(workbook(tmp_path, INVOICE | cells), DAY)
    assert case["price deviation"] == percent


@pytest.mark.parametrize(
    ("ordered", "receipts", "pieces"),
    [
        (10, [["P1", 10]], 0),
        (10, [["P1", 4]], 6),
        (10, [], 10),
        (8, [["P1", 10]], 2),
        (20, [["P1", 15]], -5),
        (10, [["P1", 4], ["P1", "some"]], None),
        ("?", [["P1", 10]], None),
    ],
)
def test_the_quantity_deviation_counts_pieces_beyond_order_and_receipts(
    tmp_path: Path, ordered: Any, receipts: list[list[Any]], pieces: int | None
) -> None:
    sheets = {"Orders": [["P1", "Acme", ordered, 10, "EUR", "open"]], "Receipts": receipts}
    assert facts(tmp_path, sheets)["quantity deviation"] == pieces


def test_invoices_on_one_order_are_added_up_without_duplicates(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        INVOICE | {"Document": "D1", "Invoice number": "1", "Quantity": 6},
        INVOICE | {"Document": "D2", "Invoice number": "1", "Quantity": 6},
        INVOICE | {"Document": "D3", "Invoice number": "2", "Quantity": 4},
        INVOICE | {"Document": "D4", "Invoice number": "3", "Quantity": None},
        INVOICE | {"Document": "D5", "Invoice number": "4", "Quantity": 1},
    )
    found = [(case["invoice"], case["quantity deviation"]) for case in match_invoice_workbook(path, DAY)]
    assert found == [("D1", -4), ("D2", 2), ("D3", 0), ("D4", None), ("D5", None)]


def test_a_duplicate_names_the_first_document_and_keeps_its_own_id(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        INVOICE | {"Document": "D1", "Invoice number": "RE-2026/17"},
        INVOICE | {"Document": "D2", "Invoice number": "re 2026 17", "Vendor": "ACME\u00a0"},
        INVOICE | {"Document": "D3", "Invoice number": "RE-2026/17", "Vendor": "Other"},
        INVOICE | {"Document": "D4", "Invoice number": "RE202617"},
    )
    found = [(case["invoice"], case["duplicate of"]) for case in match_invoice_workbook(path, DAY)]
    assert found == [("D1", None), ("D2", "D1"), ("D3", None), ("D4", "D1")]


@pytest.mark.parametrize("column", ["Invoice number", "Vendor"])
def test_without_number_or_vendor_nobody_says_it_is_no_duplicate(tmp_path: Path, column: str) -> None:
    (case,) = match_invoice_workbook(workbook(tmp_path, INVOICE | {column: None}), DAY)
    assert case["duplicate of"] == f"can't be told without the {column.lower()}"


def test_an_unknown_vendor_is_kept_with_its_name_and_nothing_made_up(tmp_path: Path) -> None:
    case = facts(tmp_path, Vendor=" Nobody\u00a0Ltd ")
    assert (case["vendor"], case["vendor status"]) == ("Nobody Ltd", "unknown")
    assert [case[name] for name in ("vip", "vendor age days", "vendor error rate")] == [None, None, None]


def test_a_vendor_without_invoices_has_no_error_rate(tmp_path: Path) -> None:
    case = facts(tmp_path, Vendor="other")
    assert (case["vendor"], case["vendor status"], case["vendor error rate"]) == ("Other", "blocked", None)


@pytest.mark.parametrize(
    ("currency", "shown", "in_eur"),
    [("usd ", "USD", Decimal("92.00")), ("JPY", "JPY", None), (None, None, None)],
)
def test_amounts_are_converted_by_the_rates_sheet(
    tmp_path: Path, currency: Any, shown: str | None, in_eur: Decimal | None
) -> None:
    case = facts(tmp_path, Currency=currency)
    assert (case["currency"], case["amount eur"]) == (shown, in_eur)


def test_no_row_is_dropped_except_wholly_blank_ones(tmp_path: Path) -> None:
    blank = dict.fromkeys(INVOICE)
    only_an_id = blank | {"Document": "D7"}
    path = workbook(tmp_path, INVOICE, blank, only_an_id)
    assert [case["invoice"] for case in match_invoice_workbook(path, DAY)] == ["D1", "D7"]


def test_columns_may_stand_in_any_order_with_others_between(tmp_path: Path) -> None:
    path = workbook(tmp_path, INVOICE, sheets={"Rates": []})
    book = load_workbook(path)
    sheet = book["Rates"]
    rows: list[list[Any]] = [["Remark", " EUR per unit\u00a0", "Currency"], ["x", 1, "EUR"]]
    for row, cells in enumerate(rows, start=1):
        for column, value in enumerate(cells, start=1):
            sheet.cell(row, column, value)
    book.save(path)
    assert match_invoice_workbook(path, DAY)[0]["amount eur"] == Decimal("100.00")


def test_all_faults_of_a_workbook_are_named_at_once_with_their_cells(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        INVOICE,
        INVOICE,
        INVOICE | {"Document": " "},
        sheets={"Vendors": [["Acme"], ["acme "]], "Rates": []},
    )
    book = load_workbook(path)
    del book["Receipts"]
    book["Rates"]["B1"] = "Rate"
    book.save(path)
    with pytest.raises(InputError) as refused:
        match_invoice_workbook(path, DAY)
    assert str(refused.value).splitlines() == [
        "in.xlsx, sheet Receipts: the sheet is missing",
        "in.xlsx, sheet Invoices, cell A3: Document D1 is already in row 2",
        "in.xlsx, sheet Invoices, cell A4: Document is blank",
        "in.xlsx, sheet Vendors, cell A3: Vendor acme is already in row 2",
        "in.xlsx, sheet Rates: each of these columns is needed once in row 1: EUR per unit",
    ]


def test_a_workbook_without_invoices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no invoices"):
        match_invoice_workbook(workbook(tmp_path), DAY)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.xlsx", None, "there is no such file"),
        ("text.csv", b"a,b", "not an Excel workbook"),
        ("broken.xlsx", b"PK\x03\x04 not really", "not an Excel workbook that can be opened"),
        ("empty.xlsx", b"", "not an Excel workbook that can be opened"),
    ],
)
def test_a_file_that_is_no_workbook_gets_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        match_invoice_workbook(str(tmp_path / name), DAY)
    assert "\n" not in str(refused.value)


def test_each_story_of_the_example_input_shows_in_its_facts() -> None:
    cases = match_invoice_workbook(str(generate_input.FOLDER / "invoices.xlsx"), DAY)
    invoices = generate_input.make_invoices()
    assert [case["invoice"] for case in cases] == [invoice.cells["Document"] for invoice in invoices]
    told: dict[str, list[dict[str, Any]]] = {}
    for invoice, case in zip(invoices, cases, strict=True):
        told.setdefault(invoice.story, []).append(case)

    def one(story: str, fact: str) -> Any:
        (case,) = told[story]
        return case[fact]

    for story in [invoice.story for invoice in generate_input.notations(generate_input.Maker(Random(0)))]:
        (case,) = told[story]
        unread = {name for name in ("amount eur", "days to due", "price deviation") if case[name] is None}
        assert (case["po status"], case["vendor status"], unread) == ("matched", "active", set()), story
    assert {case["po status"] for case in told["no order"]} == {"missing"}
    assert one("closed order", "po status") == "closed"
    assert one("another vendor's order", "po status") == "unknown"
    assert {case["vendor status"] for case in told["unknown vendor"]} == {"unknown"}
    assert {case["vendor status"] for case in told["blocked vendor"]} == {"blocked"}
    assert one("duplicate, sent again", "duplicate of") == told["no order"][0]["invoice"]
    assert one("duplicate, number written otherwise", "duplicate of") == one("the first of two", "invoice")
    assert one("price 12 percent off the order", "price deviation") > 11
    assert one("received less than invoiced", "quantity deviation") == 6
    assert one("second part, more than was received", "quantity deviation") == 10
    assert all(case["amount"] < 0 for case in told["credit note"])
    assert one("currency without a rate", "amount eur") is None
    assert one("amount with two readings", "amount") == "1.234"
    assert one("invoice date not in the calendar", "invoice date") == "31.02.2026"
    assert one("overdue", "days to due") < 0

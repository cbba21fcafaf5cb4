"""Robot Framework library: supplier invoices matched with purchase orders and goods receipts, as facts to
decide on.

Reads a workbook with the sheets Invoices, Orders, Receipts, Vendors and Rates. Each row of Invoices becomes
one case, in its order. What has one reading (``1.234,50``, ``05.03.2026``, an Excel serial date) is read;
anything else stays the text that was found, for the decision workbook's data dictionary to doubt. What can't
be computed is none.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

from referee.domain import CellAddress, InputError
from referee.keywords.refusal import refusals_noted
from referee.workbook.fact_text import boolean_from_text, date_from_text, number_from_text

COLUMNS = {
    "Invoices": (
        "Document",
        "Vendor",
        "Invoice number",
        "Type",
        "PO number",
        "Quantity",
        "Currency",
        "Amount",
        "Invoice date",
        "Due date",
        "IBAN",
    ),
    "Orders": ("PO number", "Vendor", "Quantity", "Unit price", "Currency", "Status"),
    "Receipts": ("PO number", "Quantity"),
    "Vendors": ("Vendor", "Status", "VIP", "Vendor since", "Invoices last year", "Corrected last year"),
    "Rates": ("Currency", "EUR per unit"),
}
KEYS = {"Invoices": "Document", "Orders": "PO number", "Vendors": "Vendor", "Rates": "Currency"}
CENT, TEN_THOUSANDTH = Decimal("0.01"), Decimal("0.0001")
FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years in which a whole number in a date column is taken for an Excel date."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its number as Excel shows it and its cells by column name."""

    number: int
    cells: Mapping[str, Any]

    def text(self, column: str) -> str | None:
        """The cell's text without surplus spaces; a whole number becomes its digits, a blank cell none."""
        return text_of(self.cells[column])

    def number_or_text(self, column: str) -> Any:
        return number_of(self.cells[column])

    def number_in(self, column: str) -> Decimal | None:
        """The cell's number, or none for everything else."""
        value = number_of(self.cells[column])
        return value if isinstance(value, Decimal) else None

    def date_or_text(self, column: str, epoch: datetime.date) -> Any:
        return date_of(self.cells[column], epoch)


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets' rows, and the day that Excel counts this workbook's dates from."""

    name: str
    epoch: datetime.date
    sheets: Mapping[str, tuple[Row, ...]]

    def by_key(self, sheet: str) -> dict[str, Row]:
        return {folded(row.text(KEYS[sheet])): row for row in self.sheets[sheet]}


@keyword
@refusals_noted()
def match_invoice_workbook(workbook: str, processing_date: str | datetime.date) -> list[dict[str, Any]]:
    """One dictionary of facts for each invoice. ``processing_date`` stands for today, so that a run can be
    repeated.

    Fails, naming sheets and cells, if the file can't be read, a sheet or column is missing, or rows can't be
    told apart. A questionable invoice never fails: it is a case like any other.
    """
    try:
        day = datetime.date.fromisoformat(str(processing_date))
    except ValueError:
        raise InputError(
            f"the processing date {processing_date!r} is no date; write it as 2026-03-16"
        ) from None
    return match(read(Path(workbook)), day)


def match(workbook: Workbook, day: datetime.date) -> list[dict[str, Any]]:
    orders, vendors, rates = (workbook.by_key(sheet) for sheet in ("Orders", "Vendors", "Rates"))
    received = total_received(workbook.sheets["Receipts"])
    invoiced: dict[str, Decimal | None] = {}
    first_with_number: dict[tuple[str, str], str] = {}
    cases = []
    for row in workbook.sheets["Invoices"]:
        document = row.text("Document")
        vendor = vendors.get(folded(row.text("Vendor")))
        amount, currency = row.number_in("Amount"), row.text("Currency")
        rate = rates[folded(currency)].number_in("EUR per unit") if folded(currency) in rates else None
        duplicate_of = earlier_document(row, first_with_number)
        order, po_status = matching_order(row, orders)
        quantity_deviation = None
        if order is not None:
            po = folded(order.text("PO number"))
            so_far = plus(invoiced.get(po, Decimal(0)), row.number_in("Quantity"))
            quantity_deviation = quantity_over(order, received.get(po, Decimal(0)), so_far)
            if duplicate_of is None:
                invoiced[po] = so_far
        due = row.date_or_text("Due date", workbook.epoch)
        cases.append(
            {
                "invoice": document,
                "vendor": (vendor or row).text("Vendor"),
                "vendor status": lowered(vendor.text("Status")) if vendor else "unknown",
                "vip": boolean_of(vendor.cells["VIP"]) if vendor else None,
                "document type": lowered(row.text("Type")),
                "currency": currency.upper() if currency else None,
                "amount": row.number_or_text("Amount"),
                "amount eur": rounded(amount * rate, CENT) if amount is not None and rate else None,
                "invoice date": row.date_or_text("Invoice date", workbook.epoch),
                "due date": due,
                "po number": row.text("PO number"),
                "po status": po_status,
                "price deviation": price_over(row, order, amount, currency),
                "quantity deviation": quantity_deviation,
                "duplicate of": duplicate_of,
                "iban last4": last_four(row.text("IBAN")),
                "vendor age days": vendor_age(vendor, workbook.epoch, day),
                "vendor error rate": error_rate(vendor),
                "days to due": Decimal((due - day).days) if isinstance(due, datetime.date) else None,
            }
        )
    return cases


def matching_order(row: Row, orders: Mapping[str, Row]) -> tuple[Row | None, str]:
    """The purchase order of an invoice, and its status. Another vendor's order is unknown to this one."""
    po = row.text("PO number")
    if po is None:
        return None, "missing"
    order = orders.get(folded(po))
    if order is None or folded(order.text("Vendor")) != folded(row.text("Vendor")):
        return None, "unknown"
    status = lowered(order.text("Status"))
    return order, {"open": "matched", "closed": "closed"}.get(status or "", status or "unknown")


def price_over(row: Row, order: Row | None, amount: Decimal | None, currency: str | None) -> Decimal | None:
    """Percent that the invoice asks for one piece above the order's price; none if they can't be compared."""
    quantity = row.number_in("Quantity")
    price = order.number_in("Unit price") if order else None
    if order is None or amount is None or not quantity or not price:
        return None
    if folded(currency) != folded(order.text("Currency")):
        return None
    return rounded((amount / quantity - price) / price * 100, TEN_THOUSANDTH)


def quantity_over(order: Row, received: Decimal | None, so_far: Decimal | None) -> Decimal | None:
    """Pieces invoiced up to now beyond those ordered and received; below zero, more may be invoiced."""
    ordered = order.number_in("Quantity")
    if so_far is None or received is None or ordered is None:
        return None
    return so_far - min(ordered, received)


def total_received(receipts: Iterable[Row]) -> dict[str, Decimal | None]:
    """Pieces received by order; none if one of its receipts can't be read."""
    totals: dict[str, Decimal | None] = {}
    for row in receipts:
        po = folded(row.text("PO number"))
        totals[po] = plus(totals.get(po, Decimal(0)), row.number_in("Quantity"))
    return totals


def earlier_document(row: Row, first_with_number: dict[tuple[str, str], str]) -> str | None:
    """The first document with the same number from the same vendor; spaces and signs don't count."""
    number = re.sub(r"[\W_]", "", folded(row.text("Invoice number")))
    vendor = folded(row.text("Vendor"))
    if not number or not vendor:
        missing = "vendor" if number else "invoice number"
        return f"can't be told without the {missing}"
    document = row.text("Document") or ""
    first = first_with_number.setdefault((vendor, number), document)
    return first if first != document else None


def vendor_age(vendor: Row | None, epoch: datetime.date, day: datetime.date) -> Decimal | None:
    since = vendor.date_or_text("Vendor since", epoch) if vendor else None
    return Decimal((day - since).days) if isinstance(since, datetime.date) else None


def error_rate(vendor: Row | None) -> Decimal | None:
    """Share of last year's invoices that had to be corrected; none for a vendor without invoices."""
    invoices = vendor.number_in("Invoices last year") if vendor else None
    corrected = vendor.number_in("Corrected last year") if vendor else None
    return rounded(corrected / invoices, TEN_THOUSANDTH) if invoices and corrected is not None else None


def last_four(iban: str | None) -> str | None:
    return "".join(iban.split())[-4:] if iban else None


def plus(total: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if total is None or more is None else total + more


def rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_EVEN)


def folded(text: str | None) -> str:
    """For comparing names and numbers that people typed."""
    return " ".join((text or "").casefold().split())


def lowered(text: str | None) -> str | None:
    return text.lower() if text else None


def text_of(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(str(value).split()) if value is not None else ""
    return text or None


def number_of(value: Any) -> Any:
    """A decimal, or what was found. A float is the shortest decimal that Excel would show for it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    if isinstance(value, str):
        number = number_from_text(plain(value))
        return number if isinstance(number, Decimal) else plain(value) or None
    return value


def date_of(value: Any, epoch: datetime.date) -> Any:
    """A date, or what was found. A whole number is an Excel date if that gives a year of our time."""
    if isinstance(value, datetime.datetime):
        return value.date() if value.time() == datetime.time() else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == int(value) and 0 < value < 100_000:
            day = epoch + datetime.timedelta(days=int(value))
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                return day
        return Decimal(repr(value))
    if isinstance(value, str):
        found = date_from_text(plain(value))
        return found if isinstance(found, datetime.date) else plain(value) or None
    return value


def boolean_of(value: Any) -> Any:
    if isinstance(value, str):
        found = boolean_from_text(plain(value))
        return found if isinstance(found, bool) else plain(value) or None
    return value


def plain(text: str) -> str:
    """Without spaces at the ends; non-breaking and narrow spaces are spaces like others."""
    return re.sub(r"\s", " ", text).strip()


def read(path: Path) -> Workbook:
    """The rows of all sheets. Raises ``InputError`` with all that is wrong with the workbook as a whole."""
    from RPA.Excel.Files import Files

    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise InputError(f"{path}: not an Excel workbook (.xlsx or .xlsm)")
    files = Files()
    try:
        files.open_workbook(str(path), data_only=True, read_only=False)
    except ValueError as error:
        raise InputError(
            f"{path}: not an Excel workbook that can be opened; save it again as .xlsx"
        ) from error
    try:
        present = files.list_worksheets()
        faults = [
            f"{CellAddress(path.name, sheet)}: the sheet is missing"
            for sheet in COLUMNS
            if sheet not in present
        ]
        sheets = {}
        for sheet in COLUMNS:
            if sheet in present:
                table = [list(row.values()) for row in files.read_worksheet(sheet, header=False)]
                sheets[sheet] = tuple(rows_of(path.name, sheet, table, faults))
        epoch = files.workbook.book.epoch.date()
    finally:
        files.close_workbook()
    if not faults and not sheets["Invoices"]:
        faults.append(f"{CellAddress(path.name, 'Invoices')}: there are no invoices")
    if faults:
        raise InputError("\n".join(faults))
    return Workbook(path.name, epoch, sheets)


def rows_of(workbook: str, sheet: str, table: list[list[Any]], faults: list[str]) -> Iterator[Row]:
    """The rows below the header, without wholly blank ones; what makes them unusable goes to ``faults``."""
    header = [text_of(cell) for cell in table[0]] if table else []
    missing = [column for column in COLUMNS[sheet] if header.count(column) != 1]
    if missing:
        told = ", ".join(missing)
        faults.append(
            f"{CellAddress(workbook, sheet)}: each of these columns is needed once in row 1: {told}"
        )
        return
    key, seen = KEYS.get(sheet), dict[str, int]()
    for number, cells in enumerate(table[1:], start=2):
        row = Row(number, {name: cell for name, cell in zip(header, cells, strict=True) if name})
        if all(text_of(cell) is None for cell in cells):
            continue
        if key is not None:
            name = folded(row.text(key))
            place = CellAddress(workbook, sheet, f"{column_letter(header.index(key))}{number}")
            if not name:
                faults.append(f"{place}: {key} is blank")
            elif name in seen:
                faults.append(f"{place}: {key} {row.text(key)} is already in row {seen[name]}")
            seen.setdefault(name, number)
        yield row


def column_letter(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(index + 1))

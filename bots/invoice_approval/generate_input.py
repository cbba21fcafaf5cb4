"""Makes ``input/invoices.xlsx`` and ``input/supplier_addresses.csv``: invoices with what real ones bring.

Run ``python bots/invoice_approval/generate_input.py``. The same seed gives the same cells on every machine.
Companies, orders and accounts are invented; amounts are net, one order line per order.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

SEED = 20260316
PROCESSING_DATE = date(2026, 3, 16)
EXCEL_DAY_ZERO = date(1899, 12, 30)
FOLDER = Path(__file__).resolve().parent / "input"
NBSP, NARROW_NBSP = "\u00a0", "\u202f"


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    mail: str
    iban: str
    since: date
    invoices: int
    corrected: int
    currency: str = "EUR"
    status: str = "active"
    vip: bool = False


VENDORS = (
    Vendor(
        "Nordwind Papier GmbH",
        "billing@nordwind-papier.example",
        "DE02120300000000202051",
        date(2014, 5, 2),
        212,
        3,
    ),
    Vendor(
        "Alpenblick Catering AG",
        "faktura@alpenblick.example",
        "CH5604835012345678009",
        date(2019, 9, 16),
        96,
        4,
    ),
    Vendor(
        "Kessler Werkzeugbau KG",
        "rechnung@kessler.example",
        "DE02500105170137075030",
        date(2008, 1, 7),
        340,
        6,
    ),
    Vendor(
        "Hansa Logistik GmbH & Co. KG",
        "ar@hansa-logistik.example",
        "DE02100500000054540402",
        date(2016, 3, 1),
        518,
        41,
    ),
    Vendor(
        "Lumen Elektro S.r.l.",
        "contabilita@lumen.example",
        "IT60X0542811101000000123456",
        date(2021, 11, 23),
        64,
        2,
    ),
    Vendor(
        "Müller Reinigung e.K.",
        "buero@mueller-reinigung.example",
        "DE02300209000106531065",
        date(2012, 8, 13),
        156,
        1,
    ),
    Vendor(
        "Océane Transports SARL",
        "compta@oceane.example",
        "FR1420041010050500013M02606",
        date(2020, 2, 10),
        88,
        9,
    ),
    Vendor(
        "Svea Fastigheter AB", "ekonomi@svea.example", "SE4550000000058398257466", date(2018, 6, 4), 24, 0
    ),
    Vendor(
        "Tannhof Energie GmbH",
        "abrechnung@tannhof.example",
        "DE02200505501015871393",
        date(2010, 10, 18),
        48,
        1,
    ),
    Vendor(
        "Costa Verde Foods S.A.",
        "facturas@costaverde.example",
        "ES9121000418450200051332",
        date(2025, 12, 1),
        7,
        2,
    ),
    Vendor(
        "Brightline Office Supplies Ltd",
        "accounts@brightline.example",
        "GB29NWBK60161331926819",
        date(2017, 4, 20),
        131,
        5,
        currency="GBP",
    ),
    Vendor(
        "Blue Ridge Analytics Inc.",
        "billing@blueridge.example",
        "GB33BUKB20201555555555",
        date(2022, 7, 11),
        36,
        1,
        currency="USD",
    ),
    Vendor(
        "Przybylski Drukarnia Sp. z o.o.",
        "faktury@przybylski.example",
        "PL61109010140000071219812874",
        date(2023, 1, 9),
        41,
        3,
        currency="PLN",
    ),
    Vendor(
        "Helvetic Precision SA",
        "finance@helvetic.example",
        "CH9300762011623852957",
        date(2006, 2, 27),
        74,
        0,
        vip=True,
    ),
    Vendor(
        "Rheinufer Immobilien GmbH",
        "miete@rheinufer.example",
        "DE02600501010002034304",
        date(2011, 1, 3),
        60,
        0,
        vip=True,
    ),
    Vendor(
        "Schattenmann Import-Export",
        "office@schattenmann.example",
        "DE02700202700010108669",
        date(2024, 10, 14),
        12,
        7,
        status="blocked",
    ),
)
RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17, "PLN": 0.2335, "CHF": 1.045, "SEK": 0.0885}
BY_NAME = {vendor.name: vendor for vendor in VENDORS}


@dataclass(frozen=True, slots=True)
class Order:
    number: str | int
    vendor: str
    quantity: int
    price: Decimal
    currency: str
    status: str = "open"


@dataclass(frozen=True, slots=True)
class Invoice:
    """A row of the sheet Invoices. ``story`` says what is special about it; the workbook does not."""

    story: str
    cells: dict[str, Any]
    order: Order | None = None
    receipts: tuple[int, ...] = ()


@dataclass
class Maker:
    """Hands out vendors, numbers and amounts from one seeded source."""

    random: random.Random
    orders: int = 4500017000
    invoices: int = 0
    series: dict[str, int] = field(default_factory=dict)

    def plain(self, story: str, vendor: str = "", low: int = 120, high: int = 2400) -> Invoice:
        """An invoice with nothing wrong: ordered, received, in time."""
        pick = BY_NAME[vendor] if vendor else self.random.choice(VENDORS[:9])
        quantity = self.random.choice([1, 2, 4, 5, 8, 10, 12, 20, 25, 40])
        total = Decimal(self.random.randint(low * 100, high * 100)) / 100
        price = (total / quantity).quantize(Decimal("0.01"))
        self.orders += self.random.randint(1, 9)
        self.invoices += 1
        self.series[pick.name] = self.series.get(pick.name, self.random.randint(1000, 8000)) + 1
        day = PROCESSING_DATE - timedelta(days=self.random.randint(2, 20))
        order = Order(f"PO-{self.orders}", pick.name, quantity, price, pick.currency)
        cells = {
            "Document": f"DOC-2026-{self.invoices:04d}",
            "Vendor": pick.name,
            "Invoice number": f"RE-{self.series[pick.name]}",
            "Type": "Invoice",
            "PO number": order.number,
            "Quantity": quantity,
            "Currency": pick.currency,
            "Amount": float(price * quantity),
            "Invoice date": day,
            "Due date": day + timedelta(days=30),
            "IBAN": pick.iban,
        }
        return Invoice(story, cells, order, (quantity,))


def changed(invoice: Invoice, **cells: Any) -> Invoice:
    """With other cells; ``po_number`` stands for the column ``PO number``."""
    names = {name.replace("_", " ").casefold(): value for name, value in cells.items()}
    return replace(
        invoice, cells={name: names.get(name.casefold(), value) for name, value in invoice.cells.items()}
    )


def european(amount: float) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def serial(day: date) -> int:
    return (day - EXCEL_DAY_ZERO).days


def make_invoices(seed: int = SEED) -> list[Invoice]:
    make = Maker(random.Random(seed))
    rows = [make.plain("nothing special") for _ in range(8)]
    rows += [
        *notations(make),
        *without_a_match(make),
        *deviations(make),
        *people_and_money(make),
        *damaged(make),
    ]
    return rows


def notations(make: Maker) -> list[Invoice]:
    """Nothing wrong, only written in unusual ways."""
    amounts: list[tuple[str, Callable[[float], str]]] = [
        ("amount as European text", european),
        ("amount as European text with spaces", lambda amount: f" {european(amount)}{NBSP}"),
        ("amount as English text", lambda amount: f"{amount:,.2f}"),
    ]
    rows = []
    for story, write in amounts:
        row = make.plain(story, low=1100, high=2400)
        rows.append(changed(row, amount=write(row.cells["Amount"])))
    dates: list[tuple[str, Callable[[date], Any]]] = [
        ("dates as dotted text", lambda day: f"{day:%d.%m.%Y}"),
        ("dates as ISO text", lambda day: day.isoformat()),
        ("dates as serial numbers", serial),
    ]
    for story, notation in dates:
        row = make.plain(story)
        rows.append(
            changed(
                row,
                invoice_date=notation(row.cells["Invoice date"]),
                due_date=notation(row.cells["Due date"]),
            )
        )
    row = make.plain("spaces around the vendor")
    rows.append(changed(row, vendor=f"{row.cells['Vendor']}{NBSP} "))
    row = make.plain("non-breaking spaces within the vendor", vendor="Müller Reinigung e.K.")
    rows.append(changed(row, vendor=f" Müller{NBSP}Reinigung{NARROW_NBSP}e.K."))
    row = make.plain("order number as a number")
    number = int(str(row.cells["PO number"]).removeprefix("PO-"))
    order = replace(row.order, number=str(number)) if row.order else None
    rows.append(replace(changed(row, po_number=number), order=order))
    row = make.plain("type and currency in other letters")
    rows.append(changed(row, type=" INVOICE ", currency=" eur"))
    row = make.plain("received in two deliveries")
    half = row.cells["Quantity"] // 2
    rows.append(replace(row, receipts=(half, row.cells["Quantity"] - half) if half else row.receipts))
    return rows


def without_a_match(make: Maker) -> list[Invoice]:
    """Order missing, unknown, closed or another vendor's; vendor unknown or blocked; duplicates."""
    rows = [
        replace(changed(make.plain(story), po_number=blank), order=None, receipts=())
        for story, blank in [("no order", None), ("no order, only spaces", f" {NBSP}"), ("no order", None)]
    ]
    rows.append(
        replace(changed(make.plain("unknown order"), po_number="PO-4499000001"), order=None, receipts=())
    )
    rows.append(
        replace(changed(make.plain("unknown order"), po_number="see e-mail"), order=None, receipts=())
    )
    row = make.plain("closed order")
    rows.append(replace(row, order=replace(row.order, status="closed") if row.order else None))
    row = make.plain("another vendor's order", vendor="Kessler Werkzeugbau KG")
    rows.append(replace(row, order=replace(row.order, vendor="Tannhof Energie GmbH") if row.order else None))
    for name in ("Nordwind Papier Gmbh & Co. OHG", "Quick Invoice Services Ltd"):
        row = changed(make.plain("unknown vendor"), vendor=name, iban="LT121000011101001000")
        rows.append(replace(row, order=None, receipts=()))
    rows += [make.plain("blocked vendor", vendor="Schattenmann Import-Export") for _ in range(2)]
    original = rows[0]
    make.invoices += 1
    copy = changed(original, document=f"DOC-2026-{make.invoices:04d}")
    rows.append(replace(copy, story="duplicate, sent again"))
    original = make.plain("the first of two")
    make.invoices += 1
    number = str(original.cells["Invoice number"]).replace("RE-", "re ") + " "
    copy = changed(original, document=f"DOC-2026-{make.invoices:04d}", invoice_number=number)
    rows += [original, replace(copy, story="duplicate, number written otherwise", order=None, receipts=())]
    row = make.plain("no invoice number")
    rows.append(changed(row, invoice_number=None))
    return rows


def deviations(make: Maker) -> list[Invoice]:
    """Dearer or cheaper than ordered, more pieces than received."""
    rows = []
    for percent in ("1.5", "4", "12", "-3"):
        row = make.plain(f"price {percent} percent off the order")
        rows.append(changed(row, amount=float(round(row.cells["Amount"] * (1 + float(percent) / 100), 2))))
    row = make.plain("not received yet")
    rows.append(replace(row, receipts=()))
    row = make.plain("received less than invoiced", vendor="Hansa Logistik GmbH & Co. KG")
    order = replace(row.order, quantity=40, price=Decimal("31.50")) if row.order else None
    rows.append(replace(changed(row, quantity=40, amount=1260.0), order=order, receipts=(25, 9)))
    first = make.plain("first part of an order", vendor="Kessler Werkzeugbau KG")
    order = replace(first.order, quantity=100, price=Decimal("18.20")) if first.order else None
    first = replace(changed(first, quantity=60, amount=1092.0), order=order, receipts=(60, 20))
    second = make.plain("second part, more than was received", vendor="Kessler Werkzeugbau KG")
    second = changed(second, po_number=first.cells["PO number"], quantity=30, amount=546.0)
    rows += [first, replace(second, order=None, receipts=())]
    return rows


def people_and_money(make: Maker) -> list[Invoice]:
    """VIP vendors, foreign currencies, credit notes, large amounts, a new vendor, one that is overdue."""
    rows = [
        make.plain("VIP vendor", vendor="Helvetic Precision SA"),
        make.plain("VIP vendor, large", vendor="Rheinufer Immobilien GmbH", low=18000, high=24000),
        make.plain("foreign currency", vendor="Brightline Office Supplies Ltd"),
        make.plain("foreign currency", vendor="Blue Ridge Analytics Inc."),
        make.plain("foreign currency", vendor="Przybylski Drukarnia Sp. z o.o.", low=900, high=4000),
        make.plain("new vendor", vendor="Costa Verde Foods S.A."),
        make.plain("large amount", low=82000, high=96000),
        make.plain("large amount", low=11000, high=14000),
    ]
    rows.append(changed(make.plain("currency without a rate"), currency="JPY"))
    for _ in range(2):
        row = make.plain("credit note", low=100, high=600)
        quantity, amount = row.cells["Quantity"], row.cells["Amount"]
        row = changed(row, type="Credit note", quantity=-quantity, amount=-amount)
        rows.append(replace(row, receipts=()))
    row = make.plain("overdue")
    rows.append(changed(row, invoice_date=date(2026, 1, 12), due_date=date(2026, 2, 11)))
    return rows


def damaged(make: Maker) -> list[Invoice]:
    """Cells that are blank, absurd or can be read in two ways."""
    rows = [
        changed(make.plain("amount with two readings"), amount="1.234"),
        changed(make.plain("amount is no number"), amount="abc"),
        changed(make.plain("amount blank"), amount=None),
        changed(make.plain("amount absurd"), amount=9999999999.0),
        changed(make.plain("quantity blank"), quantity=None),
        changed(make.plain("currency blank"), currency=None),
        changed(make.plain("invoice date blank"), invoice_date=None),
        changed(make.plain("invoice date not in the calendar"), invoice_date="31.02.2026"),
        changed(make.plain("invoice date in American order"), invoice_date="03/05/2026"),
        changed(make.plain("due date blank"), due_date=None),
        changed(make.plain("neither invoice nor credit note"), type="Pro forma"),
    ]
    row = make.plain("negative amount of an invoice")
    rows.append(changed(row, amount=-row.cells["Amount"]))
    return rows


def make_sheets(invoices: Sequence[Invoice]) -> dict[str, list[list[Any]]]:
    """All sheets as rows of cells, the header first."""
    orders = {invoice.order.number: invoice.order for invoice in invoices if invoice.order}
    receipts: list[list[Any]] = []
    for invoice in invoices:
        if invoice.order and not invoice.story.startswith("duplicate"):
            for pieces in invoice.receipts:
                day = PROCESSING_DATE - timedelta(days=21 + len(receipts) % 9)
                receipts.append([f"GR-{5000 + len(receipts)}", invoice.order.number, pieces, day])
    return {
        "Invoices": [list(invoices[0].cells), *(list(invoice.cells.values()) for invoice in invoices)],
        "Orders": [
            ["PO number", "Vendor", "Quantity", "Unit price", "Currency", "Status"],
            *(
                [order.number, order.vendor, order.quantity, float(order.price), order.currency, order.status]
                for order in orders.values()
            ),
        ],
        "Receipts": [["Receipt", "PO number", "Quantity", "Received on"], *receipts],
        "Vendors": [
            ["Vendor", "Status", "VIP", "IBAN", "Vendor since", "Invoices last year", "Corrected last year"],
            *(
                [
                    vendor.name,
                    vendor.status,
                    "yes" if vendor.vip else "no",
                    vendor.iban,
                    vendor.since,
                    vendor.invoices,
                    vendor.corrected,
                ]
                for vendor in VENDORS
            ),
        ],
        "Rates": [["Currency", "EUR per unit"], *([currency, rate] for currency, rate in RATES.items())],
    }


def write(folder: Path) -> Path:
    """Write both files and return the workbook's path. The bytes are the same each time, too."""
    folder.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in make_sheets(make_invoices()).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for column in range(1, sheet.max_column + 1):
            longest = max(len(str(row[column - 1] or "")) for row in rows)
            sheet.column_dimensions[get_column_letter(column)].width = min(longest, 34) + 3
            for cell in next(sheet.iter_cols(min_col=column, max_col=column, min_row=2)):
                if isinstance(cell.value, date):
                    cell.number_format = "dd.mm.yyyy"
        sheet.freeze_panes = "A2"
    book.properties.creator = "generate_input.py"
    book.properties.created = book.properties.modified = datetime(2026, 3, 16)
    path = folder / "invoices.xlsx"
    unstamped = io.BytesIO()
    book.save(unstamped)
    repack(unstamped, path)
    with (folder / "supplier_addresses.csv").open("w", encoding="utf-8", newline="") as file:
        rows_out = csv.writer(file, delimiter=";", lineterminator="\n")
        rows_out.writerow(["vendor", "address"])
        rows_out.writerows([vendor.name, vendor.mail] for vendor in VENDORS)
    return path


def repack(workbook: io.BytesIO, path: Path) -> None:
    """A workbook is a zip archive whose members bear the time of saving; give them a fixed one."""
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":
                # openpyxl puts the present time over the one that was set.
                content = re_stamped(content)
            target.writestr(
                zipfile.ZipInfo(member.filename, (2026, 3, 16, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )


def re_stamped(core_properties: bytes) -> bytes:
    stamp = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    return re.sub(stamp, b"2026-03-16T00:00:00Z", core_properties)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the invoice bot's input workbook.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    path = write(parser.parse_args().folder)
    print(f"{path}: {len(make_invoices())} invoices")


if __name__ == "__main__":
    main()

"""A generated history of supplier invoices, and whether accounts payable had to touch each of them.

Nothing here is real. The process is noisy on purpose: what makes people step in is a price above the order, a
quantity that differs from the receipt, a missing order or receipt, a young or careless vendor, a credit note,
a foreign currency, an overdue or large invoice; and now and then nothing that the facts show.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

INVOICES = 4000
SEED = 20240131

Invoice = dict[str, Any]


def generate_history(invoices: int = INVOICES, seed: int = SEED) -> list[Invoice]:
    """The invoices: number, the facts known on arrival, and ``handled``, "touch" or "no touch"."""
    chance = Random(seed)
    return [_invoice(f"H{number:05}", chance) for number in range(1, invoices + 1)]


def _invoice(number: str, chance: Random) -> Invoice:
    has_order = chance.random() < 0.92
    has_receipt = has_order and chance.random() < 0.96
    invoice: Invoice = {
        "invoice": number,
        "amount eur": round(min(max(chance.lognormvariate(7.0, 1.6), 5.0), 250_000.0), 2),
        "currency": chance.choices(("EUR", "USD", "GBP", "CHF"), (82, 9, 5, 4))[0],
        "vip": chance.random() < 0.06,
        "document type": "credit note" if chance.random() < 0.05 else "invoice",
        "price deviation": _price_deviation(chance) if has_order else None,
        "quantity deviation": _quantity_deviation(chance) if has_receipt else None,
        "vendor age days": round(min(chance.expovariate(1 / 1400), 9000.0)),
        "vendor error rate": _error_rate(chance),
        "days to due": _days_to_due(chance) if chance.random() < 0.96 else None,
    }
    likelihood = 1 / (1 + math.exp(-_reasons_to_step_in(invoice)))
    return invoice | {"handled": "touch" if chance.random() < likelihood else "no touch"}


def _price_deviation(chance: Random) -> float:
    """Per cent above (positive) or below the price of the order: mostly none, sometimes much."""
    kind = chance.random()
    if kind < 0.78:
        return 0.0
    spread = 1.0 if kind < 0.90 else 6.0 if kind < 0.98 else 30.0
    return round(min(max(chance.gauss(spread / 4, spread), -90.0), 120.0), 2)


def _quantity_deviation(chance: Random) -> int:
    """Units invoiced beyond those received; below zero, more may still be invoiced (a partial delivery)."""
    kind = chance.random()
    if kind < 0.72:
        return 0
    units = math.ceil(chance.lognormvariate(2.2, 1.2))
    return min(units, 500) if kind < 0.84 else -min(units, 500)


def _error_rate(chance: Random) -> float:
    """Most vendors rarely err; one in thirty often does."""
    return round(chance.uniform(0.2, 0.9) if chance.random() < 1 / 30 else chance.betavariate(1.2, 14), 3)


def _days_to_due(chance: Random) -> int:
    """The payment term less the days the invoice took to arrive, which are sometimes many."""
    term = chance.choices((14, 30, 45, 60, 90), (25, 50, 10, 10, 5))[0]
    return term - round(chance.expovariate(1 / 35) if chance.random() < 1 / 10 else chance.expovariate(1 / 5))


def _reasons_to_step_in(invoice: Invoice) -> float:
    """The log odds that somebody has to touch the invoice."""
    price, quantity, due = invoice["price deviation"], invoice["quantity deviation"], invoice["days to due"]
    odds: float = -4.2
    odds += (
        2.8
        if price is None
        else 0.9 * min(max(price - 1.0, 0.0), 6.0) + 0.15 * min(max(-price - 3.0, 0.0), 10.0)
    )
    odds += 1.6 if quantity is None else 2.2 + 0.05 * min(quantity, 50) if quantity > 0 else 0.0
    odds += 1.2 if due is None else 0.06 * min(max(5.0 - due, 0.0), 30.0)
    odds += 12.0 * invoice["vendor error rate"]
    odds += 1.3 if invoice["vendor age days"] < 90 else 0.0
    odds += 0.8 * max(math.log10(invoice["amount eur"]) - 3.7, 0.0)
    odds += 1.7 if invoice["document type"] == "credit note" else 0.0
    odds += 0.7 if invoice["currency"] != "EUR" else 0.0
    odds += 0.6 if invoice["vip"] else 0.0
    return odds

"""Robot Framework library: a bank with books of its own, which refuses some payments and is out of order at times."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

BOOKS = Path("bank.txt")
OUT_OF_ORDER = Path("bank-out-of-order")


@keyword
def pay_at_the_bank(case: Mapping[str, Any]) -> str:
    """Books the payment, durable, and gives a receipt. Every call counts. The memo says what comes between."""
    time.sleep(0.05)
    if OUT_OF_ORDER.exists():
        raise ConnectionError("the bank does not answer")
    if case["facts"]["memo"] == "poisoned":
        raise ValueError("refused: the account is closed")
    book = os.open(BOOKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(book, f"{case['id']}\n".encode())
    os.fsync(book)
    os.close(book)
    time.sleep(0.05)
    return f"receipt for {case['id']}"


@keyword
def find_at_the_bank(case: Mapping[str, Any]) -> str | None:
    """The receipt, if the payment is in the books."""
    if OUT_OF_ORDER.exists():
        raise ConnectionError("the bank does not answer")
    return f"receipt for {case['id']}" if BOOKS.exists() and case["id"] in BOOKS.read_text().split() else None

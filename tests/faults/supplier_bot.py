"""The supplier changes bot in a folder of its own: real commands, real display, real desktop program, few requests."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from bots.supplier_changes.generate_input import COLUMNS, make_iban, make_requests
from tests.faults.queue_bot import QueueBot

KINDS = {
    "plain": {"requested by": "letter", "call back": "done"},
    "unsure": {"requested by": "mail", "call back": "not done"},
    "people": {"requested by": "mail", "call back": "denied"},
}


class SupplierBot(QueueBot):
    """``kinds`` says of each request what it is like: plain (a bot may do it), unsure (call back first) or people."""

    def __init__(self, repository: Path, folder: Path, kinds: list[str], **pause: str) -> None:
        records = "supplier_accounts/records.sqlite"
        super().__init__(
            repository, folder, "supplier_changes", "supplier changes", records, "request", **pause
        )
        self.kinds = {f"SC-{number:02}": kind for number, kind in enumerate(kinds, 1)}
        # The fifteenth supplier is blocked.
        sound = [request for at, request in enumerate(make_requests()[:20]) if at != 14]
        chance = random.Random(1)
        with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for (request, kind), base in zip(self.kinds.items(), sound, strict=False):
                common = {"supplier country": "DE", "iban country": "DE", "iban": make_iban("DE", chance)}
                common |= {
                    "account holder": base["supplier name"],
                    "days since last change": "400",
                    "open amount": "10",
                }
                writer.writerow({**base, **common, **KINDS[kind], "request": request})

    def calls_asked_for(self) -> int:
        return len(list((self.folder / "output" / "bot" / "call_backs").glob("*.txt")))

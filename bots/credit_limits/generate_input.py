"""Makes ``input/requests.csv``: requests for higher credit limits, for those who have none.

Run ``python bots/credit_limits/generate_input.py``. Customers and their current limits are those of our own credit
desk (``resources/legacy/credit_host/customers.csv``), all else is drawn from a seed; the same seed gives the same
bytes on every machine.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

SEED = 20260316
ROOT = Path(__file__).resolve().parents[2]
CUSTOMERS = ROOT / "resources" / "legacy" / "credit_host" / "customers.csv"
FILE = Path(__file__).resolve().parent / "input" / "requests.csv"
COLUMNS = (
    *("request", "customer", "current limit", "requested limit"),
    *("overdue days", "payment score", "years as customer", "open complaints"),
)


def make_requests(seed: int = SEED) -> list[dict[str, str]]:
    """One for each customer, mostly sound; one customer asks twice, and two requests can't be decided as they stand."""
    chance = random.Random(seed)

    def one_of(*values: int) -> int:
        return values[int(chance.random() * len(values))]

    with CUSTOMERS.open(encoding="utf-8", newline="") as file:
        customers = list(csv.DictReader(file, delimiter=";"))
    requests = [
        {
            "customer": customer["number"],
            "current limit": customer["limit"],
            "requested limit": str(int(customer["limit"]) + 1000 * one_of(4, 5, 8, 10, 10, 20, 25, 60)),
            "overdue days": customer["overdue_days"],
            "payment score": str(one_of(96, 93, 91, 88, 85, 82, 74, 66, 41)),
            "years as customer": str(one_of(12, 9, 7, 5, 4, 3, 2, 1)),
            "open complaints": "0",
        }
        for customer in customers
    ]
    # From here on by hand, so that each way through the bot is in the example.
    requests[1]["open complaints"] = requests[11]["open complaints"] = "1"
    again = dict(requests[4], **{"requested limit": str(int(requests[4]["requested limit"]) - 1000)})
    typo = dict(requests[6], customer="10029", **{"overdue days": "0", "payment score": "90"})
    blank = dict(requests[8], **{"payment score": ""})
    requests += [again, typo, blank]
    return [{"request": f"CR-2026-{number:04}", **request} for number, request in enumerate(requests, 1)]


def write(path: Path = FILE) -> Path:
    lines = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in make_requests())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


if __name__ == "__main__":
    print(write())

"""Makes ``input/requests.csv``: requests to change suppliers' bank details, for those who have none.

Run ``python bots/supplier_changes/generate_input.py``. Suppliers and their accounts are those of our own supplier
accounts (``resources/legacy/supplier_accounts/suppliers.csv``), all else is drawn from a seed; the same seed gives the
same bytes on every machine.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

SEED = 20260316
ROOT = Path(__file__).resolve().parents[2]
SUPPLIERS = ROOT / "resources" / "legacy" / "supplier_accounts" / "suppliers.csv"
FILE = Path(__file__).resolve().parent / "input" / "requests.csv"
COLUMNS = (
    *(
        "request",
        "supplier",
        "supplier name",
        "supplier country",
        "iban",
        "iban country",
        "current iban",
        "bic",
    ),
    *("account holder", "requested by", "call back", "days since last change", "open amount"),
)
LENGTHS = {"DE": 22, "AT": 20, "CH": 21, "FR": 27, "NL": 18}
"""Signs of an IBAN by country, where all but the first two may be digits (for our purpose also in France)."""


def make_requests(seed: int = SEED) -> list[dict[str, str]]:
    """One for each supplier, mostly sound, then some that can't be entered or decided as they stand."""
    chance = random.Random(seed)

    def one_of(*texts: str) -> str:
        return texts[int(chance.random() * len(texts))]

    with SUPPLIERS.open(encoding="utf-8", newline="") as file:
        suppliers = list(csv.DictReader(file, delimiter=";"))
    requests = []
    for supplier in suppliers:
        country = supplier["country"] if supplier["country"] in LENGTHS else "DE"
        iban = make_iban(country, chance)
        requests.append(
            {
                "supplier": supplier["number"],
                "supplier name": supplier["name"],
                "supplier country": supplier["country"],
                "iban": iban,
                "iban country": country,
                "current iban": supplier["iban"],
                "bic": f"MUST{country}{one_of('FF', '22', 'PP', 'M1')}XXX",
                "account holder": supplier["name"],
                "requested by": one_of("supplier portal", "supplier portal", "letter", "mail", "phone"),
                "call back": one_of("not done", "done", "done"),
                "days since last change": str(one_of("1460", "730", "365", "120", "45")),
                "open amount": one_of("0", "1240.50", "8300", "17999.99", "50000", "50000.01", "212000"),
            }
        )
    # From here on by hand, so that each way through the bot is in the example.
    requests[0].update({"requested by": "supplier portal", "call back": "not done", "open amount": "8300"})
    requests[2].update({"requested by": "mail", "call back": "denied"})
    requests[3].update({"days since last change": "6"})
    requests[8].update({"account holder": "Tannhof Factoring GmbH", "call back": "not done"})
    requests[14].update({"requested by": "letter", "call back": "done"})  # this supplier is blocked
    again = dict(requests[0], iban=make_iban("DE", chance))
    right = again["iban"]
    typo = dict(requests[18], iban=f"{right[:-1]}{(int(right[-1]) + 1) % 10}", **{"iban country": "DE"})
    typo.update({"supplier country": "DE", "requested by": "letter", "call back": "done"})
    blank = dict(requests[7], iban="")
    requests += [again, typo, blank]
    return [{"request": f"SC-2026-{number:04}", **request} for number, request in enumerate(requests, 1)]


def make_iban(country: str, chance: random.Random) -> str:
    """With right check digits, by ISO 7064."""
    account = "".join(str(int(chance.random() * 10)) for _ in range(LENGTHS[country] - 4))
    number = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02}{account}"


def write(path: Path = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(make_requests())
    return path


if __name__ == "__main__":
    print(write())

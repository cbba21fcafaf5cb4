"""How fast logged cases are decided again, and what hiding their facts costs.

    python benchmarks/replay.py [--cases 50000]

Three logs are written and replayed: a plain table, the same with an encrypted fact that its rules use, and mortgage
applications with a model. Cases a second of processor time, the best of three.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.domain import Case
from referee.engine import Referee, replay
from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook

ROOT = Path(__file__).resolve().parents[1]
RULES = (
    ('"DE","FR"', "<= 5000", "auto", "pay", None, "within the limit"),
    ('"DE","FR"', "> 5000", "human", None, "managers", "over the limit"),
    ("CH", "-", "exception", "ask supplier", None, "foreign"),
)


def write_limits(path: Path, *, encrypted: bool) -> Path:
    facts = (
        FactDefinition("payment", "string"),
        FactDefinition("country", "string", '"DE","FR","CH"'),
        FactDefinition("amount", "number", "[0..100000]", sensitive=encrypted, logged_as="encrypt"),
        FactDefinition("note", "string", required=False),
    )
    outputs = ("route", "action", "queue", "reason")
    table = TableDraft("routing", HitPolicy.UNIQUE, ("country", "amount"), outputs, RULES)
    settings = Settings("payments", "1", "", "", "payment", "routing", "clerks")
    write_workbook(path, WorkbookDraft(settings, facts, (table,)))
    return path


def payments(count: int) -> list[Case]:
    return [
        Case(
            f"P-{number}",
            {
                "payment": f"P-{number}",
                "country": ("DE", "FR", "CH")[number % 3],
                "amount": Decimal(number % 10_000),
                "note": "as ordered",
            },
        )
        for number in range(count)
    ]


def applications(count: int) -> list[Case]:
    with (ROOT / "bots/loan_applications/input/example_applications.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    name = next(iter(rows[0]))
    return [
        Case(f"A-{number}", {**row, name: f"A-{number}"})
        for number, row in enumerate(islice(cycle(rows), count))
    ]


def best(action: Callable[[], Any], times: int = 3) -> float:
    """The least processor time of several calls."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cases", type=int, default=50_000)
    count = arguments.parse_args().cases
    models = ROOT / "models"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = {
            "plain table": (write_limits(folder / "plain.xlsx", encrypted=False), payments(count)),
            "encrypted fact": (write_limits(folder / "encrypted.xlsx", encrypted=True), payments(count)),
            "table with a model": (ROOT / "decision_tables/loan_applications.xlsx", applications(count // 5)),
        }
        for kind, (workbook, cases) in kinds.items():
            log = folder / kind
            referee = Referee(workbook, models=models, audit=log)
            started = time.process_time()
            for _ in referee.decide_many(cases):
                pass
            logging = time.process_time() - started

            def again(log: Path = log, workbook: Path = workbook, expected: int = len(cases)) -> None:
                found = replay(log, versions=[workbook], models=[models])
                assert (found.equal, found.different) == (expected, 0), found

            replaying = best(again)
            first, later = len(cases) / logging, len(cases) / replaying
            print(f"{kind}: decided and logged {first:,.0f}, replayed {later:,.0f} cases a second")


if __name__ == "__main__":
    main()

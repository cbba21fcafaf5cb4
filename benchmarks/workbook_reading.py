"""Reading workbooks: a decision of many rules, and a sheet of many cases; medians and peak memory.

    python benchmarks/workbook_reading.py [rules=10000] [cases=100000]

The decision has one table of ``rules`` rules over six inputs (numbers, dates, texts, truth values) with four outputs;
every tenth rule has cells that no other rule has. The cases have eight columns. Times are medians of rounds, each in a
process of its own that has imported everything, once by the clock and once as processor time, which a busy machine does
not change much; memory is the largest resident size of that process.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

ROUNDS = 5
SEED = 20260101
COUNTRIES = ["DE", "FR", "CH", "AT", "IT", "ES", "NL", "BE", "PL", "SE"]


def write_decision(path: Path, rules: int) -> None:
    """A decision with a routing table of that many rules."""
    from referee.tables import HitPolicy
    from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook

    chosen = random.Random(SEED)
    facts = (
        FactDefinition("payment", "string"),
        FactDefinition("amount", "number"),
        FactDefinition("score", "number"),
        FactDefinition("country", "string", ",".join(f'"{name}"' for name in COUNTRIES)),
        FactDefinition("product", "string"),
        FactDefinition("since", "date"),
        FactDefinition("member", "boolean"),
    )
    rows = []
    for number in range(rules):
        low = chosen.randrange(0, 1_000_000) if number % 10 == 0 else chosen.randrange(0, 400) * 500
        year = chosen.randrange(1990, 2026)
        rows.append(
            (
                f"[{low}..{low + 500})",
                chosen.choice(["-", ">= 0.5", "< 0.25", 0.75]),
                chosen.choice(["-", *COUNTRIES]),
                f"product {chosen.randrange(0, 400)}",
                chosen.choice(["-", f'>= date("{year}-01-01")']),
                chosen.choice([True, False, None]),
                chosen.choice(["auto", "human"]),
                "pay",
                chosen.choice(["desk a", "desk b"]),
                f"Rule {number + 1} applies.",
            )
        )
    inputs = tuple(fact.name for fact in facts[1:])
    table = TableDraft(
        "routing", HitPolicy.FIRST, inputs, ("route", "action", "queue", "reason"), tuple(rows)
    )
    settings = Settings("many rules", "1", "", "", "payment", "routing", "desk")
    write_workbook(path, WorkbookDraft(settings, facts, (table,)))


def write_cases(path: Path, cases: int) -> None:
    """A sheet of that many cases."""
    from openpyxl import Workbook

    chosen = random.Random(SEED)
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Cases")
    sheet.append(["payment", "amount", "score", "country", "product", "member", "note", "quantity"])
    for number in range(cases):
        sheet.append(
            [
                f"P-{number:07}",
                round(chosen.random() * 10_000, 2),
                chosen.random(),
                chosen.choice(COUNTRIES),
                f"product {chosen.randrange(0, 400)}",
                chosen.random() < 0.5,
                None,
                chosen.randrange(1, 100),
            ]
        )
    workbook.save(path)


def measured(what: str, path: str) -> None:
    """One reading in this process; prints seconds and memory as JSON."""
    import openpyxl  # noqa: F401  the time to import it is no part of reading

    from referee.workbook import read_cases, read_workbook

    before = peak_megabytes()
    started, worked = time.perf_counter(), time.process_time()
    read = read_workbook(path).tables[0].rules if what == "decision" else read_cases(path)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    found = {"rows": len(read), "seconds": seconds, "processor": processor, "before": before}
    print(json.dumps({**found, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """The largest resident size of this process so far; 0 where the system doesn't tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10


def report(what: str, path: Path) -> None:
    rounds = []
    for _ in range(ROUNDS):
        command = [sys.executable, __file__, "--measure", what, str(path)]
        rounds.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    seconds = [item["seconds"] for item in rounds]
    print(
        f"{what:9} {rounds[0]['rows']:>8,} rows  {path.stat().st_size / 2**20:6.1f} MB file"
        f"  {statistics.median(seconds):6.2f} s (from {min(seconds):.2f} to {max(seconds):.2f}),"
        f" {statistics.median(item['processor'] for item in rounds):.2f} s of processor time"
        f"  {max(item['peak'] for item in rounds):6.0f} MB peak, {rounds[0]['before']:.0f} MB before"
    )


def main(rules: int, cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        decision, sheet = Path(folder) / "decision.xlsx", Path(folder) / "cases.xlsx"
        write_decision(decision, rules)
        write_cases(sheet, cases)
        report("decision", decision)
        report("cases", sheet)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measured(sys.argv[2], sys.argv[3])
    else:
        given = dict(argument.split("=") for argument in sys.argv[1:])
        main(int(given.get("rules", 10_000)), int(given.get("cases", 100_000)))

"""What a bot without a user interface costs to start: 60 cases of an Excel list, beside an empty run of the robot.

    python benchmarks/bot_startup.py [rounds=7] [cases=60]

Each run is a process of its own, ``python -m robot`` with its logs as by default, in a fresh folder. The bot reads an
Excel list, decides it by a decision table, lets a keyword act on each case that is automatic, and writes results,
worklist and summary, and the results back into the list. Told are the medians: by the clock from the start of the
process to its end, and to the first decision that is written to the audit log; and the processor time of the process,
which a busy machine does not change much.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1] / "library"
sys.path.insert(0, str(LIBRARY))

EMPTY = "*** Tasks ***\nNothing\n    No Operation\n"
IMPORT = "*** Settings ***\nLibrary    RefereeLibrary    decision.xlsx\n\n" + EMPTY
BOT = """\
*** Settings ***
Library    RefereeLibrary    decision.xlsx    audit=audit    playbooks=playbooks

*** Tasks ***
Pay
    Read Cases    cases.xlsx
    Write Results Back
    On Action    pay    Pay One
    Process Cases

*** Keywords ***
Pay One
    [Arguments]    ${case}
    Log    ${case}[facts][amount]
    RETURN    AP-${case}[id]
"""


def write_folder(folder: Path, cases: int) -> None:
    from referee.tables import HitPolicy
    from referee.workbook import (
        FactDefinition,
        Settings,
        TableDraft,
        WorkbookDraft,
        write_table,
        write_workbook,
    )

    facts = (
        FactDefinition("payment", "string"),
        FactDefinition("country", "string", '"DE","FR","CH"'),
        FactDefinition("amount", "number", "[0..100000]"),
    )
    rows = (
        ('"DE","FR"', "<= 5000", "auto", "pay", None, "within the limit"),
        ('"DE","FR"', "> 5000", "human", None, "managers", "over the limit"),
        ("CH", "-", "human", None, "managers", "foreign"),
    )
    outputs = ("route", "action", "queue", "reason")
    table = TableDraft("routing", HitPolicy.UNIQUE, ("country", "amount"), outputs, rows)
    settings = Settings("payments", "1", "", "", "payment", "routing", "clerks")
    write_workbook(folder / "decision.xlsx", WorkbookDraft(settings, facts, (table,)))
    listed = [(f"P-{number:03}", ("DE", "FR", "CH")[number % 3], number * 150) for number in range(cases)]
    write_table(folder / "cases.xlsx", ("payment", "country", "amount"), listed)
    (folder / "playbooks").mkdir()
    for name, text in {"empty": EMPTY, "import": IMPORT, "bot": BOT}.items():
        (folder / f"{name}.robot").write_text(text, encoding="utf-8")


def run(name: str, cases: int) -> tuple[float, float, float]:
    """Seconds to the first decision (0 where there is none) and to the end, and processor seconds."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_folder(folder, cases)
        log = folder / "audit" / "audit.jsonl"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "robot", "--rpa", f"{name}.robot"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(LIBRARY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        first = 0.0
        while process.poll() is None:
            if not first and log.exists() and b'"kind":"decision"' in log.read_bytes():
                first = time.perf_counter() - started
            time.sleep(0.002)
        ended = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = process.stdout.read().decode("utf-8", "replace") if process.stdout else ""
        if process.returncode:
            raise SystemExit(said)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return first, ended, used


def main(arguments: Sequence[str]) -> None:
    rounds = int(arguments[0]) if arguments else 7
    cases = int(arguments[1]) if arguments[1:] else 60
    names = {
        "empty": "an empty run",
        "import": "the library imported",
        "bot": f"a bot with {cases} cases",
    }
    run("bot", cases)  # fills the caches of Python and of the disk
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:  # in turn, so that what else the machine does falls on all alike
            figures[name].append(run(name, cases))
    print(f"{'':<24}{'first decision':>16}{'end':>10}{'processor':>12}")
    for name, told in names.items():
        first, ended, used = (statistics.median(values) for values in zip(*figures[name], strict=True))
        print(f"{told:<24}{f'{first:.2f} s' if first else '':>16}{f'{ended:.2f} s':>10}{f'{used:.2f} s':>12}")


if __name__ == "__main__":
    main(sys.argv[1:])

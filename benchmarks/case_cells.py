"""Results written back into people's own workbook: time and memory, beside openpyxl.

    python benchmarks/case_cells.py [rows=100000]

The list has ten columns (texts, numbers, dates, a formula) and a second sheet. Each step runs in a process of its own:
reading the rows as a stream, reading them as cases, adding them to a work queue, checking four columns, writing them,
writing one row, and what openpyxl does for the same: load and save. Told are seconds by the clock, processor seconds,
and the largest resident size, of which the process has a part before it begins.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

HEADINGS = ("route", "reasons", "status", "result")


def write_list(path: Path, rows: int) -> None:
    import datetime

    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Invoices")
    sheet.append(
        ["invoice", "vendor", "country", "amount", "tax", "total", "due", "text", "ordered", "received"]
    )
    for number in range(rows):
        row = number + 2
        due = datetime.date(2026, 1, 1) + datetime.timedelta(days=number % 300)
        sheet.append(
            [
                f"R-{number:06}",
                f"vendor {number % 5000}",
                ("DE", "FR", "CH")[number % 3],
                number * 1.25,
                0.19,
                f"=D{row}*(1+E{row})",
                due,
                f"invoice of vendor {number % 5000}, part {number % 7}",
                number % 90,
                number % 3 == 0,
            ]
        )
    workbook.create_sheet("Rates").append(["DE", 0.19])
    workbook.save(path)


def nothing(path: Path) -> None:
    from referee.workbook import case_cells, case_sheet  # noqa: F401 - what is imported is measured


def stream(path: Path) -> None:
    from referee.workbook.case_sheet import CaseRows

    for _ in CaseRows(path, "", "invoice").cases():
        pass


def read(path: Path) -> None:
    from referee.workbook import read_cases

    assert read_cases(path, "", "invoice")


def add_to_queue(path: Path) -> None:
    from referee.workitems import WorkQueue, items_of_case_list

    queue = WorkQueue(path.with_name("queue.sqlite"))
    queue.add_many("in", items_of_case_list(path, key="invoice"))
    queue.close()


def check(path: Path) -> None:
    from referee.workbook import CellTarget, check_case_cells

    check_case_cells(CellTarget(path, HEADINGS, "", "invoice"))


def write(path: Path) -> None:
    from referee.workbook import CellTarget, write_case_cells

    cells = ["auto", "within the limit and ordered", "done", "AP-2026-000001"]
    write_case_cells(CellTarget(path, HEADINGS, "", "invoice"), lambda case: cells)


def write_one(path: Path) -> None:
    from referee.workbook import CellTarget, write_case_cells

    target = CellTarget(path, HEADINGS, "", "invoice")
    write_case_cells(target, {"R-000500": ["auto", "fine", "done", 1]}.get)


def with_openpyxl(path: Path) -> None:
    from openpyxl import load_workbook

    workbook = load_workbook(path)
    sheet = workbook["Invoices"]
    for row in range(2, sheet.max_row + 1):
        for column, text in enumerate(("auto", "within the limit and ordered", "done", "AP-2026-000001"), 11):
            sheet.cell(row, column, text)
    workbook.save(path)


STEPS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "nothing": ("nothing but the imports", nothing),
    "stream": ("read all rows as a stream", stream),
    "read": ("read all rows as cases", read),
    "queue": ("add all rows to a work queue", add_to_queue),
    "check": ("check four columns", check),
    "write": ("write four columns", write),
    "one": ("write four cells of one row", write_one),
    "openpyxl": ("the four columns by openpyxl", with_openpyxl),
}


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        started, used = time.perf_counter(), time.process_time()
        STEPS[sys.argv[2]][1](Path(sys.argv[3]))
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024 if sys.platform != "darwin" else 1024**2
        )
        print(f"{seconds:8.1f} s {processor:8.1f} s {peak:8.0f} MB")
        return
    rows = int(sys.argv[1]) if sys.argv[1:] else 100_000
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder) / "source.xlsx", Path(folder) / "list.xlsx"
        write_list(source, rows)
        print(f"{rows} rows, {source.stat().st_size / 2**20:.1f} MB")
        print(f"{'':<32}{'clock':>10}{'processor':>11}{'memory':>12}")
        for name, (told, _) in STEPS.items():
            path.write_bytes(source.read_bytes())
            done = subprocess.run(
                [sys.executable, __file__, "--step", name, str(path)],
                capture_output=True,
                text=True,
                env=dict(os.environ),
                check=True,
            )
            print(f"{told:<32}{done.stdout.rstrip()}")


if __name__ == "__main__":
    main()

"""How fast the audit log is, against the least that durable records can cost: a bare loop of write and fdatasync.

    python benchmarks/audit_log.py [append] [batches] [verify] [cpu]

Every figure is taken in one run on one disk; log and bare loop take turns, so that ratios hold on a busy machine too.
The bare loop appends lines of the same length with the same number of processes to one file, without any lock.
``--folder`` names the disk; ``--rounds`` how often each pair is measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.audit import AuditLog, verify
from referee.files import flush

TYPICAL: dict[str, Any] = {
    "case": "DOC-2026-0036",
    "decision": "invoice_approval",
    "facts": {
        "invoice_no": "DOC-2026-0036",
        "supplier": "Nordlicht Handels GmbH",
        "amount": Decimal("1234.50"),
        "currency": "EUR",
        "po_number": "PO-88231",
        "received": "2026-11-20",
        "country": "DE",
        "cost_centre": "4711",
        "known_supplier": True,
        "discount": None,
    },
    "facts_sha256": "a" * 64,
    "route": "auto",
    "action": "post invoice",
    "queue": "",
    "reasons": ["within the limit of the cost centre"],
    "outputs": {"route": "auto", "action": "post invoice", "limit": Decimal("5000")},
    "rules": [
        {
            "table": "Approval",
            "rule": 7,
            "place": "invoice_approval.xlsx, sheet Approval, row 11",
            "annotation": "small",
        },
        {
            "table": "Limits",
            "rule": 2,
            "place": "invoice_approval.xlsx, sheet Limits, row 6",
            "annotation": "",
        },
    ],
    "scores": {
        "review model": {
            "label": "ok",
            "confidence": Decimal("0.973112"),
            "probabilities": {"ok": Decimal("0.973112"), "review": Decimal("0.026888")},
        }
    },
    "diagnostics": [],
    "versions": {
        "workbook": "invoice_approval",
        "workbook_version": "3",
        "workbook_sha256": "b" * 64,
        "models": {"review": "1.0.0"},
    },
    "follows": None,
}
"""A decision as the invoice bot records it."""

SHORT: dict[str, Any] = {
    "case": "DOC-2026-0036",
    "decision": "invoice_approval",
    "status": "acting",
    "action": "post invoice",
    "of": 17,
    "result": None,
    "error": "",
}
"""An action as the invoice bot records it before it acts: the shortest record there is."""

PROCESSES = (1, 4, 8)
BATCH = 32
TURN = 150


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("parts", nargs="*", default=["append", "batches", "verify", "cpu"])
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    for part in given.parts:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            PARTS[part](Path(folder), given.rounds)
        print()


def line_length(folder: Path, kind: str, payload: dict[str, Any]) -> int:
    log = AuditLog(folder / "one")
    log.append_many([(kind, payload)] * 10)
    log.close()
    return log.path.stat().st_size // 10


# --- appending


def append_to_log(folder: Path, records: int, kind: str, payload: dict[str, Any], batch: int) -> None:
    log = AuditLog(folder)
    if batch == 1:
        for _ in range(records):
            log.append(kind, payload)
    else:
        for _ in range(records // batch):
            log.append_many([(kind, payload)] * batch)


def append_bare(folder: Path, records: int, length: int, batch: int) -> None:
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    data = b"x" * (length * batch - 1) + b"\n"
    for _ in range(records // batch):
        os.write(descriptor, data)
        flush(descriptor)


def worker(work: Callable[..., None], arguments: tuple[Any, ...], start: Any) -> None:
    start.wait()
    work(*arguments)


def records_per_second(processes: int, records: int, work: Callable[..., None], *arguments: Any) -> float:
    """By all processes together, from a common start to the end of the last."""
    folder, *rest = arguments
    each = records // processes
    start = multiprocessing.Barrier(processes + 1)
    started = [
        multiprocessing.Process(target=worker, args=(work, (folder, each, *rest), start))
        for _ in range(processes)
    ]
    for process in started:
        process.start()
    start.wait()
    begun = time.perf_counter()
    for process in started:
        process.join()
    seconds = time.perf_counter() - begun
    shutil.rmtree(folder)
    return each * processes / seconds


def compared(
    folder: Path, rounds: int, processes: int, records: int, kind: str, payload: Any, batch: int
) -> str:
    length = line_length(folder / "length", kind, payload)
    log, bare = [], []
    for _ in range(rounds):
        bare.append(records_per_second(processes, records, append_bare, folder / "bare", length, batch))
        log.append(
            records_per_second(processes, records, append_to_log, folder / "log", kind, payload, batch)
        )
    ratios = sorted(mine / least for mine, least in zip(log, bare, strict=True))
    return (
        f"{processes} processes: {statistics.median(log):>9,.0f} records/s, bare {statistics.median(bare):>9,.0f}, "
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


def append(folder: Path, rounds: int) -> None:
    print(f"single records of {line_length(folder / 'typical', 'decision', TYPICAL)} bytes")
    for processes in PROCESSES:
        print(" ", compared(folder, rounds, processes, 4_000, "decision", TYPICAL, 1))


def batches(folder: Path, rounds: int) -> None:
    for kind, payload in (("action", SHORT), ("decision", TYPICAL)):
        print(f"batches of {BATCH} records of {line_length(folder / kind, kind, payload)} bytes")
        for processes in PROCESSES:
            print(" ", compared(folder, rounds, processes, 64_000, kind, payload, BATCH))


# --- verifying and processor time


def verify_rate(folder: Path, rounds: int) -> None:
    for kind, payload in (("action", SHORT), ("decision", TYPICAL)):
        log = AuditLog(folder / kind)
        for _ in range(200):
            log.append_many([(kind, payload)] * 500)
        log.close()
        elapsed, processor = [], []
        for _ in range(rounds):
            begun, used = time.perf_counter(), time.process_time()
            found = verify(folder / kind)
            elapsed.append(found.records / (time.perf_counter() - begun))
            processor.append(found.records / (time.process_time() - used))
        size = log.path.stat().st_size // found.records
        print(
            f"verification of records of {size} bytes: {statistics.median(elapsed):,.0f} a second, "
            f"{statistics.median(processor):,.0f} in a second of processor time"
        )


def processor_time(folder: Path, rounds: int) -> None:
    """In short turns, so that both find the same in the processor's cache, whatever else runs."""
    log = AuditLog(folder / "log")
    length = line_length(folder / "length", "decision", TYPICAL)
    data = b"x" * (length - 1) + b"\n"
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def append_one() -> None:
        log.append("decision", TYPICAL)

    def write_one() -> None:
        os.write(descriptor, data)
        flush(descriptor)

    def cost(work: Callable[[], None]) -> float:
        used = time.process_time()
        for _ in range(TURN):
            work()
        return (time.process_time() - used) / TURN * 1e6

    turns = [(cost(append_one), cost(write_one)) for _ in range(10 * rounds)]
    added = sorted(mine - least for mine, least in turns)
    print(
        f"processor time for a record of {length} bytes: {statistics.median(added):.0f} µs on top of the "
        f"{statistics.median(least for _, least in turns):.0f} µs of the bare write and fdatasync "
        f"({len(turns)} turns, half of them from {added[len(added) // 4]:.0f} to {added[-len(added) // 4]:.0f} µs)"
    )


PARTS: dict[str, Callable[[Path, int], None]] = {
    "append": append,
    "batches": batches,
    "verify": verify_rate,
    "cpu": processor_time,
}

if __name__ == "__main__":
    main()

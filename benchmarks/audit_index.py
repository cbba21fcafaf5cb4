"""What the index of the audit log is for: finding a case and starting a bot over a long log without reading it all.

    python benchmarks/audit_index.py [--records 1000000] [--folder FOLDER]

Makes a log of typical decisions, each with two records of its action, or uses the one in the folder. Times are given as
elapsed and as processor time; each is that of a process of its own, with what it imports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from benchmarks.audit_log import SHORT, TYPICAL
from referee.audit import AuditLog, has_log
from referee.audit.index import Index

ROOT = Path(__file__).resolve().parents[1]

START = """
from referee import Referee
tables = Path("decision_tables/invoice_approval.xlsx")
print(Referee(tables, audit=folder).decide("NEW-%d" % os.getpid(), {"amount": 1200}).route)
"""

STEPS = {
    "read the whole log (what there is to save)": """
from referee.audit import AuditLog
print(sum(1 for _ in AuditLog(folder, read_only=True).records()), "records")
""",
    "make the index": """
from referee.audit.index import Index
with Index(folder) as index:
    index.catch_up()
    print(index.tail.position, "records,", index.path.stat().st_size // 2**20, "MiB")
""",
    "verify the log, without its index": """
from referee.audit import verify
print(verify(folder).records, "records")
""",
    "hold the index against the log": """
from referee.audit.index_check import differing_indexes
print(differing_indexes(folder) == ([], []))
""",
    "open the log, find a case": """
from referee.audit import AuditLog
from referee.workitems import Ledger
ledger = Ledger(AuditLog(folder, read_only=True))
ledger.refresh()
print(ledger.state("invoice_approval", "DOC-123456").status)
""",
    "open the log, list the open cases": """
from referee.audit import AuditLog
from referee.workitems import Ledger
ledger = Ledger(AuditLog(folder, read_only=True))
ledger.refresh()
print(len(ledger.open_cases("invoice_approval")), "open")
""",
    "list what waits for people": """
from referee.audit import AuditLog
from referee.handoff import Worklist
print(len(Worklist(AuditLog(folder, read_only=True)).items()), "waiting")
""",
    "find decisions by a reason": """
from referee.audit.finding import Query, count
from referee.audit.index import up_to_date
with up_to_date(folder) as index:
    print(count(index, Query(reason="nobody says that")), "found")
""",
    "export all decisions to CSV": """
import tempfile
from referee.audit.decision_rows import column_names, decision_rows
from referee.audit.finding import Query
from referee.audit.index import up_to_date
from referee.files.plain_csv import write_csv
with tempfile.TemporaryDirectory() as place, up_to_date(folder) as index:
    names = column_names(index, Query())
    rows = ([row.get(name) for name in names] for row in decision_rows(index, Query()))
    print(write_csv(Path(place) / "all.csv", names, rows), "rows")
""",
    "start the first bot, which has no keys yet, to its first decision": START,
    "start a bot to its first decision": START,
}
TIMED = """
import os, sys, time
started, used = time.perf_counter(), time.process_time()
from pathlib import Path
folder = Path(sys.argv[1])
{step}
print("%.2f s, %.2f s of processor time" % (time.perf_counter() - started, time.process_time() - used))
if sys.platform == "linux":
    print([line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1], "KiB at most")
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--records", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "audit"
        if not has_log(folder):
            make_log(folder, given.records)
        with Index(folder) as index:
            index.abandon()
        for name, step in STEPS.items():
            print(f"{name}: {timed(step, folder.absolute())}", flush=True)
        print(f"the same over an empty log: {timed(step, Path(temporary) / 'empty')}")


def make_log(folder: Path, records: int) -> None:
    """Decisions, each begun and done but for one in a thousand, which stays open."""
    log = AuditLog(folder)
    batch = 1000
    for first in range(0, records // 3, batch):
        cases = [f"DOC-{number:06d}" for number in range(first, first + batch)]
        decided = log.append_many(("decision", {**TYPICAL, "case": case}) for case in cases)
        acted = [
            ("action", {**SHORT, "case": case, "status": status, "of": receipt.position})
            for case, receipt in zip(cases, decided, strict=True)
            for status in (("acting",) if case.endswith("500") else ("acting", "done"))
        ]
        log.append_many(acted)
    log.close()


def timed(step: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(step=step), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "library")},
        capture_output=True,
        text=True,
        check=True,
    )
    return ", ".join(done.stdout.split("\n")).strip(", ")


if __name__ == "__main__":
    main()

"""An import of answers that is killed at any moment is completed by the next one, without loss or doubles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.audit import AuditLog, verify
from referee.handoff import Worklist

pytestmark = pytest.mark.faults

NAME = "invoice approval"
CASES = 60

IMPORT = """
import sys
import openpyxl
from referee.audit import AuditLog
from referee.handoff import Worklist
worklist = Worklist(AuditLog(sys.argv[1]))
worklist.items()
print("ready", flush=True)
worklist.import_answers(sys.argv[2], sys.argv[3])
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
@pytest.mark.parametrize("milliseconds", [5, 10, 14, 16, 18, 20, 24, 30])
def test_a_killed_import_is_completed_by_the_next(
    tmp_path: Path, repository: Path, milliseconds: int
) -> None:
    log = AuditLog(tmp_path / "audit")
    for number in range(CASES):
        case = {"case": f"INV-{number}", "decision": NAME}
        of = log.append("decision", {**case, "facts": {"amount": number}}).position
        log.append("handoff", {**case, "queue": "payables", "reasons": [], "of": of})
    path, examples = tmp_path / "worklist.xlsx", tmp_path / "examples"
    worklist = Worklist(log)
    worklist.export(path)
    workbook = load_workbook(path)
    for row in workbook["Worklist"].iter_rows(min_row=3):
        row[6].value, row[7].value = "approve", "Ada"
    workbook.save(path)

    killed = subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(log.folder), str(path), str(examples)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"ready\n"
    time.sleep(milliseconds / 1000)
    killed.kill()
    killed.wait()

    worklist.import_answers(path, examples)
    answered = [record.payload["case"] for record in log.records() if record.kind == "answer"]
    labelled = [json.loads(line) for line in (examples / f"{NAME}.jsonl").read_text("utf-8").splitlines()]
    expected = sorted(f"INV-{number}" for number in range(CASES))
    assert sorted(answered) == expected
    assert sorted(example["case"] for example in labelled) == expected
    assert verify(log.folder).faults == ()

"""A bot killed while it writes into people's workbook leaves the old file or the new one, and the next bot goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

pytestmark = pytest.mark.faults

ROUNDS = 8
WRITER = """
import sys
from pathlib import Path
from referee.keywords.written_back import alone_with
from referee.workbook import CellTarget, write_case_cells

path = Path(sys.argv[1])
target = CellTarget(path, ["route", "count"], "", "id")
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    with alone_with(path):
        write_case_cells(target, lambda case: [f"route {number}", number])
    if len(sys.argv) > 3:
        break
"""


def test_a_kill_leaves_one_whole_workbook(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "list [1].xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(["id", "amount"])
    for number in range(2000):
        sheet.append([f"c{number}", number])
    workbook.save(path)
    environment = {**os.environ, "PYTHONPATH": str(repository / "library")}
    chosen = random.Random(5)
    seen = set()
    for _ in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(max(seen, default=0))],
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        before = path.stat().st_mtime_ns
        while path.stat().st_mtime_ns == before and process.poll() is None:
            time.sleep(0.005)  # until it has written once
        time.sleep(chosen.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
        rows: Any = load_workbook(path).active
        found = {row[2:] for row in rows.iter_rows(min_row=2, values_only=True)}
        assert len(found) == 1, "rows of one writing only"
        assert [row[1] for row in rows.iter_rows(min_row=2, values_only=True)] == list(range(2000))
        ((route, count),) = found
        assert route == f"route {count}"
        seen.add(count)
    assert len(seen) == ROUNDS
    subprocess.run([sys.executable, "-c", WRITER, str(path), "1000", "once"], env=environment, check=True)
    assert [one.name for one in tmp_path.iterdir()] == [path.name], "nothing of the killed ones stays"

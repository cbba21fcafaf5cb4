"""A bot that reads a workbook doesn't pay for what writes, imports or annotates one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[3] / "library"

ON_FIRST_USE = (
    "openpyxl",
    "referee.workbook.annotation",
    "referee.workbook.authoring",
    "referee.workbook.importing",
    "referee.workbook.results",
)


def test_what_only_some_commands_need_loads_on_first_use() -> None:
    script = (
        "import sys, referee.workbook\n"
        f"print([name for name in {ON_FIRST_USE!r} if name in sys.modules])\n"
        "from referee.workbook import write_workbook\n"
        "print('referee.workbook.authoring' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    found = subprocess.run(
        [sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True
    )
    assert found.stdout.split("\n")[:2] == ["[]", "True"]

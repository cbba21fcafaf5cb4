"""A bot that reads a workbook doesn't pay for what writes, imports or annotates one."""

from __future__ import annotations

import subprocess
import sys

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
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.split("\n")[:2] == ["[]", "True"]

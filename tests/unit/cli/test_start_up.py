"""A command loads what it needs and nothing else: every run pays for what is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[3] / "library"
HEAVY = {"jinja2", "numpy", "openpyxl", "pydantic", "rich", "sklearn", "yaml"}


@pytest.mark.parametrize("arguments", [["check", "book.xlsx"], ["test", "book.xlsx"], ["--help"]])
def test_a_command_on_plain_rules_loads_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    from referee.tables import HitPolicy
    from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook

    rules = (("< 5", "auto", "pay", None, "a"), (">= 5", "human", None, "desk", "b"))
    outputs = ("route", "action", "queue", "reason")
    draft = WorkbookDraft(
        settings=Settings("payments", "1", "treasury", "pay", "payment", "routing", "desk"),
        facts=(FactDefinition("payment", "number"), FactDefinition("amount", "number")),
        tables=(TableDraft("routing", HitPolicy.UNIQUE, ("amount",), outputs, rules),),
    )
    write_workbook(tmp_path / "book.xlsx", draft)
    script = (
        "import sys\n"
        "from referee.cli.main import cli\n"
        f"cli({arguments!r}, standalone_mode=False)\n"
        "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "referee" in loaded
    assert not HEAVY & loaded

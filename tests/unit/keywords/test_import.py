"""Importing the library must stay cheap: what is heavy is loaded when a bot first needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("sklearn", "scipy", "joblib", "numpy", "pandas", "openpyxl", "durable", "durable_rules_engine"),
    *("pydantic", "RPA", "selenium", "rich", "click", "lxml"),
)


def loaded_by(statement: str, repository: Path) -> set[str]:
    """The packages that a fresh interpreter holds after the statement."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})",
        ],
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_the_library_loads_nothing_heavy(repository: Path) -> None:
    loaded = loaded_by(
        "from RefereeLibrary import RefereeLibrary; RefereeLibrary('decision.xlsx')", repository
    )
    assert {"RefereeLibrary", "referee", "robot"} <= loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded & set(HEAVY))


def test_a_bot_of_60_cases_ends_soon() -> None:
    """Processor time, which other work on the machine does not change much; the limit is that of a quiet machine."""
    pytest.importorskip("resource", reason="processor times of other processes are told elsewhere on Windows")
    from benchmarks.bot_startup import run

    run("import", 60)  # compiles what was never imported
    _, _, used = run("bot", 60)
    assert used < 4

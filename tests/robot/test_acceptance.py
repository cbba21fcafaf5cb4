"""Runs each Robot Framework suite of this folder, as a user would, and looks for secrets in what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SUITES = sorted(HERE.glob("*.robot"))
PASSWORD = "Geheim-4711-correct-horse"


@pytest.mark.browser
@pytest.mark.parametrize("suite", SUITES, ids=[suite.stem for suite in SUITES])
def test_the_suite_passes_and_its_logs_hold_no_password(suite: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "robot", "--loglevel", "TRACE", "--outputdir", str(tmp_path), str(suite)]
    environment = {
        **os.environ,
        "AP_PORTAL_USER": "apbot",
        "AP_PORTAL_PASSWORD": PASSWORD,
        "CREDIT_DESK_USER": "CRBOT",
        "CREDIT_DESK_PASSWORD": PASSWORD,
        "PYTHONPATH": str(HERE.parents[1] / "library"),
    }
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    spelled_out = ", ".join(f'"{letter}"' for letter in PASSWORD)
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for trace in (PASSWORD, spelled_out, spelled_out.replace('"', "&quot;")):
            assert trace.encode() not in content, f"{path.name} holds the password"

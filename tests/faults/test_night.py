"""A small night of unattended bots, with all that comes in a large one (``python tests/faults/night.py``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

NEEDED = ("chromedriver", "Xvfb", "tesseract", "s3270")

pytestmark = [
    pytest.mark.faults,
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="desktop bots need an X display, so Linux"),
    pytest.mark.skipif(
        not all(map(shutil.which, NEEDED)), reason=f"not all of these are installed: {', '.join(NEEDED)}"
    ),
]


def test_queue_log_and_systems_agree_after_a_night_of_kills(repository: Path) -> None:
    # A short name: the browser puts a socket into its folder of temporary files.
    folder = Path(tempfile.mkdtemp(prefix="night-"))
    night = [sys.executable, str(repository / "tests" / "faults" / "night.py"), "--folder", str(folder)]
    small = ["--items", "24", "--workers", "4", "--kills", "12", "--seed", "3", "--down", "4", "--lease", "5"]
    done = subprocess.run(
        [*night, *small],
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
        capture_output=True,
        text=True,
        timeout=400,
    )
    print(done.stdout)  # noqa: T201 - the counts, with pytest -s
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}\neverything is in {folder}"
    assert "FAULT" not in done.stdout
    # A kind of program that has nothing left to do can't be killed any more.
    assert done.stdout.count(" killed: ") >= 9, done.stdout
    shutil.rmtree(folder)

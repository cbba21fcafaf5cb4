"""A small night of unattended bots, with all that comes in a large one (``python tests/faults/night.py``).

Afterwards one posting is doubled by hand: whoever compares the books has to see it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

POSTED_AGAIN = """
insert into postings
(confirmation, invoice, vendor, document_type, invoice_date, currency, amount_cents, posted_by, posted_at)
select 'second', invoice, vendor, document_type, invoice_date, currency, amount_cents, posted_by, posted_at
from postings limit 1
"""
COMPARED_AGAIN = """
import random, sys
from pathlib import Path
from night_books import compare
from night_items import make_items
print(*compare(Path(sys.argv[1]), make_items(24, random.Random(3))).faults, sep="\\n")
"""
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
    library = str(repository / "library")
    night = [sys.executable, str(repository / "tests" / "faults" / "night.py"), "--folder", str(folder)]
    small = ["--items", "24", "--workers", "4", "--kills", "12", "--seed", "3", "--down", "4", "--lease", "5"]
    done = subprocess.run(
        [*night, *small],
        env={**os.environ, "PYTHONPATH": library},
        capture_output=True,
        text=True,
        timeout=400,
    )
    print(done.stdout)  # noqa: T201 - the counts, with pytest -s
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}\neverything is in {folder}"
    assert "FAULT" not in done.stdout
    # A kind of program that has nothing left to do can't be killed any more.
    assert done.stdout.count(" killed: ") >= 9, done.stdout
    with closing(sqlite3.connect(folder / "postings.sqlite")) as portal, portal:
        portal.execute(POSTED_AGAIN)
    again = subprocess.run(
        [sys.executable, "-c", COMPARED_AGAIN, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((library, str(repository / "tests" / "faults")))},
        capture_output=True,
        text=True,
    )
    assert again.stdout.count("\n") == 1 and "(plain)" in again.stdout, f"it doesn't see: {again}"
    shutil.rmtree(folder)

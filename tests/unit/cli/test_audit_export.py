"""`referee audit export` where it can't do what is asked: one sentence, and no file."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.audit import AuditLog
from tests.unit.cli.conftest import Command

LIBRARY = Path(__file__).resolve().parents[3] / "library"
ON_A_FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
from referee.cli import main
main()
"""


def decided(number: int, **more: Any) -> dict[str, Any]:
    facts = {"amount": number, "note": sha256(str(number).encode()).hexdigest()}
    return {"case": f"A-{number}", "decision": "payments", "facts": facts, "route": "auto", **more}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    AuditLog(tmp_path / "audit").append_many([("decision", decided(number)) for number in range(500)])
    return tmp_path / "audit"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_full_disk_is_told_as_that(log: Path, tmp_path: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("polars")
    out = tmp_path / "out" / f"all.{ending}"
    out.parent.mkdir()
    run = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, "audit", "export", out, "--audit", log, "--whole"],
        env=os.environ | {"PYTHONPATH": str(LIBRARY), "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2
    assert "all." in run.stderr and "the file has reached the largest size allowed" in run.stderr
    assert "free some space" in run.stderr
    assert "Traceback" not in run.stderr and "Exception ignored" not in run.stderr
    assert list(out.parent.iterdir()) == []


def rewritten(log: Path, old: bytes, new: bytes) -> None:
    """The last record forged, with a hash that is right."""
    *before, line = (log / "audit.jsonl").read_bytes().splitlines(keepends=True)
    body = line[: line.rindex(b',"hash":"')]
    assert old in body
    body = body.replace(old, new)
    before.append(body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n')
    (log / "audit.jsonl").write_bytes(b"".join(before))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"case":"A-499"', b'"case":null', "its case is of another kind"),
        (b'"facts":{', b'"outputs":[5],"facts":{', "its outputs is of another kind"),
        (b'"time":"20', b'"time":"2026-13-41T00:00:00.000000Z","_":"20', "its time is of another kind"),
        (b'"payload":{', b'"payload":[{},{', ""),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_forged_record_is_told_in_one_sentence(
    referee: Command, log: Path, tmp_path: Path, old: bytes, new: bytes, what: str, ending: str
) -> None:
    rewritten(log, old, new)
    said = referee("audit", "export", str(tmp_path / f"all.{ending}"), "--audit", str(log))
    assert said.code == 2
    assert what in said.err
    assert "499" in said.err
    assert "Traceback" not in said.err


def test_half_a_character_is_written_as_its_code_in_every_format(
    referee: Command, log: Path, tmp_path: Path
) -> None:
    receipt = AuditLog(log).append("decision", decided(500))
    done = {
        "case": "A-500",
        "decision": "payments",
        "status": "done",
        "action": "pay",
        "of": receipt.position,
    }
    AuditLog(log).append("action", {**done, "result": "R\ud8001", "error": ""})
    for ending in ("csv", "xlsx", *(["parquet"] if _has_polars() else [])):
        path = tmp_path / f"all.{ending}"
        assert referee("audit", "export", str(path), "--audit", str(log)).code == 0
    assert "R\\ud8001" in (tmp_path / "all.csv").read_text("utf-8-sig")
    sheet = openpyxl.load_workbook(tmp_path / "all.xlsx").active
    assert sheet is not None
    (last,) = sheet.iter_rows(min_row=502, values_only=True)
    assert "R\\ud8001" in last
    assert referee("audit", "verify", str(log), "--contents").code != 2


def _has_polars() -> bool:
    try:
        import polars  # noqa: F401
    except ImportError:
        return False
    return True

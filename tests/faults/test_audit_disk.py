"""When a record can't be made durable there is no receipt, the message says why, and the log goes on
afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from referee.audit import AuditLog, verify
from referee.domain import AuditError
from referee.workitems import RunLock

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="mounts and file size limits are POSIX"),
]


def mounted(folder: Path, *arguments: str) -> None:
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder.mkdir()
    done = subprocess.run([mount, *arguments, str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # the logs still have it open


def fill(log: AuditLog) -> tuple[int, str]:
    """Appends until the disk is full; the number of receipts and the message."""
    receipts = 0
    with pytest.raises(AuditError) as refused:
        while receipts < 1000:
            log.append("run", {"text": "x" * 1500})
            receipts += 1
    return receipts, str(refused.value)


def test_a_full_disk_gives_no_receipt_and_says_so(small_disk: Path) -> None:
    log = AuditLog(small_disk / "audit")
    receipts, message = fill(log)
    assert 0 < receipts < 64
    assert (
        f"{log.path} could not be written: the disk is full; nothing may be done on the strength of this"
        in message
    )
    assert "Free some space, then run again" in message
    assert len(list(log.records())) == receipts


def test_a_log_goes_on_after_the_full_disk_got_space_again(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 30_000)
    log = AuditLog(small_disk / "audit")
    receipts, _ = fill(log)
    torn = log.path.read_bytes()
    again, message = fill(log)
    assert again == 0 and "the disk is full" in message
    ballast.unlink()

    following = log.append("run", {"text": "after"})
    log.close()
    assert AuditLog(log.folder).append("run", {}).position == following.position + 1
    found = verify(log.folder)
    assert found.faults == ()
    assert log.path.read_bytes().startswith(torn)
    kinds = [record.kind for record in AuditLog(log.folder).records()]
    assert kinds.count("run") == receipts + 2
    assert len(found.sealed) == kinds.count("recovery")


def test_a_full_disk_refuses_the_run_lock(small_disk: Path) -> None:
    folder = small_disk / "audit"
    fill(AuditLog(folder))
    with (
        pytest.raises(AuditError, match="can't be made: the disk is full"),
        RunLock(folder, "invoice approval"),
    ):
        pass


SHORT_WRITES = """
import resource, sys
from referee.audit import AuditLog
from referee.domain import AuditError
log = AuditLog(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
receipts = 0
try:
    while True:
        log.append("run", {"text": "x" * 1000})
        receipts += 1
except AuditError as refused:
    print(receipts, refused)
"""


@pytest.mark.parametrize("limit", [10_000, 10_001, 10_307, 11_111])
def test_a_short_write_gives_no_receipt_and_is_sealed(tmp_path: Path, repository: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHORT_WRITES, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    assert done.returncode == 0, done.stderr
    receipts, message = done.stdout.split(" ", 1)
    assert "could not be written: the file has reached the largest size allowed" in message

    torn = (tmp_path / "audit.jsonl").read_bytes()
    assert len(torn) == limit
    log = AuditLog(tmp_path)
    log.append("run", {})
    assert log.path.read_bytes().startswith(torn)
    found = verify(tmp_path)
    assert found.faults == ()
    assert found.records - 2 == int(receipts)
    assert len(found.sealed) == 1


def test_a_read_only_disk_is_refused_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    mounted(folder, "-t", "tmpfs", "-o", "size=64k,ro", "tmpfs")
    try:
        with pytest.raises(
            AuditError, match="can't be opened for writing: the disk is read-only; give the bot a"
        ):
            AuditLog(folder)
        with pytest.raises(AuditError, match="the disk is read-only"):
            AuditLog(folder / "audit")
        with pytest.raises(AuditError, match="can't be made: the disk is read-only"), RunLock(folder, "x"):
            pass
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # the logs still have it open


def test_a_folder_without_write_permission_is_refused_at_the_start(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("permissions don't bind root; the read-only disk shows the same refusal")
    tmp_path.chmod(0o500)
    with pytest.raises(AuditError, match="can't be opened for writing: permission denied"):
        AuditLog(tmp_path)


DELETED = """
import os, sys
from referee.audit import AuditLog
from referee.domain import AuditError
log = AuditLog(sys.argv[1])
log.append("run", {})
print("ready", flush=True)
sys.stdin.readline()
try:
    log.append("run", {})
except AuditError as refused:
    print(refused)
"""


def test_a_log_deleted_by_somebody_else_is_noticed_before_the_next_receipt(
    tmp_path: Path, repository: Path
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", DELETED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    (tmp_path / "audit.jsonl").unlink()
    said, _ = writer.communicate("go on\n")
    assert f"{tmp_path / 'audit.jsonl'} was deleted or replaced while this run was writing to it" in said

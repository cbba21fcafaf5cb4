"""When a record can't be made durable there is no receipt, the message says why, and the log goes on
afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
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


GOES_ON = """
import os, sys
from referee.audit import AuditLog
from referee.domain import AuditError
log = AuditLog(sys.argv[1])
for number in range(3):
    log.append("run", {"n": number})
print("ready", flush=True)
sys.stdin.readline()
try:
    log.append("run", {"n": 3})
    print("went on")
except AuditError as refused:
    print(refused)
"""


def while_running(folder: Path, repository: Path, damage: Callable[[Path], object]) -> str:
    """What a writer says that goes on after somebody has damaged the log under it."""
    writer = subprocess.Popen(
        [sys.executable, "-c", GOES_ON, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    damage(folder / "audit.jsonl")
    said, _ = writer.communicate("go on\n")
    return said


def cut_the_last_line(path: Path) -> None:
    os.truncate(path, len(b"".join(path.read_bytes().splitlines(keepends=True)[:-1])))


def edit_in_place(path: Path) -> None:
    at = path.read_bytes().index(b'"n":1') + 4
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"7")


def replace_whole(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "was deleted or replaced while this run was writing to it"),
        (replace_whole, "was deleted or replaced while this run was writing to it"),
        (cut_the_last_line, "was cut short while this run was using it: 3 records had been seen in it"),
    ],
)
def test_a_log_that_is_taken_away_under_a_writer_gives_no_further_receipt(
    tmp_path: Path, repository: Path, damage: Callable[[Path], object], says: str
) -> None:
    said = while_running(tmp_path, repository, damage)
    assert f"{tmp_path / 'audit.jsonl'} {says}" in said
    assert "restore the log, from its copy on the share if it has one" in said


def test_an_edit_under_a_writer_is_found_by_readers_and_named_by_verification(
    tmp_path: Path, repository: Path
) -> None:
    assert while_running(tmp_path, repository, edit_in_place) == "went on\n"
    (fault,) = verify(tmp_path).faults
    assert (fault.code, fault.place.line, fault.position) == ("edited", 2, 1)
    with pytest.raises(AuditError, match="record 1 was changed after it was written"):
        list(AuditLog(tmp_path).records())


REFUSED = """
import os, sys
from referee.audit import AuditLog
from referee.domain import AuditError
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    AuditLog(sys.argv[1])
except AuditError as refused:
    print(refused)
"""


def test_a_folder_that_the_bot_may_not_write_to_is_refused_at_the_start(repository: Path) -> None:
    """Permissions don't bind root: the process gives its rights away first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "audit"
        folder.mkdir()
        Path(name).chmod(0o755)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", REFUSED, str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(repository / "library")},
        )
    assert done.returncode == 0, done.stderr
    assert (
        "can't be opened for writing: permission denied; give the bot a folder it may write to" in done.stdout
    )


FULL = """
import sys
from referee.audit import AuditLog, verify
from referee.domain import AuditError
log = AuditLog(sys.argv[1], segment_bytes=20000)
receipts = 0
try:
    while receipts < 1000:
        log.append("run", {"text": "x" * 1500})
        receipts += 1
except AuditError as refused:
    print(receipts, refused)
assert verify(log.folder).faults == ()
"""


def test_a_full_disk_in_a_name_space_of_its_own_ends_the_same(tmp_path: Path, repository: Path) -> None:
    """Where nobody is root: the file system is mounted for this process alone."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed; the file size limit stands for the full disk")
    mounting = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; exec "$@"'
    done = subprocess.run(
        [
            *(unshare, "--user", "--map-root-user", "--mount", "sh", "-c", mounting, "sh", str(tmp_path)),
            *(sys.executable, "-c", FULL, str(tmp_path / "audit")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "library")},
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount; the file size limit stands for the full disk")
    assert done.returncode == 0, done.stderr
    receipts, message = done.stdout.split(" ", 1)
    assert 0 < int(receipts) < 64
    assert "the disk is full; nothing may be done on the strength of this" in message

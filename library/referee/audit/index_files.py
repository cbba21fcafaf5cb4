"""Where the index of a log lies: beside the log, or on this machine where that can't be.

SQLite finds what belongs to a file by its name. So no name is used twice: an index can be deleted at any time, also
while processes read it, and a new one never meets what an old one leaves behind.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

CACHE = "REFEREE_CACHE"
SUFFIX = ".index"
_SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p"}


def index_places(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folders that may hold the index of the log in ``folder``, best first, and how its name begins there."""
    if not is_shared(folder) and os.access(folder, os.W_OK | os.X_OK):
        yield folder, "audit-"
    beginning = sha256(os.fsencode(folder.resolve())).hexdigest()[:16] + "-"
    with suppress(OSError, RuntimeError):  # no home folder
        cache = cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        if os.access(cache, os.W_OK | os.X_OK):
            yield cache, beginning


def index_files(place: Path, beginning: str) -> list[Path]:
    """The index files in a place. One is usual; two processes that begin at the same time may make one each."""
    with suppress(OSError):
        for left in place.glob(f"{beginning}????????{SUFFIX}-*"):  # by a process that was killed
            if not left.with_name(left.name.rpartition("-")[0]).exists():
                left.unlink(missing_ok=True)
        return sorted(place.glob(f"{beginning}????????{SUFFIX}"))
    return []


def new_index_file(place: Path, beginning: str) -> Path:
    """An empty file under a name that was never used. Raises OSError."""
    path = place / f"{beginning}{secrets.token_hex(4)}{SUFFIX}"
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o660))
    return path


def remove_index(path: Path) -> None:
    """Deletes an index, as far as it can be deleted now: Windows keeps files that are in use."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(OSError):
            path.with_name(name).unlink(missing_ok=True)


def cache_folder() -> Path:
    """Where this machine keeps what can be made anew: ``REFEREE_CACHE``, or the place that is customary."""
    given = os.environ.get(CACHE, "")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()) / "Referee" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "Referee"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "referee"


def is_shared(folder: Path) -> bool:
    """Whether a folder is on a drive that several machines may use at once, where SQLite can't keep them apart."""
    path = str(folder.resolve())
    if sys.platform == "win32":
        import ctypes

        remote = 4
        return (
            path.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(folder.resolve().anchor) == remote
        )
    if sys.platform == "darwin":
        return path.startswith("/Volumes/")  # also a local disk that was plugged in
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return _file_system(mounts, path) in _SHARED or _file_system(mounts, path).startswith("fuse.")


def _file_system(mounts: str, path: str) -> str:
    """The kind of file system that holds a path, by the kernel's table of mounts."""
    found, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        holds = point in ("/", path) or path.startswith(point + "/")
        if holds and len(point) >= longest:
            found, longest = after.split(" ")[0], len(point)
    return found

"""Bringing bytes to the disk so that they survive a power cut: the right call on each platform."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "darwin":
    import errno
    import fcntl

    def flush(descriptor: int) -> None:
        """Returns when the file's content is durable. ``fsync`` on macOS stops at the drive's cache; this
        does not.
        """
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as fault:
            if fault.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
            os.fsync(descriptor)  # file systems that don't offer it, such as network shares

elif sys.platform == "win32":

    def flush(descriptor: int) -> None:
        """Returns when the file's content is durable (FlushFileBuffers)."""
        os.fsync(descriptor)

else:

    def flush(descriptor: int) -> None:
        """Returns when the file's content and length are durable."""
        os.fdatasync(descriptor)


if sys.platform == "win32":

    def flush_folder(folder: Path) -> None:
        """Windows has no call that makes the names in a folder durable; NTFS keeps a journal of them."""

else:

    def flush_folder(folder: Path) -> None:
        """Returns when the names in a folder are durable."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Creates a folder and its missing parents, each durable."""
    missing = []
    probe = folder
    while not probe.exists():
        missing.append(probe)
        if probe.parent == probe:
            break
        probe = probe.parent
    folder.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        flush_folder(made.parent)

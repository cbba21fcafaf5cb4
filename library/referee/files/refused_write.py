"""What it means to a person that a file of results couldn't be written."""

from __future__ import annotations

import errno
from pathlib import Path

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file has reached the largest size allowed",
}


def refused_write(path: Path, fault: OSError) -> str:
    """The sentence for a fault of the system: which file, why, and what to do about it."""
    if fault.errno in _FULL:
        return (
            f"{path}: the file can't be written, {_FULL[fault.errno]}; free some space there, or name a file on "
            "another disk"
        )
    return (
        f"{path}: the file can't be written ({fault.strerror or fault}); close it if Excel has it open, or name "
        "another file"
    )

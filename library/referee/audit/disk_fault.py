"""What a refused read or write means to the person who must mend it."""

from __future__ import annotations

import errno

_AWAY = "the drive or share is away"
_REASONS: dict[int, str] = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file has reached the largest size allowed",
    errno.EACCES: "permission denied",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk reports an error",
} | dict.fromkeys(
    (
        getattr(errno, name)
        for name in (
            "ESTALE",
            "ENOTCONN",
            "EHOSTDOWN",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "ENETDOWN",
            "ETIMEDOUT",
            "ENODEV",
            "ENXIO",
        )
        if hasattr(errno, name)
    ),
    _AWAY,
)


def reason(fault: OSError) -> str:
    """Why it was refused, in plain words."""
    return _REASONS.get(fault.errno or 0, (fault.strerror or str(fault)).lower())


def remedy(fault: OSError) -> str:
    """What to do about a refused write."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Free some space"
    if _REASONS.get(fault.errno or 0) == _AWAY:
        return "Connect it again"
    return "Give the bot a folder it may write to"

"""The log as the people who run the bots have set it up, in the environment of the process."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from referee.audit.log import SEGMENT_BYTES, AuditLog, utc_now
from referee.domain import AuditError, LogRefusedError

if TYPE_CHECKING:
    from referee.audit.checkpoint_writer import CheckpointWriter
    from referee.audit.shipping import Shipper

CHECKPOINTS = "REFEREE_CHECKPOINTS"
CHECKPOINT_KEY = "REFEREE_CHECKPOINT_KEY"
SHARE = "REFEREE_AUDIT_SHARE"
SEGMENT_MEGABYTES = "REFEREE_AUDIT_SEGMENT_MB"


def open_log(
    folder: str | os.PathLike[str], *, clock: Callable[[], datetime] = utc_now, shipped: bool = True
) -> AuditLog:
    """The log in a folder, with the checkpoints, the shipping and the size of segments that the environment asks for.

    ``REFEREE_CHECKPOINTS`` names the folder of signed checkpoints and ``REFEREE_CHECKPOINT_KEY`` the private key for
    them, ``REFEREE_AUDIT_SHARE`` the folder that the log is shipped to, ``REFEREE_AUDIT_SEGMENT_MB`` the size after
    which a segment is closed. A log that isn't to be ``shipped`` anywhere, such as a merged one, stays where it is.
    Raises AuditError when one of them can't be used, and LogRefusedError when the log isn't what its checkpoints or its
    copy on the share say; also when the second place is away, unless ``REFEREE_CHECKPOINTS_MAY_BE_AWAY`` is yes.
    """
    if shipped:
        from referee.audit.merging import require_not_merged

        require_not_merged(Path(folder))
    checkpoints = _checkpoint_writer()
    followers: list[CheckpointWriter | Shipper] = [] if checkpoints is None else [checkpoints]
    share = _path(SHARE)
    if share is not None and shipped:
        from referee.audit.shipping import Shipper

        followers.append(Shipper(share))
    log = AuditLog(folder, clock=clock, segment_bytes=_segment_bytes(), followers=followers)
    try:
        for each in followers:
            each.require_agreement(log.folder)
    except AuditError as fault:
        log.close()
        raise LogRefusedError(str(fault)) from fault
    return log


def checkpoints_folder() -> Path | None:
    """The folder of signed checkpoints, if there is to be one."""
    return _path(CHECKPOINTS)


def public_keys() -> Path | None:
    """Where the public keys are that may have signed the checkpoints here: the folder of the private one, which holds
    those of older keys too. None where it holds none.
    """
    key = _path(CHECKPOINT_KEY)
    return None if key is None or not any(key.parent.glob("*.pub")) else key.parent


def _checkpoint_writer() -> CheckpointWriter | None:
    checkpoints, key = _path(CHECKPOINTS), _path(CHECKPOINT_KEY)
    if (checkpoints is None) is not (key is None):
        missing, given = (
            (CHECKPOINTS, CHECKPOINT_KEY) if checkpoints is None else (CHECKPOINT_KEY, CHECKPOINTS)
        )
        raise AuditError(
            f"{given} is set and {missing} isn't; checkpoints need a folder and a key, so set both or none"
        )
    if checkpoints is None or key is None:
        return None
    from referee.audit.checkpoint_writer import CheckpointWriter
    from referee.audit.second_place import MAY_BE_AWAY

    return CheckpointWriter(checkpoints, key, trusted=public_keys(), may_be_away=_is_yes(MAY_BE_AWAY))


def _is_yes(name: str) -> bool:
    text = os.environ.get(name, "").strip().casefold()
    if text not in ("", "yes", "no"):
        raise AuditError(f"{name} is {text!r}; say yes or no")
    return text == "yes"


def _segment_bytes() -> int:
    text = os.environ.get(SEGMENT_MEGABYTES, "")
    if not text:
        return SEGMENT_BYTES
    if not text.isdecimal() or not int(text):
        raise AuditError(f"{SEGMENT_MEGABYTES} is {text!r}; give a whole number of megabytes, such as 256")
    return int(text) * 1024 * 1024


def _path(name: str) -> Path | None:
    text = os.environ.get(name, "")
    return Path(text) if text else None

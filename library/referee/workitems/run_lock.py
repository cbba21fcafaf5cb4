"""One processing run per decision and audit folder at a time."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from referee.audit import utc_now
from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.domain import AuditError, InputError
from referee.files import make_folder


class RunLock:
    """Held while a run works on the cases of a decision: ``with RunLock("output/audit", "invoice approval"):
    ...``

    The operating system frees it when the run ends in any way, also by a kill, so no lock is ever left
    behind. Entering raises InputError naming the other run when there is one, beginning with ``busy`` if given, and
    AuditError when the lock can't be made. The lock file stays; it is small and says who ran last.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        decision: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        busy: str = "",
    ) -> None:
        self._busy = busy or f"another run is working on the cases of `{decision}`"
        self._clock = clock
        self._descriptor = -1
        # Names that differ only in signs a file name can't hold must not share a lock.
        readable = re.sub(r"[^a-z0-9]+", "-", decision.casefold()).strip("-")[:60]
        self.path = Path(folder) / f"run-{readable}-{sha256(decision.encode()).hexdigest()[:8]}.lock"

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            make_folder(self.path.parent)
            while True:
                descriptor = os.open(self.path, flags, 0o660)
                if not lock(descriptor, wait=False):
                    os.close(descriptor)
                    raise InputError(f"{self._busy}{self._other()}; wait until it has ended, then run again")
                if self._is_in_place(descriptor):
                    break
                os.close(descriptor)  # somebody tidied the file away in between
            try:
                self._write(descriptor)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as fault:
            raise AuditError(
                f"the run lock {self.path} can't be made: {reason(fault)}; give the bot a folder it may write to, "
                "then run again"
            ) from fault
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        unlock(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, descriptor: int) -> None:
        started = self._clock().isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(owner).encode("utf-8"))

    def _other(self) -> str:
        try:
            owner = json.loads(self.path.read_bytes())
            return f" (process {owner['pid']} on {owner['host']}, started {owner['started']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""  # it has taken the lock this very moment and not yet said who it is

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

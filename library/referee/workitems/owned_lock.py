"""A lock file that says who holds it, freed by the operating system in whatever way its holder ends."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.domain import AuditError
from referee.files import make_folder


class OwnedLock:
    """Held from ``take`` to ``free``, or until the process ends. The file stays unless ``remove`` is called.

    ``take`` raises AuditError when the lock can't be made.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._clock = clock
        self._descriptor = -1

    def take(self) -> bool:
        """False when another holder has it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            make_folder(self.path.parent)
            while True:
                descriptor = os.open(self.path, flags, 0o660)
                if not lock(descriptor, self.path, wait=False):
                    os.close(descriptor)
                    return False
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
        return True

    @property
    def descriptor(self) -> int:
        """Of the lock that is held. A process that inherits it (not on Windows) holds the lock too, until it ends."""
        return self._descriptor

    def share(self, pid: int) -> None:
        """Notes who else holds it: the process that inherited the descriptor. It is named when the first has ended."""
        with suppress(OSError):  # it holds the lock all the same
            self._write(self._descriptor, pid)

    def free(self) -> None:
        unlock(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def remove(self) -> None:
        """The file of a lock that is held; on Windows it may stay, unlocked."""
        try:
            self.path.unlink()
        except PermissionError:
            if os.name == "posix":
                raise

    def owner(self) -> str:
        """Who holds it, to be put behind a sentence; empty when it has not said so yet."""
        try:
            owner = json.loads(self.path.read_bytes())
            pid = owner["pid"]
            if "heir" in owner and owner["host"] == socket.gethostname() and not _is_running(pid):
                pid = owner["heir"]
            return f" (process {pid} on {owner['host']}, started {owner['started']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _write(self, descriptor: int, heir: int | None = None) -> None:
        started = self._clock().isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        if heir is not None:
            owner["heir"] = heir
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(owner).encode("utf-8"))

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # nobody inherits a lock there, and a signal would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

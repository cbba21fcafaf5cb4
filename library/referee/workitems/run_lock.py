"""One processing run per decision and audit folder at a time, or several workers that share its cases by a queue."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from referee.audit import utc_now
from referee.domain import InputError
from referee.workitems.owned_lock import OwnedLock

PATIENCE_SECONDS = 10
"""How long a worker waits for others that are starting, which takes a moment each."""


class RunLock:
    """Held while a run works on the cases of a decision: ``with RunLock("output/audit", "invoice approval"):
    ...``

    The operating system frees it when the run ends in any way, also by a kill, so no lock is ever left
    behind. Entering raises InputError naming the other run, or a worker, when there is one, beginning with ``busy`` if
    given, and AuditError when the lock can't be made. The lock file stays; it is small and says who ran last.
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
        self.path = _path(Path(folder), decision)
        self._lock = OwnedLock(self.path, clock)

    def __enter__(self) -> Self:
        if not self._lock.take():
            raise InputError(f"{self._busy}{self._lock.owner()}; wait until it has ended, then run again")
        for path in sorted(self.path.parent.glob(f"{self.path.stem}.worker-*.lock")):
            worker = OwnedLock(path, self._clock)
            if not worker.take():
                self._lock.free()
                raise InputError(f"{self._busy}{worker.owner()}; wait until it has ended, then run again")
            worker.remove()  # left behind by a kill
            worker.free()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.free()


class WorkerLock:
    """Held by each of the workers that take the cases of a decision from a queue. They share; a run of its own
    (see ``RunLock``) excludes them, and they it.

    Entering raises InputError naming the other run when there is one, and AuditError when the lock can't be made.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        decision: str,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._decision = decision
        path = _path(Path(folder), decision)
        self._run = OwnedLock(path, clock)
        self._own = OwnedLock(
            path.with_name(f"{path.stem}.worker-{os.getpid()}-{secrets.token_hex(4)}.lock"), clock
        )

    def __enter__(self) -> Self:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._run.take():
            if time.monotonic() >= until:
                raise InputError(
                    f"a run that shares its cases with nobody is working on those of `{self._decision}`"
                    f"{self._run.owner()}; wait until it has ended, then run again"
                )
            time.sleep(0.05)
        self._own.take()  # nobody else knows its name
        self._run.free()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._own.remove()
        self._own.free()


def _path(folder: Path, decision: str) -> Path:
    # Names that differ only in signs a file name can't hold must not share a lock.
    readable = re.sub(r"[^a-z0-9]+", "-", decision.casefold()).strip("-")[:60]
    return folder / f"run-{readable}-{sha256(decision.encode()).hexdigest()[:8]}.lock"

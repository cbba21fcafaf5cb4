"""Shipping: a copy of the log on a share, byte by byte behind the one on the local disk.

Over a network drive no lock can be trusted, so each host writes its own log on a local disk and ships it; whoever reads
the share merges them (see ``merging``). The copy is an ordinary log: it can be read and verified where it is.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.audit.record import write_time
from referee.audit.segments import first_position, has_log, log_id, segment_names
from referee.domain import AuditError, Receipt
from referee.files import flush

if TYPE_CHECKING:
    from referee.audit.log import AuditLog

_EVERY = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)
_PATIENCE = timedelta(seconds=3)
_BLOCK = 1024 * 1024
_COMPARED = 64 * 1024
LOCK_NAME = "audit.ship.lock"


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one shipping brought to the share: ``size`` bytes into the folder ``to``."""

    to: Path
    size: int


def shipped_folder(share: Path, log: Path) -> Path:
    """Where the log of this host stands on the share. Raises OSError."""
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname()) or "host"
    return share / f"{host}-{log_id(log)[:16]}"


def ship(folder: Path, share: Path) -> Shipped:
    """Appends to the copy on the share what it lacks, and nothing that isn't durable here.

    Of what is there the end of the newest segment is compared, and of those that something is added to: whether the
    rest of a copy is what was written is proved by who merges or verifies it.
    Interrupted anywhere it goes on from there; one process of a host ships at a time. Raises OSError when one of both
    places can't be reached, and AuditError when the copy isn't a beginning of the log.
    """
    if not share.is_dir():
        raise FileNotFoundError(2, "the share isn't there", str(share))
    if has_log(share) or folder.resolve() in share.resolve().parents:
        raise AuditError(
            f"{share} is the folder of a log, or in one; name the folder on the share that holds one folder for each "
            "machine"
        )
    if not log_id(folder):
        return Shipped(share, 0)
    to = shipped_folder(share, folder)
    with (folder / LOCK_NAME).open("ab") as held:
        lock(held.fileno(), held.name)
        try:
            to.mkdir(exist_ok=True)
            here, there = segment_names(folder), segment_names(to)
            if there and there[-1] not in here:
                raise _more_on_share(folder, to, there[-1])
            size = sum(
                _ship_segment(folder / name, to / name)
                for name in here
                if name == here[-1] or not _is_as_long(folder / name, to / name)
            )
        finally:
            unlock(held.fileno())
    return Shipped(to, size)


def require_fits_copy(folder: Path, share: Path) -> None:
    """Raises AuditError when a copy of the log on the share disproves it: where it holds more than the log, or where
    the last 64 KiB of what both hold differ. OSError when one of both places can't be reached.

    Copies that were shipped under another name of the host count too.
    """
    log = log_id(folder)
    if not log:
        return
    for to in sorted(share.glob(f"*-{log[:16]}")):
        there = segment_names(to)
        here = segment_names(folder)
        if not there:
            continue
        if there[-1] not in here:
            if (first_position(there[-1]) or 0) > (first_position(here[-1]) or 0):
                raise _more_on_share(folder, to, there[-1])
            continue  # archived since, with all before
        source, target = folder / there[-1], to / there[-1]
        with source.open("rb+") as newest, target.open("rb") as copy:
            _require_same_end(newest, copy, source, target)


def _is_as_long(source: Path, target: Path) -> bool:
    return target.exists() and target.stat().st_size == source.stat().st_size


def _ship_segment(source: Path, target: Path) -> int:
    with source.open("rb+") as here, target.open("ab+") as there:  # Windows flushes no file that is only read
        size, copied = _require_same_end(here, there, source, target)
        here.seek(copied)
        for offset in range(copied, size, _BLOCK):
            there.write(here.read(min(_BLOCK, size - offset)))
        if size > copied:
            there.flush()
            flush(there.fileno())
    return size - copied


def _require_same_end(here: BinaryIO, there: BinaryIO, source: Path, target: Path) -> tuple[int, int]:
    """The sizes of a segment, as far as it is durable, and of its copy, whose end must be in the segment too."""
    copied = there.seek(0, os.SEEK_END)  # looked at first: another process may ship just now what it appended
    size = _durable(here)
    if copied > size:
        raise _more_on_share(source.parent, target.parent, target.name)
    start = max(0, copied - _COMPARED)
    here.seek(start)
    there.seek(start)
    if here.read(copied - start) != there.read(copied - start):
        raise _no_copy(source, target)
    return size, copied


def _durable(file: BinaryIO) -> int:
    """How many bytes of a segment are whole records and durable: more must not get out, a power cut could undo it."""
    size = os.fstat(file.fileno()).st_size
    flush(file.fileno())
    reach = _BLOCK
    while size:
        start = max(0, size - reach)
        file.seek(start)
        end = file.read(size - start).rfind(b"\n") + 1
        if end or not start:
            return start + end
        reach *= 4
    return 0


def _more_on_share(folder: Path, to: Path, name: str) -> AuditError:
    """What a copy means that goes on in its segment ``name`` behind the end of the log.

    Only a log that is a beginning of its copy, byte by byte, may be restored from it: a forged copy may be longer too.
    """
    names = segment_names(folder)
    for one in names:
        with (folder / one).open("rb+") as here:
            size = _durable(here) if one == names[-1] else os.fstat(here.fileno()).st_size
            if not _begins_with(to / one, here, size, is_whole=one != names[-1]):
                return _no_copy(folder / one, to / one)
    return AuditError(
        f"{to / name} holds more than the log in {folder}: the log was cut short or an old copy of it was restored; "
        "check the copy with `referee audit verify` and restore the log from the share before the next run, or cases "
        "would be done again"
    )


def _begins_with(copy: Path, here: BinaryIO, size: int, *, is_whole: bool) -> bool:
    here.seek(0)
    try:
        with copy.open("rb") as there:
            if is_whole and os.fstat(there.fileno()).st_size != size:
                return False
            for offset in range(0, size, _BLOCK):
                length = min(_BLOCK, size - offset)
                if here.read(length) != there.read(length):
                    return False
    except FileNotFoundError:
        return False
    return True


def _no_copy(source: Path, target: Path) -> AuditError:
    return AuditError(
        f"{target} isn't a copy of {source}: one of both was changed; see `referee audit verify` for both, "
        "keep them as evidence and put the copy away"
    )


class Shipper:
    """Ships a log every few seconds while it grows, and at the end of a run; while the share is away it waits.

    A share that hangs keeps an append waiting for ``patience``, and the end of a run ten times as long: then the run
    goes on, and nothing more is shipped until the share answers.
    """

    def __init__(self, share: Path, *, every: timedelta = _EVERY, patience: timedelta = _PATIENCE) -> None:
        self._share = share
        self._every = every
        self._patience = patience.total_seconds()
        self._pause = every
        self._turn = threading.Lock()
        self._attempt: threading.Thread | None = None
        self._last: datetime | None = None
        self._shipped: datetime | None = None
        self._fault = ""

    def require_agreement(self, folder: Path) -> None:
        """Raises AuditError when a copy on the share disproves the log in a folder. A share that is away or hangs tells
        nothing.
        """
        refused: list[AuditError] = []

        def compare() -> None:
            try:
                require_fits_copy(folder, self._share)
            except OSError:
                pass  # shipping, which follows, tells of it
            except AuditError as fault:
                refused.append(fault)

        attempt = threading.Thread(target=compare, daemon=True)
        attempt.start()
        attempt.join(10 * self._patience)
        if refused:
            raise refused[0]

    def appended(self, log: AuditLog, newest: Receipt) -> None:
        """Ships when it is time."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            now = log.now()
            if self._last is None or abs(now - self._last) >= self._pause:
                self._ship(log, now, self._patience, wait_for_former=0.0)
        finally:
            self._turn.release()

    def stopped(self, log: AuditLog, newest: Receipt) -> None:
        """Ships nothing: the copy stays what it is."""

    def finish(self, log: AuditLog) -> str:
        """Ships the rest. What the person in charge must know, "" when all is on the share."""
        patience = 10 * self._patience
        with self._turn:
            self._ship(log, log.now(), patience, wait_for_former=patience)
            if not self._fault:
                return ""
            since = f"since {write_time(self._shipped)}" if self._shipped else "in this run"
            return (
                f"the audit log was not shipped {since}: {self._fault}; what waits goes with the next run, or with "
                "`referee audit ship`"
            )

    def _ship(self, log: AuditLog, now: datetime, patience: float, wait_for_former: float) -> None:
        self._last = now
        if self._attempt is not None:
            self._attempt.join(wait_for_former)
        if self._attempt is None or not self._attempt.is_alive():
            # A thread of its own, for no call to a file system can be told when to give up. It ends with the process.
            self._attempt = threading.Thread(target=self._try, args=(log.folder, now), daemon=True)
            self._attempt.start()
            self._attempt.join(patience)
        if self._attempt.is_alive():
            self._fault = f"{self._share} doesn't answer"
            self._wait_longer()

    def _try(self, folder: Path, now: datetime) -> None:
        try:
            ship(folder, self._share)
        except OSError as fault:
            self._fault = f"{self._share} can't be reached: {reason(fault)}"
        except AuditError as fault:  # the copy must not stop the bots; whoever reads the summary has to look
            self._fault = str(fault)
        else:
            self._fault, self._shipped, self._pause = "", now, self._every
            return
        self._wait_longer()

    def _wait_longer(self) -> None:
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

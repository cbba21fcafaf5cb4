"""Signing checkpoints of a log while it grows, and holding it against those that were made before."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from referee.audit.begun import note_checkpoints, were_checkpoints_made
from referee.audit.checkpoints import SUFFIX, Checkpoint, trusted_keys
from referee.audit.disk_fault import reason
from referee.audit.log_names import is_same_origin, origin_of
from referee.audit.record import write_time
from referee.audit.second_place import MAY_BE_AWAY, NewestCheckpoints, disproved, other_log, replaced
from referee.audit.segments import log_id
from referee.domain import AuditError, Receipt
from referee.files import flush
from referee.signing import KeyFault, key_name, read_private_key

if TYPE_CHECKING:
    from referee.audit.log import AuditLog

_EVERY_RECORDS = 1000
_EVERY = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(minutes=10)


class CheckpointWriter:
    """Writes a signed checkpoint of a log into a second place every so many records or seconds, and at the end.

    The second place, ``folder``, should be out of reach for whoever can write the log: another drive, a share. Many
    logs may use it. It is never created, and the log's file in it only where there never was one: a folder that lost it
    is a drive that isn't mounted. While it is away the run goes on, and ``finish`` says so. A log that one of
    its checkpoints there disproves, whoever signed it, gets no further one, and takes no further records from this run.
    A run that finds its log changed under it signs what it knows before it stops, so that no other begins on less.
    ``trusted`` are public keys besides that of ``key``, such as older ones: a file, or a folder of them. The keys are
    read at once; AuditError when they can't be used.
    """

    def __init__(
        self,
        folder: Path,
        key: Path,
        *,
        trusted: Path | None = None,
        may_be_away: bool = False,
        every_records: int = _EVERY_RECORDS,
        every: timedelta = _EVERY,
    ) -> None:
        self._folder = folder
        try:
            self._key = read_private_key(key)
        except KeyFault as fault:
            raise AuditError(
                f"checkpoints of the audit log can't be signed: {fault}; `referee audit key new` makes one"
            ) from None
        self._key_name = key_name(self._key.public_key())
        self._keys = {} if trusted is None else trusted_keys(trusted)
        self._keys[self._key_name] = self._key.public_key()
        self._may_be_away = may_be_away
        self._every_records = every_records
        self._every = every
        self._turn = threading.Lock()
        self._log = ""
        self._origin = ""
        self._own: NewestCheckpoints | None = None
        self._records = 0
        self._since: datetime | None = None  # the last checkpoint, by anybody
        self._fault = ""
        self._retry: datetime | None = None
        self._pause = every
        self._disproof = ""
        self._is_compared = False  # with the other logs in the second place
        self._unheld = ""  # why the log wasn't held against earlier checkpoints
        self._were_made = False  # checkpoints of the log, at any time
        self._has_leave = False  # to begin their file anew, as the operator took it away on purpose
        self._has_written = False

    def require_agreement(self, folder: Path) -> None:
        """Raises AuditError when the log in a folder isn't what its checkpoints say: cut off, written anew, or begun
        anew where another one stood. So it does when that can't be told, unless the second place may be away.
        """
        try:
            self._require_place()
            own = self._hold_against_own(folder)
            if own is not None and self._is_lost(own):
                self._has_leave = self._may_be_away
                raise self._loss()
            self._hold_against_others(folder)
        except OSError as fault:
            self._unheld = f"{self._folder} {_trouble(fault, 'read')}"
            if not self._may_be_away:
                raise AuditError(
                    f"the audit log in {folder} can't be held against its checkpoints: {self._unheld}; connect it or "
                    "restore them, then run again: without them nobody can tell whether records were cut off the "
                    f"log, whose cases would be done again. Only to start all the same, on purpose, set "
                    f"{MAY_BE_AWAY}=yes"
                ) from fault

    def appended(self, log: AuditLog, newest: Receipt) -> None:
        """Takes notice that everything up to a record is durable, and writes a checkpoint when it is time."""
        if self._disproof:
            raise AuditError(self._disproof)
        if not self._turn.acquire(blocking=False):
            return
        try:
            now = log.now()
            if self._is_due(newest, now):
                self._write(log, newest, now)
        finally:
            self._turn.release()

    def stopped(self, log: AuditLog, newest: Receipt) -> None:
        """Signs the newest record that this run knows to be durable, for the log takes no more: perhaps it is gone.

        From memory: what stands in the folder now isn't looked at.
        """
        with self._turn:
            if self._disproof or not self._log or newest.position < self._records:
                return
            now = log.now()
            try:
                self._append(self._checkpoint(log, newest, now))
            except OSError as fault:
                self._fault = _trouble(fault, "written")
            else:
                self._records, self._since = newest.position + 1, now

    def finish(self, log: AuditLog) -> str:
        """Writes the last checkpoint of a run. What the person in charge must know, "" when all is well."""
        newest = log.newest()
        with self._turn:
            if newest is None:
                return ""
            try:
                self._write(log, newest, log.now(), is_last=True)
                if self._were_made:  # again: others who began the log at the same time write that note anew
                    note_checkpoints(log.folder)
            except AuditError:
                if not self._disproof:
                    raise
                return self._disproof
            return self._remark()

    def _remark(self) -> str:
        remarks = []
        if self._unheld:
            remarks.append(
                f"the audit log was held against none of the checkpoints made before this run: {self._unheld}"
            )
        if self._fault:
            since = (
                f"since record {self._records - 1} of {write_time(self._since)}"
                if self._since
                else "made by this run"
            )
            remarks.append(f"there is no checkpoint of the audit log {since}: {self._folder} {self._fault}")
        if self._own is not None and (lines := self._own.foreign):
            more = f" and {len(lines) - 1} more" if lines[1:] else ""
            remarks.append(
                f"{self._own.path} holds something that Referee didn't write (line {lines[0]}{more}): find out who did"
            )
        return "; ".join(remarks)

    def _is_due(self, newest: Receipt, now: datetime) -> bool:
        if self._retry is not None:
            return abs(now - self._retry) >= self._pause
        if self._since is None:
            return True
        return (
            newest.position + 1 - self._records >= self._every_records
            or abs(now - self._since) >= self._every
        )

    def _write(self, log: AuditLog, newest: Receipt, now: datetime, *, is_last: bool = False) -> None:
        try:
            self._require_place()
            own = self._hold_against_own(log.folder)  # read before the log, which others append to first
            if own is not None and self._is_lost(own):
                raise self._loss()
            with suppress(OSError):  # who may only add to the second place can't list it
                self._hold_against_others(log.folder)
            self._fault, self._retry, self._pause = "", None, self._every
            known = own.newest.checkpoint if own is not None and own.newest is not None else None
            if known is not None and not self._has_written:
                self._unheld = ""
            if known is not None and known.records > self._records:
                self._records, self._since = known.records, datetime.fromisoformat(known.time)
            if is_last and known is not None and known.records > newest.position:
                return
            if not is_last and (self._records > newest.position or not self._is_due(newest, now)):
                return  # another process was faster
            self._look_for_note(log.folder)
            self._append(self._checkpoint(log, newest, now))
        except OSError as fault:
            self._fault = _trouble(fault, "written")
            if self._retry is not None:
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._retry = now
            return
        self._records, self._since = newest.position + 1, now
        if not self._has_written:
            self._has_written = True
            note_checkpoints(log.folder)

    def _require_place(self) -> None:
        if not self._folder.is_dir():
            raise FileNotFoundError("isn't a folder" if self._folder.exists() else "isn't there")

    def _hold_against_own(self, folder: Path) -> NewestCheckpoints | None:
        """The checkpoints of the log, which it fits; None where it has no record yet. Raises AuditError, and OSError
        of the second place alone.
        """
        if not self._log:
            try:
                self._log, self._origin = log_id(folder), origin_of(folder)
            except OSError as fault:
                raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault
            if not self._log:
                return None
        if self._own is None:
            self._own = NewestCheckpoints(self._path(), self._keys)
        self._look_for_note(folder)  # before the file, which is made before the note
        self._own.read_on()
        if self._own.is_there and self._own.claims:
            self._were_made, self._has_leave = True, False
        wrong = self._own.disproof(folder)
        self._disproof = "" if wrong is None else disproved(folder, wrong)
        if self._disproof:
            raise AuditError(self._disproof)
        return self._own

    def _hold_against_others(self, folder: Path) -> None:
        if self._is_compared:
            return
        wrong = other_log(self._folder, folder, self._keys)
        if wrong is not None:
            own = self._own.newest if self._own is not None else None
            stood = self._origin if own is None else own.checkpoint.origin
            is_moved = not is_same_origin(stood, self._origin)
            self._disproof = replaced(folder, wrong, stood if is_moved else "")
            raise AuditError(self._disproof)
        self._is_compared = True

    def _look_for_note(self, folder: Path) -> None:
        self._were_made = self._were_made or were_checkpoints_made(folder)

    def _may_begin(self) -> bool:
        """Whether the log's file of checkpoints may be made. One that vanished is where the drive is that went away:
        made anew in the empty folder it would let the log pass whenever that drive isn't mounted.
        """
        return self._has_leave or not self._were_made

    def _is_lost(self, own: NewestCheckpoints) -> bool:
        return not self._may_begin() and not (own.is_there and own.claims)

    def _loss(self) -> FileNotFoundError:
        return FileNotFoundError(f"holds none of them any more ({self._path().name})")

    def _path(self) -> Path:
        return self._folder / f"{self._log}{SUFFIX}"

    def _checkpoint(self, log: AuditLog, newest: Receipt, now: datetime) -> Checkpoint:
        unsigned = Checkpoint(
            self._log,
            newest.position + 1,
            newest.hash,
            write_time(now),
            self._origin,
            log.writer,
            self._key_name,
            "",
        )
        signature = self._key.sign(unsigned.signed()).hex()
        return Checkpoint(**(asdict(unsigned) | {"signature": signature}))

    def _append(self, checkpoint: Checkpoint) -> None:
        line = checkpoint.line()
        try:
            with open(self._path(), "ab+", opener=None if self._may_begin() else _open_existing) as file:
                size = file.seek(0, os.SEEK_END)
                if size:
                    file.seek(size - 1)
                    if file.read(1) != b"\n":  # a power cut left half a line
                        line = b"\n" + line
                file.write(line)
                file.flush()
                flush(file.fileno())
        except FileNotFoundError:
            self._require_place()
            raise self._loss() from None
        self._were_made, self._has_leave = True, False


def _open_existing(path: str, flags: int) -> int:
    return os.open(path, flags & ~os.O_CREAT)


def _trouble(fault: OSError, done: str) -> str:
    """What is wrong with the second place; what was found here is told in its own words."""
    if isinstance(fault, FileNotFoundError):
        return str(fault) if fault.strerror is None else "isn't there"
    return f"can't be {done}: {reason(fault)}"

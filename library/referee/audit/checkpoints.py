"""Signed checkpoints: how many records a log had and the hash of the last, kept in a second place.

The chain of hashes shows that nothing in a log was changed as long as its newest records are still there; whoever can
write the log could cut it off, or change it and compute every hash anew. Neither fits a checkpoint signed before.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.audit.begun import RESTORE
from referee.audit.canonical_json import canonical_json, exact_json
from referee.audit.disk_fault import reason
from referee.audit.hash_at import hash_at
from referee.audit.record import write_time
from referee.audit.segments import log_id
from referee.domain import AuditError, LineAddress, Receipt
from referee.files import flush
from referee.signing import KeyFault, is_signed, key_name, read_private_key, read_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from referee.audit.log import AuditLog

SUFFIX = ".checkpoints.jsonl"

_PURPOSE = b"referee audit checkpoint 1\n"
"""Goes before what is signed, so that a signature made for anything else is none here."""

_EVERY_RECORDS = 1000
_EVERY = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(minutes=10)
_BLOCK = 8 * 1024


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at a moment: its id (the hash of its first record), its number of records and the hash of the
    last. ``origin`` is where it stood, ``key`` names the public key that ``signature`` (hex) is checked with.
    """

    log: str
    records: int
    head: str
    time: str
    origin: str
    writer: str
    key: str
    signature: str

    def signed(self) -> bytes:
        """What the signature is over: everything but itself."""
        fields = asdict(self)
        del fields["signature"]
        return _PURPOSE + canonical_json(fields)


@dataclass(frozen=True, slots=True)
class NotedCheckpoint:
    """A checkpoint and the line it stands in; ``fault`` says why it can't be relied on, if so."""

    checkpoint: Checkpoint
    place: LineAddress
    fault: str = ""


@dataclass(frozen=True, slots=True)
class NotedCheckpoints:
    """The checkpoints of one log, oldest first. ``remarks`` say what couldn't be checked about them; ``elsewhere``
    are the newest ones of other logs that once stood in the same place. ``others`` counts all other logs in the folder.
    """

    noted: tuple[NotedCheckpoint, ...] = ()
    remarks: tuple[str, ...] = ()
    elsewhere: tuple[NotedCheckpoint, ...] = ()
    others: int = 0


class CheckpointWriter:
    """Writes a signed checkpoint of a log into a second place every so many records or seconds, and at the end.

    The second place, ``folder``, should be out of reach for whoever can write the log: another drive, a share. Many
    logs may use it. It is never created. While it is away the run goes on, and ``finish`` says so. A log that its
    newest checkpoint disproves gets no further one, and takes no further records from this run. The key is read at
    once; AuditError when it can't be used.
    """

    def __init__(
        self,
        folder: Path,
        key: Path,
        *,
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
        self._every_records = every_records
        self._every = every
        self._turn = threading.Lock()
        self._log = ""
        self._records = 0
        self._since: datetime | None = None  # the last checkpoint, by anybody
        self._fault = ""
        self._retry: datetime | None = None
        self._pause = every
        self._disproof = ""
        self._is_compared = False  # with the other logs in the second place

    def require_agreement(self, folder: Path) -> None:
        """Raises AuditError when the log in a folder isn't what its newest checkpoint says: cut off, written anew, or
        begun anew where another one stood. A second place that is away tells nothing.
        """
        try:
            self._require_agreement(folder)
        except OSError as fault:  # of the log: those of the second place are none
            raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault

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

    def finish(self, log: AuditLog) -> str:
        """Writes the last checkpoint of a run. What the person in charge must know, "" when all is well."""
        with self._turn:
            newest = log.newest()
            if newest is None:
                return ""
            try:
                self._write(log, newest, log.now(), is_last=True)
            except AuditError:
                if not self._disproof:
                    raise
                return self._disproof
            if not self._fault:
                return ""
            since = (
                f"since record {self._records - 1} of {write_time(self._since)}" if self._since else "at all"
            )
            return f"there is no checkpoint of the audit log {since}: {self._folder} {self._fault}"

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
            if not self._folder.is_dir():
                raise FileNotFoundError
            known = self._require_agreement(log.folder)
            if known is not None and known.records > self._records:
                self._records, self._since = known.records, datetime.fromisoformat(known.time)
            self._fault, self._retry, self._pause = "", None, self._every
            if is_last and known is not None and known.records > newest.position:
                return
            if not is_last and (self._records > newest.position or not self._is_due(newest, now)):
                return  # another process was faster
            self._append(log, self._checkpoint(log, newest, now))
        except OSError as fault:
            is_gone = isinstance(fault, FileNotFoundError)
            self._fault = "isn't there" if is_gone else f"can't be written: {reason(fault)}"
            if self._retry is not None:
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._retry = now
            return
        self._records, self._since = newest.position + 1, now

    def _require_agreement(self, folder: Path) -> Checkpoint | None:
        """The newest checkpoint of the log, which fits. It is read before the log, which others append to first."""
        path = self._path(folder)
        known = self._last(path)
        self._disproof = "" if known is None else _contradiction(folder, known, path)
        if not self._disproof and not self._is_compared:
            self._disproof = self._other_log(folder, path)
        if self._disproof:
            raise AuditError(self._disproof)
        return known

    def _other_log(self, folder: Path, own: Path) -> str:
        """What it means when another log's checkpoints were made in the folder; "" when there are none."""
        origin = origin_of(folder)
        try:
            others = [path for path in self._folder.iterdir() if path.name.endswith(SUFFIX) and path != own]
        except OSError:
            return ""
        self._is_compared = True
        for path in sorted(others):
            known = self._last(path)
            if known is not None and known.origin == origin:
                return (
                    f"the audit log in {folder} isn't the one that stood there at {known.time}, which had "
                    f"{known.records} records: it was lost, or written anew; {RESTORE}. Only to begin anew on "
                    f"purpose, move {path} to another folder"
                )
        return ""

    def _path(self, folder: Path) -> Path:
        if not self._log:
            self._log = log_id(folder)
        return self._folder / f"{self._log}{SUFFIX}"

    def _last(self, path: Path) -> Checkpoint | None:
        """The newest checkpoint that this key signed; what others may have put there must not keep us from more."""
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _BLOCK))
                lines = file.read().splitlines()
        except OSError:
            return None
        public = self._key.public_key()
        for line in reversed(lines):
            found = _parsed(line)
            if (
                found
                and path.name == f"{found.log}{SUFFIX}"
                and is_signed(public, bytes.fromhex(found.signature), found.signed())
            ):
                return found
        return None

    def _checkpoint(self, log: AuditLog, newest: Receipt, now: datetime) -> Checkpoint:
        unsigned = Checkpoint(
            self._log,
            newest.position + 1,
            newest.hash,
            write_time(now),
            origin_of(log.folder),
            log.writer,
            self._key_name,
            "",
        )
        signature = self._key.sign(unsigned.signed()).hex()
        return Checkpoint(**(asdict(unsigned) | {"signature": signature}))

    def _append(self, log: AuditLog, checkpoint: Checkpoint) -> None:
        line = exact_json({"v": 1, **asdict(checkpoint)}) + b"\n"
        with self._path(log.folder).open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":  # a power cut left half a line
                    line = b"\n" + line
            file.write(line)
            file.flush()
            flush(file.fileno())


def _contradiction(folder: Path, known: Checkpoint, path: Path) -> str:
    try:
        found = hash_at(folder, known.records - 1)
    except OSError as fault:  # told from the faults of the second place, which keep no run from going on
        raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault
    if found is None or found == known.head:
        return ""
    return (
        f"the audit log in {folder} isn't what its checkpoint of {known.time} vouches for: it had "
        f"{known.records} records then, and the last of them is gone or was written anew; see `referee audit verify`, "
        f"{RESTORE}. Only to go on with it as it is on purpose, move {path} to another folder"
    )


def origin_of(folder: Path) -> str:
    """Where a log stands: host and folder."""
    return f"{socket.gethostname()}:{folder.resolve()}"


def trusted_keys(place: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys in a file or in the ``*.pub`` files of a folder, by name. Raises AuditError."""
    paths = sorted(place.glob("*.pub")) if place.is_dir() else [place]
    try:
        keys = [read_public_key(path) for path in paths]
    except KeyFault as fault:
        raise AuditError(f"the keys of checkpoints can't be used: {fault}") from None
    if not keys:
        raise AuditError(f"there is no public key in {place}; name the folder that holds NAME.pub")
    return {key_name(key): key for key in keys}


def read_checkpoints(folder: Path, log: Path, keys: dict[str, Ed25519PublicKey] | None) -> NotedCheckpoints:
    """The checkpoints of the log in a folder, each checked with the keys, if there are any.

    Raises AuditError when they can't be read.
    """
    try:
        if not folder.is_dir():
            raise AuditError(
                f"the folder of checkpoints {folder} isn't there; name the one that REFEREE_CHECKPOINTS names"
            )
        own = folder / f"{log_id(log)}{SUFFIX}"
        noted, remarks = _read(own, keys) if own.exists() else ([], [])
        others = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if path != own]
        elsewhere = [
            found[-1]
            for path in others
            if (found := [one for one in _read(path, keys)[0] if not one.fault])
            and found[-1].checkpoint.origin == origin_of(log)
        ]
    except OSError as fault:
        raise AuditError(f"the checkpoints in {folder} can't be read: {reason(fault)}") from fault
    if noted and keys is None:
        remarks.append("who made the checkpoints can't be told without the public key; name it with --keys")
    return NotedCheckpoints(tuple(noted), tuple(remarks), tuple(elsewhere), len(others))


def _read(path: Path, keys: dict[str, Ed25519PublicKey] | None) -> tuple[list[NotedCheckpoint], list[str]]:
    noted, remarks = [], []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        place = LineAddress(str(path), number)
        checkpoint = _parsed(line)
        if checkpoint is None:
            remarks.append(f"{place}: this is no whole checkpoint, and counts for nothing")
            continue
        noted.append(NotedCheckpoint(checkpoint, place, _fault(checkpoint, path, keys)))
    return noted, remarks


def _fault(checkpoint: Checkpoint, path: Path, keys: dict[str, Ed25519PublicKey] | None) -> str:
    if path.name != f"{checkpoint.log}{SUFFIX}":
        return "this checkpoint is one of another log"
    if keys is None:
        return ""
    key = keys.get(checkpoint.key)
    if key is None:
        return f"this checkpoint is signed with the key {checkpoint.key}, which isn't among those trusted"
    if not is_signed(key, bytes.fromhex(checkpoint.signature), checkpoint.signed()):
        return "this checkpoint was changed after it was signed, or was signed by somebody else"
    return ""


def _parsed(line: bytes) -> Checkpoint | None:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict) or fields.pop("v", None) != 1:
            return None
        bytes.fromhex(fields["signature"])
        datetime.fromisoformat(fields["time"])
        checkpoint = Checkpoint(**fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return checkpoint if _is_well_formed(fields) else None


def _is_well_formed(fields: dict[str, Any]) -> bool:
    return all(type(value) is (int if name == "records" else str) for name, value in fields.items())

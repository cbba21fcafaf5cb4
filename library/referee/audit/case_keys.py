"""The keys of cases, outside the log: whoever deletes one makes that case's sensitive facts unreadable for good.

A log is never rewritten, so what must be forgettable stands in it under a key that can be forgotten.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from referee.audit.disk_fault import reason, remedy
from referee.audit.segments import segment_names
from referee.audit.sensitive import MARKS
from referee.domain import AuditError
from referee.files import flush_folder
from referee.files.sqlite_fault import is_held, reason_and_remedy
from referee.files.write_ahead_log import use_write_ahead_log

_SECRET_BYTES = 32
_GONE = bytes(_SECRET_BYTES)
_WAIT_SECONDS = 20
_NAME = "keys.sqlite"

# Rows are only appended, and a secret is overwritten in place by zeros of the same length: SQLite then never moves a
# cell, so no page keeps a copy of a secret that is erased later.
_TABLES = """
CREATE TABLE IF NOT EXISTS keys (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, decision TEXT NOT NULL, case_id TEXT NOT NULL, secret BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS keys_by_id ON keys (id);
CREATE INDEX IF NOT EXISTS keys_by_case ON keys (case_id, decision);
"""


@dataclass(frozen=True)
class CaseKey:
    """The key of one case: ``id`` stands in the log beside what it hides, ``secret`` never does."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"CaseKey({self.id})"

    @cached_property
    def hashing(self) -> bytes:
        return self._derived(b"referee: hash of a fact")

    @cached_property
    def sealing(self) -> bytes:
        return self._derived(b"referee: encryption of a fact")

    @cached_property
    def numbering(self) -> bytes:
        return self._derived(b"referee: nonce of a fact")

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self.secret, purpose, "sha256")


def keys_folder(log: str | os.PathLike[str]) -> Path:
    """Where the keys of a log live: beside its folder (``audit.keys`` for ``audit``), so that the log can be passed on
    without them.
    """
    log = Path(log).resolve()
    return log.with_name(log.name + ".keys")


class CaseKeys:
    """The keys of the cases of one log, made when first needed, for any number of processes of a host.

    A key is durable before it is given out. Readable by the owner only (on Windows: as the folder allows). Keep a
    backup of the folder as long as hidden facts must stay comparable, and none beyond an erasure. Every method raises
    AuditError when the file can't be used; making keys also when it is gone though the log holds facts under keys:
    under other keys every known case would look changed.
    """

    def __init__(self, log: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> None:
        self._log = Path(log)
        self.path = (keys_folder(log) if folder is None else Path(folder)) / _NAME
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def require_usable(self) -> None:
        """Makes the file where the log needs none yet."""
        with self._lock:
            try:
                self._opened()
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault

    def of_cases(self, decision: str, case_ids: Iterable[str]) -> Mapping[str, CaseKey]:
        """The key of each case, a new one where there is none or the last one was erased."""
        wanted = list(dict.fromkeys(case_ids))
        with self._lock:
            try:
                connection = self._opened()
                found = _present(connection, decision, wanted)
                missing = [case_id for case_id in wanted if case_id not in found]
                if missing:
                    connection.execute("BEGIN IMMEDIATE")
                    with connection:
                        found |= _present(
                            connection, decision, missing
                        )  # another process may have been faster
                        made = {
                            case_id: CaseKey(secrets.token_hex(8), secrets.token_bytes(_SECRET_BYTES))
                            for case_id in missing
                            if case_id not in found
                        }
                        connection.executemany(
                            "INSERT INTO keys (id, decision, case_id, secret) VALUES (?, ?, ?, ?)",
                            [(key.id, decision, case_id, key.secret) for case_id, key in made.items()],
                        )
                    found |= made
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault
        return found

    def key(self, key_id: str) -> CaseKey | None:
        """The key with this id; None when it was erased. Raises AuditError when it isn't there at all: it was not
        erased, it is lost.
        """
        secret = self._secret(key_id)
        if secret is None:
            raise AuditError(
                f"{self.path} doesn't hold the key {key_id}, under which facts stand in {self._log}; restore the keys "
                "from their backup"
            )
        return None if secret == _GONE else CaseKey(key_id, secret)

    def decisions(self, case_id: str) -> tuple[str, ...]:
        """The decisions under which the case has keys, erased ones too."""
        with self._lock:
            if not self.path.exists():
                return ()
            try:
                rows = self._opened().execute(
                    "SELECT decision FROM keys WHERE case_id = ? GROUP BY decision ORDER BY min(number)",
                    (case_id,),
                )
                return tuple(str(decision) for (decision,) in rows)
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault

    def erase(self, decision: str, case_id: str) -> None:
        """Forgets the keys of a case. Their bytes are gone from every file when this returns.

        Raises AuditError also when another process keeps them from being so for a long time; then call it again.
        """
        while not self.overwrite(case_id, [decision]):
            self.wait()
        self.empty_side_file(case_id)

    def overwrite(self, case_id: str, decisions: Collection[str]) -> bool:
        """Overwrites the keys of a case without waiting for others; False when another process writes just now.

        Only `empty_side_file` brings their bytes out of every file.
        """
        with self._lock:
            try:
                connection = self._opened()
                connection.execute("PRAGMA busy_timeout = 0")
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    with connection:
                        connection.executemany(
                            f"UPDATE keys SET secret = zeroblob({_SECRET_BYTES}) "
                            "WHERE decision = ? AND case_id = ?",
                            [(decision, case_id) for decision in decisions],
                        )
                finally:
                    connection.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")
            except (OSError, sqlite3.Error) as fault:
                if is_held(fault):
                    return False
                raise self._fault(fault) from fault
        return True

    def wait(self) -> None:
        """Waits until no other process writes. Raises AuditError when that takes too long."""
        with self._lock:
            try:
                connection = self._opened()
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault

    def empty_side_file(self, case_id: str) -> None:
        """Takes what was overwritten for a case out of SQLite's own log too. Raises AuditError when another process
        keeps it from that for a long time.
        """
        with self._lock:
            try:
                busy = self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault
        if busy:
            raise AuditError(
                f"the key of case {case_id} is erased, but another process keeps {self.path}-wal open, where its bytes "
                "may still stand; end the runs that use this log and erase again"
            )

    def is_erased(self, decision: str, case_id: str) -> bool:
        """Whether none of the case's keys is left."""
        with self._lock:
            try:
                query = "SELECT 1 FROM keys WHERE decision = ? AND case_id = ? AND secret <> ? LIMIT 1"
                return self._opened().execute(query, (decision, case_id, _GONE)).fetchone() is None
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _secret(self, key_id: str) -> bytes | None:
        with self._lock:
            if self._connection is None and not self.path.exists():
                return None
            try:
                row = self._opened().execute("SELECT secret FROM keys WHERE id = ?", (key_id,)).fetchone()
            except (OSError, sqlite3.Error) as fault:
                raise self._fault(fault) from fault
        return None if row is None else bytes(row[0])

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            is_new = not self.path.exists()
            if is_new:
                self._require_none_in_use()
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                # SQLite gives its side files the mode of the main one.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                use_write_ahead_log(connection, _WAIT_SECONDS)
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA secure_delete = ON")
                connection.executescript(_TABLES)
                if is_new:
                    for folder in (self.path.parent, self.path.parent.parent):
                        flush_folder(folder)
            except (OSError, sqlite3.Error):
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _require_none_in_use(self) -> None:
        marks = tuple(f'"{mark}'.encode() for mark in MARKS)
        for name in segment_names(self._log):
            with (self._log / name).open("rb") as file:
                if any(mark in line for line in file for mark in marks):
                    raise AuditError(
                        f"the keys for sensitive facts {self.path} are gone, and {self._log / name} holds facts under "
                        "them; restore them from the backup: under other keys every known case would look changed"
                    )

    def _fault(self, fault: OSError | sqlite3.Error) -> AuditError:
        if isinstance(fault, OSError):
            advice = remedy(fault)
            told, todo = reason(fault), f"{advice[0].lower()}{advice[1:]}"
        else:
            told, todo = reason_and_remedy(fault)
        return AuditError(
            f"the keys for sensitive facts {self.path} can't be used: {told}; {todo}, then run again"
        )


def _present(connection: sqlite3.Connection, decision: str, case_ids: Collection[str]) -> dict[str, CaseKey]:
    found: dict[str, CaseKey] = {}
    for case_id in case_ids:
        row = connection.execute(
            "SELECT id, secret FROM keys WHERE decision = ? AND case_id = ? ORDER BY number DESC LIMIT 1",
            (decision, case_id),
        ).fetchone()
        if row is not None and row[1] != _GONE:
            found[case_id] = CaseKey(row[0], bytes(row[1]))
    return found

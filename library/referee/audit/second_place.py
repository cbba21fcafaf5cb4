"""The second place: the checkpoints that are kept there, and which of them say anything about a log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from referee.audit.begun import RESTORE
from referee.audit.canonical_json import exact_json
from referee.audit.checkpoints import SUFFIX, NotedCheckpoint, fault_of, parse_checkpoint
from referee.audit.disk_fault import reason
from referee.audit.hash_at import hash_at
from referee.audit.log_names import is_same_origin, names_in, origin_of
from referee.audit.segments import log_id
from referee.domain import AuditError, LineAddress

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_START = b'{"v":1,'
_COUNT = re.compile(rb'\{"v":1,"log":"[0-9a-f]{64}","records":([1-9][0-9]{0,17}),')
MAY_BE_AWAY = "REFEREE_CHECKPOINTS_MAY_BE_AWAY"


@dataclass(frozen=True, slots=True)
class NotedCheckpoints:
    """The checkpoints of one log, oldest first. ``remarks`` say what couldn't be checked about them; ``elsewhere``
    are the newest ones of other logs that once stood in the same place. ``others`` counts all other logs in the folder.
    Where they are ``unchecked`` there was no public key to tell by who made them: they vouch for nothing, and still
    disprove a log that they don't fit.
    """

    noted: tuple[NotedCheckpoint, ...] = ()
    remarks: tuple[str, ...] = ()
    elsewhere: tuple[NotedCheckpoint, ...] = ()
    others: int = 0
    unchecked: bool = False


class NewestCheckpoints:
    """The checkpoints of one log that count most: the ``newest`` that a trusted key signed, and the ``doubtful`` ones
    that claim as many records or more, whoever signed them.

    A log that any of them doesn't fit isn't what was written: one that was signed by nobody known may be forged, but
    it may as well be one made with a key that was changed since. All lines of the file are looked at, wherever in it
    they stand, and signatures checked from the newest on until a good one is met, so that many lines cost little.
    Without ``keys`` none is trusted. Only those of ``most`` records or fewer are looked at, where that is given.
    """

    def __init__(
        self, path: Path, keys: Mapping[str, Ed25519PublicKey] | None, most: int | None = None
    ) -> None:
        self.path = path
        self.newest: NotedCheckpoint | None = None
        self.doubtful: list[NotedCheckpoint] = []
        self.is_there = False
        self.foreign: list[int] = []
        """The numbers of lines that hold something that Referee didn't write, not even half a checkpoint."""
        self._keys = keys or {}
        self._most = most
        self._known: set[tuple[int, str]] = set()
        self._read = self._lines = 0

    @property
    def claims(self) -> list[NotedCheckpoint]:
        """All that a log must fit."""
        return [*([self.newest] if self.newest else []), *self.doubtful]

    def read_on(self) -> None:
        """Takes in what was appended to the file. One that isn't there holds nothing; what was read before it vanished
        counts on. Raises OSError.
        """
        self.is_there = False
        try:
            with self.path.open("rb") as file:
                self.is_there = True
                if file.seek(0, os.SEEK_END) < self._read:  # it was replaced: what was read before counts on
                    self._read = self._lines = 0
                file.seek(self._read)
                counts = []
                for line in file:
                    is_whole = line.endswith(b"\n")  # else it is being written, or is what a power cut left
                    found = _COUNT.match(line) if is_whole else None
                    records = int(found[1]) if found else self._records_of(line)
                    if records and (self._most is None or records <= self._most):
                        counts.append((records, self._lines + 1, self._read))
                    if not is_whole:
                        break  # its other half, written meanwhile, would come as a line of its own
                    self._lines += 1
                    self._read += len(line)
                counts.sort(reverse=True)
                for records, number, offset in counts:
                    if self.newest is not None and records < self.newest.checkpoint.records:
                        break
                    file.seek(offset)
                    self._take(file.readline(), number)
        except FileNotFoundError:
            return

    def _records_of(self, line: bytes) -> int:
        checkpoint = parse_checkpoint(line) if line.lstrip().startswith(b"{") else None
        is_half = line.startswith(_START) or _START.startswith(line.rstrip(b"\n") or b"?")
        if checkpoint is None and line.endswith(b"\n") and not is_half:
            self.foreign.append(self._lines + 1)
        return checkpoint.records if checkpoint else 0

    def _take(self, line: bytes, number: int) -> None:
        checkpoint = parse_checkpoint(line)
        if checkpoint is None or self.path.name != f"{checkpoint.log}{SUFFIX}":
            return
        noted = NotedCheckpoint(
            checkpoint, LineAddress(str(self.path), number), fault_of(checkpoint, self.path, self._keys)
        )
        claim = checkpoint.records, checkpoint.head
        if not noted.fault and (self.newest is None or self.newest.checkpoint.records < checkpoint.records):
            self.newest = noted
            self.doubtful = [
                one
                for one in self.doubtful
                if one.checkpoint.records >= checkpoint.records
                and (one.checkpoint.records, one.checkpoint.head) != claim
            ]
        elif claim not in self._known:
            self.doubtful.append(noted)
        self._known.add(claim)

    def disproof(self, folder: Path) -> NotedCheckpoint | None:
        """The first of them that the log in a folder doesn't fit. Raises AuditError when the log can't be read."""
        for noted in self.claims:
            known = noted.checkpoint
            try:
                found = hash_at(folder, known.records - 1)
            except OSError as fault:  # told from the faults of the second place
                raise AuditError(f"the audit log in {folder} can't be read: {reason(fault)}") from fault
            if found is not None and found != known.head:
                return noted
        return None


def disproved(folder: Path, noted: NotedCheckpoint) -> str:
    """What it means to the person in charge that a checkpoint doesn't fit the log in a folder."""
    known = noted.checkpoint
    return (
        f"the audit log in {folder} isn't what its checkpoint of {known.time} vouches for ({noted.place}): it had "
        f"{known.records} records then, and the last of them is gone or was written anew; {_who(noted)}; see "
        f"`referee audit verify`, {RESTORE}. Only to go on with it as it is on purpose, move {noted.place.file} to "
        f"another folder and start once with {MAY_BE_AWAY}=yes: cases decided after the backup would be done again"
    )


def replaced(folder: Path, noted: NotedCheckpoint, moved_from: str = "") -> str:
    """What it means that another log's checkpoints were made where the log in a folder stands. ``moved_from`` is where
    the log stood by its own checkpoints, if that is another place.
    """
    known = noted.checkpoint
    found = (
        f"the audit log in {folder} isn't the one that stood there at {known.time}, which had {known.records} "
        f"records ({noted.place})"
    )
    if moved_from:
        return (
            f"{found}: another log stood there by its checkpoints, and this one stood at {moved_from}; {_who(noted)}; "
            "a log may not be moved to where another one stood: put each back in its place, or this one into a folder "
            "where none stood"
        )
    return (
        f"{found}: it was lost, or written anew; {_who(noted)}; {RESTORE}. Only to begin anew on "
        f"purpose, move {noted.place.file} to another folder"
    )


def _who(noted: NotedCheckpoint) -> str:
    if not noted.fault:
        return f"it is signed with the key {noted.checkpoint.key}"
    return (
        f"{noted.fault}: if the key was changed, put the old public key beside the new one; if nobody of yours wrote "
        "that line, find out who did before you take it out"
    )


def vouched_copy(copy: Path, second: Path, keys: Mapping[str, Ed25519PublicKey] | None, most: int) -> int:
    """For how many of the first ``most`` records of a copy, which may lag behind its log, a checkpoint vouches.

    Raises AuditError when one disproves them, whoever signed it, and OSError of the second place.
    """
    if not second.is_dir():
        raise FileNotFoundError(2, "isn't there", str(second))
    found = NewestCheckpoints(second / f"{log_id(copy)}{SUFFIX}", keys, most)
    found.read_on()
    wrong = found.disproof(copy)
    if wrong is not None:
        known = wrong.checkpoint
        raise AuditError(
            f"the copy {copy} isn't the log that the checkpoint of {known.time} vouches for ({wrong.place}): its "
            f"record {known.records - 1} was written anew, or one before; {_who(wrong)}"
        )
    return 0 if found.newest is None else found.newest.checkpoint.records


def other_log(
    second: Path, folder: Path, keys: Mapping[str, Ed25519PublicKey] | None
) -> NotedCheckpoint | None:
    """The newest checkpoint of another log that stood where the log in a folder stands now. Raises OSError.

    A log that has moved away since is none: its newest checkpoint that was rightly signed names another place. Where
    none was, each that names this place counts; without keys the newest alone.
    """
    own, origin = f"{log_id(folder)}{SUFFIX}", origin_of(folder)
    names = [exact_json(name)[1:-1] for name in names_in(origin)]
    for path in _files(second):
        if path.name == own:
            continue
        content = path.read_bytes()  # far quicker than looking at each line, and most logs stand elsewhere
        if not any(name in content for name in names):
            continue
        found = NewestCheckpoints(path, keys)
        found.read_on()
        for noted in [found.newest] if found.newest else found.doubtful[: 1 if keys is None else None]:
            if is_same_origin(noted.checkpoint.origin, origin):
                return noted
    return None


def _files(second: Path) -> Iterator[Path]:
    yield from sorted(path for path in second.iterdir() if path.name.endswith(SUFFIX))


def read_checkpoints(
    folder: Path, log: Path, keys: Mapping[str, Ed25519PublicKey] | None
) -> NotedCheckpoints:
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
        others = [path for path in _files(folder) if path != own]
        elsewhere = other_log(folder, log, keys)
    except OSError as fault:
        raise AuditError(f"the checkpoints in {folder} can't be read: {reason(fault)}") from fault
    return NotedCheckpoints(
        tuple(noted),
        tuple(remarks),
        () if elsewhere is None else (elsewhere,),
        len(others),
        unchecked=keys is None and bool(noted),
    )


def _read(path: Path, keys: Mapping[str, Ed25519PublicKey] | None) -> tuple[list[NotedCheckpoint], list[str]]:
    noted, unusable = [], []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            place = LineAddress(str(path), number)
            checkpoint = parse_checkpoint(line)
            if checkpoint is None:
                unusable.append(place)
                continue
            noted.append(NotedCheckpoint(checkpoint, place, fault_of(checkpoint, path, keys)))
    if not unusable:
        return noted, []
    more = len(unusable) - 1
    what = (
        f"this and {more} more line{'' if more == 1 else 's'} are no whole checkpoints, and count for nothing"
        if more
        else "this is no whole checkpoint, and counts for nothing"
    )
    return noted, [f"{unusable[0]}: {what}"]

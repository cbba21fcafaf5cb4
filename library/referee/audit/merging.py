"""Merging the logs of several hosts into one central log: each record once, however often and by whoever it is done.

How far each log was merged isn't kept anywhere: it is read from the central log itself. A collector that was killed, or
a second one at the same time, thus neither loses a record nor takes one twice.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from referee.audit.begun import RESTORE
from referee.audit.checkpoints import trusted_keys
from referee.audit.disk_fault import reason
from referee.audit.log import AuditLog
from referee.audit.log_tail import newest_lines
from referee.audit.reading import read_lines, record_of
from referee.audit.record import OWN_KINDS, Origin, Record, Tail, read_links, read_record
from referee.audit.second_place import vouched_copy
from referee.audit.segments import first_position, log_id, segment_names
from referee.domain import AuditError

_BATCH = 1024
_NAMED_FOR = re.compile(r".*-([0-9a-f]{16})")
"""The folder of a copy ends in the beginning of its log's name (see ``shipping``)."""
_AGAIN = (
    "it is only a copy: keep it as evidence and put it away, look whether the log on its machine is sound, and "
    "`referee audit ship` there brings it again"
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What one pass brought into the central log: for each source the number of records, and what kept one from being
    merged to its end. Sources are named by their folders. ``remarks`` tell what else is to be looked at.
    """

    counts: Mapping[str, int]
    faults: Mapping[str, str]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A record of a source, and the place behind it."""

    folder: Path
    log: str
    record: Record
    before: Tail

    @property
    def origin(self) -> Origin:
        record = self.record
        return Origin(self.log, record.position, record.hash, record.writer, record.time)


def copies(share: Path) -> list[Path]:
    """The folders of a share that hold logs. Raises AuditError when it can't be read."""
    try:
        return sorted(path for path in share.iterdir() if path.is_dir() and segment_names(path))
    except OSError as fault:
        raise AuditError(f"the share {share} can't be read: {reason(fault)}") from fault


def require_not_merged(folder: Path) -> None:
    """Refuses a log that was made by merging others: only collectors write it. Raises AuditError."""
    if _is_merged(folder):
        raise AuditError(
            f"the audit log in {folder} was merged from those of several machines and is for reading only; name the "
            "folder of this machine's own log"
        )


def _is_merged(folder: Path) -> bool:
    try:
        for name in segment_names(folder):
            with (folder / name).open("rb") as file:
                for line in file:
                    links = read_links(line)
                    if links is not None and links.kind not in OWN_KINDS:
                        return read_record(line).origin is not None
    except (OSError, ValueError):
        pass  # who opens the log to read or append tells what is wrong with it
    return False


class Collector:
    """Brings the records of all logs in the folders of a share into a central log on a local disk.

    A merged record has the kind and the payload of the one it comes from, and says where that stands
    (``Record.origin``). Records of one source keep their order; those of several are put in order of their times, as
    far as a pass sees them. The records that a log makes about itself (``OWN_KINDS``) stay where they are.

    A new collector follows the chain of each copy from its first byte; later passes go on at the newest record that
    was merged, which must still be the same. Where there is a folder of ``checkpoints``, nothing is merged of a copy
    that one of them disproves, whoever signed it, and it is told for how many records none that was signed with one of
    the ``keys`` (a file or a folder) vouches yet. A checkpoint of the central log says what was merged, and no more.
    """

    def __init__(
        self, share: Path, log: AuditLog, *, checkpoints: Path | None = None, keys: Path | None = None
    ) -> None:
        self._share = share
        self._log = log
        self._checkpoints = checkpoints
        self._keys = None if keys is None else trusted_keys(keys)
        self._next = 0
        self._merged: dict[str, Origin] = {}
        self._vouched: dict[Path, int] = {}
        self._places: dict[Path, tuple[Tail, str]] = {}  # before the newest that was merged, and its hash

    def merge(self) -> Merged:
        """One pass over everything that is on the share now.

        A source that isn't what was written is merged up to the fault and named; the others go on. One that isn't
        what was merged before is named too, and nothing more of it is merged. Raises AuditError when the share can't
        be reached, and when the central log can't be written or is one that bots write.
        """
        self._catch_up()  # before the share is looked at, which never holds less than what was merged
        known = dict(self._merged)
        try:
            logs = {folder: self._log_in(folder) for folder in copies(self._share)}
        except OSError as fault:
            raise AuditError(f"the share {self._share} can't be read: {reason(fault)}") from fault
        faults: dict[str, str] = {}
        ends: dict[Path, int] = {}
        sources = [self._new_in(folder, log, faults, ends) for folder, log in logs.items()]
        ordered = heapq.merge(*sources, key=lambda one: one.record.time)
        counts = {folder.name: 0 for folder in logs}
        while batch := list(islice(ordered, _BATCH)):
            for one in self._append(batch):
                counts[one.folder.name] += 1
        remarks = self._not_vouched(ends)
        reached = {logs[folder] for folder, end in ends.items() if end > _last(known, logs[folder])}
        for folder, end in ends.items():
            if (
                logs[folder] not in reached
            ):  # an older copy of the same log may stand beside the one that goes on
                faults[folder.name] = (
                    f"the copy {folder} is shorter than what was merged: it ends before record {end}, and record "
                    f"{_last(known, logs[folder])} was merged; {_AGAIN}"
                )
        remarks += (
            f"the copy of the log {log[:16]}, last written by {known[log].writer}, is gone from {self._share}; its "
            f"records up to {known[log].position} are merged"
            for log in sorted(known.keys() - set(logs.values()))
        )
        return Merged(counts, faults, tuple(remarks))

    def _not_vouched(self, ends: Mapping[Path, int]) -> list[str]:
        """What no checkpoint vouches for in the copies that were read to their ends."""
        found = []
        for folder, end in ends.items():
            vouched = self._vouched.get(folder, end)
            if vouched < end:
                which = "the last record" if end - vouched == 1 else f"the last {end - vouched} records"
                found.append(
                    f"no checkpoint vouches for {which if vouched else 'any record'} of {folder.name} yet"
                )
        return found

    def _require_vouched(self, folder: Path) -> tuple[int, int]:
        """Where a copy ends now, by segment and size, up to where no checkpoint disproves it. Raises AuditError."""
        end = _end(folder)
        if self._checkpoints is not None:
            _, tail = newest_lines(folder, 1)
            try:
                self._vouched[folder] = vouched_copy(folder, self._checkpoints, self._keys, tail.position)
            except OSError as fault:
                raise AuditError(
                    f"the copy {folder} can't be held against its checkpoints in {self._checkpoints}: {reason(fault)}; "
                    "it is merged once they are there"
                ) from fault
        return end

    def _log_in(self, folder: Path) -> str:
        """The log that a folder holds; what is left of one is that of the log its folder is named for."""
        found = log_id(folder)
        if not found and (named := _NAMED_FOR.fullmatch(folder.name)):
            return next((log for log in self._merged if log.startswith(named[1])), "")
        return found

    def _new_in(
        self, folder: Path, log: str, faults: dict[str, str], ends: dict[Path, int]
    ) -> Iterator[_Found]:
        """The records of a source that are not in the central log yet. ``ends`` takes the end of one that is sound."""
        named = _NAMED_FOR.fullmatch(folder.name)
        if log and named and not log.startswith(named[1]):
            faults[folder.name] = (
                f"the copy {folder} was rewritten from its first record on: it isn't the log {named[1]} that it is "
                f"named for; {_AGAIN}"
            )
            return
        merged = self._merged.get(log)
        last = _last(self._merged, log)
        start = tail = self._start(folder)
        try:
            end = self._require_vouched(folder)
        except AuditError as fault:
            faults[folder.name] = f"{fault}; {_AGAIN}"
            return
        try:
            for line, after in read_lines(folder, start):
                if (first_position(after.segment) or 0, after.offset) > end:
                    break  # shipped since; the next pass takes it
                tail = after
                position = tail.position - 1
                if position <= last:
                    if merged is not None and position == last and tail.hash != merged.hash:
                        faults[folder.name] = (
                            f"the copy {folder} was rewritten: its record {position} isn't the one that was merged, "
                            f"so that it or one before was changed; {_AGAIN}"
                        )
                        return
                    continue
                record = record_of(line, folder / tail.segment, position)
                if record.origin is not None:
                    faults[folder.name] = (
                        f"{folder} is a merged log itself; merge the logs that it was made of"
                    )
                    return
                if log and record.kind not in OWN_KINDS:
                    before = Tail(position, record.previous, tail.offset - len(line), tail.segment)
                    yield _Found(folder, log, record, before)
            ends[folder] = tail.position
        except AuditError as fault:
            text = str(fault)
            faults[folder.name] = text.replace(RESTORE, _AGAIN) if RESTORE in text else f"{text}; {_AGAIN}"

    def _start(self, folder: Path) -> Tail:
        """Where to go on in a copy: at its first record where the newest one that was merged isn't in its place."""
        before, expected = self._places.get(folder, (Tail(), ""))
        try:
            _, tail = next(read_lines(folder, before), (b"", Tail()))
        except AuditError:
            return Tail()  # the reading from there on tells what is wrong
        return before if tail.hash == expected else Tail()

    def _append(self, found: list[_Found]) -> list[_Found]:
        """Those of the records that weren't there, now that they are."""
        with self._log.exclusive():
            self._catch_up()  # another collector may have been faster
            merged = dict(self._merged)
            new = []
            for one in found:
                if one.record.position > _last(merged, one.log):
                    merged[one.log] = one.origin
                    new.append(one)
            self._log.append_merged([(one.record, one.origin) for one in new])
        self._merged = merged
        for one in found:
            self._places[one.folder] = one.before, one.record.hash
        return new

    def _catch_up(self) -> None:
        for record in self._log.records(self._next):
            self._next = record.position + 1
            if record.origin is None:
                if record.kind in OWN_KINDS:
                    continue
                raise AuditError(
                    f"the log in {self._log.folder} is one that bots write: its record {record.position} comes from no "
                    "other log; name a folder of its own for the merged log"
                )
            if record.origin.position > _last(self._merged, record.origin.log):
                self._merged[record.origin.log] = record.origin


def _end(folder: Path) -> tuple[int, int]:
    newest = segment_names(folder)[-1:]
    try:
        return (first_position(newest[0]) or 0, (folder / newest[0]).stat().st_size) if newest else (0, 0)
    except OSError as fault:
        raise AuditError(f"the copy {folder} can't be read: {reason(fault)}") from fault


def _last(merged: Mapping[str, Origin], log: str) -> int:
    return merged[log].position if log in merged else -1

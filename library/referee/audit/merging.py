"""Merging the logs of several hosts into one central log: each record once, however often and by whoever it is done.

How far each log was merged isn't kept anywhere: it is read from the central log itself. A collector that was killed, or
a second one at the same time, thus neither loses a record nor takes one twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from referee.audit.disk_fault import reason
from referee.audit.log import AuditLog
from referee.audit.reading import read_lines, record_of
from referee.audit.record import OWN_KINDS, Origin, Record, Tail
from referee.audit.segments import log_id, segment_names
from referee.domain import AuditError

_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Merged:
    """What one pass brought into the central log: for each source the number of records, and what kept one from being
    merged to its end. Sources are named by their folders.
    """

    counts: Mapping[str, int]
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A record of a source, and the place behind it."""

    folder: Path
    log: str
    record: Record
    tail: Tail

    @property
    def origin(self) -> Origin:
        record = self.record
        return Origin(self.log, record.position, record.hash, record.writer, record.time)


class Collector:
    """Brings the records of all logs in the folders of a share into a central log on a local disk.

    A merged record has the kind and the payload of the one it comes from, and says where that stands
    (``Record.origin``). Records of one source keep their order; those of several are put in order of their times, as
    far as a pass sees them. The records that a log makes about itself (``OWN_KINDS``) stay where they are.
    """

    def __init__(self, share: Path, log: AuditLog) -> None:
        self._share = share
        self._log = log
        self._next = 0
        self._merged: dict[str, int] = {}
        self._places: dict[Path, Tail] = {}

    def merge(self) -> Merged:
        """One pass over everything that is on the share now.

        A source that isn't what was written is merged up to the fault and named; the others go on. Raises
        AuditError when the share can't be reached or the central log can't be written.
        """
        try:
            folders = sorted(path for path in self._share.iterdir() if path.is_dir() and segment_names(path))
            logs = {folder: log_id(folder) for folder in folders}
        except OSError as fault:
            raise AuditError(f"the share {self._share} can't be read: {reason(fault)}") from fault
        self._catch_up()
        faults: dict[str, str] = {}
        sources = [self._new_in(folder, log, faults) for folder, log in logs.items() if log]
        ordered = heapq.merge(*sources, key=lambda one: one.record.time)
        counts = dict.fromkeys((folder.name for folder in folders), 0)
        while batch := list(islice(ordered, _BATCH)):
            for one in self._append(batch):
                counts[one.folder.name] += 1
        return Merged(counts, faults)

    def _new_in(self, folder: Path, log: str, faults: dict[str, str]) -> Iterator[_Found]:
        """The records of a source that are not in the central log yet."""
        merged = self._merged.get(log, -1)
        try:
            for line, tail in read_lines(folder, self._places.get(folder, Tail())):
                position = tail.position - 1
                if position <= merged:
                    continue
                record = record_of(line, folder / tail.segment, position)
                if record.origin is not None:
                    faults[folder.name] = (
                        f"{folder} is a merged log itself; merge the logs that it was made of"
                    )
                    return
                if record.kind not in OWN_KINDS:
                    yield _Found(folder, log, record, tail)
        except AuditError as fault:
            faults[folder.name] = str(fault)

    def _append(self, found: list[_Found]) -> list[_Found]:
        """Those of the records that weren't there, now that they are."""
        with self._log.exclusive():
            self._catch_up()  # another collector may have been faster
            merged = dict(self._merged)
            new = []
            for one in found:
                if one.record.position > merged.get(one.log, -1):
                    merged[one.log] = one.record.position
                    new.append(one)
            self._log.append_merged([(one.record, one.origin) for one in new])
        self._merged = merged
        for one in found:
            self._places[one.folder] = one.tail
        return new

    def _catch_up(self) -> None:
        for record in self._log.records(self._next):
            self._next = record.position + 1
            if record.origin is not None:
                log, position = record.origin.log, record.origin.position
                self._merged[log] = max(position, self._merged.get(log, -1))

"""Checking a log from its first byte to its last, and naming what is wrong in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

from referee.audit.appending import lock_path
from referee.audit.backing import Backing
from referee.audit.begun import BEGUN_NAME, noted_segments
from referee.audit.checkpoints import trusted_keys
from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.audit.findings import Absent, Fault, Verification
from referee.audit.line_checks import MOST_FAULTS, Lines
from referee.audit.record import FIRST_SEGMENT, Record, Tail
from referee.audit.second_place import NotedCheckpoints, read_checkpoints
from referee.audit.segments import first_position, following_segment, segment_name, segment_names
from referee.domain import AuditError, LineAddress


def verify(
    folder: str | os.PathLike[str],
    *,
    archives: Sequence[str | os.PathLike[str]] = (),
    checkpoints: str | os.PathLike[str] | None = None,
    keys: str | os.PathLike[str] | None = None,
    contents: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Checks every record of a log while others may append to it. Raises AuditError only when it can't be
    read.

    Segments that are no longer in ``folder`` are looked for in ``archives``. ``checkpoints`` is the folder of signed
    checkpoints, ``keys`` a public key or a folder of those that may sign: with them records are missed that were cut
    off, and a log is told that was changed and given new hashes throughout. Every byte is checked against the chain
    of hashes; with ``contents`` also each record against the published schema, and each file against the sha256 that
    the next one states, which takes many times as long. ``progress`` is told the bytes read so far, and of how many.
    """
    if Path(folder).is_file():
        raise AuditError(
            f"{folder} is a file; name the folder that holds the audit log, {Path(folder).parent}"
        )
    noted = None
    if checkpoints is not None:
        trusted = None if keys is None else trusted_keys(Path(keys))
        noted = read_checkpoints(Path(checkpoints), Path(folder), trusted)
    try:
        return _Check(Path(folder), [Path(archive) for archive in archives], noted, contents, progress).run()
    except FileNotFoundError as fault:
        raise AuditError(
            f"there is no audit log {fault.filename}; name the folder that holds {FIRST_SEGMENT}"
        ) from None
    except OSError as fault:
        raise AuditError(
            f"the audit log {fault.filename or folder} can't be read: {reason(fault)}"
        ) from fault


class _Check:
    def __init__(
        self,
        folder: Path,
        archives: Sequence[Path],
        noted: NotedCheckpoints | None,
        contents: bool,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._folder = folder
        self._begun = noted_segments(folder)  # looked at first: who notes a segment has begun it before
        self._contents = contents
        self._progress = progress
        self._paths = {
            name: place / name for place in (*reversed(archives), folder) for name in segment_names(place)
        }
        self._size = sum(path.stat().st_size for path in self._paths.values())
        self._read = 0
        self._absent: list[Absent] = []
        self._before: tuple[Path, int] | None = None  # the segment before and how many records it holds
        self._not_begun: tuple[str, ...] = ()
        self._backing = Backing(noted or NotedCheckpoints())
        self._are_asked_for = noted is not None
        self._lines = Lines(
            folder / FIRST_SEGMENT, self._backing, contents=contents, tie=self._tie, tell=self._tell
        )

    def run(self) -> Verification:
        lines = self._lines
        names = sorted(self._paths, key=lambda name: first_position(name) or 0) or [FIRST_SEGMENT]
        checked = 0
        while names and len(lines.faults) < MOST_FAULTS:
            name = names.pop(0)
            self._enter(name)
            self._check_segment(is_followed=bool(names))
            checked += 1
            if not names and lines.following:
                is_noted = lines.following in (
                    noted_segments(self._folder) or ()
                )  # looked at before the file
                if (self._folder / lines.following).exists():
                    names.append(lines.following)  # begun since
                    self._paths[lines.following] = self._folder / lines.following
                elif is_noted:
                    lines.report(
                        "missing",
                        f"{lines.following}, which holds the records from {lines.tail.position} on, is missing",
                        lines.tail.position,
                    )
                else:
                    self._not_begun = (
                        f"the last record names {lines.following}, which isn't there: a run was killed before it began "
                        f"that file, or the file was taken away together with what {BEGUN_NAME} said of it",
                    )
        self._compare_with_note()
        if len(lines.faults) < MOST_FAULTS:
            lines.faults += self._backing.at_end(lines.tail, lines.here())
        sound = min((fault.position for fault in lines.faults if fault.code != "forged"), default=None)
        return Verification(
            self._folder / FIRST_SEGMENT,
            lines.records,
            lines.head,
            tuple(lines.faults[:MOST_FAULTS]),
            tuple(lines.sealed),
            (
                *map(str, self._absent),
                *self._not_begun,
                *self._backing.not_verifiable(lines.tail.position),
            ),
            lines.unfinished,
            checked,
            tuple(self._absent),
            *self._backing.vouching(sound),
            self._backing.unvouched(lines.tail.position) if self._are_asked_for else "",
        )

    def _compare_with_note(self) -> None:
        """What is known to have held records must still do so; older segments may be archived."""
        if self._begun is None:
            return
        note = LineAddress(str(self._folder / BEGUN_NAME), 1)
        if not self._begun:
            message = "this file doesn't name any file of the log, as it did when it was written"
            self._lines.faults.append(Fault("damaged", message, note, 0))
            return
        newest = max(self._begun, key=lambda name: first_position(name) or 0)
        for name in dict.fromkeys(self._begun):
            path = self._paths.get(name)
            is_lost = (
                name == newest and name != self._lines.following if path is None else not path.stat().st_size
            )
            if is_lost:
                message = f"{name} held records once and is gone or empty"
                self._lines.faults.append(Fault("missing", message, note, first_position(name) or 0))

    # Segments

    def _enter(self, name: str) -> None:
        first = first_position(name) or 0
        path = self._paths.get(name, self._folder / name)
        tail = self._lines.tail
        if (
            first
            and (self._before is None or first > tail.position)
            and (not self._before or self._lines.following)
        ):
            file = self._lines.following or segment_name(0)
            self._absent.append(Absent(tail.position, first - 1, file))
            tail = Tail(first, "")
            self._before = None
        elif first and not self._lines.following:
            self._lines.report(
                "untied",
                f"nothing says that {name} follows here: the end of this file is missing",
                tail.position,
            )
        self._lines.begin(path, Tail(tail.position, tail.hash, 0, name), is_opened=not first)

    def _check_segment(self, is_followed: bool) -> None:
        first = self._lines.tail.position
        with self._lines.path.open("rb") as file:
            self._lines.read_on(file)
            if not is_followed and (unfinished := self._lines.take_back()):
                # Perhaps another process is writing it just now: under the lock nobody is.
                file.seek(-unfinished, os.SEEK_CUR)
                with _others_waiting(self._lines.path):
                    self._lines.read_on(file)
        self._read += self._lines.tail.offset
        self._tell(0)
        self._lines.end(is_followed=is_followed)
        self._before = (self._lines.path, self._lines.tail.position - first)

    def _tie(self, record: Record) -> None:
        """Takes in a record that closes a segment or opens the next one."""
        lines = self._lines
        following = following_segment(record.payload)
        if following:
            lines.following = following
            if following != segment_name(record.position + 1) or not lines.is_opened:
                lines.report(
                    "untied", f"record {record.position} closes the segment wrongly", record.position
                )
            return
        if lines.is_opened:
            lines.report(
                "untied", f"record {record.position} opens a segment in the midst of one", record.position
            )
        lines.is_opened = True
        stated = {name: record.payload.get(name) for name in ("after", "records", "bytes", "sha256")}
        if self._before is None:
            if self._absent and isinstance(stated["after"], str):
                known = self._absent[-1]
                self._absent[-1] = Absent(
                    known.first, known.last, stated["after"], str(stated["sha256"]), int(stated["bytes"] or 0)
                )
            return
        path, records = self._before
        found = {"after": path.name, "records": records, "bytes": path.stat().st_size}
        if self._contents:
            with path.open("rb") as file:
                found["sha256"] = file_digest(file, "sha256").hexdigest()
        for name, value in found.items():
            if stated[name] != value:
                lines.report(
                    "untied",
                    f"{path.name} isn't as it was when it was closed: {name} was {stated[name]} and is {value}",
                    record.position,
                )

    def _tell(self, offset: int) -> None:
        if self._progress is not None:
            self._progress(min(self._read + offset, self._size), self._size)


@contextmanager
def _others_waiting(segment: Path) -> Iterator[None]:
    path = lock_path(segment)
    if not path.exists():  # a copy, which nobody writes to
        yield
        return
    with path.open("rb") as held:
        lock(held.fileno(), path)
        try:
            yield
        finally:
            unlock(held.fileno())

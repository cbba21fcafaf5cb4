"""Checking a log from its first byte to its last, and naming what is wrong in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import BinaryIO

from referee.audit.appending import lock_path
from referee.audit.backing import Backing
from referee.audit.begun import BEGUN_NAME, noted_segments
from referee.audit.checkpoints import trusted_keys
from referee.audit.disk_fault import reason
from referee.audit.file_lock import lock, unlock
from referee.audit.findings import Absent, Fault, Sealed, Unfinished, Verification
from referee.audit.record import (
    AFTER_BODY,
    FIRST_SEGMENT,
    OWN_KINDS,
    RECOVERY,
    SEGMENT,
    Links,
    Record,
    Tail,
    looks_unfinished,
    read_links,
    read_record,
    seals,
)
from referee.audit.second_place import NotedCheckpoints, read_checkpoints
from referee.audit.segments import first_position, following_segment, segment_name, segment_names
from referee.domain import AuditError, LineAddress

_MOST_FAULTS = 100
_PROGRESS_EVERY = 32_768
_OWN = tuple(f'{kind}"'.encode() for kind in OWN_KINDS)


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
        self._path = folder / FIRST_SEGMENT
        self._tail = Tail()
        self._line = 0
        self._records = 0
        self._head = self._tail.hash
        self._faults: list[Fault] = []
        self._sealed: list[Sealed] = []
        self._absent: list[Absent] = []
        # Positions that were passed over, and the fault that says so: a later line may turn out to be one of
        # them.
        self._missing: dict[int, int] = {}
        self._torn: list[bytes] = []
        self._unfinished: Unfinished | None = None
        self._before: tuple[Path, int] | None = None  # the segment before and how many records it holds
        self._following = ""
        self._not_begun: tuple[str, ...] = ()
        self._is_opened = True
        self._backing = Backing(noted or NotedCheckpoints())
        self._are_asked_for = noted is not None

    def run(self) -> Verification:
        names = sorted(self._paths, key=lambda name: first_position(name) or 0) or [FIRST_SEGMENT]
        checked = 0
        while names and len(self._faults) < _MOST_FAULTS:
            name = names.pop(0)
            self._enter(name)
            self._check_segment(is_followed=bool(names))
            checked += 1
            if not names and self._following:
                is_noted = self._following in (
                    noted_segments(self._folder) or ()
                )  # looked at before the file
                if (self._folder / self._following).exists():
                    names.append(self._following)  # begun since
                    self._paths[self._following] = self._folder / self._following
                elif is_noted:
                    self._report(
                        "missing",
                        f"{self._following}, which holds the records from {self._tail.position} on, is missing",
                        self._tail.position,
                    )
                else:
                    self._not_begun = (
                        f"the last record names {self._following}, which isn't there: a run was killed before it began "
                        f"that file, or the file was taken away together with what {BEGUN_NAME} said of it",
                    )
        self._compare_with_note()
        if len(self._faults) < _MOST_FAULTS:
            self._faults += self._backing.at_end(self._tail, self._here())
        sound = min((fault.position for fault in self._faults if fault.code != "forged"), default=None)
        return Verification(
            self._folder / FIRST_SEGMENT,
            self._records,
            self._head,
            tuple(self._faults[:_MOST_FAULTS]),
            tuple(self._sealed),
            (*map(str, self._absent), *self._not_begun, *self._backing.not_verifiable(self._tail.position)),
            self._unfinished,
            checked,
            tuple(self._absent),
            *self._backing.vouching(sound),
            self._backing.unvouched(self._tail.position) if self._are_asked_for else "",
        )

    def _compare_with_note(self) -> None:
        """What is known to have held records must still do so; older segments may be archived."""
        if self._begun is None:
            return
        note = LineAddress(str(self._folder / BEGUN_NAME), 1)
        if not self._begun:
            message = "this file doesn't name any file of the log, as it did when it was written"
            self._faults.append(Fault("damaged", message, note, 0))
            return
        newest = max(self._begun, key=lambda name: first_position(name) or 0)
        for name in dict.fromkeys(self._begun):
            path = self._paths.get(name)
            is_lost = name == newest and name != self._following if path is None else not path.stat().st_size
            if is_lost:
                message = f"{name} held records once and is gone or empty"
                self._faults.append(Fault("missing", message, note, first_position(name) or 0))

    # Segments

    def _enter(self, name: str) -> None:
        first = first_position(name) or 0
        path = self._paths.get(name, self._folder / name)
        tail = self._tail
        if (
            first
            and (self._before is None or first > tail.position)
            and (not self._before or self._following)
        ):
            file = self._following or segment_name(0)
            self._absent.append(Absent(tail.position, first - 1, file))
            tail = Tail(first, "")
            self._before = None
        elif first and not self._following:
            self._report(
                "untied",
                f"nothing says that {name} follows here: the end of this file is missing",
                tail.position,
            )
        self._tail = Tail(tail.position, tail.hash, 0, name)
        self._path, self._line = path, 0
        self._following = ""
        self._is_opened = not first

    def _check_segment(self, is_followed: bool) -> None:
        first = self._tail.position
        with self._path.open("rb") as file:
            self._read_on(file)
            if self._torn and not self._torn[-1].endswith(b"\n") and not is_followed:
                # Perhaps another process is writing it just now: under the lock nobody is.
                unfinished = self._torn.pop()
                self._line -= 1
                file.seek(-len(unfinished), os.SEEK_CUR)
                with _others_waiting(self._path):
                    self._read_on(file)
        self._read += self._tail.offset
        self._tell(0)
        self._report_torn_tail(is_followed)
        self._before = (self._path, self._tail.position - first)

    def _tie(self, record: Record) -> None:
        """Takes in a record that closes a segment or opens the next one."""
        following = following_segment(record.payload)
        if following:
            self._following = following
            if following != segment_name(record.position + 1) or not self._is_opened:
                self._report(
                    "untied", f"record {record.position} closes the segment wrongly", record.position
                )
            return
        if self._is_opened:
            self._report(
                "untied", f"record {record.position} opens a segment in the midst of one", record.position
            )
        self._is_opened = True
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
                self._report(
                    "untied",
                    f"{path.name} isn't as it was when it was closed: {name} was {stated[name]} and is {value}",
                    record.position,
                )

    # Lines

    def _read_on(self, file: BinaryIO) -> None:
        """To the end of the file, or of what can be told."""
        while line := self._pass_usual(file):
            self._line += 1
            if not line.endswith(b"\n"):  # reading on could give the rest of it as a line of its own
                self._torn.append(line)
                return
            links = read_links(line)
            if links is None:
                self._torn.append(line)
                continue
            if self._torn:
                self._close_torn(line, links)
            self._check(line, links)
            if len(self._faults) >= _MOST_FAULTS:
                return

    def _pass_usual(self, file: BinaryIO) -> bytes:
        """Passes over records that are as they should be, without a parser: most are. The first other line."""
        before = self._tail
        position, head, offset = before.position, before.hash.encode(), before.offset
        due, counted = self._backing.due, before.position
        line = b""
        if self._torn or self._contents or self._following or not self._is_opened:
            return file.readline()
        for line in file:
            digest = sha256(line[:AFTER_BODY]).hexdigest().encode()
            start = b'{"v":1,"position":%d,"kind":"' % position
            if (
                not line.endswith(b',"previous":"%b","hash":"%b"}\n' % (head, digest))
                or not line.startswith(start)
                or line.startswith(_OWN, len(start))
                or b"\0" in line
            ):
                break
            position += 1
            head = digest
            offset += len(line)
            if position == due:
                self._line += position - counted
                counted = position
                self._meet(Tail(position, head.decode()))
                due = self._backing.due
            if not position % _PROGRESS_EVERY:
                self._tell(offset)
        else:
            line = b""
        if position > before.position:
            self._tail = Tail(position, head.decode(), offset, before.segment)
            self._line += position - counted
            self._records += position - before.position
            self._head = self._tail.hash
        return line

    def _check(self, line: bytes, links: Links) -> None:
        tail = self._tail
        expected, end = tail.position, tail.offset + len(line)
        if not links.sound:
            self._report("edited", f"record {links.position} was changed after it was written", expected)
            # What the line says of itself is the best that is left to go on with.
            self._tail = Tail(expected + 1, links.hash, end, tail.segment)
            return
        if links.position in self._missing and links.position != expected:
            self._report_moved(links.position)
            self._tail = replace(tail, offset=end)
        elif links.position < expected:
            self._report("repeated", f"record {links.position} stands here again", links.position)
            self._tail = replace(tail, offset=end)
        else:
            if links.position > expected:
                self._report_missing(expected, links.position)
            elif tail.hash and links.previous != tail.hash:
                self._report(
                    "relinked",
                    f"record {expected} doesn't follow from the record before it: that one was replaced or "
                    f"rewritten",
                    expected,
                )
            self._tail = Tail(links.position + 1, links.hash, end, tail.segment)
            self._meet(self._tail)
        if self._following:
            self._report(
                "untied", f"record {links.position} stands behind the end of its segment", links.position
            )
        try:
            if links.kind == SEGMENT:
                self._tie(read_record(line))
            elif not self._is_opened and links.kind != RECOVERY:
                self._is_opened = True
                self._report(
                    "untied", "the segment doesn't begin with what ties it to the one before", links.position
                )
            if self._contents:
                _require_published_form(line)
        except ValueError as fault:
            self._report(
                "unreadable", f"record {links.position} isn't the JSON of a record: {fault}", links.position
            )
            return
        self._records += 1
        self._head = links.hash

    def _meet(self, tail: Tail) -> None:
        self._faults += self._backing.meet(tail, self._here())

    def _here(self) -> LineAddress:
        return LineAddress(str(self._path), self._line)

    def _tell(self, offset: int) -> None:
        if self._progress is not None:
            self._progress(min(self._read + offset, self._size), self._size)

    def _close_torn(self, line: bytes, links: Links) -> None:
        torn = b"".join(self._torn)
        first = self._line - len(self._torn)
        place = LineAddress(str(self._path), first)
        if links.sound and seals(line, self._tail, torn[:-1]):
            self._sealed.append(Sealed(place, len(torn) - 1, links.position))
        else:
            self._faults.append(
                Fault(
                    "damaged",
                    f"this isn't a record (record {self._tail.position} was expected) and nothing seals it",
                    place,
                    self._tail.position,
                )
            )
            if links.position == self._tail.position + 1:  # the damaged line was the record before
                self._tail = replace(self._tail, position=links.position, hash=links.previous)
        self._tail = replace(self._tail, offset=self._tail.offset + len(torn))
        self._torn.clear()

    def _report_torn_tail(self, is_followed: bool) -> None:
        if self._torn:
            self._line -= len(self._torn) - 1
            torn = b"".join(self._torn)
            self._torn.clear()
            if looks_unfinished(torn) and not is_followed:
                self._unfinished = Unfinished(LineAddress(str(self._path), self._line), len(torn))
            else:
                message = f"the last {len(torn)} bytes are something that Referee didn't write"
                self._report("foreign", message, self._tail.position)

    def _report_missing(self, first: int, found: int) -> None:
        which = f"record {first} is" if found == first + 1 else f"records {first} to {found - 1} are"
        for position in range(first, min(found, first + _MOST_FAULTS)):
            self._missing[position] = len(self._faults)
        self._report("missing", f"{which} missing before record {found}", first)

    def _report_moved(self, position: int) -> None:
        before = self._faults[self._missing.pop(position)]
        self._faults[self._faults.index(before)] = Fault(
            "moved",
            f"the records from here on are out of order: record {position} stands in line {self._line}",
            before.place,
            before.position,
        )

    def _report(self, code: str, message: str, position: int) -> None:
        self._faults.append(Fault(code, message, self._here(), position))


@contextmanager
def _others_waiting(segment: Path) -> Iterator[None]:
    path = lock_path(segment)
    if not path.exists():  # a copy, which nobody writes to
        yield
        return
    with path.open("rb") as held:
        lock(held.fileno())
        try:
            yield
        finally:
            unlock(held.fileno())


def _require_published_form(line: bytes) -> None:
    from referee.audit.schema import checked

    read_record(line)
    checked(line)

"""Checking the lines of a log one behind the other: what each must be, and what it means when it is something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from referee.audit.backing import Backing
from referee.audit.findings import Fault, Sealed, Unfinished
from referee.audit.record import (
    AFTER_BODY,
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
from referee.domain import LineAddress

MOST_FAULTS = 100
_TOLD_REPEATS = 3
_PROGRESS_EVERY = 32_768
_OWN = tuple(f'{kind}"'.encode() for kind in OWN_KINDS)


class Lines:
    """What was found in the lines so far: ``tail`` is the place behind the last record, ``records`` counts them and
    ``head`` is the hash of the last.

    ``following`` names the segment that goes on, once the record that closes this one was met; ``is_opened`` is False
    till the record was met that ties a segment to the one before. ``tie`` takes in both and sets these; ``tell``
    is told the offset reached. ``contents`` asks for each record's published form.
    """

    def __init__(
        self,
        path: Path,
        backing: Backing,
        *,
        contents: bool,
        tie: Callable[[Record], None],
        tell: Callable[[int], None],
    ) -> None:
        self.path = path
        self.tail = Tail()
        self.records = 0
        self.head = self.tail.hash
        self.faults: list[Fault] = []
        self.sealed: list[Sealed] = []
        self.unfinished: Unfinished | None = None
        self.following = ""
        self.is_opened = True
        self._line = 0
        self._torn: list[bytes] = []
        # Positions that were passed over, and the fault that says so: a later line may turn out to be one of
        # them.
        self._missing: dict[int, int] = {}
        self._repeats = 0  # lines one behind the other that stand somewhere before, up to that line
        self._repeated_line = 0
        self._backing = backing
        self._contents = contents
        self._tie = tie
        self._tell = tell

    def begin(self, path: Path, tail: Tail, *, is_opened: bool) -> None:
        """The next file, whose first record goes behind ``tail``."""
        self.path, self._line, self.tail = path, 0, tail
        self._repeated_line = 0
        self.following, self.is_opened = "", is_opened

    def take_back(self) -> int:
        """Forgets an unfinished last line, to read it again: so many bytes, 0 when there is none."""
        if not self._torn or self._torn[-1].endswith(b"\n"):
            return 0
        self._line -= 1
        return len(self._torn.pop())

    def read_on(self, file: BinaryIO) -> None:
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
            if len(self.faults) >= MOST_FAULTS:
                return

    def _pass_usual(self, file: BinaryIO) -> bytes:
        """Passes over records that are as they should be, without a parser: most are. The first other line."""
        before = self.tail
        position, head, offset = before.position, before.hash.encode(), before.offset
        due, counted = self._backing.due, before.position
        line = b""
        if self._torn or self._contents or self.following or not self.is_opened:
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
            self.tail = Tail(position, head.decode(), offset, before.segment)
            self._line += position - counted
            self.records += position - before.position
            self.head = self.tail.hash
        return line

    def _check(self, line: bytes, links: Links) -> None:
        tail = self.tail
        expected, end = tail.position, tail.offset + len(line)
        if not links.sound:
            self.report("edited", f"record {links.position} was changed after it was written", expected)
            # What the line says of itself is the best that is left to go on with.
            self.tail = Tail(expected + 1, links.hash, end, tail.segment)
            return
        if links.position in self._missing and links.position != expected:
            self._report_moved(links.position)
            self.tail = replace(tail, offset=end)
        elif links.position < expected:
            self._report_repeated(links.position)
            self.tail = replace(tail, offset=end)
        else:
            if links.position > expected:
                self._report_missing(expected, links.position)
            elif tail.hash and links.previous != tail.hash:
                self.report(
                    "relinked",
                    f"record {expected} doesn't follow from the record before it: that one was replaced or "
                    f"rewritten",
                    expected,
                )
            self.tail = Tail(links.position + 1, links.hash, end, tail.segment)
            self._meet(self.tail)
        if self.following:
            self.report(
                "untied", f"record {links.position} stands behind the end of its segment", links.position
            )
        try:
            if links.kind == SEGMENT:
                self._tie(read_record(line))
            elif not self.is_opened and links.kind != RECOVERY:
                self.is_opened = True
                self.report(
                    "untied", "the segment doesn't begin with what ties it to the one before", links.position
                )
            if self._contents:
                _require_published_form(line)
        except ValueError as fault:
            self.report(
                "unreadable", f"record {links.position} isn't the JSON of a record: {fault}", links.position
            )
            return
        self.records += 1
        self.head = links.hash

    def _meet(self, tail: Tail) -> None:
        self.faults += self._backing.meet(tail, self.here())

    def here(self) -> LineAddress:
        """The line that was read last."""
        return LineAddress(str(self.path), self._line)

    def _close_torn(self, line: bytes, links: Links) -> None:
        torn = b"".join(self._torn)
        first = self._line - len(self._torn)
        place = LineAddress(str(self.path), first)
        if links.sound and seals(line, self.tail, torn[:-1]):
            self.sealed.append(Sealed(place, len(torn) - 1, links.position))
        else:
            self.faults.append(
                Fault(
                    "damaged",
                    f"this isn't a record (record {self.tail.position} was expected) and nothing seals it",
                    place,
                    self.tail.position,
                )
            )
            if links.position == self.tail.position + 1:  # the damaged line was the record before
                self.tail = replace(self.tail, position=links.position, hash=links.previous)
        self.tail = replace(self.tail, offset=self.tail.offset + len(torn))
        self._torn.clear()

    def end(self, *, is_followed: bool) -> None:
        """The file ends here: what is left of an unfinished line is told."""
        if self._torn:
            self._line -= len(self._torn) - 1
            torn = b"".join(self._torn)
            self._torn.clear()
            if looks_unfinished(torn) and not is_followed:
                self.unfinished = Unfinished(LineAddress(str(self.path), self._line), len(torn))
            else:
                message = f"the last {len(torn)} bytes are something that Referee didn't write"
                self.report("foreign", message, self.tail.position)

    def _report_missing(self, first: int, found: int) -> None:
        which = f"record {first} is" if found == first + 1 else f"records {first} to {found - 1} are"
        for position in range(first, min(found, first + MOST_FAULTS)):
            self._missing[position] = len(self.faults)
        self.report("missing", f"{which} missing before record {found}", first)

    def _report_moved(self, position: int) -> None:
        before = self.faults[self._missing.pop(position)]
        self.faults[self.faults.index(before)] = Fault(
            "moved",
            f"the records from here on are out of order: record {position} stands in line {self._line}",
            before.place,
            before.position,
        )

    def _report_repeated(self, position: int) -> None:
        """Tells the first few of a stretch, such as a file in the place of another, and counts the rest."""
        goes_on = self._repeated_line and self._repeated_line == self._line - 1
        self._repeats = self._repeats + 1 if goes_on else 1
        self._repeated_line = self._line
        more = self._repeats - _TOLD_REPEATS
        last = self.faults[-1] if self.faults else None
        if more > 1 and last is not None and last.code == "repeated":
            message = f"{more} more records stand here again, up to line {self._line}"
            self.faults[-1] = replace(last, message=message)
        else:
            self.report("repeated", f"record {position} stands here again", position)

    def report(self, code: str, message: str, position: int) -> None:
        """A fault at the line that was read last."""
        self.faults.append(Fault(code, message, self.here(), position))


def _require_published_form(line: bytes) -> None:
    from referee.audit.schema import checked

    read_record(line)
    checked(line)

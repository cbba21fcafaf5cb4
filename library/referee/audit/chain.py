"""Following the chain of records through the bytes of a log, from a known place to its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from referee.audit.record import FIRST_SEGMENT, RECOVERY, SEGMENT, Tail, read_links, read_record, seals
from referee.audit.segments import following_segment, segment_name

_BLOCK = 64 * 1024


class BrokenChainError(Exception):
    """The bytes are not those that were written: nobody may rely on them or add to them."""

    def __init__(self, tail: Tail, reason: str) -> None:
        super().__init__(reason)
        self.tail = tail
        self.reason = reason


@dataclass(slots=True)
class Chain:
    """Walks lines that follow ``tail`` and yields the sound ones; ``torn`` then holds what no record seals
    (yet).

    Unfinished lines are passed over only when the recovery record behind them commits to their bytes. ``following``
    is the segment that goes on, once the record that closes this one was met. ``is_opened`` is False at the start of
    a segment that still lacks the record that ties it to the one before.
    """

    tail: Tail = field(default_factory=Tail)
    torn: bytes = b""
    following: str = ""
    is_opened: bool = field(init=False)
    _begins_inside: bool = field(init=False)

    def __post_init__(self) -> None:
        self._begins_inside = self.tail.offset > 0 and self.tail.segment != FIRST_SEGMENT
        self.is_opened = self._begins_inside or self.tail.segment == FIRST_SEGMENT

    def follow(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Each sound record as its raw line; ``tail`` is already behind it. Raises BrokenChainError."""
        torn: list[bytes] = []
        for line in lines:
            if not line.endswith(b"\n"):  # reading on while it is being written would split it in two
                torn.append(line)
                break
            links = read_links(line)
            if links is None:
                torn.append(line)
                continue
            tail = self.tail
            if not links.sound:
                raise BrokenChainError(tail, f"record {links.position} was changed after it was written")
            if links.position != tail.position or (tail.hash and links.previous != tail.hash):
                raise BrokenChainError(
                    tail,
                    f"record {links.position} doesn't follow from the record before it (expected "
                    f"{tail.position})",
                )
            offset = tail.offset + len(line)
            if torn:
                unfinished = b"".join(torn)
                if not seals(line, tail, unfinished[:-1]):
                    raise BrokenChainError(tail, f"there are damaged bytes before record {links.position}")
                offset += len(unfinished)
                torn.clear()
            if self.following:
                raise BrokenChainError(tail, f"record {links.position} stands behind the end of its segment")
            if links.kind == SEGMENT:
                self._turn(line, tail)
            elif not self.is_opened and links.kind != RECOVERY:
                raise BrokenChainError(tail, f"nothing ties {tail.segment} to the segment before it")
            self.tail = Tail(tail.position + 1, links.hash, offset, tail.segment)
            yield line
        self.torn = b"".join(torn)

    def _turn(self, line: bytes, tail: Tail) -> None:
        try:
            following = following_segment(read_record(line).payload)
        except ValueError as fault:
            raise BrokenChainError(tail, f"record {tail.position} can't be read: {fault}") from None
        is_expected = (
            following == segment_name(tail.position + 1) and self.is_opened
            if following
            else not self.is_opened or self._begins_inside
        )
        if not is_expected:
            raise BrokenChainError(
                tail, f"record {tail.position} is out of place: it ties two segments together"
            )
        self.is_opened = True
        self.following = following


def last_record(file: BinaryIO, size: int, segment: str = FIRST_SEGMENT) -> Tail | None:
    """Where the last sound record of a segment begins, found from its end, so that opening costs the same for any
    length; None where there is none.

    What stands behind it is an unfinished line, or damage (a BrokenChainError when a reader gets there).
    """
    reach = _BLOCK
    while True:
        start = max(0, size - reach)
        file.seek(start)
        data = file.read(size - start)
        end = len(data)
        while end > 0:
            begin = data.rfind(b"\n", 0, end - 1) + 1
            if begin == 0 and start > 0:
                break  # this line begins before the block
            line = data[begin:end]
            links = read_links(line)
            if links is not None and links.sound:
                return Tail(links.position, links.previous, start + begin, segment)
            end = begin
        if start == 0:
            return None
        reach *= 4

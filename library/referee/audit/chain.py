"""Following the chain of records through the bytes of a log, from a known place to its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from referee.audit.record import Tail, read_links, seals

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

    Unfinished lines are passed over only when the recovery record behind them commits to their bytes.
    """

    tail: Tail = field(default_factory=Tail)
    torn: bytes = b""

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
            if links.position != tail.position or links.previous != tail.hash:
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
            self.tail = Tail(tail.position + 1, links.hash, offset)
            yield line
        self.torn = b"".join(torn)


def find_tail(file: BinaryIO, size: int) -> Tail:
    """The last sound record of a log, found from its end, so that opening costs the same for any length.

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
                return Tail(links.position + 1, links.hash, start + end)
            end = begin
        if start == 0:
            return Tail()
        reach *= 4

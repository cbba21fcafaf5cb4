"""The hash of the record at a position, found in a few steps however long the log is."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import BinaryIO

from referee.audit.chain import last_record
from referee.audit.record import SEGMENT, Links, read_links
from referee.audit.segments import first_position, segment_names


def hash_at(folder: Path, position: int) -> str | None:
    """The hash of the record at a position; "" where the log ends before it or what stands there was changed.

    None when its segment isn't there though later ones are: it is archived, and nothing can be told. Raises OSError.
    """
    names = segment_names(folder)
    at = bisect_right([first_position(name) or 0 for name in names], position) - 1
    if at < 0:
        return None if names else ""
    with (folder / names[at]).open("rb") as file:
        found = _nearest(file, position)
        if found is None or found.position != position:
            return None if at < len(names) - 1 and _is_closed_before(file, position) else ""
    return found.hash if found.sound else ""


def _is_closed_before(file: BinaryIO, position: int) -> bool:
    """Whether a segment ends with the record that names the next one, in front of a position."""
    last = last_record(file, file.seek(0, 2))
    if last is None or last.position >= position:
        return False
    file.seek(last.offset)
    links = read_links(file.readline())
    return links is not None and links.kind == SEGMENT


def _nearest(file: BinaryIO, position: int) -> Links | None:
    """The first record of a segment that stands at a position or behind it."""
    low, high = 0, file.seek(0, 2)
    nearest: Links | None = None
    while low < high:
        middle = (low + high) // 2
        links, end = _record_behind(file, middle)
        if links is None or links.position >= position:
            high = middle
            nearest = links or nearest
        else:
            low = end - 1  # whoever begins in front of its newline meets the line behind it
        if links is not None and links.position == position:
            return links
    links, _ = _record_behind(file, low)
    return links if links is not None and links.position >= position else nearest


def _record_behind(file: BinaryIO, offset: int) -> tuple[Links | None, int]:
    """The first record whose line begins behind an offset (at 0: with it), and where its line ends."""
    file.seek(offset)
    end = offset + (len(file.readline()) if offset else 0)
    for line in file:
        end += len(line)
        links = read_links(line)
        if links is not None:
            return links, end
    return None, end

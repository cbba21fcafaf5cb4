"""Reading records at known places of a log, each checked: a place may be wrong, what stands there may be changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from referee.audit.disk_fault import reason
from referee.audit.reading import record_of
from referee.audit.record import Record, read_links
from referee.domain import AuditError

Place = tuple[int, str, int, int, bytes]
"""Position, segment, start, size and hash of a record."""


class UnusableIndexError(Exception):
    """The index can't answer: it is damaged, held by another program, or not that of the log. The log still can."""


class PlacedRecords:
    """The records of the log in a folder, by their places.

    Raises UnusableIndexError when another record stands in a place, AuditError when the log can't be read there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}

    def read(self, places: Iterable[Place]) -> Iterator[Record]:
        """The records at these places, in that order, each checked against its own hash and that of its place."""
        for line, (position, segment, *_) in self.lines(places):
            yield record_of(line, self.path_of(segment), position)

    def path_of(self, segment: str) -> Path:
        """Where a segment lies."""
        path = self._paths.get(segment)
        if path is None:  # measured: joining costs a tenth of reading a record
            path = self._paths[segment] = self._folder / segment
        return path

    def lines(self, places: Iterable[Place]) -> Iterator[tuple[bytes, Place]]:
        """The lines of records, checked like ``read``."""
        file: BinaryIO | None = None
        opened = ""
        try:
            for place in places:
                position, segment, start, size, digest = place
                if file is None or segment != opened:
                    if file is not None:
                        file.close()
                    file, opened = self._segment(segment, position), segment
                file.seek(start)
                line = file.read(size)
                links = read_links(line)
                if (
                    links is None
                    or not links.sound
                    or (links.position, links.hash) != (position, digest.hex())
                ):
                    raise UnusableIndexError(f"record {position} isn't where it should be")
                yield line, place
        except OSError as fault:
            raise AuditError(f"the audit log in {self._folder} can't be read: {reason(fault)}") from fault
        finally:
            if file is not None:
                file.close()

    def _segment(self, name: str, position: int) -> BinaryIO:
        try:
            return self.path_of(name).open("rb")
        except FileNotFoundError:
            raise AuditError(
                f"record {position} of the audit log is in {self._folder / name}, which isn't there; put the file back "
                "from the archive or the backup"
            ) from None

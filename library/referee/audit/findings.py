"""What a check of a log can find."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from referee.domain import LineAddress


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a log. ``code`` is ``edited``, ``missing``, ``moved``, ``repeated``,
    ``relinked``, ``damaged``, ``unreadable``, ``foreign`` or ``untied``, or by a checkpoint ``removed``, ``rewritten``,
    ``replaced`` or ``forged``; ``position`` is that of the record meant, or expected there.
    """

    code: str
    message: str
    place: LineAddress
    position: int

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """An unfinished line that a later run found and sealed: no loss, since nobody got a receipt for it."""

    place: LineAddress
    size: int
    position: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The beginning of a record at the end of the log, left by a kill or a power cut: no loss either."""

    place: LineAddress
    size: int

    def __str__(self) -> str:
        return (
            f"{self.place}: the last {self.size} bytes are an unfinished record, left by a kill or a power cut; nobody "
            "got a receipt for it, and the next run seals it"
        )


@dataclass(frozen=True, slots=True)
class Absent:
    """Records whose segments are elsewhere. ``sha256`` and ``size`` are those of the last of the missing files, as
    the segment behind it states them; None where that isn't known.
    """

    first: int
    last: int
    file: str
    sha256: str | None = None
    size: int | None = None

    def __str__(self) -> str:
        stated = f", which has {self.size} bytes and the sha256 {self.sha256}" if self.sha256 else ""
        return (
            f"records {self.first} to {self.last} are archived elsewhere: they end with {self.file}{stated}"
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a log found. ``records`` counts the lines that are whole and unchanged; ``head`` is the
    hash of the last of them; ``faults`` come in the order of the log (at most the first 100). An ``unfinished``
    record at the end is no fault. ``absent`` records could not be checked. ``checkpoints`` counts those that fit;
    ``backed`` is the number of records from the first on, none of them at fault, that the newest of them vouches for.
    ``unvouched`` says that checkpoints were asked for and there is none of this log.
    """

    path: Path
    records: int
    head: str
    faults: tuple[Fault, ...]
    sealed: tuple[Sealed, ...]
    not_verifiable: tuple[str, ...]
    unfinished: Unfinished | None = None
    segments: int = 1
    absent: tuple[Absent, ...] = ()
    checkpoints: int = 0
    backed: int = 0
    unvouched: str = ""

    @property
    def intact(self) -> bool:
        """Whether nothing that is here was changed, removed or put in between."""
        return not self.faults

    @property
    def complete(self) -> bool:
        """Whether every segment was there to be checked."""
        return not self.absent

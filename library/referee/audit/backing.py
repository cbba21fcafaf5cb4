"""Holding a log against the checkpoints that were made of it."""

from __future__ import annotations

from collections.abc import Iterator

from referee.audit.checkpoints import NotedCheckpoint
from referee.audit.findings import Fault
from referee.audit.record import Tail
from referee.audit.second_place import NotedCheckpoints
from referee.domain import LineAddress

NO_CHECKPOINT = (
    "whether the newest records were deleted, or all were written anew, can't be told from the log alone: it has no "
    "signed checkpoint"
)
UNCHECKED = (
    "whether the newest records were deleted, or all were written anew: its checkpoints may be forged as well"
)


class Backing:
    """The checkpoints of a log, met one by one while its records are read in order."""

    def __init__(self, noted: NotedCheckpoints) -> None:
        self._noted = noted
        sound = [one for one in noted.noted if not one.fault]
        self._coming = sorted(sound, key=lambda one: one.checkpoint.records, reverse=True)
        self._met: list[NotedCheckpoint] = []

    @property
    def due(self) -> int:
        """The number of records at which the next checkpoint was made; -1 when there is none."""
        return self._coming[-1].checkpoint.records if self._coming else -1

    def vouching(self, sound: int | None) -> tuple[int, int]:
        """How many checkpoints fit, and for how many records they vouch, where only so many (None: all) are sound.

        Those that nobody could check vouch for nothing.
        """
        if self._noted.unchecked:
            return 0, 0
        fitting = [
            one.checkpoint.records for one in self._met if sound is None or one.checkpoint.records <= sound
        ]
        return len(fitting), max(fitting, default=0)

    @property
    def records(self) -> int:
        """How many records, from the first on, the newest of them vouches for."""
        return self._met[-1].checkpoint.records if self._met else 0

    def meet(self, tail: Tail, place: LineAddress) -> Iterator[Fault]:
        """Compares the record before ``tail``, which stands at ``place``, with the checkpoints made of it."""
        while self._coming and self.due <= tail.position:
            noted = self._coming.pop()
            checkpoint = noted.checkpoint
            if checkpoint.records < tail.position:
                continue  # its record is missing or archived, as was told
            if checkpoint.head == tail.hash:
                self._met.append(noted)
                continue
            yield Fault(
                "rewritten",
                f"record {tail.position - 1} isn't the one that stood here at {checkpoint.time} ({noted.place}): it or "
                f"one of those from {self.records} on was written anew",
                place,
                tail.position - 1,
            )

    def at_end(self, tail: Tail, place: LineAddress) -> Iterator[Fault]:
        """What is wrong by the checkpoints when the log ends with ``tail``."""
        if self._coming:
            noted = self._coming[0]
            promised = noted.checkpoint.records
            yield Fault(
                "removed",
                f"the log had {promised} records at {noted.checkpoint.time} ({noted.place}): records {tail.position} "
                f"to {promised - 1} were removed from its end",
                place,
                tail.position,
            )
        for noted in self._noted.noted:
            if noted.fault:
                yield Fault("forged", noted.fault, noted.place, noted.checkpoint.records - 1)
        for noted in self._noted.elsewhere:
            yield Fault(
                "replaced",
                f"another log of {noted.checkpoint.records} records stood in this folder at {noted.checkpoint.time}; "
                "if this one was begun anew on purpose, put that file of checkpoints away",
                noted.place,
                0,
            )

    def unvouched(self, end: int) -> str:
        """What it means that there is no checkpoint of a log of so many records; "" when there is one."""
        if self._noted.unchecked:
            return (
                "no checkpoint vouches for this log: who signed those that the folder holds can't be told without the "
                "public key; name it with --keys"
            )
        if self._noted.noted or not end:
            return ""
        others = self._noted.others
        held = f"those of {others} other log{'' if others == 1 else 's'}" if others else "none"
        return f"checkpoints were asked for and none vouches for this log (the folder holds {held})"

    def not_verifiable(self, end: int) -> tuple[str, ...]:
        """What the checkpoints leave open about a log of so many records."""
        if not self._noted.noted:
            return (*self._noted.remarks, NO_CHECKPOINT)
        if self._noted.unchecked:
            return (*self._noted.remarks, UNCHECKED)
        if not self._met or self.records >= end:
            return self._noted.remarks
        which = f"records {self.records} to {end - 1}" if self.records < end - 1 else f"record {end - 1}"
        open_end = "" if self._coming else "whether more were deleted behind, and "
        return (
            *self._noted.remarks,
            f"no checkpoint backs {which}, written since {self._met[-1].checkpoint.time}: {open_end}whether any was "
            "written anew, can't be told",
        )

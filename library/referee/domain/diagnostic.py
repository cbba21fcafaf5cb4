"""What an evaluation noticed besides its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from referee.domain.place import Place


class Severity(StrEnum):
    """How much a diagnostic weighs. ``ERROR`` and ``WARNING`` are doubt (never ``auto``); ``INFO`` is not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that was noticed: a stable code, a sentence, how much it weighs and where it stands.

    ``span`` holds the start and end offsets (0-based, end exclusive) of the characters meant within
    the expression or cell text.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    place: Place | None = None
    span: tuple[int, int] | None = None

    @property
    def is_doubt(self) -> bool:
        return self.severity is not Severity.INFO

    def at(self, place: Place) -> Diagnostic:
        """The same diagnostic, placed; a place that is already known is kept."""
        return self if self.place is not None else replace(self, place=place)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place is not None else self.message


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A rule of a decision table: its table, its number counted from 1, and where it stands."""

    table: str
    number: int
    place: Place | None = None
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class NodeTrace:
    """What one node of the requirements graph gave: its value, and the rules that fired if it is a table."""

    name: str
    value: Any
    rules: tuple[RuleRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A value and its diagnostics; ``trace`` lists the nodes evaluated on the way, in order of completion."""

    value: Any
    diagnostics: Sequence[Diagnostic] = ()
    trace: Sequence[NodeTrace] = ()

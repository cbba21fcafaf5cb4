"""What a check tells: findings with their places, cases that show them, and how to mend them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from referee.domain import Place, Severity


@dataclass(frozen=True, slots=True)
class Case:
    """A case that shows a finding: ``values`` by fact, or path of facts; ``result`` is what was decided for it.

    It holds every fact that the table uses, itself or by tables it needs. ``facts`` are a scope to decide with: these
    and every required one, dotted ones as nested contexts. ``fired`` are the numbers of the rules that fired; it
    ``is_doubtful`` where a cell or value could not be told.
    """

    values: Mapping[str, Any]
    result: str = ""
    facts: Mapping[str, Any] | None = None
    fired: tuple[int, ...] = ()
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend: ``advice`` says it in words, ``rows`` are rules as texts of their cells, inputs then outputs, ready to
    paste; ``delete`` are the numbers of the rules that go.
    """

    advice: str
    rows: tuple[tuple[str, ...], ...] = ()
    delete: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``code`` is stable; ``ERROR`` and ``WARNING`` must be mended, ``INFO`` is advice.

    ``places`` are the cells concerned, the one to look at first. ``rules`` are the numbers of the rules concerned.
    """

    code: str
    severity: Severity
    message: str
    table: str = ""
    places: tuple[Place, ...] = ()
    rules: tuple[int, ...] = ()
    case: Case | None = None
    fix: Fix | None = None

    @property
    def must_be_mended(self) -> bool:
        return self.severity is not Severity.INFO


def shown_by(finding: Finding, case: Case | None) -> Finding:
    """The finding with the case that shows it; advice without one, for then it may be that no case comes to it."""
    if case is not None:
        return replace(finding, case=case)
    message = f"{finding.message} (if such values can occur: no facts were found that bring them)"
    return replace(finding, severity=Severity.INFO, message=message)


@dataclass(frozen=True, slots=True)
class TableReport:
    """What was found about a table. ``proved`` names the questions that were answered for every case.

    ``unproved`` tells for each of the others which part was not proved, and why.
    """

    table: str
    findings: tuple[Finding, ...]
    proved: tuple[str, ...]
    unproved: tuple[str, ...] = field(default=())

    @property
    def must_be_mended(self) -> bool:
        return any(finding.must_be_mended for finding in self.findings)

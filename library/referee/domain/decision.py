"""Cases, what was decided about them, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from referee.domain.diagnostic import Diagnostic, NodeTrace
from referee.domain.receipt import Receipt


class Route(StrEnum):
    """What happens next to a case."""

    AUTO = "auto"
    EXCEPTION = "exception"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to decide: an id that people recognise and its facts by name.

    ``place`` says where the case came from, for messages.
    """

    id: str
    facts: Mapping[str, Any]
    place: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """Which rules and models decided: versions and content hashes (sha256, hex) for replay.

    ``models`` maps a model node to its ``(version, sha256)``.
    """

    decision: str
    version: str
    workbook_sha256: str
    models: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a case and why. The same facts and versions give an equal decision; ``receipt`` is not compared.

    ``facts`` are the facts as read (FEEL values); one that could not be used stands as it was found. ``outputs`` are
    the outputs of the routing table, ``trace`` the nodes that were evaluated with the rules that fired,
    ``diagnostics`` everything noticed on the way.
    """

    case_id: str
    route: Route
    action: str
    queue: str
    reasons: tuple[str, ...]
    facts: Mapping[str, Any]
    outputs: Mapping[str, Any]
    trace: tuple[NodeTrace, ...]
    diagnostics: tuple[Diagnostic, ...]
    versions: Versions
    receipt: Receipt | None = field(default=None, compare=False)

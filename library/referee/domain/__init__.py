"""The words everybody shares: cases, facts, decisions, routes, diagnostics, places, errors."""

from referee.domain.decision import Case, Decision, Route, Versions
from referee.domain.diagnostic import Diagnostic, Evaluation, NodeTrace, RuleRef, Severity
from referee.domain.errors import (
    AuditError,
    HandoffError,
    InputError,
    LeaseLostError,
    LogRefusedError,
    ModelError,
    ModelUnavailableError,
    QueueError,
    RefereeError,
    RulesError,
    RunStoppedError,
)
from referee.domain.place import CellAddress, ElementAddress, LineAddress, Place
from referee.domain.receipt import Receipt

__all__ = [
    "AuditError",
    "Case",
    "CellAddress",
    "Decision",
    "Diagnostic",
    "ElementAddress",
    "Evaluation",
    "HandoffError",
    "InputError",
    "LeaseLostError",
    "LineAddress",
    "LogRefusedError",
    "ModelError",
    "ModelUnavailableError",
    "NodeTrace",
    "Place",
    "QueueError",
    "Receipt",
    "RefereeError",
    "Route",
    "RuleRef",
    "RulesError",
    "RunStoppedError",
    "Severity",
    "Versions",
]

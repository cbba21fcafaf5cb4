"""A decision as the audit log holds it, to be explained by the workbook of today as far as that is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, has_log, hidden_facts
from referee.domain import Decision, InputError
from referee.engine.example_case import Example
from referee.workbook import DecisionWorkbook


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """The latest decision about a case: the payload of its record, where that stands and when it was written (UTC)."""

    position: int
    time: str
    payload: Mapping[str, Any]

    @property
    def example(self) -> Example:
        """The case as far as the log can be read: without the facts that it doesn't show, and with its scores."""
        facts = {name: value for name, value in self.payload["facts"].items() if name not in self.hidden}
        return Example(facts, self.payload["scores"])

    @property
    def hidden(self) -> frozenset[str]:
        """The facts that the log doesn't show."""
        return frozenset(hidden_facts(self.payload["facts"]))

    def is_by(self, workbook: DecisionWorkbook) -> bool:
        """Whether this very workbook, byte for byte, gave the decision."""
        return bool(self.payload["versions"]["workbook_sha256"] == workbook.sha256)

    def agrees_with(self, decision: Decision) -> bool:
        """Whether a decision is the same as far as it can be acted on, by the same rules."""
        rules = [(rule["table"], rule["rule"]) for rule in self.payload["rules"]]
        fired = [(rule.table, rule.number) for node in decision.trace for rule in node.rules]
        routing = (self.payload["route"], self.payload["action"], self.payload["queue"])
        return routing == (str(decision.route), decision.action, decision.queue) and rules == fired


def recorded_decision(folder: Path, decision: str, case_id: str) -> RecordedDecision:
    """The latest decision of that name about a case. Raises InputError where the log or the case isn't there."""
    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    found = None
    for record in AuditLog(folder, read_only=True).records():
        payload = record.payload
        if record.kind == "decision" and (payload["case"], payload["decision"]) == (case_id, decision):
            found = RecordedDecision(record.position, record.time, payload)
    if found is None:
        raise InputError(f"the log in {folder} has no decision {decision} about case {case_id}")
    return found

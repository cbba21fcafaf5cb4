"""A decision as the audit log holds it, to be explained by the workbook of today as far as that is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, Record, has_log, hidden_facts
from referee.domain import Decision, InputError
from referee.engine.example_case import Example
from referee.engine.logged_facts import LoggedFacts, UnreadableFactsError, used_facts
from referee.workbook import DecisionWorkbook


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """The latest decision about a case: the payload of its record, where that stands and when it was written (UTC).

    ``facts`` are those that can be read again, ``hidden`` the names of the others. ``unreadable`` says why the case
    can't be decided again without these; it is empty where no rule needs them.
    """

    position: int
    time: str
    payload: Mapping[str, Any]
    facts: Mapping[str, Any]
    hidden: frozenset[str]
    unreadable: str = ""

    @property
    def example(self) -> Example:
        """The case as far as the log can be read, with its scores."""
        return Example(self.facts, self.payload["scores"])

    def is_by(self, workbook: DecisionWorkbook) -> bool:
        """Whether this very workbook, byte for byte, gave the decision."""
        return bool(self.payload["versions"]["workbook_sha256"] == workbook.sha256)

    def agrees_with(self, decision: Decision) -> bool:
        """Whether a decision is the same as far as it can be acted on, by the same rules."""
        rules = [(rule["table"], rule["rule"]) for rule in self.payload["rules"]]
        fired = [(rule.table, rule.number) for node in decision.trace for rule in node.rules]
        routing = (self.payload["route"], self.payload["action"], self.payload["queue"])
        return routing == (str(decision.route), decision.action, decision.queue) and rules == fired


def recorded_decision(folder: Path, workbook: DecisionWorkbook, case_id: str) -> RecordedDecision:
    """The latest decision of the workbook's name about a case. Raises InputError where the log or the case isn't there.

    A case is never decided again without a fact that the workbook uses or requires: that would be another case.
    """
    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    decision = workbook.settings.name
    log = AuditLog(folder, read_only=True)
    found: Record | None = None
    for record in log.records():
        payload = record.payload
        if record.kind == "decision" and (payload["case"], payload["decision"]) == (case_id, decision):
            found = record
    if found is None:
        raise InputError(f"the log in {folder} has no decision {decision} about case {case_id}")
    logged = found.payload["facts"]
    unreadable = ""
    try:
        facts, hidden = LoggedFacts(log).read(decision, case_id, logged, used_facts(workbook))
        required = {fact.name for fact in workbook.dictionary.facts if fact.required and not fact.protected}
        if lacking := sorted(required & hidden):
            unreadable = f"every case must bring `{lacking[0]}`, and the log doesn't show it"
    except UnreadableFactsError as error:
        unreadable, hidden = str(error), frozenset(hidden_facts(logged))
        facts = {name: value for name, value in logged.items() if name not in hidden}
    return RecordedDecision(found.position, found.time, found.payload, facts, hidden, unreadable)

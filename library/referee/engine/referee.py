"""Load a decision once, decide any number of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, utc_now
from referee.domain import Case, Decision, Diagnostic, Evaluation, LineAddress, RulesError, Versions
from referee.engine.record import as_logged, decision_payload, same_versions
from referee.routing import route_case
from referee.scoring import Model, ModelStore
from referee.workbook import DecisionWorkbook, read_workbook
from referee.workbook.cell_value import exact_number, one_line, written
from referee.workitems import Ledger

LONGEST_FOUND = 200
"""Characters kept of a fact that could not be used."""

BATCH = 64
"""Cases decided between two durable writes of `Referee.decide_many`."""


class Referee:
    """A decision that is ready: workbook checked, models trusted, audit log writable.

    Raises `RulesError` (workbook invalid or not in force), `ModelError` (a model is missing or not the approved one)
    or `AuditError` (the log can't be written): doubt about the rules stops the run before the first case.
    Doubt about a case never raises: it is a ``human`` route with the reason.

    Without ``audit`` decisions have no receipt and nobody may act on them.
    """

    def __init__(
        self,
        workbook: str | Path,
        *,
        models: str | Path = "models",
        audit: str | Path | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.clock = clock
        self.workbook: DecisionWorkbook = read_workbook(workbook)
        self._require_in_force(clock().astimezone().date())
        store = ModelStore(models)
        loaded: dict[str, Model] = {
            definition.node: store.load(definition.folder, definition.version)
            for definition in self.workbook.models
        }
        self._model = self.workbook.model({node: model.score for node, model in loaded.items()})
        self.versions = Versions(
            self.name,
            self.workbook.settings.version,
            self.workbook.sha256,
            {node: (model.version, model.sha256) for node, model in loaded.items()},
        )
        self.log = AuditLog(audit, clock=clock) if audit is not None else None
        self.ledger = Ledger(self.log) if self.log is not None else None
        hidden = self.workbook.dictionary.sensitive
        self._key = self.log.key if self.log is not None and hidden else b""

    @property
    def name(self) -> str:
        return self.workbook.settings.name

    def evaluate(self, case: Case, doubts: Iterable[Diagnostic] = ()) -> Decision:
        """The decision about a case, written nowhere. ``doubts`` of the caller count like those of the rules."""
        facts, diagnostics = self.workbook.dictionary.check(case.facts)
        evaluation: Evaluation = self._model.evaluate(
            self.workbook.settings.route_table, self._open_facts(facts)
        )
        beforehand = (*doubts, *diagnostics)
        noticed = (*beforehand, *evaluation.diagnostics)
        # A doubtful fact makes the tables complain too; the person who reviews the case needs the cause alone.
        reasons = beforehand if any(diagnostic.is_doubt for diagnostic in beforehand) else noticed
        routing = route_case(evaluation.value, reasons, doubt_queue=self.workbook.settings.doubt_queue)
        return Decision(
            case_id=case.id,
            route=routing.route,
            action=routing.action,
            queue=routing.queue,
            reasons=routing.reasons,
            facts={name: _found(case, name) if value is None else value for name, value in facts.items()},
            outputs=evaluation.value if isinstance(evaluation.value, Mapping) else {},
            trace=tuple(evaluation.trace),
            diagnostics=tuple(dict.fromkeys(noticed)),
            versions=self.versions,
        )

    def decide(self, case_id: str, facts: Mapping[str, Any]) -> Decision:
        """Decide one case and write it to the audit log before returning.

        The first decision about a case stands while its facts and the versions are the same, and for good once it was
        acted on. A case whose facts changed after it was acted on or handed over is decided anew, as doubtful.
        Raises `AuditError` when the record could not be made durable; then there is no decision to act on.
        """
        return next(self.decide_many([Case(case_id, facts)]))

    def decide_many(self, cases: Iterable[Case]) -> Iterator[Decision]:
        """Decide cases in order like `decide`, with one durable write for each batch of `BATCH` cases."""
        batch: list[Case] = []
        for case in cases:
            batch.append(case)
            if len(batch) == BATCH:
                yield from self._decide_batch(batch)
                batch = []
        yield from self._decide_batch(batch)

    def _decide_batch(self, cases: Sequence[Case]) -> list[Decision]:
        if self.log is None or self.ledger is None or not cases:
            return [self.evaluate(case) for case in cases]
        with self.log.exclusive():
            self.ledger.refresh()
            decisions: list[Decision] = []
            fresh: dict[int, dict[str, Any]] = {}
            for index, case in enumerate(cases):
                state = self.ledger.state(self.name, case.id)
                decision = self.evaluate(case)
                payload = self.payload(decision)
                if state is not None:
                    unchanged = state.decision["facts_sha256"] == payload["facts_sha256"]
                    if unchanged and (state.was_taken_up or same_versions(state, decision)):
                        decisions.append(as_logged(decision, state))
                        continue
                    if state.was_taken_up:
                        decision = self.evaluate(case, [_changed(case)])
                        payload = self.payload(decision)
                fresh[index] = payload | {"follows": None if state is None else state.position}
                decisions.append(decision)
            receipts = self.log.append_many([("decision", payload) for payload in fresh.values()])
            for index, receipt in zip(fresh, receipts, strict=True):
                decisions[index] = replace(decisions[index], receipt=receipt)
            self.ledger.refresh()
        return decisions

    def payload(self, decision: Decision) -> dict[str, Any]:
        """The audit payload of a decision; facts marked sensitive appear as keyed hashes only."""
        dictionary = self.workbook.dictionary
        return decision_payload(
            decision, hidden=dictionary.sensitive, key=self._key, volatile=dictionary.volatile
        )

    def _open_facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        protected = self.workbook.dictionary.protected
        return {name: value for name, value in facts.items() if name not in protected}

    def _require_in_force(self, today: date) -> None:
        settings = self.workbook.settings
        start, end = settings.effective_from, settings.effective_to
        if (start is not None and today < start) or (end is not None and today > end):
            raise RulesError(
                str(self.workbook.path),
                [
                    Diagnostic(
                        "workbook-not-in-force",
                        f"the decision is in force from {start or 'any day'} to {end or 'any day'}, "
                        f"and today is {today}; use the workbook that is in force, "
                        "or correct the dates on the Decision sheet",
                        place=LineAddress(str(self.workbook.path)),
                    )
                ],
            )


def _found(case: Case, name: str) -> Any:
    """A fact that could not be used, as it was found: people and a later run need to see it."""
    value = next((value for found, value in case.facts.items() if one_line(str(found)) == name), None)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = exact_number(value)
        if number.is_finite() and len(number.as_tuple().digits) <= LONGEST_FOUND:
            return number
    text = "" if value is None else written(value).strip()[:LONGEST_FOUND]
    return text or None


def _changed(case: Case) -> Diagnostic:
    message = (
        "the facts of this case changed after it was taken up; compare them with what was done about it "
        f"(`referee audit show {case.id}`)"
    )
    return Diagnostic("case-changed", message)

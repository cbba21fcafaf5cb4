"""Load a decision once, decide any number of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, CaseKey, CaseKeys, canonical_json, open_log, utc_now
from referee.audit.sensitive import hidden_facts
from referee.domain import Case, Decision, Diagnostic, InputError, LineAddress, RulesError, Versions
from referee.engine.asked_models import asked_models
from referee.engine.deciding import Reading, decided, given
from referee.engine.logged_facts import LoggedFacts
from referee.engine.pushed_scores import Push, pushes
from referee.engine.record import (
    NONE_REPEATED,
    as_logged,
    changes_between,
    decision_payload,
    same_versions,
    scores,
)
from referee.engine.repeated_facts import RepeatedFacts, texts_of_cells
from referee.workbook import DecisionWorkbook, UnreadableCell, read_workbook
from referee.workbook.cell_value import exact_number, one_line, written
from referee.workitems import CaseState, Ledger

BATCH = 64
"""Cases decided between two durable writes of `Referee.decide_many`."""


def id_text(value: Any) -> str:
    """The id that an identifying fact gives a case, as a case list's cells do: 17 and 17.0 are ``17``."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = format(exact_number(value), "f")
    return "" if value is None else one_line(written(value))


def _require_writable(case: Case) -> None:
    """An id that files can't hold as it is would be another one in the log: the case would seem new each time."""
    try:
        case.id.encode()
    except UnicodeEncodeError:
        shown = case.id.encode("utf-8", "backslashreplace").decode()
        where = f"{case.place}: " if case.place else ""
        raise InputError(
            f"{where}the case id {shown} holds half a character, which no file can hold; read it again from its "
            "source, in the encoding that it has there"
        ) from None


class Referee:
    """A decision that is ready: workbook checked, models trusted, audit log writable.

    Raises `RulesError` (workbook invalid or not in force), `ModelError` (a model can't be trusted, or is
    missing and the workbook says stop) or `AuditError` (the log can't be written): doubt about the rules stops the run
    before the first case. Without a model that is missing, the rules go on and cases that need its score are doubtful.
    Doubt about a case never raises: it is a ``human`` route with the reason.

    Without ``audit`` decisions have no receipt and nobody may act on them. ``any_day`` is for those who only want to
    know what a workbook decides, also when it is not in force.
    """

    def __init__(
        self,
        workbook: str | Path,
        *,
        models: str | Path = "models",
        audit: str | Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        any_day: bool = False,
    ) -> None:
        self.clock = clock
        self.workbook: DecisionWorkbook = read_workbook(workbook)
        if not any_day:
            self._require_in_force(clock().astimezone().date())
        asked = asked_models(self.workbook, models)
        self._model = self.workbook.model(asked.scorers)
        self._contributors = asked.contributors
        self._ahead = asked.ahead
        self.versions = Versions(
            self.name,
            self.workbook.settings.version,
            self.workbook.sha256,
            asked.versions,
        )
        self.log: AuditLog | None = open_log(audit, clock=clock) if audit is not None else None
        self.ledger = Ledger(self.log) if self.log is not None else None
        self._keys = CaseKeys(audit) if audit is not None else None
        self._logged_as = self.workbook.dictionary.logged_as
        self._said = texts_of_cells(self.workbook) if self._logged_as else frozenset[Any]()
        if self._keys is not None and self.log is not None and self._logged_as:
            with self.log.exclusive():
                self._keys.require_usable()

    @property
    def name(self) -> str:
        return self.workbook.settings.name

    @property
    def hidden_facts(self) -> Mapping[str, str]:
        """What stands in results, which are passed around, in the place of sensitive and protected facts."""
        dictionary = self.workbook.dictionary
        return dict.fromkeys(dictionary.protected, "(protected)") | dict.fromkeys(
            dictionary.sensitive, "(sensitive)"
        )

    def evaluate(
        self, case: Case, doubts: Iterable[Diagnostic] = (), read: Reading | None = None
    ) -> Decision:
        """The decision about a case, written nowhere. ``doubts`` of the caller count like those of the rules.

        An id that the identifying fact contradicts is doubt: acting on the one case could be meant for the other.
        ``read`` is how the case was read before, with all doubts about how it came; then it isn't read again.
        """
        doubts = [*doubts, *self._doubts_about_id(case)] if read is None else doubts
        return decided(self.workbook, self._model, case, self.versions, doubts, read)

    def decide(self, case_id: str, facts: Mapping[str, Any]) -> Decision:
        """Decide one case and write it to the audit log before returning.

        The first decision about a case stands while its facts and the versions are the same, and for good once it was
        acted on. A case whose facts changed after it was acted on or handed over is decided anew, as doubtful.
        A case whose identifying fact names another case is doubtful too; spaces around the id don't count.
        Raises `InputError` when the id is blank, before anything is written, and `AuditError` when the record could
        not be made durable; then there is no decision to act on.
        """
        return next(self.decide_many([Case(one_line(case_id), facts)]))

    def decide_many(self, cases: Iterable[Case]) -> Iterator[Decision]:
        """Decide cases in order like `decide`, with one durable write for each batch of `BATCH` cases."""
        batch: list[Case] = []
        for case in cases:
            if not one_line(case.id):
                where = f"{case.place}: " if case.place else ""
                raise InputError(f"{where}the case id is blank; give each case its own")
            _require_writable(case)
            batch.append(case)
            if len(batch) == BATCH:
                yield from self._decide_batch(batch)
                batch = []
        yield from self._decide_batch(batch)

    def _decide_batch(self, cases: Sequence[Case]) -> list[Decision]:
        with self._scores_ahead(cases):
            return self._decided(cases)

    @contextmanager
    def _scores_ahead(self, cases: Sequence[Case]) -> Iterator[None]:
        """Scores for the whole batch at once, for models that gain by it."""
        wanted = [node for node, scorer in self._ahead.items() if scorer.is_worthwhile(len(cases))]
        facts = [self.workbook.dictionary.check(case.facts)[0] for case in cases] if wanted else []
        taken = {definition.node: definition.facts for definition in self.workbook.models}
        for node, scorer in self._ahead.items():
            rows = (
                [{name: each.get(name) for name in taken[node]} for each in facts] if node in wanted else []
            )
            scorer.begin(len(cases), rows)
        try:
            yield
        finally:
            for scorer in self._ahead.values():
                scorer.end()

    def _decided(self, cases: Sequence[Case]) -> list[Decision]:
        if self.log is None or self.ledger is None or not cases:
            return [self.evaluate(case) for case in cases]
        self.ledger.refresh()  # what takes long the first time mustn't keep other bots waiting
        with self.log.exclusive():
            self.ledger.refresh()
            decisions: list[Decision] = []
            fresh: dict[int, dict[str, Any]] = {}
            keys = self._keys_of(cases)
            for index, case in enumerate(cases):
                state = self.ledger.state(self.name, case.id)
                decision = self.evaluate(case)
                payload = self.payload(decision, keys.get(case.id))
                if state is not None:
                    unchanged = self._is_unchanged(state, payload, keys.get(case.id))
                    if unchanged and (state.was_taken_up or same_versions(state, decision)):
                        decisions.append(as_logged(decision, state))
                        continue
                    if state.was_taken_up:
                        decision = self.evaluate(case, [self._changed(case, state, payload)])
                        payload = self.payload(decision, keys.get(case.id))
                fresh[index] = payload | {"follows": None if state is None else state.position}
                decisions.append(decision)
            receipts = self.log.append_many([("decision", payload) for payload in fresh.values()])
            for index, receipt in zip(fresh, receipts, strict=True):
                decisions[index] = replace(decisions[index], receipt=receipt)
            self.ledger.refresh()
        return decisions

    @property
    def tells_pushed(self) -> bool:
        """Whether the workbook asks for what pushed each score, not only of cases that people see."""
        return any(definition.contributions for definition in self.workbook.models)

    def pushed(self, decision: Decision) -> dict[str, tuple[Push, ...]]:
        """What pushed the scores of a decision, by model node; costs more than the scores.

        Nothing where there was no score, where another model gave it, or where the model has no compiled form.
        """
        found = {}
        for definition in self.workbook.models:
            node = definition.node
            is_same = decision.versions.models.get(node) == self.versions.models[node]
            if node in scores(decision.trace) and is_same and node in self._contributors:
                facts = {name: decision.facts.get(name) for name in definition.facts}
                told = pushes(self._contributors[node](facts), facts, self.workbook.dictionary)
                if told:
                    found[node] = told
        return found

    def payload(self, decision: Decision, key: CaseKey | None = None) -> dict[str, Any]:
        """The audit payload of a decision; sensitive facts are hidden under the key of the case, as the data dictionary
        says, and not shown at all without one.
        """
        return decision_payload(
            decision,
            logged_as=self._logged_as,
            key=key,
            repeated=self.repeated(decision),
            volatile=self.workbook.dictionary.volatile,
        )

    def recalled(self, decision: Decision) -> Decision:
        """A decision from the log with those facts as values that stand there encrypted and can be read."""
        if self.log is None or not hidden_facts(decision.facts):
            return decision
        facts, _ = LoggedFacts(self.log).read(self.name, decision.case_id, decision.facts, ())
        return replace(decision, facts={**decision.facts, **facts})

    def repeated(self, decision: Decision) -> RepeatedFacts:
        """Takes the sensitive facts of a case out of everything that is said about it."""
        if not self._logged_as:
            return NONE_REPEATED
        values = (decision.facts.get(name) for name in self._logged_as)
        return RepeatedFacts(
            [value for value in values if value is not None], self._said, self._logged_as.keys()
        )

    def _keys_of(self, cases: Sequence[Case]) -> Mapping[str, CaseKey]:
        if self._keys is None or not self._logged_as:
            return {}
        return self._keys.of_cases(self.name, [case.id for case in cases])

    def _is_unchanged(self, state: CaseState, payload: Mapping[str, Any], key: CaseKey | None) -> bool:
        """Whether the facts of a case are those of its record. Where the case was erased only those can be compared
        that were never hidden: the same case must not be taken for a changed one.
        """
        if state.decision["facts_sha256"] == payload["facts_sha256"]:
            return True
        secret = hidden_facts(state.decision["facts"])
        used = {told.key_id for told in secret.values()}
        if self._keys is None or not used or (key is not None and used == {key.id}):
            return False
        if any(self._keys.key(key_id) is not None for key_id in used):
            return False
        unknown = self._logged_as.keys() | self.workbook.dictionary.volatile | secret.keys()
        was, now = (
            {name: value for name, value in facts.items() if name not in unknown}
            for facts in (state.decision["facts"], payload["facts"])
        )
        return canonical_json(was) == canonical_json(now)

    def _doubts_about_id(self, case: Case) -> list[Diagnostic]:
        fact = self.workbook.settings.case_id
        told = given(case, fact)
        named = "" if isinstance(told, UnreadableCell) else id_text(told)
        if not named or named == one_line(case.id):
            return []
        other = "another case" if fact in self.workbook.dictionary.sensitive else f"the case `{named}`"
        message = f"the case is `{case.id}`, but its fact `{fact}` names {other}; find out which one is meant"
        return [Diagnostic("case-id-contradicted", message)]

    def _changed(self, case: Case, state: CaseState, payload: Mapping[str, Any]) -> Diagnostic:
        dictionary = self.workbook.dictionary
        changes = changes_between(
            state.decision["facts"],
            payload["facts"],
            hidden=dictionary.sensitive,
            volatile=dictionary.volatile,
        )
        message = (
            f"the facts of this case changed after it was taken up ({'; '.join(changes)}); compare them with "
            f"what was done about it (`referee audit show {case.id}`)"
        )
        return Diagnostic("case-changed", message)

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

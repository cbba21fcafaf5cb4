"""One run over many cases: decide, write, act, and after a crash take up exactly where the log says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from referee.domain import (
    AuditError,
    Case,
    Decision,
    Diagnostic,
    InputError,
    LineAddress,
    Route,
    RulesError,
    RunStoppedError,
)
from referee.engine.performing import (
    STOP_AFTER,
    ActionFailed,
    ActionTable,
    FailedAction,
    Performer,
    failure_reason,
)
from referee.engine.playbook_steps import PlaybookSteps
from referee.engine.pushed_scores import as_payload
from referee.engine.record import from_log, position_of
from referee.engine.referee import Referee
from referee.exceptions import Playbook
from referee.handoff import PUSHED
from referee.workbook.cell_reading import did_you_mean
from referee.workitems import CaseState, RunLock, Status


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. ``decisions`` hold one decision for each case, in the order of the input, as the log has it.

    ``routes`` counts the cases by route, ``outcomes`` what became of them, by ledger status; ``states`` says it case
    by case. ``earlier`` counts cases that an earlier run had finished; they were left alone. ``attempted`` counts the
    actions and steps of playbooks that were begun, ``failed`` names those that failed. ``stopped`` says why the run
    ended early, with cases left open for the next run; it is empty otherwise. ``remarks`` say what whoever is
    in charge must know about the audit log: that it has no checkpoint, or was not shipped.
    """

    decision: str
    decisions: Sequence[Decision]
    states: Mapping[str, CaseState]
    earlier: int
    seconds: float
    attempted: int = 0
    failed: Sequence[FailedAction] = ()
    stopped: str = ""
    remarks: Sequence[str] = ()

    @property
    def routes(self) -> Mapping[str, int]:
        return Counter(str(decision.route) for decision in self.decisions)

    @property
    def outcomes(self) -> Mapping[str, int]:
        return Counter(str(state.status) for state in self.states.values())

    @property
    def nothing_worked(self) -> bool:
        """Whether actions were attempted and every one of them failed."""
        return 0 < self.attempted == len(self.failed)


class Run:
    """Processes cases with a `Referee` that has an audit log.

    ``actions`` maps each action of the routing table and each step of a playbook to a callable; ``playbooks`` maps
    the actions of the exception route to playbooks. Raises `RulesError` before the first case when one is missing or
    unknown, together with the ``faults`` that the caller found in its actions. ``stop_after`` technical failures of
    one action in a row end the run (0: never). ``noted`` is called with each decision, durable by then, before it is
    acted on; ``progress`` with the number of cases settled and of all cases.
    """

    def __init__(
        self,
        referee: Referee,
        actions: ActionTable,
        playbooks: Mapping[str, Playbook],
        *,
        bot: str = "",
        faults: Sequence[Diagnostic] = (),
        stop_after: int = STOP_AFTER,
        noted: Callable[[Decision], None] = lambda decision: None,
        progress: Callable[[int, int], None] = lambda settled, cases: None,
    ) -> None:
        if referee.log is None or referee.ledger is None:
            raise AuditError("a run needs an audit log; give its folder")
        self._referee = referee
        self._log = referee.log
        self._ledger = referee.ledger
        self._actions = actions
        self._bot = bot
        self._noted = noted
        self._progress = progress
        self._require_actions(playbooks, faults)
        self._performer = Performer(actions, stop_after)
        self._steps = PlaybookSteps(referee, self._performer, playbooks, self._hand_over)

    def process(self, cases: Sequence[Case]) -> RunSummary:
        """Every case ends as done, handed over, or waiting in its playbook; each step is in the log before it is taken.

        Decides all cases that have no decision yet, in durable batches, then acts case by case in the given order.
        A case that a killed run was acting on goes to people as in doubt. A case whose facts changed after something
        was done about it goes to people. Open cases that are no longer among ``cases`` are taken up from the log.
        Raises `InputError` when two cases have the same id, before anything is decided; `AuditError` when a record
        can't be made durable and `RunStoppedError` when an action was told to stop: then nothing further is done.
        When an action keeps failing for technical reasons the run stops by itself (`RunSummary.stopped`): cases that
        were not begun stay open for the next run.
        """
        _require_distinct(cases)
        started = time.perf_counter()
        name = self._referee.name
        with RunLock(self._log.folder, name, clock=self._referee.clock):
            self._ledger.refresh()
            self._log.append("run", {"decision": name, "status": "started", "bot": self._bot, "summary": {}})
            finished = {case.id for case in cases if self._is_finished(case.id)}
            decisions = list(self._referee.decide_many(cases))
            try:
                for number, decision in enumerate(decisions, 1):
                    if not self._is_finished(decision.case_id):
                        self._noted(decision)
                        self._settle(decision)
                    self._progress(number, len(decisions))
                    if self._performer.stopped:
                        break
                self._take_up_rest({case.id for case in cases})
            except RunStoppedError:
                self._log.append(
                    "run", {"decision": name, "status": "stopped", "bot": self._bot, "summary": {}}
                )
                self._log.finish()
                raise
            self._ledger.refresh()
            states = {case.id: self._state(case.id) for case in cases}
            earlier = sum(case.id in finished for case in cases)
            summary = RunSummary(
                name,
                decisions,
                states,
                earlier,
                time.perf_counter() - started,
                self._performer.attempted,
                tuple(self._performer.failed),
                self._performer.stopped,
            )
            status = "stopped" if summary.stopped else "finished"
            self._log.append(
                "run", {"decision": name, "status": status, "bot": self._bot, "summary": _counts(summary)}
            )
        return replace(summary, remarks=self._log.finish())

    def settle(self, decision: Decision) -> Status:
        """Bring one decided case as far as it goes now, as `process` does; for those who write their own loop.

        A case that was settled before is left alone. Gives its status.
        """
        with RunLock(self._log.folder, self._referee.name, clock=self._referee.clock):
            self._ledger.refresh()
            if self._state(decision.case_id).is_open:
                self._settle(decision)
                self._ledger.refresh()
            return self._state(decision.case_id).status

    def _is_finished(self, case_id: str) -> bool:
        state = self._ledger.state(self._referee.name, case_id)
        return state is not None and not state.is_open

    def _state(self, case_id: str) -> CaseState:
        state = self._ledger.state(self._referee.name, case_id)
        if state is None:
            raise AuditError(
                f"case {case_id} has no decision in {self._log.folder}; decide it before acting on it"
            )
        return state

    def _settle(self, decision: Decision) -> None:
        state = self._state(decision.case_id)
        if state.position != position_of(decision):
            raise InputError(
                f"case {decision.case_id} was decided again in record {state.position}; settle that decision"
            )
        match state.status:
            case Status.DECIDED if decision.route is Route.AUTO:
                self._act(decision)
            case Status.DECIDED if decision.route is Route.HUMAN:
                self._hand_over(decision, decision.queue, decision.reasons)
            case Status.DECIDED | Status.EXCEPTION_OPEN:
                self._steps.advance(decision, state)
            case Status.ACTING:
                self._in_doubt(decision)
            case Status.FAILED:
                error = str((state.action or {}).get("error"))
                self._hand_over(decision, self._doubt_queue, (failure_reason(decision.action, error),))
            case Status.IN_DOUBT:
                self._hand_over(decision, self._doubt_queue, (_in_doubt_reason(decision.action),))

    def _act(self, decision: Decision) -> None:
        if not self._performer.can(decision.action):
            reason = f"the bot has no keyword for the action {decision.action!r}; add it with On Action"
            self._hand_over(decision, self._doubt_queue, (reason,))
            return
        self._record_action(decision, "acting")
        try:
            result = self._performer.perform(decision, decision.action)
        except ActionFailed as failure:
            self._record_action(decision, "failed", error=str(failure))
            self._hand_over(decision, self._doubt_queue, (failure_reason(decision.action, str(failure)),))
        else:
            self._record_action(decision, "done", result=result)

    def _in_doubt(self, decision: Decision) -> None:
        self._record_action(decision, "in doubt")
        self._hand_over(decision, self._doubt_queue, (_in_doubt_reason(decision.action),))

    def _record_action(self, decision: Decision, status: str, *, result: Any = None, error: str = "") -> None:
        self._log.append(
            "action",
            {
                "case": decision.case_id,
                "decision": self._referee.name,
                "status": status,
                "action": decision.action,
                "of": position_of(decision),
                "result": result,
                "error": error,
            },
        )

    def _hand_over(self, decision: Decision, queue: str, reasons: Sequence[str]) -> None:
        pushed = self._referee.pushed(decision)
        self._log.append(
            "handoff",
            {
                "case": decision.case_id,
                "decision": self._referee.name,
                "queue": queue,
                "reasons": list(reasons),
                "context": {PUSHED: as_payload(pushed)} if pushed else {},
                "of": position_of(decision),
            },
        )

    def _take_up_rest(self, seen: set[str]) -> None:
        """Open cases of earlier runs that the input no longer holds: none is lost."""
        for state in self._ledger.open_cases(self._referee.name):
            if self._performer.stopped:
                return
            if state.case_id in seen:
                continue
            decision = from_log(state)
            if state.status is Status.DECIDED and decision.route is not Route.HUMAN:
                reason = (
                    f"decided as {decision.route}, but it left the input before {decision.action!r} was begun"
                )
                self._hand_over(decision, self._doubt_queue, (reason,))
            else:
                self._settle(decision)

    def _require_actions(self, playbooks: Mapping[str, Playbook], known_faults: Sequence[Diagnostic]) -> None:
        """Doubt about what the bot can do stops it before the first case."""
        place = LineAddress(str(self._referee.workbook.path))
        wanted: dict[str, str] = {}
        faults = list(known_faults)
        for route, action in self._referee.workbook.actions:
            if route == Route.AUTO:
                wanted[action] = "the routing table"
            elif route == Route.EXCEPTION and action in playbooks:
                wanted |= dict.fromkeys(playbooks[action].actions, f"the playbook {action!r}")
            elif route == Route.EXCEPTION:
                known = ", ".join(sorted(playbooks)) or "none"
                message = (
                    f"the routing table starts the playbook {action!r}, which is not in the folder ({known})"
                )
                faults.append(Diagnostic("playbook-missing", message, place=place))
        for action, source in sorted(wanted.items()):
            if action not in self._actions:
                message = (
                    f"{source} can choose the action {action!r}, but the bot names no keyword for it; "
                    f"add the line `On Action    {action}    <your keyword>`"
                )
                faults.append(Diagnostic("action-without-keyword", message, place=place))
        performed = wanted.keys() | {name for playbook in playbooks.values() for name in playbook.actions}
        for action in sorted(self._actions.keys() - performed):
            if action in playbooks:
                message = (
                    f"the bot names a keyword for {action!r}, which is a playbook; "
                    f"name one for each of its steps: {', '.join(sorted(playbooks[action].actions))}"
                )
            else:
                message = (
                    f"the bot names a keyword for the action {action!r}, which neither the routing table "
                    f"nor a playbook has{did_you_mean(action, performed)}"
                )
            faults.append(Diagnostic("action-unknown", message))
        if faults:
            raise RulesError(f"the bot for {self._referee.name}", faults)

    @property
    def _doubt_queue(self) -> str:
        return self._referee.workbook.settings.doubt_queue


def _require_distinct(cases: Sequence[Case]) -> None:
    twice = [case_id for case_id, count in Counter(case.id for case in cases).items() if count > 1]
    if twice:
        raise InputError(f"several cases have the same id, so they can't be told apart: {', '.join(twice)}")


def _counts(summary: RunSummary) -> dict[str, Any]:
    return {
        "cases": len(summary.decisions),
        "routes": dict(summary.routes),
        "outcomes": dict(summary.outcomes),
        "earlier": summary.earlier,
        "failed": len(summary.failed),
        "stopped": summary.stopped,
    }


def _in_doubt_reason(action: str) -> str:
    return (
        f"in doubt: the bot was stopped while performing {action!r}; look in the target system whether it was done, "
        "and do it by hand if not"
    )

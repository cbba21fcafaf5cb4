"""One run over many cases: decide, write, act, and after a crash take up exactly where the log says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from referee.domain import (
    AuditError,
    Case,
    Decision,
    Diagnostic,
    InputError,
    Route,
    RunStoppedError,
)
from referee.engine.performing import STOP_AFTER, ActionTable, FailedAction, Performer, nothing_worked
from referee.engine.record import from_log
from referee.engine.recovery import BotHelp, Recovery
from referee.engine.referee import Referee
from referee.engine.required_actions import require_actions
from referee.engine.run_limits import RunLimits
from referee.engine.settling import Settling
from referee.engine.step_times import StepTime
from referee.exceptions import Playbook
from referee.workitems import CaseState, RunLock, Status

NO_LIMITS = RunLimits()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. ``decisions`` hold one decision for each case, in the order of the input, as the log has it.

    ``routes`` counts the cases by route, ``outcomes`` what became of them, by ledger status; ``states`` says it case
    by case. ``earlier`` counts cases that an earlier run had finished; they were left alone. ``attempted`` counts the
    actions and steps of playbooks that were begun, ``failed`` names those that failed. ``stopped`` says why the run
    ended early in trouble, ``ended`` why it ended early at a limit or by request: cases are left open for the next run
    then, and both are empty otherwise. ``steps`` tells how long each step took. ``remarks`` say what whoever is
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
    ended: str = ""
    steps: Mapping[str, StepTime] = field(default_factory=dict)
    remarks: Sequence[str] = ()

    @property
    def routes(self) -> Mapping[str, int]:
        return Counter(str(decision.route) for decision in self.decisions)

    @property
    def outcomes(self) -> Mapping[str, int]:
        return Counter(str(state.status) for state in self.states.values())

    @property
    def nothing_worked(self) -> bool:
        """Whether actions were attempted and every one of them failed, but for those that were refused."""
        return nothing_worked(self.attempted, self.failed)


class Run:
    """Processes cases with a `Referee` that has an audit log.

    ``actions`` maps each action of the routing table and each step of a playbook to a callable; ``playbooks`` maps
    the actions of the exception route to playbooks. Raises `RulesError` before the first case when one is missing
    or unknown, together with the ``faults`` that the caller found in its actions. ``stop_after`` cases in a row for
    which one action failed for technical reasons end the run (0: never), and ``limits`` end it between two cases.
    ``bot_help`` is used after failed actions; what it gives as evidence stays where the bot put it. ``noted`` is
    called with each decision, durable by then, before it is acted on; ``progress`` with the number of cases settled
    and of all cases.
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
        bot_help: BotHelp | None = None,
        limits: RunLimits = NO_LIMITS,
        noted: Callable[[Decision], None] = lambda decision: None,
        progress: Callable[[int, int], None] = lambda settled, cases: None,
    ) -> None:
        if referee.log is None or referee.ledger is None:
            raise AuditError("a run needs an audit log; give its folder")
        self._referee = referee
        self._log = referee.log
        self._ledger = referee.ledger
        self._bot = bot
        self._limits = limits
        self._noted = noted
        self._progress = progress
        bot_help = bot_help or BotHelp()
        require_actions(referee, actions, bot_help.looks, playbooks, faults)
        self._performer = Performer(actions, stop_after, bot_help.looks)
        self._recovery = Recovery(self._performer, bot_help)
        self._settling = Settling(referee, self._performer, playbooks)

    def process(self, cases: Sequence[Case]) -> RunSummary:
        """Every case ends as done, handed over, or waiting in its playbook; each step is in the log before it is taken.

        Decides all cases that have no decision yet, in durable batches, then acts case by case in the given order.
        A case that a killed run was acting on goes to people as in doubt. A case whose facts changed after something
        was done about it goes to people. Open cases that are no longer among ``cases`` are taken up from the log.
        Raises `InputError` when two cases have the same id, before anything is decided; `AuditError` when a record
        can't be made durable and `RunStoppedError` when an action was told to stop: then nothing further is done.
        When an action keeps failing for technical reasons the run stops by itself (`RunSummary.stopped`), and at a
        limit it ends (`RunSummary.ended`): cases that were not begun stay open for the next run.
        """
        _require_distinct(cases)
        started = time.perf_counter()
        name = self._referee.name
        with RunLock(self._log.folder, name, clock=self._referee.clock):
            self._ledger.refresh()
            self._log.append("run", {"decision": name, "status": "started", "bot": self._bot, "summary": {}})
            finished = {case.id for case in cases if self._is_finished(case.id)}
            with self._performer.steps.timed("decide all cases"):
                decisions = list(self._referee.decide_many(cases))
            try:
                ended = self._settle_all(decisions)
                if not ended:
                    self._take_up_rest({case.id for case in cases})
            except RunStoppedError:
                self._log.append(
                    "run", {"decision": name, "status": "stopped", "bot": self._bot, "summary": {}}
                )
                self._log.finish()
                raise
            self._ledger.refresh()
            states = {case.id: self._settling.state(case.id) for case in cases}
            earlier = sum(case.id in finished for case in cases)
            summary = RunSummary(
                name,
                decisions,
                states,
                earlier,
                time.perf_counter() - started,
                self._performer.attempted,
                tuple(self._performer.failed),
                self._trouble,
                ended,
                self._performer.steps.all,
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
            if self._settling.state(decision.case_id).is_open:
                self._settling.settle(decision)
                self._ledger.refresh()
            return self._settling.state(decision.case_id).status

    def _settle_all(self, decisions: Sequence[Decision]) -> str:
        """Why a limit ended it before the last case; empty if none did."""
        settled = 0
        for number, decision in enumerate(decisions, 1):
            self._recovery.restart_if_due()
            if self._trouble:
                return ""
            if not self._is_finished(decision.case_id):
                if reason := self._limits.reached(settled, self._referee.clock()):
                    return reason
                self._noted(decision)
                self._settling.settle(decision)
                self._recovery.evidence(decision)
                settled += 1
            self._progress(number, len(decisions))
        return ""

    @property
    def _trouble(self) -> str:
        return self._recovery.stopped or self._performer.stopped

    def _is_finished(self, case_id: str) -> bool:
        state = self._ledger.state(self._referee.name, case_id)
        return state is not None and not state.is_open

    def _take_up_rest(self, seen: set[str]) -> None:
        """Open cases of earlier runs that the input no longer holds: none is lost."""
        for state in self._ledger.open_cases(self._referee.name):
            self._recovery.restart_if_due()
            if self._trouble:
                return
            if state.case_id in seen:
                continue
            decision = from_log(state)
            if state.status is Status.DECIDED and decision.route is not Route.HUMAN:
                reason = (
                    f"decided as {decision.route}, but it left the input before {decision.action!r} was begun"
                )
                self._settling.hand_over(decision, self._settling.doubt_queue, (reason,))
            else:
                self._settling.settle(decision)


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
        "ended": summary.ended,
    }

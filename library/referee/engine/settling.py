"""Bring a decided case as far as it goes now: act, follow its playbook, or hand it over to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from referee.domain import AuditError, Decision, InputError, LeaseLostError, Route
from referee.engine.performing import ActionFailed, Performer, failure_reason, is_refusal
from referee.engine.playbook_steps import PlaybookSteps
from referee.engine.pushed_scores import as_payload
from referee.engine.record import position_of
from referee.engine.referee import Referee
from referee.exceptions import Playbook
from referee.handoff import PUSHED
from referee.workitems import CaseState, Status


class Settling:
    """Each step is in the log before it is taken, and only while the case is as it was read.

    ``own`` is asked under the log's lock before a step is recorded; it raises LeaseLostError when the case is no longer
    the caller's. So does settling when another process has recorded something about the case meanwhile. Then nothing
    was done. Raises AuditError when the referee has no log.
    """

    def __init__(
        self,
        referee: Referee,
        performer: Performer,
        playbooks: Mapping[str, Playbook],
        own: Callable[[Decision], None] = lambda decision: None,
    ) -> None:
        if referee.log is None or referee.ledger is None:
            raise AuditError("a run needs an audit log; give its folder")
        self._referee = referee
        self._log = referee.log
        self._ledger = referee.ledger
        self._performer = performer
        self._own = own
        performer.may_be_told = lambda decision, text: str(referee.repeated(decision).without(text))
        self._steps = PlaybookSteps(referee, performer, playbooks, self.hand_over, self._held)

    def state(self, case_id: str) -> CaseState:
        """Where the case stands as of the last refresh of the ledger."""
        state = self._ledger.state(self._referee.name, case_id)
        if state is None:
            raise AuditError(
                f"case {case_id} has no decision in {self._log.folder}; decide it before acting on it"
            )
        return state

    def settle(self, decision: Decision, *, again: bool = False) -> None:
        """Takes the next steps about an open case. ``again`` says that a failed action may stay open, as the case will
        be settled again; only one with a keyword that looks whether it was done does.
        """
        decision = self._referee.recalled(decision)
        state = self.state(decision.case_id)
        if state.position != position_of(decision):
            raise InputError(
                f"case {decision.case_id} was decided again in record {state.position}; settle that decision"
            )
        match state.status:
            case Status.DECIDED if decision.route is Route.AUTO:
                self._act(decision, state, again)
            case Status.DECIDED if decision.route is Route.HUMAN:
                with self._held(decision, state.records):
                    self.hand_over(decision, decision.queue, decision.reasons)
            case Status.DECIDED | Status.EXCEPTION_OPEN:
                self._steps.advance(decision, state)
            case Status.ACTING:
                with self._held(decision, state.records):
                    self._record_action(decision, "in doubt")
                    self.hand_over(decision, self.doubt_queue, (_in_doubt_reason(decision.action),))
            case Status.FAILED if self._performer.can_look_for(decision.action):
                self._repeat(decision, state, again)
            case Status.FAILED:
                error = str((state.action or {}).get("error"))
                with self._held(decision, state.records):
                    self.hand_over(decision, self.doubt_queue, (failure_reason(decision.action, error),))
            case Status.IN_DOUBT:
                with self._held(decision, state.records):
                    self.hand_over(decision, self.doubt_queue, (_in_doubt_reason(decision.action),))

    def give_up(self, decision: Decision, reason: str) -> None:
        """Hands an open case over to people; as in doubt if it was being acted on."""
        state = self.state(decision.case_id)
        if state.status in (Status.ACTING, Status.IN_DOUBT):
            self.settle(decision)
            return
        with self._held(decision, state.records):
            self.hand_over(decision, self.doubt_queue, (*decision.reasons, reason))

    def hand_over(self, decision: Decision, queue: str, reasons: Sequence[str]) -> None:
        pushed = self._referee.pushed(decision)
        repeated = self._referee.repeated(decision)
        self._log.append(
            "handoff",
            {
                "case": decision.case_id,
                "decision": self._referee.name,
                "queue": repeated.without(queue),
                "reasons": repeated.without(list(reasons)),
                "context": {PUSHED: as_payload(pushed)} if pushed else {},
                "of": position_of(decision),
            },
        )

    @property
    def doubt_queue(self) -> str:
        return self._referee.workbook.settings.doubt_queue

    @contextmanager
    def _held(self, decision: Decision, records: int) -> Iterator[None]:
        """Keeps all others from the log while the next step of a case is recorded, of which ``records`` were known."""
        with self._log.exclusive():
            self._own(decision)
            self._ledger.refresh()
            state = self.state(decision.case_id)
            if (state.position, state.records) != (position_of(decision), records):
                raise LeaseLostError(
                    f"another worker has gone on with case {decision.case_id}; leave it alone"
                )
            yield

    def _act(self, decision: Decision, state: CaseState, again: bool) -> None:
        if not self._performer.can(decision.action):
            reason = f"the bot has no keyword for the action {decision.action!r}; add it with On Action"
            with self._held(decision, state.records):
                self.hand_over(decision, self.doubt_queue, (reason,))
            return
        with self._held(decision, state.records):
            self._record_action(decision, "acting")
        try:
            result = self._performer.perform(decision, decision.action)
        except ActionFailed as failure:
            self._failed(decision, str(failure), again)
        else:
            self._record_action(decision, "done", result=result)

    def _repeat(self, decision: Decision, state: CaseState, again: bool) -> None:
        """An action that failed may have been done all the same: look first."""
        try:
            found = self._performer.look_for(decision, decision.action)
        except ActionFailed as failure:
            self._failed(decision, f"nobody could tell whether it was done: {failure}", again)
            return
        if found is None or found == "":
            self._act(decision, state, again)
            return
        with self._held(decision, state.records):
            self._record_action(decision, "done", result=found)

    def _failed(self, decision: Decision, error: str, again: bool) -> None:
        self._record_action(decision, "failed", error=error)
        if not again or is_refusal(error) or not self._performer.can_look_for(decision.action):
            self.hand_over(decision, self.doubt_queue, (failure_reason(decision.action, error),))

    def _record_action(self, decision: Decision, status: str, *, result: Any = None, error: str = "") -> None:
        self._log.append(
            "action",
            {
                "case": decision.case_id,
                "decision": self._referee.name,
                "status": status,
                "action": decision.action,
                "of": position_of(decision),
                "result": self._referee.repeated(decision).without(result),
                "error": error,
            },
        )


def _in_doubt_reason(action: str) -> str:
    return (
        f"in doubt: the bot was stopped while performing {action!r}; look in the target system whether it was done, "
        "and do it by hand if not"
    )

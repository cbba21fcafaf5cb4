"""Bring a case of the exception route forward: events in, steps out, each in the log before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from referee.domain import Decision
from referee.engine.performing import ActionFailed, Performer, failure_reason
from referee.engine.record import position_of
from referee.engine.referee import Referee
from referee.exceptions import Playbook, State, Transition
from referee.exceptions.playbook import FAILED, OVERDUE, REPLY, START
from referee.exceptions.workflow import Workflow
from referee.workitems import CLOSED, CaseState

HandOver = Callable[[Decision, str, Sequence[str]], None]
Held = Callable[[Decision, int], AbstractContextManager[None]]
"""Keeps others from a case while its next step is recorded, if it has as many records as given; see `Settling`."""

LONGEST_WAY = 100
"""Transitions in one run; a playbook that needs more is going in circles."""


class PlaybookSteps:
    """Takes cases through their playbooks as far as they go now.

    The state is rebuilt from the events in the log each time. A step that was begun but not finished is in doubt
    and goes to people; so does a case whose playbook has another version than the one it began with.
    """

    def __init__(
        self,
        referee: Referee,
        performer: Performer,
        playbooks: Mapping[str, Playbook],
        hand_over: HandOver,
        held: Held,
    ) -> None:
        assert referee.log is not None, "a run has a log"
        self._referee = referee
        self._log = referee.log
        self._performer = performer
        self._playbooks = playbooks
        self._hand_over_now = hand_over
        self._held = held
        self._records = 0
        self._workflows: dict[str, Workflow] = {}

    def advance(self, decision: Decision, state: CaseState) -> None:
        """Follow the playbook until it waits, ends or needs people."""
        self._records = state.records
        workflow = self._workflow(decision.action)
        if workflow is None:
            self._give_up(decision, f"there is no playbook {decision.action!r}")
            return
        events = list(state.events)
        if doubt := _doubt_about(events, workflow.playbook):
            self._give_up(decision, doubt)
            return
        taken = [event["transition"] for event in events if event["transition"]]
        due = next((event["due"] for event in reversed(events) if event["transition"]), None)
        pending: dict[str, Any] | None = None if events else {"on": START}
        for _ in range(LONGEST_WAY):
            try:
                position = workflow.position(decision.case_id, taken)
            except LookupError as unknown:
                self._give_up(
                    decision, f"the logged steps don't fit the playbook {decision.action!r} (at {unknown})"
                )
                return
            current = workflow.state(position)
            if current.close:
                with self._held(decision, self._records):
                    self._record(
                        decision, workflow.playbook, CLOSED, state=current.name, result=current.close
                    )
                return
            if current.hand_over:
                self._hand_over(
                    decision, current.hand_over, (*decision.reasons, f"{decision.action}: {current.name}")
                )
                return
            event = pending or self._next_event(decision, current, due)
            if event is None:
                return
            choice = workflow.choose(position, event, decision.facts)
            if choice.transition is None:
                told = "; ".join(str(diagnostic) for diagnostic in choice.diagnostics)
                because = f": {told}" if told else ""
                reason = f"the playbook does not say what to do on {event['on']} in the state {current.name!r}{because}"
                self._give_up(decision, reason + (f" ({event['error']})" if "error" in event else ""))
                return
            entered = position.entered.get(choice.transition.target, 0) + 1
            due = self._due(workflow.playbook.states[choice.transition.target])
            error = self._take(decision, workflow.playbook, event, choice.transition, entered, due)
            taken.append(choice.transition.id)
            pending = {"on": FAILED, "error": error} if error else None
        self._give_up(
            decision, f"the playbook {decision.action!r} took {LONGEST_WAY} steps without waiting or ending"
        )

    def _workflow(self, action: str) -> Workflow | None:
        if action not in self._workflows and action in self._playbooks:
            self._workflows[action] = Workflow(self._playbooks[action])
        return self._workflows.get(action)

    def _next_event(self, decision: Decision, state: State, due: str | None) -> dict[str, Any] | None:
        """What has happened since: a reply, a date that passed, or nothing yet."""
        if state.check:
            try:
                reply = self._performer.look(decision, state.check)
            except ActionFailed as failure:
                return {"on": FAILED, "error": str(failure)}
            if reply is not None:
                return {**(reply if isinstance(reply, Mapping) else {"value": reply}), "on": REPLY}
        if due is not None and self._referee.clock() >= datetime.fromisoformat(due):
            return {"on": OVERDUE}
        return None

    def _take(
        self,
        decision: Decision,
        playbook: Playbook,
        event: Mapping[str, Any],
        transition: Transition,
        attempt: int,
        due: str | None,
    ) -> str:
        """Record the transition, then perform its step and record what came of it. Gives the error, if any."""
        with self._held(decision, self._records):
            self._record(
                decision,
                playbook,
                str(event["on"]),
                data={name: value for name, value in event.items() if name != "on"},
                transition=transition.id,
                state=transition.target,
                step=transition.do,
                attempt=attempt,
                due=due,
                status="acting" if transition.do else "done",
            )
        if not transition.do:
            return ""
        try:
            result = self._performer.perform(decision, transition.do)
        except ActionFailed as failure:
            told = str(failure)
            self._record(
                decision,
                playbook,
                "step",
                state=transition.target,
                step=transition.do,
                status="failed",
                error=told,
            )
            return told
        self._record(
            decision,
            playbook,
            "step",
            state=transition.target,
            step=transition.do,
            status="done",
            result=result,
        )
        return ""

    def _due(self, state: State) -> str | None:
        if state.due is None:
            return None
        return (self._referee.clock() + timedelta(seconds=state.due.total_seconds)).isoformat()

    def _hand_over(self, decision: Decision, queue: str, reasons: Sequence[str]) -> None:
        with self._held(decision, self._records):
            self._hand_over_now(decision, queue, reasons)

    def _give_up(self, decision: Decision, reason: str) -> None:
        self._hand_over(decision, self._referee.workbook.settings.doubt_queue, (*decision.reasons, reason))

    def _record(
        self,
        decision: Decision,
        playbook: Playbook,
        event: str,
        *,
        state: str,
        data: Mapping[str, Any] | None = None,
        transition: str = "",
        step: str = "",
        attempt: int = 0,
        due: str | None = None,
        status: str = "done",
        result: Any = None,
        error: str = "",
    ) -> None:
        self._records += 1
        repeated = self._referee.repeated(decision)
        self._log.append(
            "exception",
            {
                "case": decision.case_id,
                "decision": self._referee.name,
                "playbook": playbook.name,
                "playbook_version": playbook.version,
                "event": event,
                "data": repeated.without(dict(data or {})),
                "transition": transition,
                "state": state,
                "step": step,
                "attempt": attempt,
                "due": due,
                "status": status,
                "result": repeated.without(result),
                "error": error,
                "of": position_of(decision),
            },
        )


def _doubt_about(events: Sequence[Mapping[str, Any]], playbook: Playbook) -> str:
    if not events:
        return ""
    last = events[-1]
    if last["playbook_version"] != playbook.version:
        return (
            f"the case began with version {last['playbook_version']} of the playbook {playbook.name!r}, "
            f"and now there is version {playbook.version}"
        )
    if last["status"] == "acting":
        return f"in doubt: the bot was stopped while performing {last['step']!r}; look whether it was done"
    if last["status"] == "failed":
        return failure_reason(last["step"], last["error"])
    return ""

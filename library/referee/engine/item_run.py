"""One worker on a work queue: claim an item, decide it, act, and let its state follow the decision."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from referee.domain import (
    AuditError,
    Decision,
    Diagnostic,
    InputError,
    LeaseLostError,
    Route,
    RunStoppedError,
)
from referee.engine.performing import (
    STOP_AFTER,
    ActionTable,
    FailedAction,
    Performer,
    is_refusal,
    nothing_worked,
)
from referee.engine.recovery import BotHelp, Recovery
from referee.engine.referee import Referee
from referee.engine.required_actions import require_actions
from referee.engine.run_limits import RunLimits
from referee.engine.settling import Settling
from referee.engine.step_times import StepTime
from referee.exceptions import Playbook
from referee.workbook import UnreadableCell
from referee.workitems import (
    WORKER_LOST,
    CaseState,
    Failure,
    FailureKind,
    Heartbeat,
    ItemState,
    Status,
    WorkerLock,
    WorkItem,
    WorkQueue,
    facts_of,
)

IN_DOUBT = "in-doubt"
NO_FACTS = "no-facts"
WAIT = timedelta(minutes=2)
LOOK_AGAIN = timedelta(minutes=15)
NO_LIMITS = RunLimits()
_SLICE_SECONDS = 0.5
"""How soon a waiting run notices that it was asked to stop."""


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """What one worker did. ``items`` counts the items it took, each once however often it was taken; ``attempts`` how
    often it took one; ``lost`` the items that another worker was given meanwhile.

    ``routes`` and ``states`` count items by their last decision and by what they were last released as in this run
    (``PENDING`` ones wait for another attempt or for their playbook). ``steps`` tells how long each step took.
    ``ended`` says why there is no next item; ``stopped`` why the run ended in trouble, and is empty otherwise.
    """

    decision: str
    queue: str
    items: int
    routes: Mapping[str, int]
    states: Mapping[str, int]
    lost: int
    attempted: int
    failed: Sequence[FailedAction]
    steps: Mapping[str, StepTime]
    seconds: float
    attempts: int
    ended: str = ""
    stopped: str = ""
    remarks: Sequence[str] = ()

    @property
    def nothing_worked(self) -> bool:
        """Whether actions were attempted and every one of them failed, but for those that were refused."""
        return nothing_worked(self.attempted, self.failed)


@dataclass(slots=True)
class _Tally:
    """Counts items by how they left this worker last: one that comes again is taken out of the counts first."""

    items: int = 0
    attempts: int = 0
    lost: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    _route: str = ""
    _waiting: dict[int, str] = field(default_factory=dict)
    """The routes of the items that were put back and may come again, by item; a finished one need not be kept."""

    def take(self, item: WorkItem) -> None:
        self.attempts += 1
        self._route = ""
        earlier = self._waiting.pop(item.id, None)
        if earlier is None:
            self.items += 1
        else:
            self.routes[earlier] -= 1
            self.states[ItemState.PENDING] -= 1

    def decided(self, route: Route) -> None:
        self._route = str(route)
        self.routes[self._route] += 1

    def released(self, item: WorkItem, state: ItemState, kind: str = "") -> None:
        self.states[f"{state} {kind}" if kind and state.is_final else str(state)] += 1
        if not state.is_final:
            self._waiting[item.id] = self._route


class ItemRun:
    """Processes the items of a queue with a `Referee` that has an audit log. Any number of these may work on one queue
    and one decision at the same time; an item is one worker's while its lease lasts.

    An item's key is the id of its case, its payload the facts. Its state follows from what became of the case:
    done automatically, or decided for people, is DONE; an exception waits until its playbook has ended and is FAILED
    for BUSINESS reasons then, with the rule as code; an action that the target system refused makes it FAILED for
    BUSINESS reasons, any other failed action for APPLICATION ones. An item without facts by name is doubt: its case
    goes to people, and it is FAILED for BUSINESS reasons until they have answered.

    ``wait`` is how long it waits for an item whose time has not come, such as one that is to be tried again.
    ``look_again`` is how long a case in its playbook is left alone, unless it is due before.

    A failed action is tried again only if the bot has a keyword that looks whether it was done: otherwise nobody
    knows, and the case goes to people. So does a case on which a worker was acting when it was lost. For ``actions``,
    ``playbooks``, ``faults`` and ``stop_after`` see `Run`.
    """

    def __init__(
        self,
        referee: Referee,
        queue: WorkQueue,
        name: str,
        actions: ActionTable,
        playbooks: Mapping[str, Playbook],
        *,
        limits: RunLimits = NO_LIMITS,
        wait: timedelta = WAIT,
        look_again: timedelta = LOOK_AGAIN,
        bot_help: BotHelp | None = None,
        bot: str = "",
        faults: Sequence[Diagnostic] = (),
        stop_after: int = STOP_AFTER,
        noted: Callable[[Decision], None] = lambda decision: None,
        progress: Callable[[ItemSummary, int], None] = lambda summary, ready: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if referee.log is None or referee.ledger is None:
            raise AuditError("a run needs an audit log; give its folder")
        bot_help = bot_help or BotHelp()
        require_actions(referee, actions, bot_help.looks, playbooks, faults)
        self._referee = referee
        self._log = referee.log
        self._ledger = referee.ledger
        self._queue = queue
        self._name = name
        self._limits = limits
        self._wait_at_most = wait
        self._look_again = look_again
        self._bot = bot
        self._noted = noted
        self._progress = progress
        self._sleep = sleep
        self._performer = Performer(actions, stop_after, bot_help.looks)
        self._recovery = Recovery(self._performer, bot_help)
        self._settling = Settling(referee, self._performer, playbooks, self._require_own)
        self._item: WorkItem | None = None
        self._tally = _Tally()
        self._started = 0.0

    def process(self) -> ItemSummary:
        """Work on items until none is ready, a limit is reached, somebody asks to stop, or the application is gone.

        Raises `AuditError` and `QueueError` when log or queue can't be written, and `RunStoppedError` when an action
        was told to stop; the item in hand is put back then, and the next worker finds out from the log how far it came.
        """
        self._started = time.perf_counter()
        decision = self._referee.name
        with WorkerLock(self._log.folder, decision, clock=self._referee.clock):
            self._ledger.refresh()
            self._record_run("started", {"queue": self._name})
            try:
                ended = self._work()
            except RunStoppedError:
                self._record_run("stopped", _counts(self._summary("")))
                self._log.finish()
                raise
            summary = self._summary(ended)
            self._record_run("stopped" if summary.stopped else "finished", _counts(summary))
            return self._summary(ended, self._log.finish())

    def file(self, name: str = "") -> tuple[str, Path]:
        """The name of a file of the item in hand, its only one if none is named, and where it is kept: read it there,
        under a name that says nothing, or copy it. Raises `InputError` when there is none.
        """
        if self._item is None:
            raise InputError("there is no work item in hand; ask for its files while it is being processed")
        if not name and len(self._item.files) != 1:
            held = ", ".join(self._item.files) or "none"
            raise InputError(f"the work item `{self._item.key}` has these files: {held}; name one of them")
        name = name or self._item.files[0]
        return name, self._queue.file(self._item.id, name)

    def _work(self) -> str:
        while True:
            self._recovery.restart_if_due()
            if self._trouble:
                return ""
            if reason := self._limits.reached(self._tally.items, self._referee.clock()):
                return reason
            item = self._queue.claim(self._name, last_look=True)
            if item is not None:
                self._work_on(item)
                self._progress(self._summary(""), self._ready())
            elif not self._wait():
                return "no item is ready"

    def _work_on(self, item: WorkItem) -> None:
        self._item = item
        self._tally.take(item)
        with Heartbeat(self._queue, item):
            try:
                self._bring_forward(item)
            except LeaseLostError:
                self._tally.lost += 1
            except BaseException:
                # Whatever ends the run: the item is free for the next worker, whom the log tells how far it came.
                self._put_back_if_own(item)
                raise
            finally:
                self._item = None

    def _bring_forward(self, item: WorkItem) -> None:
        unfit = ""
        try:
            facts = facts_of(item)
        except InputError as fault:
            unfit = str(fault)
            facts = {self._referee.workbook.settings.case_id: UnreadableCell(f"can't be known: {unfit}")}
        with self._performer.steps.timed("decide"):
            decision = self._referee.decide(item.key, facts)
        self._tally.decided(decision.route)
        self._ledger.refresh()
        is_open = self._settling.state(item.key).is_open
        if is_open and item.failures >= self._queue.most_failures:
            self._give_up(item, decision)
            return
        if is_open:
            self._noted(decision)
            last = item.failures + 1 >= self._queue.most_failures
            self._settling.settle(decision, again=not last)
            for name, content in self._recovery.evidence(decision).items():
                self._queue.attach(item, f"attempt-{item.attempts}-{name}", content)
            self._ledger.refresh()
        state = self._settling.state(item.key)
        if unfit and state.status is not Status.ANSWERED:
            self._release(item, Failure(FailureKind.BUSINESS, NO_FACTS, unfit))
        else:
            self._release_as_settled(item, decision, state)

    def _give_up(self, item: WorkItem, decision: Decision) -> None:
        """The last bot that worked on it was lost, as others may have been: one more could cost the next, too."""
        told = f"{item.failures} bots were lost while they worked on it"
        if item.failure is not None:
            told = f"{item.failures} attempts failed or lost their bot; the last that told why: {item.failure.message}"
        self._settling.give_up(decision, told)
        self._release(item, Failure(FailureKind.APPLICATION, WORKER_LOST, told), final=True)

    def _release_as_settled(self, item: WorkItem, decision: Decision, state: CaseState) -> None:
        action = state.action or {}
        if state.status is Status.EXCEPTION_OPEN:
            self._release_until_due(item, state)
        elif state.status is Status.FAILED:
            self._release(item, Failure(FailureKind.APPLICATION, decision.action, str(action.get("error"))))
        elif decision.route is Route.EXCEPTION:
            self._release(
                item, Failure(FailureKind.BUSINESS, self._rule(decision), "; ".join(decision.reasons))
            )
        elif state.status in (Status.DONE, Status.ANSWERED) or decision.route is Route.HUMAN or not action:
            self._release(item, None)
        elif action["status"] == Status.IN_DOUBT:
            told = "; ".join((state.handoff or {}).get("reasons", ()))
            self._release(item, Failure(FailureKind.APPLICATION, IN_DOUBT, told), final=True)
        else:
            error = str(action.get("error"))
            kind = FailureKind.BUSINESS if is_refusal(error) else FailureKind.APPLICATION
            self._release(item, Failure(kind, decision.action, error), final=True)

    def _release_until_due(self, item: WorkItem, state: CaseState) -> None:
        now = self._referee.clock()
        told = next((event["due"] for event in reversed(state.events) if event["transition"]), None)
        due = None if told is None else datetime.fromisoformat(told)
        next_look = now + self._look_again
        self._queue.put_back(item, not_before=next_look if due is None else min(due, next_look), due=due)
        self._tally.released(item, ItemState.PENDING)

    def _release(self, item: WorkItem, failure: Failure | None, *, final: bool = False) -> None:
        if failure is None:
            self._queue.done(item)
            self._tally.released(item, ItemState.DONE)
            return
        released = self._queue.fail(item, failure, final=final)
        self._tally.released(item, released.state, failure.kind)

    def _put_back_if_own(self, item: WorkItem) -> None:
        try:
            self._queue.put_back(item)
        except LeaseLostError:
            self._tally.lost += 1

    def _require_own(self, decision: Decision) -> None:
        assert self._item is not None, "cases are settled while their item is in hand"
        self._queue.heartbeat(self._item)

    def _wait(self) -> bool:
        """Until the next item's time comes; False when there is none that is worth waiting for."""
        (counts,) = self._queue.counts(self._name) or (None,)
        now = self._referee.clock()
        if counts is None or counts.next_at is None or counts.next_at - now > self._wait_at_most:
            return False
        until = counts.next_at if self._limits.until is None else min(counts.next_at, self._limits.until)
        with self._performer.steps.timed("wait"):
            while (left := (until - self._referee.clock()).total_seconds()) > 0:
                if self._limits.asked_to_stop():
                    break
                self._sleep(min(left, _SLICE_SECONDS))
        return True

    def _ready(self) -> int:
        return sum(counts.ready for counts in self._queue.counts(self._name))

    def _rule(self, decision: Decision) -> str:
        """The rule of the routing table that fired, as a code: ``routing-7``."""
        table = self._referee.workbook.settings.route_table
        fired = (rule for node in decision.trace for rule in node.rules if rule.table == table)
        return next((f"{table}-{rule.number}" for rule in fired), table)

    @property
    def _trouble(self) -> str:
        return self._recovery.stopped or self._performer.stopped

    def _summary(self, ended: str, remarks: Sequence[str] = ()) -> ItemSummary:
        return ItemSummary(
            decision=self._referee.name,
            queue=self._name,
            items=self._tally.items,
            routes=dict(+self._tally.routes),
            states=dict(+self._tally.states),
            lost=self._tally.lost,
            attempted=self._performer.attempted,
            failed=tuple(self._performer.failed),
            steps=self._performer.steps.all,
            seconds=time.perf_counter() - self._started,
            attempts=self._tally.attempts,
            ended=ended,
            stopped=self._trouble,
            remarks=remarks,
        )

    def _record_run(self, status: str, summary: Mapping[str, Any]) -> None:
        self._log.append(
            "run",
            {"decision": self._referee.name, "status": status, "bot": self._bot, "summary": dict(summary)},
        )


def _counts(summary: ItemSummary) -> dict[str, Any]:
    return {
        "queue": summary.queue,
        "items": summary.items,
        "attempts": summary.attempts,
        "routes": summary.routes,
        "states": summary.states,
        "lost": summary.lost,
        "failed": len(summary.failed),
        "ended": summary.ended,
        "stopped": summary.stopped,
    }

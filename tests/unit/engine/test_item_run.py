"""A worker on a queue: the state of an item follows the decision, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.audit import AuditLog
from referee.domain import Decision, InputError, RulesError, RunStoppedError
from referee.engine import BotHelp, ItemRun, ItemSummary, RunLimits, replay
from referee.exceptions import read_playbooks
from referee.handoff import Worklist
from referee.workitems import FailureKind, ItemState, NewItem, RunLock, WorkItem, WorkQueue
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD


class Counter:
    """A queue in the office, whose clocks are the office's."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.ticks = 0.0
        self.queue = WorkQueue(
            office.folder / "queue.sqlite", clock=lambda: office.now, ticks=lambda: self.ticks
        )

    def add(self, number: int = 1, **facts: Any) -> None:
        key = f"P-{number}"
        self.queue.add("in", NewItem(key, {**GOOD, "payment": key, **facts}))

    def item(self, number: int = 1) -> WorkItem:
        item = self.queue.find("in", f"P-{number}")
        assert item is not None
        return item

    def told(self, number: int = 1) -> tuple[str, str]:
        """State and code."""
        item = self.item(number)
        return str(item.state), item.failure.code if item.failure else ""

    def sleeps(self, seconds: float) -> None:
        self.office.now += timedelta(seconds=seconds)
        self.ticks += seconds

    def run(
        self,
        limits: RunLimits | None = None,
        wait: timedelta = timedelta(),
        bot_help: BotHelp | None = None,
        stop_after: int = 3,
        noted: Callable[[Decision], None] = lambda decision: None,
        **actions: Callable[[Decision], Any],
    ) -> ItemRun:
        table: dict[str, Callable[[Decision], Any]] = {
            "pay": self.office._pay,
            "send query": lambda decision: self.office.queries.append(decision.case_id),
            "read reply": lambda decision: self.office.replies.get(decision.case_id),
        }
        table |= {name.replace("_", " "): action for name, action in actions.items()}
        return ItemRun(
            self.office.referee(),
            self.queue,
            "in",
            table,
            read_playbooks(self.office.playbooks),
            limits=limits or RunLimits(),
            wait=wait,
            bot_help=bot_help,
            stop_after=stop_after,
            noted=noted,
            sleep=self.sleeps,
        )

    def process(self, **more: Any) -> ItemSummary:
        return self.run(**more).process()


@pytest.fixture
def counter(office: Office) -> Counter:
    return Counter(office)


def timeout(decision: Decision) -> None:
    raise ConnectionError("the portal did not answer")


def test_states_follow_decisions(office: Office, counter: Counter) -> None:
    counter.add(1)
    counter.add(2, amount=9000)
    counter.add(3, country="CH")
    counter.add(4, amount=None)
    summary = counter.process()
    assert (office.paid, office.queries) == (["P-1"], ["P-3"])
    assert counter.told(1) == counter.told(2) == counter.told(4) == ("DONE", "")
    waits = counter.item(3)
    assert waits.state is ItemState.PENDING and waits.failures == 0
    assert waits.due == office.now + timedelta(days=2)
    assert waits.not_before == office.now + timedelta(minutes=15)
    assert summary.states == {"DONE": 3, "PENDING": 1}
    assert summary.routes == {"auto": 1, "human": 2, "exception": 1}
    assert (summary.items, summary.ended, summary.stopped) == (4, "no item is ready", "")
    assert office.story("P-2") == ["decision human", "handoff managers"]
    assert {"decide", "pay", "send query"} <= summary.steps.keys()


def test_an_exception_is_failed_with_its_rule_when_its_playbook_has_ended(
    office: Office, counter: Counter
) -> None:
    counter.add(1, country="CH")
    counter.add(2, country="CH")
    counter.process()
    office.replies = {"P-1": {"agrees": True}, "P-2": {"agrees": False}}
    office.pass_days(1)
    counter.process()
    for number in (1, 2):
        item = counter.item(number)
        assert item.state is ItemState.FAILED and item.failure is not None
        assert (item.failure.kind, item.failure.code) == (FailureKind.BUSINESS, "routing-3")
    assert office.queries == ["P-1", "P-2"]


def test_items_taken_again_do_nothing_twice(office: Office, counter: Counter) -> None:
    counter.add(1)
    counter.process()
    counter.queue.add("in", NewItem("P-1", {**GOOD}), reopen=True)
    counter.process()
    assert office.paid == ["P-1"]
    assert counter.told() == ("DONE", "")


def test_a_failed_action_goes_to_people_when_nobody_can_tell_whether_it_was_done(
    office: Office, counter: Counter
) -> None:
    counter.add(1)
    counter.process(pay=timeout)
    item = counter.item()
    assert item.state is ItemState.FAILED and item.failure is not None
    assert (item.failure.kind, item.failure.code) == (FailureKind.APPLICATION, "pay")
    assert item.failure.message == "the portal did not answer"
    assert office.story("P-1")[-2:] == ["action failed", "handoff clerks"]


def test_what_the_target_system_refused_is_a_business_failure(office: Office, counter: Counter) -> None:
    def refuse(decision: Decision) -> None:
        raise ValueError("refused: the account is closed")

    counter.add(1)
    counter.process(pay=refuse, bot_help=BotHelp(looks={"pay": lambda decision: None}))
    item = counter.item()
    assert item.failure is not None and item.failure.kind is FailureKind.BUSINESS
    assert office.story("P-1")[-2:] == ["action failed", "handoff clerks"]


def test_a_failed_action_is_repeated_where_the_bot_can_look_for_it(office: Office, counter: Counter) -> None:
    restarted: list[str] = []
    attempts: list[str] = []

    def third_time_lucky(decision: Decision) -> str:
        attempts.append(decision.case_id)
        if len(attempts) < 3:
            raise ConnectionError("gone")
        return "receipt"

    counter.add(1)
    summary = counter.process(
        wait=timedelta(minutes=5),
        bot_help=BotHelp(
            looks={"pay": lambda decision: None}, restart=lambda: restarted.append(attempts[-1])
        ),
        stop_after=0,
        pay=third_time_lucky,
    )
    assert counter.told() == ("DONE", "")
    assert (len(attempts), restarted, counter.item().attempts) == (3, ["P-1", "P-1"], 3)
    assert [record for record in office.story("P-1") if record.startswith("action")] == [
        "action acting",
        "action failed",
        "action acting",
        "action failed",
        "action acting",
        "action done",
    ]
    assert {"restart", "wait", "look for pay"} <= summary.steps.keys()


def test_an_action_that_failed_but_was_done_is_not_done_again(office: Office, counter: Counter) -> None:
    counter.add(1)
    looks = BotHelp(looks={"pay": lambda decision: "receipt 7"})
    counter.process(wait=timedelta(minutes=5), bot_help=looks, pay=timeout)
    assert counter.told() == ("DONE", "")
    assert [record for record in office.story("P-1") if record.startswith("action")] == [
        "action acting",
        "action failed",
        "action done",
    ]


def test_after_its_last_attempt_a_case_goes_to_people(office: Office, counter: Counter) -> None:
    counter.add(1)
    counter.process(
        wait=timedelta(minutes=5),
        bot_help=BotHelp(looks={"pay": lambda decision: None}),
        stop_after=0,
        pay=timeout,
    )
    item = counter.item()
    assert (item.state, item.attempts) == (ItemState.FAILED, 3)
    assert office.story("P-1").count("action acting") == 3
    assert office.story("P-1").count("handoff clerks") == 1
    counter.queue.retry([item])
    counter.process()
    assert office.paid == [], "people have it"


def test_when_the_look_fails_the_action_is_not_repeated(office: Office, counter: Counter) -> None:
    counter.add(1)
    counter.process(
        wait=timedelta(minutes=5),
        bot_help=BotHelp(looks={"pay": timeout}),
        stop_after=0,
        pay=timeout,
    )
    assert office.story("P-1").count("action acting") == 1
    assert counter.item().state is ItemState.FAILED
    assert office.story("P-1")[-1] == "handoff clerks"


def test_when_the_system_is_gone_the_run_stops_and_items_stay_pending(
    office: Office, counter: Counter
) -> None:
    for number in range(1, 8):
        counter.add(number)
    summary = counter.process(pay=timeout)
    assert summary.stopped.startswith("'pay' failed for 3 cases in a row")
    assert [counter.told(number)[0] for number in range(1, 8)] == ["FAILED"] * 3 + ["PENDING"] * 4


def test_a_system_that_can_be_searched_but_takes_nothing_stops_the_run_too(
    office: Office, counter: Counter
) -> None:
    """The items come one by one, so that looks and repeated attempts lie between their first ones."""
    came = iter((2, 3))

    def finds_nothing(decision: Decision) -> None:
        if (number := next(came, 0)) > 0:
            counter.add(number)

    counter.add(1)
    summary = counter.process(
        wait=timedelta(minutes=5), bot_help=BotHelp(looks={"pay": finds_nothing}), pay=timeout
    )
    assert summary.stopped == "'pay' failed for 3 cases in a row, at last for P-3: the portal did not answer"
    assert (summary.items, counter.told(3)[0]) == (3, "PENDING")


def test_the_attempts_of_one_item_alone_do_not_stop_the_run(office: Office, counter: Counter) -> None:
    counter.add(1)
    summary = counter.process(
        wait=timedelta(minutes=5), bot_help=BotHelp(looks={"pay": lambda decision: None}), pay=timeout
    )
    assert (summary.stopped, summary.ended) == ("", "no item is ready")
    assert counter.told(1) == ("FAILED", "pay")
    assert summary.nothing_worked


def test_items_are_counted_once_and_by_their_last_state(office: Office, counter: Counter) -> None:
    def fails_for_the_first(decision: Decision) -> None:
        if decision.case_id == "P-1":
            timeout(decision)

    counter.add(1)
    counter.add(2)
    summary = counter.process(
        wait=timedelta(minutes=5),
        bot_help=BotHelp(looks={"pay": lambda decision: None}),
        pay=fails_for_the_first,
    )
    assert (summary.items, summary.attempts) == (2, 4)
    assert summary.states == {"DONE": 1, "FAILED APPLICATION": 1}
    assert summary.routes == {"auto": 2}


def test_an_item_that_waits_for_its_next_attempt_is_counted_once(office: Office, counter: Counter) -> None:
    counter.add(1)
    summary = counter.process(bot_help=BotHelp(looks={"pay": lambda decision: None}), pay=timeout)
    assert (summary.items, summary.attempts, summary.states) == (1, 1, {"PENDING": 1})


def test_an_application_that_can_not_be_restarted_ends_the_run(office: Office, counter: Counter) -> None:
    def no_start() -> None:
        raise OSError("no display")

    counter.add(1)
    counter.add(2)
    summary = counter.process(pay=timeout, bot_help=BotHelp(restart=no_start))
    assert summary.stopped == "the application could not be restarted: no display"
    assert counter.told(2) == ("PENDING", "")


def test_a_case_on_which_a_lost_worker_was_acting_goes_to_people(
    office: Office, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(decision: Decision) -> None:
        raise Killed

    counter.add(1)
    with pytest.raises(Killed), monkeypatch.context() as patched:
        patched.setattr(WorkQueue, "put_back", lambda *given: None)  # a killed worker puts nothing back
        counter.process(pay=killed)
    assert counter.item().state is ItemState.RESERVED
    counter.sleeps(60)
    counter.process()
    assert office.paid == []
    assert counter.told() == ("FAILED", "in-doubt")
    assert office.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]


def test_a_worker_that_lost_its_item_does_not_act(office: Office, counter: Counter) -> None:
    """It was stopped between claiming the item and acting; meanwhile another was given the item and did the work."""
    counter.add(1)
    other = Counter(office)

    def stalls(decision: Decision) -> None:
        other.ticks = counter.ticks = 60.0
        other.process()

    summary = counter.process(noted=stalls)
    assert office.paid == ["P-1"]
    assert summary.lost == 1 and summary.attempted == 0
    assert counter.told() == ("DONE", "")


def test_an_action_that_is_told_to_stop_puts_its_item_back_for_people(
    office: Office, counter: Counter
) -> None:
    def stop(decision: Decision) -> None:
        raise RunStoppedError("signal")

    counter.add(1)
    with pytest.raises(RunStoppedError):
        counter.process(pay=stop)
    assert counter.told() == ("PENDING", "")
    counter.process()
    assert counter.told() == ("FAILED", "in-doubt")
    assert office.paid == []


def test_limits_end_the_run_between_items(office: Office, counter: Counter) -> None:
    for number in range(1, 10):
        counter.add(number)
    summary = counter.process(limits=RunLimits(at_most=2))
    assert (summary.items, summary.ended) == (2, "it has worked on 2, as many as it may")

    def slow(decision: Decision) -> None:
        office.now += timedelta(minutes=40)

    end = office.now + timedelta(hours=1)
    summary = counter.process(limits=RunLimits(until=end), pay=slow)
    assert summary.items == 2 and summary.ended == (f"its time was over at {end.astimezone():%Y-%m-%d %H:%M}")
    asked: list[str] = []
    summary = counter.process(
        limits=RunLimits(asked_to_stop=lambda: "".join(asked)),
        pay=lambda decision: asked.append("somebody asked it to stop"),
    )
    assert (summary.items, summary.ended) == (1, "somebody asked it to stop")


def test_evidence_of_a_failure_is_kept_with_the_item(
    office: Office, counter: Counter, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"PNG")
    counter.add(1)
    counter.process(pay=timeout, bot_help=BotHelp(evidence=lambda decision: [picture]))
    assert counter.item().files == ("attempt-1-picture.png",)


def test_evidence_that_can_not_be_had_is_said(office: Office, counter: Counter) -> None:
    def broken(decision: Decision) -> list[Path]:
        raise OSError("no screen")

    counter.add(1)
    counter.process(pay=timeout, bot_help=BotHelp(evidence=broken))
    item = counter.item()
    assert item.files == ("attempt-1-no-evidence.txt",)
    assert counter.queue.file(item.id, item.files[0]).read_text() == "no evidence: no screen"
    assert item.failure is not None and item.failure.code == "pay"


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        ([{"payment": "P-1", "secret": "s3cret"}], "a list of 1 value"),
        ("s3cret", "a text"),
        (None, "no data"),
        (7, "a number"),
        (True, "a truth value"),
    ],
)
def test_an_item_without_facts_is_a_business_failure_and_its_case_is_with_people(
    office: Office, counter: Counter, payload: Any, what: str
) -> None:
    counter.queue.add("in", NewItem("P-1", payload))
    summary = counter.process()
    assert (summary.states, summary.routes) == ({"FAILED BUSINESS": 1}, {"human": 1})
    assert counter.told() == ("FAILED", "no-facts")
    assert office.paid == []
    assert office.story("P-1") == ["decision human", "handoff clerks"]
    (task,) = Worklist(AuditLog(office.folder / "audit")).items()
    assert f"the work item `P-1` holds {what} in the place of facts by name" in task.reasons[0]
    failure = counter.item().failure
    assert failure is not None and failure.message.startswith(f"the work item `P-1` holds {what} ")
    assert "s3cret" not in f"{task.reasons} {failure.message}"


def test_an_item_without_facts_is_done_once_people_have_answered(office: Office, counter: Counter) -> None:
    counter.queue.add("in", NewItem("P-1", ["no", "facts"]))
    counter.process()
    path = office.folder / "worklist.xlsx"
    worklist = Worklist(AuditLog(office.folder / "audit"))
    worklist.export(path)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    (head,) = (row for row in sheet.iter_rows() if any(cell.value == "answer" for cell in row))
    for cell in head:
        if given := {"answer": "reject", "answered by": "Ann"}.get(str(cell.value)):
            sheet.cell(cell.row + 1, cell.column, given)
    book.save(path)
    assert worklist.import_answers(path, office.folder / "examples").recorded == 1
    counter.queue.retry([counter.item()])
    counter.process()
    assert counter.told() == ("DONE", "")
    assert office.paid == [] and worklist.items() == []


def test_a_decision_without_facts_comes_out_the_same_again(office: Office, counter: Counter) -> None:
    counter.queue.add("in", NewItem("P-1", ["no", "facts"]))
    counter.process()
    found = replay(AuditLog(office.folder / "audit").folder, workbook=office.referee().workbook.path)
    assert (found.equal, found.different) == (1, 0)


def test_a_run_whose_only_case_was_refused_has_not_failed(counter: Counter) -> None:
    counter.add(1)
    counter.add(2)

    def refuse(decision: Decision) -> None:
        raise RuntimeError("refused: the account is closed")

    assert counter.process(limits=RunLimits(at_most=1), pay=refuse).nothing_worked is False
    assert counter.process(pay=timeout).nothing_worked is True


def test_a_look_for_an_unknown_action_is_refused(counter: Counter) -> None:
    with pytest.raises(RulesError, match="names a keyword that looks for 'pya'"):
        counter.run(bot_help=BotHelp(looks={"pya": lambda decision: None}))


def test_a_run_of_its_own_is_not_disturbed(
    office: Office, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.workitems.run_lock.PATIENCE_SECONDS", 0.1)
    counter.add(1)
    with (
        RunLock(office.folder / "audit", "payments"),
        pytest.raises(InputError, match="shares its cases with nobody"),
    ):
        counter.process()
    assert office.paid == []


def test_an_item_that_costs_every_bot_goes_to_people(office: Office, counter: Counter) -> None:
    counter.add(1)
    for _ in range(3):
        assert counter.queue.claim("in", "lost bot", last_look=True) is not None
        counter.sleeps(60)
    counter.process()
    assert office.paid == []
    assert counter.told() == ("FAILED", "worker-lost")
    assert office.story("P-1") == ["decision auto", "handoff clerks"]


def test_people_are_told_of_the_failure_before_the_last_bot_was_lost(
    office: Office, counter: Counter
) -> None:
    def slow(decision: Decision) -> None:
        raise ConnectionError("whether it was paid is not known")

    counter.add(1)
    counter.process(pay=slow, bot_help=BotHelp(looks={"pay": lambda decision: None}), wait=timedelta())
    for _ in range(2):
        counter.sleeps(60)
        assert counter.queue.claim("in", "lost bot", last_look=True) is not None
    counter.sleeps(60)
    counter.process()
    assert counter.told() == ("FAILED", "worker-lost")
    (task,) = Worklist(AuditLog(office.folder / "audit")).items()
    assert task.reasons[-1] == (
        "3 attempts failed or lost their bot; the last that told why: whether it was paid is not known"
    )


def test_an_item_that_costs_even_the_bot_that_gives_it_up_has_failed(counter: Counter) -> None:
    counter.add(1)
    for _ in range(4):
        assert counter.queue.claim("in", "lost bot", last_look=True) is not None
        counter.sleeps(60)
    assert counter.process().items == 0
    assert counter.told() == ("FAILED", "worker-lost")


def test_a_case_in_the_act_when_its_last_bot_was_lost_is_in_doubt(
    office: Office, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.add(1)
    for _ in range(2):
        counter.queue.claim("in", "lost bot", last_look=True)
        counter.sleeps(60)

    class Killed(BaseException):
        pass

    def killed(decision: Decision) -> None:
        raise Killed

    with pytest.raises(Killed), monkeypatch.context() as patched:
        patched.setattr(WorkQueue, "put_back", lambda *given: None)
        counter.process(pay=killed)
    counter.sleeps(60)
    counter.process()
    assert counter.told() == ("FAILED", "worker-lost")
    assert office.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]

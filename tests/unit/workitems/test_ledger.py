"""The ledger tells from the log alone how far each case has come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog
from referee.domain import AuditError
from referee.workitems import CLOSED, CaseState, Ledger, Status

NAME = "invoice approval"


class Story:
    """A log with one case, told record by record."""

    def __init__(self, folder: Path) -> None:
        self.log = AuditLog(folder)
        self.ledger = Ledger(self.log)

    def tell(self, kind: str, case: str = "INV-1", **more: Any) -> int:
        return self.log.append(kind, {"case": case, "decision": NAME, **more}).position

    def state(self, case: str = "INV-1") -> CaseState:
        self.ledger.refresh()
        state = self.ledger.state(NAME, case)
        assert state is not None
        return state


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.mark.parametrize(
    ("records", "status", "is_open"),
    [
        ([], "decided", True),
        ([("action", {"status": "acting"})], "acting", True),
        ([("action", {"status": "acting"}), ("action", {"status": "done"})], "done", False),
        ([("action", {"status": "acting"}), ("action", {"status": "failed"})], "failed", True),
        ([("action", {"status": "acting"}), ("action", {"status": "in doubt"})], "in doubt", True),
        ([("action", {"status": "in doubt"}), ("handoff", {"queue": "q"})], "handed over", False),
        ([("handoff", {"queue": "q"}), ("answer", {"answer": "approve"})], "answered", False),
        ([("exception", {"event": "start"})], "exception open", True),
        ([("exception", {"event": "start"}), ("exception", {"event": CLOSED})], "exception closed", False),
        ([("exception", {"event": "start"}), ("handoff", {"queue": "q"})], "handed over", False),
    ],
)
def test_status(story: Story, records: list[tuple[str, dict[str, str]]], status: str, is_open: bool) -> None:
    of = story.tell("decision", route="auto")
    for kind, payload in records:
        story.tell(kind, of=of, **payload)
    assert story.state().status == status
    assert story.state().is_open is is_open
    assert [state.case_id for state in story.ledger.open_cases(NAME)] == (["INV-1"] if is_open else [])


def test_an_unknown_case_has_no_state(story: Story) -> None:
    story.tell("decision")
    story.ledger.refresh()
    assert story.ledger.state(NAME, "INV-2") is None
    assert story.ledger.state("another decision", "INV-1") is None
    assert story.ledger.open_cases("another decision") == []


def test_the_state_holds_what_the_records_said(story: Story) -> None:
    story.log.append("run", {"decision": NAME, "status": "started"})
    receipt = story.log.append("decision", {"case": "INV-1", "decision": NAME, "route": "auto"})
    story.tell("action", status="acting", action="post", of=receipt.position)
    story.tell("action", status="done", action="post", result={"number": "77"}, of=receipt.position)
    state = story.state()
    assert state.receipt == receipt
    assert state.position == 1
    assert state.decision["route"] == "auto"
    assert state.result == {"number": "77"}
    assert state.was_taken_up
    assert state.handoff is state.answer is None


def test_events_of_a_playbook_are_kept_in_order(story: Story) -> None:
    of = story.tell("decision")
    for event in ("start", "overdue", "reply"):
        story.tell("exception", event=event, of=of)
    assert [event["event"] for event in story.state().events] == ["start", "overdue", "reply"]
    assert story.state().result is None


def test_a_new_decision_starts_anew_and_keeps_the_earlier_one(story: Story) -> None:
    first = story.tell("decision", route="auto")
    story.tell("action", status="acting", of=first)
    second = story.tell("decision", route="human", follows=first)
    state = story.state()
    assert (state.position, state.status) == (second, Status.DECIDED)
    assert [(earlier.position, earlier.status) for earlier in state.earlier] == [(first, Status.ACTING)]
    assert state.was_taken_up

    story.tell("action", status="done", of=first)  # a late record about the first decision
    state = story.state()
    assert state.status is Status.DECIDED
    assert state.earlier[0].status is Status.DONE


def test_a_record_that_names_no_decision_is_about_the_latest(story: Story) -> None:
    story.tell("decision")
    story.tell("handoff", queue="q")
    assert story.state().status is Status.HANDED_OVER


def test_a_record_about_nothing_known_changes_nothing(story: Story) -> None:
    story.tell("handoff", case="INV-9", of=None)
    story.tell("decision")
    story.tell("answer", of=77)
    assert story.state().status is Status.DECIDED


def test_refreshing_takes_in_what_other_processes_appended(story: Story) -> None:
    of = story.tell("decision")
    assert story.state().status is Status.DECIDED
    AuditLog(story.log.folder).append("handoff", {"case": "INV-1", "decision": NAME, "of": of})
    assert story.state().status is Status.HANDED_OVER


def test_open_cases_come_in_the_order_in_which_they_came_up(story: Story) -> None:
    for case in ("c", "a", "b"):
        story.tell("decision", case=case)
    story.tell("handoff", case="a")
    story.ledger.refresh()
    assert [state.case_id for state in story.ledger.open_cases(NAME)] == ["c", "b"]


@pytest.mark.parametrize("payload", [{"status": "acted"}, {}])
def test_a_status_of_another_version_is_refused(story: Story, payload: dict[str, str]) -> None:
    story.tell("decision")
    story.tell("action", **payload)
    with pytest.raises(
        AuditError, match="record 1 of the audit log gives an action a status that this version"
    ):
        story.ledger.refresh()
    with pytest.raises(AuditError, match="record 1 of the audit log gives an action a status"):
        story.ledger.refresh()  # and again, however often it is asked
    indexed = Ledger(story.log, indexed_from=0)
    for _ in range(2):
        with pytest.raises(AuditError, match="record 1 of the audit log gives an action a status"):
            indexed.refresh()

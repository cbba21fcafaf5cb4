"""A run acts once on each case, whatever happened before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from referee.domain import AuditError, Case, Decision, Diagnostic, InputError, RulesError, RunStoppedError
from referee.engine import BotHelp, Run, RunLimits
from referee.exceptions import read_playbooks
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD, write_limits


def case(number: int = 1, **facts: Any) -> Case:
    return Case(f"P-{number}", {**GOOD, "payment": f"P-{number}", **facts})


class Killed(BaseException):
    """Stands for a kill: nothing after it is done."""


def killed(decision: Decision) -> None:
    raise Killed


def test_each_route_is_settled(office: Office) -> None:
    summary = office.run().process(
        [case(1), case(2, amount=9000), case(3, country="CH"), case(4, amount=None)]
    )
    assert office.paid == ["P-1"]
    assert office.queries == ["P-3"]
    assert dict(summary.routes) == {"auto": 1, "human": 2, "exception": 1}
    assert dict(summary.outcomes) == {"done": 1, "handed over": 2, "exception open": 1}
    assert office.story("P-1") == ["decision auto", "action acting", "action done"]
    assert office.story("P-2") == ["decision human", "handoff managers"]
    assert office.story("P-3") == ["decision exception", "exception waiting", "exception waiting"]
    assert office.story("P-4") == ["decision human", "handoff clerks"]


def test_a_second_run_does_nothing_twice(office: Office) -> None:
    cases = [case(1), case(2, amount=9000), case(3, country="CH")]
    office.run().process(cases)
    summary = office.run().process(cases)
    assert office.paid == ["P-1"]
    assert office.queries == ["P-3"]
    assert summary.earlier == 2


def test_a_decision_is_durable_before_anyone_acts_on_it(office: Office) -> None:
    seen: list[list[str]] = []
    office.run(pay=lambda decision: seen.append(office.story(decision.case_id))).process([case()])
    assert seen == [["decision auto", "action acting"]]


def test_a_case_on_which_a_killed_run_was_acting_goes_to_people(office: Office) -> None:
    with pytest.raises(Killed):
        office.run(pay=killed).process([case(1), case(2)])
    summary = office.run().process([case(1), case(2)])
    assert office.paid == ["P-2"]
    assert dict(summary.outcomes) == {"handed over": 1, "done": 1}
    assert office.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]


def test_a_failing_action_goes_to_people_with_its_error_and_the_run_goes_on(office: Office) -> None:
    def refuse(decision: Decision) -> None:
        if decision.case_id == "P-1":
            raise ValueError("the portal refused the payment")

    summary = office.run(pay=refuse).process([case(1), case(2)])
    assert dict(summary.outcomes) == {"handed over": 1, "done": 1}
    log = office.referee().log
    assert log is not None
    reasons = [record.payload["reasons"] for record in log.records() if record.kind == "handoff"]
    assert reasons == [["pay failed: the portal refused the payment"]]


def test_a_case_that_changed_after_it_was_done_goes_to_people(office: Office) -> None:
    office.run().process([case(1)])
    office.run().process([case(1, amount=1300)])
    assert office.paid == ["P-1"]
    assert office.story("P-1")[-2:] == ["decision human", "handoff clerks"]
    office.run().process([case(1, amount=1400)])
    assert office.paid == ["P-1"]


def test_a_case_whose_volatile_facts_alone_changed_is_the_same_case(office: Office) -> None:
    office.run().process([case(1, country="CH", **{"days open": 3})])
    office.pass_days(2)
    office.run().process([case(1, country="CH", **{"days open": 5})])
    assert office.queries == ["P-1", "P-1"]
    assert office.story("P-1").count("decision exception") == 1


def test_a_case_that_changed_before_anything_was_done_is_decided_anew(office: Office) -> None:
    office.referee().decide("P-1", GOOD)
    office.run().process([case(1, amount=9000)])
    assert office.paid == []
    assert office.story("P-1") == ["decision auto", "decision human", "handoff managers"]


def test_an_action_that_is_told_to_stop_ends_the_run_and_its_case_goes_to_people(office: Office) -> None:
    def stop(decision: Decision) -> None:
        raise RunStoppedError("signal")

    with pytest.raises(RunStoppedError):
        office.run(pay=stop).process([case(1), case(2)])
    assert office.story("P-2") == ["decision auto"]
    office.run().process([case(1), case(2)])
    assert office.story("P-1")[-2:] == ["action in doubt", "handoff clerks"]
    assert office.paid == ["P-2"]


def test_two_cases_with_the_same_id_are_refused_before_anything_is_decided(office: Office) -> None:
    with pytest.raises(InputError, match=r"same id.*P-1"):
        office.run().process([case(1), case(1, amount=9000)])
    assert office.story("P-1") == []


def test_a_superseded_decision_is_not_settled(office: Office) -> None:
    referee = office.referee()
    first = referee.decide("P-1", GOOD)
    referee.decide("P-1", {**GOOD, "amount": 1300})
    with pytest.raises(InputError, match="decided again in record 1"):
        office.run().settle(first)
    assert office.paid == []


def test_open_cases_that_left_the_input_are_not_lost(office: Office) -> None:
    with pytest.raises(Killed):
        office.run(pay=killed).process([case(1), case(2)])
    office.run().process([case(3)])
    assert office.story("P-1")[-1] == "handoff clerks"
    assert office.story("P-2")[-1] == "handoff clerks"
    assert office.paid == ["P-3"]


def test_an_action_without_keyword_stops_the_run_before_the_first_case(office: Office) -> None:
    with pytest.raises(RulesError, match="On Action    pay"):
        Run(office.referee(), {}, {})


def test_a_missing_playbook_stops_the_run_before_the_first_case(office: Office) -> None:
    with pytest.raises(RulesError, match="starts the playbook 'ask supplier'"):
        Run(office.referee(), {"pay": killed}, {})


def test_a_playbook_retries_twice_and_then_hands_over(office: Office) -> None:
    for _ in range(4):
        office.run().process([case(1, country="CH")])
        office.pass_days(2)
    assert office.queries == ["P-1"] * 3
    assert office.story("P-1")[-1] == "handoff managers"
    office.run().process([case(1, country="CH")])
    assert office.queries == ["P-1"] * 3


def test_a_playbook_waits_until_its_date(office: Office) -> None:
    office.run().process([case(1, country="CH")])
    office.pass_days(1.9)
    office.run().process([case(1, country="CH")])
    assert office.queries == ["P-1"]


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        ({"agrees": True}, "exception settled"),
        ({"agrees": False}, "handoff managers"),
        ({"agrees": None}, "handoff clerks"),
        ({"agrees": "perhaps"}, "handoff clerks"),
        ({}, "handoff clerks"),
    ],
)
def test_a_reply_settles_the_exception_and_a_doubtful_one_goes_to_people(
    office: Office, reply: dict[str, Any], end: str
) -> None:
    office.run().process([case(1, country="CH")])
    office.replies["P-1"] = reply
    office.run().process([case(1, country="CH")])
    assert office.story("P-1")[-1] == end


def test_a_step_that_a_killed_run_had_begun_goes_to_people(office: Office) -> None:
    with pytest.raises(Killed):
        office.run(send_query=killed).process([case(1, country="CH")])
    office.run().process([case(1, country="CH")])
    assert office.queries == []
    assert office.story("P-1")[-1] == "handoff clerks"


def test_a_failing_step_goes_to_people_with_its_error(office: Office) -> None:
    def fail(decision: Decision) -> None:
        raise OSError("the mail server is away")

    office.run(send_query=fail).process([case(1, country="CH")])
    log = office.referee().log
    assert log is not None
    reasons = [record.payload["reasons"] for record in log.records() if record.kind == "handoff"]
    assert "the mail server is away" in reasons[0][-1]


def test_a_case_begun_with_another_version_of_the_playbook_goes_to_people(office: Office) -> None:
    office.run().process([case(1, country="CH")])
    path = office.playbooks / "ask.yaml"
    path.write_text(path.read_text().replace('version: "1"', 'version: "2"'))
    office.run().process([case(1, country="CH")])
    assert office.story("P-1")[-1] == "handoff clerks"


def test_a_sensitive_fact_is_nowhere_in_the_log(office: Office) -> None:
    office.run().process([case(1, account="DE02-1203"), case(2, account="DE02-1203", amount="abc")])
    written = (office.folder / "audit" / "audit.jsonl").read_text()
    assert "DE02-1203" not in written
    assert written.count("hmac-sha256:") == 2


def test_a_log_whose_key_is_gone_is_refused(office: Office) -> None:
    office.run().process([case(1, account="DE02-1203")])
    for path in (office.folder / "audit.keys").iterdir():
        path.unlink()
    with pytest.raises(AuditError, match=r"keys\.sqlite are gone"):
        office.run()


def test_settling_one_case_twice_does_it_once(office: Office) -> None:
    decision = office.referee().decide("P-1", GOOD)
    assert office.run().settle(decision) == "done"
    assert office.run().settle(decision) == "done"
    assert office.paid == ["P-1"]


# --- what failed
# -------------------------------------------------------------------------------------------------------


def failing(message: str, *spared: str) -> Any:
    def fail(decision: Decision) -> None:
        if decision.case_id not in spared:
            raise OSError(message)

    return fail


def test_the_summary_names_what_failed(office: Office) -> None:
    summary = office.run(pay=failing("no answer", "P-1")).process([case(1), case(2), case(3, country="CH")])
    assert [str(failed) for failed in summary.failed] == ["pay for P-2: no answer"]
    assert (summary.attempted, summary.nothing_worked, summary.stopped) == (3, False, "")


def test_refusals_are_no_reason_to_take_a_run_for_failed(office: Office) -> None:
    refused = office.run(pay=failing("refused: the account is closed")).process([case(1), case(2)])
    assert (refused.attempted, len(refused.failed), refused.nothing_worked) == (2, 2, False)


def test_a_run_in_which_nothing_worked_says_so(office: Office) -> None:
    summary = office.run(pay=failing("no answer")).process([case(1), case(2)])
    assert (summary.attempted, len(summary.failed), summary.nothing_worked) == (2, 2, True)
    assert office.run(pay=failing("no answer")).process([case(1), case(2)]).nothing_worked is False


def test_a_check_that_finds_nothing_does_not_count_but_one_that_fails_does(office: Office) -> None:
    office.run().process([case(1, country="CH")])
    summary = office.run().process([case(1, country="CH")])
    assert (summary.attempted, summary.nothing_worked) == (0, False)
    summary = office.run(read_reply=failing("no mailbox")).process([case(1, country="CH")])
    assert (summary.attempted, summary.nothing_worked) == (1, True)


def test_a_target_system_that_is_gone_stops_the_run_and_the_rest_stays_for_the_next(office: Office) -> None:
    cases = [case(number) for number in range(1, 7)]
    summary = office.run(pay=failing("no answer", "P-1")).process(cases)
    assert summary.stopped == "'pay' failed for 3 cases in a row, at last for P-4: no answer"
    assert dict(summary.outcomes) == {"done": 1, "handed over": 3, "decided": 2}
    log = office.referee().log
    assert log is not None
    assert [record.payload["status"] for record in log.records() if record.kind == "run"] == [
        "started",
        "stopped",
    ]
    summary = office.run().process(cases)
    assert office.paid == ["P-5", "P-6"]
    assert (summary.earlier, summary.stopped) == (4, "")


def test_cases_that_left_the_input_stay_open_too_when_the_run_stops(office: Office) -> None:
    office.run().process([case(9, country="CH")])
    office.pass_days(2)
    summary = office.run(pay=failing("no answer")).process([case(number) for number in range(1, 4)])
    assert summary.stopped
    assert office.queries == ["P-9"]


def test_a_success_in_between_and_refusals_of_single_cases_let_the_run_go_on(office: Office) -> None:
    cases = [case(number) for number in range(1, 7)]
    assert not office.run(pay=failing("no answer", "P-3", "P-6")).process(cases).stopped
    refused = [case(number) for number in range(11, 16)]
    summary = office.run(pay=failing("Refused: the vendor is unknown")).process(refused)
    assert (summary.stopped, len(summary.failed)) == ("", 5)
    log = office.referee().log
    assert log is not None
    told = [record.payload["reasons"] for record in log.records() if record.kind == "handoff"]
    assert told[-1] == ["pay Refused: the vendor is unknown"]


def test_the_number_of_failures_that_stop_a_run_can_be_chosen(office: Office) -> None:
    cases = [case(number) for number in range(1, 7)]
    table = {"pay": failing("no answer"), "send query": killed, "read reply": killed}
    playbooks = read_playbooks(office.playbooks)
    assert len(Run(office.referee(), table, playbooks, stop_after=1).process(cases).failed) == 1
    assert len(Run(office.referee(), table, playbooks, stop_after=0).process(cases).failed) == 5


# --- what the bot names
# -------------------------------------------------------------------------------------------------------


def test_all_faults_of_a_bot_are_told_at_once(office: Office) -> None:
    with pytest.raises(RulesError) as refusal:
        Run(
            office.referee(),
            {"payy": killed, "ask supplier": killed, "send query": killed},
            read_playbooks(office.playbooks),
            faults=[Diagnostic("keyword-unknown", "no such keyword")],
        )
    said = str(refusal.value)
    assert "5 faults" in said
    for part in (
        "no such keyword",
        "'payy', which neither the routing table nor a playbook has (did you mean `pay`?)",
        "'ask supplier', which is a playbook; name one for each of its steps: read reply, send query",
        "On Action    pay",
        "On Action    read reply",
    ):
        assert part in said


# --- cases that changed, and versions
# -------------------------------------------------------------------------------------------------------


def reasons_of(office: Office, case_id: str) -> list[str]:
    log = office.referee().log
    assert log is not None
    records = [r for r in log.records() if r.kind == "handoff" and r.payload["case"] == case_id]
    return list(records[-1].payload["reasons"])


def test_a_case_that_changed_tells_what_changed_and_keeps_secrets(office: Office) -> None:
    office.run().process([case(1, account="DE02-1203", **{"days open": 1})])
    office.run().process([case(1, amount=1300, country=None, account="DE99-7777", **{"days open": 2})])
    (changed, _) = reasons_of(office, "P-1")
    assert '(`country` was "DE", is blank; `amount` was 1200, is 1300; `account`)' in changed
    assert "DE99" not in changed and "days open" not in changed


def test_results_of_an_earlier_version_keep_its_rules_and_its_version(office: Office) -> None:
    office.run().process([case(1), case(2, amount=9000)])
    write_limits(office.workbook, version="2")
    (first, _, third) = office.run().process([case(1), case(2, amount=9000), case(3)]).decisions
    assert (first.versions.version, third.versions.version) == ("1", "2")
    (rule,) = [rule for node in first.trace for rule in node.rules]
    assert (rule.table, rule.number, str(rule.place)) == (
        "routing",
        1,
        f"{office.workbook.name}, sheet routing, cell A4",
    )


def test_a_limit_ends_the_run_between_cases_and_the_rest_is_for_the_next(office: Office) -> None:
    cases = [case(number) for number in range(1, 6)]
    office.run().process(cases[:1])
    run = Run(
        office.referee(),
        {"pay": office._pay, "send query": lambda d: None, "read reply": lambda d: None},
        read_playbooks(office.playbooks),
        limits=RunLimits(at_most=2),
    )
    summary = run.process(cases)
    assert office.paid == ["P-1", "P-2", "P-3"]
    assert summary.ended == "it has worked on 2, as many as it may"
    assert (summary.stopped, summary.earlier) == ("", 1)
    assert dict(summary.outcomes) == {"done": 3, "decided": 2}
    assert summary.steps["pay"].count == 2
    summary = office.run().process(cases)
    assert (summary.ended, office.paid) == ("", ["P-1", "P-2", "P-3", "P-4", "P-5"])


def test_a_run_that_is_asked_to_stop_finishes_the_case_in_hand(office: Office) -> None:
    asked: list[str] = []
    run = Run(
        office.referee(),
        {
            "pay": lambda decision: asked.append("stopped by request"),
            "send query": lambda d: None,
            "read reply": lambda d: None,
        },
        read_playbooks(office.playbooks),
        limits=RunLimits(asked_to_stop=lambda: "".join(asked)),
    )
    summary = run.process([case(1), case(2)])
    assert summary.ended == "stopped by request"
    assert dict(summary.outcomes) == {"done": 1, "decided": 1}


def test_after_a_technical_failure_the_application_is_restarted_before_the_next_case(office: Office) -> None:
    told: list[str] = []

    def fail_first(decision: Decision) -> None:
        told.append(decision.case_id)
        if decision.case_id == "P-1":
            raise ConnectionError("gone")
        if decision.case_id == "P-2":
            raise ValueError("refused: no such account")

    def show(decision: Decision) -> list[Path]:
        told.append(f"picture of {decision.case_id}")
        return []

    run = Run(
        office.referee(),
        {"pay": fail_first, "send query": lambda d: None, "read reply": lambda d: None},
        read_playbooks(office.playbooks),
        bot_help=BotHelp(restart=lambda: told.append("restart"), evidence=show),
    )
    assert run.process([case(1), case(2), case(3)]).stopped == ""
    assert told == ["P-1", "picture of P-1", "restart", "P-2", "picture of P-2", "P-3"]


def test_a_run_stops_when_its_application_can_not_be_restarted(office: Office) -> None:
    def fail(decision: Decision) -> None:
        raise ConnectionError("gone")

    def no_restart() -> None:
        raise OSError("no display")

    run = Run(
        office.referee(),
        {"pay": fail, "send query": lambda d: None, "read reply": lambda d: None},
        read_playbooks(office.playbooks),
        bot_help=BotHelp(restart=no_restart),
    )
    summary = run.process([case(1), case(2)])
    assert summary.stopped == "the application could not be restarted: no display"
    assert dict(summary.outcomes) == {"handed over": 1, "decided": 1}

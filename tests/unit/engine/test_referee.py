"""The plain Python API: decisions, doubts, receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.domain import AuditError, Case, Decision, InputError, ModelError, Route, RulesError
from referee.engine import Referee
from referee.engine.record import from_log
from referee.workbook import ModelDefinition
from referee.workitems import CaseState, Status
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD, RULES, write_limits


def evaluate(workbook: Path, **facts: Any) -> Decision:
    return Referee(workbook).evaluate(Case("P-1", {**GOOD, **facts}))


def test_a_clear_case_is_decided_by_the_rule_that_names_its_cell(tmp_path: Path) -> None:
    decision = evaluate(write_limits(tmp_path / "limits.xlsx"))
    assert (decision.route, decision.action, decision.reasons) == (Route.AUTO, "pay", ("within the limit",))
    assert str(decision.trace[-1].rules[0].place) == "limits.xlsx, sheet routing, cell A4"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"amount": None}, "`amount` is blank"),
        ({"amount": "abc"}, "`amount` must be a number"),
        ({"amount": "1.234"}, "`amount`"),
        ({"amount": -1}, "`amount` is `-1`, outside its allowed values"),
        ({"amount": 10**9}, "`amount`"),
        ({"amount": 10**400}, "`amount`"),
        ({"amount": float("nan")}, "`amount`"),
        ({"amount": float("inf")}, "`amount`"),
        ({"amount": True}, "`amount` must be a number"),
        ({"amount": [1, 2]}, "`amount` must be a number"),
        ({"country": "XX"}, "`country` is `XX`, outside its allowed values"),
        ({"country": ""}, "`country` is blank"),
        ({"country": 7}, "`country`"),
    ],
)
def test_a_doubtful_fact_goes_to_people_and_is_named(
    tmp_path: Path, facts: dict[str, Any], reason: str
) -> None:
    decision = evaluate(write_limits(tmp_path / "limits.xlsx"), **facts)
    assert (decision.route, decision.action, decision.queue) == (Route.HUMAN, "", "clerks")
    assert reason in decision.reasons[0]


def test_a_fact_that_cannot_be_read_is_kept_as_found(tmp_path: Path) -> None:
    decision = evaluate(write_limits(tmp_path / "limits.xlsx"), amount=" abc ")
    assert decision.facts["amount"] == "abc"
    assert decision.outputs == {}


def test_a_missing_fact_goes_to_people_and_is_named(tmp_path: Path) -> None:
    referee = Referee(write_limits(tmp_path / "limits.xlsx"))
    decision = referee.evaluate(Case("P-1", {"payment": "P-1", "country": "DE"}))
    assert decision.route is Route.HUMAN
    assert decision.reasons == ("the required fact `amount` is missing",)


def test_two_rules_hitting_under_unique_go_to_people(tmp_path: Path) -> None:
    twice = (*RULES, ('"DE"', "> 1000", "auto", "pay", None, "again"))
    decision = evaluate(write_limits(tmp_path / "limits.xlsx", twice))
    assert decision.route is Route.HUMAN
    assert "1 and 4" in decision.reasons[0] or "4" in decision.reasons[0]


def test_no_rule_hitting_goes_to_people(tmp_path: Path) -> None:
    decision = evaluate(write_limits(tmp_path / "limits.xlsx", RULES[1:]))
    assert decision.route is Route.HUMAN
    assert "no rule" in decision.reasons[0]


@pytest.mark.parametrize("typo", [">>= 10", "=> 5", "[100..500", "5 000", "<= 5OOO"])
def test_a_typo_in_a_cell_stops_the_run_before_the_first_case(tmp_path: Path, typo: str) -> None:
    rules = (('"DE"', typo, "auto", "pay", None, "typo"), *RULES)
    with pytest.raises(RulesError, match=r"limits\.xlsx, sheet routing, cell C4") as refusal:
        Referee(write_limits(tmp_path / "limits.xlsx", rules))
    assert typo in str(refusal.value)


def test_a_workbook_that_is_not_in_force_is_refused(tmp_path: Path) -> None:
    from datetime import date

    workbook = write_limits(tmp_path / "limits.xlsx", effective_from=date(2026, 4, 1))
    with pytest.raises(RulesError, match="in force from 2026-04-01"):
        Referee(workbook, clock=lambda: datetime(2026, 3, 31, 12, tzinfo=UTC))
    Referee(workbook, clock=lambda: datetime(2026, 4, 1, 12, tzinfo=UTC))


def test_a_missing_model_stops_the_run_where_the_workbook_says_so(tmp_path: Path) -> None:
    model = ModelDefinition("risk", "absent", "", ("amount",), "stop")
    workbook = write_limits(tmp_path / "limits.xlsx", models=(model,))
    with pytest.raises(ModelError, match="absent"):
        Referee(workbook, models=tmp_path / "models")


def test_rules_go_on_without_a_missing_model(tmp_path: Path) -> None:
    model = ModelDefinition("risk", "absent", "", ("amount",))
    workbook = write_limits(tmp_path / "limits.xlsx", models=(model,))
    referee = Referee(workbook, models=tmp_path / "models")
    assert referee.evaluate(Case("P-1", GOOD)).route is Route.AUTO
    assert referee.versions.models == {"risk": ("unavailable", "")}


def test_the_same_facts_give_an_equal_decision(tmp_path: Path) -> None:
    workbook = write_limits(tmp_path / "limits.xlsx")
    assert evaluate(workbook) == evaluate(workbook)


def test_deciding_again_returns_the_first_receipt(office: Office) -> None:
    first = office.referee().decide("P-1", GOOD)
    again = office.referee().decide("P-1", GOOD)
    assert first.receipt is not None
    assert again == first
    assert again.receipt == first.receipt
    assert office.story("P-1") == ["decision auto"]


def test_changed_facts_make_a_linked_decision(office: Office) -> None:
    referee = office.referee()
    first = referee.decide("P-1", GOOD)
    second = referee.decide("P-1", {**GOOD, "amount": 9000})
    assert second.route is Route.HUMAN
    assert referee.ledger is not None
    state = referee.ledger.state("payments", "P-1")
    assert state is not None and first.receipt is not None
    assert state.decision["follows"] == first.receipt.position


def test_a_batch_is_decided_in_order(office: Office) -> None:
    cases = [Case(f"P-{number}", {**GOOD, "payment": f"P-{number}"}) for number in range(150)]
    decisions = list(office.referee().decide_many(cases))
    assert [decision.case_id for decision in decisions] == [case.id for case in cases]
    assert len({decision.receipt.position for decision in decisions if decision.receipt}) == 150


def test_an_id_that_its_fact_contradicts_is_doubt(office: Office) -> None:
    decision = office.referee().decide("P-2", {**GOOD, "payment": "P-3"})
    assert decision.route is Route.HUMAN
    assert decision.reasons == (
        "the case is `P-2`, but its fact `payment` names the case `P-3`; find out which one is meant",
    )


@pytest.mark.parametrize("given", [17, 17.0, Decimal("1.7E+1"), "17", " 17\u00a0"])
def test_an_id_may_be_written_as_text_or_number(office: Office, given: Any) -> None:
    assert office.referee().decide("17", {**GOOD, "payment": given}).route is Route.AUTO


def test_spaces_around_an_id_make_no_other_case(office: Office) -> None:
    first = office.referee().decide("P-1", GOOD)
    assert office.referee().decide(" P-1\u00a0", GOOD).receipt == first.receipt


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0"])
def test_a_blank_id_is_refused_before_anything_is_written(office: Office, blank: str) -> None:
    with pytest.raises(InputError, match="the case id is blank"):
        office.referee().decide(blank, GOOD)
    with pytest.raises(InputError, match="row 7: the case id is blank"):
        list(office.referee().decide_many([Case("P-1", GOOD), Case(blank, GOOD, "row 7")]))
    log = office.referee().log
    assert log is not None and list(log.records()) == []


def test_an_id_with_half_a_character_is_refused_before_anything_is_written(office: Office) -> None:
    with pytest.raises(InputError, match=r"the case id P-\\ud8001 holds half a character"):
        office.referee().decide("P-\ud8001", GOOD)
    log = office.referee().log
    assert log is not None and list(log.records()) == []


def test_a_logged_decision_that_nobody_can_act_on_is_told_in_one_sentence(office: Office) -> None:
    receipt = office.referee().decide("P-1", GOOD).receipt
    log = office.referee().log
    assert log is not None and receipt is not None
    (record,) = log.records(receipt.position)
    state = CaseState("P-1", Status.DECIDED, {**record.payload, "route": 5}, receipt)
    with pytest.raises(AuditError, match=r"record 0 of the audit log isn't a decision that Referee wrote"):
        from_log(state)

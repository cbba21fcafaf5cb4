"""Sensitive facts through the engine: hidden in the log, comparable, erasable, and no case is done twice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, CaseKeys, hidden_facts, verify
from referee.audit.canonical_json import exact_json
from referee.domain import Case, Decision, InputError, Route
from referee.engine import Referee
from referee.engine.erasing import erasable, erase_case
from referee.workbook import FactDefinition
from tests.unit.audit.test_case_keys import bytes_on_disk
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD, write_limits

IBAN, NAME, PHONE = "DE02-1203-0000-2020-51", "Bernadette Soubirous", "+41 44 668 18 00"
SECRET = {"account": IBAN, "name": NAME, "phone": PHONE, "income": "4711.50"}
HIDDEN = (
    FactDefinition("name", "string", required=False, sensitive=True, logged_as="encrypt"),
    FactDefinition("phone", "string", required=False, sensitive=True, logged_as="mask 2"),
    FactDefinition("income", "number", required=False, sensitive=True, logged_as="encrypt"),
)
REPEATING = (
    ('"DE"', "-", "auto", "pay", None, '"paid to " + account + " of " + name'),
    ('"FR"', "-", "auto", "pay", None, 'string(date(name)) + "!"'),
    ("CH", "-", "exception", "ask supplier", None, "foreign"),
)


@pytest.fixture
def private(office: Office) -> Office:
    office.workbook = write_limits(office.folder / "private.xlsx", more_facts=HIDDEN)
    return office


def case(number: int = 1, /, **facts: Any) -> Case:
    return Case(f"P-{number}", {**GOOD, "payment": f"P-{number}", **SECRET, **facts})


def traces(office: Office, *, of: tuple[str, ...] = (IBAN, NAME, PHONE, "4711.5")) -> list[str]:
    written = bytes_on_disk(office.folder / "audit") + bytes_on_disk(office.folder / "audit.keys")
    return [text for text in of if text.encode() in written]


def payload_of(office: Office) -> dict[str, Any]:
    return dict(next(r.payload for r in AuditLog(office.folder / "audit").records() if r.kind == "decision"))


def test_the_log_holds_each_sensitive_fact_as_the_dictionary_says(private: Office) -> None:
    private.run().process([case()])
    facts = payload_of(private)["facts"]
    assert {name: told.how for name, told in hidden_facts(facts).items()} == {
        "account": "hash",
        "name": "encrypt",
        "phone": "mask",
        "income": "encrypt",
    }
    assert facts["phone"].endswith(":***00")
    assert facts["country"] == "DE"
    assert traces(private) == []
    assert private.paid == ["P-1"]


@pytest.mark.parametrize("changed", ["account", "name", "phone", "income"])
def test_a_change_of_a_hidden_fact_is_noticed_and_named_but_not_told(private: Office, changed: str) -> None:
    private.run().process([case()])
    private.run().process([case(1, **{changed: "99"})])
    private.run().process([case(1, **{changed: "99"})])
    decision = private.run().process([case(1, **{changed: "99"})]).decisions[0]
    assert decision.route is Route.HUMAN
    assert f"`{changed}`" in decision.reasons[0]
    assert private.paid == ["P-1"]
    assert [line for line in private.story("P-1") if line.startswith("decision")] == [
        "decision auto",
        "decision human",
    ]


def test_the_same_facts_are_the_same_case_in_another_run_though_they_are_hidden_otherwise(
    private: Office,
) -> None:
    private.run().process([case()])
    private.workbook = write_limits(
        private.folder / "hashed.xlsx", more_facts=tuple(replace(fact, logged_as="hash") for fact in HIDDEN)
    )
    summary = private.run().process([case(income=4711.5)])
    assert (summary.earlier, private.paid) == (1, ["P-1"])


def test_reasons_outputs_and_messages_repeat_no_sensitive_fact(office: Office) -> None:
    office.workbook = write_limits(office.folder / "telling.xlsx", REPEATING, more_facts=HIDDEN)
    run = office.run()
    decisions = run.process([case(1), case(2, country="FR")]).decisions
    assert decisions[0].reasons == (f"paid to {IBAN} of {NAME}",)
    assert NAME in decisions[1].reasons[0]
    assert traces(office) == []
    payload = payload_of(office)
    assert payload["outputs"]["reason"] == "paid to (sensitive) of (sensitive)"
    assert payload["reasons"] == ["paid to (sensitive) of (sensitive)"]


def test_a_case_taken_up_again_has_its_outputs_though_the_log_has_them_cut(office: Office) -> None:
    office.workbook = write_limits(office.folder / "telling.xlsx", REPEATING, more_facts=HIDDEN)
    office.referee().decide("P-1", case().facts)
    told: list[Any] = []
    office.run(pay=lambda decision: told.append(decision.outputs["reason"])).process([case()])
    assert told == [f"paid to {IBAN} of {NAME}"]


def fails(decision: Decision) -> None:
    raise OSError(f"no account {decision.facts['account']} for {decision.facts['name'].upper()}")


def test_errors_and_results_of_actions_repeat_no_sensitive_fact(private: Office) -> None:
    summary = private.run(pay=fails).process([case()])
    assert summary.failed[0].error == "no account (sensitive) for (sensitive)"
    private.run(pay=lambda decision: {"to": [decision.facts["account"]], "phone": PHONE}).process([case(2)])
    private.run(send_query=fails).process([case(3, country="CH")])
    asked = case(4, country="CH")
    private.run().process([asked])
    private.run(read_reply=lambda decision: {"agrees": True, "sender": NAME}).process([asked])
    assert private.story("P-4")[-1] == "exception settled"
    assert traces(private, of=(IBAN, NAME, NAME.upper(), PHONE)) == []


def test_a_playbook_goes_on_with_encrypted_facts_after_its_case_has_left_the_input(private: Office) -> None:
    private.run().process([case(1, country="CH")])
    asked: list[Any] = []

    def read_reply(decision: Decision) -> dict[str, Any]:
        asked.append((decision.facts["name"], str(decision.facts["income"]), decision.facts["phone"][-5:]))
        raise OSError(f"no reply of {NAME}")

    private.run(read_reply=read_reply).process([])
    assert asked == [(NAME, "4711.50", "***00")]
    assert traces(private) == []


def test_results_for_machines_show_no_sensitive_fact_without_a_key(private: Office) -> None:
    referee = Referee(private.workbook)
    written = exact_json(referee.payload(referee.evaluate(case()))).decode()
    assert [text for text in (IBAN, NAME, PHONE, "4711.5") if text in written] == []
    assert written.count('"(sensitive)"') == 4


# --- erasing


@pytest.fixture
def done(private: Office) -> Iterator[Office]:
    private.run().process([case(1), case(2)])
    yield private
    assert verify(private.folder / "audit").intact


def erase(office: Office, case_id: str = "P-1", **more: Any) -> Any:
    log = AuditLog(office.folder / "audit")
    return erase_case(log, case_id, by="Ada", reason="asked by letter", **more)


def test_an_erasure_makes_the_facts_unreadable_and_says_who_and_why(done: Office) -> None:
    used = {told.key_id for told in hidden_facts(payload_of(done)["facts"]).values()}
    keys = CaseKeys(done.folder / "audit")
    secrets = [key.secret for key_id in used if (key := keys.key(key_id)) is not None]
    assert len(secrets) == 1
    (told,) = erase(done)
    assert (told.decision, told.facts) == ("payments", ("account", "name", "phone", "income"))
    assert [key_id for key_id in used if keys.key(key_id) is not None] == []
    assert [secret for secret in secrets if secret in bytes_on_disk(done.folder)] == []
    *_, record = AuditLog(done.folder / "audit").records()
    assert record.kind == "erasure"
    assert record.payload["by"] == "Ada"
    assert record.payload["reason"] == "asked by letter"
    assert [int(position) for position in record.payload["records"]] == list(told.records)


def test_an_erased_case_is_not_done_again_nor_recorded_again(done: Office) -> None:
    erase(done)
    before = len(list(AuditLog(done.folder / "audit").records()))
    for facts in ({}, {"account": "other", "name": "other"}):
        summary = done.run().process([case(1, **facts), case(2)])
        assert summary.earlier == 2
    decision = done.referee().decide("P-1", case(1).facts)
    assert (str(decision.route), done.paid) == ("auto", ["P-1", "P-2"])
    kinds = [record.kind for record in AuditLog(done.folder / "audit").records()][before:]
    assert set(kinds) == {"run"}


def test_an_erased_case_whose_open_facts_changed_goes_to_people(done: Office) -> None:
    erase(done)
    decision = done.run().process([case(1, amount=99)]).decisions[0]
    assert decision.route is Route.HUMAN
    assert "`amount` was 1200, is 99" in decision.reasons[0]
    assert done.paid == ["P-1", "P-2"]
    assert traces(done) == []
    answer(done, decision)
    (again,) = erase(done)
    assert len(again.records) == 2


def test_an_open_case_is_not_erased(private: Office) -> None:
    private.referee().decide("P-1", case().facts)
    with pytest.raises(
        InputError, match=r"case P-1 of payments is still open \(decided\); bring it to an end first"
    ):
        erase(private)


def answer(office: Office, decision: Decision) -> None:
    assert decision.receipt is not None
    told = {"case": decision.case_id, "decision": "payments", "answer": "approve", "by": "Ada", "note": ""}
    AuditLog(office.folder / "audit").append("answer", {**told, "of": decision.receipt.position})


def test_a_case_that_waits_for_an_answer_is_not_erased(done: Office) -> None:
    decision = done.run().process([case(1, amount=99)]).decisions[0]
    with pytest.raises(InputError, match=r"case P-1 of payments still waits for an answer of .* import the"):
        erase(done)
    assert erasures(done) == []
    answer(done, decision)
    assert len(erase(done)) == 1


def test_a_case_without_keys_is_not_erased(done: Office) -> None:
    with pytest.raises(InputError, match=r"holds no key of case P-9"):
        erase(done, "P-9")
    with pytest.raises(InputError, match=r"holds no key of case P-1"):
        erase(done, "P-1", decision="loans")
    with pytest.raises(InputError, match=r"there is no audit log in"):
        erasable(done.folder / "nowhere", "P-1")


def test_an_erasure_needs_who_and_why(done: Office) -> None:
    with pytest.raises(InputError, match=r"needs who does it and why"):
        erase_case(AuditLog(done.folder / "audit"), "P-1", by="Ada", reason=" ")


def test_an_erasure_that_was_killed_before_its_record_is_done_again(done: Office) -> None:
    CaseKeys(done.folder / "audit").erase("payments", "P-1")
    (told,) = erase(done)
    assert told.facts == ("account", "name", "phone", "income")


def erasures(office: Office) -> list[Any]:
    return [
        record.payload for record in AuditLog(office.folder / "audit").records() if record.kind == "erasure"
    ]


def test_an_erasure_that_was_done_is_told_and_not_recorded_again(done: Office) -> None:
    (first,) = erase(done)
    (again,) = erase_case(AuditLog(done.folder / "audit"), "P-1", by="Bob", reason="once more")
    assert first.earlier == ""
    assert again.earlier.endswith("by Ada because: asked by letter")
    assert [payload["by"] for payload in erasures(done)] == ["Ada"]


def test_keys_that_came_after_an_erasure_are_erased_and_recorded_though_a_kill_came_between(
    done: Office,
) -> None:
    erase(done)
    done.run().process([case(1, amount=99)])
    CaseKeys(done.folder / "audit").erase("payments", "P-1")
    (again,) = erase(done)
    assert (again.earlier, len(erasures(done))) == ("", 2)


def test_an_erasure_tells_what_masks_go_on_showing(done: Office) -> None:
    (told,) = erase(done)
    assert told.masked == (("phone", "***00"),)
    assert erasures(done)[0]["masked"] == ["phone"]


def test_bots_can_write_the_log_while_an_erasure_waits_for_the_keys(done: Office) -> None:
    log = AuditLog(done.folder / "audit")
    other = sqlite3.connect(CaseKeys(log.folder).path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told: list[Any] = []
    erasing = threading.Thread(target=lambda: told.append(erase(done)))
    erasing.start()
    try:
        erasing.join(0.5)
        log.append("run", {"decision": "payments", "status": "started", "bot": "", "summary": {}})
        assert (erasing.is_alive(), told) == (True, [])
    finally:
        other.execute("ROLLBACK")
        other.close()
        erasing.join()
    assert [each.case_id for each in told[0]] == ["P-1"]
    assert [payload["case"] for payload in erasures(done)] == ["P-1"]


def test_an_erasure_without_the_keys_folder_says_that_it_is_gone(done: Office) -> None:
    (done.folder / "audit.keys").rename(done.folder / "safe")
    with pytest.raises(InputError, match=r"audit\.keys.* are gone, and the log in .* restore them"):
        erase(done)
    assert not (done.folder / "audit.keys").exists()


def test_keys_that_are_lost_are_not_taken_for_erased(done: Office) -> None:
    keys = CaseKeys(done.folder / "audit")
    keys.require_usable()
    assert keys._connection is not None
    keys._connection.execute("DELETE FROM keys")
    with pytest.raises(Exception, match=r"doesn't hold the key .* restore the keys from their backup"):
        done.referee().decide("P-1", case(1).facts)


@pytest.mark.parametrize("kept", [Path("audit"), Path("audit.keys")])
def test_neither_the_log_nor_the_keys_alone_tell_a_fact(done: Office, kept: Path) -> None:
    assert [text for text in (IBAN, NAME, PHONE) if text.encode() in bytes_on_disk(done.folder / kept)] == []

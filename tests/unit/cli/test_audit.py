"""`referee audit`: a log that was touched is found out, and a case's story reads in order."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, open_log
from referee.domain import Case
from tests.unit.cli.conftest import Command
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD


@pytest.fixture(autouse=True)
def office(desk: Path) -> Office:
    """After a run: P-1 paid, P-2 handed over, P-3 in its playbook."""
    office = Office(desk)
    facts: dict[str, dict[str, Any]] = {"P-1": {}, "P-2": {"amount": 9000}, "P-3": {"country": "CH"}}
    office.run().process([Case(name, {**GOOD, "payment": name, **extra}) for name, extra in facts.items()])
    return office


def test_an_intact_log_is_told(referee: Command) -> None:
    said = referee("audit", "verify", "audit")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"{Path('audit/audit.jsonl')}: 10 records, intact\n")
    found = referee("audit", "verify", "audit", "--json")
    assert (found.code, found.json["intact"], found.json["records"], found.json["faults"]) == (
        0,
        True,
        10,
        [],
    )


def test_a_changed_log_ends_with_1_and_names_the_record(referee: Command, desk: Path) -> None:
    log = desk / "audit" / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"amount":1200', b'"amount":1201'))
    said = referee("audit", "verify", "audit")
    assert said.code == 1
    assert "NOT INTACT" in said.out and "line 2" in said.out
    found = referee("audit", "verify", "audit", "--json")
    assert (found.code, found.json["intact"]) == (1, False)
    assert found.json["faults"]


@pytest.mark.parametrize("folder", ["none", "notes.txt", "folder"])
def test_a_folder_without_a_log_gets_one_sentence(referee: Command, folder: str) -> None:
    assert "audit log" in referee("audit", "verify", folder).complaint
    said = referee("audit", "show", "P-1", "--audit", folder)
    assert said.complaint == f"there is no audit log in {folder}; name its folder with --audit"


@pytest.mark.parametrize(
    ("case", "story"),
    [
        (
            "P-1",
            [
                "Payments 1 decided: auto, pay. (record 1)",
                "because within the limit",
                "by routing, rule 1 (payments.xlsx, sheet routing, cell A4)",
                "in a run of test bot",
                "Began: pay",
                "Done: pay, which gave receipt 1",
                "payments: the case is done",
                "1200",
            ],
        ),
        (
            "P-2",
            [
                "decided: human, managers",
                "because over the limit",
                "Handed over to managers. (record 6)",
                "payments: the case is with people, who haven't answered",
            ],
        ),
        (
            "P-3",
            [
                "decided: exception, ask supplier",
                "Playbook ask supplier: start, now waiting; step send query acting; due 2026-03-18",
                "step send query done",
                "payments: the case is waiting in its playbook",
            ],
        ),
    ],
)
def test_the_story_of_a_case_reads_in_order(
    referee: Command, monkeypatch: pytest.MonkeyPatch, case: str, story: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    said = referee("audit", "show", case, "--audit", "audit")
    assert (said.code, said.err) == (0, "")
    places = [said.out.find(text) for text in story]
    assert -1 not in places and places == sorted(places), said.out


def test_the_story_tells_whether_a_checkpoint_covers_it(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "second").mkdir()
    referee("audit", "key", "new", "bots")
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(desk / "second"))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(desk / "bots.key"))
    said = referee("audit", "show", "P-1", "--audit", "audit")
    assert said.out.endswith("no checkpoint covers the last of these records yet\n")
    log = open_log(desk / "audit")
    assert log.finish() == ()
    said = referee("audit", "show", "P-1", "--audit", "audit")
    told = " ".join(said.out.split())
    assert "covers these records and fits the log at record" in told
    log.close()


def test_a_checkpoint_that_does_not_fit_vouches_for_nothing(
    referee: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "second").mkdir()
    referee("audit", "key", "new", "bots")
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(desk / "second"))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(desk / "bots.key"))
    log = open_log(desk / "audit")
    log.finish()
    log.close()
    path = desk / "audit" / "audit.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    AuditLog(desk / "audit").append("run", {"decision": "payments", "status": "started"})
    told = " ".join(referee("audit", "show", "P-1", "--audit", "audit").out.split())
    assert "doesn't fit this log: records were removed or changed since" in told and "covers" not in told
    [checkpoints] = (desk / "second").iterdir()
    checkpoints.write_text(checkpoints.read_text().replace('"time":"2', '"time":"3'))
    told = " ".join(referee("audit", "show", "P-1", "--audit", "audit").out.split())
    assert "was changed after it was signed" in told and "covers" not in told


def test_a_case_that_was_done_on_two_machines_is_told(referee: Command, tmp_path: Path) -> None:
    share = tmp_path / "share"
    for host in ("north", "south"):
        log = AuditLog(share / host, writer=f"{host}/1/a")
        of = log.append("decision", {"case": "A", "decision": "payments", "route": "auto"}).position
        log.append(
            "action", {"case": "A", "decision": "payments", "action": "pay", "status": "done", "of": of}
        )
        log.close()
    referee("audit", "merge", str(share), "--into", "central")
    said = " ".join(referee("audit", "show", "A", "--audit", "central").out.split())
    assert "payments: pay was done on two machines (" in said
    assert "; on north, log " in said and "; on south, log " in said
    found = referee("audit", "show", "A", "--audit", "central", "--json").json
    assert [each["host"] for each in found if each["kind"] == "action"] == ["north", "south"]
    assert len({each["origin"]["log"] for each in found}) == 2
    assert referee("audit", "export", "all.csv", "--audit", "central").code == 0
    rows = list(csv.DictReader(Path("all.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row["host"] for row in rows} == {"north", "south"} and all(row["log"] for row in rows)


def test_a_case_done_twice_in_one_log_is_told(referee: Command, desk: Path) -> None:
    log = AuditLog(desk / "output" / "audit")
    facts = {"case": "P-1", "decision": "payments", "route": "auto", "action": "pay", "queue": ""}
    for _ in range(2):
        of = log.append("decision", facts).position
        log.append("action", {**facts, "status": "done", "of": of, "result": None, "error": ""})
    said = " ".join(referee("audit", "show", "P-1").out.split())
    assert "payments: pay was done 2 times (record 1, record 3); see `referee audit verify --index`" in said


def test_the_story_tells_answers_erasures_and_changed_facts(referee: Command, desk: Path) -> None:
    log = AuditLog(desk / "audit")
    told = {"case": "P-2", "decision": "payments"}
    first = next(record for record in log.records() if record.payload.get("case") == "P-2")
    again = {**first.payload, "facts": {**first.payload["facts"], "amount": 9500}, "follows": first.position}
    of = log.append("decision", again).position
    pushed = {"model": [{"fact": "amount", "size": "0.31", "unit": "", "meaning": ""}]}
    log.append(
        "handoff", {**told, "queue": "managers", "reasons": [], "context": {"pushed": pushed}, "of": of}
    )
    log.append("answer", {**told, "answer": "approve", "by": "Ann", "note": "called them", "of": of})
    log.append("erasure", {**told, "facts": ["iban"], "records": [of], "by": "Bob", "reason": "asked for"})
    log.append(
        "action", {**told, "status": "failed", "action": "pay", "result": None, "error": "gone", "of": of}
    )
    log.append(
        "action", {**told, "status": "in doubt", "action": "pay", "result": None, "error": "", "of": of}
    )
    said = referee("audit", "show", "P-2", "--audit", "audit").out
    story = [
        "model was pushed by amount",
        "Ann answered approve: called them. (record 12)",
        "Bob erased iban: asked for. (record 13)",
        "Failed: pay: gone. (record 14)",
        "In doubt: the bot was stopped while at pay. (record 15)",
        "payments: the case is open: nobody knows whether its action was done",
    ]
    places = [said.find(text) for text in story]
    assert -1 not in places and places == sorted(places), said
    assert "changed" in said[places[-1] :]


def test_the_story_as_json_and_of_one_decision(referee: Command) -> None:
    found = referee("audit", "show", "P-1", "--audit", "audit", "--json")
    assert [record["kind"] for record in found.json] == ["decision", "action", "action"]
    assert found.json[0]["payload"]["facts"]["amount"] == 1200
    same = referee("audit", "show", "P-1", "--audit", "audit", "--decision", "payments", "--json")
    assert same.json == found.json
    other = referee("audit", "show", "P-1", "--audit", "audit", "--decision", "refunds", "--json")
    assert (other.code, other.json) == (1, [])
    other = referee("audit", "show", "P-1", "--audit", "audit", "--decision", "refunds")
    assert (other.code, other.out) == (
        1,
        "the log in audit has no record about case P-1 of a decision refunds; it has some of payments\n",
    )


def test_a_case_that_nobody_knows_ends_with_1(referee: Command) -> None:
    said = referee("audit", "show", "Q-777777", "--audit", "audit")
    assert (said.code, said.out) == (1, "the log in audit has no record about case Q-777777\n")
    said = referee("audit", "show", "p-2", "--audit", "audit")
    assert (said.code, said.out) == (1, "the log in audit has no record about case p-2; did you mean P-2?\n")

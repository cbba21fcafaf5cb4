"""Logged cases are decided again: equal by the versions of then, counted by others, never guessed."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, keys_folder
from referee.audit.merging import Collector
from referee.audit.shipping import ship
from referee.domain import AuditError, Case, InputError
from referee.engine import Referee, replay
from referee.engine.erasing import erase_case
from referee.workbook import FactDefinition
from referee.workbook.cell_value import UnreadableCell
from tests.unit.engine.limits import GOOD, RULES, write_limits

LOAN: dict[str, Any] = {
    **dict.fromkeys(("phist", "selfemp", "insurance", "condomin", "single", "afam"), "no"),
    "hschool": "yes",
    "chist": 1,
    "mhist": 1,
    "pirat": Decimal("0.3"),
    "hirat": Decimal("0.2"),
    "lvrat": Decimal("0.7"),
    "unemp": Decimal("3.9"),
}
HIGHER = (
    ('"DE","FR"', "<= 9000", "auto", "pay", None, "within the limit"),
    ('"DE","FR"', "> 9000", *RULES[1][2:]),
    RULES[2],
)
ODD: tuple[dict[str, Any], ...] = (
    {},
    {"amount": 9000},
    {"amount": "1234.50"},
    {"amount": Decimal("12.30")},
    {"country": "CH"},
    {"amount": None},
    {"amount": " abc "},
    {"amount": "1.234"},
    {"amount": float("nan")},
    {"amount": True},
    {"amount": [1, 2]},
    {"amount": -1},
    {"amount": 10**400},
    {"country": 7},
    {"country": "XX"},
    {"country": True},
    {"country": date(2026, 1, 2)},
    {"country": datetime(2026, 1, 2, 3)},
    {"country": UnreadableCell("is a formula without a value")},
    {"amount": UnreadableCell("is an error of Excel")},
    {"payment": "another"},
    {"payment ": "P-1"},
    {"account": "DE02-1203"},
    {"days open": 3},
)


def cases() -> list[Case]:
    odd = [
        Case(f"P-{number}", {**GOOD, "payment": f"P-{number}", **facts}) for number, facts in enumerate(ODD)
    ]
    missing = [
        Case(f"M-{name}", {key: value for key, value in GOOD.items() if key not in ("payment", name)})
        for name in GOOD
    ]
    close = [Case("C-1", {"payment": "C-1", "country": "DE", "Amout": 3})]
    return [*odd, *missing, *close]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    workbook = write_limits(tmp_path / "tables" / "payments.xlsx")
    decided = list(Referee(workbook, audit=tmp_path / "audit").decide_many(cases()))
    assert len(decided) == len(cases())
    return tmp_path / "audit"


def test_every_case_comes_out_equal_by_the_versions_of_then(log: Path) -> None:
    found = replay(log, versions=[log.parent / "tables"])
    assert (found.equal, found.different, dict(found.not_replayed)) == (len(cases()), 0, {})
    assert 0 < found.as_recorded < len(cases())
    assert found.unread == 1


def test_a_workbook_under_another_name_is_the_same_workbook(log: Path) -> None:
    (log.parent / "tables" / "payments.xlsx").rename(log.parent / "tables" / "payments-1.xlsx")
    found = replay(log, versions=[log.parent / "tables"])
    assert (found.equal, found.different) == (len(cases()), 0)


def test_decisions_of_several_versions_are_each_decided_by_their_own(log: Path) -> None:
    later = write_limits(log.parent / "tables" / "later.xlsx", HIGHER, version="2")
    again = [
        Case(f"N-{number}", {**case.facts, "payment": f"N-{number}"})
        for number, case in enumerate(cases())
        if number < 15
    ]
    list(Referee(later, audit=log).decide_many(again))
    found = replay(log, versions=[log.parent / "tables"])
    assert (found.equal, found.different) == (len(cases()) + 15, 0)


def test_a_version_that_is_not_found_is_counted_and_named(log: Path) -> None:
    write_limits(log.parent / "tables" / "payments.xlsx", HIGHER, version="2")
    found = replay(log, versions=[log.parent / "tables"])
    assert found.replayed == 0
    [(reason, count)] = found.not_replayed.items()
    assert count == len(cases())
    assert reason.startswith("the workbook of version 1 (")
    assert reason.endswith("isn't among the versions")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_earlier_version_is_found_in_the_history_of_git(log: Path) -> None:
    folder = log.parent / "tables"

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    (folder / "payments.xlsx").unlink()
    write_limits(folder / "new name äöü.xlsx", HIGHER, version="2")
    git("add", "--all", ".")
    git("commit", "--quiet", "-m", "second")
    found = replay(log, versions=[folder])
    assert (found.equal, found.different, dict(found.not_replayed)) == (len(cases()), 0, {})


def test_another_workbook_tells_which_cases_go_elsewhere(log: Path) -> None:
    other = write_limits(log.parent / "higher.xlsx", HIGHER, version="2")
    found = replay(log, workbook=other)
    assert (found.different, found.elsewhere) == (1, 1)
    [difference] = found.differences
    assert (difference.case_id, difference.went, difference.goes) == ("P-1", "human, managers", "auto, pay")
    assert dict(found.moves) == {("human, managers", "auto, pay"): 1}
    assert dict(found.by_rule) == {"routing, rule 1 (higher.xlsx, sheet routing, cell A4)": 1}


def test_another_workbook_that_only_says_it_otherwise_is_a_difference_that_goes_nowhere_else(
    log: Path,
) -> None:
    words = tuple((*rule[:5], f"{rule[5]} now") for rule in RULES)
    found = replay(log, workbook=write_limits(log.parent / "words.xlsx", words), case="P-0")
    [difference] = found.differences
    assert (difference.goes_elsewhere, sorted(difference.logged)) == (False, ["outputs", "reasons"])
    assert difference.now["reasons"] == ["within the limit now"]


def test_a_workbook_that_is_not_in_force_can_be_replayed(log: Path) -> None:
    other = write_limits(log.parent / "future.xlsx", effective_from=date(2999, 1, 1))
    assert replay(log, workbook=other).different == 0


def test_decisions_of_another_name_are_left_out(log: Path) -> None:
    other = write_limits(log.parent / "loans.xlsx", name="loans")
    found = replay(log, workbook=other)
    assert (found.replayed, found.others) == (0, len(cases()))


def test_case_time_and_number_choose_what_is_decided_again(log: Path) -> None:
    tables = [log.parent / "tables"]
    assert replay(log, versions=tables, case="P-3").replayed == 1
    assert replay(log, versions=tables, limit=4).replayed == 4
    times = [record.time for record in AuditLog(log, read_only=True).records() if record.kind == "decision"]
    assert replay(log, versions=tables, start=times[0][:4], end="2999").replayed == len(times)
    assert replay(log, versions=tables, start=times[5]).replayed == sum(time >= times[5] for time in times)
    assert replay(log, versions=tables, end="2020").replayed == 0


def test_a_case_that_changed_after_it_was_taken_up_is_equal(tmp_path: Path) -> None:
    workbook = write_limits(tmp_path / "payments.xlsx")
    referee = Referee(workbook, audit=tmp_path / "audit")
    first = referee.decide("P-1", GOOD)
    assert referee.log is not None
    assert first.receipt is not None
    about = {"case": "P-1", "decision": "payments", "of": first.receipt.position}
    referee.log.append("action", {**about, "status": "done", "action": "pay", "result": None, "error": ""})
    assert referee.decide("P-1", {**GOOD, "amount": 7}).route == "human"
    assert replay(tmp_path / "audit", versions=[workbook]).equal == 2


def test_a_decision_that_asks_the_clock_is_decided_at_its_time(tmp_path: Path) -> None:
    rules = (("-", "-", "auto", "pay", None, '"on " + string(today())'),)
    workbook = write_limits(tmp_path / "payments.xlsx", rules)
    Referee(workbook, audit=tmp_path / "audit").decide("P-1", GOOD)
    assert replay(tmp_path / "audit", versions=[workbook]).equal == 1


# --- what can't be read


SECRETS = (
    FactDefinition("sealed", "number", sensitive=True, logged_as="encrypt"),
    FactDefinition("hashed", "string", sensitive=True),
    FactDefinition("masked", "string", sensitive=True, logged_as="mask 2"),
)


def private(folder: Path, column: str) -> Path:
    """A log of three cases whose rules use one of the hidden facts."""
    expression = {"sealed": "sealed > 10", "hashed": 'hashed = "x"', "masked": 'masked = "x"'}[column]
    rules = (("-", "-", "auto", "pay", None, f'if {expression} then "yes" else "no"'),)
    workbook = write_limits(folder / "private.xlsx", rules, more_facts=SECRETS)
    hidden = {"sealed": Decimal("12.50"), "hashed": "x", "masked": "xyz"}
    facts = [Case(f"P-{number}", {**GOOD, "payment": f"P-{number}", **hidden}) for number in range(3)]
    list(Referee(workbook, audit=folder / "audit").decide_many(facts))
    return workbook


@pytest.mark.parametrize(("column", "how"), [("hashed", "hash"), ("masked", "mask")])
def test_facts_that_the_log_cannot_give_back_are_counted_never_guessed(
    tmp_path: Path, column: str, how: str
) -> None:
    workbook = private(tmp_path, column)
    found = replay(tmp_path / "audit", versions=[workbook])
    assert found.replayed == 0
    assert dict(found.not_replayed) == {f"the rules use `{column}`, and the log holds only a {how} of it": 3}


def test_encrypted_facts_are_decided_again_where_the_keys_are(tmp_path: Path) -> None:
    workbook = private(tmp_path, "sealed")
    assert replay(tmp_path / "audit", versions=[workbook]).equal == 3
    elsewhere = keys_folder(tmp_path / "audit").rename(tmp_path / "safe")
    found = replay(tmp_path / "audit", versions=[workbook])
    [(reason, count)] = found.not_replayed.items()
    assert (found.replayed, count) == (0, 3)
    assert "it is encrypted, and" in reason
    assert replay(tmp_path / "audit", versions=[workbook], keys=elsewhere).equal == 3


def test_an_erased_case_is_told_from_one_that_differs(tmp_path: Path) -> None:
    workbook = private(tmp_path, "sealed")
    log = AuditLog(tmp_path / "audit")
    about = {"case": "P-1", "decision": "payments", "of": 1}
    log.append("action", {**about, "status": "done", "action": "pay", "result": None, "error": ""})
    erase_case(log, "P-1", by="Ada", reason="asked by letter")
    first = next(record for record in log.records() if record.kind == "erasure")
    log.append("erasure", {**first.payload, "by": "Bob", "reason": "once more"})
    found = replay(tmp_path / "audit", versions=[workbook])
    assert (found.equal, found.different) == (2, 0)
    assert dict(found.not_replayed) == {"the rules use `sealed`, and it was erased": 1}
    assert found.erased["P-1"].endswith("by Ada because: asked by letter")


def test_hidden_facts_that_no_rule_uses_are_no_obstacle(tmp_path: Path) -> None:
    workbook = private(tmp_path, "sealed")
    found = replay(tmp_path / "audit", versions=[workbook])
    assert (found.equal, found.as_recorded, found.unread) == (3, 0, 3)


# --- what isn't as it was written


def test_a_changed_log_is_refused(log: Path) -> None:
    path = log / "audit.jsonl"
    path.write_bytes(
        path.read_bytes().replace(b'"country":"DE","amount":9000', b'"country":"DE","amount":1000')
    )
    with pytest.raises(AuditError, match="isn't what was written"):
        replay(log, versions=[log.parent / "tables"])


def test_a_log_whose_decision_was_another_is_found_out_though_its_chain_holds(tmp_path: Path) -> None:
    workbook = write_limits(tmp_path / "payments.xlsx")
    referee = Referee(workbook, audit=tmp_path / "audit")
    payload = referee.payload(referee.evaluate(Case("P-1", GOOD)))
    payload |= {"route": "human", "queue": "friends", "follows": None}
    AuditLog(tmp_path / "forged").append("decision", payload)
    [difference] = replay(tmp_path / "forged", versions=[workbook]).differences
    assert dict(difference.logged) == {"route": "human", "queue": "friends"}
    assert dict(difference.now) == {"route": "auto", "queue": ""}


def test_a_record_whose_parts_stand_in_another_order_is_read_all_the_same(tmp_path: Path) -> None:
    workbook = write_limits(tmp_path / "payments.xlsx")
    referee = Referee(workbook, audit=tmp_path / "audit")
    payload = referee.payload(referee.evaluate(Case("P-1", GOOD))) | {"follows": None}
    AuditLog(tmp_path / "other").append("decision", dict(sorted(payload.items())))
    assert replay(tmp_path / "other", versions=[workbook]).equal == 1


def test_texts_that_look_like_the_seams_of_a_record_are_texts(tmp_path: Path) -> None:
    rules = (("-", "-", "auto", "pay", None, "(note)"),)
    note = FactDefinition("note", "string")
    workbook = write_limits(tmp_path / "payments.xlsx", rules, more_facts=(note,))
    seams = (
        '","facts_sha256":"'
        + "0" * 64
        + '","versions":{"workbook_version":1},"follows":3,"code":"case-changed"'
    )
    Referee(workbook, audit=tmp_path / "audit").decide("P-1", {**GOOD, "note": seams})
    assert replay(tmp_path / "audit", versions=[workbook]).equal == 1


def test_facts_may_have_the_names_of_seams(tmp_path: Path) -> None:
    facts = tuple(FactDefinition(name, "string") for name in ("facts_sha256", "versions", "follows"))
    workbook = write_limits(tmp_path / "payments.xlsx", more_facts=facts)
    said = {"facts_sha256": "f" * 64, "versions": "1", "follows": "2"}
    Referee(workbook, audit=tmp_path / "audit").decide("P-1", {**GOOD, **said})
    assert replay(tmp_path / "audit", versions=[workbook]).equal == 1


def test_a_merged_log_is_decided_again_too(log: Path) -> None:
    (log.parent / "share").mkdir()
    ship(log, log.parent / "share")
    central = AuditLog(log.parent / "central")
    Collector(log.parent / "share", central).merge()
    found = replay(central.folder, versions=[log.parent / "tables"])
    assert (found.equal, found.different) == (len(cases()), 0)


def test_a_place_that_is_not_there_is_said(log: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such file or folder"):
        replay(log, versions=[log.parent / "nowhere"])
    with pytest.raises(InputError, match="there is no audit log in"):
        replay(log.parent / "tables")


def test_the_models_of_then_are_looked_for_in_several_folders(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    workbook = root / "decision_tables" / "loan_applications.xlsx"
    shutil.copytree(root / "models", tmp_path / "archive")
    shutil.copytree(root / "models", tmp_path / "models")
    loans = Referee(workbook, models=tmp_path / "models", audit=tmp_path / "audit")
    loans.decide("1", {"rownames": "1", **LOAN})
    card = tmp_path / "models" / "loan_denial" / "card.json"
    card.write_text(card.read_text("utf-8").replace('"version": "', '"version": "9.'), "utf-8")
    now, archive = tmp_path / "models", tmp_path / "archive"
    for models, equal in (([now], 0), ([archive], 1), ([now, archive], 1)):
        found = replay(tmp_path / "audit", versions=[workbook], models=models)
        assert (found.equal, found.different) == (equal, 0), found.not_replayed
    (reason,) = replay(tmp_path / "audit", versions=[workbook], models=[now, now]).not_replayed
    assert reason.endswith(f"isn't in {now}, {now}")

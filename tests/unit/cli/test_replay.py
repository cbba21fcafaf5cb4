"""`referee replay` and `referee audit erase`, as people use them."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.audit import AuditLog
from referee.workbook import FactDefinition
from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import RULES, write_limits

HIGHER = (
    ('"DE","FR"', "<= 9000", "auto", "pay", None, "within the limit"),
    ('"DE","FR"', "> 9000", *RULES[1][2:]),
    RULES[2],
)


@pytest.fixture
def logged(referee: Command, desk: Path) -> Path:
    cases = "payment,country,amount,account\nP-1,DE,1200,DE02-1203\nP-2,FR,9000,\nP-3,CH,10,\nP-4,DE,,\n"
    (desk / "cases.csv").write_text(cases)
    assert referee("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "output/audit").code == 0
    return desk


def test_a_log_is_proved_by_deciding_it_again(referee: Command, logged: Path) -> None:
    said = referee("replay", "--versions", "payments.xlsx")
    assert said.code == 0
    assert said.out.startswith("output/audit, decided again: 4 equal, 0 different, 0 not decided again\n")


def test_another_workbook_tells_what_would_change(referee: Command, logged: Path) -> None:
    write_limits(logged / "higher.xlsx", HIGHER)
    said = referee("replay", "--workbook", "higher.xlsx")
    assert said.code == 1
    assert "3 equal, 1 different (1 go elsewhere), 0 not decided again" in said.out
    assert "       1  human, managers → auto, pay\n" in said.out
    assert "       1  routing, rule 1 (higher.xlsx, sheet routing, cell A4)\n" in said.out
    assert "  P-2 (record 1): human, managers → auto, pay; also reasons, outputs, rules\n" in said.out


def test_machines_get_all_of_it(referee: Command, logged: Path) -> None:
    write_limits(logged / "higher.xlsx", HIGHER)
    told = referee("replay", "--workbook", "higher.xlsx", "--json").json
    assert (told["equal"], told["different"], told["elsewhere"]) == (3, 1, 1)
    assert told["moves"] == [{"from": "human, managers", "to": "auto, pay", "cases": 1}]
    assert told["differences"][0]["case"] == "P-2"
    assert told["differences"][0]["now"]["route"] == "auto"


def test_differences_are_written_to_files(referee: Command, logged: Path) -> None:
    write_limits(logged / "higher.xlsx", HIGHER)
    assert referee("replay", "--workbook", "higher.xlsx", "--out", "changes.xlsx").code == 1
    sheet = load_workbook(logged / "changes.xlsx")["differences"]
    assert [cell.value for cell in sheet[3]][2:6] == ["P-2", "payments", "human, managers", "auto, pay"]
    assert referee("replay", "--workbook", "higher.xlsx", "--out", "changes.html").code == 1
    page = (logged / "changes.html").read_text("utf-8")
    assert "human, managers" in page
    assert "P-2" in page


def test_what_cannot_be_decided_again_is_said(referee: Command, logged: Path) -> None:
    write_limits(logged / "payments.xlsx", HIGHER)
    said = referee("replay", "--versions", "payments.xlsx")
    assert said.code == 2
    assert "0 equal, 0 different, 4 not decided again" in said.out
    assert "isn't among the versions" in said.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--audit", "folder"], "there is no audit log in folder; name its folder with --audit"),
        (["--versions", "nowhere"], "nowhere: there is no such file or folder; check its name"),
        (
            ["--workbook", "a.xlsx", "--versions", "."],
            "--workbook decides by one workbook, --versions by those of then",
        ),
        (["--out", "a.pdf"], "end the name with .xlsx or .html"),
        (["--case", "P-9"], "holds no such decision"),
        (["--to", "2020-02"], "holds no such decision"),
        (
            ["--from", "tomorrow"],
            "'tomorrow' is no time; write 2026-11, 2026-11-21 or 2026-11-21T14:30 (UTC)",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    referee: Command, logged: Path, arguments: list[str], complaint: str
) -> None:
    said = referee("replay", *arguments)
    assert said.code == 2
    assert complaint in said.err


def test_a_case_is_erased_and_its_story_says_so(referee: Command, logged: Path) -> None:
    log = AuditLog(logged / "output" / "audit")
    about = {"case": "P-1", "decision": "payments", "of": 0}
    log.append("action", {**about, "status": "done", "action": "pay", "result": None, "error": ""})
    said = referee("audit", "erase", "P-1", "--reason", "asked by letter", "--by", "Ada", "--yes")
    assert (said.code, said.out) == (0, "erased: account of case P-1 (payments)\n")
    story = referee("audit", "show", "P-1").out
    assert "erased" in story
    assert "Ada" in story
    assert "asked by letter" in story
    assert referee("audit", "verify", "output/audit").code == 0
    assert referee("replay", "--versions", "payments.xlsx").code == 0


def test_diff_reads_encrypted_facts_of_a_log_as_replay_does(referee: Command, desk: Path) -> None:
    secret = (FactDefinition("rating", "number", sensitive=True, logged_as="encrypt"),)
    for name, most in (("old.xlsx", 5), ("new.xlsx", 7)):
        queue = f'if rating <= {most} then "managers" else "clerks"'
        rules = (("-", "-", "human", None, queue, "rated"),)
        write_limits(desk / name, rules, more_facts=secret)
    (desk / "rated.csv").write_text("payment,country,amount,rating\nP-1,DE,1200,6\nP-2,DE,1200,8\n")
    assert referee("decide", "old.xlsx", "--cases", "rated.csv", "--audit", "output/audit").code == 0
    said = referee("diff", "old.xlsx", "new.xlsx", "--audit", "output/audit")
    assert "real cases: 1 of 2 go elsewhere\n" in said.out
    (desk / "output" / "audit.keys").rename(desk / "output" / "safe")
    said = referee("diff", "old.xlsx", "new.xlsx", "--audit", "output/audit")
    assert "2 cases of the log left out: facts that the rules use can't be read there" in said.out


def test_an_open_case_is_not_erased(referee: Command, logged: Path) -> None:
    said = referee("audit", "erase", "P-1", "--reason", "asked by letter", "--yes")
    assert said.complaint.startswith("case P-1 of payments is still open (decided); bring it to an end first")

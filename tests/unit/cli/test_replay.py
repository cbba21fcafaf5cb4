"""`referee replay` and `referee audit erase`, as people use them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.audit import AuditLog, CaseKeys, open_log
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


def rewritten(log: Path, position: int, old: bytes, new: bytes) -> None:
    """A record forged by somebody who makes all hashes anew."""
    lines, previous = [], b"0" * 64
    for number, line in enumerate((log / "audit.jsonl").read_bytes().splitlines()):
        body = line[: line.rindex(b',"previous":"')]
        if number == position:
            assert old in body
            body = body.replace(old, new)
        body += b',"previous":"' + previous + b'"'
        previous = sha256(body).hexdigest().encode()
        lines.append(body + b',"hash":"' + previous + b'"}\n')
    (log / "audit.jsonl").write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"workbook_sha256":"', b'"workbook_sha256":"00', "isn't one that Referee wrote"),
        (b'"country":"FR"', b'"country":"hmac-sha256:0123456789abcdef:00"', "hides `country` otherwise than"),
    ],
)
def test_a_forged_record_that_cannot_be_decided_again_is_no_proof(
    referee: Command, logged: Path, old: bytes, new: bytes, told: str
) -> None:
    rewritten(logged / "output" / "audit", 1, old, new)
    said = referee("replay", "--versions", "payments.xlsx")
    assert said.code != 0
    assert told in said.out + said.err


def test_a_version_that_is_missing_is_no_proof_unless_that_is_accepted(
    referee: Command, logged: Path
) -> None:
    log = logged / "output" / "audit"
    shown = sha256((logged / "payments.xlsx").read_bytes()).hexdigest().encode()
    rewritten(log, 1, shown, b"0" * 64)
    said = referee("replay", "--versions", "payments.xlsx")
    assert said.code == 1
    assert "3 equal, 0 different, 1 not decided again" in said.out
    assert "nothing is proved about 1 of them" in said.out
    assert referee("replay", "--versions", "payments.xlsx", "--allow-missing").code == 0
    assert referee("replay", "--versions", "payments.xlsx", "--json").json["missing"] == 1


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"route":"human"', b'"route":5', "payload.route"),
        (b'"case":"P-2"', b'"case":null', "payload.case"),
        (b'"amount":9000', b'"amount":NaN', "NaN is no JSON number"),
        (b'"versions":{', b'"versions":{"workbook_sha256":1,', "workbook_sha256` comes twice"),
    ],
)
def test_a_record_of_wrong_types_is_told_in_one_sentence(
    referee: Command, logged: Path, old: bytes, new: bytes, what: str
) -> None:
    log = logged / "output" / "audit"
    rewritten(log, 1, old, new)
    for arguments in (
        ("replay", "--versions", "payments.xlsx"),
        ("audit", "verify", str(log), "--contents"),
    ):
        said = referee(*arguments)
        assert said.code != 0
        assert what in said.out + said.err
        assert "Traceback" not in said.out + said.err
        assert "audit.jsonl" in said.out + said.err


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


def test_an_erasure_is_backed_by_a_checkpoint_and_said_again_only_on_the_terminal(
    referee: Command, logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(logged / "output" / "audit")
    about = {"case": "P-1", "decision": "payments", "of": 0}
    log.append("action", {**about, "status": "done", "action": "pay", "result": None, "error": ""})
    assert referee("audit", "key", "new", "bots").code == 0
    (logged / "second").mkdir()
    monkeypatch.setenv("REFEREE_CHECKPOINTS", "second")
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", "bots.key")
    erase = ("audit", "erase", "P-1", "--reason", "asked by letter", "--by")
    assert referee(*erase, "Ada", "--yes").code == 0
    count = len(list(log.records()))
    newest = [line for path in (logged / "second").iterdir() for line in path.read_text("utf-8").splitlines()]
    assert json.loads(newest[-1])["records"] == count
    again = referee(*erase, "Bob")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("case P-1 (payments) was already erased on ")
    assert again.out.endswith(" by Ada because: asked by letter\n")
    assert len(list(log.records())) == count


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "erase", "P-1", "--reason", "asked by letter", "--yes"),
        ("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "output/audit"),
    ],
)
def test_nothing_is_erased_or_decided_on_a_log_whose_end_was_cut_off(
    referee: Command, logged: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert referee("audit", "key", "new", "bots").code == 0
    (logged / "second").mkdir()
    monkeypatch.setenv("REFEREE_CHECKPOINTS", "second")
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", "bots.key")
    log = open_log(logged / "output" / "audit")
    about = {"case": "P-1", "decision": "payments", "of": 0}
    log.append("action", {**about, "status": "done", "action": "pay", "result": None, "error": ""})
    log.append("run", {"decision": "payments", "status": "finished", "bot": "b", "summary": {}})
    assert log.finish() == ()
    log.path.write_bytes(b"".join(log.path.read_bytes().splitlines(keepends=True)[:-1]))
    before = log.path.read_bytes(), CaseKeys(log.folder).of_cases("payments", ["P-1"])
    said = referee(*command)
    assert said.code == 2
    assert "isn't what its checkpoint of" in said.err
    assert (log.path.read_bytes(), CaseKeys(log.folder).of_cases("payments", ["P-1"])) == before


def test_an_erasure_tells_which_signs_masks_go_on_showing(referee: Command, desk: Path) -> None:
    secret = (FactDefinition("phone", "string", sensitive=True, logged_as="mask 2"),)
    write_limits(desk / "payments.xlsx", more_facts=secret)
    (desk / "cases.csv").write_text("payment,country,amount,phone\nP-1,DE,1200,+41446681800\n")
    assert referee("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "output/audit").code == 0
    about = {"case": "P-1", "decision": "payments", "of": 0}
    done = {**about, "status": "done", "action": "pay", "result": None, "error": ""}
    AuditLog(desk / "output" / "audit").append("action", done)
    said = referee("audit", "erase", "P-1", "--reason", "asked by letter", "--yes")
    assert "  masked facts keep what the mask shows: phone ***00\n" in said.out
    assert "(what the masks of phone show stays)" in " ".join(referee("audit", "show", "P-1").out.split())
    replayed = referee("replay", "--versions", "payments.xlsx").out
    assert "1 of the equal ones with facts that can't be read in the log, and that no rule uses" in replayed
    assert "doubts" not in replayed


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

"""`referee explain`: a case of a file, of typed facts, or of the audit log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from referee.engine import Referee
from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook
from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import write_limits

LOANS = Path(__file__).resolve().parents[3]
ACCOUNTS = (
    ("-", "null", "human", None, "desk", "No account."),
    ("<= 100", "-", "auto", "pay", None, "Little."),
    ("-", "-", "human", None, "desk", "Much."),
)


@pytest.fixture
def accounts(desk: Path) -> Path:
    """`accounts.xlsx`, whose rules use a sensitive fact."""
    write_workbook(
        desk / "accounts.xlsx",
        WorkbookDraft(
            Settings("accounts", "1", "treasury", "pay", "payment", "routing", "desk"),
            (
                FactDefinition("payment", "string"),
                FactDefinition("amount", "number"),
                FactDefinition("iban", "string", required=False, sensitive=True),
            ),
            (
                TableDraft(
                    "routing",
                    HitPolicy.FIRST,
                    ("amount", "iban"),
                    ("route", "action", "queue", "reason"),
                    ACCOUNTS,
                ),
            ),
        ),
    )
    return desk


def test_a_case_of_a_file(referee: Command) -> None:
    said = referee("explain", "payments.xlsx", "--cases", "cases.csv", "--case", "P-2")
    assert said.code == 0
    assert said.out.splitlines() == [
        "case P-2: human, managers (payments 1)",
        "  because: over the limit",
        "",
        "routing",
        "  rule 2 (payments.xlsx, sheet routing, cell A5)",
        '    country "DE","FR": it is "FR"',
        "    amount > 5000: it is 9000",
        "  nearly rule 1 (payments.xlsx, sheet routing, cell A4), but for",
        "    amount <= 5000: it is 9000",
        "  nearly rule 3 (payments.xlsx, sheet routing, cell A6), but for",
        '    country "CH": it is "FR"',
        "",
        "what would change the route",
        "  auto, pay: if amount were 5000 instead of 9000",
        '  exception, ask supplier: if country were "CH" instead of "FR"',
    ]


def test_doubt_is_told_as_such(referee: Command) -> None:
    out = referee("explain", "payments.xlsx", "--cases", "cases.csv", "--case", "P-4").out
    assert "  in doubt: the required fact `amount` is blank" in out.splitlines()
    assert re.search(r"^  auto, pay: if amount were \d+ instead of null$", out, flags=re.MULTILINE)


def test_facts_typed_on_the_command_line(referee: Command) -> None:
    facts = ("--facts", "country=DE", "--facts", "amount=1234.567", "--facts", "payment=X")
    out = referee("explain", "payments.xlsx", *facts).out
    assert out.startswith("auto, pay (payments 1)\n")
    assert "    amount <= 5000: it is 1234.567" in out


def test_json(referee: Command) -> None:
    told = referee("explain", "payments.xlsx", "--cases", "cases.csv", "--case", "P-2", "--json").json
    assert (told["route"], told["recorded"], told["all_pairs"]) == ("human", None, True)
    assert told["nodes"][0]["rules"][0]["cells"][1] == {
        "column": "amount",
        "cell": "> 5000",
        "place": "payments.xlsx, sheet routing, cell C5",
        "value": 9000,
        "references": {},
    }
    assert told["changes"][0]["changes"] == [
        {"name": "amount", "kind": "fact", "before": 9000, "after": 5000}
    ]


def test_the_page_marks_the_rule_and_loads_nothing(referee: Command, desk: Path) -> None:
    said = referee("explain", "payments.xlsx", "--cases", "cases.csv", "--case", "P-2", "--html", "why.html")
    assert said.out.endswith("written to why.html\n")
    text = (desk / "why.html").read_text("utf-8")
    assert (
        re.search(r'<tr class="fired">\s*<th scope="row">2</th>', text) and text.count('class="fired"') == 1
    )
    assert "amount were 5000 instead of 9000" in text


def test_sensitive_values_are_printed_only_on_request(referee: Command, accounts: Path) -> None:
    facts = ("--facts", "payment=X", "--facts", "amount=50", "--facts", "iban=DE99")
    hidden = referee("explain", "accounts.xlsx", *facts)
    assert "DE99" not in hidden.out and "human, desk: if iban had another value" in hidden.out
    assert "DE99" not in referee("explain", "accounts.xlsx", *facts, "--json").out
    referee("explain", "accounts.xlsx", *facts, "--html", "why.html")
    assert "DE99" not in (accounts / "why.html").read_text("utf-8")
    assert (
        'iban were null instead of "DE99"'
        in referee("explain", "accounts.xlsx", *facts, "--show-sensitive").out
    )


def test_a_decision_of_the_log_is_explained_by_the_workbook_that_made_it(
    referee: Command, desk: Path
) -> None:
    assert referee("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "audit").code == 0
    said = referee("explain", "payments.xlsx", "--audit", "audit", "--case", "P-2")
    assert said.code == 0
    assert "    amount > 5000: it is 9000" in said.out
    assert re.search(
        r"decided so on ....-..-.. at ..:..:.. UTC, record 1 of the log, by this very workbook\n", said.out
    )


def test_a_decision_of_another_workbook_is_told_as_recorded(referee: Command, desk: Path) -> None:
    assert referee("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "audit").code == 0
    write_limits(desk / "payments.xlsx", version="2")
    said = referee("explain", "payments.xlsx", "--audit", "audit", "--case", "P-2")
    lines = said.out.splitlines()
    assert lines[:3] == [
        "case P-2: human, managers (payments 1)",
        "  reason: over the limit",
        "  routing, rule 2 (payments.xlsx, sheet routing, cell A5)",
    ]
    assert lines[-1].startswith("the workbook has changed since: then version 1, sha256 ")
    assert "payments.xlsx is version 2" in lines[-1]
    told = referee("explain", "payments.xlsx", "--audit", "audit", "--case", "P-2", "--json").json
    assert told["recorded"]["same_workbook"] is False


def test_a_recorded_decision_that_needs_hidden_facts_is_told_as_recorded(
    referee: Command, accounts: Path
) -> None:
    Referee("accounts.xlsx", audit="audit").decide("X", {"payment": "X", "amount": 50, "iban": "DE99"})
    said = referee("explain", "accounts.xlsx", "--audit", "audit", "--case", "X")
    assert said.out.startswith("case X: auto, pay (accounts 1)\n")
    assert "  reason: Little." in said.out and "DE99" not in said.out
    assert said.out.endswith(
        "the rules use `iban`, and the log holds only a hash of it; so the case is told as it was recorded, and not "
        "decided again\n"
    )


def test_a_recorded_case_is_not_decided_again_without_a_required_fact(referee: Command, desk: Path) -> None:
    owner = FactDefinition("owner", "string", sensitive=True)
    write_limits(desk / "owned.xlsx", more_facts=(owner,), name="owned")
    facts = {"payment": "X", "country": "DE", "amount": 6000, "owner": "Ada Lovelace"}
    Referee("owned.xlsx", audit="audit").decide("X", facts)
    said = referee("explain", "owned.xlsx", "--audit", "audit", "--case", "X")
    assert said.out.startswith(
        "case X: human, managers (owned 1)\n  reason: over the limit\n  routing, rule 2"
    )
    assert "in doubt" not in said.out and "Ada" not in said.out
    assert (
        "every case must bring `owner`, and the log doesn't show it; so the case is told as it was"
        in said.out
    )


def test_the_latest_decision_of_the_log_counts(referee: Command, desk: Path) -> None:
    decider = Referee("payments.xlsx", audit="audit")
    decider.decide("P-1", {"payment": "P-1", "country": "DE", "amount": 1})
    decider.decide("P-1", {"payment": "P-1", "country": "DE", "amount": 6000})
    said = referee("explain", "payments.xlsx", "--audit", "audit", "--case", "P-1")
    assert said.out.startswith("case P-1: human, managers")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "name the case by --cases and --case, by --facts, or by --audit and --case"),
        (("--cases", "cases.csv", "--audit", "audit", "--case", "P-1"), "one of them"),
        (("--cases", "cases.csv"), "say which case"),
        (("--cases", "cases.csv", "--case", "P-11"), "there is no case `P-11` (did you mean `P-1`?)"),
        (("--audit", "folder", "--case", "P-1"), "there is no audit log in folder"),
        (("--facts", "amount"), "write the fact as NAME=VALUE"),
        (("--facts", "amuont=3"), "`amuont` is no fact of payments (did you mean `amount`?)"),
    ],
)
def test_a_case_that_cannot_be_found_is_one_sentence(
    referee: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in referee("explain", "payments.xlsx", *arguments).complaint


def test_a_case_the_log_does_not_know(referee: Command) -> None:
    assert referee("decide", "payments.xlsx", "--cases", "cases.csv", "--audit", "audit").code == 0
    said = referee("explain", "payments.xlsx", "--audit", "audit", "--case", "P-9")
    assert said.complaint == "the log in audit has no decision payments about case P-9"


LOAN = [
    "pirat=0.45",
    "hirat=0.25",
    "lvrat=0.85",
    "chist=1",
    "mhist=1",
    "phist=no",
    "unemp=3.9",
    "selfemp=no",
    "insurance=no",
    "condomin=no",
    "single=no",
    "hschool=yes",
]


def test_a_score_is_told_with_the_facts_that_pushed_it_in_the_words_of_the_data_dictionary(
    referee: Command, tmp_path: Path
) -> None:
    facts = [part for fact in LOAN for part in ("--facts", fact)]
    asked = ("explain", str(LOANS / "decision_tables" / "loan_applications.xlsx"), *facts)
    models = ("--models", str(LOANS / "models"))
    out = referee(*asked, *models).out
    assert re.search(
        r"^  pirat 0\.45 \(payments on all debts as a share of income\) pushed away from no "
        "\\(\N{MINUS SIGN}0\\.\\d\\d\\)$",
        out,
        flags=re.MULTILINE,
    )
    referee(*asked, *models, "--html", str(tmp_path / "why.html"))
    assert "pushed away from no" in (tmp_path / "why.html").read_text("utf-8")
    said = json.loads(referee(*asked, *models, "--json").out)
    [score] = [node for node in said["nodes"] if node["kind"] == "model"]
    sizes = {push["fact"]: push["size"] for push in score["pushed"]}
    assert sizes["pirat"] < 0 < sizes["chist"]
    assert len(sizes) == 5


def test_a_fact_that_cannot_be_read_is_told_as_it_was_given(referee: Command) -> None:
    facts = ("--facts", "payment=X", "--facts", "country=DE", "--facts", "amount=abc")
    said = referee("explain", "payments.xlsx", *facts)
    assert re.search(r'auto, pay: if amount were [0-9]+ instead of "abc"', said.out)
    assert "instead of null" not in said.out

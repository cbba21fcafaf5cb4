"""`referee diff` between two workbooks: what changed, what it means, and which real cases go elsewhere."""

from __future__ import annotations

from pathlib import Path

from openpyxl import load_workbook

from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import RULES, write_limits

HIGHER = (
    ('"DE","FR"', "<= 6000", "auto", "pay", None, "within the limit"),
    ('"DE","FR"', "> 6000", "human", None, "managers", "over the limit"),
    RULES[2],
)


def test_nothing_changed_is_proved(referee: Command, desk: Path) -> None:
    write_limits(desk / "same.xlsx")
    said = referee("diff", "payments.xlsx", "same.xlsx")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "payments.xlsx → same.xlsx: no changes\nwhat it means: proved, every case is decided as before\n"
    )


def test_a_raised_limit_is_told_by_rule_and_by_region(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER, version="2")
    said = referee("diff", "payments.xlsx", "higher.xlsx")
    assert said.code == 1
    assert "changed  decision: version: 1 is now 2" in said.out
    assert "changed  routing (C4): rule 1: amount: <= 5000 is now <= 6000" in said.out
    assert 'country: "DE", "FR", amount: (5000..6000]: human, managers → auto, pay' in said.out
    assert 'case  country = "DE", amount = 5001' in said.out


def test_machines_get_the_regions_with_both_decisions(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER)
    found = referee("diff", "payments.xlsx", "higher.xlsx", "--json").json
    (region,) = found["regions"]
    assert region["where"] == {"country": '"DE", "FR"', "amount": "(5000..6000]"}
    assert (region["old"]["queue"], region["new"]["action"]) == ("managers", "pay")
    assert [change["kind"] for change in found["changes"]] == ["changed", "changed"]
    assert (found["unproved"], found["cases"]) == ([], None)


def test_rules_are_told_as_added_removed_and_moved(referee: Command, desk: Path) -> None:
    more = (RULES[2], RULES[0], ('"DE","FR"', "[6000..9000]", "exception", "wait", None, "hold"))
    write_limits(desk / "other.xlsx", more)
    said = referee("diff", "payments.xlsx", "other.xlsx")
    kinds = {
        change["kind"] for change in referee("diff", "payments.xlsx", "other.xlsx", "--json").json["changes"]
    }
    assert said.code == 1 and {"added", "removed", "moved"} <= kinds
    assert '"DE", "FR", amount: (5000..6000), (9000..100000]: human, managers → human, clerks' in said.out


def test_real_cases_that_go_elsewhere_are_counted_and_listed(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER)
    (desk / "more.csv").write_text(
        "payment,country,amount\nP-1,DE,1200\nP-2,FR,5500\nP-3,DE,5999\nP-4,CH,1\n"
    )
    said = referee("diff", "payments.xlsx", "higher.xlsx", "--cases", "more.csv")
    assert "real cases: 2 of 4 go elsewhere\n       2  human, managers → auto, pay\n" in said.out
    assert "  P-2: human, managers → auto, pay\n  P-3: human, managers → auto, pay\n" in said.out


def test_cases_of_an_audit_log_are_decided_again(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER)
    (desk / "more.csv").write_text("payment,country,amount\nP-1,DE,1200\nP-2,FR,5500\n")
    assert referee("decide", "payments.xlsx", "--cases", "more.csv", "--audit", "log").code == 0
    found = referee("diff", "payments.xlsx", "higher.xlsx", "--audit", "log", "--json").json["cases"]
    assert (found["decided"], [each["case"] for each in found["moved"]]) == (2, ["P-2"])


def test_the_report_shows_meaning_cases_and_changes(referee: Command, desk: Path) -> None:
    write_limits(desk / "higher.xlsx", HIGHER)
    assert (
        referee("diff", "payments.xlsx", "higher.xlsx", "--cases", "cases.csv", "--html", "d.html").code == 1
    )
    html = (desk / "d.html").read_text(encoding="utf-8")
    assert "<span>amount</span> <code>(5000..6000]</code>" in html and "&lt;= 5000 is now &lt;= 6000" in html
    assert "of 4 real cases go elsewhere" in html


def test_a_workbook_that_cannot_be_read_gets_its_faults(referee: Command, desk: Path) -> None:
    write_limits(desk / "faulty.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = referee("diff", "payments.xlsx", "faulty.xlsx")
    assert said.code == 2 and "`>>= 10`" in said.err


def test_a_folder_without_a_log_is_told(referee: Command) -> None:
    said = referee("diff", "payments.xlsx", "payments.xlsx", "--audit", "nowhere")
    assert "nowhere: there is no audit log in this folder" in said.complaint


def test_a_sheet_of_no_cases_is_refused(referee: Command) -> None:
    said = referee("diff", "payments.xlsx", "payments.xlsx", "--sheet", "March")
    assert "--sheet names the sheet of the cases" in said.complaint


def test_a_workbook_that_git_added_or_removed_is_all_change(referee: Command) -> None:
    added, removed = (
        referee("diff", "/dev/null", "payments.xlsx"),
        referee("diff", "payments.xlsx", "/dev/null"),
    )
    assert (added.code, removed.code) == (1, 1)
    assert "added    routing (A1): the table is new, with 3 rules" in added.out
    assert "removed  routing (A1): the table is gone" in removed.out
    assert "proved, every case" not in added.out + removed.out


def test_a_changed_remark_is_told_with_its_own_cell(referee: Command, desk: Path) -> None:
    workbook = load_workbook(desk / "payments.xlsx")
    sheet = workbook["routing"]
    sheet["H2"], sheet["H3"] = "annotation", "note"
    sheet["H4"] = "as ever"
    workbook.save(desk / "old.xlsx")
    sheet["H4"] = "as agreed in May"
    workbook.save(desk / "new.xlsx")
    said = referee("diff", "old.xlsx", "new.xlsx")
    assert "changed  routing (H4): rule 1: note: as ever is now as agreed in May" in said.out

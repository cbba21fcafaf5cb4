"""`referee diff` between two workbooks: what changed, what it means, and which real cases go elsewhere."""

from __future__ import annotations

from pathlib import Path

from openpyxl import load_workbook

from referee.workbook import FactDefinition
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
    assert "changed  decision (B2): Version: 1 is now 2" in said.out
    assert "changed  routing (C4): rule 1: amount: <= 5000 is now <= 6000" in said.out
    assert 'country: "DE", "FR", amount: (5000..6000]\n    goes  human, managers → auto, pay\n' in said.out
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
    assert (
        '"DE", "FR", amount: (5000..6000), (9000..100000]\n    goes  human, managers → human, clerks\n'
        in said.out
    )


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


def with_cells(source: str, target: str, cells: dict[str, str]) -> None:
    workbook = load_workbook(source)
    for place, text in cells.items():
        sheet, cell = place.split("!")
        workbook[sheet][cell] = text
    workbook.save(target)


def test_a_setting_is_told_by_its_label_and_cell(referee: Command) -> None:
    with_cells("payments.xlsx", "new.xlsx", {"Decision!B7": "managers"})
    said = referee("diff", "payments.xlsx", "new.xlsx")
    assert "changed  decision (B7): In doubt: clerks is now managers" in said.out


def test_a_renamed_fact_is_one_change_and_leaves_no_region(referee: Command, desk: Path) -> None:
    with_cells("payments.xlsx", "new.xlsx", {"Facts!A4": "total", "routing!C3": "total"})
    found = referee("diff", "payments.xlsx", "new.xlsx", "--json").json
    assert [each["text"] for each in found["changes"]] == ["`amount` is called `total` now"]
    assert found["regions"] == []
    assert found["unproved"] == [
        "`amount` is called `total` now: a case that brings it by the other name is without it"
    ]
    (desk / "more.csv").write_text("payment,country,total\nP-1,DE,1200\nP-2,FR,9000\n")
    said = referee("diff", "payments.xlsx", "new.xlsx", "--cases", "more.csv")
    assert "no case was found that is decided differently, but not all is proved" in said.out
    assert "real cases: 0 of 2 go elsewhere" in said.out


def test_cases_may_bring_a_renamed_case_id_by_its_old_name(referee: Command) -> None:
    with_cells("payments.xlsx", "new.xlsx", {"Facts!A2": "payment id", "Decision!B5": "payment id"})
    said = referee("diff", "payments.xlsx", "new.xlsx", "--cases", "cases.csv")
    assert "changed  facts (A2): `payment` is called `payment id` now" in said.out
    assert "real cases: 0 of 4 go elsewhere" in said.out


def test_a_renamed_fact_with_another_limit_tells_both(referee: Command) -> None:
    cells = {"Facts!A4": "total", "routing!C3": "total", "routing!C4": "<= 6000", "routing!C5": "> 6000"}
    with_cells("payments.xlsx", "new.xlsx", cells)
    said = referee("diff", "payments.xlsx", "new.xlsx")
    assert "changed  routing (C4): rule 1: total: <= 5000 is now <= 6000" in said.out
    assert 'country: "DE", "FR", total: (5000..6000]\n    goes  human, managers → auto, pay\n' in said.out


def test_another_column_that_tests_nothing_changes_no_rule(referee: Command) -> None:
    cells = {
        "Facts!A4": "total",
        "Facts!B4": "string",
        "Facts!C4": "",
        "routing!C3": "total",
        "routing!A2": "F",
    }
    cells |= {f"routing!C{row}": "-" for row in (4, 5, 6)}
    with_cells("payments.xlsx", "new.xlsx", cells)
    said = referee("diff", "payments.xlsx", "new.xlsx")
    assert "removed  facts (A4): `amount`" in said.out and "added    facts (A4): `total`" in said.out
    assert "rule 1: amount: <= 5000 is now -\n" in said.out
    assert "rule 3" not in said.out


def test_another_reason_alone_has_a_heading_of_its_own(referee: Command, desk: Path) -> None:
    write_limits(desk / "new.xlsx", (*RULES[:2], (*RULES[2][:-1], "abroad")))
    said = referee("diff", "payments.xlsx", "new.xlsx", "--cases", "cases.csv", "--html", "d.html")
    assert "what it means: proved, every case goes where it went\n" in said.out
    assert "same route, other reason: 1 region; --json and --html list them" in said.out
    html = (desk / "d.html").read_text("utf-8")
    assert "<h3>Same route, other reason</h3>" in html and "Each goes where it went." in html
    before, now = html.index("foreign</td>"), html.index("abroad</td>")
    assert '<th scope="row">now</th>' in html[before:now]


def test_example_cases_bring_every_required_fact_and_say_what_is_missing(
    referee: Command, desk: Path
) -> None:
    currency = FactDefinition("currency", "string", '"EUR"')
    write_limits(desk / "new.xlsx", HIGHER, more_facts=(currency,))
    found = referee("diff", "payments.xlsx", "new.xlsx", "--json").json
    assert {"payment", "country", "amount", "currency"} == set(found["regions"][0]["case"])
    for region in found["regions"]:
        refused = region["case"]["currency"] != "EUR"
        assert bool(region["note"]) == refused
        if refused:
            assert region["note"].startswith("it goes to people now whatever the tables say: ")
            assert "`currency`" in region["note"]
    assert any(region["case"]["currency"] == "EUR" for region in found["regions"])


def test_a_copy_of_a_table_that_allows_few_values_is_proved_to_decide_alike(
    referee: Command, desk: Path
) -> None:
    for name in ("few.xlsx", "copy.xlsx"):
        read = load_workbook(desk / "payments.xlsx")
        routing = read["routing"]
        heads = next(row for row in routing.iter_rows() if any(cell.value == "amount" for cell in row))
        routing.insert_rows(heads[0].row + 1)
        routing.cell(heads[0].row + 1, 1, "values")
        amount = next(cell for cell in heads if cell.value == "amount")
        routing.cell(heads[0].row + 1, amount.column, "[0..50000]")
        read.save(desk / name)
    assert referee("diff", "payments.xlsx", "few.xlsx").code == 1
    said = referee("diff", "few.xlsx", "copy.xlsx")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("what it means: proved, every case is decided as before\n")

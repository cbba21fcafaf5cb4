"""`referee check` proves the tables of workbooks: what it prints, its reports, and how it ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook
from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import RULES, write_limits

HOLE = (RULES[0], ('"DE","FR"', "> 6000", "human", None, "managers", "over the limit"), RULES[2])
TWICE = (*RULES, ('"FR"', "[0..10]", "human", None, "managers", "small"))


def test_a_gap_is_told_with_a_case_and_the_rule_that_is_missing(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    said = referee("check", "hole.xlsx")
    assert said.code == 1
    assert "hole.xlsx: no faults, 1 finding" in said.out
    assert '`country` is "DE", "FR" and `amount` is (5000..6000]' in said.out
    assert 'country = "DE", amount = 5001: no rule fires' in said.out
    assert (
        "            country     amount        |  route  action  queue  reason\n"
        '            "DE", "FR"  (5000..6000]  |  ?      ?       ?      ?\n'
    ) in said.out
    finding = referee("check", "hole.xlsx", "--json").json["workbooks"][0]["tables"][0]["findings"][0]
    assert (finding["code"], finding["severity"]) == ("gap", "finding")
    assert finding["case"]["values"] == {"country": "DE", "amount": 5001}
    assert finding["fix"]["columns"] == ["country", "amount", "route", "action", "queue", "reason"]
    assert finding["fix"]["rows"] == [['"DE", "FR"', "(5000..6000]", "?", "?", "?", "?"]]


def test_an_overlap_is_told_by_the_cells_of_both_rules(referee: Command, desk: Path) -> None:
    write_limits(desk / "twice.xlsx", TWICE)
    said = referee("check", "twice.xlsx")
    assert said.code == 1
    assert 'sheet routing, cells A7, A4: rules 1 and 4 both match where `country` is "FR"' in said.out
    assert 'country = "FR", amount = 0: rules 1 and 4 fire' in said.out


def test_findings_stand_as_comments_in_an_annotated_copy(referee: Command, desk: Path) -> None:
    write_limits(desk / "twice.xlsx", TWICE)
    assert referee("check", "twice.xlsx", "--annotate", "noted.xlsx").code == 1
    comment = load_workbook(desk / "noted.xlsx")["routing"]["A7"].comment
    assert comment is not None and "rules 1 and 4 both match" in comment.text
    assert load_workbook(desk / "twice.xlsx")["routing"]["A7"].comment is None


def test_each_finding_and_fault_is_told_with_its_code(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    write_limits(desk / "faulty.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = referee("check", "hole.xlsx", "faulty.xlsx", "--html", "report.html")
    assert "; add a rule for them [gap]\n" in said.out and "write one, or null [output-missing]\n" in said.out
    assert "[gap]</span>" in (desk / "report.html").read_text(encoding="utf-8")


def test_a_missing_file_leaves_the_report_of_the_others(referee: Command, desk: Path) -> None:
    said = referee("check", "payments.xlsx", "missing.xlsx", "missing.dmn")
    assert said.code == 2 and said.out.startswith("payments.xlsx: no faults")
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["referee", "referee"]
    assert "missing.xlsx" in said.err and "missing.dmn: there is no such file" in said.err
    assert "missing.dmn: there is no such file" in referee("check", "missing.dmn").complaint


def test_an_annotated_copy_is_a_workbook_in_a_folder_that_is_there(referee: Command, desk: Path) -> None:
    told = referee("check", "payments.xlsx", "--annotate", "out.txt").complaint
    assert told == "out.txt: the annotated copy is a workbook too; give it a name with .xlsx"
    assert (
        "there is no folder nofolder"
        in referee("check", "payments.xlsx", "--annotate", "nofolder/x.xlsx").complaint
    )
    assert not (desk / "out.txt").exists() and not (desk / "nofolder").exists()


def test_a_masked_rule_may_be_meant_or_not(referee: Command, desk: Path) -> None:
    risk = TableDraft(
        "routing",
        HitPolicy.FIRST,
        ("amount",),
        ("route", "action", "queue", "reason"),
        (("-", "human", None, "clerks", "large"), ("<= 50", "auto", "pay", None, "small")),
    )
    facts = (FactDefinition("payment", "string"), FactDefinition("amount", "number", "[0..100]"))
    settings = Settings("pay", "1", "treasury", "decide payments", "payment", "routing", "clerks")
    write_workbook(desk / "masked.xlsx", WorkbookDraft(settings=settings, facts=facts, tables=(risk,)))
    said = referee("check", "masked.xlsx")
    assert "mend  move rule 2 above rule 1 if it is meant to decide; else delete it\n" in said.out


JOINABLE = (
    ('"DE"', "<= 5000", "auto", "pay", None, "within the limit"),
    ('"FR"', "<= 5000", "auto", "pay", None, "within the limit"),
    *RULES[1:],
)


def test_blank_cells_of_joined_rules_are_nothing_to_fill_in(referee: Command, desk: Path) -> None:
    write_limits(desk / "joinable.xlsx", JOINABLE)
    said = referee("check", "joinable.xlsx")
    assert '"DE", "FR"  <= 5000  |  "auto"  "pay"   -      "within the limit"\n' in said.out


def pasted(mends: Path, source: Path, target: Path, filled: tuple[str, ...] = ()) -> None:
    """What a reviewer does: each proposed line from column A on goes where the line above it says."""
    workbook = load_workbook(source)
    for sheet in load_workbook(mends).worksheets:
        advice = [cell.row for cell in sheet["A"] if cell.value and "To mend it: " in cell.value]
        for start in advice:
            where = str(sheet.cell(start, 1).value).rpartition("column A, ")[2]
            at = int(where[4:-1]) if where.startswith("row ") else workbook[sheet.title].max_row + 1
            cells = [cell.value for cell in sheet[start + 2]]
            assert all(cell.number_format == "@" for cell in sheet[start + 2] if cell.value)
            fill = iter(filled)
            for column, text in enumerate(cells, 1):
                workbook[sheet.title].cell(at, column).value = next(fill) if text == "?" else text
    workbook.save(target)


def test_a_proposed_rule_pastes_and_mends_the_gap(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    said = referee("check", "hole.xlsx", "--mends", "mends.xlsx")
    assert said.out.endswith("mends.xlsx: 1 proposed rule to copy into the sheets\n")
    filled = ("human", "-", "clerks", "in between")
    pasted(desk / "mends.xlsx", desk / "hole.xlsx", desk / "mended.xlsx", filled)
    said = referee("check", "mended.xlsx")
    assert said.code == 0 and "mended.xlsx: no faults" in said.out


def test_a_joined_rule_pastes_over_the_one_it_replaces(referee: Command, desk: Path) -> None:
    write_limits(desk / "joinable.xlsx", JOINABLE)
    assert referee("check", "joinable.xlsx", "--mends", "mends.xlsx").code == 0
    pasted(desk / "mends.xlsx", desk / "joinable.xlsx", desk / "joined.xlsx")
    workbook = load_workbook(desk / "joined.xlsx")
    workbook["routing"].delete_rows(5)
    workbook["routing"]["A5"], workbook["routing"]["A6"] = 2, 3
    workbook.save(desk / "joined.xlsx")
    said = referee("diff", "joinable.xlsx", "joined.xlsx")
    assert "what it means: proved, every case is decided as before" in said.out


def test_nothing_proposed_and_nothing_overwritten(referee: Command) -> None:
    said = referee("check", "payments.xlsx", "--mends", "mends.xlsx")
    assert said.code == 0 and "mends.xlsx: no proposed rules to copy" in said.out
    assert "is the workbook itself" in referee("check", "payments.xlsx", "--mends", "payments.xlsx").complaint
    assert "name with .xlsx" in referee("check", "payments.xlsx", "--mends", "mends.tsv").complaint
    twice = referee("check", "payments.xlsx", "payments.xlsx", "--mends", "mends.xlsx")
    assert "--mends writes the rules for one workbook" in twice.complaint


def test_the_page_heads_the_columns_of_a_proposed_rule(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    assert referee("check", "hole.xlsx", "--html", "report.html").code == 1
    html = (desk / "report.html").read_text(encoding="utf-8")
    assert '<th scope="col" class="input">amount</th>' in html
    assert '<th scope="col" class="output first-output">route</th>' in html


def test_a_comment_holds_the_proposed_rule(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    assert referee("check", "hole.xlsx", "--annotate", "noted.xlsx").code == 1
    comment = load_workbook(desk / "noted.xlsx")["routing"]["A1"].comment
    assert comment is not None and "To mend it: add this rule" in comment.text
    assert "  amount: (5000..6000]\n  route: ?" in comment.text


def test_one_workbook_is_annotated_at_a_time(referee: Command) -> None:
    said = referee("check", "payments.xlsx", "payments.xlsx", "--annotate", "noted.xlsx")
    assert "--annotate writes a copy of one workbook" in said.complaint


def test_the_report_shows_faults_and_findings_as_text(referee: Command, desk: Path) -> None:
    write_limits(desk / "hole.xlsx", HOLE)
    write_limits(desk / "faulty.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    assert referee("check", "hole.xlsx", "faulty.xlsx", "--html", "report.html").code == 1
    html = (desk / "report.html").read_text(encoding="utf-8")
    assert "<code>(5000..6000]</code>" in html and "&gt;&gt;= 10" in html
    assert ">>= 10" not in html
    assert "<strong>1</strong><span>of 1 tables proved</span>" in html
    assert "<code>amount</code> is (5000..6000]" in html  # a name, without the backticks of the terminal


def test_a_gap_that_no_case_reaches_is_none(referee: Command, desk: Path) -> None:
    risk = TableDraft("risk", HitPolicy.FIRST, ("amount",), ("level",), (("<= 50", "low"), ("-", "high")))
    outputs = ("route", "action", "queue", "reason")
    rows = (
        ("low", "<= 50", "auto", "pay", None, "small"),
        ("high", "> 50", "human", None, "clerks", "large"),
    )
    route = TableDraft("routing", HitPolicy.UNIQUE, ("risk", "amount"), outputs, rows)
    facts = (FactDefinition("payment", "string"), FactDefinition("amount", "number", "[0..100]"))
    settings = Settings("pay", "1", "treasury", "decide payments", "payment", "routing", "clerks")
    write_workbook(
        desk / "two.xlsx", WorkbookDraft(settings=settings, facts=facts, models=(), tables=(risk, route))
    )
    said = referee("check", "two.xlsx")
    assert said.code == 0
    assert "routing: proved, nothing found" in said.out


DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="limits" namespace="urn:limits">
  <itemDefinition id="t" name="tCountry"><typeRef>string</typeRef>
    <allowedValues id="a"><text>"DE","FR"</text></allowedValues></itemDefinition>
  <inputData id="i" name="country"><variable id="v" name="country" typeRef="tCountry"/></inputData>
  <decision id="r" name="route"><variable id="w" name="route" typeRef="string"/>
    <informationRequirement id="q"><requiredInput href="#i"/></informationRequirement>
    <decisionTable id="table" hitPolicy="UNIQUE">
      <input id="in"><inputExpression id="e" typeRef="tCountry"><text>country</text></inputExpression></input>
      <output id="out"/>
      <rule id="rule1"><inputEntry id="c"><text>"DE"</text></inputEntry>
        <outputEntry id="o"><text>"auto"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""


def test_tables_of_a_dmn_file_are_proved_by_its_own_types(referee: Command, desk: Path) -> None:
    (desk / "limits.dmn").write_text(DMN, encoding="utf-8")
    said = referee("check", "limits.dmn", "--json")
    finding, missing = said.json["workbooks"][0]["tables"][0]["findings"]
    assert said.code == 1
    assert (missing["code"], missing["severity"]) == ("null-in-doubt", "hint")
    assert (finding["code"], finding["case"]["values"]) == ("gap", {"country": "FR"})
    assert finding["fix"]["rows"] == [['"FR"', "?"]]


def test_the_sum_of_a_table_is_any_number(referee: Command, desk: Path) -> None:
    total = TableDraft("total", HitPolicy.COLLECT_SUM, ("amount",), ("points",), (("< 5", 1), (">= 3", 2)))
    rows = (("<= 2", "auto", "pay", None, "few"), ("> 3", "human", None, "clerks", "many"))
    route = TableDraft("routing", HitPolicy.UNIQUE, ("total",), ("route", "action", "queue", "reason"), rows)
    facts = (FactDefinition("payment", "string"), FactDefinition("amount", "number", "[0..10]"))
    settings = Settings("pay", "1", "treasury", "decide payments", "payment", "routing", "clerks")
    write_workbook(desk / "sum.xlsx", WorkbookDraft(settings=settings, facts=facts, tables=(total, route)))
    said = referee("check", "sum.xlsx")
    assert said.code == 1 and "no rule covers the cases where `total` is 3" in said.out


def test_any_input_of_a_dmn_file_may_be_null(referee: Command, desk: Path) -> None:
    asked = DMN.replace(
        "</decisionTable>",
        """<rule id="rule2"><inputEntry id="c2"><text>"FR"</text></inputEntry>
        <outputEntry id="o2"><text>"auto"</text></outputEntry></rule>
        <rule id="rule3"><inputEntry id="c3"><text>null</text></inputEntry>
        <outputEntry id="o3"><text>"human"</text></outputEntry></rule></decisionTable>""",
    )
    (desk / "limits.dmn").write_text(asked, encoding="utf-8")
    said = referee("check", "limits.dmn", "--json")
    findings = said.json["workbooks"][0]["tables"][0]["findings"]
    assert (said.code, [each["code"] for each in findings]) == (0, ["joinable-rules"])


@pytest.mark.parametrize("name", ["invoice_approval", "loan_applications"])
def test_an_exported_decision_is_checked_as_its_workbook(
    referee: Command, desk: Path, repository: Path, name: str
) -> None:
    shutil.copytree(repository / "models", desk / "models")
    workbook = repository / "decision_tables" / f"{name}.xlsx"
    assert referee("export", str(workbook), "--to", "decision.dmn").code == 0

    def told(path: str) -> list[tuple[str, list[str]]]:
        (report,) = referee("check", path, "--json").json["workbooks"]
        found = [(each["table"], [one["code"] for one in each["findings"]]) for each in report["tables"]]
        return [
            (table, [code for code in codes if not code.startswith(("threshold-", "model-", "unused-"))])
            for table, codes in found
        ]

    assert told("decision.dmn") == told(str(workbook))


def test_hints_have_a_calmer_colour_than_what_must_be_mended(referee: Command, desk: Path) -> None:
    country, _, *outputs = RULES[0]
    parts = tuple((country, part, *outputs) for part in ("<= 100", "(100..5000]"))
    write_limits(desk / "mixed.xlsx", (*parts, *HOLE[1:]))
    found = referee("check", "mixed.xlsx", "--json").json["workbooks"][0]["tables"][0]["findings"]
    assert referee("check", "mixed.xlsx", "--annotate", "noted.xlsx").code == 1
    noted = load_workbook(desk / "noted.xlsx")
    colours: dict[str, set[str]] = {}
    for finding in found:
        _, sheet, cell = finding["places"][0].replace("sheet ", "").replace("cell ", "").split(", ")
        if sheet == "routing":
            colours.setdefault(cell, set()).add(finding["severity"])
    assert {"hint"} in colours.values() and any("hint" not in each for each in colours.values())
    for cell, severities in colours.items():
        colour = noted["routing"][cell].fill.fgColor.rgb
        assert colour == ("FFE4DFEC" if severities == {"hint"} else "FFFFC7CE")
    first = noted.worksheets[0]["A1"]
    assert "red cells must be mended, violet cells have hints" in first.comment.text
    assert first.fill.fgColor.rgb == load_workbook(desk / "mixed.xlsx").worksheets[0]["A1"].fill.fgColor.rgb

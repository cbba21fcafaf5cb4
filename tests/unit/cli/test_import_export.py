"""`referee export` and `referee import`: to DMN and back, and what is said on the way."""

from __future__ import annotations

from pathlib import Path

from referee.workbook import read_workbook
from tests.unit.cli.conftest import Command


def test_a_decision_goes_to_dmn_and_back(referee: Command, desk: Path) -> None:
    said = referee("export", "payments.xlsx", "--to", "payments.dmn")
    assert said.code == 0
    assert said.out.startswith("payments.dmn: written as DMN 1.3, with 1 decision")
    assert "not in the file: " in said.out
    said = referee("import", "payments.dmn")
    assert said.code == 0
    assert said.out.replace("\\", "/").startswith(
        "decision_tables/payments.xlsx: imported from payments.dmn, with the tables "
    )
    back, own = (
        read_workbook(desk / "decision_tables" / "payments.xlsx"),
        read_workbook(desk / "payments.xlsx"),
    )
    assert back.settings == own.settings
    assert back.actions == own.actions
    assert referee("check", "decision_tables/payments.xlsx").code == 0


def test_import_tells_machines_what_it_made(referee: Command, desk: Path) -> None:
    referee("export", "payments.xlsx", "--to", "payments.dmn", "--dmn-version", "1.5")
    found = referee("import", "payments.dmn", "--to", "new.xlsx", "--json").json
    assert (found["source"], found["workbook"], found["faults"]) == ("payments.dmn", "new.xlsx", [])


def test_import_names_what_a_workbook_cannot_hold(referee: Command, desk: Path) -> None:
    (desk / "much.dmn").write_text(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="much" namespace="n">'
        '<decision id="a" name="a"><variable name="a"/><context><contextEntry><variable name="b"/>'
        "<decisionTable><output/><rule><outputEntry><text>1</text></outputEntry></rule></decisionTable></contextEntry>"
        "</context></decision></definitions>"
    )
    said = referee("import", "much.dmn")
    assert said.code == 1
    assert "much.dmn: not imported, 1 fault" in said.out
    assert "much.dmn, element a: the decision `a` is a context, which can't become one FEEL" in said.out
    assert not (desk / "decision_tables").exists()
    assert referee("import", "much.dmn", "--json").json["faults"]


def test_nothing_is_overwritten_and_nothing_else_is_made(referee: Command, desk: Path) -> None:
    referee("export", "payments.xlsx", "--to", "there.dmn")
    assert "this file exists" in referee("export", "payments.xlsx", "--to", "there.dmn").complaint
    assert "this file exists" in referee("import", "there.dmn", "--to", "payments.xlsx").complaint
    assert "end the name with .dmn" in referee("export", "payments.xlsx", "--to", "there.xml").complaint
    assert "end the name with .xlsx" in referee("import", "there.dmn", "--to", "x.dmn").complaint
    assert "there is no folder" in referee("export", "payments.xlsx", "--to", "no/there.dmn").complaint
    assert "there is no such file" in referee("import", "gone.dmn").complaint
    assert "decisions are imported from" in referee("import", "notes.txt").complaint

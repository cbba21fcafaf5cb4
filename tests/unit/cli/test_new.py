"""`referee new decision`: a workbook that is sound, tested and easy to change from the first minute."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from referee.workbook import read_workbook
from tests.unit.cli.conftest import Command


@pytest.fixture
def made(referee: Command, desk: Path) -> Path:
    said = referee("new", "decision", "supplier payments", "--owner", "Ann")
    assert said.code == 0, said
    return desk / "decision_tables" / "supplier_payments.xlsx"


def test_a_new_decision_has_no_faults_and_its_tests_reach_every_rule(referee: Command, made: Path) -> None:
    assert referee("check", str(made)).code == 0
    tested = referee("test", str(made))
    assert tested.code == 0
    assert "5 tests passed, 7 of 7 rules reached" in tested.out


def test_a_new_decision_bears_its_name_owner_and_day(made: Path) -> None:
    workbook = read_workbook(made)
    assert (workbook.settings.name, workbook.settings.owner) == ("supplier payments", "Ann")
    assert workbook.changes[0].date == datetime.date.today()
    assert workbook.changes[0].author == "Ann"


def test_a_new_decision_is_pleasant_to_open(made: Path) -> None:
    workbook: Any = load_workbook(made)
    routing = workbook["Routing"]
    assert workbook.sheetnames[:4] == ["Decision", "Choices", "Facts", "Models"]
    assert workbook["Choices"].sheet_state == "hidden"
    assert [workbook[name].freeze_panes for name in ("Facts", "Size", "Routing", "Tests", "Changes")] == [
        "A2",
        "B5",
        "B4",
        "B3",
        "A2",
    ]
    assert "Unique" in routing["A2"].comment.text
    assert "P: Priority" in routing["A2"].comment.text
    assert "boolean" in routing["C3"].comment.text
    assert routing["B3"].fill.fgColor.rgb != routing["D3"].fill.fgColor.rgb
    choices = {str(item.sqref): offered(workbook, item) for item in routing.data_validations.dataValidation}
    assert choices["A2"] == (["U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#"], True)
    assert choices["B4:B207"] == (["small", "middle", "large", "-"], False)
    assert choices["C4:C207"] == (["TRUE", "FALSE", "-"], False)
    assert choices["D4:D207"] == (["auto", "exception", "human"], True)
    facts = {
        str(item.sqref): offered(workbook, item) for item in workbook["Facts"].data_validations.dataValidation
    }
    assert facts["D2:D204"] == (["yes", "no"], True)
    tests = {
        str(item.sqref): offered(workbook, item) for item in workbook["Tests"].data_validations.dataValidation
    }
    assert (["auto", "exception", "human"], False) in tests.values()


def test_drop_downs_let_people_rename_facts_and_tables(made: Path) -> None:
    workbook: Any = load_workbook(made)
    decision = {
        str(item.sqref): offered(workbook, item)
        for item in workbook["Decision"].data_validations.dataValidation
    }
    facts = [cell.value for (cell,) in workbook["Facts"]["A2:A9"] if cell.value]
    (case_id,) = (
        item for item in workbook["Decision"].data_validations.dataValidation if str(item.sqref) == "B5"
    )
    assert case_id.formula1.startswith("'Facts'!$A$2:$A$")
    assert ([name for name in decision["B5"][0] if name], decision["B5"][1]) == (facts, False)
    assert decision["B6"][1] is False
    strict = [
        values
        for sheet in workbook.worksheets
        for values, is_strict in (offered(workbook, item) for item in sheet.data_validations.dataValidation)
        if is_strict
    ]
    names = {*facts, *workbook.sheetnames}
    assert strict and not any(names & set(values) for values in strict)


def offered(workbook: Any, validation: Any) -> tuple[list[str], bool]:
    sheet, _, area = validation.formula1.partition("!")
    cells = workbook[sheet.strip("'")][area.replace("$", "")]
    if not isinstance(cells, tuple):
        cells = ((cells,),)
    return [cell.value for (cell,) in cells], bool(validation.showErrorMessage)


def test_a_file_that_exists_is_never_overwritten(referee: Command, made: Path) -> None:
    before = made.read_bytes()
    said = referee("new", "decision", "supplier payments")
    assert "this file exists; give the decision another name" in said.complaint
    assert made.read_bytes() == before


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", "nul:"])
def test_a_name_that_is_no_file_is_refused(referee: Command, desk: Path, name: str) -> None:
    assert "can't be the name of a file" in referee("new", "decision", name).complaint
    assert not (desk / "decision_tables").exists()

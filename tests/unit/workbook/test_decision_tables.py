"""The workbooks of the bots are without fault, and their own tests pass and reach every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.engine.workbook_tests import run_tests
from referee.workbook import DecisionWorkbook, read_workbook

FOLDER = Path(__file__).parents[3] / "decision_tables"
WORKBOOKS = ("invoice_approval", "loan_applications")


@pytest.fixture(scope="module", params=WORKBOOKS)
def workbook(request: pytest.FixtureRequest) -> DecisionWorkbook:
    return read_workbook(FOLDER / f"{request.param}.xlsx")


def test_the_tests_of_the_workbook_pass_and_reach_every_rule(workbook: DecisionWorkbook) -> None:
    report = run_tests(workbook)
    assert report.results
    assert [mismatch for result in report.failed for mismatch in result.mismatches] == []
    assert report.unreached == ()


def test_every_change_is_noted(workbook: DecisionWorkbook) -> None:
    assert workbook.settings.version in {change.version for change in workbook.changes}


def test_the_bots_know_what_can_be_chosen() -> None:
    actions = {name: read_workbook(FOLDER / f"{name}.xlsx").actions for name in WORKBOOKS}
    assert set(actions["invoice_approval"]) == {
        ("auto", "post invoice"),
        ("exception", "price mismatch"),
        ("exception", "quantity mismatch"),
    }
    assert set(actions["loan_applications"]) == {("auto", "offer loan"), ("exception", "request guarantor")}


def test_the_protected_attribute_reaches_neither_table_nor_model() -> None:
    workbook = read_workbook(FOLDER / "loan_applications.xlsx")
    assert workbook.dictionary.protected == {"afam"}
    texts = [reading.feel for reading in workbook.readings]
    texts += [clause.expression.text for table in workbook.tables for clause in table.inputs]
    assert not [text for text in texts if "afam" in text or "deny" in text]
    assert not {"afam", "deny"} & {fact for model in workbook.models for fact in model.facts}

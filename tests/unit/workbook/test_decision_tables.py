"""The workbooks of the bots are without fault, and their own tests pass and reach every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from referee.domain import Diagnostic, Evaluation
from referee.routing import route_case
from referee.workbook import DecisionWorkbook, WorkbookTest, read_workbook

FOLDER = Path(__file__).parents[3] / "decision_tables"
WORKBOOKS = ("invoice_approval", "loan_applications")


@pytest.fixture(scope="module", params=WORKBOOKS)
def workbook(request: pytest.FixtureRequest) -> DecisionWorkbook:
    return read_workbook(FOLDER / f"{request.param}.xlsx")


def _scorer(test: WorkbookTest, node: str) -> Callable[[Mapping[str, Any]], Evaluation]:
    unexpected = Diagnostic("score-missing", "the test gives no score")
    return lambda _: Evaluation(test.scores[node]) if node in test.scores else Evaluation(None, [unexpected])


def _checked(workbook: DecisionWorkbook, test: WorkbookTest, fired: set[tuple[str, int]]) -> dict[str, Any]:
    """The outputs of a test by the names under which they may be expected; adds the rules that fired."""
    model = workbook.model({item.node: _scorer(test, item.node) for item in workbook.models})
    facts, doubts = workbook.dictionary.check(test.facts)
    evaluation = model.evaluate(workbook.settings.route_table, facts)
    routing = route_case(
        evaluation.value, [*doubts, *evaluation.diagnostics], doubt_queue=workbook.settings.doubt_queue
    )
    outputs: dict[str, Any] = {"route": str(routing.route), "action": routing.action, "queue": routing.queue}
    for table in workbook.tables:
        alone = model.evaluate(table.name, facts) if table.name in test.expected else None
        for trace in (*evaluation.trace, *(alone.trace if alone is not None else ())):
            outputs[trace.name] = trace.value
            fired.update((rule.table, rule.number) for rule in trace.rules)
    return outputs


def test_the_tests_of_the_workbook_pass_and_reach_every_rule(workbook: DecisionWorkbook) -> None:
    fired: set[tuple[str, int]] = set()
    for test in workbook.tests:
        outputs = _checked(workbook, test, fired)
        assert {name: outputs[name] for name in test.expected} == dict(test.expected), test.name
    assert fired == {(table.name, rule.number) for table in workbook.tables for rule in table.rules}


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

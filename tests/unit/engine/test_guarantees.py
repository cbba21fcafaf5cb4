"""Each threshold of a routing table is told with the guarantee that backs it, or that none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from referee.domain import CellAddress, Severity
from referee.engine.guarantees import told_guarantees
from referee.scoring import ModelStore
from referee.scoring.card import Card, OperatingPoint, TestedThreshold
from referee.tables import CellText
from referee.workbook import read_workbook

REPOSITORY = Path(__file__).resolve().parents[3]
LOANS = REPOSITORY / "decision_tables" / "loan_applications.xlsx"
Edited = Callable[[dict[str, str]], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """The loan workbook with other texts in some cells of its sheet Routing."""
    from openpyxl import load_workbook

    def write(cells: dict[str, str]) -> Path:
        workbook = load_workbook(LOANS)
        for cell, text in cells.items():
            workbook["Routing"][cell] = text
        workbook.save(tmp_path / "loans.xlsx")
        return tmp_path / "loans.xlsx"

    return write


def point(label: str, most_wrong: float, *thresholds: float) -> OperatingPoint:
    tested = tuple(
        TestedThreshold(threshold=each, automatic=800, errors=40, bound=most_wrong - 0.001)
        for each in thresholds
    )
    return OperatingPoint(
        label=label,
        most_wrong=most_wrong,
        confidence=0.95,
        threshold=tested[-1].threshold,
        rows=1000,
        automatic=800,
        coverage=0.8,
        errors=40,
        bound=most_wrong - 0.001,
        tested=tested,
    )


def card(*points: OperatingPoint) -> Card:
    card = ModelStore(REPOSITORY / "models").load("loan_denial").card
    return card.model_copy(update={"operating_points": points})


def routing(route: str, score: str, row: int = 5) -> dict[str, str]:
    """Cells of one rule by the score alone; those below it lead to people."""
    cells = {f"{column}{below}": "-" for column in "BCD" for below in range(row, 15)}
    cells |= {f"E{below}": '"human"' for below in range(row, 15)}
    action = {f"F{row}": "offer loan"} if route == '"auto"' else {}
    return cells | action | {f"D{row}": score, f"E{row}": route}


def told(path: Path, *points: OperatingPoint) -> dict[str, tuple[str, str]]:
    """Code and message by cell."""
    hints = told_guarantees(read_workbook(path), {"denial model": card(*points)})
    assert all(hint.severity is Severity.INFO for hint in hints)
    return {
        hint.place.cell: (hint.code, hint.message) for hint in hints if isinstance(hint.place, CellAddress)
    }


def test_only_rules_that_let_cases_through_without_people_are_told() -> None:
    # D10 leads to people; the rule of row 8 is there before any score takes part.
    assert list(told(LOANS, point("no", 0.08, 0.95, 0.7))) == ["D11", "D12", "D13"]


def test_the_strictest_promise_that_holds_there_backs_all_cases_of_which_a_rule_takes_a_part() -> None:
    found = told(LOANS, point("no", 0.08, 0.95, 0.85, 0.7), point("no", 0.05, 0.93, 0.92, 0.91))
    assert found["D11"] == (
        "threshold-partly-backed",
        "`denial model.probabilities.yes <= 0.15` (`no` from 0.85 on) is backed for all cases from 0.85 on: at most "
        "8 % of automatic decisions wrong, with 95 % confidence; 40 of 800 cases unseen by loan_denial were wrong. "
        "This rule takes only part of them (its other cells and rules 1, 2, 3, 4, 5 that may come first): no "
        "guarantee for that part",
    )
    assert "at most 5 %" in found["D13"][1]


def test_a_rule_by_the_score_alone_is_backed(edited: Edited) -> None:
    path = edited(routing('"human"', "> 0.4") | routing('"auto"', "<= 0.15", row=6))
    assert told(path, point("no", 0.08, 0.95, 0.85))["D6"] == (
        "threshold-backed",
        "`denial model.probabilities.yes <= 0.15` (`no` from 0.85 on) is backed: at most 8 % of automatic decisions "
        "wrong, with 95 % confidence; 40 of 800 cases unseen by loan_denial were wrong",
    )


def test_a_threshold_between_two_that_were_tested_is_not_backed_and_the_one_that_covers_it_is_told() -> None:
    code, message = told(LOANS, point("no", 0.08, 0.95, 0.7))["D11"]
    assert code == "threshold-not-backed"
    assert "this threshold was not tested" in message
    assert "holds for all cases from 0.7 on (40 of 800 cases unseen by loan_denial were wrong)" in message
    assert "the next stricter one tested is 0.95" in message


def test_a_threshold_below_or_above_what_was_shown_is_not_backed() -> None:
    found = told(LOANS, point("no", 0.08, 0.91, 0.9, 0.89))
    assert found["D11"][0] == "threshold-not-backed"
    assert (
        "at most 8 % of automatic decisions wrong, with 95 % confidence holds from 0.89 on only"
        in found["D11"][1]
    )
    assert found["D12"][0] == "threshold-partly-backed"
    assert found["D13"][0] == "threshold-not-backed"
    assert "this threshold was not tested" in found["D13"][1]


def test_a_threshold_that_leaves_out_the_tested_one_itself_is_not_backed(edited: Edited) -> None:
    code, message = told(edited({"D11": "< 0.15"}), point("no", 0.08, 0.95, 0.85))["D11"]
    assert code == "threshold-not-backed"
    assert "(`no` above 0.85): it leaves out the cases at 0.85 itself" in message


@pytest.mark.parametrize(
    ("kept", "lowest", "code"),
    [
        ("> 0.15", "`no` from 0.85 on", "threshold-backed"),
        ("not(<= 0.15)", "`no` from 0.85 on", "threshold-backed"),
        (">= 0.15", "`no` above 0.85", "threshold-not-backed"),
        ("> 0.5", "`no` from 0.5 on", "threshold-not-backed"),
    ],
)
def test_what_a_rule_before_keeps_back_is_the_threshold_of_all_the_others(
    kept: str, lowest: str, code: str, edited: Edited
) -> None:
    path = edited(routing('"human"', kept) | routing('"auto"', "-", row=6))
    found = told(path, point("no", 0.08, 0.95, 0.85))["D5"]
    assert found[0] == code
    assert lowest in found[1]


def test_a_band_that_a_rule_before_keeps_back_leaves_no_threshold(edited: Edited) -> None:
    path = edited(routing('"human"', "[0.4..0.6]") | routing('"auto"', "-", row=6))
    [(code, message)] = told(path, point("no", 0.08, 0.95, 0.85)).values()
    assert code == "score-without-threshold"
    assert "the score of `denial model` takes part" in message


@pytest.mark.parametrize(
    ("expression", "cell"),
    [
        ("denial model.probabilities.no > 0.5", "true"),
        ("1 - denial model.probabilities.yes", "> 0.5"),
        ("denial model.label", '"no"'),
    ],
)
def test_a_calculation_with_a_score_has_no_guarantee(expression: str, cell: str, edited: Edited) -> None:
    others = {f"D{row}": "-" for row in range(5, 15)}
    found = told(edited(others | {"D3": expression, "D11": cell}), point("no", 0.08, 0.95, 0.5))
    assert found["D11"][0] == "score-without-threshold"


def test_a_score_behind_another_table_has_no_guarantee(edited: Edited) -> None:
    path = edited({"D3": "affordability", "D10": "-", "D11": "-", "D12": "-", "D13": "-"})
    from openpyxl import load_workbook

    workbook = load_workbook(path)
    sheet = next(sheet for sheet in workbook if str(sheet["A1"].value).startswith("affordability"))
    sheet["B3"] = "denial model.confidence"
    workbook.save(path)
    cells = [cell for cell, (code, _) in told(path, point("no", 0.08, 0.95)).items()]
    assert {"C11", "C12", "C13"} <= set(cells)


def test_a_promise_that_no_threshold_keeps_backs_nothing_and_says_by_how_much() -> None:
    missed = OperatingPoint.model_validate(
        point("no", 0.04, 0.9).model_dump()
        | {"threshold": None, "bound": 0.07}
        | {"tested": [{"threshold": 0.9, "automatic": 800, "errors": 40, "bound": 0.07}]}
    )
    assert "3.00 points above the promise" in told(LOANS, missed)["D11"][1]


def test_a_promise_about_another_label_backs_nothing() -> None:
    code, message = told(LOANS, point("yes", 0.08, 0.95, 0.7), point("", 0.08, 0.95, 0.7))["D11"]
    assert code == "threshold-not-backed"
    assert "has no operating point for it" in message


@pytest.mark.parametrize(
    ("expression", "cell", "backed"),
    [
        ("denial model.probabilities.no", ">= 0.85", True),
        ("denial model.probabilities.no", "[0.85..1]", True),
        ("denial model.probabilities.no", "not(< 0.85)", True),
        ("denial model.probabilities.no", "(0.5..1]", False),
        ("denial model.probabilities.yes", "[0..0.15]", True),
        ("denial model.probabilities.yes", "not(> 0.15)", True),
        ("denial model.confidence", ">= 0.85", False),
    ],
)
def test_a_threshold_is_read_in_each_of_its_spellings(
    expression: str, cell: str, backed: bool, edited: Edited
) -> None:
    path = edited({"D3": expression, "D11": cell})
    assert told(path, point("no", 0.08, 0.95, 0.85))["D11"][0] == (
        "threshold-partly-backed" if backed else "threshold-not-backed"
    )


@pytest.mark.parametrize("cell", ["[0.2..0.3]", "< 0.1, > 0.9", "0.1", "> 0.1 * 2", "not([0.2..0.3])"])
def test_cells_that_are_no_threshold_are_told_to_have_no_guarantee(cell: str, edited: Edited) -> None:
    found = told(edited({"D11": cell}), point("no", 0.08, 0.95, 0.85))
    assert found["D11"][0] == "score-without-threshold"


@pytest.mark.parametrize(("route", "told_of_it"), [('"auto"', True), ('"human"', False)])
def test_a_default_that_lets_cases_through_is_told(route: str, told_of_it: bool) -> None:
    workbook = read_workbook(LOANS)
    table = workbook.table("routing")
    default = CellText(route, CellAddress("loans.xlsx", "Routing", "E15"))
    outputs = tuple(
        replace(clause, default=default) if clause.name == "route" else clause for clause in table.outputs
    )
    tables = tuple(replace(each, outputs=outputs) if each is table else each for each in workbook.tables)
    found = told_guarantees(replace(workbook, tables=tables), {"denial model": card()})
    assert (default.place in [hint.place for hint in found]) is told_of_it


def test_the_confidence_is_backed_by_the_promise_about_any_label(edited: Edited) -> None:
    path = edited({"D3": "denial model.confidence", "D11": ">= 0.9", "D12": "-"})
    found = told(path, point("", 0.05, 0.95, 0.9))
    assert found["D11"][0] == "threshold-partly-backed"
    assert "(the likeliest label from 0.9 on)" in found["D11"][1]


def test_a_confidence_beside_its_label_is_the_probability_of_that_label(edited: Edited) -> None:
    cells = {"C3": "denial model.label", "D3": "denial model.confidence"}
    cells |= {f"C{row}": "-" for row in range(5, 15)} | {"C11": '"no"', "D11": ">= 0.9", "D12": ">= 0.9"}
    found = told(edited(cells), point("no", 0.05, 0.95, 0.9))
    assert found["D11"][0] == "threshold-partly-backed"
    assert found["D12"][0] == "threshold-not-backed"


def test_a_model_that_could_not_be_loaded_is_passed_over() -> None:
    unloaded: dict[str, Any] = {}
    assert told_guarantees(read_workbook(LOANS), unloaded) == []

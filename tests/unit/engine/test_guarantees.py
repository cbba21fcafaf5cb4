"""Each threshold of a routing table is told with the guarantee that backs it, or that none does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referee.domain import CellAddress, Severity
from referee.engine.guarantees import told_guarantees
from referee.scoring import ModelStore
from referee.scoring.card import Card, OperatingPoint, TestedThreshold
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


def told(path: Path, *points: OperatingPoint) -> dict[str, tuple[str, str]]:
    """Code and message by cell."""
    hints = told_guarantees(read_workbook(path), {"denial model": card(*points)})
    assert all(hint.severity is Severity.INFO for hint in hints)
    return {
        hint.place.cell: (hint.code, hint.message) for hint in hints if isinstance(hint.place, CellAddress)
    }


def test_only_cells_that_let_cases_through_without_people_are_told() -> None:
    # D10 leads to people.
    assert list(told(LOANS, point("no", 0.08, 0.95, 0.7))) == ["D11", "D12", "D13"]


def test_the_strictest_promise_that_holds_there_backs_a_threshold() -> None:
    found = told(LOANS, point("no", 0.08, 0.95, 0.85, 0.7), point("no", 0.05, 0.93, 0.91))
    assert found["D11"] == (
        "threshold-backed",
        "`denial model.probabilities.yes <= 0.15` (`no` from 0.85 on) is backed: at most 8 % of automatic decisions "
        "wrong, with 95 % confidence; 40 of 800 cases unseen by loan_denial were wrong, for the score alone without "
        "the rule's other cells",
    )
    assert "at most 5 %" in found["D13"][1]
    assert "shows it at 0.91 and at 0.93" in found["D13"][1]


def test_a_threshold_below_or_above_what_was_shown_is_not_backed() -> None:
    found = told(LOANS, point("no", 0.08, 0.91, 0.89))
    assert found["D11"][0] == "threshold-not-backed"
    assert (
        "at most 8 % of automatic decisions wrong, with 95 % confidence holds from 0.89 on only"
        in found["D11"][1]
    )
    assert found["D12"][0] == "threshold-backed"
    assert found["D13"][0] == "threshold-not-backed"
    assert "it is stricter than what was tested" in found["D13"][1]


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
    assert told(path, point("no", 0.08, 0.95, 0.7))["D11"][0] == (
        "threshold-backed" if backed else "threshold-not-backed"
    )


@pytest.mark.parametrize("cell", ["-", "[0.2..0.3]", "< 0.1, > 0.9", "0.1", "> 0.1 * 2", "not([0.2..0.3])"])
def test_cells_that_are_no_threshold_are_not_told(cell: str, edited: Edited) -> None:
    assert "D11" not in told(edited({"D11": cell}), point("no", 0.08, 0.95, 0.7))


def test_the_confidence_is_backed_by_the_promise_about_any_label(edited: Edited) -> None:
    path = edited({"D3": "denial model.confidence", "D11": ">= 0.9", "D12": "-"})
    found = told(path, point("", 0.05, 0.95, 0.85))
    assert found["D11"][0] == "threshold-backed"
    assert "(the likeliest label from 0.9 on)" in found["D11"][1]


def test_a_confidence_beside_its_label_is_the_probability_of_that_label(edited: Edited) -> None:
    cells = {"C3": "denial model.label", "D3": "denial model.confidence"}
    cells |= {f"C{row}": "-" for row in range(5, 15)} | {"C11": '"no"', "D11": ">= 0.9", "D12": ">= 0.9"}
    found = told(edited(cells), point("no", 0.05, 0.95, 0.85))
    assert found["D11"][0] == "threshold-backed"
    assert found["D12"][0] == "threshold-not-backed"


def test_a_model_that_could_not_be_loaded_is_passed_over() -> None:
    unloaded: dict[str, Any] = {}
    assert told_guarantees(read_workbook(LOANS), unloaded) == []

"""Where a workbook and a model's card don't fit, a check tells it: no case would ever get a score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from referee.domain import CellAddress, Severity
from referee.engine.model_facts import told_misfits
from referee.scoring import ModelStore
from referee.scoring.card import Card
from referee.workbook import read_workbook

REPOSITORY = Path(__file__).resolve().parents[3]
LOANS = REPOSITORY / "decision_tables" / "loan_applications.xlsx"
Edited = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """The loan workbook with other texts in some cells of a sheet."""
    from openpyxl import load_workbook

    def write(sheet: str, cells: dict[str, str]) -> Path:
        workbook = load_workbook(LOANS)
        for cell, text in cells.items():
            workbook[sheet][cell] = text
        workbook.save(tmp_path / "loans.xlsx")
        return tmp_path / "loans.xlsx"

    return write


@pytest.fixture
def card() -> Card:
    return ModelStore(REPOSITORY / "models").load("loan_denial").card


def changed(card: Card, name: str, **changes: object) -> Card:
    """The card with another entry for one feature."""
    features = tuple(each.model_copy(update=changes) if each.name == name else each for each in card.features)
    return card.model_copy(update={"features": features})


def told(path: Path, card: Card) -> list[tuple[str, Severity, str, str]]:
    """Code, severity, place and message."""
    found = []
    for each in told_misfits(read_workbook(path), {"denial model": card}):
        assert isinstance(each.place, CellAddress)
        found.append((each.code, each.severity, f"{each.place.sheet} {each.place.cell}", each.message))
    return found


def test_a_workbook_that_fits_its_model_has_no_such_finding(card: Card) -> None:
    assert told(LOANS, card) == []


def test_a_model_that_is_not_there_is_passed_over() -> None:
    assert told_misfits(read_workbook(LOANS), {}) == []


def test_the_probability_of_a_label_that_the_card_lacks_is_found(edited: Edited, card: Card) -> None:
    [(code, severity, place, message)] = told(
        edited("Routing", {"D3": "denial model.probabilities.nope"}), card
    )
    assert (code, severity, place) == ("model-label-unknown", Severity.WARNING, "Routing D3")
    assert "no label `nope`" in message


def test_a_label_within_a_calculation_is_found_and_one_that_begins_like_a_known_one(
    edited: Edited, card: Card
) -> None:
    path = edited("Routing", {"D3": "1 - denial model.probabilities.yes2 - denial model.probabilities.yes"})
    [(code, _, _, message)] = told(path, card)
    assert code == "model-label-unknown"
    assert "no label `yes2`" in message


@pytest.mark.parametrize(("missing", "severity"), [("refuse", Severity.WARNING), ("impute", Severity.INFO)])
def test_a_fact_that_the_models_sheet_leaves_out_is_found(
    missing: str, severity: Severity, edited: Edited, card: Card
) -> None:
    left_out = card.features[0].name
    listed = ", ".join(each.name for each in card.features[1:])
    path = edited("Models", {"D2": listed})
    [(code, found, place, message)] = told(path, changed(card, left_out, missing=missing))
    assert (code, found, place) == ("model-fact-not-listed", severity, "Models A2")
    assert f"`{left_out}`" in message


def test_a_fact_of_another_type_is_found(card: Card) -> None:
    number = next(each for each in card.features if each.type == "number")
    [(code, severity, place, message)] = told(LOANS, changed(card, number.name, type="string"))
    assert (code, severity) == ("model-fact-type", Severity.WARNING)
    assert place.startswith("Facts ")
    assert f"`{number.name}` is a number here" in message


@pytest.mark.parametrize(("known", "severity"), [(("yes",), Severity.INFO), (("Y", "N"), Severity.WARNING)])
def test_allowed_values_that_the_card_does_not_know_are_found(
    known: tuple[str, ...], severity: Severity, card: Card
) -> None:
    [(code, found, _, message)] = told(LOANS, changed(card, "phist", categories=known))
    assert (code, found) == ("model-fact-values", severity)
    assert "it knows " + ", ".join(known) in message

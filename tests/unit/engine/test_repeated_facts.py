"""What is said about a case repeats no sensitive fact."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.engine.repeated_facts import RepeatedFacts, texts_of_cells
from referee.feel import evaluate
from referee.workbook import read_workbook
from tests.unit.engine.limits import write_limits

IBAN = "DE02 1203 0000"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"paid to {IBAN}.", "paid to (sensitive)."),
        (f"acc{IBAN.lower()}x", "acc(sensitive)x"),
        ("DE02 1203", "DE02 1203"),
        ([IBAN, {"to": IBAN, "sum": Decimal(7)}], ["(sensitive)", {"to": "(sensitive)", "sum": Decimal(7)}]),
        (None, None),
        (True, True),
    ],
)
def test_a_text_is_taken_out_wherever_it_stands(said: Any, left: Any) -> None:
    assert RepeatedFacts([IBAN]).without(said) == left


@pytest.mark.parametrize(
    ("value", "said", "left"),
    [
        (Decimal("1234.50"), "income 1234.5 is low", "income (sensitive) is low"),
        (Decimal("1234.50"), Decimal("1234.5"), "(sensitive)"),
        (Decimal("3"), "3 children, 13 rooms", "(sensitive) children, 13 rooms"),
        ("Bo", "Bo has boots", "(sensitive) has boots"),
        (evaluate('date("1980-02-29")').value, "born 1980-02-29", "born (sensitive)"),
        (True, "true", "true"),
        ("x" * 60, f"`{'x' * 40}` is no date", "`(sensitive)` is no date"),
    ],
)
def test_values_are_known_in_the_ways_they_are_written(value: Any, said: Any, left: Any) -> None:
    assert RepeatedFacts([value]).without(said) == left


def test_what_the_workbook_says_by_itself_stays(tmp_path: Path) -> None:
    said = texts_of_cells(read_workbook(write_limits(tmp_path / "limits.xlsx")))
    assert {"over the limit", "managers", "clerks", "pay"} <= said
    assert RepeatedFacts(["limit"], said).without("over the limit") == "over the limit"
    assert RepeatedFacts(["limit"], said).without("beyond the limit") == "beyond the (sensitive)"

"""What the credit desk's screens take, and what is refused before anything is typed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from resources.legacy.credit_change import NotForTheCreditDesk, credit_change_for_case

FACTS = {
    "customer": "100268",
    "request": "CR-2026-0001",
    "current limit": Decimal("10000"),
    "requested limit": Decimal("1250000"),
}


def test_limits_are_written_as_the_screens_show_them() -> None:
    change = credit_change_for_case({"id": "CR-2026-0001", "facts": FACTS})
    assert change == {
        "customer": "100268",
        "reference": "CR-2026-0001",
        "current_limit": "10,000",
        "new_limit": "1,250,000",
    }


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("customer", None, "customer is missing, six digits are needed"),
        ("customer", "12A456", "customer is '12A456', six digits are needed"),
        ("customer", 100268, "six digits are needed"),
        ("request", "cr 1", "request is 'cr 1', 3 to 16 capital letters, digits and hyphens are needed"),
        ("request", "CR-2026-0001-LONG", "3 to 16 capital letters"),
        (
            "requested limit",
            Decimal("1000.5"),
            "requested limit is 1000.5, the credit desk takes whole euros",
        ),
        ("requested limit", Decimal("-1"), "takes whole euros from 0 to 999,999,999"),
        ("requested limit", Decimal("1e9"), "takes whole euros"),
        ("requested limit", Decimal("NaN"), "a number is needed"),
        ("current limit", True, "current limit is 'True', a number is needed"),
    ],
)
def test_what_does_not_fit_is_refused_and_never_rounded(fact: str, value: object, words: str) -> None:
    with pytest.raises(NotForTheCreditDesk) as raised:
        credit_change_for_case({"id": "CR-1", "facts": {**FACTS, fact: value}})
    assert str(raised.value).startswith("refused: request CR-1 can't be entered in the credit desk: ")
    assert words in str(raised.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(NotForTheCreditDesk) as raised:
        credit_change_for_case({"id": "CR-1", "facts": {}})
    assert str(raised.value).count(" is missing, ") == 4

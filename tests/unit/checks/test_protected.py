"""Protected facts are found on every way to the decision."""

from __future__ import annotations

import pytest

from referee.checks import Finding, protected_facts
from tests.unit.checks.tables import table

NAMES = ("age", "amount", "risk", "score")


def found(route: str, risk: str = "amount", features: tuple[str, ...] = ("amount",)) -> list[Finding]:
    tables = [
        table("F", f"{route} || route", "- || 1", name="routing"),
        table("F", f"{risk} || risk", "- || 1", name="risk"),
    ]
    return list(protected_facts(tables, {"score": features}, {"age"}, "routing", NAMES))


@pytest.mark.parametrize(
    ("decision", "way"),
    [
        ({"route": "age"}, "`routing`, which"),
        ({"route": "age - 18"}, "`routing`, which"),
        ({"route": "risk", "risk": "age"}, "`routing` needs `risk`, which"),
        ({"route": "score.confidence", "features": ("amount", "age")}, "`routing` needs `score`, which"),
        (
            {"route": "risk", "risk": "score.label", "features": ("age",)},
            "`routing` needs `risk` needs `score`",
        ),
    ],
)
def test_the_way_of_a_protected_fact_is_told(decision: dict[str, str], way: str) -> None:
    (finding,) = found(**decision)  # type: ignore[arg-type]
    assert finding.must_be_mended
    assert finding.message.startswith(f"the protected fact `age` reaches the decision: {way}")


def test_a_fact_that_the_decision_does_not_need_is_none_of_it() -> None:
    assert not found("amount", risk="age", features=("age",))

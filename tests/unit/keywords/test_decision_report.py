"""The table in log.html says what was decided and why, and shows every text as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from referee.domain import (
    CellAddress,
    Decision,
    Diagnostic,
    NodeTrace,
    Receipt,
    Route,
    RuleRef,
    Severity,
    Versions,
)
from referee.keywords.decision_report import decision_table

EVIL = "<script>alert('x')</script>&\""
SHOWN = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;"


def decision(**changes: Any) -> Decision:
    place = CellAddress("limits.xlsx", "Approval", "A7")
    given: dict[str, Any] = {
        "case_id": "P-1",
        "route": Route.AUTO,
        "action": "pay",
        "queue": "",
        "reasons": ("within the limit",),
        "facts": {"amount": Decimal(1200)},
        "outputs": {},
        "trace": (
            NodeTrace("review", {"label": "fine", "confidence": Decimal("0.93"), "probabilities": {}}),
            NodeTrace("approval", "yes", (RuleRef("approval", 3, place, "small enough"),)),
        ),
        "diagnostics": (),
        "versions": Versions("payments", "1", "0" * 64),
        "receipt": Receipt(17, "abcdef0123456789"),
    }
    return Decision(**{**given, **changes})


def test_route_reasons_rules_with_cells_score_and_record_are_shown() -> None:
    table = decision_table(decision())
    for part in (
        ">auto</b> pay",
        "within the limit",
        "approval, rule 3 (limits.xlsx, sheet Approval, cell A7): small enough",
        "review: fine, confidence 0.93",
        "record 17, hash abcdef012345",
    ):
        assert part in table


def test_what_only_follows_from_a_missing_required_fact_is_left_out() -> None:
    """The rules are not at fault; another fact that is null is still told."""
    blank = Diagnostic("fact-missing", "the required fact `amount` is blank")
    follows = (
        Diagnostic("null-operand", "`amount` is null, and null can't be compared; make the fact required"),
        Diagnostic("table-no-hit", "no rule of the table size matches and it has no default output"),
        Diagnostic("null-unspoken", "`size` is null, and no cell of the column `size` says what null means"),
    )
    other = Diagnostic(
        "null-operand", "`rating` is null, and null can't be compared; write a rule for `null`"
    )
    table = decision_table(
        decision(
            facts={"amount": None, "rating": None},
            reasons=(str(blank),),
            diagnostics=(blank, *follows, other),
        )
    )
    assert "remarks" in table and "`rating` is null" in table
    assert not any(part in table for part in ("`amount` is null", "no rule of the table", "`size` is null"))


def test_without_a_missing_fact_a_table_that_does_not_match_is_told() -> None:
    noticed = Diagnostic("table-no-hit", "no rule of the table size matches and it has no default output")
    assert noticed.message in decision_table(decision(diagnostics=(noticed,)))


def test_a_remark_that_is_a_reason_is_not_repeated() -> None:
    said = Diagnostic("fact-missing", "the fact `amount` is missing")
    noted = Diagnostic("default-used", "a default was used", Severity.INFO)
    table = decision_table(
        decision(
            route=Route.HUMAN, action="", queue="clerks", reasons=(str(said),), diagnostics=(said, noted)
        )
    )
    assert table.count("the fact `amount` is missing") == 1
    assert "a default was used" in table


@pytest.mark.parametrize(
    "changes",
    [
        {"case_id": EVIL},
        {"action": EVIL},
        {"queue": EVIL},
        {"reasons": (EVIL,)},
        {"diagnostics": (Diagnostic("x", EVIL),)},
        {"trace": (NodeTrace("t", None, (RuleRef(EVIL, 1),)),)},
        {"trace": (NodeTrace("t", None, (RuleRef("t", 1, CellAddress(EVIL)),)),)},
        {"trace": (NodeTrace("t", None, (RuleRef("t", 1, None, EVIL),)),)},
        {"trace": (NodeTrace(EVIL, {"label": "x", "confidence": 1, "probabilities": {}}),)},
        {"trace": (NodeTrace("m", {"label": EVIL, "confidence": 1, "probabilities": {}}),)},
        {"trace": (NodeTrace("m", {"label": "x", "confidence": EVIL, "probabilities": {}}),)},
    ],
)
def test_every_text_is_escaped(changes: dict[str, Any]) -> None:
    table = decision_table(decision(**changes))
    assert SHOWN in table
    assert "<script" not in table


def test_a_score_that_could_not_be_given_is_shown_as_nothing() -> None:
    trace = (NodeTrace("m", {"label": None, "confidence": None, "probabilities": {}}),)
    assert "m: nothing, confidence nothing" in decision_table(decision(trace=trace))

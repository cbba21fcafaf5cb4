"""A case that was decided before keeps its decision, also when the log is long and found through its index."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.audit.index_files import SUFFIX
from referee.domain import Route
from referee.engine import Referee
from referee.workitems import Ledger
from tests.unit.engine.conftest import Office
from tests.unit.engine.limits import GOOD, write_limits


@pytest.fixture(params=["read whole", "index", "index, restarted"])
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Referee:
    """A referee with a log of forty cases, at the latest stage of its life."""
    office = Office(tmp_path)
    referee = Referee(office.workbook, audit=tmp_path / "audit", clock=lambda: office.now)
    if request.param == "read whole":
        _decide(referee)
        return referee
    referee.ledger = Ledger(referee.log, indexed_from=0) if referee.log else None
    _decide(referee)
    if "restarted" in request.param:
        referee = Referee(office.workbook, audit=tmp_path / "audit", clock=lambda: office.now)
        referee.ledger = Ledger(referee.log, indexed_from=0) if referee.log else None
    assert list((tmp_path / "audit").glob(f"*{SUFFIX}"))
    return referee


def _decide(referee: Referee) -> None:
    for number in range(40):
        referee.decide(f"P-{number}", {**GOOD, "payment": f"P-{number}"})


def test_the_same_facts_and_rules_give_the_first_decision(begun: Referee) -> None:
    assert begun.log is not None
    records = len(list(begun.log.records()))
    first = [begun.decide(f"P-{number}", {**GOOD, "payment": f"P-{number}"}) for number in range(40)]
    assert [decision.receipt.position for decision in first if decision.receipt] == list(range(40))
    assert len(list(begun.log.records())) == records


def test_changed_facts_give_a_new_decision_that_names_the_first(begun: Referee) -> None:
    assert begun.log is not None
    changed = begun.decide("P-7", {**GOOD, "payment": "P-7", "amount": 9000})
    assert changed.receipt is not None
    assert changed.route is Route.HUMAN
    record = next(begun.log.records(changed.receipt.position))
    assert record.payload["follows"] == 7
    assert begun.decide("P-7", {**GOOD, "payment": "P-7", "amount": 9000}).receipt == changed.receipt


def test_other_versions_decide_anew_what_nobody_has_touched(begun: Referee, tmp_path: Path) -> None:
    assert begun.log is not None
    rules = (('"DE","FR"', "-", "human", None, "managers", "all of them"),)
    later = Referee(write_limits(tmp_path / "later.xlsx", rules), audit=begun.log.folder)
    later.ledger = Ledger(later.log, indexed_from=0) if later.log else None
    decision = later.decide("P-7", {**GOOD, "payment": "P-7"})
    assert decision.route is Route.HUMAN
    assert decision.receipt is not None
    assert next(begun.log.records(decision.receipt.position)).payload["follows"] == 7

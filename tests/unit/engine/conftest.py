"""A decision, a log and a clock for the tests of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from referee.domain import Decision
from referee.engine import Referee, Run
from referee.exceptions import read_playbooks
from tests.unit.audit.published import unpublished_in
from tests.unit.engine.limits import write_limits

PLAYBOOK = """
playbook: ask supplier
version: "1"
start: noticed
states:
  noticed:
    transitions:
      - {on: start, do: send query, go to: waiting}
  waiting:
    check: read reply
    due: P2D
    transitions:
      - {on: reply, when: event.agrees = true, go to: settled}
      - {on: reply, when: event.agrees = false, go to: refused}
      - {on: overdue, when: attempts < 3, do: send query, go to: waiting}
      - {on: overdue, when: attempts >= 3, go to: silent}
  settled: {close: the supplier agreed}
  refused: {hand over: managers}
  silent: {hand over: managers}
"""


@pytest.fixture(autouse=True)
def records_are_as_published(tmp_path: Path) -> Iterator[None]:
    """Every record that a test of the engine leaves in a log is checked against the published schema."""
    yield
    for folder in {path.parent for path in tmp_path.rglob("audit*.jsonl")}:
        assert unpublished_in(folder) == set()


class Office:
    """The world outside: a clock that tests turn, payments made, queries sent, and the replies that have come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workbook = write_limits(folder / "payments.xlsx")
        self.playbooks = folder / "playbooks"
        self.playbooks.mkdir()
        (self.playbooks / "ask.yaml").write_text(PLAYBOOK)
        self.now = datetime(2026, 3, 16, 8, tzinfo=UTC)
        self.paid: list[str] = []
        self.queries: list[str] = []
        self.replies: dict[str, Any] = {}

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)

    def referee(self) -> Referee:
        return Referee(self.workbook, audit=self.folder / "audit", clock=lambda: self.now)

    def run(self, **actions: Callable[[Decision], Any]) -> Run:
        table: dict[str, Callable[[Decision], Any]] = {
            "pay": self._pay,
            "send query": lambda decision: self.queries.append(decision.case_id),
            "read reply": lambda decision: self.replies.get(decision.case_id),
        }
        table |= {name.replace("_", " "): action for name, action in actions.items()}
        return Run(self.referee(), table, read_playbooks(self.playbooks), bot="test bot")

    def story(self, case_id: str) -> list[str]:
        """The records about a case, in a word or two each."""
        log = self.referee().log
        assert log is not None
        told = {"decision": "route", "action": "status", "handoff": "queue", "exception": "state"}
        return [
            f"{record.kind} {record.payload[told[record.kind]]}"
            for record in log.records()
            if record.payload.get("case") == case_id
        ]

    def _pay(self, decision: Decision) -> str:
        self.paid.append(decision.case_id)
        return f"receipt {len(self.paid)}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)

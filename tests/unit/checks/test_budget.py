"""How the time for proofs is shared, by a clock that ticks each time it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from referee.checks import Budget, Finding, table_check
from referee.checks.subject import Subject
from tests.unit.checks.tables import checked, table

ANY_TABLE = table("U", "amount || n", "<= 1 || 1", "> 1 || 2")
STEPS_OF_A_LOOK = 30_000


def ticking(seconds: float) -> Budget:
    ticks = count()
    return Budget(seconds, lambda: float(next(ticks)))


def taking(looks: int) -> table_check.Check:
    def proof(subject: Subject, budget: Budget) -> Iterator[Finding]:
        for _ in range(looks):
            budget.spend(STEPS_OF_A_LOOK)
        yield from ()

    return proof


def test_a_proof_that_needs_more_gets_all_that_the_others_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_check, "_CHECKS", {"long": taking(70), "short": taking(2)})
    report = checked(ANY_TABLE, budget=ticking(100))
    assert set(report.proved) == {"long", "short"}
    assert not report.unproved


def test_what_needs_more_than_there_is_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_check, "_CHECKS", {"long": taking(200), "short": taking(2)})
    report = checked(ANY_TABLE, budget=ticking(100))
    assert (report.proved, report.unproved) == (("short",), ("long",))
    assert [finding.code for finding in report.findings if finding.must_be_mended] == ["not-proved"]


def test_advice_that_is_not_known_in_time_is_advice_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_check, "_CHECKS", {"rules that can be joined": taking(200)})
    report = checked(ANY_TABLE, budget=ticking(100))
    assert report.unproved and not any(finding.must_be_mended for finding in report.findings)


def test_what_finds_faults_has_its_time_before_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {"rules that can be joined": taking(200), "rules that can never fire": taking(70)}
    monkeypatch.setattr(table_check, "_CHECKS", checks)
    report = checked(ANY_TABLE, budget=ticking(100))
    assert (report.proved, report.unproved) == (("rules that can never fire",), ("rules that can be joined",))

"""A fact may be named like a function of FEEL; cells that call the function still mean the function."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from referee.domain import Case
from referee.engine import Referee
from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook


def workbook(path: Path, fact: FactDefinition, cell: Any) -> Path:
    settings = Settings(
        name="names",
        version="1",
        owner="o",
        purpose="p",
        case_id="id",
        route_table="routing",
        doubt_queue="q",
    )
    rules = ((cell, "auto", "pay", None, f"string({fact.name})"), ("-", "human", None, "q", "no"))
    outputs = ("route", "action", "queue", "reason")
    table = TableDraft("routing", HitPolicy.FIRST, (fact.name,), outputs, rules)
    write_workbook(
        path, WorkbookDraft(settings=settings, facts=(FactDefinition("id", "string"), fact), tables=(table,))
    )
    return path


@pytest.mark.parametrize(
    ("name", "kind", "cell", "hit", "miss"),
    [
        ("date", "date", '< date("2026-01-01")', "2025-05-05", "2026-05-05"),
        ("date", "date", '[date("2025-01-01")..date(2025, 12, 31)]', "2025-05-05", "2026-05-05"),
        ("date", "date", 'date < date("2026-01-01")', "2025-05-05", "2026-05-05"),
        ("date", "date", date(2025, 5, 5), "2025-05-05", "2025-05-06"),
        ("date", "string", "x", "x", "z"),
        ("time", "time", '< time("10:00:00")', "09:00:00", "11:00:00"),
        (
            *("date and time", "date and time", '< date and time("2026-01-01T00:00:00")'),
            *("2025-05-05T10:00:00", "2026-05-05T10:00:00"),
        ),
        ("duration", "days and time duration", '< duration("P2D")', "P1D", "P3D"),
        ("sum", "number", "> sum(1, 2)", 5, 2),
        ("today", "date", "<= today()", "2025-05-05", "2999-05-05"),
    ],
)
def test_a_fact_named_like_a_function_hides_it_nowhere(
    tmp_path: Path, name: str, kind: str, cell: Any, hit: Any, miss: Any
) -> None:
    referee = Referee(workbook(tmp_path / "names.xlsx", FactDefinition(name, kind), cell))
    decision = referee.evaluate(Case("1", {"id": "1", name: hit}))
    assert (decision.route, decision.reasons) == ("auto", (str(hit),))
    assert referee.evaluate(Case("1", {"id": "1", name: miss})).reasons == ("no",)

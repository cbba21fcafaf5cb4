"""A small decision that the tests of the engine share: payments are made up to a limit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from referee.tables import HitPolicy
from referee.workbook import (
    FactDefinition,
    ModelDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    write_workbook,
)

RULES: tuple[tuple[Any, ...], ...] = (
    ('"DE","FR"', "<= 5000", "auto", "pay", None, "within the limit"),
    ('"DE","FR"', "> 5000", "human", None, "managers", "over the limit"),
    ("CH", "-", "exception", "ask supplier", None, "foreign"),
)

GOOD: Mapping[str, Any] = {"payment": "P-1", "country": "DE", "amount": 1200}


def write_limits(
    path: Path,
    rules: tuple[tuple[Any, ...], ...] = RULES,
    models: tuple[ModelDefinition, ...] = (),
    more_facts: tuple[FactDefinition, ...] = (),
    **settings: Any,
) -> Path:
    """Writes the workbook, with other rules or settings, or more facts if given."""
    draft = WorkbookDraft(
        settings=Settings(
            **{
                "name": "payments",
                "version": "1",
                "owner": "treasury",
                "purpose": "decide payments",
                "case_id": "payment",
                "route_table": "routing",
                "doubt_queue": "clerks",
                **settings,
            }
        ),
        facts=(
            FactDefinition("payment", "string", "", True, False, False, ""),
            FactDefinition("country", "string", '"DE","FR","CH"', True, False, False, ""),
            FactDefinition("amount", "number", "[0..100000]", True, False, False, ""),
            FactDefinition("account", "string", required=False, sensitive=True),
            FactDefinition("days open", "number", required=False, volatile=True),
            *more_facts,
        ),
        models=models,
        tables=(
            TableDraft(
                "routing",
                HitPolicy.UNIQUE,
                ("country", "amount"),
                ("route", "action", "queue", "reason"),
                rules,
            ),
        ),
    )
    write_workbook(path, draft)
    return path

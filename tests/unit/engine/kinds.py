"""One workbook per hit policy, with a table for every type of fact, to see what each does with doubt."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.tables import HitPolicy
from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook


@dataclass(frozen=True)
class Kind:
    """A type of fact: allowed values, two cells that exclude each other, a fact that fits the first, and misfits.

    ``wrong`` are values that are not of the type, ``outside`` one of the type that is not allowed.
    """

    name: str
    type: str
    cell: Any
    other: Any
    good: Any
    wrong: tuple[Any, ...]
    allowed: str = ""
    outside: Any = None


class Odd:
    """A value of a class that nobody knows."""


class Rude:
    """A value that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def _endless() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


NEVER: tuple[Any, ...] = (
    *("", " \t ", "\u00a0", "\u200b"),  # blank, or blank to the eye
    *(float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
    *([], [[]], ["a"], [1], [True], _endless(), (), {}, {"a": {"b": 1}}, {1: 2}, {"a"}),
    *(b"abc", 1 + 2j, range(3), Odd(), Rude(), "#N/A", "#DIV/0!", "#REF!", "\ud800", "a\x00b"),
)
"""What is a value of no type of fact."""

DAY, HOUR = datetime.date(2026, 3, 16), datetime.time(12)
NUMBERS, TRUTHS = (0, 1, 2.5, Decimal(7), 10**5000), (True, False)
_MOMENTS = (datetime.timedelta(days=1), HOUR)

KINDS = (
    Kind(
        "number",
        "number",
        "<= 5000",
        "> 5000",
        1200,
        (
            *TRUTHS,
            DAY,
            *_MOMENTS,
            *("abc", "1.234", "1,234", "TRUE", "0x10", "1_000", "٣", "5%", "€5", "1e", "1E9999", "1e-9999"),
            *(
                "nan",
                "Infinity",
                "null",
                "12 34",
                "1.2.3",
                "--1",
                "5000.000000000000000000000000000000000001",
            ),
        ),
    ),
    Kind("limited", "number", "<= 10", "> 10", "1.5", (-1, 101, 1e400, "1.234,50", True), "[0..100]", 101),
    Kind("text", "string", '"DE","FR"', '"CH"', "DE", (*TRUTHS, 1.5, 1e20, DAY, *_MOMENTS)),
    Kind(
        "grade",
        "string",
        "low",
        "high",
        " low\u00a0",
        (7, "Low", "lo w", "lower", True),
        '"low","high"',
        "mid",
    ),
    Kind(
        "flag", "boolean", True, False, "TRUE", (*NUMBERS, "1", "0", "ja", "wahr", "truthy", DAY, *_MOMENTS)
    ),
    Kind(
        "day",
        "date",
        '>= date("2026-01-01")',
        '< date("2026-01-01")',
        "16.3.2026",
        (
            *NUMBERS,
            *TRUTHS,
            *_MOMENTS,
            datetime.datetime(2026, 3, 16, 12),
            datetime.datetime(2026, 3, 16, tzinfo=datetime.UTC),
            *("0000-01-01", "10000-01-01", "2026-02-30", "2026-3-1", "3/16/2026", "16/03/2026", "16.3.26"),
            *("2026-03-16T12:00:00", "20260316", "today", "46097"),
        ),
    ),
    Kind(
        "hour",
        "time",
        '>= time("08:00:00")',
        '< time("08:00:00")',
        "14:30:00",
        (
            *NUMBERS,
            *TRUTHS,
            DAY,
            datetime.timedelta(hours=1),
            "25:00:00",
            "24:00:00",
            "2 pm",
            "14.30",
            "PT1H",
        ),
    ),
    Kind(
        "moment",
        "date and time",
        '>= date and time("2026-01-01T00:00:00")',
        '< date and time("2026-01-01T00:00:00")',
        "2026-03-16T12:00:00",
        (
            *NUMBERS,
            *TRUTHS,
            *_MOMENTS,
            "16.3.2026 12:00",
            "2026-02-30T00:00:00",
            "2026-03-16T24:30:00",
            "now",
        ),
    ),
    Kind(
        "period",
        "years and months duration",
        '<= duration("P1Y")',
        '> duration("P1Y")',
        "P6M",
        (*NUMBERS, *TRUTHS, DAY, *_MOMENTS, "P1D", "6 months", "P", "P1.5Y", "PT0S"),
    ),
    Kind(
        "delay",
        "days and time duration",
        '<= duration("P2D")',
        '> duration("P2D")',
        datetime.timedelta(hours=3),
        (*NUMBERS, *TRUTHS, DAY, HOUR, "P1Y", "2 days", "PT", "P1DT", "1:00"),
    ),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

OUTPUTS = ("route", "action", "queue", "reason")
AUTO, HUMAN = ("auto", "pay", None, "fine"), ("human", None, "managers", "not fine")
_MULTIPLE = {
    HitPolicy.RULE_ORDER: '"yes" in RESULT',
    HitPolicy.OUTPUT_ORDER: '"yes" in RESULT',
    HitPolicy.COLLECT: "count(RESULT) > 0",
    HitPolicy.COLLECT_SUM: "RESULT > 0",
    HitPolicy.COLLECT_MIN: "RESULT > 0",
    HitPolicy.COLLECT_MAX: "RESULT > 0",
    HitPolicy.COLLECT_COUNT: "RESULT > 0",
}
"""How a routing table asks what such a table found."""


def settings(**other: Any) -> Settings:
    return Settings(
        **{
            "name": "payments",
            "version": "1",
            "owner": "treasury",
            "purpose": "decide payments",
            "case_id": "id",
            "route_table": "routing",
            "doubt_queue": "clerks",
            **other,
        }
    )


def write(path: Path, facts: tuple[FactDefinition, ...], *tables: TableDraft, **other: Any) -> Path:
    """A workbook of these facts, besides the id, and tables."""
    write_workbook(path, WorkbookDraft(settings(**other), (FactDefinition("id", "string"), *facts), tables))
    return path


def write_kinds(path: Path, policy: HitPolicy, *, required: bool = False) -> Path:
    """A workbook in which the fact `about` chooses the type of fact whose table, of this policy, decides.

    In each the first rule wants the fact that is good, the second is for all others; each case is `auto` where the
    table finds the first rule to hold, and that table alone is asked.
    """
    facts = [FactDefinition("about", "string")]
    facts += [FactDefinition(kind.name, kind.type, kind.allowed, required) for kind in KINDS]
    tables = [_table(kind, policy) for kind in KINDS]
    asked = [f"{kind.name} table" for kind in KINDS]
    columns = [_MULTIPLE[policy].replace("RESULT", name) if policy in _MULTIPLE else name for name in asked]
    rules: list[tuple[Any, ...]] = []
    for position, kind in enumerate(KINDS):
        found = True if policy in _MULTIPLE else '"yes"'
        cells = [found if at == position else "-" for at in range(len(KINDS))]
        rules.append((f'"{kind.name}"', *cells, *AUTO))
    rules.append(("-", *["-"] * len(KINDS), *HUMAN))
    routing = TableDraft("routing", HitPolicy.FIRST, ("about", *columns), OUTPUTS, tuple(rules))
    return write(path, tuple(facts), *tables, routing)


_NUMERIC = (HitPolicy.COLLECT_SUM, HitPolicy.COLLECT_MIN, HitPolicy.COLLECT_MAX, HitPolicy.COLLECT_COUNT)


def _table(kind: Kind, policy: HitPolicy) -> TableDraft:
    numeric = policy in _NUMERIC
    values = {"found": '"yes","no"'} if policy.needs_priorities else {}
    rules: list[tuple[Any, ...]] = [(kind.cell, 1 if numeric else '"yes"')]
    if policy in (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.FIRST, HitPolicy.PRIORITY):
        rules.append((kind.other, '"no"'))
    return TableDraft(f"{kind.name} table", policy, (kind.name,), ("found",), tuple(rules), values=values)

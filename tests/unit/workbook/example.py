"""A small decision workbook without faults, and ways to spoil its cells."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl import load_workbook

from referee.domain import Diagnostic, RulesError
from referee.tables import HitPolicy
from referee.workbook import (
    Change,
    FactDefinition,
    ModelDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    WorkbookTest,
    read_workbook,
    write_workbook,
)

EXAMPLE = WorkbookDraft(
    Settings(
        "credit limits",
        "1.2",
        "Risk",
        "How much credit a customer gets.",
        "customer",
        "routing",
        "risk desk",
        datetime.date(2026, 1, 1),
        datetime.date(2027, 12, 31),
    ),
    (
        FactDefinition("customer", "string", description="the customer's number"),
        FactDefinition("amount", "number", "[0..1000000]"),
        FactDefinition("risk", "string", '"low","medium","high"'),
        FactDefinition("country", "string"),
        FactDefinition("member", "boolean", required=False),
        FactDefinition("since", "date", required=False),
        FactDefinition("iban", "string", required=False, sensitive=True),
        FactDefinition("origin", "string", required=False, protected=True),
    ),
    (
        TableDraft(
            "band",
            HitPolicy.UNIQUE,
            ("amount", "since"),
            ("size", "limit"),
            (
                ("<= 100", "-", "small", 100, "without risk"),
                ("(100..5000]", '>= date("2020-01-01")', "middle", Decimal("4999.5"), ""),
                ("(100..5000]", '< date("2020-01-01")', "middle", 5000, ""),
                ("> 5000", None, '"large"', "amount / 2", ""),
            ),
            ("why",),
            {"size": '"small","middle","large"'},
            "Band",
        ),
        TableDraft(
            "routing",
            HitPolicy.FIRST,
            ("band.size", "risk", "member", "fraud model.probabilities.fraud"),
            ("route", "action", "queue", "reason"),
            (
                ("-", "high", "-", "-", "human", None, "risk desk", "High risk."),
                ("small", "-", True, "<= 0.1", "auto", "pay", None, "Small and likely right."),
                (
                    "middle",
                    'not("high")',
                    "-",
                    "-",
                    "exception",
                    "ask",
                    None,
                    '"Limit " + string(band.limit)',
                ),
                ("-", "-", "-", "-", "human", None, "risk desk", "Nothing else applies."),
            ),
        ),
    ),
    (ModelDefinition("fraud model", "fraud", "1.0.0", ("amount", "country")),),
    (
        WorkbookTest(
            "small member",
            {"customer": "1", "amount": Decimal(50), "risk": "low", "country": "DE", "member": True},
            {"route": "auto", "action": "pay", "band.size": "small", "band.limit": Decimal(100)},
            {
                "fraud model": {
                    "label": "no",
                    "confidence": Decimal("0.95"),
                    "probabilities": {"fraud": Decimal("0.05")},
                }
            },
        ),
        WorkbookTest(
            "high risk", {"customer": "2", "risk": "high"}, {"route": "human", "queue": "risk desk"}
        ),
    ),
    (Change("1.2", datetime.date(2026, 1, 1), "Ann", "Bob", "Limits raised", "Inflation"),),
)


def example(folder: Path) -> Path:
    path = folder / "limits.xlsx"
    path.write_bytes(_written())
    return path


@cache
def _written() -> bytes:
    with TemporaryDirectory() as folder:
        write_workbook(Path(folder) / "limits.xlsx", EXAMPLE)
        return (Path(folder) / "limits.xlsx").read_bytes()


def spoiled(folder: Path, cells: Mapping[str, Any]) -> Path:
    """The example with other content in cells such as ``Facts!B3``."""
    path = example(folder)
    workbook = load_workbook(path)
    for address, value in cells.items():
        sheet, cell = address.split("!")
        workbook[sheet][cell].value = value
        if isinstance(value, str) and value.startswith("=") and not value.startswith("=f "):
            workbook[sheet][cell].data_type = "s"
        elif isinstance(value, str) and value.startswith("=f "):
            workbook[sheet][cell].value = "=" + value[3:]
    workbook.save(path)
    return path


def faults(path: Path) -> tuple[Diagnostic, ...]:
    """The faults of a workbook; none for a good one."""
    try:
        read_workbook(path)
    except RulesError as error:
        return error.faults
    return ()

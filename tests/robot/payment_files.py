"""Robot Framework library: a small decision about payments, its playbook, and the accounts it pays from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

PLAYBOOK = """\
playbook: ask supplier
version: 1
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
      - {on: overdue, go to: silent}
  settled: {close: the supplier agreed}
  silent: {hand over: managers}
"""

_paid: list[str] = []


@keyword
def write_payment_decision(folder: str) -> None:
    """`payments.xlsx` and `playbooks/ask.yaml`: up to 5000 is paid, more goes to managers, CH asks the supplier."""
    from referee.tables import HitPolicy
    from referee.workbook import FactDefinition, Settings, TableDraft, WorkbookDraft, write_workbook

    playbooks = Path(folder) / "playbooks"
    playbooks.mkdir(parents=True)
    (playbooks / "ask.yaml").write_text(PLAYBOOK, encoding="utf-8")
    rules = (
        ('"DE","FR"', "<= 5000", "auto", "pay", None, '"paid: " + memo', "small enough"),
        ('"DE","FR"', "> 5000", "human", None, "managers", "over the limit", None),
        ("CH", "-", "exception", "ask supplier", None, "foreign", None),
    )
    draft = WorkbookDraft(
        settings=Settings(
            name="payments",
            version="1",
            owner="treasury",
            purpose="decide payments",
            case_id="payment",
            route_table="routing",
            doubt_queue="clerks",
        ),
        facts=(
            FactDefinition("payment", "string", "", True, False, False, ""),
            FactDefinition("country", "string", '"DE","FR","CH"', True, False, False, ""),
            FactDefinition("amount", "number", "[0..100000]", True, False, False, ""),
            FactDefinition("memo", "string", "", True, False, False, ""),
        ),
        tables=(
            TableDraft(
                "routing",
                HitPolicy.UNIQUE,
                ("country", "amount"),
                ("route", "action", "queue", "reason"),
                rules,
                annotations=("why",),
            ),
        ),
    )
    write_workbook(Path(folder) / "payments.xlsx", draft)


@keyword
def note_payment(case: Mapping[str, Any]) -> str:
    """Pays, and returns a receipt. Every call counts."""
    _paid.append(case["id"])
    return f"receipt {len(_paid)}"


@keyword
def paid_cases() -> list[str]:
    """The cases that were paid, in order, each as often as it was paid."""
    return list(_paid)


@keyword
def write_list(path: str, *rows: list[Any]) -> None:
    """An Excel list as people keep it, one formula in it."""
    from openpyxl import Workbook

    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (["payment", "country", "amount", "memo"], *rows):
        sheet.append(row)
    sheet["H2"] = "=SUM(C:C)"
    workbook.save(path)


@keyword
def row_of_list(path: str, number: int) -> list[Any]:
    """What stands in a row, to the last column that is filled in the header."""
    from openpyxl import load_workbook

    sheet: Any = load_workbook(path).active
    return [cell.value for cell in sheet[number]]

"""The workbook that a new decision starts from: a small example that is complete, tested and explained."""

from __future__ import annotations

import datetime
from decimal import Decimal

from referee.tables import HitPolicy
from referee.workbook.authoring import WorkbookDraft
from referee.workbook.data_dictionary import FactDefinition
from referee.workbook.decision_workbook import Change, Settings, WorkbookTest
from referee.workbook.table_authoring import TableDraft


def new_decision(name: str, *, author: str, day: datetime.date) -> WorkbookDraft:
    """A decision of that name which approves small payments and those to trusted suppliers. It has no
    faults, leaves no case undecided, and its tests reach every rule; people replace it piece by piece.
    """
    return WorkbookDraft(
        Settings(
            name,
            "0.1",
            author,
            "An example to change: which payments a bot makes by itself, and which people look at first.",
            "case id",
            "routing",
            "approvals",
        ),
        (
            FactDefinition("case id", "string", description="what tells one case from another"),
            FactDefinition("amount", "number", "[0..1000000]", description="what is to be paid, in euros"),
            FactDefinition(
                "trusted", "boolean", description="whether the supplier is on the list of trusted ones"
            ),
        ),
        (
            TableDraft(
                "size",
                HitPolicy.UNIQUE,
                ("amount",),
                ("size",),
                (
                    ("<= 500", "small", ""),
                    ("(500..5000]", "middle", "above 500, up to and with 5000"),
                    ("> 5000", "large", ""),
                ),
                ("remark",),
                {"size": '"small","middle","large"'},
                "Size",
            ),
            TableDraft(
                "routing",
                HitPolicy.UNIQUE,
                ("size", "trusted"),
                ("route", "action", "queue", "reason"),
                (
                    ("small", "-", "auto", "pay", None, "Small amounts are paid at once."),
                    ("middle", True, "auto", "pay", None, "The supplier is trusted."),
                    ("middle", False, "human", None, "approvals", "The supplier isn't on the list."),
                    (
                        "large",
                        "-",
                        "human",
                        None,
                        "approvals",
                        '"An amount of " + string(amount) + " needs a second look."',
                    ),
                ),
                sheet="Routing",
            ),
        ),
        tests=(
            _test("a small payment", Decimal(500), False, "auto", "pay", None, "small"),
            _test(
                "just too much to be small", Decimal("500.01"), False, "human", None, "approvals", "middle"
            ),
            _test("a trusted supplier", Decimal(5000), True, "auto", "pay", None, "middle"),
            _test("a large payment", Decimal("5000.01"), True, "human", None, "approvals", "large"),
            WorkbookTest(
                "no amount, so people decide",
                {"case id": "5", "trusted": True},
                {"route": "human", "queue": "approvals"},
            ),
        ),
        changes=(Change("0.1", day, author, "", "Started from the example", "A new decision"),),
    )


def _test(
    name: str, amount: Decimal, trusted: bool, route: str, action: str | None, queue: str | None, size: str
) -> WorkbookTest:
    expected = {"route": route, "action": action, "queue": queue, "size": size}
    number = {"small": "1", "middle": "2" if not trusted else "3", "large": "4"}[size]
    return WorkbookTest(
        name,
        {"case id": number, "amount": amount, "trusted": trusted},
        {key: value for key, value in expected.items() if value is not None},
    )

"""`referee test`: what it prints, how it ends, and that what it proposes can be pasted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from referee.domain import CellAddress
from referee.tables import HitPolicy
from referee.workbook import TableDraft, WorkbookTest, read_workbook, write_workbook
from tests.unit.cli.conftest import Command
from tests.unit.engine.limits import write_limits
from tests.unit.engine.test_workbook_tests import SCORE, draft

SMALL: Mapping[str, Any] = {"order": "O-1", "kind": "book", "price": 5}
TOY: Mapping[str, Any] = {"order": "O-2", "kind": "toy", "price": 50}
LARGE: Mapping[str, Any] = {"order": "O-3", "kind": "book", "price": 500, "gift": True}
NOTES = '["b", "g"]'

TESTS = (
    WorkbookTest("small", SMALL, {"route": "auto", "action": "ship"}),
    WorkbookTest("toy", TOY, {"route": "exception"}),
    WorkbookTest("large", LARGE, {"route": "auto", "notes": NOTES}, {"returns": SCORE}),
    WorkbookTest("middle", {**SMALL, "price": 50}, {"route": "human", "queue": "buyers"}),
)


@pytest.fixture
def orders(desk: Path) -> Path:
    """`orders.xlsx`, whose tests pass and reach every rule; `wrong.xlsx`, where one expects something else."""
    write_workbook(desk / "orders.xlsx", draft(*TESTS))
    wrong = (replace(TESTS[0], expected={"route": "human", "size.class": "large"}), *TESTS[2:])
    write_workbook(desk / "wrong.xlsx", draft(*wrong))
    return desk


def test_tests_that_pass(referee: Command, orders: Path) -> None:
    said = referee("test", "orders.xlsx", "--all-rules")
    assert (said.code, said.out) == (0, "orders.xlsx: 4 tests passed, 9 of 9 rules reached\n")


def test_a_failure_is_told_by_cell_with_what_fired_instead(referee: Command, orders: Path) -> None:
    said = referee("test", "wrong.xlsx", "orders.xlsx")
    assert said.code == 1
    assert said.out.splitlines() == [
        "wrong.xlsx: 1 of 3 tests failed, 8 of 9 rules reached",
        '  wrong.xlsx, sheet Tests, cell J3: `small` expected route "human", found "auto"',
        "    fired: routing, rule 1 (wrong.xlsx, sheet routing, cell A4)",
        '  wrong.xlsx, sheet Tests, cell K3: `small` expected size.class "large", found "small"',
        "    fired: size, rule 1 (wrong.xlsx, sheet size, cell A4)",
        "  no test reaches routing, rule 3 (wrong.xlsx, sheet routing, cell A6)",
        "orders.xlsx: 4 tests passed, 9 of 9 rules reached",
    ]


def test_a_rule_that_no_test_reaches_fails_only_on_request(referee: Command, desk: Path) -> None:
    write_workbook(desk / "orders.xlsx", draft(TESTS[0]))
    assert referee("test", "orders.xlsx").code == 0
    assert referee("test", "orders.xlsx", "--all-rules").code == 1


def test_a_workbook_without_tests_fails(referee: Command) -> None:
    said = referee("test", "payments.xlsx")
    assert said.code == 1
    assert said.out.startswith(
        "payments.xlsx: no tests; write some on the sheet Tests, `--suggest` proposes them\n"
    )


def test_json_for_machines(referee: Command, orders: Path) -> None:
    said = referee("test", "wrong.xlsx", "--json")
    (workbook,) = said.json["workbooks"]
    assert said.code == 1
    assert [(test["name"], test["passed"], test["route"]) for test in workbook["tests"]] == [
        ("small", False, "auto"),
        ("large", True, "auto"),
        ("middle", True, "human"),
    ]
    assert workbook["tests"][0]["failures"][0] == {
        "what": "route",
        "expected": "human",
        "found": "auto",
        "place": str(CellAddress("wrong.xlsx", "Tests", "J3")),
        "fired": [{"table": "routing", "rule": 1, "place": str(CellAddress("wrong.xlsx", "routing", "A4"))}],
        "doubts": [],
    }
    assert workbook["tables"][2]["unreached"][0]["rule"] == 3


def test_an_unusable_workbook_does_not_keep_the_others_from_being_tested(
    referee: Command, orders: Path
) -> None:
    write_limits(orders / "broken.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = referee("test", "broken.xlsx", "orders.xlsx")
    assert (said.code, said.out) == (2, "orders.xlsx: 4 tests passed, 9 of 9 rules reached\n")
    assert said.err.startswith("referee: broken.xlsx can't be used, ")


def test_the_report_shows_failures_and_rules(referee: Command, orders: Path) -> None:
    assert referee("test", "wrong.xlsx", "orders.xlsx", "--html", "report.html").code == 1
    text = (orders / "report.html").read_text("utf-8")
    assert "expected route &#34;human&#34;, found &#34;auto&#34;" in text
    assert text.count("<section") == 2 and "8 of 9 rules reached" in text


def test_proposals_are_for_one_workbook(referee: Command, orders: Path) -> None:
    assert "name one" in referee("test", "wrong.xlsx", "orders.xlsx", "--suggest").complaint


def test_proposals_can_be_pasted_into_an_empty_sheet(referee: Command, desk: Path) -> None:
    write_workbook(desk / "orders.xlsx", draft())
    said = referee("test", "orders.xlsx", "--suggest")
    assert said.code == 0 and "paste" in said.err
    paste(desk / "orders.xlsx", said.out, 1, clear=True)
    again = referee("test", "orders.xlsx", "--all-rules")
    assert again.code == 0, again.out


def test_proposals_continue_the_columns_of_the_sheet(referee: Command, desk: Path) -> None:
    write_workbook(desk / "orders.xlsx", draft(*TESTS[:1], TESTS[2]))
    before = read_workbook(desk / "orders.xlsx").test_columns
    said = referee("test", "orders.xlsx", "--suggest")
    rows = list(csv.reader(io.StringIO(said.out), dialect="excel-tab"))
    assert list(zip(*rows[:2], strict=True))[: len(before)] == list(before)
    assert "add the columns" in said.err
    paste(desk / "orders.xlsx", "\n".join(said.out.splitlines()[:2]), 1)
    paste(desk / "orders.xlsx", "\n".join(said.out.splitlines()[2:]), 5)
    assert referee("test", "orders.xlsx", "--all-rules").code == 0


def test_nothing_to_propose(referee: Command, desk: Path) -> None:
    workbook = draft(WorkbookTest("any", SMALL, {"route": "human"}))
    rules = (("-", "human", None, "buyers", "Somebody looks."),)
    outputs = ("route", "action", "queue", "reason")
    only = TableDraft("routing", HitPolicy.FIRST, ("kind",), outputs, rules)
    write_workbook(desk / "orders.xlsx", replace(workbook, tables=(only,), models=()))
    said = referee("test", "orders.xlsx", "--suggest")
    assert (said.code, said.out) == (0, "")
    assert said.err == "nothing to propose: tests reach every rule, and both sides of every limit\n"


def test_proposals_as_json(referee: Command, desk: Path) -> None:
    write_workbook(desk / "orders.xlsx", draft(TESTS[0]))
    said = referee("test", "orders.xlsx", "--suggest", "--json")
    assert said.json["not_found"] == []
    assert all(proposal["expected"]["route"] for proposal in said.json["suggestions"])


def paste(path: Path, lines: str, row: int, clear: bool = False) -> None:
    """Puts tab-separated lines into the Tests sheet as Excel does: numbers and truth values as such."""
    workbook = load_workbook(path)
    sheet = workbook["Tests"]
    if clear:
        sheet.delete_rows(1, sheet.max_row)
    for offset, cells in enumerate(csv.reader(io.StringIO(lines), dialect="excel-tab")):
        for column, text in enumerate(cells, 1):
            if text:
                sheet.cell(row + offset, column).value = typed(text)
    workbook.save(path)


def typed(text: str) -> Any:
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    try:
        return float(text)
    except ValueError:
        return text

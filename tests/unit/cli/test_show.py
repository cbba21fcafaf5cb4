"""`referee show`: the workbook as text, JSON and a page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.cli.requirements_graph import drawing
from referee.workbook import read_workbook, write_workbook
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_test import TESTS
from tests.unit.engine.limits import write_limits
from tests.unit.engine.test_workbook_tests import draft


@pytest.fixture
def orders(desk: Path) -> Path:
    write_workbook(desk / "orders.xlsx", draft(*TESTS))
    return desk


def test_the_workbook_as_text(referee: Command) -> None:
    said = referee("show", "payments.xlsx")
    assert said.code == 0
    assert said.out.splitlines() == [
        "decision payments, version 1",
        "  owner: treasury",
        "  purpose: decide payments",
        "  case id: payment",
        "  route table: routing",
        "  in doubt: clerks",
        "  in force: always",
        "",
        "facts",
        "  payment: string, required",
        '  country: string, allowed "DE","FR","CH", required',
        "  amount: number, allowed [0..100000], required",
        "  account: string, sensitive",
        "  days open: number, volatile",
        "",
        "table routing, sheet routing, hit policy U (unique: at most one rule matches)",
        "  tests country: string",
        "  tests amount: number",
        "  gives route: string",
        "  gives action: string",
        "  gives queue: string",
        "  gives reason: string",
        '  rule 1: country "DE","FR"; amount <= 5000 -> route "auto"; action "pay"; reason "within the limit"',
        '  rule 2: country "DE","FR"; amount > 5000 -> route "human"; queue "managers"; reason "over the limit"',
        '  rule 3: country "CH" -> route "exception"; action "ask supplier"; reason "foreign"',
        "  text, taken as the string itself: D4, E4, G4, D5, F5, G5, B6, D6, E6, G6",
    ]


def test_for_git_it_is_left_out_how_cells_were_read(referee: Command) -> None:
    full, short = (
        referee("show", "payments.xlsx", *option).out.splitlines() for option in ((), ("--textconv",))
    )
    assert short == full[:-1]


def test_what_was_read_as_something_else_is_told(referee: Command, desk: Path) -> None:
    write_limits(desk / "other.xlsx", (("“DE”", "<=\u00a05000", "auto", "pay", None, "x"),))
    lines = referee("show", "other.xlsx").out.splitlines()
    assert '  read “DE” as "DE" (FEEL): B4' in lines


def test_tests_models_and_annotations_are_shown(referee: Command, orders: Path) -> None:
    out = referee("show", "orders.xlsx").out
    assert "  returns: folder returns; given price" in out
    assert '  small: order "O-1"; kind "book"; price 5 -> route "auto"; action "ship"' in out


def test_the_look_of_a_workbook_does_not_change_its_text(referee: Command, orders: Path) -> None:
    before = referee("show", "orders.xlsx").out
    workbook = load_workbook("orders.xlsx")
    workbook["routing"].column_dimensions["B"].width = 99
    workbook["routing"]["B4"].number_format = "@"
    workbook.save("orders.xlsx")
    assert referee("show", "orders.xlsx").out == before


def test_json_holds_every_cell(referee: Command, orders: Path) -> None:
    shown = referee("show", "orders.xlsx", "--json").json
    assert [table["name"] for table in shown["tables"]] == ["size", "notes", "routing"]
    assert shown["tables"][0]["rules"][1]["inputs"] == ["(10..100]"]
    assert shown["tests"][0]["facts"] == {"order": "O-1", "kind": "book", "price": 5}
    assert shown["readings"][0]["place"] == "orders.xlsx, sheet size, cell B4"


def test_a_broken_workbook_is_not_shown(referee: Command, desk: Path) -> None:
    write_limits(desk / "broken.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = referee("show", "broken.xlsx")
    assert (said.code, said.out) == (2, "")
    assert "`>>= 10`" in said.err


def test_the_page_draws_tables_and_graph_and_loads_nothing(referee: Command, orders: Path) -> None:
    said = referee("show", "orders.xlsx", "--html", "orders.html")
    assert (said.code, said.out) == (0, "orders.html: orders 1\n")
    text = (orders / "orders.html").read_text("utf-8")
    assert text.count('<table class="boxed') == 3
    assert '<th scope="col" class="output first-output">class' in text
    assert "routing needs kind, returns, size" in text
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)|url\((?!#)|@import|<script|<link""", text)


def test_the_graph_has_a_shape_for_each_table_model_and_group_of_facts(orders: Path) -> None:
    drawn = drawing(read_workbook(orders / "orders.xlsx"))
    shown = {(shape.kind, tuple(text for _, _, text in shape.lines)) for shape in drawn.shapes}
    assert shown == {
        ("table", ("size",)),
        ("table", ("notes",)),
        ("route", ("routing",)),
        ("model", ("returns",)),
        ("facts", ("price",)),
        ("facts", ("kind",)),
        ("facts", ("gift",)),
    }
    assert len(drawn.paths) == 7


def test_a_page_cannot_take_the_place_of_a_folder(referee: Command) -> None:
    assert "can't be written" in referee("show", "payments.xlsx", "--html", "folder").complaint


def test_git_compares_workbooks_by_their_text(desk: Path, repository: Path) -> None:
    """As the reviewer guide says, and even where one of the versions has faults."""
    referee = f"PYTHONPATH={shlex.quote(str(repository / 'library'))} {shlex.quote(sys.executable)}"
    referee += " -c 'from referee.cli import main; main()'"
    (desk / ".gitattributes").write_text("*.xlsx binary\n*.xlsx diff=referee\n")
    for command in (
        ["init", "-q"],
        ["config", "diff.referee.textconv", f"{referee} show --textconv"],
        ["add", "payments.xlsx", ".gitattributes"],
    ):
        subprocess.run(["git", *command], check=True)
    write_limits(desk / "payments.xlsx", (("DE", "<= 4000", "auto", "pay", None, "x"),))
    said = subprocess.run(["git", "diff"], capture_output=True, encoding="utf-8", check=True).stdout
    assert (
        '+  rule 1: country "DE"; amount <= 4000 -> route "auto"; action "pay"; reason "x"'
        in said.splitlines()
    )
    write_limits(desk / "payments.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    said = subprocess.run(["git", "diff"], capture_output=True, encoding="utf-8", check=True).stdout
    assert "payments.xlsx can't be used, " in said


MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="fees" namespace="urn:fees" id="m">
<description>What a parcel costs.</description>
<inputData id="w" name="weight"><variable name="weight" typeRef="number"/></inputData>
<decision id="s" name="size"><variable name="size" typeRef="string"/>
  <informationRequirement><requiredInput href="#w"/></informationRequirement>
  <decisionTable hitPolicy="UNIQUE">
    <input><inputExpression typeRef="number"><text>weight</text></inputExpression></input>
    <output typeRef="string"/>
    <rule><inputEntry><text>&lt;= 2</text></inputEntry><outputEntry><text>"small"</text></outputEntry></rule>
    <rule><inputEntry><text>&gt; 2</text></inputEntry><outputEntry><text>"large"</text></outputEntry></rule>
  </decisionTable></decision>
<decision id="f" name="fee"><variable name="fee" typeRef="number"/>
  <informationRequirement><requiredDecision href="#s"/></informationRequirement>
  <literalExpression><text>if size = "small" then 4 else 9</text></literalExpression></decision>
</definitions>"""


def test_a_dmn_file_is_shown_as_text(referee: Command, desk: Path) -> None:
    (desk / "fees.dmn").write_text(MODEL, encoding="utf-8")
    said = referee("show", "fees.dmn")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "model fees",
        "  purpose: What a parcel costs.",
        "",
        "inputs",
        "  weight: number",
        "",
        "table size, hit policy U (unique: at most one rule matches)",
        "  tests weight: number",
        "  gives size: string",
        '  rule 1: weight <= 2 -> size "small"',
        '  rule 2: weight > 2 -> size "large"',
        "  needs weight",
        "",
        "decision fee: number",
        '  if size = "small" then 4 else 9',
        "  needs size",
    ]


def test_a_dmn_file_is_drawn_as_a_page_and_given_to_machines(referee: Command, desk: Path) -> None:
    (desk / "fees.dmn").write_text(MODEL, encoding="utf-8")
    assert referee("show", "fees.dmn", "--html", "fees.html").out == "fees.html: fees\n"
    page = (desk / "fees.html").read_text(encoding="utf-8")
    assert "Requirements graph: size needs weight; fee needs size" in page
    assert 'aria-label="decision table size"' in page and "if size = &#34;small&#34; then 4 else 9" in page
    found = referee("show", "fees.dmn", "--json").json
    assert [(each["name"], each["needs"]) for each in found["elements"]] == [
        ("size", ["weight"]),
        ("fee", ["size"]),
    ]
    assert found["elements"][0]["table"]["rules"][1]["inputs"] == ["> 2"]


def test_what_is_no_dmn_file_is_said(referee: Command, desk: Path) -> None:
    (desk / "broken.dmn").write_text("<definitions", encoding="utf-8")
    said = referee("show", "broken.dmn")
    assert (said.code, said.out) == (2, "") and "the file is not well-formed XML" in said.err
    assert "there is no such file" in referee("show", "none.dmn").complaint

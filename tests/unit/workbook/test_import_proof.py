"""An imported workbook is compared with its source before it is kept: every cell, and every table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from referee.dmn import read_definitions
from referee.domain import RulesError
from referee.tables import HitPolicy
from referee.workbook import TableDraft, import_decision, read_workbook, write_workbook
from referee.workbook.draft_of_definitions import draft_of
from referee.workbook.import_proof import changes

SPEED = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="speed" namespace="n">
  <inputData id="w" name="weight"><variable name="weight" typeRef="number"/></inputData>
  <decision id="speed" name="speed"><variable name="speed"/>
    <informationRequirement><requiredInput href="#w"/></informationRequirement>
    <decisionTable hitPolicy="PRIORITY">
      <input><inputExpression typeRef="number"><text>weight</text></inputExpression>
        <inputValues><text>{allowed}</text></inputValues></input>
      <output name="speed" typeRef="{type}"><outputValues><text>{values}</text></outputValues>
        <defaultOutputEntry><text>{default}</text></defaultOutputEntry></output>
      <rule><inputEntry><text>&lt; 5</text></inputEntry><outputEntry><text>{given}</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""
NUMBERS = {"allowed": "[0..9]", "type": "number", "values": "1, 2", "default": "2", "given": "1"}


def source(folder: Path, **parts: str) -> Path:
    path = folder / "speed.dmn"
    path.write_text(SPEED.format(**{**NUMBERS, **parts}), encoding="utf-8")
    return path


@pytest.mark.parametrize("values", ["1,2", "1,2,1.234", "1.500, 2, 1"])
def test_allowed_values_that_people_could_read_in_two_ways_are_written_in_one(
    tmp_path: Path, values: str
) -> None:
    found = import_decision(source(tmp_path, values=values, allowed="1,2, 1.234"), tmp_path / "imported.xlsx")
    workbook = read_workbook(found.path)
    (output,) = workbook.table("speed").outputs
    model = workbook.model({})
    assert output.default is not None and output.default.text == "2"
    assert model.evaluate("speed", {"weight": 1}).value == 1
    refused = model.evaluate("speed", {"weight": 9})
    assert [each.code for each in refused.diagnostics] == ["input-not-allowed"]


def test_an_output_whose_cells_give_another_type_than_declared_is_refused(tmp_path: Path) -> None:
    path = source(tmp_path, type="string")
    with pytest.raises(RulesError) as raised:
        import_decision(path, tmp_path / "imported.xlsx")
    assert [fault.message for fault in raised.value.faults] == [
        "the table `speed` declares `speed` a string, and its cells give a number; declare what they give, or write "
        "cells that give a string"
    ]


def other_cell(table: TableDraft) -> TableDraft:
    return replace(table, rules=(("<= 5", *table.rules[0][1:]), *table.rules[1:]))


def swapped(table: TableDraft) -> TableDraft:
    return replace(table, values={**table.values, "speed": "2, 1"})


def renamed(table: TableDraft) -> TableDraft:
    values = {"weight": table.values["weight"], "pace": table.values["speed"]}
    return replace(table, outputs=("pace",), values=values, defaults={"pace": 2})


LOSSES: list[tuple[Callable[[TableDraft], TableDraft], str]] = [
    (lambda table: replace(table, hit_policy=HitPolicy.FIRST), "would have the hit policy F in place of P"),
    (lambda table: replace(table, rules=table.rules * 2), "would have 2 rules in place of 1"),
    (lambda table: replace(table, inputs=("weight + 1",)), "would test weight + 1 in place of weight"),
    (renamed, "would give `pace` in place of `speed`"),
    (lambda table: replace(table, defaults={}), "would have another default for `speed`"),
    (lambda table: replace(table, defaults={"speed": 1}), "`2` would be read as 1"),
    (lambda table: replace(table, values={"speed": "1, 2"}), "`[0..9]` would be read as -"),
    (swapped, "`1, 2` would be read as 2, 1"),
    (other_cell, "`< 5` would be read as <= 5"),
    (lambda table: replace(table, name="pace"), "the table `speed` is lost"),
]


@pytest.mark.parametrize(("spoil", "message"), LOSSES)
def test_whatever_is_lost_on_the_way_is_told(
    tmp_path: Path, spoil: Callable[[TableDraft], TableDraft], message: str
) -> None:
    made = draft_of(read_definitions(source(tmp_path)))
    assert not changes(written(tmp_path, made.draft), made)
    tables: Any = tuple(spoil(table) if table.name == "speed" else table for table in made.draft.tables)
    routing = next(table for table in tables if table.name == "routing")
    if not any(table.name == "speed" for table in tables):
        tables = (tables[0], replace(routing, inputs=("pace",), rules=(("-", "human", None, None, "x"),)))
    found = changes(written(tmp_path, replace(made.draft, tables=tables)), made)
    assert any(message in fault.message for fault in found), found


def written(folder: Path, draft: Any) -> Any:
    write_workbook(folder / "made.xlsx", draft)
    return read_workbook(folder / "made.xlsx")

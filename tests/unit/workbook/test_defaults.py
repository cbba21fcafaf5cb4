"""What a table gives where no rule matches: the row `default`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from referee.dmn import Model
from referee.domain import RulesError
from referee.workbook import read_workbook, write_workbook
from tests.unit.workbook.example import EXAMPLE


def written(folder: Path, **changes: object) -> Path:
    band, routing = EXAMPLE.tables
    path = folder / "limits.xlsx"
    write_workbook(path, replace(EXAMPLE, tables=(replace(band, **changes), routing)))  # type: ignore[arg-type]
    return path


def test_a_default_is_given_where_no_rule_matches(tmp_path: Path) -> None:
    path = written(tmp_path, defaults={"size": "large", "limit": 1})
    workbook = read_workbook(path)
    assert workbook.table("band").rules[0].outputs[0].text == '"small"'
    model: Model = workbook.model({"fraud model": lambda facts: None})  # type: ignore[arg-type, return-value]
    found = model.evaluate("band", {"amount": 1000, "since": None})
    assert found.value == {"size": "large", "limit": 1}


def test_defaults_without_values_and_in_either_order(tmp_path: Path) -> None:
    path = written(tmp_path, values={}, defaults={"size": "large"})
    assert str(read_workbook(path).table("band").outputs[0].default.text) == '"large"'  # type: ignore[union-attr]


def test_a_default_that_is_not_allowed_is_a_fault_with_its_cell(tmp_path: Path) -> None:
    path = written(tmp_path, defaults={"size": "huge", "amount": 5})
    try:
        read_workbook(path)
    except RulesError as error:
        places = {str(fault.place): fault.message for fault in error.faults}
    assert "only outputs have defaults" in places["limits.xlsx, sheet Band, cell B5"]
    assert "`huge` is none of the values of `size`" in places["limits.xlsx, sheet Band, cell D5"]

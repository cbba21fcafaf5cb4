"""What a workbook says about a model that isn't there: cases to people, or no case at all."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from referee.domain import RulesError
from referee.workbook import ModelDefinition, read_workbook
from referee.workbook.definitions_of_workbook import model_in
from tests.unit.engine.limits import write_limits

RISK = ModelDefinition("risk", "risk", "1.0", ("amount",))


def test_a_blank_and_an_absent_column_send_cases_to_people(tmp_path: Path) -> None:
    path = write_limits(tmp_path / "limits.xlsx", models=(RISK,))
    assert read_workbook(path).models[0].if_unavailable == "human"
    book = openpyxl.load_workbook(path)
    assert "if unavailable" not in [cell.value for cell in book["Models"][1]]
    book["Models"]["E1"] = "If unavailable"
    book.save(path)
    assert read_workbook(path).models[0].if_unavailable == "human"


def test_stop_is_written_and_read_again(tmp_path: Path) -> None:
    stop = ModelDefinition("risk", "risk", "1.0", ("amount",), "stop")
    assert read_workbook(write_limits(tmp_path / "limits.xlsx", models=(stop,))).models == (stop,)


def test_anything_else_is_a_fault_at_its_cell(tmp_path: Path) -> None:
    path = write_limits(tmp_path / "limits.xlsx", models=(RISK,))
    book = openpyxl.load_workbook(path)
    book["Models"]["E1"], book["Models"]["E2"] = "if unavailable", "go on"
    book.save(path)
    with pytest.raises(RulesError) as caught:
        read_workbook(path)
    [fault] = caught.value.faults
    assert str(fault).startswith("limits.xlsx, sheet Models, cell E2: `go on` doesn't say what happens")


@pytest.mark.parametrize("without", ["human", "stop"])
def test_a_definition_in_dmn_keeps_it(without: str) -> None:
    from referee.workbook.definitions_of_workbook import _model_note

    model = ModelDefinition("risk", "risk", "1.0", ("amount", "country"), without)
    assert model_in("risk", _model_note(model)) == model

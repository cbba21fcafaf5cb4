"""The column `sensitive`: how each fact stands in the audit log, through files and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from referee.domain import RulesError
from referee.workbook import FactDefinition, read_workbook
from referee.workbook.definitions_of_workbook import definitions_of
from referee.workbook.draft_of_definitions import draft_of
from tests.unit.engine.limits import write_limits

WAYS = ("hash", "mask", "mask 1", "mask 4", "encrypt")
FACTS = tuple(
    FactDefinition(f"fact {number}", "string", required=bool(number % 2), sensitive=True, logged_as=way)
    for number, way in enumerate(WAYS)
)


def column(path: Path) -> dict[str, str]:
    return {fact.name: fact.sensitivity for fact in read_workbook(path).dictionary.facts}


def test_each_way_of_hiding_comes_back_from_a_workbook(tmp_path: Path) -> None:
    path = write_limits(tmp_path / "limits.xlsx", more_facts=FACTS)
    read = column(path)
    assert [read[fact.name] for fact in FACTS] == list(WAYS)
    assert (read["country"], read["account"]) == ("", "hash")
    written = [row[4] for row in load_workbook(path)["Facts"].iter_rows(min_row=2, values_only=True)]
    assert [cell for cell in written if cell][-5:] == ["yes", *WAYS[1:]]


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("yes", "hash"),
        ("x", "hash"),
        ("Hash", "hash"),
        ("MASK 2", "mask 2"),
        ("Encrypt", "encrypt"),
        ("no", ""),
        (None, ""),
    ],
)
def test_the_column_is_read_as_people_write_it(tmp_path: Path, text: str | None, way: str) -> None:
    path = write_limits(tmp_path / "limits.xlsx")
    workbook = load_workbook(path)
    workbook["Facts"]["E3"] = text
    workbook.save(path)
    assert column(path)["country"] == way


@pytest.mark.parametrize("text", ["perhaps", "mask 5", "mask two", "encrypted"])
def test_anything_else_is_a_fault_that_names_the_choices(tmp_path: Path, text: str) -> None:
    path = write_limits(tmp_path / "limits.xlsx")
    workbook = load_workbook(path)
    workbook["Facts"]["E3"] = text
    workbook.save(path)
    with pytest.raises(
        RulesError, match=rf"`{text}` doesn't say whether the fact is sensitive; write no, yes or hash"
    ):
        read_workbook(path)


def test_each_way_of_hiding_comes_back_from_dmn(tmp_path: Path) -> None:
    workbook = read_workbook(write_limits(tmp_path / "limits.xlsx", more_facts=FACTS))
    drafted = draft_of(definitions_of(workbook)).draft.facts
    assert [replace(fact, place=None) for fact in drafted] == [
        replace(fact, place=None) for fact in workbook.dictionary.facts
    ]

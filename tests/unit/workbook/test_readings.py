"""Cells are read as the people who wrote them mean them, and each says how it was read."""

from __future__ import annotations

import datetime
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from referee.domain import Evaluation, ModelError
from referee.workbook import ReadAs, read_workbook, write_workbook
from referee.workbook.written_text import feel_text
from tests.unit.workbook.example import EXAMPLE, example, spoiled

# Cell of the example, what is put there, the FEEL text it is read as, and how.
READINGS: list[tuple[str, Any, str, ReadAs]] = [
    ("Band!B5", None, "-", ReadAs.ANY),
    ("Band!B5", "–", "-", ReadAs.ANY),
    ("Band!B5", 200, "200", ReadAs.NUMBER),
    ("Band!B5", 0.1, "0.1", ReadAs.NUMBER),
    ("Band!B5", "≤ 5000", "<= 5000", ReadAs.FEEL),
    ("Band!B5", "[100…500]", "[100..500]", ReadAs.FEEL),
    ("Band!B5", "−5", "-5", ReadAs.FEEL),
    ("Band!B5", "<=\u00a05000\n", "<= 5000", ReadAs.FEEL),
    ("Band!B5", "100, 200", "100, 200", ReadAs.FEEL),
    ("Band!B5", "> 5000, null", "> 5000, null", ReadAs.FEEL),
    ("Band!C6", datetime.date(2020, 1, 1), 'date("2020-01-01")', ReadAs.DATE),
    ("Band!C6", "2020-01-01", 'date("2020-01-01")', ReadAs.FEEL),
    ("routing!D5", False, "false", ReadAs.BOOLEAN),
    ("routing!C4", "high", '"high"', ReadAs.TEXT),
    ("routing!C4", "“high”", '"high"', ReadAs.FEEL),
    ("routing!C4", "„low“, «high»", '"low", "high"', ReadAs.FEEL),
    ("routing!C4", "‘high’", '"high"', ReadAs.FEEL),
    ("routing!C4", "low, high", '"low", "high"', ReadAs.TEXT),
    ("routing!C4", "not(“high”)", 'not("high")', ReadAs.FEEL),
    ("routing!C4", "null", "null", ReadAs.FEEL),
    ("routing!C3", "country", "country", ReadAs.FEEL),
    (
        "routing!I7",
        "The supplier’s bank asks; nobody answers.",
        '"The supplier’s bank asks; nobody answers."',
        ReadAs.TEXT,
    ),
    ("routing!G5", "pay-later", '"pay-later"', ReadAs.TEXT),
    ("Band!E5", "amount\u00a0/ 2", "amount / 2", ReadAs.FEEL),
]


@pytest.mark.parametrize(("address", "value", "feel", "read_as"), [item for item in READINGS if item[2]])
def test_a_cell_is_read_as_meant(
    tmp_path: Path, address: str, value: Any, feel: str, read_as: ReadAs
) -> None:
    workbook = read_workbook(spoiled(tmp_path, {address: value}))
    sheet, cell = address.split("!")
    if address.endswith("3"):
        (column,) = [item for item in workbook.table("routing").inputs if item.place.cell == cell]  # type: ignore[union-attr]
        assert column.expression.text == feel
        return
    (reading,) = [item for item in workbook.readings if (item.place.sheet, item.place.cell) == (sheet, cell)]
    assert (reading.feel, reading.read_as) == (feel, read_as)


@pytest.mark.parametrize(
    ("written", "feel"),
    [
        ('"the “big” one"', '"the “big” one"'),
        ('"a \\" b"', '"a \\" b"'),
        ("— ", "-"),
        ("1–5", "1–5"),
        ('"two\nlines"', '"two lines"'),
    ],
)
def test_quotes_and_dashes_are_straightened_outside_of_strings_only(written: str, feel: str) -> None:
    assert feel_text(written) == feel


def test_a_merged_area_means_its_value_in_each_cell(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    band = workbook["Band"]
    band["D7"].value = None
    band.merge_cells("D6:D7")
    band.merge_cells("B2:C2")
    workbook.save(path)
    assert [rule.outputs[0].text for rule in read_workbook(path).table("band").rules] == [
        '"small"',
        '"middle"',
        '"middle"',
        '"large"',
    ]


def test_hidden_sheets_of_choices_and_letter_case_of_sheet_names_do_not_matter(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    for old, new in (("Facts", "FACTS"), ("Decision", "decision ")):
        workbook[old].title = "renamed"
        workbook["renamed"].title = new
    workbook.save(path)
    assert read_workbook(path).settings.name == "credit limits"


def test_a_cached_formula_is_its_value(tmp_path: Path) -> None:
    import zipfile

    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Band"]["E5"].value = "=40+2"
    workbook.save(path)
    entries = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            content = content.replace(b"<f>40+2</f><v></v>", b"<f>40+2</f><v>42</v>")
            entries[name] = content.replace(b"<f>40+2</f><v />", b"<f>40+2</f><v>42</v>").replace(
                b"<f>40+2</f><v/>", b"<f>40+2</f><v>42</v>"
            )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    (reading,) = [
        item for item in read_workbook(path).readings if (item.place.sheet, item.place.cell) == ("Band", "E5")
    ]
    assert (reading.feel, reading.read_as) == ("42", ReadAs.NUMBER)


def test_what_is_drafted_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "limits.xlsx"
    write_workbook(path, EXAMPLE)
    read = read_workbook(path)
    assert read.settings == EXAMPLE.settings
    assert read.dictionary.facts == EXAMPLE.facts
    assert read.models == EXAMPLE.models
    assert read.tests == EXAMPLE.tests
    assert read.changes == EXAMPLE.changes
    assert [table.name for table in read.tables] == [table.name for table in EXAMPLE.tables]
    assert [table.hit_policy for table in read.tables] == [table.hit_policy for table in EXAMPLE.tables]
    assert [rule.annotations for rule in read.tables[0].rules] == [("without risk",), ("",), ("",), ("",)]
    assert read.actions == (("auto", "pay"), ("exception", "ask"))
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_draft_with_a_short_rule_is_refused() -> None:
    from referee.tables import HitPolicy
    from referee.workbook import TableDraft

    with pytest.raises(ValueError, match="rule 1 of t has 1 cells, not 2"):
        TableDraft("t", HitPolicy.UNIQUE, ("a",), ("b",), ((1,),))


def test_the_decision_asks_a_model_only_for_its_facts_and_only_when_needed(tmp_path: Path) -> None:
    workbook = read_workbook(example(tmp_path))
    asked: list[dict[str, Any]] = []

    def scorer(facts: Any) -> Evaluation:
        asked.append(dict(facts))
        return Evaluation({"label": "no", "confidence": Decimal(1), "probabilities": {"fraud": Decimal(0)}})

    model = workbook.model({"fraud model": scorer})
    case = {"customer": 7, "amount": "50", "risk": "low", "country": "DE", "member": True, "origin": "x"}
    facts, doubts = workbook.dictionary.check(case)
    assert doubts == []
    assert "origin" not in facts
    assert model.evaluate("routing", facts).value["action"] == "pay"
    assert [set(facts) for facts in asked] == [{"amount", "country"}]
    facts, _ = workbook.dictionary.check({**case, "risk": "high"})
    assert model.evaluate("routing", facts).value["reason"] == "High risk."
    assert len(asked) == 1
    with pytest.raises(ModelError, match="no model is given for fraud model"):
        workbook.model({})
    with pytest.raises(KeyError):
        workbook.table("nothing")

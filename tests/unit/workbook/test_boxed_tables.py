"""Boxed tables decide as imported what DMN says, and what pyDMNrules decides where it keeps to DMN."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.domain import RulesError
from referee.workbook import DecisionWorkbook, import_decision, read_workbook
from tests.unit.workbook.boxed_drawing import Boxed, draw_boxed

CONCEPTS = {
    "Case": {"Amount": "amount", "Risk": "risk", "Vip": "vip"},
    "Result": {"Level": "level", "Cost": "cost"},
}
AMOUNT_AND_RISK, LEVEL = ("Amount", "Risk"), ("Level",)
STEPS = (("<10", "-", 1), ("<20", '"high"', 2), ("-", "-", 4))
WORDS = (("<10", "-", "b"), ("<20", '"high"', "a"), ("-", "-", "c"))
RANKED = (None, '"low","high"', '"a","b","c"')
CASES = [
    {"Amount": amount, "Risk": risk, "Vip": vip}
    for amount in (0, 5, Decimal("5.5"), 10, 15, 20, 25)
    for risk in ("low", "high")
    for vip in (True, False)
]


def imported(path: Path) -> DecisionWorkbook:
    return read_workbook(import_decision(path, path.with_name("imported.xlsx")).path)


def results(workbook: DecisionWorkbook, table: Boxed, case: dict[str, Any]) -> Any:
    """What the table gives by output."""
    name = table.outputs[0] if len(table.outputs) == 1 else table.name
    value = workbook.model({}).evaluate(name, {key: case[key] for key in table.inputs}).value
    return value if isinstance(value, dict) else {table.outputs[0]: value}


TABLES = {
    "unique": Boxed("U", AMOUNT_AND_RISK, LEVEL, (("<10", '"low"', "a"), ("[10..20)", '"low","high"', "b"))),
    "unique with allowed values": Boxed(
        "U",
        AMOUNT_AND_RISK,
        LEVEL,
        (("<10", "-", "b"), (">=10", "-", "a")),
        ("[0..30]", '"low","high"', '"a","b"'),
    ),
    "first": Boxed("F", AMOUNT_AND_RISK, LEVEL, WORDS),
    "first with plain texts and blanks": Boxed(
        "F", AMOUNT_AND_RISK, LEVEL, (("<10", "low", "a"), (None, "high", "b"), ("-", "-", "c"))
    ),
    "any": Boxed("A", AMOUNT_AND_RISK, LEVEL, (("<10", "-", "a"), ("<20", '"high"', "a"))),
    "priority": Boxed("P", AMOUNT_AND_RISK, LEVEL, WORDS, RANKED),
    "output order": Boxed("O", AMOUNT_AND_RISK, LEVEL, WORDS, RANKED),
    "rule order": Boxed("R", AMOUNT_AND_RISK, LEVEL, WORDS),
    "collect": Boxed("C", AMOUNT_AND_RISK, LEVEL, STEPS),
    "sum": Boxed("C+", AMOUNT_AND_RISK, LEVEL, STEPS),
    "least": Boxed("C<", AMOUNT_AND_RISK, LEVEL, STEPS),
    "most": Boxed("C>", AMOUNT_AND_RISK, LEVEL, STEPS),
    "count": Boxed("C#", AMOUNT_AND_RISK, LEVEL, STEPS),
    "numbers": Boxed(
        "F",
        AMOUNT_AND_RISK,
        LEVEL,
        ((5, "-", "a"), ("5.5,10", "-", "b"), ("not(15)", '"low"', "c"), ("-", "-", "d")),
    ),
    "truth values": Boxed(
        "F", ("Vip", "Risk"), LEVEL, (("true", "-", "a"), (False, '"high"', "b"), ("-", "-", "d"))
    ),
    "two outputs": Boxed(
        "F",
        AMOUNT_AND_RISK,
        ("Level", "Cost"),
        (("<10", "-", "a", 1.5), ("-", '"high"', "b", "Case.amount * 2"), ("-", "-", "c", "Case.amount / 4")),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_pydmnrules_decides_the_same(tmp_path: Path, name: str) -> None:
    theirs = pytest.importorskip(
        "pyDMNrules", reason="pyDMNrules is not installed; nothing here needs it"
    ).DMN()
    table = TABLES[name]
    path = draw_boxed(tmp_path / "rules.xlsx", CONCEPTS, [table])
    assert "errors" not in theirs.load(str(path))
    workbook = imported(path)
    for case in CASES:
        _, decided = theirs.decide(
            {key: float(v) if isinstance(v, Decimal) else v for key, v in case.items()}
        )
        decided = decided[-1:] if isinstance(decided, list) else [decided]
        found = {output: plain(decided[0]["Result"][output]) if decided else None for output in table.outputs}
        assert {key: plain(value) for key, value in results(workbook, table, case).items()} == found, case


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return round(float(value), 9) if is_number else value


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("unique", "b"),
        ("unique with allowed values", "a"),
        ("first", "a"),
        ("first with plain texts and blanks", "b"),
        ("priority", "a"),
        ("output order", ["a", "c"]),
        ("rule order", ["a", "c"]),
        ("collect", [2, 4]),
        ("sum", 6),
        ("least", 2),
        ("most", 4),
        ("count", 2),
    ],
)
def test_boxed_tables_decide_by_their_hit_policy(tmp_path: Path, name: str, level: Any) -> None:
    workbook = imported(draw_boxed(tmp_path / "rules.xlsx", CONCEPTS, [TABLES[name]]))
    assert results(workbook, TABLES[name], {"Amount": 15, "Risk": "high"}) == {"Level": level}


def test_a_row_between_headings_and_double_border_holds_allowed_values(tmp_path: Path) -> None:
    workbook = imported(draw_boxed(tmp_path / "rules.xlsx", CONCEPTS, [TABLES["unique with allowed values"]]))
    table = workbook.table("Level")
    assert len(table.rules) == 2
    amount, risk = table.inputs
    assert amount.allowed_values is not None and amount.allowed_values.text == "[0..30]"
    assert risk.allowed_values is not None and risk.allowed_values.text == '"low","high"'
    evaluation = workbook.model({}).evaluate("Level", {"Amount": 31, "Risk": "low"})
    assert [diagnostic.code for diagnostic in evaluation.diagnostics] == ["input-not-allowed"]


def test_without_a_border_below_the_headings_a_numbered_row_is_not_guessed(tmp_path: Path) -> None:
    table = Boxed(
        "F", AMOUNT_AND_RISK, LEVEL, (("<10", "low", "a"), ("-", "high", "b")), border_below_headings=False
    )
    source = draw_boxed(tmp_path / "rules.xlsx", CONCEPTS, [table])
    with pytest.raises(RulesError) as raised:
        import_decision(source, tmp_path / "imported.xlsx")
    assert str(raised.value.faults[0]) == (
        "rules.xlsx, sheet Rules, cell B2: the row below can be read as a rule or as allowed values, because there is "
        "no double border below the headings; draw it below them, or below the allowed values"
    )


def test_a_table_without_inputs_gives_its_output(tmp_path: Path) -> None:
    table = Boxed("U", (), LEVEL, (("a",),))
    workbook = imported(draw_boxed(tmp_path / "rules.xlsx", CONCEPTS, [table]))
    assert results(workbook, table, {}) == {"Level": "a"}

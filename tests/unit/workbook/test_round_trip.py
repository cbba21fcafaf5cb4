"""Tables of every kind come back from DMN as they were: same cells, same decisions, and nothing for a diff to tell."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee.cli.main import cli
from referee.dmn import write_definitions
from referee.domain import Evaluation
from referee.tables import CellText, HitPolicy
from referee.workbook import (
    DecisionWorkbook,
    FactDefinition,
    Settings,
    TableDraft,
    WorkbookDraft,
    definitions_of,
    import_decision,
    read_workbook,
    write_workbook,
)

FACTS = (
    FactDefinition("case id", "string"),
    FactDefinition("größe", "number", "[0..100]", required=False),
    FactDefinition("Straße", "string", '"Öl","Gas","東京"', required=False, description="„wo“ & <was>"),
    FactDefinition("since", "date", required=False),
    FactDefinition("at", "time", required=False),
    FactDefinition("seen", "date and time", required=False),
    FactDefinition("wait", "days and time duration", required=False),
    FactDefinition("term", "years and months duration", required=False),
    FactDefinition("vip", "boolean", required=False),
)
CELLS: dict[str, list[Any]] = {
    "größe": ["-", "< 10", "[2..8)", 5, "(10..20]", "not(5)", "null", "1, 2", "> 1.2345", "(1.500)"],
    "Straße": ["-", "Öl", '"Gas","東京"', 'not("Öl")', "null", 'contains(?, "a")'],
    "since": ["-", datetime.date(2024, 2, 29), '< date("2024-05-01")', "null"],
    "at": ["-", '>= time("12:30:00")', datetime.time(8, 15)],
    "seen": ["-", '< date and time("2024-01-31T10:00:00")', datetime.datetime(2024, 1, 31, 10)],
    "wait": ["-", '> duration("P2DT3H")', 'duration("PT30M")'],
    "term": ["-", '<= duration("P1Y6M")', 'not(duration("P2Y"))'],
    "vip": ["-", True, False, "null"],
}
VALUES: dict[str, list[Any]] = {
    "größe": [None, 0, 5, 7, 15, 100],
    "Straße": [None, "Öl", "Gas", "東京"],
    "since": [None, datetime.date(2024, 2, 29), datetime.date(2025, 1, 1)],
    "at": [None, datetime.time(8, 15), datetime.time(13, 0)],
    "seen": [None, datetime.datetime(2024, 1, 31, 10), datetime.datetime(2023, 1, 1)],
    "wait": [None, datetime.timedelta(minutes=30), datetime.timedelta(days=9)],
    "term": [None, "P1Y", "P2Y"],
    "vip": [None, True, False],
}
OUTPUTS: dict[str, tuple[str, list[Any]]] = {
    "way": ('"rot","grün","blau"', ["rot", '"grün"', "blau"]),
    "count": ("1, 2, 3", [1, 2, 3]),
    "day": ("", [datetime.date(2024, 2, 29), 'date("2025-01-01")']),
    "pause": ("", ['duration("PT1H")', 'duration("P1D")']),
    "list": ("", ["[1, 2]", "[]", '["a", "b"]']),
    "more": ("", ["größe * 2", "null", 'string(größe) + " Stück"']),
}


@dataclass(frozen=True)
class RandomTable:
    draft: TableDraft
    cases: list[dict[str, Any]]


@st.composite
def tables(draw: st.DrawFn) -> RandomTable:
    policy = draw(st.sampled_from(list(HitPolicy)))
    inputs = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4, unique=True))
    names = ["way", "count"] if policy.needs_priorities else list(OUTPUTS)
    outputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if policy.is_aggregate:
        outputs = ["count"]
    notes = draw(st.sampled_from([(), ("Grund",), ("Grund", "law")]))
    columns = [*(CELLS[name] for name in inputs), *(OUTPUTS[name][1] for name in outputs)]
    columns += [[None, "„so“ & <nicht>"] for _ in notes]
    rules = draw(st.lists(st.tuples(*map(st.sampled_from, columns)), min_size=1, max_size=5))
    values = {name: OUTPUTS[name][0] for name in outputs if OUTPUTS[name][0]}
    defaults = draw(st.booleans())
    given = {name: OUTPUTS[name][1][0] for name in outputs} if defaults and not policy.is_aggregate else {}
    draft = TableDraft(
        "Prüfung", policy, tuple(inputs), tuple(outputs), tuple(rules), notes, values, "", given
    )
    case = st.fixed_dictionaries({name: st.sampled_from(options) for name, options in VALUES.items()})
    return RandomTable(draft, draw(st.lists(case, min_size=3, max_size=6)))


def written(path: Path, table: TableDraft) -> DecisionWorkbook:
    routing = TableDraft(
        "routing",
        HitPolicy.FIRST,
        ("Straße",),
        ("route", "action", "queue", "reason"),
        (
            ("Öl", "auto", "send", None, '"as " + string(Prüfung)'),
            ("-", "human", None, "desk", "Somebody decides."),
        ),
    )
    named = Settings("Prüfungen", "1", "", "", "case id", "routing", "desk")
    write_workbook(path, WorkbookDraft(named, FACTS, (table, routing)))
    return read_workbook(path)


def there_and_back(workbook: DecisionWorkbook, folder: Path, version: Any) -> DecisionWorkbook:
    write_definitions(definitions_of(workbook), folder / "there.dmn", version)
    return read_workbook(import_decision(folder / "there.dmn", folder / "back.xlsx").path)


def outcome(evaluation: Evaluation) -> Any:
    fired = [(node.name, [rule.number for rule in node.rules]) for node in evaluation.trace]
    return evaluation.value, sorted({each.code for each in evaluation.diagnostics}), fired


def text(cell: CellText | None) -> str:
    return "" if cell is None else cell.text


def texts(workbook: DecisionWorkbook) -> list[Any]:
    return [
        (
            table.name,
            table.hit_policy,
            [(each.expression.text, each.type, text(each.allowed_values)) for each in table.inputs],
            [(each.name, each.type, text(each.allowed_values), text(each.default)) for each in table.outputs],
            table.annotations,
            [
                ([cell.text for cell in (*rule.inputs, *rule.outputs)], rule.annotations)
                for rule in table.rules
            ],
        )
        for table in workbook.tables
    ]


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(table=tables(), version=st.sampled_from(["1.3", "1.5"]))
def test_a_table_of_any_kind_comes_back_as_it_was(table: RandomTable, version: Any) -> None:
    with TemporaryDirectory() as name:
        own = written(Path(name) / "own.xlsx", table.draft)
        back = there_and_back(own, Path(name), version)
        assert texts(back) == texts(own)
        assert back.dictionary.facts == own.dictionary.facts
        before, after = own.model({}), back.model({})
        for case in table.cases:
            facts, doubts = own.dictionary.check({"case id": "1", **case})
            assert back.dictionary.check({"case id": "1", **case}) == (facts, doubts)
            assert outcome(after.evaluate("Prüfung", facts)) == outcome(before.evaluate("Prüfung", facts))


@pytest.mark.parametrize("policy", list(HitPolicy))
def test_a_diff_tells_nothing_of_a_table_that_came_back(tmp_path: Path, policy: HitPolicy) -> None:
    rules = (("< 10", "Öl", 1, "so"), ("[5..20]", "-", 2, None), ("null", 'not("Öl")', 3, "„nicht“"))
    default = {} if policy.is_aggregate else {"count": 3}
    draft = TableDraft(
        "Prüfung",
        policy,
        ("größe", "Straße"),
        ("count",),
        rules,
        ("Grund",),
        {"count": "1, 2, 3"},
        "",
        default,
    )
    there_and_back(written(tmp_path / "own.xlsx", draft), tmp_path, "1.3")
    said = CliRunner().invoke(cli, ["diff", str(tmp_path / "own.xlsx"), str(tmp_path / "back.xlsx")])
    assert ": no changes\n" in said.output
    assert said.exit_code == 0, said.output

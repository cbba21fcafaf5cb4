"""The result workbook shows each decision beside its inputs, and counts them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from referee.domain import CellAddress, Decision, Diagnostic, NodeTrace, Route, RuleRef, Versions
from referee.workbook import read_table, write_results
from referee.workbook.results import rule_text

PLACE = CellAddress("limits.xlsx", "Routing", "A7")


def decision(
    case_id: str,
    route: Route,
    *,
    reasons: tuple[str, ...] = ("because",),
    score: bool = False,
    version: str = "1.0",
    sha256: str = "ab" * 32,
) -> Decision:
    trace: list[NodeTrace] = [NodeTrace("routing", {"route": "x"}, (RuleRef("routing", 3, PLACE),))]
    if score:
        value = {"label": "touch", "confidence": Decimal("0.87"), "probabilities": {"touch": Decimal("0.87")}}
        trace.insert(0, NodeTrace("review model", value))
    return Decision(
        case_id,
        route,
        "post" if route is Route.AUTO else "",
        "" if route is Route.AUTO else "desk",
        reasons,
        {"case": case_id, "amount": Decimal(5)},
        {},
        tuple(trace),
        (Diagnostic("x", "y"),),
        Versions("limits", version, sha256),
    )


def source(tmp_path: Path) -> Path:
    workbook: Any = Workbook()
    for row in (["case", "route", "note"], ["1", "north", "=1+1"], ["2", "south", "b"], ["3", "west", None]):
        workbook.active.append(row)
    workbook.active["C2"].data_type = "s"
    path = tmp_path / "cases.xlsx"
    workbook.save(path)
    return path


def test_results_stand_beside_the_inputs_in_their_order(tmp_path: Path) -> None:
    out = tmp_path / "out" / "decided.xlsx"
    decisions = [
        decision("2", Route.HUMAN, reasons=("first doubt", "second doubt")),
        decision("1", Route.AUTO, score=True),
        decision("9", Route.EXCEPTION),
    ]
    write_results(source(tmp_path), decisions, out)
    table = read_table(out, "Results")
    assert table.columns == (
        "case",
        "route",
        "note",
        "route (decided)",
        "action",
        "queue",
        "reasons",
        "rules",
        "review model",
        "review model confidence",
    )
    rows: list[dict[str, Any]] = [dict(row.values) for row in table.rows]
    assert [row["case"] for row in rows] == ["1", "2", "3", "9"]
    assert [row["route (decided)"] for row in rows] == ["auto", "human", "not decided", "exception"]
    assert (rows[0]["route"], rows[0]["note"], rows[0]["action"]) == ("north", "=1+1", "post")
    assert (rows[0]["review model"], rows[0]["review model confidence"]) == ("touch", Decimal("0.87"))
    assert rows[1]["reasons"] == "first doubt\nsecond doubt"
    assert rows[1]["rules"] == "routing rule 3 (sheet Routing, cell A7)"
    workbook = load_workbook(out)
    sheet = workbook["Results"]
    colours = [sheet.cell(row, 4).fill.start_color.rgb[-6:] for row in range(2, 6)]
    assert colours == ["C6EFCE", "BDD7EE", "D9D9D9", "FFEB9C"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:J5")
    assert sheet["C2"].data_type == "s"


def test_the_summary_counts_routes_actions_queues_and_reasons(tmp_path: Path) -> None:
    out = tmp_path / "decided.xlsx"
    write_results(source(tmp_path), [decision("1", Route.AUTO), decision("2", Route.HUMAN)], out)
    sheet = load_workbook(out)["Summary"]
    rows = [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
    assert ("Cases", 3, None) in rows
    assert ("Version", "1.0", None) in rows
    assert ("auto", 1, 0.3333) in rows
    assert ("exception", 0, 0) in rows
    assert ("not decided", 1, 0.3333) in rows
    assert ("desk", 1, 0.3333) in rows
    assert ("because", 2, 0.6667) in rows


def test_without_a_source_the_facts_are_the_inputs(tmp_path: Path) -> None:
    out = tmp_path / "decided.xlsx"
    write_results(None, [decision("1", Route.AUTO)], out)
    assert dict(read_table(out).rows[0].values) | {"rules": None} == {
        "case": "1",
        "amount": Decimal(5),
        "route": "auto",
        "action": "post",
        "queue": None,
        "reasons": "because",
        "rules": None,
    }


def test_a_rule_without_a_cell_is_named_by_its_table() -> None:
    assert rule_text(RuleRef("routing", 3)) == "routing rule 3"


def test_nothing_to_show_is_a_fine_result(tmp_path: Path) -> None:
    out = tmp_path / "decided.xlsx"
    write_results(None, [], out)
    assert [row[1] for row in load_workbook(out)["Summary"].iter_rows(max_row=1, values_only=True)] == [0]


def test_decisions_of_several_versions_name_theirs(tmp_path: Path) -> None:
    out = tmp_path / "decided.xlsx"
    write_results(None, [decision("1", Route.AUTO), decision("2", Route.AUTO)], out)
    assert "version" not in read_table(out, "Results").columns
    later = [decision("2", Route.AUTO, version="2", sha256="cd" * 32)]
    write_results(None, [decision("1", Route.AUTO), *later], out)
    assert [row.text("version") for row in read_table(out, "Results").rows] == ["1.0", "2"]
    write_results(None, [decision("1", Route.AUTO), decision("2", Route.AUTO, sha256="cd" * 32)], out)
    assert [row.text("version") for row in read_table(out, "Results").rows] == [
        "1.0 (abababab)",
        "1.0 (cdcdcdcd)",
    ]


def test_hidden_facts_are_hidden_wherever_the_inputs_come_from_but_not_the_case_id(tmp_path: Path) -> None:
    out = tmp_path / "decided.xlsx"
    hidden = {"note": "(sensitive)", "case": "(sensitive)", "amount": "(sensitive)"}
    write_results(source(tmp_path), [decision("1", Route.AUTO)], out, id_column="case", hidden=hidden)
    rows = read_table(out, "Results").rows
    assert [(row.text("case"), row.values["note"]) for row in rows] == [
        ("1", "(sensitive)"),
        ("2", "(sensitive)"),
        ("3", None),
    ]
    write_results(None, [decision("1", Route.AUTO)], out, id_column="case", hidden=hidden)
    (row,) = read_table(out, "Results").rows
    assert (row.text("case"), row.text("amount")) == ("1", "(sensitive)")

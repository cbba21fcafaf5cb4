"""The Tests sheet: one case per row, with stand-in scores and expected outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from referee.domain import CellAddress, Diagnostic
from referee.workbook.cell_reading import CellKind, ColumnSense, Misread, did_you_mean, read_cell
from referee.workbook.data_dictionary import DataDictionary
from referee.workbook.decision_workbook import ModelDefinition, WorkbookTest
from referee.workbook.grid import Grid
from referee.workbook.route_table import ROUTES
from referee.workbook.table_sheet import TypedName, constant, may_follow

KINDS = ("Test", "Fact", "Score", "Expected")
_ROUTING_OUTPUTS = ("route", "action", "queue")


def read_tests(
    grid: Grid,
    dictionary: DataDictionary,
    models: Collection[ModelDefinition],
    outputs: Mapping[str, TypedName],
    faults: list[Diagnostic],
) -> tuple[WorkbookTest, ...]:
    """The tests of the sheet. Its first row says Test, Fact, Score or Expected over each column, its second
    row which.

    ``outputs`` are the tables with the type of their result. A blank fact is a missing one; a blank
    expectation is not checked; a model without a score is not expected to be asked.
    """
    if grid.is_blank:
        return ()
    columns = _columns(grid, dictionary, models, outputs, faults)
    names = [position for position, (kind, _) in columns.items() if kind == "Test"]
    if not names:
        message = "the first row must hold `Test` over the column with the names of the tests"
        faults.append(Diagnostic("tests-column", message, place=grid.place(1, 1)))
    tests: dict[str, WorkbookTest] = {}
    for row in range(3, grid.last_row + 1):
        if grid.is_blank_row(row):
            continue
        title = grid.cell(row, names[0] if names else 1)
        if names and (not title.text or title.text in tests):
            found = f"another test is named `{title.text}` too" if title.text else "the test has no name"
            faults.append(Diagnostic("tests-name", f"{found}; each needs its own", place=title.place))
        test = _test(grid, row, title.text, title.place, columns, outputs, faults)
        _check_facts(grid, row, test, columns, dictionary, faults)
        tests[title.text] = test
    return tuple(tests.values())


def _check_facts(
    grid: Grid,
    row: int,
    test: WorkbookTest,
    columns: Mapping[int, tuple[str, str]],
    dictionary: DataDictionary,
    faults: list[Diagnostic],
) -> None:
    """Adds a fault for each fact that can't be read as its type, unless the test is about that: it goes to people."""
    if test.expected.get("route") == "human":
        return
    for position, (kind, heading) in columns.items():
        if kind == "Fact" and heading in test.facts:
            fault = dictionary.unreadable(heading, test.facts[heading])
            if fault is not None:
                faults.append(fault.at(grid.place(row, position)))


def sheet_columns(grid: Grid) -> tuple[tuple[str, str], ...]:
    """Kind and heading of each column of the sheet, from the first; a blank one is a pair of empty texts."""
    kinds = {kind.casefold(): kind for kind in KINDS}
    return tuple(
        (kinds.get(grid.cell(1, position).text.casefold(), ""), grid.cell(2, position).text)
        for position in range(1, grid.last_column + 1)
    )


def _columns(
    grid: Grid,
    dictionary: DataDictionary,
    models: Collection[ModelDefinition],
    outputs: Mapping[str, TypedName],
    faults: list[Diagnostic],
) -> dict[int, tuple[str, str]]:
    folded = {kind.casefold(): kind for kind in KINDS}
    columns: dict[int, tuple[str, str]] = {}
    for position in range(1, grid.last_column + 1):
        written, heading = grid.cell(1, position), grid.cell(2, position)
        if not written.text and not heading.text:
            continue
        kind = folded.get(written.text.casefold())
        if kind is None:
            hint = did_you_mean(written.text, KINDS)
            message = f"`{written.text}` is no kind of column{hint}; write Test, Fact, Score or Expected"
            faults.append(Diagnostic("tests-column", message, place=written.place))
            continue
        unknown = _unknown(kind, heading.text, dictionary, models, outputs)
        if unknown:
            faults.append(Diagnostic("unknown-name", unknown, place=heading.place))
        elif (kind, heading.text) in columns.values():
            message = f"`{heading.text}` is there twice"
            faults.append(Diagnostic("duplicate-name", message, place=heading.place))
        else:
            columns[position] = (kind, heading.text)
    return columns


def _unknown(
    kind: str,
    heading: str,
    dictionary: DataDictionary,
    models: Collection[ModelDefinition],
    outputs: Mapping[str, TypedName],
) -> str:
    """Why a heading means nothing, or the empty text."""
    if kind == "Fact" and dictionary.fact(heading) is None:
        return f"`{heading}` is no declared fact{did_you_mean(heading, dictionary.names)}"
    if kind == "Score":
        node, *path = heading.split(".")
        known = [model.node for model in models]
        if node not in known:
            return f"`{node}` is no model{did_you_mean(node, known)}"
        if path not in (["label"], ["confidence"]) and not (len(path) == 2 and path[0] == "probabilities"):
            scores = f"`{node}.label`, `{node}.confidence` or `{node}.probabilities.<label>`"
            return f"`{heading}` is no score; write {scores}"
    if kind == "Expected" and expected_type(heading, outputs) is None:
        known = [*_ROUTING_OUTPUTS, *outputs]
        hint = did_you_mean(heading, known)
        return f"`{heading}` is no table and no output{hint}; these are {', '.join(known)}"
    return ""


def expected_type(heading: str, outputs: Mapping[str, TypedName]) -> TypedName | None:
    """The type of an expected output; None for one that doesn't exist."""
    if heading in _ROUTING_OUTPUTS:
        return TypedName("string")
    if heading in outputs:
        return outputs[heading]
    table, _, output = heading.rpartition(".")
    if table in outputs and not outputs[table].is_known:
        return outputs[table]
    members = outputs[table].members if table in outputs else None
    return members.get(output) if members else None


def _test(
    grid: Grid,
    row: int,
    name: str,
    place: CellAddress,
    columns: Mapping[int, tuple[str, str]],
    outputs: Mapping[str, TypedName],
    faults: list[Diagnostic],
) -> WorkbookTest:
    facts: dict[str, Any] = {}
    scores: dict[str, dict[str, Any]] = {}
    expected: dict[str, Any] = {}
    places: dict[str, CellAddress] = {}
    for position, (kind, heading) in columns.items():
        cell = grid.cell(row, position)
        if cell.value is None or kind == "Test":
            continue
        if kind == "Fact":
            facts[heading] = cell.value
        elif kind == "Score":
            node, *path = heading.split(".")
            score = scores.setdefault(node, {})
            if path[0] == "probabilities":
                score = score.setdefault("probabilities", {})
            if path[0] != "label" and not isinstance(cell.value, Decimal):
                message = (
                    f"`{heading}` is a number from 0 to 1, and the cell holds `{cell.text}`; write a number"
                )
                faults.append(Diagnostic("score-type", message, place=cell.place))
            score[path[-1]] = cell.value
        elif cell.text != "-":
            typed = expected_type(heading, outputs) or TypedName()
            choices = ROUTES if heading == "route" else ()
            try:
                reading = read_cell(cell, ColumnSense(CellKind.OUTPUT, heading, typed.type, choices))
            except Misread as misread:
                if typed.is_known or not may_follow(misread, cell):
                    faults.append(misread.diagnostic.at(cell.place))
                continue
            expected[heading] = constant(reading.feel)
            places[heading] = cell.place
    return WorkbookTest(name, facts, expected, scores, places, place)

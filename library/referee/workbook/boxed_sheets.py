"""Boxed decision tables as people draw them in Excel for pyDMNrules.

A cell with the table's name; below it a row with the letter of the hit policy and the headings, a double
border between inputs and outputs, and perhaps another before annotations; below that perhaps a row with allowed values,
then a double border, then the rules. The sheet
`Glossary` says what the headings are called in expressions, the sheet `Decision` which tables are used.
Source: the documentation of pyDMNrules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from referee.dmn import Definitions
from referee.domain import Diagnostic, InputError, RulesError
from referee.tables import HitPolicy
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.foreign_tables import (
    ForeignColumn,
    ForeignTable,
    definitions_from,
    linked,
    renamed,
)
from referee.workbook.grid import Grid, GridCell, read_grid
from referee.workbook.stored_cells import ExcelFile

_GLOSSARY, _DECISION, _TEST = "glossary", "decision", "test"
_LETTERS = {policy.value: policy for policy in HitPolicy}


@dataclass(frozen=True, slots=True)
class _Lines:
    """The double borders of a sheet: columns after which one stands, and rows, by cell."""

    after_column: frozenset[tuple[int, int]]
    below_row: frozenset[tuple[int, int]]


def is_boxed(file: ExcelFile) -> bool:
    """Whether the workbook has the sheets of boxed tables, or a double border beside a hit policy."""
    names = {sheet.name.strip().casefold() for sheet in file.sheets}
    if _GLOSSARY in names or _DECISION in names:
        return True
    lines = _double_lines(file)
    return any(_hit_policy_cells(grid, lines[grid.sheet]) for grid in _grids(file, []))


def read_boxed(file: ExcelFile) -> Definitions:
    """The tables of a workbook of boxed tables. Cells are read as in decision workbooks; what can't be held
    in one (tables in columns, cross tables, `Execute`, conditions for tables) is a fault with its cell.
    """
    faults: list[Diagnostic] = []
    grids = {grid.sheet.strip().casefold(): grid for grid in _grids(file, faults)}
    lines = _double_lines(file)
    glossary = _glossary(grids.get(_GLOSSARY))
    wanted = _wanted_tables(grids.get(_DECISION), faults)
    tables: dict[str, ForeignTable] = {}
    for name, grid in grids.items():
        if name in (_GLOSSARY, _DECISION, _TEST):
            continue
        for row, column in _hit_policy_cells(grid, lines[grid.sheet]):
            table = _table(grid, row, column, lines[grid.sheet], glossary, faults)
            if table is not None:
                tables[table.name] = table
    if not tables and not faults:
        raise InputError(
            f"{file.path}: there is no boxed table; a table has its name in a cell, below it the letter of the "
            "hit policy and the headings, and a double border between inputs and outputs"
        )
    for name, cell in wanted.items():
        if name not in tables:
            message = f"there is no table `{name}`{did_you_mean(name, tables)}"
            faults.append(Diagnostic("unknown-name", message, place=cell.place))
    used = [tables[name] for name in wanted if name in tables] or list(tables.values())
    named = _named_as_used(used, faults)
    if not named:
        raise RulesError(file.path.name, faults)
    return definitions_from(file.path.stem, linked(named, faults).tables, faults)


def _grids(file: ExcelFile, faults: list[Diagnostic]) -> list[Grid]:
    return [
        read_grid(file.path.name, sheet.name, file.rows(sheet), file.merged_areas(sheet), faults)
        for sheet in file.sheets
    ]


def _double_lines(file: ExcelFile) -> dict[str, _Lines]:
    import warnings

    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about extensions that have no borders
        try:
            workbook: Any = load_workbook(file.path)
        except Exception as error:  # openpyxl has no error of its own
            raise InputError(
                f"{file.path}: its borders can't be read; open it in Excel and save it"
            ) from error
    found = {}
    for worksheet in workbook.worksheets:
        after: set[tuple[int, int]] = set()
        below: set[tuple[int, int]] = set()
        for cell in list(worksheet._cells.values()):
            border = cell.border
            if _is_double(border.right):
                after.add((cell.row, cell.column))
            if _is_double(border.left):
                after.add((cell.row, cell.column - 1))
            if _is_double(border.bottom):
                below.add((cell.row, cell.column))
            if _is_double(border.top):
                below.add((cell.row - 1, cell.column))
        found[worksheet.title] = _Lines(frozenset(after), frozenset(below))
    return found


def _is_double(side: Any) -> bool:
    return side is not None and side.style == "double"


def _hit_policy_cells(grid: Grid, lines: _Lines) -> list[tuple[int, int]]:
    """Cells with the letter of a hit policy that have a name above, a heading beside and a double border."""
    return sorted(
        (row, column)
        for (row, column), cell in grid.cells.items()
        if cell.text.upper() in _LETTERS
        and row > 1
        and grid.cell(row - 1, column).text
        and grid.cell(row, column + 1).text
        and (
            any(line[0] == row and line[1] >= column for line in lines.after_column)
            or any(line[1] == column and line[0] > row for line in lines.below_row)
        )
    )


def _glossary(grid: Grid | None) -> dict[str, str]:
    """Headings by the names that expressions use for them, ``Customer.sector``."""
    if grid is None:
        return {}
    names: dict[str, str] = {}
    for row in range(1, grid.last_row + 1):
        variable, concept, attribute = (grid.cell(row, column).text for column in (1, 2, 3))
        if variable and concept and attribute and variable.casefold() != "variable":
            names[f"{concept}.{attribute}"] = variable
    return names


def _wanted_tables(grid: Grid | None, faults: list[Diagnostic]) -> dict[str, GridCell]:
    """The tables that the Decision sheet lists, with their cells."""
    if grid is None:
        return {}
    for row in range(1, grid.last_row + 1):
        headings = {
            grid.cell(row, column).text.casefold(): column for column in range(1, grid.last_column + 1)
        }
        listed = headings.get("execute decision tables") or headings.get("execute decision table")
        if listed is None:
            continue
        decisions = headings.get("decisions", listed)
        for position in range(1, min(decisions, listed)):
            cells = [grid.cell(below, position) for below in range(row + 1, grid.last_row + 1)]
            for cell in cells:
                if cell.text not in ("", "-"):
                    message = (
                        f"the table is used only where `{cell.text}`; a workbook has no such condition, so make "
                        "it an input of the table"
                    )
                    faults.append(Diagnostic("not-in-workbook", message, place=cell.place))
        cells = [grid.cell(below, listed) for below in range(row + 1, grid.last_row + 1)]
        return {cell.text: cell for cell in cells if cell.text}
    return {}


def _table(
    grid: Grid, row: int, column: int, lines: _Lines, glossary: Mapping[str, str], faults: list[Diagnostic]
) -> ForeignTable | None:
    last = column
    while grid.cell(row, last + 1).text:
        last += 1
    ends = [position for position in range(column, last) if (row, position) in lines.after_column]
    name, place = grid.cell(row - 1, column).text, grid.place(row - 1, column)
    if not ends:
        message = (
            f"the table `{name}` has no double border between inputs and outputs in its heading; a workbook "
            "holds tables with rules in rows"
        )
        faults.append(Diagnostic("not-in-workbook", message, place=place))
        return None
    has_values = _has_values(grid, row, column, lines, faults)
    rows = []
    for below in range(row + 1 + has_values, grid.last_row + 1):
        if all(grid.cell(below, position).value is None for position in range(column, last + 1)):
            break
        rows.append(below)
    parts = [*ends[:2], last] if len(ends) > 1 else [ends[0], last, last]
    inputs, outputs, annotations = (
        tuple(
            _column(grid, row, position, rows, glossary, has_values=has_values)
            for position in range(start + 1, end + 1)
        )
        for start, end in zip([column, *parts], parts, strict=False)
    )
    for output in outputs:
        if output.heading.casefold() == "execute":
            message = "`Execute` calls other tables; name their results in the inputs of this one instead"
            faults.append(Diagnostic("not-in-workbook", message, place=output.place))
    policy = _LETTERS[grid.cell(row, column).text.upper()]
    places = tuple(grid.place(below, column) for below in rows)
    return ForeignTable(name, policy, inputs, outputs, annotations, places, place)


def _has_values(grid: Grid, row: int, column: int, lines: _Lines, faults: list[Diagnostic]) -> bool:
    """Whether the row below the headings holds allowed values: the double border stands below it then, and the hit
    policy may be merged over both. Where there is no such border, only a row without a rule number can be one.
    """
    below = grid.cell(row + 1, column)
    if below.text == grid.cell(row, column).text and (row + 1, column) in lines.below_row:
        return True
    if (row, column) in lines.below_row:
        return False
    if (row + 1, column) not in lines.below_row and below.text:
        message = (
            "the row below can be read as a rule or as allowed values, because there is no double border below "
            "the headings; draw it below them, or below the allowed values"
        )
        faults.append(Diagnostic("cell-ambiguous", message, place=grid.place(row, column)))
    return not below.text


def _column(
    grid: Grid, row: int, position: int, rows: list[int], glossary: Mapping[str, str], *, has_values: bool
) -> ForeignColumn:
    heading = grid.cell(row, position)
    cells = tuple(renamed(grid.cell(below, position), glossary) for below in rows)
    values = grid.cell(row + 1, position) if has_values else None
    return ForeignColumn(heading.text, "", heading.place, cells, values)


def _named_as_used(tables: list[ForeignTable], faults: list[Diagnostic]) -> list[ForeignTable]:
    """The tables named as other tables use their results: a single output is the result of a table of its name."""
    givers: dict[str, ForeignTable] = {}
    for table in tables:
        for column in table.outputs:
            if column.heading in givers:
                message = (
                    f"`{column.heading}` is given by two tables, `{givers[column.heading].name}` and "
                    f"`{table.name}`; in a workbook each result has one table"
                )
                faults.append(Diagnostic("not-in-workbook", message, place=column.place))
            givers[column.heading] = table
    return [
        replace(table, name=table.outputs[0].heading) if len(table.outputs) == 1 else table
        for table in tables
    ]

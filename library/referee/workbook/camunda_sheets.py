"""Camunda's two layouts of a decision table in Excel.

Simple: a header row names the columns, all inputs but the last, rules below. Advanced: row 1 says `Input` or
`Output` over each column, row 2 has labels, row 3 expression languages, row 4 expressions and names, row 5
types, with the hit policy in A5; rules from row 6.
That converter takes one sheet at a time; here each sheet of a workbook that is a table becomes one.
Source: the documentation of Camunda's converter of Excel worksheets to DMN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from referee.dmn import Definitions
from referee.domain import Diagnostic, InputError, RulesError
from referee.feel import FeelSyntaxError, parse_expression
from referee.tables import HitPolicy
from referee.workbook.cell_place import column_letters
from referee.workbook.excel_package import SheetPart
from referee.workbook.foreign_tables import ForeignColumn, ForeignTable, definitions_from, linked
from referee.workbook.grid import Grid, GridCell, read_grid
from referee.workbook.stored_cells import ExcelFile

_KINDS = ("input", "output", "annotation")
_FEEL = re.compile(r"|(s-)?feel|https?://www\.omg\.org/spec/(dmn/\d{8}/)?feel/?(\d{8}/?)?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w ]*")
_TYPES = {
    "string": "string",
    "boolean": "boolean",
    **dict.fromkeys(("number", "integer", "int", "long", "double", "float", "decimal"), "number"),
    "time": "time",
    "date and time": "date and time",
    "datetime": "date and time",
}
_POLICIES = {
    **{policy.value: policy for policy in HitPolicy},
    "": HitPolicy.UNIQUE,
    **{policy.name.replace("_", " "): policy for policy in HitPolicy},
    **{policy.name.replace("COLLECT_", "COLLECT "): policy for policy in HitPolicy},
}


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """What sheets can't say themselves: which of them are tables (all that look like one, if none is named), and in
    the simple layout their outputs by their letters (the last column without them) and hit policy (unique without one).
    """

    sheets: tuple[str, ...] = ()
    outputs: tuple[str, ...] = field(default=())
    hit_policy: str = ""


def read_camunda(file: ExcelFile, layout: SheetLayout) -> tuple[Definitions, tuple[str, ...]]:
    """The tables of a workbook in Camunda's layouts, one for each sheet, and what people should know about it: which
    sheets were left out and why, and which table tests what another gives.

    Cells are read as in decision workbooks: numbers, dates and plain texts as such, FEEL as FEEL. What can't be read is
    a fault with its cell. Where a sheet has the advanced layout, the others are taken for notes.
    """
    faults: list[Diagnostic] = []
    sheets = [_Sheet.of(file, sheet) for sheet in _chosen(file, layout)]
    filled = [sheet for sheet in sheets if not sheet.grid.is_blank]
    if not filled:
        names = ", ".join(sheet.grid.sheet for sheet in sheets)
        raise InputError(f"{file.path}, sheet {names}: the sheet is blank; name another with --sheet")
    taken, notes = (filled, []) if layout.sheets or len(filled) == 1 else _sorted_out(filled)
    if not taken:
        told = "; ".join(notes)
        raise InputError(f"{file.path}: {told}; name the sheets that are tables with --sheet")
    tables = []
    for sheet in taken:
        faults += sheet.faults
        table = _advanced(sheet.grid, faults) if sheet.is_advanced else _simple(sheet.grid, layout, faults)
        if table.rules:
            tables.append(table)
        else:
            faults.append(Diagnostic("table-no-rules", "the table has no rules", place=table.place))
        if not sheet.grid.is_visible:
            notes.append(f"the sheet `{sheet.grid.sheet}` is hidden; its table was taken all the same")
    if not tables:
        raise RulesError(file.path.name, faults)
    found = linked(tables, faults)
    notes += [
        f"the table `{user}` tests the `{name}` that the table `{giver}` gives"
        for giver, name, user in found.links
    ]
    return definitions_from(file.path.stem, found.tables, faults), tuple(notes)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that may be a table, with what is wrong with its cells if it is one."""

    grid: Grid
    faults: tuple[Diagnostic, ...]

    @classmethod
    def of(cls, file: ExcelFile, sheet: SheetPart) -> _Sheet:
        faults: list[Diagnostic] = []
        rows, merged = file.rows(sheet), file.merged_areas(sheet)
        grid = read_grid(file.path.name, sheet.name, rows, merged, faults, is_visible=sheet.is_visible)
        return cls(grid, tuple(faults))

    @property
    def is_advanced(self) -> bool:
        first = [cell.text.casefold() for cell in self.grid.row(1)]
        kinds = first if first[0] in _KINDS else first[1:]  # over the hit policy there may be any text
        return "output" in kinds and ("input" in kinds or set(kinds) <= {*_KINDS, ""})

    @property
    def is_no_simple_table(self) -> str:
        """Why a sheet can't be a table in the simple layout; empty where it can."""
        header = _header_row(self.grid)
        cells = [cell for cell in self.grid.row(header) if cell.text]
        if len(cells) < 2:
            return f"its row {header} names no inputs and outputs"
        for cell in cells:
            if not isinstance(cell.value, str) or not _is_expression(cell.text):
                return f"`{cell.text}` in {cell.place.cell} is no name or expression that a column could test"
        if not _rule_rows(self.grid, header + 1):
            return f"there is no rule below its row {header}"
        return ""


def _chosen(file: ExcelFile, layout: SheetLayout) -> list[SheetPart]:
    return [file.sheet(name) for name in layout.sheets] if layout.sheets else list(file.sheets)


def _sorted_out(sheets: list[_Sheet]) -> tuple[list[_Sheet], list[str]]:
    """The sheets that are tables, and why the others are none."""
    if any(sheet.is_advanced for sheet in sheets):
        why = "there is no Input and Output in its first row, as on other sheets"
        reasons = ["" if sheet.is_advanced else why for sheet in sheets]
    else:
        reasons = [sheet.is_no_simple_table for sheet in sheets]
    named = list(zip(sheets, reasons, strict=True))
    left_out = [f"the sheet `{sheet.grid.sheet}` is no table: {reason}" for sheet, reason in named if reason]
    return [sheet for sheet, reason in named if not reason], left_out


def _is_expression(text: str) -> bool:
    try:
        parse_expression(text)
    except FeelSyntaxError:
        return False
    return True


def _advanced(grid: Grid, faults: list[Diagnostic]) -> ForeignTable:
    rows = _rule_rows(grid, 6)
    columns: dict[str, list[ForeignColumn]] = {kind: [] for kind in _KINDS}
    for position in range(1, grid.last_column + 1):
        kind = grid.cell(1, position).text.casefold()
        cells = _cells(grid, rows, position)
        label, language, expression, type_name = (grid.cell(row, position) for row in range(2, 6))
        if kind not in _KINDS:
            if any(cell.value is not None for cell in cells):
                remark = label.text or "remark"
                columns["annotation"].append(ForeignColumn(remark, "", label.place, cells))
            continue
        heading = expression if expression.text else label
        if kind != "annotation":
            if not heading.text:
                message = f"the {kind} column {column_letters(position)} has no expression in row 4"
                faults.append(Diagnostic("table-heading", message, place=expression.place))
                continue
            if not _FEEL.fullmatch(language.text):
                message = (
                    f"the expression language of `{heading.text}` is {language.text}, which can't be imported; "
                    "write the expression and the cells of the column as FEEL, and `feel` here"
                )
                faults.append(Diagnostic("not-feel", message, place=language.place))
        declared = _declared(type_name, cells, faults) if kind != "annotation" else ""
        columns[kind].append(ForeignColumn(heading.text or "remark", declared, heading.place, cells))
    policy = _policy(grid.cell(5, 1), faults)
    return _table(grid, policy, columns["input"], columns["output"], columns["annotation"], rows)


def _simple(grid: Grid, layout: SheetLayout, faults: list[Diagnostic]) -> ForeignTable:
    header = _header_row(grid)
    rows = _rule_rows(grid, header + 1)
    named = [position for position in range(1, grid.last_column + 1) if grid.cell(header, position).text]
    letters = {column_letters(position): position for position in named}
    wanted = [letter.strip().upper() for letter in layout.outputs if letter.strip()]
    for letter in wanted:
        if letter not in letters:
            raise InputError(
                f"{grid.place()}: there is no column {letter} with a name in row {header}; "
                f"the columns are {', '.join(letters)}"
            )
    outputs = [letters[letter] for letter in wanted] or named[-1:]
    columns = {
        position: ForeignColumn(cell.text, "", cell.place, _cells(grid, rows, position))
        for position in named
        for cell in (grid.cell(header, position),)
    }
    given = layout.hit_policy.upper().replace("_", " ").strip()
    if given not in _POLICIES:
        raise InputError(f"`{layout.hit_policy}` is no hit policy; use one of U, A, P, F, R, O, C")
    inputs = [columns[position] for position in named if position not in outputs]
    return _table(grid, _POLICIES[given], inputs, [columns[p] for p in outputs], [], rows)


def _table(
    grid: Grid,
    policy: HitPolicy,
    inputs: Iterable[ForeignColumn],
    outputs: Iterable[ForeignColumn],
    annotations: Iterable[ForeignColumn],
    rows: list[int],
) -> ForeignTable:
    inputs, outputs = tuple(inputs), tuple(outputs)
    name = grid.sheet.strip()
    if not _NAME.fullmatch(name) or name in {column.heading for column in inputs}:
        name = f"the {outputs[0].heading}" if outputs else "the decision"
    places = tuple(grid.place(row, 1) for row in rows)
    return ForeignTable(name, policy, inputs, outputs, tuple(annotations), places, grid.place())


def _header_row(grid: Grid) -> int:
    return next(row for row in range(1, grid.last_row + 1) if not grid.is_blank_row(row))


def _rule_rows(grid: Grid, first: int) -> list[int]:
    return [row for row in range(first, grid.last_row + 1) if not grid.is_blank_row(row)]


def _cells(grid: Grid, rows: list[int], position: int) -> tuple[GridCell, ...]:
    return tuple(grid.cell(row, position) for row in rows)


def _policy(cell: GridCell, faults: list[Diagnostic]) -> HitPolicy:
    policy = _POLICIES.get(cell.text.upper().replace("_", " "))
    if policy is None:
        words = "UNIQUE, ANY, PRIORITY, FIRST, RULE ORDER, OUTPUT ORDER or COLLECT"
        message = f"`{cell.text}` is no hit policy; write {words}"
        faults.append(Diagnostic("table-hit-policy", message, place=cell.place))
        return HitPolicy.UNIQUE
    return policy


def _declared(cell: GridCell, cells: tuple[GridCell, ...], faults: list[Diagnostic]) -> str:
    """The type of facts that a type of Camunda's means; its `date` may have a time."""
    written = cell.text.casefold()
    if written == "date":
        return "date and time" if any("date and time(" in each.text for each in cells) else "date"
    if written and written not in _TYPES:
        message = f"`{cell.text}` is no type; write string, boolean, integer, long, double or date"
        faults.append(Diagnostic("column-type", message, place=cell.place))
    return _TYPES.get(written, "")

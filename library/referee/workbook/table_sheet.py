"""One sheet of a decision workbook as a decision table: its outline first, then its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from referee.domain import CellAddress, Diagnostic
from referee.feel import FeelSyntaxError, compile_expression
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule
from referee.workbook.cell_reading import (
    CellKind,
    CellReading,
    ColumnSense,
    Misread,
    ReadAs,
    did_you_mean,
    read_cell,
)
from referee.workbook.cell_value import CellValue
from referee.workbook.column_type import common_type, literal_type
from referee.workbook.data_dictionary import enumerated
from referee.workbook.grid import Grid, GridCell
from referee.workbook.written_text import feel_text

VALUES, DEFAULT = "values", "default"
_KINDS = {"input": "input", "output": "output", "annotation": "annotation"}
_FIRST_COLUMN = 2


@dataclass(frozen=True, slots=True)
class OutlineColumn:
    """A column as headed: its kind, what it tests or gives, its cells, and above them the allowed values
    and what it gives where no rule matches.
    """

    kind: str
    heading: str
    place: CellAddress
    values: GridCell | None
    default: GridCell | None
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True)
class TableOutline:
    """A table sheet before its cells are read: everything that stands in the rows above the rules, and the
    rules' rows.
    """

    name: str
    place: CellAddress
    hit_policy: HitPolicy
    columns: tuple[OutlineColumn, ...]
    numbers: tuple[int, ...]
    number_places: tuple[CellAddress, ...]

    def of_kind(self, kind: str) -> tuple[OutlineColumn, ...]:
        return tuple(column for column in self.columns if column.kind == kind)


@dataclass(frozen=True, slots=True)
class TypedName:
    """What is known of a name in scope: its type, and the strings it may hold (empty for any).

    A table with several outputs and a model have ``members`` instead, reached as ``name.member``.
    """

    type: str = ""
    choices: tuple[str, ...] = ()
    members: Mapping[str, TypedName] | None = None


# --- the outline
# ------------------------------------------------------------------------------------------------


def read_outline(grid: Grid, faults: list[Diagnostic]) -> TableOutline | None:
    """The outline of a table sheet; None where it is too broken to go on. Adds a fault for everything out
    of place.
    """
    if _is_no_table(grid):
        message = (
            "every sheet is a table, and this one has neither a hit policy in its second row nor Input and Output "
            "over columns; move notes to the sheet Changes or into an annotation, or remove the sheet"
        )
        faults.append(Diagnostic("table-missing", message, place=grid.place()))
        return None
    name = grid.cell(1, 1).text
    if not name:
        message = "the first cell must hold the name of the table; if this sheet isn't a table, remove it"
        faults.append(Diagnostic("table-name", message, place=grid.place(1, 1)))
    hit_policy = _hit_policy(grid.cell(2, 1), faults)
    kinds = _kinds(grid, faults)
    special, first_rule = _special_rows(grid, faults)
    rows = _rule_rows(grid, first_rule, faults)
    if not kinds or hit_policy is None:
        return None
    if "output" not in kinds.values():
        message = (
            "the table has no output; write `Output` in the second row over each column that gives a result"
        )
        faults.append(Diagnostic("table-no-output", message, place=grid.place(2, _FIRST_COLUMN)))
    if not rows:
        message = "the table has no rules; number them 1, 2, 3 in the first column"
        faults.append(Diagnostic("table-no-rules", message, place=grid.place(first_rule, 1)))
    columns = []
    for position, kind in kinds.items():
        heading = grid.cell(3, position)
        if not heading.text:
            what = {"input": "the expression it tests", "output": "the name of its result"}.get(
                kind, "a name"
            )
            message = f"this {kind} column needs {what} in the third row"
            faults.append(Diagnostic("table-heading", message, place=heading.place))
        columns.append(
            OutlineColumn(
                kind,
                feel_text(str(heading.value)) if heading.value is not None else "",
                heading.place,
                grid.cell(special[VALUES], position) if VALUES in special else None,
                grid.cell(special[DEFAULT], position) if DEFAULT in special else None,
                tuple(grid.cell(row, position) for row in rows),
            )
        )
    _refuse_twice(columns, faults)
    places = tuple(grid.place(row, 1) for row in rows)
    return TableOutline(name, grid.place(1, 1), hit_policy, tuple(columns), tuple(rows.values()), places)


def _is_no_table(grid: Grid) -> bool:
    """Whether the second row, which makes a sheet a table, says nothing of one."""
    policies = {policy.value for policy in HitPolicy}
    return grid.cell(2, 1).text.upper() not in policies and all(
        cell.text.casefold() not in _KINDS for cell in grid.row(2)
    )


def _special_rows(grid: Grid, faults: list[Diagnostic]) -> tuple[dict[str, int], int]:
    """The rows between the headings and the rules, by what column A says of them, and the first row after."""
    special: dict[str, int] = {}
    row = 4
    while (name := grid.cell(row, 1).text.casefold()) in (VALUES, DEFAULT):
        if name in special:
            message = f"the row `{name}` is there twice; the other is row {special[name]}"
            faults.append(Diagnostic("duplicate-name", message, place=grid.place(row, 1)))
        special.setdefault(name, row)
        row += 1
    return special, row


def _hit_policy(cell: GridCell, faults: list[Diagnostic]) -> HitPolicy | None:
    letters = ", ".join(policy.value for policy in HitPolicy)
    try:
        return HitPolicy(cell.text.upper())
    except ValueError:
        found = f"`{cell.text}` is no hit policy" if cell.text else "the hit policy is missing"
        message = f"{found}; the first cell of the second row holds one of {letters}"
        faults.append(Diagnostic("table-hit-policy", message, place=cell.place))
        return None


def _kinds(grid: Grid, faults: list[Diagnostic]) -> dict[int, str]:
    kinds: dict[int, str] = {}
    for position in range(_FIRST_COLUMN, grid.last_column + 1):
        cell = grid.cell(2, position)
        kind = _KINDS.get(cell.text.casefold())
        if kind is not None:
            kinds[position] = kind
        elif cell.text:
            hint = did_you_mean(cell.text, ("Input", "Output", "Annotation"))
            message = f"`{cell.text}` is no kind of column{hint}; write Input, Output or Annotation"
            faults.append(Diagnostic("table-column-kind", message, place=cell.place))
            kinds[position] = "unknown"
        elif any(grid.cell(row, position).value is not None for row in range(3, grid.last_row + 1)):
            message = "the column has content but no kind; write Input, Output or Annotation"
            faults.append(Diagnostic("table-column-kind", message, place=cell.place))
    if not kinds:
        message = "there are no columns; the second row holds Input, Output or Annotation over each"
        faults.append(Diagnostic("table-column-kind", message, place=grid.place(2, _FIRST_COLUMN)))
    return {position: kind for position, kind in kinds.items() if kind != "unknown"}


def _rule_rows(grid: Grid, first: int, faults: list[Diagnostic]) -> dict[int, int]:
    """Sheet rows of the rules with their numbers."""
    rows: dict[int, int] = {}
    for row in range(first, grid.last_row + 1):
        if grid.is_blank_row(row):
            continue
        cell = grid.cell(row, 1)
        expected = len(rows) + 1
        number = _whole(cell)
        if number is None:
            found = (
                f"`{cell.text}` is no rule number" if cell.text else "the row has content but no rule number"
            )
            message = f"{found}; rules are numbered 1, 2, 3 in the first column, so write {expected}"
            faults.append(Diagnostic("table-rule-number", message, place=cell.place))
        elif number != expected:
            message = (
                f"the rule number is {number}, but rule {expected} is due; number the rules 1, 2, 3 in order"
            )
            faults.append(Diagnostic("table-rule-number", message, place=cell.place))
        rows[row] = expected
    return rows


def _whole(cell: GridCell) -> int | None:
    if isinstance(cell.value, Decimal) and cell.value == cell.value.to_integral_value():
        return int(cell.value)
    return int(cell.text) if re.fullmatch("[0-9]{1,9}", cell.text) else None


def _refuse_twice(columns: Sequence[OutlineColumn], faults: list[Diagnostic]) -> None:
    seen: dict[str, CellAddress] = {}
    for column in columns:
        if column.kind == "output" and column.heading:
            if column.heading in seen:
                other = seen[column.heading].cell
                message = f"the output `{column.heading}` is there twice; the other is in {other}"
                faults.append(Diagnostic("duplicate-name", message, place=column.place))
            seen.setdefault(column.heading, column.place)


# --- types of outputs
# --------------------------------------------------------------------------------------------


def output_types(
    outline: TableOutline, names: frozenset[str], fixed: Mapping[str, str]
) -> dict[str, TypedName]:
    """What each output column gives, as far as its own cells tell; ``fixed`` are types known beforehand by
    output.
    """
    members: dict[str, TypedName] = {}
    for column in outline.of_kind("output"):
        choices = _choices(column)
        kind = fixed.get(column.heading, "")
        if not kind and choices:
            kind = "string"
        if not kind and column.values is not None and column.values.value is not None:
            kind = literal_type(column.values, CellKind.INPUT, names)
            kind = "string" if kind == "text" else kind
        if not kind:
            distinct = {(type(cell.value), cell.value): cell for cell in _given(column)}
            kind = common_type([literal_type(cell, CellKind.OUTPUT, names) for cell in distinct.values()])
            if kind == "string":
                choices = _constants(column, names)
        members[column.heading] = TypedName(kind, choices)
    return members


def result_type(outline: TableOutline, outputs: Mapping[str, TypedName]) -> TypedName:
    """What the result of a table is; ``outputs`` are the types of its columns."""
    if outline.hit_policy is HitPolicy.COLLECT_COUNT:
        return TypedName("number")
    if not outline.hit_policy.is_single and not outline.hit_policy.is_aggregate:
        return TypedName("")
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    return TypedName("", (), outputs)


def _given(column: OutlineColumn) -> list[GridCell]:
    """Every cell that may give the column's value."""
    default = column.default
    return [*column.cells, *([default] if default is not None and default.text not in ("", "-") else [])]


def _choices(column: OutlineColumn) -> tuple[str, ...]:
    """The strings that the values row enumerates; plain words separated by commas are strings too."""
    if column.values is None or not isinstance(column.values.value, str):
        return ()
    text = feel_text(column.values.value)
    return () if text == "-" else enumerated(text)


def _constants(column: OutlineColumn, names: frozenset[str]) -> tuple[str, ...]:
    """All strings a column can give, where every cell is a constant; these are what other tables may test
    for.
    """
    found: list[str] = []
    for cell in _given(column):
        if not isinstance(cell.value, str):
            return ()
        text = feel_text(cell.value)
        if literal_type(cell, CellKind.OUTPUT, names) == "text":
            found.append(text)
            continue
        value = constant(text)
        if not isinstance(value, str):
            return ()
        found.append(value)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def constant(text: str) -> object:
    """The value of a FEEL expression that uses no names; None where it has none."""
    try:
        expression = compile_expression(text)
    except FeelSyntaxError:
        return None
    return None if expression.names else expression({}, [])


# --- the cells
# --------------------------------------------------------------------------------------------------


def read_table(
    outline: TableOutline,
    scope: Mapping[str, TypedName],
    output_types: Mapping[str, TypedName],
    input_types: Sequence[TypedName],
    may_be_blank: frozenset[str],
    faults: list[Diagnostic],
) -> tuple[DecisionTable, list[CellReading]]:
    """The decision table of an outline and how each cell was read; every cell that can't be read is a fault.

    ``output_types`` tell what each output gives, ``input_types`` what its input expressions hold, in order.
    """
    readings: list[CellReading] = []
    names = frozenset(scope) - {outline.name}
    texts: dict[CellAddress, CellText] = {}
    inputs, outputs = [], []
    types = iter(input_types)
    for column in outline.columns:
        _refuse_default(column, faults)
        if column.kind == "annotation":
            continue
        if column.kind == "input":
            typed = next(types)
            allowed = _read_values(column, CellKind.INPUT, typed, names, readings, faults)
            if allowed is not None and enumerated(allowed.text):
                typed = replace(typed, choices=enumerated(allowed.text))
            sense = ColumnSense(
                CellKind.INPUT, column.heading, typed.type, typed.choices, names, table=outline.name
            )
            heading = CellText(column.heading, column.place)
            inputs.append(InputClause(heading, typed.type, allowed, column.place, column.heading))
        else:
            typed = output_types.get(column.heading, TypedName())
            allowed = _read_values(column, CellKind.OUTPUT, typed, names, readings, faults)
            choices = enumerated(allowed.text) if allowed is not None else ()
            blank = column.heading in may_be_blank
            sense = ColumnSense(
                CellKind.OUTPUT, column.heading, typed.type, choices, names, blank, outline.name
            )
            default = _read_default(column, sense, readings, faults)
            outputs.append(OutputClause(column.heading, typed.type, allowed, default, column.place))
        read = _ColumnReader(sense)
        for cell in column.cells:
            texts[cell.place] = read.cell(cell, readings, faults)
    tested, given, noted = (outline.of_kind(kind) for kind in ("input", "output", "annotation"))
    rules = tuple(
        Rule(
            number,
            tuple(texts[column.cells[index].place] for column in tested),
            tuple(texts[column.cells[index].place] for column in given),
            tuple(column.cells[index].text for column in noted),
            outline.number_places[index],
        )
        for index, number in enumerate(outline.numbers)
    )
    annotations = tuple(column.heading for column in outline.of_kind("annotation"))
    table = DecisionTable(
        outline.name, outline.hit_policy, tuple(inputs), tuple(outputs), annotations, rules, outline.place
    )
    return table, readings


class _ColumnReader:
    """Reads the cells of a column, equal ones once: large tables repeat most of theirs."""

    def __init__(self, sense: ColumnSense) -> None:
        self._sense = sense
        self._known: dict[tuple[type, CellValue], CellReading | Misread] = {}

    def cell(self, cell: GridCell, readings: list[CellReading], faults: list[Diagnostic]) -> CellText:
        key = (type(cell.value), cell.value)
        known = self._known.get(key)
        if known is None:
            try:
                known = read_cell(cell, self._sense)
            except Misread as misread:
                known = misread
            self._known[key] = known
        if isinstance(known, Misread):
            faults.append(known.diagnostic.at(cell.place))
            return CellText("-" if self._sense.kind is CellKind.INPUT else "", cell.place)
        readings.append(CellReading(cell.place, known.written, known.feel, known.read_as))
        return CellText(known.feel, cell.place)


def _read_default(
    column: OutlineColumn, sense: ColumnSense, readings: list[CellReading], faults: list[Diagnostic]
) -> CellText | None:
    """What an output column gives where no rule matches."""
    if column.default is None or column.default.text in ("", "-"):
        return None
    return _ColumnReader(sense).cell(column.default, readings, faults)


def _refuse_default(column: OutlineColumn, faults: list[Diagnostic]) -> None:
    if column.kind != "output" and column.default is not None and column.default.text not in ("", "-"):
        message = f"only outputs have defaults, and this column is an {column.kind}; delete the cell"
        faults.append(Diagnostic("table-default", message, place=column.default.place))


def _read_values(
    column: OutlineColumn,
    kind: CellKind,
    typed: TypedName,
    names: frozenset[str],
    readings: list[CellReading],
    faults: list[Diagnostic],
) -> CellText | None:
    """The allowed values of a column, which are unary tests for inputs and outputs alike."""
    if column.values is None or column.values.value is None:
        return None
    choices = typed.choices if kind is CellKind.INPUT else ()
    sense = ColumnSense(CellKind.INPUT, column.heading, typed.type, choices, names)
    try:
        reading = read_cell(column.values, sense)
    except Misread as misread:
        faults.append(misread.diagnostic.at(column.values.place))
        return None
    readings.append(reading)
    return None if reading.read_as is ReadAs.ANY else CellText(reading.feel, column.values.place)

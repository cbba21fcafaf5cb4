"""The outline of a decision table and the cells under it, read as a decision table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    is_plain,
    read_cell,
)
from referee.workbook.cell_value import CellValue
from referee.workbook.column_type import common_type, literal_type
from referee.workbook.data_dictionary import enumerated
from referee.workbook.grid import GridCell
from referee.workbook.table_outline import OutlineColumn, TableOutline
from referee.workbook.written_text import feel_text


@dataclass(frozen=True, slots=True)
class TypedName:
    """What is known of a name in scope: its type, and the strings it may hold (empty for any).

    A table with several outputs and a model have ``members`` instead, reached as ``name.member``. What a fault
    elsewhere keeps from being known has ``is_known`` False: that cells don't fit it is no fault of theirs.
    """

    type: str = ""
    choices: tuple[str, ...] = ()
    members: Mapping[str, TypedName] | None = None
    is_known: bool = True


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
        read = _ColumnReader(sense, typed.is_known)
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

    def __init__(self, sense: ColumnSense, is_known: bool) -> None:
        self._sense = sense
        self._is_known = is_known
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
            if self._is_known or not may_follow(known, cell):
                faults.append(known.diagnostic.at(cell.place))
            return CellText("-" if self._sense.kind is CellKind.INPUT else "", cell.place)
        readings.append(CellReading(cell.place, known.written, known.feel, known.read_as))
        return CellText(known.feel, cell.place)


_OF_THE_TYPE = frozenset({"cell-type", "cell-not-allowed", "cell-ambiguous"})


def may_follow(misread: Misread, cell: GridCell) -> bool:
    """Whether a cell may be unreadable only because nobody knows what its column holds: words may be its texts."""
    return misread.diagnostic.code in _OF_THE_TYPE or is_plain(cell.text)


def _read_default(
    column: OutlineColumn, sense: ColumnSense, readings: list[CellReading], faults: list[Diagnostic]
) -> CellText | None:
    """What an output column gives where no rule matches."""
    if column.default is None or column.default.text in ("", "-"):
        return None
    return _ColumnReader(sense, is_known=True).cell(column.default, readings, faults)


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

"""Decision tables of other tools' Excel sheets, read cell by cell into a DMN model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from referee.dmn import DecisionNode, Definitions, InputData, TableLogic
from referee.dmn.elements import Element
from referee.domain import CellAddress, Diagnostic
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule
from referee.workbook.cell_reading import CellKind, ColumnSense, Misread, read_cell
from referee.workbook.column_type import common_type, literal_type
from referee.workbook.data_dictionary import enumerated
from referee.workbook.grid import GridCell
from referee.workbook.written_text import feel_text

_STRING = re.compile(r'("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class ForeignColumn:
    """A column: what it tests, gives or remarks, its type (empty where the sheet doesn't say), its cells, and the
    cell with its allowed values.
    """

    heading: str
    type: str
    place: CellAddress
    cells: tuple[GridCell, ...]
    values: GridCell | None = None


@dataclass(frozen=True, slots=True)
class ForeignTable:
    """A table as it stands in a sheet, with the place of each rule."""

    name: str
    hit_policy: HitPolicy
    inputs: tuple[ForeignColumn, ...]
    outputs: tuple[ForeignColumn, ...]
    annotations: tuple[ForeignColumn, ...]
    rules: tuple[CellAddress, ...]
    place: CellAddress

    @property
    def results(self) -> dict[str, ForeignColumn]:
        """The names by which other tables use the results."""
        if len(self.outputs) == 1:
            return {self.name: self.outputs[0]}
        return {f"{self.name}.{column.heading}": column for column in self.outputs}


@dataclass(frozen=True, slots=True)
class LinkedTables:
    """Tables whose inputs name the results of the others, and how: table, output, and the table that tests it."""

    tables: tuple[ForeignTable, ...]
    links: tuple[tuple[str, str, str], ...]


def linked(tables: Sequence[ForeignTable], faults: list[Diagnostic]) -> LinkedTables:
    """The tables with what one gives and another tests called by the name it has in a workbook. A result that
    two tables give and a third tests is a fault.
    """
    givers: dict[str, list[ForeignTable]] = {}
    for table in tables:
        for column in table.outputs:
            givers.setdefault(column.heading, []).append(table)
    results, links = [], []
    for table in tables:
        uses: dict[str, str] = {}
        for heading, found in givers.items():
            others = [giver for giver in found if giver is not table]
            if len(others) == 1 and len(found) == 1:
                giver = others[0]
                uses[heading] = giver.name if len(giver.outputs) == 1 else f"{giver.name}.{heading}"
            elif others and (tested := next((c for c in table.inputs if c.heading == heading), None)):
                names = " and ".join(f"`{giver.name}`" for giver in found)
                message = (
                    f"`{heading}` is tested here and given by {names}; say which is meant by giving each output "
                    "a name of its own"
                )
                faults.append(Diagnostic("not-in-workbook", message, place=tested.place))
        links += [
            (giver, column.heading, table.name)
            for column in table.inputs
            if column.heading in uses
            for giver in (givers[column.heading][0].name,)
        ]
        results.append(
            replace(
                table,
                inputs=tuple(
                    replace(column, heading=uses.get(column.heading, column.heading))
                    for column in table.inputs
                ),
                outputs=tuple(
                    replace(column, cells=tuple(renamed(cell, uses) for cell in column.cells))
                    for column in table.outputs
                ),
            )
        )
    return LinkedTables(tuple(results), tuple(links))


def renamed(cell: GridCell, names: Mapping[str, str]) -> GridCell:
    """The cell with other names for what its expression uses; strings stay as they are."""
    if not isinstance(cell.value, str):
        return cell
    pieces = _STRING.split(cell.value)
    for index in range(0, len(pieces), 2):
        for internal, variable in names.items():
            pieces[index] = re.sub(rf"(?<![\w.]){re.escape(internal)}(?![\w.])", variable, pieces[index])
    return replace(cell, value="".join(pieces))


def definitions_from(name: str, tables: Sequence[ForeignTable], faults: list[Diagnostic]) -> Definitions:
    """The tables as a model; what they test and no table gives are facts. Each cell that can't be read, or
    in two ways, is a fault, and so is a column whose type can't be told.
    """
    results = {result: column for table in tables for result, column in table.results.items()}
    facts = {
        column.heading: column
        for table in reversed(tables)
        for column in reversed(table.inputs)
        if column.heading not in results
    }
    names = frozenset(facts) | {table.name for table in tables}
    types = {result: _type([column], CellKind.OUTPUT, names) for result, column in results.items()}
    for heading, column in facts.items():
        same = [other for table in tables for other in table.inputs if other.heading == heading]
        types[heading] = _type(same, CellKind.INPUT, names)
        if not types[heading]:
            message = (
                f"the type of `{heading}` can't be told from its cells; write texts in double quotes, or leave "
                "out the column if it never matters"
            )
            faults.append(Diagnostic("column-type", message, place=column.place))
    elements: dict[str, Element] = {
        heading: InputData(heading, types[heading], facts[heading].place) for heading in reversed(facts)
    }
    for table in tables:
        if table.name in elements:
            message = f"the name `{table.name}` stands for two things; give each its own"
            faults.append(Diagnostic("duplicate-name", message, place=table.place))
        elements[table.name] = DecisionNode(
            table.name, TableLogic(_table(table, types, names - {table.name}, faults)), place=table.place
        )
    place = tables[0].place if tables else None
    return Definitions(name, elements, faults=tuple(faults), place=place)


def _type(columns: Sequence[ForeignColumn], kind: CellKind, names: frozenset[str]) -> str:
    told = {column.type for column in columns if column.type}
    if len(told) == 1:
        return told.pop()
    cells = {(type(cell.value), cell.value): cell for column in columns for cell in column.cells}
    values = {column.values.value: column.values for column in columns if column.values is not None}
    return common_type(
        [literal_type(cell, kind, names) for cell in cells.values()]
        + [literal_type(cell, CellKind.INPUT, names) for cell in values.values()]
    )


def _table(
    table: ForeignTable, types: Mapping[str, str], names: frozenset[str], faults: list[Diagnostic]
) -> DecisionTable:
    own = {column.heading: types[result] for result, column in table.results.items()}
    inputs = [
        _cells(column, ColumnSense(CellKind.INPUT, column.heading, types[column.heading], (), names), faults)
        for column in table.inputs
    ]
    outputs = [
        _cells(
            column, ColumnSense(CellKind.OUTPUT, column.heading, own[column.heading], (), names, True), faults
        )
        for column in table.outputs
    ]
    rules = tuple(
        Rule(
            index + 1,
            tuple(cells[index] for cells in inputs),
            tuple(cells[index] for cells in outputs),
            tuple(column.cells[index].text for column in table.annotations),
            place,
        )
        for index, place in enumerate(table.rules)
    )
    return DecisionTable(
        table.name,
        table.hit_policy,
        tuple(
            InputClause(
                CellText(column.heading, column.place),
                types[column.heading],
                _values(column, types[column.heading], names, faults),
                column.place,
            )
            for column in table.inputs
        ),
        tuple(
            OutputClause(
                column.heading,
                own[column.heading],
                _values(column, own[column.heading], names, faults),
                None,
                column.place,
            )
            for column in table.outputs
        ),
        tuple(column.heading for column in table.annotations),
        rules,
        table.place,
    )


def _values(
    column: ForeignColumn, kind: str, names: frozenset[str], faults: list[Diagnostic]
) -> CellText | None:
    """The allowed values of a column, which are unary tests for inputs and outputs alike."""
    if column.values is None or column.values.text in ("", "-"):
        return None
    sense = ColumnSense(
        CellKind.INPUT, column.heading, kind, enumerated(feel_text(column.values.text)), names
    )
    (read,) = _cells(replace(column, cells=(column.values,)), sense, faults)
    return read


def _cells(column: ForeignColumn, sense: ColumnSense, faults: list[Diagnostic]) -> list[CellText]:
    read = []
    for cell in column.cells:
        try:
            feel = read_cell(cell, sense).feel or "null"
        except Misread as misread:
            faults.append(misread.diagnostic.at(cell.place))
            feel = "-" if sense.kind is CellKind.INPUT else "null"
        read.append(CellText(feel, cell.place))
    return read

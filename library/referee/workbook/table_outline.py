"""One sheet of a decision workbook as the outline of a decision table: everything that stands above the rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from referee.domain import CellAddress, Diagnostic
from referee.tables import HitPolicy
from referee.workbook.cell_reading import did_you_mean
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

"""Proposed rules as people see them, and as cells to paste into their sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from referee.domain import CellAddress

if TYPE_CHECKING:
    from referee.checks import Finding, TableReport
    from referee.tables import DecisionTable, Rule

TO_FILL = "?"
"""Stands in a proposed rule where only people know what to write; no workbook is read with it."""


@dataclass(frozen=True, slots=True)
class Mend:
    """The rules that a finding proposes, with the heads of their columns: inputs, then outputs from ``outputs`` on."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    outputs: int

    @classmethod
    def of(cls, finding: Finding, table: DecisionTable) -> Mend | None:
        """None where a finding proposes no rule."""
        fix = finding.fix
        if fix is None or not fix.rows:
            return None
        count = len(table.inputs)
        blank_output = "-" if fix.delete else TO_FILL  # a rule that replaces others has their outputs
        heads = [" ".join(clause.expression.text.split()) for clause in table.inputs]
        heads += [output.name or table.name for output in table.outputs]
        rows = tuple(
            tuple(cell.strip() or ("-" if at < count else blank_output) for at, cell in enumerate(row))
            for row in fix.rows
        )
        return cls(tuple(heads), rows, count)

    def lines(self, width: int | None = None) -> list[str]:
        """The rules under the heads of their columns; one column under the other where they are wider than that."""
        sizes = [max(map(len, column)) for column in zip(self.heads, *self.rows, strict=True)]
        if width is None or sum(sizes) + 2 * len(sizes) <= width:
            table = [self._line(row, sizes) for row in (self.heads, *self.rows)]
            return [line.rstrip() for line in table]
        longest = max(map(len, self.heads))
        return [
            f"{head.ljust(longest)}  {cell}"
            for row in self.rows
            for head, cell in zip(self.heads, row, strict=True)
        ]

    def _line(self, row: Sequence[str], sizes: Sequence[int]) -> str:
        cells = [cell.ljust(size) for cell, size in zip(row, sizes, strict=True)]
        return "  ".join([*cells[: self.outputs], "|", *cells[self.outputs :]])


def write_mends(path: Path, reports: Sequence[TableReport], tables: Mapping[str, DecisionTable]) -> int:
    """Writes the proposed rules of a workbook as rows that paste into its sheets; returns how many there are.

    Each is a line from column A on, with the number it would get; below the last rule, or of the rule it replaces.
    """
    from referee.workbook import ProposedRules, write_proposed_rules

    blocks = []
    for report in reports:
        table = tables[report.table]
        columns = _sheet_columns(table)
        next_number = max((rule.number for rule in table.rules), default=0) + 1
        for finding in report.findings:
            mend = Mend.of(finding, table)
            if mend is None or finding.fix is None:
                continue
            first = finding.rules[0] if finding.fix.delete else next_number
            if not finding.fix.delete:
                next_number += len(mend.rows)
            written = {rule.number: rule for rule in table.rules}.get(first)
            where = (
                f"row {_row(written)}"
                if written is not None and finding.fix.delete
                else "below the last rule"
            )
            blocks.append(
                ProposedRules(
                    _sheet(table),
                    f"{finding.message}. To mend it: {finding.fix.advice}. Paste it into column A, {where}.",
                    _in_columns(("rule", *mend.heads), columns),
                    tuple(_in_columns((str(first + at), *row), columns) for at, row in enumerate(mend.rows)),
                )
            )
    write_proposed_rules(path, blocks)
    return sum(len(block.rows) for block in blocks)


def _sheet_columns(table: DecisionTable) -> list[int]:
    """The columns of a sheet, from 1, that hold the number of a rule, its inputs and its outputs."""
    from referee.workbook.cell_place import cell_position

    places = [clause.expression.place for clause in table.inputs]
    places += [output.place for output in table.outputs]
    known = [
        cell_position(place.cell)[1] for place in places if isinstance(place, CellAddress) and place.cell
    ]
    return [1, *(known if len(known) == len(places) else range(2, len(places) + 2))]


def _in_columns(cells: Sequence[str], columns: Sequence[int]) -> tuple[str, ...]:
    by_column = dict(zip(columns, cells, strict=True))
    return tuple(by_column.get(column, "") for column in range(1, max(columns) + 1))


def _sheet(table: DecisionTable) -> str:
    return table.place.sheet if isinstance(table.place, CellAddress) else table.name


def _row(rule: Rule) -> str:
    return rule.place.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if isinstance(rule.place, CellAddress) else ""

"""Proposed rules as an Excel sheet from which they are copied into the sheets of a decision workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.workbook.excel_file import save_workbook
from referee.workbook.sheet_looks import HEAD_COLOUR


@dataclass(frozen=True, slots=True)
class ProposedRules:
    """Rules for a sheet, with what they are good for: texts of cells from column A on, ``heads`` above them."""

    sheet: str
    advice: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_proposed_rules(path: str | Path, proposals: Sequence[ProposedRules]) -> None:
    """Writes the proposals under each other, those for a sheet on a sheet of its name, where there is any.

    Every cell is text and stays text when it is pasted: Excel makes no date of ``1.5`` and drops no quotes, whatever
    the language of the computer. An existing file is replaced in one step. Raises InputError where it can't be written.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill

    workbook = Workbook()
    first: Any = workbook.active
    first.title = "Nothing proposed"
    sheets: dict[str, Any] = {}
    for proposal in proposals:
        if proposal.sheet not in sheets:
            sheets[proposal.sheet] = workbook.create_sheet(proposal.sheet)
        sheet = sheets[proposal.sheet]
        row = sheet.max_row + 2 if sheet["A1"].value else 1
        sheet.cell(row, 1, proposal.advice).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=max(8, len(proposal.heads)))
        sheet.row_dimensions[row].height = 16 * (1 + len(proposal.advice) // 90)
        for at, head in enumerate(proposal.heads, 1):
            cell = sheet.cell(row + 1, at, head or None)
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", start_color=HEAD_COLOUR)
        for down, cells in enumerate(proposal.rows, row + 2):
            for at, text in enumerate(cells, 1):
                cell = sheet.cell(down, at)
                cell.number_format = "@"
                cell.value = text or None
                cell.data_type = "s" if text else "n"
                sheet.column_dimensions[cell.column_letter].width = max(
                    sheet.column_dimensions[cell.column_letter].width, min(60, len(text) + 3)
                )
    if sheets:
        workbook.remove(first)
    save_workbook(workbook, Path(path))

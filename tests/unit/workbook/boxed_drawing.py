"""Boxed tables drawn in Excel as the documentation of pyDMNrules draws them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Border, Side


@dataclass(frozen=True)
class Boxed:
    """A table to draw; each rule is its input and output cells. ``values`` is a row of allowed values."""

    policy: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rules: tuple[tuple[Any, ...], ...]
    values: tuple[Any, ...] = ()
    name: str = "Rate it"
    border_below_headings: bool = True


def draw_boxed(path: Path, concepts: dict[str, dict[str, str]], tables: list[Boxed]) -> Path:
    """``concepts`` are the business concepts of the glossary with their variables and attributes."""
    workbook: Any = Workbook()
    glossary = workbook.active
    glossary.title = "Glossary"
    glossary.append(["Glossary"])
    glossary.append(["Variable", "Business Concept", "Attribute"])
    for concept, variables in concepts.items():
        first = glossary.max_row + 1
        for variable, attribute in variables.items():
            glossary.append([variable, concept, attribute])
        if len(variables) > 1:
            glossary.merge_cells(f"B{first}:B{glossary.max_row}")
    listed = workbook.create_sheet("Decision")
    listed.append(["Decision"])
    listed.append(["Decisions", "Execute Decision Tables"])
    rules = workbook.create_sheet("Rules")
    row = 1
    for table in tables:
        listed.append([table.name, table.name])
        row = _draw(rules, row, table) + 3
    for sheet in (glossary, listed):
        for cells in sheet.iter_rows():
            for cell in cells:
                cell.border = _border()
    workbook.save(path)
    return path


def _draw(sheet: Any, row: int, table: Boxed) -> int:
    sheet.cell(row, 2, table.name).border = _border()
    lines: list[tuple[Any, ...]] = [(table.policy, *table.inputs, *table.outputs)]
    lines += [(None, *table.values)] if table.values else []
    heads = len(lines)
    lines += [(number, *rule) for number, rule in enumerate(table.rules, 1)]
    for down, line in enumerate(lines, 1):
        for across, value in enumerate(line):
            cell = sheet.cell(row + down, 2 + across, value)
            is_last_head = table.border_below_headings and down == heads
            cell.border = _border(after=across == len(table.inputs), below=is_last_head)
    return row + len(lines)


def _border(*, after: bool = False, below: bool = False) -> Border:
    thin, double = Side("thin"), Side("double")
    return Border(left=thin, right=double if after else thin, top=thin, bottom=double if below else thin)

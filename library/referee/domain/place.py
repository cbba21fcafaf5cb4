"""Where something stands: a cell of a workbook, an element of an XML file, a line of a text file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellAddress:
    """A cell as people say it: ``limits.xlsx, sheet Approval, cell C7``. ``cell`` may be empty for a whole sheet."""

    workbook: str
    sheet: str = ""
    cell: str = ""

    def __str__(self) -> str:
        parts = [self.workbook]
        if self.sheet:
            parts.append(f"sheet {self.sheet}")
        if self.cell:
            parts.append(f"cell {self.cell}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ElementAddress:
    """An element of a DMN file by its XML id."""

    file: str
    element_id: str = ""

    def __str__(self) -> str:
        return f"{self.file}, element {self.element_id}" if self.element_id else self.file


@dataclass(frozen=True, slots=True)
class LineAddress:
    """A line of a text file, counted from 1; 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else self.file


Place = CellAddress | ElementAddress | LineAddress

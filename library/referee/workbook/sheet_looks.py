"""How the sheets of a decision workbook look: colours, comments and the page they are printed on."""

from __future__ import annotations

from typing import Any

HEAD_COLOUR = "1F3864"
FACT_COLOUR = INPUT_COLOUR = "2F5597"
EXPECTED_COLOUR = OUTPUT_COLOUR = "548235"
ANNOTATION_COLOUR = "7F7F7F"
SCORE_COLOUR = "BF8F00"
SPARE_ROWS = 200
"""Rows below the written ones for which drop-downs are prepared."""

_CHARACTERS_OF_A_LINE = 44


def comment(cell: Any, text: str) -> None:
    """A comment large enough to be read at once."""
    from openpyxl.comments import Comment

    written = Comment(text, "Referee")
    lines = sum(1 + len(line) // _CHARACTERS_OF_A_LINE for line in text.split("\n"))
    written.width, written.height = 340, 24 + 18 * max(lines, 3)
    cell.comment = written


def printed_on_one_page_width(worksheet: Any) -> None:
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.fitToWidth = 1
    worksheet.page_setup.fitToHeight = 0
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True

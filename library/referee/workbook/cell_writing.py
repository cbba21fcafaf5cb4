"""The XML of a cell with a value, in a style that shows the value as what it is."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

from referee.workbook.cell_style import StyleVariants
from referee.workbook.cell_value import FORMULA_SIGNS, exact_number, fits_in_cell, shortened, written
from referee.workbook.serial_date import ShownAs
from referee.workbook.stored_cells import ExcelFile
from referee.workbook.xml_source import escaped

_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_GENERAL = {"numFmtId": "0", "applyNumberFormat": "1"}
_QUOTED = {"quotePrefix": "1"}
# Formats that every Excel has, shown in the way of the country it is set to.
_FORMATS = {
    ShownAs.DATE: "14",
    ShownAs.TIME: "21",
    ShownAs.DATE_AND_TIME: "22",
    ShownAs.DURATION: "46",
}


class CellWriting:
    """Writes cells for one workbook; ``styles`` collects the styles that it had not.

    Text is always text: ``=1+1`` never becomes a formula, ``007`` stays as it is. Numbers that Excel can't hold digit
    by digit, dates that its calendar doesn't have and everything else are their text.
    """

    def __init__(self, file: ExcelFile, styles: StyleVariants) -> None:
        self.styles = styles
        self._file = file

    def __call__(self, prefix: str, reference: str, style: int, value: Any) -> bytes:
        shown = self._file.shown(style)
        if value is None or value == "":
            return _cell(prefix, reference, style)
        if isinstance(value, bool):
            return _cell(prefix, reference, style, "b", f"<{prefix}v>{int(value)}</{prefix}v>")
        if isinstance(value, int | float | Decimal):
            number = exact_number(value)
            if not number.is_finite():
                return _cell(prefix, reference, style)
            if fits_in_cell(number):
                style = style if shown is None else self.styles.like(style, _GENERAL)
                return _cell(prefix, reference, style, "", f"<{prefix}v>{number:f}</{prefix}v>")
            return self._text(prefix, reference, style, f"{number:f}")
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            serial = self._file.calendar.number(value)
            if serial is None:
                return self._text(prefix, reference, style, str(value))
            kind = _kind(value)
            if shown is not kind:
                style = self.styles.like(style, {"numFmtId": _FORMATS[kind], "applyNumberFormat": "1"})
            return _cell(prefix, reference, style, "", f"<{prefix}v>{serial:f}</{prefix}v>")
        return self._text(prefix, reference, style, written(value))

    def _text(self, prefix: str, reference: str, style: int, text: str) -> bytes:
        text = shortened(text.replace("\r\n", "\n").replace("\r", "\n"))
        if text.startswith(FORMULA_SIGNS):
            style = self.styles.like(style, _QUOTED)
        stored = escaped(_LOOKS_ESCAPED.sub("_x005F_", text))
        content = f'<{prefix}is><{prefix}t xml:space="preserve">{stored}</{prefix}t></{prefix}is>'
        return _cell(prefix, reference, style, "inlineStr", content)


def _cell(prefix: str, reference: str, style: int, kind: str = "", content: str = "") -> bytes:
    styled = f' s="{style}"' if style else ""
    typed = f' t="{kind}"' if kind else ""
    if not content:
        return f'<{prefix}c r="{reference}"{styled}/>'.encode()
    return f'<{prefix}c r="{reference}"{styled}{typed}>{content}</{prefix}c>'.encode()


def _kind(value: datetime.date | datetime.time | datetime.timedelta) -> ShownAs:
    if isinstance(value, datetime.datetime):
        return ShownAs.DATE_AND_TIME
    if isinstance(value, datetime.date):
        return ShownAs.DATE
    return ShownAs.TIME if isinstance(value, datetime.time) else ShownAs.DURATION

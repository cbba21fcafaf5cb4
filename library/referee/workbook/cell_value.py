"""Values in Excel cells: what a cell holds as a plain Python value, and how a value is put into a cell
safely.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CellValue = (
    str | Decimal | bool | datetime.date | datetime.datetime | datetime.time | datetime.timedelta | None
)


@dataclass(frozen=True, slots=True)
class UnreadableCell:
    """A cell whose value nobody can know; ``reason`` is the end of a sentence that begins with its value."""

    reason: str

    def __str__(self) -> str:
        return f"(it {self.reason})"


TEXT_LIMIT = 32_767
"""Characters a cell holds in Excel."""

EXACT_DIGITS = 15
"""Digits that Excel shows of a whole number; longer ones (account numbers) are written as text."""

FLOAT_DIGITS = 17
"""Digits that tell any two binary numbers apart, as Excel stores them."""

TRUTH_FORMAT = '"TRUE";"TRUE";"FALSE"'
"""LibreOffice shows truth values in it, and saves them as the numbers 1 and 0."""

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TIME_OF_DAY = re.compile(r"[hs]", re.IGNORECASE)
_QUOTED_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def plain_spaces(text: str) -> str:
    """Text with ordinary spaces only and without invisible characters; line breaks stay."""
    if not text.isascii():  # none of these spaces and invisible characters is in ASCII
        text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def one_line(text: str) -> str:
    """Text as a person reads it aloud: one line, single spaces, none at the ends."""
    return " ".join(plain_spaces(text).split())


def written(value: Any) -> str:
    """Any value as text, for people. Whatever a bot brings, this never fails."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(Decimal(value))  # Python itself refuses to write very long whole numbers
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the value is of anybody's class, and its own text is all that is lost
        return f"a value of the type {type(value).__name__}"


def exact_number(number: float | Decimal) -> Decimal:
    """The shortest decimal that means the same number: 0.1 is exactly 0.1, and 17.0 is 17."""
    if isinstance(number, Decimal):
        return number
    if isinstance(number, int):
        return Decimal(int(number))
    if number.is_integer() and abs(number) < 10**EXACT_DIGITS:
        return Decimal(int(number))
    return Decimal(float.__repr__(number))  # numpy's floats have a text of their own


def python_value(value: Any, number_format: str = "General") -> CellValue:
    """The content of a cell: text trimmed (blank text is None), numbers exact, dates without time where
    none is shown.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return exact_number(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        shows_time = bool(_TIME_OF_DAY.search(_QUOTED_FORMAT.sub("", number_format)))
        return value.date() if midnight and not shows_time else value
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return value
    text = plain_spaces(str(value)).strip()
    return text or None


def put(cell: Any, value: Any) -> None:
    """Writes a value so that Excel shows it as it is. Text is always text: `=1+1` from an input never
    becomes a formula.
    """
    if value is None or isinstance(value, bool):
        cell.value = value
        if value is not None:
            cell.number_format = TRUTH_FORMAT
        return
    if isinstance(value, (int, float, Decimal)):
        _put_number(cell, exact_number(value))
        return
    if isinstance(value, (datetime.date, datetime.time)):
        number_format = _excel_format(value)
        if number_format:
            cell.value = value
            cell.number_format = number_format
        else:
            _put_text(cell, value.isoformat())
        return
    _put_text(cell, str(value))


def _excel_format(value: datetime.date | datetime.time) -> str:
    """The format to show a temporal value in; none where Excel cannot hold it and the ISO text is written
    instead.
    """
    if isinstance(value, (datetime.datetime, datetime.time)) and value.tzinfo is not None:
        return ""
    if isinstance(value, datetime.time):
        return "hh:mm:ss"
    if value.year < 1900 or (
        value.year == 1900 and value.month < 3
    ):  # Excel's 1900 is a leap year by mistake
        return ""
    return "yyyy-mm-dd hh:mm" if isinstance(value, datetime.datetime) else "yyyy-mm-dd"


FORMULA_SIGNS = ("=", "+", "-", "@", "'")
"""With what a text begins that Excel takes for a formula when somebody touches its cell."""


def shortened(text: str) -> str:
    """As much of a text as a cell holds."""
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def fits_in_cell(number: Decimal) -> bool:
    """Whether Excel keeps and shows a finite number digit by digit."""
    whole = number == number.to_integral_value()
    digits = len(number.normalize().as_tuple().digits)
    return digits <= FLOAT_DIGITS and not (whole and abs(number) >= 10**EXACT_DIGITS)


def _put_number(cell: Any, number: Decimal) -> None:
    if not number.is_finite():
        cell.value = None
        return
    if not fits_in_cell(number):
        _put_text(cell, format(number, "f"))
        return
    # Given a float openpyxl keeps 16 digits of 17; given the text it writes all of them.
    cell.value = format(number, "f")
    cell.data_type = "n"


def _put_text(cell: Any, text: str) -> None:
    text = _ILLEGAL.sub("\ufffd", shortened(text))
    cell.value = text
    cell.data_type = "s"
    if text.startswith(FORMULA_SIGNS):
        cell.quotePrefix = True

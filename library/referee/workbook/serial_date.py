"""Excel's numbers for days and times: which formats show a number as one, and which day it is."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from referee.workbook.cell_value import TRUTH_FORMAT

# What is shown as it is (quoted or escaped), as a space or by repetition, and colours, countries and conditions.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DAYS_OF_MILLISECONDS = 86_400_000
_LAST_DAY = datetime.date(9999, 12, 31)


class ShownAs(Enum):
    """How a number format shows a number that isn't meant as one."""

    DATE = "date"
    TIME = "time"
    DATE_AND_TIME = "date and time"
    DURATION = "duration"
    TRUTH = "true or false"


def shown_as(number_format: str) -> ShownAs | None:
    """How a number format shows positive numbers; None for one that shows numbers as such."""
    if number_format == TRUTH_FORMAT:
        return ShownAs.TRUTH
    shown = _LITERAL.sub("", number_format.split(";", maxsplit=1)[0])
    if shown.strip().casefold() in ("general", "standard", "@"):
        return None
    if _ELAPSED.search(shown):
        return ShownAs.DURATION
    folded = shown.casefold()
    days = "y" in folded or "d" in folded
    times = "h" in folded or "s" in folded
    if days or ("m" in folded and not times):
        return ShownAs.DATE_AND_TIME if times else ShownAs.DATE
    return ShownAs.TIME if times else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Excel's count of days: from 1900, with a 29 February that never was, or from 1904."""

    starts_1904: bool

    def value(
        self, number: Decimal, kind: ShownAs
    ) -> datetime.date | datetime.datetime | datetime.time | datetime.timedelta | None:
        """What a number means that is shown as a date; None where Excel's calendar and the real one differ."""
        milliseconds = round(number * _DAYS_OF_MILLISECONDS)
        if kind is ShownAs.DURATION:
            return datetime.timedelta(milliseconds=milliseconds) if abs(number) < 10**8 else None
        days, within = divmod(milliseconds, _DAYS_OF_MILLISECONDS)
        time = (datetime.datetime.min + datetime.timedelta(milliseconds=within)).time()
        if days == 0 and kind is ShownAs.TIME:
            return time
        date = self._date(days)
        if date is None or (kind is ShownAs.DATE and not within):
            return date
        return datetime.datetime.combine(date, time)

    def _date(self, days: int) -> datetime.date | None:
        if self.starts_1904:
            start = datetime.date(1904, 1, 1)
        elif days == 60:
            return None
        else:
            start = datetime.date(1899, 12, 31 if days < 60 else 30)
        first = 0 if self.starts_1904 else 1
        return start + datetime.timedelta(days=days) if first <= days <= (_LAST_DAY - start).days else None

    def number(self, value: datetime.date | datetime.time | datetime.timedelta) -> Decimal | None:
        """The number that means a day or time, to the millisecond; None for what the calendar doesn't have, such as
        days before it and times of a time zone.
        """
        days, time = 0, datetime.time(0)
        if isinstance(value, datetime.timedelta):
            return _days(value)
        if isinstance(value, datetime.time):
            time = value
        else:
            start = datetime.date(1904, 1, 1) if self.starts_1904 else datetime.date(1899, 12, 30)
            day = value.date() if isinstance(value, datetime.datetime) else value
            days = (day - start).days
            if isinstance(value, datetime.datetime):
                time = value.timetz()
            if days < (0 if self.starts_1904 else 61):  # Excel's 1900 is a leap year by mistake
                return None
        if time.tzinfo is not None:
            return None
        return days + _days(datetime.datetime.combine(datetime.date.min, time) - datetime.datetime.min)


def _days(time: datetime.timedelta) -> Decimal:
    milliseconds = Decimal(round(time / datetime.timedelta(milliseconds=1)))
    return (milliseconds / _DAYS_OF_MILLISECONDS).quantize(Decimal("1e-11")).normalize()

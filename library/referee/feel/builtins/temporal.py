"""The built-ins on the calendar and the clock. Source: DMN 1.5, 10.3.4.8 and 10.3.4.9."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from referee.feel import clock
from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.values import calendar

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day_of_year(date: Any) -> Decimal:
    day = arguments.calendar_day(date, "date")
    return Decimal(calendar.day_of_year(day.year, day.month, day.day))


def day_of_week(date: Any) -> str:
    return _WEEKDAYS[arguments.calendar_day(date, "date").weekday - 1]


def month_of_year(date: Any) -> str:
    return _MONTHS[arguments.calendar_day(date, "date").month - 1]


def week_of_year(date: Any) -> Decimal:
    """The ISO 8601 week."""
    day = arguments.calendar_day(date, "date")
    return Decimal(calendar.week_of_year(day.year, day.month, day.day))


_DATE = ("date",)

FUNCTIONS = (
    Builtin("now", (Signature((), clock.now),)),
    Builtin("today", (Signature((), clock.today),)),
    Builtin("day of year", (Signature(_DATE, day_of_year),)),
    Builtin("day of week", (Signature(_DATE, day_of_week),)),
    Builtin("month of year", (Signature(_DATE, month_of_year),)),
    Builtin("week of year", (Signature(_DATE, week_of_year),)),
)

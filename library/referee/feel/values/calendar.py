"""The proleptic Gregorian calendar over FEEL's whole range of years, counted in days from 1970-01-01."""

from __future__ import annotations

MIN_YEAR = -999_999_999
MAX_YEAR = 999_999_999

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _DAYS_IN_MONTH[month - 1]


def days_from_date(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01. The year is taken to start in March, so that the leap day is its last."""
    if month <= 2:
        year -= 1
        month += 12
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def date_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of the date that lies so many days after 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def weekday_from_days(days: int) -> int:
    """The ISO day of the week: 1 is Monday, 7 is Sunday."""
    return (days + 3) % 7 + 1


def day_of_year(year: int, month: int, day: int) -> int:
    return days_from_date(year, month, day) - days_from_date(year, 1, 1) + 1


def week_of_year(year: int, month: int, day: int) -> int:
    """The ISO 8601 week: the one with the year's first Thursday is week 1."""
    days = days_from_date(year, month, day)
    thursday = days - weekday_from_days(days) + 4
    year_of_week = date_from_days(thursday)[0]
    return (thursday - days_from_date(year_of_week, 1, 1)) // 7 + 1

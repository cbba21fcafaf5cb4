"""The two durations of FEEL: years and months, and days and time (to the nanosecond).

Source: DMN 1.5, 10.3.2.3.7 and 10.3.2.3.8; texts as in XML Schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from referee.feel.fault import Fault

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND

# Wider than any distance between two FEEL dates; keeps `duration * number` from growing without end.
_MAX_MONTHS = 10**15
_MAX_NANOS = 10**27

_YEARS_MONTHS = re.compile(r"(-?)P(?:([0-9]{1,18})Y)?(?:([0-9]{1,18})M)?", re.ASCII)
_DAYS_TIME = re.compile(
    r"(-?)P(?:([0-9]{1,18})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,18})H)?(?:([0-9]{1,18})M)?(?:([0-9]{1,18})(?:\.([0-9]{0,18}))?S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class YearsMonthsDuration:
    """A number of months, negative for a way back."""

    total_months: int

    def __post_init__(self) -> None:
        if abs(self.total_months) > _MAX_MONTHS:
            raise Fault("duration-out-of-range", "the years and months duration is too long")

    @property
    def years(self) -> int:
        return _whole_part(self.total_months, 12)

    @property
    def months(self) -> int:
        """Months beyond the whole years, with the sign of the duration."""
        return self.total_months - 12 * self.years

    def __str__(self) -> str:
        years, months = divmod(abs(self.total_months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if self.total_months < 0 else ''}P{text}"


@dataclass(frozen=True, slots=True, order=True)
class DaysTimeDuration:
    """A number of nanoseconds, negative for a way back. A day is 24 hours."""

    nanos: int

    def __post_init__(self) -> None:
        if abs(self.nanos) > _MAX_NANOS:
            raise Fault("duration-out-of-range", "the days and time duration is too long")

    @classmethod
    def of_seconds(cls, seconds: int) -> DaysTimeDuration:
        return cls(seconds * NANOS_PER_SECOND)

    @property
    def total_seconds(self) -> int:
        """Whole seconds, the fraction cut off."""
        return _whole_part(self.nanos, NANOS_PER_SECOND)

    @property
    def days(self) -> int:
        return _whole_part(self.nanos, NANOS_PER_DAY)

    @property
    def hours(self) -> int:
        """Hours beyond the whole days, with the sign of the duration; so for minutes and seconds."""
        return _whole_part(self.total_seconds - self.days * 86_400, 3600)

    @property
    def minutes(self) -> int:
        return _whole_part(self.total_seconds - _whole_part(self.total_seconds, 3600) * 3600, 60)

    @property
    def seconds(self) -> int:
        return self.total_seconds - _whole_part(self.total_seconds, 60) * 60

    def __str__(self) -> str:
        total, fraction = divmod(abs(self.nanos), NANOS_PER_SECOND)
        days, total = divmod(total, 86_400)
        hours, total = divmod(total, 3600)
        minutes, seconds = divmod(total, 60)
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        if seconds or fraction or not (days or time):
            time += f"{seconds}{fraction_text(fraction)}S"
        day = f"{days}D" if days else ""
        return f"{'-' if self.nanos < 0 else ''}P{day}{'T' + time if time else ''}"


Duration = YearsMonthsDuration | DaysTimeDuration


def parse_duration(text: str) -> Duration:
    """The duration of an XML Schema text such as ``P1Y6M`` or ``-P2DT3H4.5S``; ``Fault`` for any other text."""
    match = _YEARS_MONTHS.fullmatch(text)
    if match is not None and match.group(2, 3) != (None, None):
        sign, years, months = match.groups(default="0")
        total = int(years) * 12 + int(months)
        return YearsMonthsDuration(-total if sign == "-" else total)
    match = _DAYS_TIME.fullmatch(text)
    if match is not None and match.group(2, 3, 4, 5) != (None, None, None, None):
        sign, days, hours, minutes, seconds, fraction = match.groups(default="0")
        total = int(days) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        nanos = total * NANOS_PER_SECOND + int(f"{fraction:0<9}"[:9])
        return DaysTimeDuration(-nanos if sign == "-" else nanos)
    raise Fault(
        "invalid-duration",
        f'`{text[:40]}` is no duration; write one like "P1Y6M" or "P2DT3H30M" (a T before hours)',
    )


def scaled(amount: int, factor: Decimal) -> int:
    """``amount * factor`` without its fraction; ``Fault`` if it is beyond any duration."""
    if factor.adjusted() > 30:
        raise Fault("duration-out-of-range", "the duration is too long")
    if factor.adjusted() < -60:
        return 0
    numerator, denominator = factor.as_integer_ratio()
    return _whole_part(amount * numerator, denominator)


def divided(amount: int, divisor: Decimal) -> int:
    """``amount / divisor`` without its fraction; ``Fault`` for a division by zero or beyond any duration."""
    if not divisor:
        raise Fault("division-by-zero", "a duration can't be divided by zero")
    if divisor.adjusted() > 60:
        return 0
    if divisor.adjusted() < -30:
        raise Fault("duration-out-of-range", "the duration is too long")
    numerator, denominator = divisor.as_integer_ratio()
    if numerator < 0:
        numerator, denominator = -numerator, -denominator
    return _whole_part(amount * denominator, numerator)


def fraction_text(nanos: int) -> str:
    """``.5`` for half a second, nothing for none."""
    return f".{nanos:09}".rstrip("0") if nanos else ""


def _whole_part(amount: int, divisor: int) -> int:
    return amount // divisor if amount >= 0 else -(-amount // divisor)

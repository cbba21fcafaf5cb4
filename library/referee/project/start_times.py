"""When a bot starts, in the course of a week: said in plain words, shown as dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from referee.domain import InputError
from referee.project.run_end import span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The days of each month, January at 1."""
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class StartTimes:
    """``days`` (0 is Monday) and either times of day ``at``, or ``every`` so many minutes from ``first`` on for
    ``length`` minutes; these may go on after midnight. All in minutes, in local time.
    """

    days: tuple[int, ...]
    at: tuple[int, ...] = ()
    every: int = 0
    first: int = 0
    length: int = DAY

    @property
    def of_day(self) -> tuple[int, ...]:
        """The starts that belong to one day, counted from its midnight; beyond 24 hours they are on the next."""
        if self.at:
            return self.at
        return tuple(range(self.first, self.first + self.length, self.every))

    @property
    def of_week(self) -> frozenset[int]:
        """Every start of a week, in minutes since the beginning of Monday."""
        return frozenset((day * DAY + minute) % WEEK for day in self.days for minute in self.of_day)


def shortest_gap(of_week: frozenset[int]) -> int:
    """The shortest time between two starts, in minutes; a week if there is one alone."""
    starts = sorted(of_week)
    following = [*starts[1:], starts[0] + WEEK]
    return min(then - start for start, then in zip(starts, following, strict=True))


def is_ever(days: Iterable[int], months: Iterable[int]) -> bool:
    """Whether one of these days of the month is in one of these months, in a leap year at least."""
    first = min(days)
    return any(first <= _LONGEST[month] for month in months)


def next_starts(of_week: frozenset[int], now: datetime) -> Iterator[datetime]:
    """The starts after ``now``, without end, as the clock on the wall shows them."""
    monday = (now - timedelta(days=now.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0, tzinfo=None
    )
    wall = now.replace(tzinfo=None)
    while of_week:
        for minute in sorted(of_week):
            if (start := monday + timedelta(minutes=minute)) > wall:
                yield start
        monday += timedelta(days=7)


def grouped(of_week: frozenset[int]) -> list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """The starts as days, hours and minutes that go together, as cron and systemd write them."""
    minutes_of: dict[tuple[int, int], list[int]] = {}
    for start in sorted(of_week):
        day, minute = divmod(start, DAY)
        minutes_of.setdefault((day, minute // 60), []).append(minute % 60)
    days_of: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for (day, hour), minutes in minutes_of.items():
        days_of.setdefault((hour, tuple(minutes)), []).append(day)
    hours_of: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for (hour, minutes_there), days in days_of.items():
        hours_of.setdefault((tuple(days), minutes_there), []).append(hour)
    return [(days_there, tuple(sorted(hours)), minutes) for (days_there, minutes), hours in hours_of.items()]


def ranges(numbers: Sequence[int], dash: str = "-", names: Sequence[str] = ()) -> str:
    """``1-5,7``: numbers in order, neighbours drawn together, by their names if given."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])

    def said(number: int) -> str:
        return names[number] if names else str(number)

    return ",".join(
        said(part[0])
        + (dash + said(part[-1]) if len(part) > 2 else "," + said(part[1]) if len(part) == 2 else "")
        for part in parts
    )


def read_times(at: Sequence[str], on: str, every: str, between: str) -> StartTimes:
    """From what people write: ``22:00``, ``mon-fri`` or ``mon,thu``, ``15m``, ``20:00-06:00``.

    Raises InputError for what is no time, and for none at all.
    """
    days = _days(on)
    if at and every:
        raise InputError("--at and --every were both given; leave one of them out")
    if not at and not every:
        raise InputError("say when: --at 22:00, or --every 15m with --between 20:00-06:00")
    if at:
        if between:
            raise InputError("--between goes with --every; with --at each start is named")
        clocks = sorted({_clock(part) for text in at for part in text.split(",")})
        return StartTimes(days, at=tuple(clocks))
    minutes, rest = divmod(span(every), timedelta(minutes=1))
    if rest or not 0 < minutes <= DAY:
        raise InputError(f"--every {every}: schedules know whole minutes, from 1m to 24h")
    first, length = 0, DAY
    if between:
        begin, dash, end = between.partition("-")
        if not dash:
            raise InputError(f"--between {between}: write two times of day, 20:00-06:00")
        first = _clock(begin)
        length = (_clock(end) - first - 1) % DAY + 1
    return StartTimes(days, every=minutes, first=first, length=length)


def _clock(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    minute = -1 if found is None else int(found[1]) * 60 + int(found[2])
    if not 0 <= minute <= DAY:
        raise InputError(f"{text!r} is no time of day; write 06:00 or 22:30")
    return minute % DAY


def _days(text: str) -> tuple[int, ...]:
    words = {"daily": "mon-sun", "weekdays": "mon-fri", "weekends": "sat-sun"}
    found: set[int] = set()
    for part in words.get(text.casefold(), text.casefold()).split(","):
        names = [name.strip()[:3] for name in part.split("-")]
        if len(names) > 2 or not set(names) <= set(DAYS):
            raise InputError(f"--on {text}: write days as mon-fri or mon,wed,fri, or daily")
        begin, end = DAYS.index(names[0]), DAYS.index(names[-1])
        found |= {day % 7 for day in range(begin, end + 1 + 7 * (end < begin))}
    return tuple(sorted(found))

"""Start times: said in plain words, the same for cron, systemd and Windows."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest

from referee.domain import InputError
from referee.project.start_times import grouped, next_starts, ranges, read_times, shortest_gap

SATURDAY = datetime(2026, 11, 21, 22, 7).astimezone()


@pytest.mark.parametrize(
    ("at", "on", "every", "between", "starts"),
    [
        (["22:00"], "daily", "", "", ["Sun 22:00", "Mon 22:00", "Tue 22:00"]),
        (["22:30"], "daily", "", "", ["Sat 22:30", "Sun 22:30", "Mon 22:30"]),
        (["6:00,22:00"], "mon-fri", "", "", ["Mon 06:00", "Mon 22:00", "Tue 06:00"]),
        (["24:00"], "wed", "", "", ["Wed 00:00", "Wed 00:00", "Wed 00:00"]),
        ([], "weekends", "4h", "", ["Sun 00:00", "Sun 04:00", "Sun 08:00"]),
        ([], "fri", "3h", "20:00-06:00", ["Fri 20:00", "Fri 23:00", "Sat 02:00", "Sat 05:00", "Fri 20:00"]),
        ([], "sun", "12h", "18:00-18:00", ["Sun 18:00", "Mon 06:00", "Sun 18:00"]),
        ([], "sat-mon", "24h", "", ["Sun 00:00", "Mon 00:00", "Sat 00:00"]),
    ],
)
def test_what_people_say_gives_these_starts(
    at: list[str], on: str, every: str, between: str, starts: list[str]
) -> None:
    week = read_times(at, on, every, between).of_week
    found = islice(next_starts(week, SATURDAY), len(starts))
    assert [start.strftime("%a %H:%M") for start in found] == starts


@pytest.mark.parametrize(
    ("at", "on", "every", "between", "fault"),
    [
        ([], "daily", "", "", "say when: --at 22:00, or --every 15m"),
        (["22:00"], "daily", "15m", "", "--at and --every were both given"),
        (["22:00"], "daily", "", "20:00-06:00", "--between goes with --every"),
        (["25:00"], "daily", "", "", "'25:00' is no time of day"),
        (["24:30"], "daily", "", "", "'24:30' is no time of day"),
        (["10pm"], "daily", "", "", "'10pm' is no time of day"),
        (["22:00"], "workdays", "", "", "--on workdays: write days as mon-fri"),
        ([], "daily", "90s", "", "schedules know whole minutes"),
        ([], "daily", "2d", "", "schedules know whole minutes"),
        ([], "daily", "15m", "20:00", "write two times of day"),
    ],
)
def test_what_is_no_time_is_refused(at: list[str], on: str, every: str, between: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_times(at, on, every, between)


def test_the_shortest_gap_goes_round_the_week() -> None:
    assert shortest_gap(read_times(["22:00"], "mon", "", "").of_week) == 7 * 24 * 60
    assert shortest_gap(read_times(["23:00", "01:00"], "daily", "", "").of_week) == 120
    assert shortest_gap(read_times([], "sun,mon", "6h", "20:00-19:00").of_week) == 360


def test_starts_that_go_together_are_written_together() -> None:
    week = read_times([], "mon-fri", "15m", "20:00-06:00").of_week
    assert grouped(week) == [
        ((0, 1, 2, 3, 4), (20, 21, 22, 23), (0, 15, 30, 45)),
        ((1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5), (0, 15, 30, 45)),
    ]
    assert ranges([0, 1, 2, 4, 5, 7]) == "0-2,4,5,7"


def test_every_group_together_is_the_week_again() -> None:
    for times in (
        read_times([], "mon,thu", "7m", "21:05-04:00"),
        read_times(["01:10", "13:50"], "sat-tue", "", ""),
    ):
        again = {
            day * 1440 + hour * 60 + minute
            for days, hours, minutes in grouped(times.of_week)
            for day in days
            for hour in hours
            for minute in minutes
        }
        assert again == times.of_week

"""Dates, times and durations: Python's `datetime` is the oracle within its years."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.feel.fault import Fault
from referee.feel.values import (
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    YearsMonthsDuration,
    add,
    calendar,
    compare,
    divide,
    equal,
    multiply,
    negate,
    parse_at_literal,
    parse_date,
    parse_date_time,
    parse_duration,
    parse_time,
    property_of,
    string,
    subtract,
    to_feel,
)

ZONES = st.sampled_from(["Europe/Paris", "Australia/Melbourne", "Asia/Dhaka", "America/New_York", "Etc/UTC"])
MOMENTS = st.datetimes(min_value=dt.datetime(1971, 1, 1), max_value=dt.datetime(2090, 1, 1))
DAYS = st.integers(min_value=-365_241_000_000, max_value=365_241_000_000)
YEARS = st.integers(min_value=calendar.MIN_YEAR, max_value=calendar.MAX_YEAR)


@given(st.dates())
def test_dates_agree_with_datetime(date):
    feel = to_feel(date)
    assert str(feel) == date.isoformat()
    assert feel.days == (date - dt.date(1970, 1, 1)).days
    assert feel.weekday == date.isoweekday()
    assert calendar.week_of_year(date.year, date.month, date.day) == date.isocalendar().week
    assert calendar.day_of_year(date.year, date.month, date.day) == date.timetuple().tm_yday


@given(DAYS)
def test_days_and_dates_are_two_ways_of_saying_the_same(days):
    date = FeelDate.from_days(days)
    assert date.days == days
    assert parse_date(str(date)) == date


@given(st.dates(), st.integers(min_value=-500_000, max_value=500_000))
def test_a_date_moves_by_days_like_datetime(date, days):
    try:
        expected = date + dt.timedelta(days=days)
    except OverflowError:
        return
    assert add(to_feel(date), DaysTimeDuration.of_seconds(days * 86_400)) == to_feel(expected)


@given(MOMENTS, MOMENTS)
def test_the_difference_of_local_moments_is_that_of_datetime(left, right):
    assert subtract(to_feel(left), to_feel(right)) == to_feel(left - right)


@given(MOMENTS, ZONES, st.timedeltas(min_value=dt.timedelta(-400), max_value=dt.timedelta(400)))
def test_a_moment_in_a_zone_moves_along_the_line_of_time(moment, zone, delta):
    aware = moment.replace(tzinfo=ZoneInfo(zone))
    expected = (aware.astimezone(dt.UTC) + delta).astimezone(ZoneInfo(zone))
    result = add(to_feel(aware), to_feel(delta))
    assert string(result) == f"{string(to_feel(expected.replace(tzinfo=None)))}@{zone}"
    assert subtract(result, to_feel(aware)) == to_feel(delta)


@given(MOMENTS, MOMENTS, ZONES, ZONES)
def test_moments_with_zones_compare_as_moments(left, right, left_zone, right_zone):
    first, second = left.replace(microsecond=0), right.replace(microsecond=0)
    one, other = first.replace(tzinfo=ZoneInfo(left_zone)), second.replace(tzinfo=ZoneInfo(right_zone))
    expected = (one.astimezone(dt.UTC) > other.astimezone(dt.UTC)) - (
        one.astimezone(dt.UTC) < other.astimezone(dt.UTC)
    )
    assert compare(to_feel(one), to_feel(other)) == expected
    assert equal(to_feel(one), to_feel(other)) is (expected == 0)
    if expected == 0:
        assert hash(to_feel(one)) == hash(to_feel(other))


@given(YEARS, st.integers(1, 12), st.integers(1, 28), st.integers(-30_000, 30_000))
def test_months_there_and_back_lead_to_the_same_day(year, month, day, months):
    date = FeelDate(year, month, day)
    if not calendar.MIN_YEAR + 3000 <= year <= calendar.MAX_YEAR - 3000:
        return
    assert subtract(add(date, YearsMonthsDuration(months)), YearsMonthsDuration(months)) == date


@given(st.integers(min_value=-(10**26), max_value=10**26))
def test_days_and_time_durations_are_read_back_as_they_are_written(nanos):
    duration = DaysTimeDuration(nanos)
    assert parse_duration(str(duration)) == duration
    assert negate(negate(duration)) == duration


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_years_and_months_durations_are_read_back_as_they_are_written(months):
    duration = YearsMonthsDuration(months)
    assert parse_duration(str(duration)) == duration
    assert duration.years * 12 + duration.months == months


@given(st.text(alphabet="0123456789-:T.Z+@PYMDHS/ae", max_size=30))
def test_any_text_is_a_temporal_value_or_a_fault(text):
    for parse in (parse_at_literal, parse_date, parse_time, parse_date_time, parse_duration):
        try:
            value = parse(text)
        except Fault:
            continue
        assert parse_at_literal(string(value)) == value


TEXTS = """
2021-01-31 + P1M                              = 2021-02-28
2024-02-29 + P1Y                              = 2025-02-28
2021-01-01 + PT36H                            = 2021-01-02
2021-01-02 - PT1S                             = 2021-01-01
2021-01-02 - 2021-01-01                       = P1D
2021-01-02 - 2021-01-02T00:00:00Z             = PT0S
2021-01-01T24:00:00 + PT1S                    = 2021-01-02T00:00:01
-0001-12-31 + P1D                             = 0000-01-01
23:30:00 + PT1H                               = 00:30:00
23:30:00+02:00 - PT24H                        = 23:30:00+02:00
10:10:10 - 11:10:10                           = -PT1H
2021-03-28T01:30:00@Europe/Paris + PT1H       = 2021-03-28T03:30:00@Europe/Paris
2021-10-31T02:30:00@Europe/Paris + PT1H       = 2021-10-31T02:30:00@Europe/Paris
2021-10-31T02:30:00@Europe/Paris + PT2H       = 2021-10-31T03:30:00@Europe/Paris
2021-03-27T02:30:00@Europe/Paris + P1M        = 2021-04-27T02:30:00@Europe/Paris
P1Y - P2M                                     = P10M
P1D - PT2H                                    = PT22H
-P1D + PT0.5S                                 = -PT23H59M59.5S
999999999-12-31T23:59:59Z - PT1S              = 999999999-12-31T23:59:58Z
"""


@pytest.mark.parametrize("line", TEXTS.strip().splitlines())
def test_temporal_arithmetic(line):
    left, operator, right, _, result = line.split()
    operation = {"+": add, "-": subtract}[operator]
    assert string(operation(parse_at_literal(left), parse_at_literal(right))) == result


def test_the_second_reading_of_an_ambiguous_hour_is_kept_apart():
    first = parse_date_time("2021-10-31T02:30:00@Europe/Paris")
    second = add(first, parse_duration("PT1H"))
    assert str(first) == str(second)
    assert subtract(second, first) == parse_duration("PT1H")
    assert equal(first, second) is False


@pytest.mark.parametrize(
    ("duration", "factor", "result"),
    [("P1D", "2.5", "P2DT12H"), ("P1Y", "1.5", "P1Y6M"), ("P1M", "0.9", "P0M"), ("-P1M", "2.9", "-P2M")],
)
def test_durations_times_a_number(duration, factor, result):
    assert string(multiply(parse_duration(duration), Decimal(factor))) == result
    assert string(multiply(Decimal(factor), parse_duration(duration))) == result


@pytest.mark.parametrize(
    ("duration", "divisor", "result"),
    [("P10D", "4", "P2DT12H"), ("P1Y", "-12", "-P1M"), ("P1Y", "5", "P2M")],
)
def test_durations_by_a_number(duration, divisor, result):
    assert string(divide(parse_duration(duration), Decimal(divisor))) == result


def test_a_duration_by_a_duration_is_a_number():
    assert divide(parse_duration("P1D"), parse_duration("PT16H")) == Decimal("1.5")
    assert divide(parse_duration("P1Y"), parse_duration("P8M")) == Decimal("1.5")


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (divide, "P1D", "PT0S"),
        (subtract, "2021-01-01T00:00:00", "2021-01-02"),
        (subtract, "2021-01-01T00:00:00", "2021-01-02T00:00:00Z"),
        (subtract, "10:00:00", "10:00:00Z"),
        (add, "2021-01-01", "2021-01-01"),
        (add, "10:00:00", "P1Y"),
        (add, "999999999-12-31", "P1D"),
        (add, "P1Y", "P1D"),
        (compare, "10:00:00", "10:00:00Z"),
        (compare, "2021-01-01", "2021-01-01T00:00:00"),
        (compare, "P1Y", "P365D"),
    ],
)
def test_what_does_not_go_together_is_a_fault(operation, left, right):
    with pytest.raises(Fault):
        operation(parse_at_literal(left), parse_at_literal(right))


@pytest.mark.parametrize("factor", ["1E+6000", "1E+40"])
def test_a_duration_does_not_grow_without_end(factor):
    with pytest.raises(Fault):
        multiply(parse_duration("P1D"), Decimal(factor))
    with pytest.raises(Fault):
        divide(parse_duration("P1Y"), divide(Decimal(1), Decimal(factor)))


EQUALITY = """
10:00:00          10:00:00.5           True
10:00:00Z         11:00:00+01:00       True
10:00:00          10:00:00Z            False
10:00:00@Etc/UTC  10:00:00Z            True
2021-01-01        2021-01-01T00:00:00  None
P1Y               P12M                 True
PT24H             P1D                  True
P1Y               P365D                None
2002-04-02T12:00:00-01:00  2002-04-02T17:00:00+04:00  True
2018-12-08T00:00:00        2018-12-08T00:00:00@Europe/Paris  False
"""


@pytest.mark.parametrize("line", EQUALITY.strip().splitlines())
def test_equality(line):
    left, right, expected = line.split()
    first, second = parse_at_literal(left), parse_at_literal(right)
    assert str(equal(first, second)) == expected
    assert (first == second) is (expected == "True")
    if first == second:
        assert hash(first) == hash(second)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("2018-12-10", "weekday", Decimal(1)),
        ("2018-12-10T10:30:01", "second", Decimal(1)),
        ("10:30:00+05:00", "time offset", DaysTimeDuration.of_seconds(5 * 3600)),
        ("10:30:00", "time offset", None),
        ("10:30:00@Etc/UTC", "timezone", "Etc/UTC"),
        ("2018-07-10T10:30:01@Europe/Paris", "time offset", DaysTimeDuration.of_seconds(2 * 3600)),
        ("-P1Y2M", "years", Decimal(-1)),
        ("-P1Y2M", "months", Decimal(-2)),
        ("-P1DT2H3M4.5S", "days", Decimal(-1)),
        ("-P1DT2H3M4.5S", "hours", Decimal(-2)),
        ("-P1DT2H3M4.5S", "minutes", Decimal(-3)),
        ("-P1DT2H3M4.5S", "seconds", Decimal(-4)),
    ],
)
def test_properties(value, name, expected):
    assert property_of(parse_at_literal(value), name) == expected


def test_an_unknown_property_is_a_fault():
    with pytest.raises(Fault, match="has no `hour`"):
        property_of(parse_date("2018-12-10"), "hour")


@pytest.mark.parametrize(
    "text",
    [
        "2017-02-29",
        "2017-13-01",
        "998-12-31",
        "01211-12-31",
        "9999999999-12-25",
        "+2012-12-02",
        "24:00:01",
        "25:00:00",
        "7:00:00",
        "13:20:00+19:00",
        "13:20:00+02:00@Europe/Paris",
        "13:20:00@europe/paris",
        "13:20:00@../../etc/passwd",
        "P",
        "PT",
        "P1DT",
        "P1Y1D",
        "P1.5Y",
        "٢٠٢١-٠١-٠١",
    ],
)
def test_texts_that_are_no_temporal_value(text):
    with pytest.raises(Fault):
        parse_at_literal(text)


def test_python_values_keep_their_meaning():
    zone = dt.datetime(2021, 7, 1, 12, 0, 0, 250_000, tzinfo=ZoneInfo("Europe/Paris"))
    assert str(to_feel(zone)) == "2021-07-01T12:00:00.25@Europe/Paris"
    assert str(to_feel(dt.datetime(2021, 7, 1, tzinfo=dt.UTC))) == "2021-07-01T00:00:00Z"
    assert str(to_feel(dt.time(9, 30))) == "09:30:00"
    assert str(to_feel(dt.timedelta(days=-1, seconds=1))) == "-PT23H59M59S"
    assert type(to_feel(dt.datetime(2021, 7, 1))) is FeelDateTime
    assert type(to_feel(dt.date(2021, 7, 1))) is FeelDate
    assert type(to_feel(dt.time(9))) is FeelTime

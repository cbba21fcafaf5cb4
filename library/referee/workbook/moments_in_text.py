"""Dates, times and durations as people write them, how FEEL wants them, and those that there aren't."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from referee.feel import FeelSyntaxError, Names, evaluate, parse_expression, parse_unary_tests, syntax
from referee.feel.constants import NOT_CONSTANT, constant

DATE, TIME, DATE_AND_TIME = "date", "time", "date and time"
DAYS, MONTHS = "days and time duration", "years and months duration"
_EXAMPLES = {
    DATE: 'date("2026-12-31")',
    TIME: 'time("12:00:00")',
    DATE_AND_TIME: 'date and time("2026-12-31T12:00:00")',
    "duration": 'duration("P5D")',
}
_DATE_TEXT = (
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<first>\d{1,2})(?P<sign>[./-])(?P<second>\d{1,2})(?P=sign)(?P<last>\d{4})"
)
_TIME_TEXT = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<seconds>\d{2}(?:\.\d+)?))?"
_ALONE = _TIME_TEXT.replace("P<", "P<alone_")
_UNITS = {"year": "Y", "month": "M", "week": "W", "day": "D", "hour": "H", "minute": "M", "second": "S"}
_DURATION_TEXT = rf"(?P<count>\d+)\s+(?P<unit>{'|'.join(_UNITS)})s?"
_MOMENT = re.compile(
    r'"(?:[^"\\]|\\.)*"'
    rf"|(?<![\w:/@-])(?<!(?<!\.)\.)(?:(?:{_DATE_TEXT})(?:(?:T|\s+){_TIME_TEXT})?|{_ALONE}"
    rf"|{_DURATION_TEXT})(?![\w:/-]|\.\d)"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, time or duration that stands in a text: ``literal`` is what FEEL writes for it.

    It is empty where there is none, and then ``wrong`` says why and what to write, as the end of a sentence.
    """

    span: tuple[int, int]
    literal: str
    wrong: str = ""


def moments(text: str, type_name: str) -> Iterator[Moment]:
    """The dates, times and durations of a text outside of quotes that a column of some type may hold."""
    for match in _MOMENT.finditer(text):
        if match.group().startswith('"'):
            continue
        kind = _kind(match)
        if type_name in ("", "Any", kind) or (type_name == DATE_AND_TIME and kind == DATE):
            yield _moment(match, kind, type_name)


def moment_mend(text: str, type_name: str) -> tuple[str, tuple[int, int]] | None:
    """What to write for the dates, times and durations of a text, with the characters meant; None without any."""
    found = list(moments(text, type_name))
    for moment in found:
        if moment.wrong:
            return f"`{text[slice(*moment.span)]}` {moment.wrong}", moment.span
    if not found:
        return None
    mended = text
    for moment in reversed(found):
        start, end = moment.span
        mended = mended[:start] + moment.literal + mended[end:]
    return f"write {mended}", found[0].span


@lru_cache(maxsize=4096)
def impossible_moment(text: str, names: frozenset[str], is_test: bool) -> tuple[str, tuple[int, int]] | None:
    """Why a date, time or duration that the FEEL of a text writes down isn't one, and how to mend it; with where."""
    if not any(word in text for word in (DATE, TIME, "duration", "@")):
        return None
    try:
        tree = (parse_unary_tests if is_test else parse_expression)(text, Names(names))
    except FeelSyntaxError:
        return None
    for node, kind in _literals(tree):
        written = text[slice(*node.span)]
        try:
            if evaluate(written).value is not None:
                continue
        except FeelSyntaxError:
            continue
        return f"`{written}` {_why(node, kind)}", node.span
    return None


def _literals(node: object) -> Iterator[tuple[syntax.Temporal | syntax.Call, str]]:
    """The at-literals, and the calls that make a date, time or duration of constants."""
    if isinstance(node, syntax.Temporal):
        yield node, ""
    elif isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name):
        values = [constant(each) for each in node.arguments]
        if node.function.name in _EXAMPLES and all(
            value is not NOT_CONSTANT and value is not None for value in values
        ):
            yield node, node.function.name
    for child in syntax.children(node):
        yield from _literals(child)


def _why(node: syntax.Temporal | syntax.Call, kind: str) -> str:
    example = _EXAMPLES.get(kind, '@"2026-12-31"')
    said = _said(node)
    if said is not None:
        match = _MOMENT.fullmatch(said)
        if match is not None and not said.startswith('"'):
            meant = _kind(match)
            if not kind or kind == meant or (kind == "duration" and meant in (DAYS, MONTHS)):
                moment = _moment(match, meant, meant)
                return moment.wrong or f"is none that FEEL reads; write {moment.literal}"
    what = {"": "date, time or duration"}.get(kind, kind)
    return f"is no {what} that there is; write one such as {example}"


def _said(node: syntax.Temporal | syntax.Call) -> str | None:
    """What is written between the quotes; the numbers of a date as they would stand there."""
    if isinstance(node, syntax.Temporal):
        return node.text
    values = [constant(each) for each in node.arguments]
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    if len(values) == 3 and isinstance(node.function, syntax.Name) and node.function.name == DATE:
        return "-".join(str(value) for value in values)
    return None


def _kind(match: re.Match[str]) -> str:
    if match["unit"]:
        return MONTHS if match["unit"] in ("year", "month") else DAYS
    if match["alone_hour"]:
        return TIME
    return DATE_AND_TIME if match["hour"] else DATE


def _moment(match: re.Match[str], kind: str, type_name: str) -> Moment:
    try:
        if kind in (DAYS, MONTHS):
            return Moment(match.span(), _duration(int(match["count"]), match["unit"]))
        if kind == TIME:
            clock = _clock(match["alone_hour"], match["alone_minute"], match["alone_seconds"])
            return Moment(match.span(), f'time("{clock}")')
        form = 'date("{}")'
        if DATE_AND_TIME in (kind, type_name):
            clock = _clock(match["hour"] or "0", match["minute"] or "00", match["seconds"])
            form = f'date and time("{{}}T{clock}")'
        return Moment(match.span(), form.format(_day(match, form)))
    except _WrongMomentError as wrong:
        return Moment(match.span(), "", str(wrong))


class _WrongMomentError(Exception):
    """A text that means no moment, or more than one."""


def _day(match: re.Match[str], form: str) -> str:
    """The day as ``2026-12-31``; ``form`` is what FEEL writes around it."""
    if match["year"]:
        year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    else:
        day, month, year = (int(match[part]) for part in ("first", "second", "last"))
        if match["sign"] != "." and day != month:
            if day <= 12 and month <= 12:
                one, other = (form.format(_iso(year, *each)) for each in ((month, day), (day, month)))
                raise _WrongMomentError(f"can be read as {one} or as {other}; write one of these")
            if month > 12:
                day, month = month, day
    if not 1 <= month <= 12 or day < 1 or year < 1:
        example = form.format("2026-12-31")
        raise _WrongMomentError(f"is no day of the calendar; write year, month and day, as {example}")
    last = calendar.monthrange(year, month)[1]
    if day > last:
        meant = form.format(_iso(year, month, last))
        raise _WrongMomentError(f"is no day of the calendar; the last day of that month is {meant}")
    return _iso(year, month, day)


def _iso(year: int, month: int, day: int) -> str:
    return f"{year:04}-{month:02}-{day:02}"


def _clock(hour: str, minute: str, seconds: str | None) -> str:
    """The time of day as ``12:00:00``."""
    if int(hour) > 23 or int(minute) > 59 or float(seconds or 0) >= 60:
        raise _WrongMomentError('is no time of day; times go from time("00:00:00") to time("23:59:59")')
    return f"{int(hour):02}:{minute}:{seconds or '00'}"


def _duration(count: int, unit: str) -> str:
    if unit == "week":
        count, unit = count * 7, "day"
    time = "T" if unit in ("hour", "minute", "second") else ""
    return f'duration("P{time}{count}{_UNITS[unit]}")'

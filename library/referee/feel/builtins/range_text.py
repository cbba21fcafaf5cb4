"""The text that ``range("[1..10)")`` takes: a range of literals, without any computation.

Source: DMN 1.5, 10.3.4.1 (range function).
"""

from __future__ import annotations

import re
from typing import Any

from referee.feel.fault import Fault
from referee.feel.values.at_literals import parse_at_literal
from referee.feel.values.durations import parse_duration
from referee.feel.values.numbers import parse_number
from referee.feel.values.ordering import compare
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import parse_date, parse_date_time, parse_time

_STRING = r'"((?:[^"\\]|\\.)*)"'
_CALL = rf"(date and time|date|time|duration)\s*\(\s*{_STRING}\s*\)"
_ENDPOINT = rf"(?:@\s*{_STRING}|{_STRING}|{_CALL}|(-?[0-9.][0-9.eE+-]*?))"
_RANGE = re.compile(rf"\s*([\[\](])\s*{_ENDPOINT}?\s*\.\.\s*{_ENDPOINT}?\s*([\[\])])\s*", re.DOTALL)
_GROUPS_OF_ENDPOINT = 5
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_MAX_LENGTH = 10_000

_PARSERS = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}


def parse_range(text: str) -> Range:
    """The range that a text spells; ``Fault`` if it is none, or its ends have no order or the wrong one."""
    match = _RANGE.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise Fault(
            "invalid-range",
            f'`{text[:40]}` is no range of literals; write one like [1..10) or (..@"2024-12-31"]',
        )
    opening, *groups, closing = match.groups()
    start = _endpoint(*groups[:_GROUPS_OF_ENDPOINT])
    end = _endpoint(*groups[_GROUPS_OF_ENDPOINT:])
    if start is None and end is None:
        raise Fault("invalid-range", f"`{text[:40]}` has neither start nor end")
    result = Range.between(start, end, opening == "[", closing == "]")
    if start is not None and end is not None and compare(start, end) > 0:
        raise Fault("invalid-range", f"the range `{text[:40]}` ends before it starts")
    return result


def _endpoint(
    at_text: str | None, string: str | None, function: str | None, argument: str | None, number: str | None
) -> Any:
    if at_text is not None:
        return parse_at_literal(_unescaped(at_text))
    if string is not None:
        return _unescaped(string)
    if function is not None and argument is not None:
        return _PARSERS[function](_unescaped(argument))
    if number is None:
        return None
    value = parse_number(number)
    if value is None:
        raise Fault("invalid-range", f"`{number[:40]}` is no number")
    return value


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2)
        if code is None:
            return _ESCAPED.get(match.group(3), match.group(0))
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else match.group(0)

    return _ESCAPE.sub(character, text)

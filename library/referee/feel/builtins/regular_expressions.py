"""The built-ins that take regular expressions. Source: DMN 1.5, 10.3.4.3; XPath Functions and Operators 3.1, 5.6."""

from __future__ import annotations

import re
from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.builtins.strings import bounded
from referee.feel.fault import Fault
from referee.feel.frame import ACTIVITY, charge_items
from referee.feel.regex import Pattern, compile_pattern

_REFERENCE = re.compile(r"\\(.?)|\$([0-9]*)", re.DOTALL | re.ASCII)


_MAX_PIECES = 2_000_000


def _pattern(pattern: Any, parameter: str, flags: Any) -> Pattern:
    text = arguments.text(pattern, parameter)
    if ACTIVITY.running and text not in ACTIVITY.patterns:
        ACTIVITY.patterns |= {text}
        charge_items(500 + 10 * len(text) + len(ACTIVITY.patterns))  # what compiling it takes at most
    return compile_pattern(text, "" if flags is None else arguments.text(flags, "flags"))


def matches(input: Any, pattern: Any, flags: Any = None) -> bool:
    """Whether the pattern matches anywhere in the text."""
    source = arguments.text(input, "input")
    return _pattern(pattern, "pattern", flags).is_found_in(source)


def replace(input: Any, pattern: Any, replacement: Any, flags: Any = None) -> str:
    """The text with each match replaced; ``$1`` in the replacement is the first group, ``$0`` the match."""
    source = arguments.text(input, "input")
    compiled = _not_empty(_pattern(pattern, "pattern", flags), "pattern")
    substitute = arguments.text(replacement, "replacement")
    is_literal = flags is not None and "q" in arguments.text(flags, "flags")
    parts: list[str | int] = [substitute] if is_literal else _replacement_parts(substitute, compiled.groups)
    pieces = []
    place = 0
    for number, spans in enumerate(compiled.matches(source)):
        if number * len(parts) > _MAX_PIECES:
            raise Fault("too-much-work", "the text has too many matches to replace")
        start, end = spans[0]
        pieces.append(source[place:start])
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            elif spans[part][0] >= 0:
                pieces.append(source[spans[part][0] : spans[part][1]])
        place = end
    pieces.append(source[place:])
    return bounded("".join(pieces))


def split(string: Any, delimiter: Any) -> list[str]:
    """The parts of the text between the matches of the delimiter, a pattern."""
    source = arguments.text(string, "string")
    compiled = _not_empty(_pattern(delimiter, "delimiter", None), "delimiter")
    parts = []
    place = 0
    for spans in compiled.matches(source):
        parts.append(source[place : spans[0][0]])
        place = spans[0][1]
    return [*parts, source[place:]]


def _not_empty(compiled: Pattern, parameter: str) -> Pattern:
    if compiled.matches_nothing:
        raise Fault("invalid-pattern", f"`{parameter}` must not match the empty text")
    return compiled


def _replacement_parts(text: str, groups: int) -> list[str | int]:
    """Texts and the numbers of groups, one after the other."""
    parts: list[str | int] = []
    place = 0
    for match in _REFERENCE.finditer(text):
        parts.append(text[place : match.start()])
        place = match.end()
        escaped, digits = match.groups()
        if escaped is not None:
            if escaped not in ("\\", "$") or not escaped:
                raise Fault(
                    "invalid-replacement", "a `\\` in `replacement` must stand before `$` or another `\\`"
                )
            parts.append(escaped)
        elif not digits:
            raise Fault(
                "invalid-replacement", "a `$` in `replacement` needs a group's number; write \\$ for a `$`"
            )
        else:
            # as many digits as make the number of a group, at least one
            kept = len(digits)
            while kept > 1 and int(digits[:kept]) > groups:
                kept -= 1
            if int(digits[:kept]) <= groups:
                parts.append(int(digits[:kept]))
            parts.append(digits[kept:])
    return [*parts, text[place:]]


FUNCTIONS = (
    Builtin("matches", (Signature(("input", "pattern", "flags"), matches, optional=1),)),
    Builtin("replace", (Signature(("input", "pattern", "replacement", "flags"), replace, optional=1),)),
    Builtin("split", (Signature(("string", "delimiter"), split),)),
)

"""The string built-ins. Characters are Unicode code points, counted from 1. Source: DMN 1.5, 10.3.4.3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.frame import charge_text
from referee.feel.types import kind_of
from referee.feel.values.text import string

# Joining or replacing may multiply a text; past this it is taken for a mistake.
MAX_LENGTH = 10_000_000


def bounded(text: str) -> str:
    """The text, or a ``Fault`` if it has grown beyond any use."""
    charge_text(len(text))
    if len(text) > MAX_LENGTH:
        raise Fault("too-long", f"the text would have more than {MAX_LENGTH} characters")
    return text


def to_string(value: Any) -> str | None:
    return None if value is None else bounded(string(value))


def substring(string: Any, start_position: Any, length: Any = None) -> str:
    """``length`` characters from a position on; a negative position counts from the end."""
    source = arguments.text(string, "string")
    start = arguments.integer(start_position, "start position")
    if start == 0 or abs(start) > len(source):
        raise Fault(
            "out-of-range",
            f"`start position` is {start}, the string has {len(source)} characters, counted from 1",
        )
    first = start - 1 if start > 0 else len(source) + start
    if length is None:
        return source[first:]
    count = arguments.integer(length, "length")
    if count < 1:
        raise Fault("out-of-range", f"`length` must be positive, it is {count}")
    return source[first : first + count]


def string_length(string: Any) -> Decimal:
    return Decimal(len(string) if type(string) is str else len(arguments.text(string, "string")))


def upper_case(string: Any) -> str:
    return arguments.text(string, "string").upper()


def lower_case(string: Any) -> str:
    return arguments.text(string, "string").lower()


def substring_before(string: Any, match: Any) -> str:
    """What stands before the first match; nothing if there is none."""
    source = arguments.text(string, "string")
    position = source.find(arguments.text(match, "match"))
    return source[: max(position, 0)]


def substring_after(string: Any, match: Any) -> str:
    """What stands after the first match; nothing if there is none."""
    source = arguments.text(string, "string")
    wanted = arguments.text(match, "match")
    position = source.find(wanted)
    return "" if position < 0 else source[position + len(wanted) :]


def contains(string: Any, match: Any) -> bool:
    return arguments.text(match, "match") in arguments.text(string, "string")


def starts_with(string: Any, match: Any) -> bool:
    return arguments.text(string, "string").startswith(arguments.text(match, "match"))


def ends_with(string: Any, match: Any) -> bool:
    return arguments.text(string, "string").endswith(arguments.text(match, "match"))


def string_join(list: Any, delimiter: Any = None) -> str:
    """The strings one after the other with the delimiter between them; ``null`` items are left out."""
    parts = []
    for position, item in enumerate(arguments.items(list, "list"), start=1):
        if item is None:
            continue
        if type(item) is not str:
            raise Fault(
                "wrong-argument", f"item {position} of `list` must be a string, it is {kind_of(item)}"
            )
        parts.append(item)
    between = "" if delimiter is None else arguments.text(delimiter, "delimiter")
    if len(between) * len(parts) > MAX_LENGTH or sum(map(len, parts)) > MAX_LENGTH:
        raise Fault("too-long", f"the text would have more than {MAX_LENGTH} characters")
    return bounded(between.join(parts))


_STRING = ("string",)
_STRING_AND_MATCH = ("string", "match")

FUNCTIONS = (
    Builtin("string", (Signature(("from",), to_string),)),
    Builtin("substring", (Signature(("string", "start position", "length"), substring, optional=1),)),
    Builtin("string length", (Signature(_STRING, string_length),)),
    Builtin("upper case", (Signature(_STRING, upper_case),)),
    Builtin("lower case", (Signature(_STRING, lower_case),)),
    Builtin("substring before", (Signature(_STRING_AND_MATCH, substring_before),)),
    Builtin("substring after", (Signature(_STRING_AND_MATCH, substring_after),)),
    Builtin("contains", (Signature(_STRING_AND_MATCH, contains),)),
    Builtin("starts with", (Signature(_STRING_AND_MATCH, starts_with),)),
    Builtin("ends with", (Signature(_STRING_AND_MATCH, ends_with),)),
    Builtin("string join", (Signature(("list", "delimiter"), string_join, optional=1),)),
)

"""FEEL of other tools as people would type it into cells: in the customary way, or in one that has a single reading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from referee.feel import FeelSyntaxError, compile_expression, compile_unary_tests

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?")
_THREE_DECIMALS = re.compile(r"(?<![\w.,])([1-9]\d{0,2}\.\d{3})(?![\w.,])")
STRING = re.compile(r'("(?:[^"\\]|\\.)*")')


def names_in(text: str, known: Iterable[str]) -> frozenset[str]:
    """The names a text uses as an expression or as unary tests."""
    for compile_text in (compile_expression, compile_unary_tests):
        try:
            return frozenset(compile_text(text, tuple(known)).names) - {"?"}
        except FeelSyntaxError:
            continue
    return frozenset()


def customary(text: str) -> Any:
    """A FEEL text as people would have it in Excel: plain numbers and truth values as such."""
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped):
        return Decimal(stripped)
    if stripped in ("true", "false"):
        return stripped == "true"
    return stripped or "-"


def unmistakable(text: str, is_test: bool, names: frozenset[str]) -> str:
    """A FEEL text that has no second reading in any country: spaces after commas, and brackets
    around numbers such as 1.234 and around names that could be taken for text.
    """
    from referee.feel import parse_expression, parse_unary_tests
    from referee.feel.printer import to_text

    try:
        node = parse_unary_tests(text, names) if is_test else parse_expression(text, names)
    except FeelSyntaxError:
        return text
    pieces = STRING.split(to_text(node))
    printed = "".join(
        piece if index % 2 else _THREE_DECIMALS.sub(r"(\1)", piece) for index, piece in enumerate(pieces)
    )
    return (
        f"({printed})" if re.match(r"\w", printed) and '"' not in printed and "," not in printed else printed
    )

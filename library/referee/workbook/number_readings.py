"""Numbers in text that mean one thing in one country and another in the next."""

from __future__ import annotations

import re
from decimal import Decimal

_THOUSANDS = re.compile(r"(?<![\w.,])[1-9]\d{0,2}(?:(?:,\d{3})+|\.\d{3}|(?:\.000)+)(?![\w.,])")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])(?<!\d[ '\u00a0])(\d+|\d{1,3}(?:\.\d{3})+),(\d+)(?![\w.,])")
_PERCENT = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*%")
_DASHED = re.compile(r"(\d+(?:\.\d+)?)\s*[-–—]\s*(\d+(?:\.\d+)?)")


def two_number_readings(text: str, *, is_test: bool) -> tuple[str, str, tuple[int, int] | None] | None:
    """Why a text can be read as two numbers, or as a number and something else: the code, a sentence that gives both
    and how to write each, and the characters meant. None where it can't. ``is_test``: whether commas separate tests.
    """
    percent = _PERCENT.search(text)
    if percent:
        share = format(Decimal(percent[1].replace(",", ".")).scaleb(-2).normalize(), "f")
        message = f"`{percent.group()}` is no number of FEEL; write {share}"
        return "cell-syntax", message, percent.span()
    grouped = next((found for found in _THOUSANDS.finditer(text) if not _is_bracketed(text, found)), None)
    if grouped:
        digits = re.sub("[.,]", "", grouped.group())
        other = _other_reading(grouped.group())
        return (
            "cell-ambiguous",
            f"`{grouped.group()}` can be read as the number {digits} or as {other}; "
            f"write {digits} or {other}",
            grouped.span(),
        )
    comma = _DECIMAL_COMMA.search(text) if is_test else None
    if comma and _stands_between_tests(text, comma.start()):
        decimal = f"{comma[1].replace('.', '')}.{comma[2]}"
        return (
            "cell-ambiguous",
            f"`{comma.group()}` can be read as the number {decimal} or as the values {comma[1]} and {comma[2]}; "
            f"write {decimal} or {comma[1]}, {comma[2]}",
            comma.span(),
        )
    dashed = _DASHED.fullmatch(text)
    if dashed:
        return (
            "cell-ambiguous",
            f"`{text}` can be read as the range [{dashed[1]}..{dashed[2]}] "
            f"or as {dashed[1]} minus {dashed[2]}; "
            f"write [{dashed[1]}..{dashed[2]}] or ({dashed[1]} - {dashed[2]})",
            None,
        )
    return None


def _other_reading(written: str) -> str:
    """What a number with thousands separators is if they aren't any, written so that this is plain."""
    if "," in written:
        return ", ".join(written.split(","))
    whole, *decimals = written.split(".")
    shortest = "".join(decimals).rstrip("0")
    if not shortest:
        return whole
    return f"{whole}.{shortest}{'0' if len(shortest) == 3 else ''}"


def _is_bracketed(text: str, found: re.Match[str]) -> bool:
    """Whether a number stands alone in brackets, ``(1.234)``: then it is FEEL and nothing else."""
    before, after = text[: found.start()], text[found.end() :]
    return bool(re.search(r"(?<!\w)\($", before)) and after.startswith(")")


def _stands_between_tests(text: str, position: int) -> bool:
    """Whether a comma there separates tests, also those within ``not(...)``, and not arguments or items."""
    opened = text[:position]
    depth = sum(map(opened.count, "([{")) - sum(map(opened.count, ")]}"))
    return depth == 0 or (depth == 1 and bool(re.fullmatch(r"not\s*\([^()\[\]{}]*", opened)))

"""Numbers, dates and truth values written as text, accepted only when the text has one reading in every
country.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,4}")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?P<group>[., '’])[0-9]{3}(?:(?P=group)[0-9]{3})*(?:[.,][0-9]+)?")
_EITHER_WAY = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")


def number_from_text(text: str) -> Decimal | str:
    """The number a text means, or why it cannot be told, as the end of a sentence that begins with the
    fact's name.

    ``1234.50``, ``1.234,50``, ``1,234.50``, ``1 234,5``, ``1'234.50`` and ``1.234.567`` have one reading;
    ``1.234`` and ``1,234`` have two.
    """
    text = text.strip().translate(_MINUS)
    if _EITHER_WAY.fullmatch(text):
        digits = re.sub(r"[.,]", "", text)
        decimals = text.replace(",", ".")
        return f"can be read as {digits} or as {decimals}; write it without a thousands separator"
    if _PLAIN.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if _SCIENTIFIC.fullmatch(text):
        return Decimal(text)
    grouped = _GROUPED.fullmatch(text)
    if grouped:
        group = grouped["group"]
        whole, mark, decimals = _split_decimals(text, group)
        if mark != group:
            return Decimal(whole.replace(group, "") + ("." + decimals if mark else ""))
    return "is not a number"


def _split_decimals(text: str, group: str) -> tuple[str, str, str]:
    last = max(text.rfind("."), text.rfind(","))
    if last < 0 or (text[last] == group and len(text) - last == 4):
        return text, "", ""
    return text[:last], text[last], text[last + 1 :]


def date_from_text(text: str) -> datetime.date | str:
    """The date a text means: ``2024-01-31`` or ``31.1.2024``; else why not, as the end of a sentence."""
    text = text.strip()
    iso, dotted = _ISO_DATE.fullmatch(text), _DOTTED_DATE.fullmatch(text)
    try:
        if iso:
            return datetime.date(int(iso[1]), int(iso[2]), int(iso[3]))
        if dotted:
            return datetime.date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
    except ValueError:
        return "is not a date of the calendar"
    return "is not a date; write it as 2024-01-31 or 31.1.2024"


_TRUTH = {"true": True, "false": False, "yes": True, "no": False}


def boolean_from_text(text: str) -> bool | str:
    """``true``, ``false``, ``yes`` or ``no`` in any case; else why not, as the end of a sentence."""
    return _TRUTH.get(text.strip().casefold(), "is neither true nor false")

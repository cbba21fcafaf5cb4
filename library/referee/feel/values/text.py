"""FEEL's ``string()``.

Source: DMN 1.5, 10.3.4.1; inside lists and contexts strings stand in quotes, as in FEEL itself.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from referee.feel.frame import charge_items, charge_text
from referee.feel.values.numbers import number_text

_PLAIN_NAME = re.compile(r"[^\W\d][\w ]*")


def string(value: Any) -> str:
    """The value as FEEL's ``string()`` writes it. ``null`` is written ``null``; the built-in keeps it ``null``."""
    if isinstance(value, str):
        return value
    return nested_text(value)


def nested_text(value: Any) -> str:
    """The value as it stands inside a list, context or range: a string in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    written = _written(value)
    charge_text(len(written))
    return written


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        charge_items(2 * len(value))
        return f"[{', '.join(map(nested_text, value))}]"
    if isinstance(value, dict):
        charge_items(2 * len(value))
        entries = (f"{_entry_name(name)}: {nested_text(item)}" for name, item in value.items())
        return f"{{{', '.join(entries)}}}"
    return str(value)


def quoted(text: str) -> str:
    """The text as a FEEL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("\t", "\\t") + '"'


def _entry_name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else quoted(name)

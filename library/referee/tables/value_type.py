"""What a clause's type does to a value: check it and convert it as DMN's implicit conversions allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from referee.feel.types import coerce, parse_type

Conversion = Callable[[Any], Any]
"""Takes a FEEL value and gives it as a value of one type; raises ``Fault`` when it is not one."""


def conversion(type_name: str, types: Mapping[str, Conversion]) -> Conversion | None:
    """The conversion to a named type, or None when every value is welcome. Raises ``Fault`` for an unknown type."""
    name = type_name.strip()
    if name in types:
        return types[name]
    if name in ("", "Any"):
        return None
    feel_type = parse_type(name)
    return lambda value: coerce(value, feel_type)

"""What a clause's type does to a value: check it and convert it as DMN's implicit conversions allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from referee.feel.types import coerce, parse_type

Conversion = Callable[[Any], Any]
"""Takes a FEEL value and gives it as a value of one type; raises ``Fault`` when it is not one."""


TypeNames = Callable[[str], Conversion | None]
"""Gives the conversion for a type's name, None where every value is welcome; raises ``Fault`` for an unknown type."""


def feel_conversion(type_name: str) -> Conversion | None:
    """The conversion to one of FEEL's own types; none for ``Any`` and for no name."""
    name = type_name.strip()
    if name in ("", "Any"):
        return None
    feel_type = parse_type(name)
    return lambda value: coerce(value, feel_type)

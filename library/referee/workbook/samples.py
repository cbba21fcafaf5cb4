"""Some values of each type, to try a cell or an expression on before any case is met."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from referee.feel import evaluate
from referee.feel.types import type_of

_SAMPLE_TEXTS: Mapping[str, tuple[str, ...]] = {
    "number": ("0.5", "-987654", "17"),
    "string": ('"zqx"', '"1"', '"2020-01-01"'),
    "boolean": ("true", "false"),
    "date": ('date("2020-02-29")', 'date("1999-12-31")'),
    "time": ('time("12:00:00")', 'time("23:59:59")'),
    "date and time": ('date and time("2020-02-29T12:00:00")', 'date and time("1999-12-31T00:00:00")'),
    "days and time duration": ('duration("P2DT3H")', 'duration("-PT1S")'),
    "years and months duration": ('duration("P1Y6M")', 'duration("-P1M")'),
}


@lru_cache(maxsize=32)
def samples(type_name: str) -> tuple[Any, ...]:
    """Some FEEL values of a type, to try a cell or an expression on; none for a type that has no simple
    values.
    """
    return tuple(evaluate(text).value for text in _SAMPLE_TEXTS.get(type_name, ()))


SAMPLED_TYPES = tuple(_SAMPLE_TEXTS)


def value_type(value: Any) -> str:
    """The FEEL type of a value by its name, such as ``date and time``."""
    return str(type_of(value))

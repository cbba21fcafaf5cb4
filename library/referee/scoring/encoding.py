"""From facts to the row of numbers that a classifier takes, with a doubt for each fact that it can't be trusted with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from referee.domain import Diagnostic

if TYPE_CHECKING:
    from referee.scoring.card import Feature


@dataclass(frozen=True, slots=True)
class Column:
    """One input column: what its card entry says, ready for use. ``low`` and ``high`` include the margin."""

    name: str
    type: str
    may_be_missing: bool
    codes: Mapping[str, float]
    low: Decimal
    high: Decimal


def columns(features: Sequence[Feature], range_margin: float) -> tuple[Column, ...]:
    """The input columns in the classifier's order."""
    margin = Decimal(repr(range_margin))
    made = []
    for feature in features:
        minimum = Decimal(repr(feature.minimum)) if feature.minimum is not None else Decimal(0)
        maximum = Decimal(repr(feature.maximum)) if feature.maximum is not None else Decimal(0)
        beyond = (maximum - minimum) * margin
        made.append(
            Column(
                feature.name,
                feature.type,
                feature.missing == "impute",
                {text: float(code) for code, text in enumerate(feature.categories)},
                minimum - beyond,
                maximum + beyond,
            )
        )
    return tuple(made)


def encode(inputs: Sequence[Column], facts: Mapping[str, Any]) -> tuple[list[float], list[Diagnostic]]:
    """One number for each column (NaN: missing and allowed to be), and what is wrong with the facts, all at once.

    The row means nothing if there is a diagnostic. Messages name the fact but never quote its value, which may be
    sensitive and would end up in the log.
    """
    row: list[float] = []
    doubts: list[Diagnostic] = []
    for column in inputs:
        number = _encode_one(column, facts.get(column.name))
        if isinstance(number, Diagnostic):
            doubts.append(number)
        else:
            row.append(number)
    return row, doubts


def exact_number(value: object) -> Decimal | None:
    """A number as exact decimal, or None if it isn't a number. A float means its shortest decimal text."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    return None


def _encode_one(column: Column, value: object) -> float | Diagnostic:
    name = column.name
    if value is None:
        if column.may_be_missing:
            return math.nan
        return Diagnostic("score-fact-missing", f"`{name}` is missing, and the model can't do without it")
    if column.type == "string":
        if not isinstance(value, str):
            return Diagnostic("score-fact-type", f"`{name}` should be text for the model")
        code = column.codes.get(value)
        if code is None:
            known = ", ".join(column.codes)
            return Diagnostic(
                "score-unseen-category", f"`{name}` holds a text the model has never seen; it knows {known}"
            )
        return code
    if column.type == "boolean":
        if not isinstance(value, bool):
            return Diagnostic("score-fact-type", f"`{name}` should be true or false for the model")
        return float(value)
    number = exact_number(value)
    if number is None:
        return Diagnostic("score-fact-type", f"`{name}` should be a number for the model")
    if not number.is_finite():
        return Diagnostic("score-not-finite", f"`{name}` is not a finite number")
    if not column.low <= number <= column.high:
        return Diagnostic(
            "score-outside-range",
            f"`{name}` lies outside what the model has seen; it can be trusted from {column.low:f} to {column.high:f}",
        )
    return float(str(number))

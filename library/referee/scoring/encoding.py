"""From facts to the row of numbers a classifier takes, with a doubt for each fact it can't take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from referee.domain import Diagnostic
from referee.scoring.columns import Value

if TYPE_CHECKING:
    from referee.scoring.card import Feature

_MOST_ROUNDED = 20
"""Digits before the point of numbers that are rounded for messages; decimals hold no more than 28."""


@dataclass(frozen=True, slots=True)
class Input:
    """One feature: what its card entry says, ready for use. ``low`` and ``high`` include the margin."""

    name: str
    type: str
    may_be_missing: bool
    categories: Mapping[str, tuple[float, ...]]
    low: Decimal
    high: Decimal


def inputs_of(features: Sequence[Feature], range_margin: float) -> tuple[Input, ...]:
    """The inputs in the classifier's order."""
    margin = Decimal(repr(range_margin))
    made = []
    for feature in features:
        minimum = Decimal(repr(feature.minimum)) if feature.minimum is not None else Decimal(0)
        maximum = Decimal(repr(feature.maximum)) if feature.maximum is not None else Decimal(0)
        beyond = (maximum - minimum) * margin
        made.append(
            Input(
                feature.name,
                feature.type,
                feature.missing == "impute",
                {
                    text: tuple(float(text == other) for other in feature.categories)
                    for text in feature.categories
                },
                # What was never negative in training is not negative now, and the other way round.
                max(minimum - beyond, Decimal(0)) if minimum >= 0 else minimum - beyond,
                min(maximum + beyond, Decimal(0)) if maximum <= 0 else maximum + beyond,
            )
        )
    return tuple(made)


def encode(inputs: Sequence[Input], facts: Mapping[str, Any]) -> tuple[list[float], list[Diagnostic]]:
    """The row of numbers for a classifier, and what is wrong with the facts, all at once.

    The row means nothing if there is a diagnostic.
    """
    values, doubts = check(inputs, facts)
    return [] if doubts else expand(inputs, values), doubts


def check(inputs: Sequence[Input], facts: Mapping[str, Any]) -> tuple[list[Value], list[Diagnostic]]:
    """The value of each feature, and what is wrong with the facts, all at once.

    A number is itself, a boolean 0 or 1, a text itself; one that may be missing and is, is None. Messages name
    the fact but never quote its value, which may be sensitive and would end up in the log.
    """
    values: list[Value] = []
    doubts: list[Diagnostic] = []
    for feature in inputs:
        value = _check_one(feature, facts.get(feature.name))
        if isinstance(value, Diagnostic):
            doubts.append(value)
        else:
            values.append(value)
    return values, doubts


def expand(inputs: Sequence[Input], values: Sequence[Value]) -> list[float]:
    """The row of numbers for checked values: a number or a boolean is itself, NaN if it is missing.

    A text takes as many places as it has categories, 1 for its own and 0 for the others; all are 0 if it is
    missing. An unknown one is a KeyError: ``check`` stands before.
    """
    row: list[float] = []
    for feature, value in zip(inputs, values, strict=True):
        if feature.type == "string":
            row += (0.0,) * len(feature.categories) if value is None else feature.categories[str(value)]
        else:
            row.append(math.nan if value is None else float(value))
    return row


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


def _check_one(feature: Input, value: object) -> Value | Diagnostic:
    name = feature.name
    if value is None:
        if feature.may_be_missing:
            return None
        return Diagnostic("score-fact-missing", f"`{name}` is missing, and the model can't do without it")
    if feature.type == "string":
        if not isinstance(value, str):
            return Diagnostic("score-fact-type", f"`{name}` should be text for the model")
        if value not in feature.categories:
            known = ", ".join(feature.categories)
            return Diagnostic(
                "score-unseen-category", f"`{name}` holds a text the model has never seen; it knows {known}"
            )
        return value
    if feature.type == "boolean":
        if not isinstance(value, bool):
            return Diagnostic("score-fact-type", f"`{name}` should be true or false for the model")
        return float(value)
    number = exact_number(value)
    if number is None:
        return Diagnostic("score-fact-type", f"`{name}` should be a number for the model")
    if not number.is_finite():
        return Diagnostic("score-not-finite", f"`{name}` is not a finite number")
    if not feature.low <= number <= feature.high:
        return Diagnostic(
            "score-outside-range",
            f"`{name}` lies outside what the model has seen; it takes {_shown(feature.low)} to "
            f"{_shown(feature.high)}",
        )
    return float(number)


def _shown(number: Decimal) -> str:
    """An end of a range: six digits are enough to tell it, and all before the point."""
    if not number:
        return "0"
    if number.adjusted() < _MOST_ROUNDED:
        number = number.quantize(Decimal(1).scaleb(min(number.adjusted() - 5, 0))).normalize()
    return f"{number:f}"

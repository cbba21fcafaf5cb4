"""From facts to the row of numbers a classifier takes, with a doubt for each fact it can't take."""

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

    A number is itself, a boolean 0 or 1, and a missing one NaN. A string takes as many places as it has
    categories, 1 for its own and 0 for the others; all are 0 if it is missing.

    The row means nothing if there is a diagnostic. Messages name the fact but never quote its value, which
    may be sensitive and would end up in the log.
    """
    row: list[float] = []
    doubts: list[Diagnostic] = []
    for feature in inputs:
        numbers = _encode_one(feature, facts.get(feature.name))
        if isinstance(numbers, Diagnostic):
            doubts.append(numbers)
        else:
            row.extend(numbers)
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


def _encode_one(feature: Input, value: object) -> tuple[float, ...] | Diagnostic:
    name = feature.name
    if value is None:
        if feature.may_be_missing:
            return (0.0,) * len(feature.categories) if feature.type == "string" else (math.nan,)
        return Diagnostic("score-fact-missing", f"`{name}` is missing, and the model can't do without it")
    if feature.type == "string":
        if not isinstance(value, str):
            return Diagnostic("score-fact-type", f"`{name}` should be text for the model")
        places = feature.categories.get(value)
        if places is None:
            known = ", ".join(feature.categories)
            return Diagnostic(
                "score-unseen-category", f"`{name}` holds a text the model has never seen; it knows {known}"
            )
        return places
    if feature.type == "boolean":
        if not isinstance(value, bool):
            return Diagnostic("score-fact-type", f"`{name}` should be true or false for the model")
        return (float(value),)
    number = exact_number(value)
    if number is None:
        return Diagnostic("score-fact-type", f"`{name}` should be a number for the model")
    if not number.is_finite():
        return Diagnostic("score-not-finite", f"`{name}` is not a finite number")
    if not feature.low <= number <= feature.high:
        return Diagnostic(
            "score-outside-range",
            f"`{name}` lies outside what the model has seen; it takes {feature.low:f} to {feature.high:f}",
        )
    return (float(str(number)),)

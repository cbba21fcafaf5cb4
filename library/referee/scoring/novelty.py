"""How unlike the training cases a case is, told feature by feature."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from referee.scoring.columns import Value

if TYPE_CHECKING:
    from referee.scoring.card import Feature, Novelty

LEVELS = (
    0.0,
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    0.75,
    0.9,
    0.95,
    0.975,
    0.99,
    0.995,
    0.999,
    1.0,
)
"""The shares of training cases for which the card holds the quantiles of each number."""

NAMED = 3
"""Features that a diagnostic names."""


class NoveltyMeasure:
    """The distance of a case from the training cases: 1 is that of the training case most unlike the others.

    For each feature the share p of training cases that are at least as unusual is taken from the card: for a number
    those as far out on the same side, doubled; for a text, a boolean or a gap those in categories not more frequent.
    The distance is the sum of -ln p (Fisher 1925), which tells one feature that is far out from many that are a
    little so, and which features they are. What it can't see are usual values in an unusual combination.
    """

    def __init__(self, features: Sequence[Feature], novelty: Novelty, rows: int) -> None:
        self.limit = novelty.limit
        self._names = [feature.name for feature in features]
        self._largest = novelty.largest
        self._surprises = _surprises(features, novelty.quantiles, novelty.shares, rows)

    def of(self, values: Sequence[Value]) -> float:
        """The distance of a case with these checked values."""
        return math.fsum(self._each(values)) / self._largest

    def most_unusual(self, values: Sequence[Value]) -> list[str]:
        """The features that make the case unusual, the strongest first."""
        each = sorted(zip(self._each(values), self._names, strict=True), key=lambda item: -item[0])
        return [name for surprise, name in each[:NAMED] if surprise > 0]

    def _each(self, values: Sequence[Value]) -> list[float]:
        return [surprise(value) for surprise, value in zip(self._surprises, values, strict=True)]


def measure_training(
    features: Sequence[Feature], cases: Sequence[Sequence[Value]], *, margin: float
) -> Novelty:
    """What the card says about novelty, from the checked values of the training cases.

    The limit lies ``margin`` beyond the most unusual of them: those the model has learnt from, by definition, and a
    case as much beyond them is as far as the ranges of the card let a number be.
    """
    from referee.scoring.card import Novelty

    quantiles: dict[str, tuple[float, ...]] = {}
    shares: dict[str, dict[str, float]] = {}
    for position, feature in enumerate(features):
        values = [case[position] for case in cases]
        if feature.type == "number":
            numbers = sorted(float(value) for value in values if value is not None)
            quantiles[feature.name] = tuple(_quantile(numbers, level) for level in LEVELS)
            shares[feature.name] = {"": (len(values) - len(numbers)) / len(values)}
        else:
            counts = Counter(map(_category, values))
            shares[feature.name] = {name: counts[name] / len(values) for name in sorted(counts)}
    surprises = _surprises(features, quantiles, shares, len(cases))
    largest = max(
        math.fsum(surprise(value) for surprise, value in zip(surprises, case, strict=True)) for case in cases
    )
    # Where all training cases are alike any other is infinitely far; 1 keeps the figure finite.
    return Novelty(quantiles=quantiles, shares=shares, largest=largest or 1.0, limit=1 + margin)


def _surprises(
    features: Sequence[Feature],
    quantiles: Mapping[str, Sequence[float]],
    shares: Mapping[str, Mapping[str, float]],
    rows: int,
) -> list[Callable[[Value], float]]:
    least = 1 / (rows + 1)
    return [
        _of_number(quantiles[feature.name], shares[feature.name].get("", 0.0), least)
        if feature.type == "number"
        else _of_category(shares[feature.name], least)
        for feature in features
    ]


def _of_number(quantiles: Sequence[float], missing: float, least: float) -> Callable[[Value], float]:
    def surprise(value: Value) -> float:
        if value is None:
            return -math.log(max(missing, least))
        number = float(value)
        below = _level(quantiles, number, bisect_left(quantiles, number))
        up_to = _level(quantiles, number, bisect_right(quantiles, number))
        return -math.log(min(max(2 * min(up_to, 1 - below), least), 1.0))

    return surprise


def _of_category(shares: Mapping[str, float], least: float) -> Callable[[Value], float]:
    surprises = {
        name: -math.log(max(min(math.fsum(other for other in shares.values() if other <= share), 1.0), least))
        for name, share in shares.items()
    }
    never = -math.log(least)
    return lambda value: surprises.get(_category(value), never)


def _category(value: Value) -> str:
    """The name of a category in the card: its text, `true` or `false`, and nothing for a gap."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return "true" if value else "false"


def _level(quantiles: Sequence[float], number: float, after: int) -> float:
    """The share of training cases below, between the quantiles on either side."""
    if after == 0:
        return 0.0
    if after == len(quantiles):
        return 1.0
    low, high = quantiles[after - 1], quantiles[after]
    part = (number - low) / (high - low) if high > low else 0.0
    return LEVELS[after - 1] + min(max(part, 0.0), 1.0) * (LEVELS[after] - LEVELS[after - 1])


def _quantile(numbers: Sequence[float], level: float) -> float:
    place = level * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)

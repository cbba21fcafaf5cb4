"""Whether a compiled classifier gives what scikit-learn gives, on real, random and odd cases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import numpy
from numpy.typing import NDArray

from referee.scoring.columns import Unscorable, Value
from referee.scoring.compiled import CompiledClassifier
from referee.scoring.encoding import expand, inputs_of

if TYPE_CHECKING:
    from referee.scoring.card import Card, Feature

REAL = 500
RANDOM = 1_000
TOLERANCE = 1e-9
"""How far a compiled probability may lie from scikit-learn's."""

UNSEEN = "\N{REPLACEMENT CHARACTER} never seen"
_EXTREMES = (0.0, 5e-324, 1e30, -1e30, 1e300)


def largest_difference(
    compiled: CompiledClassifier,
    classifier: Any,
    features: Sequence[Feature],
    cases: Sequence[Sequence[Value]],
    *,
    range_margin: float,
    takes: Literal["encoded", "plain"],
) -> tuple[int, float]:
    """How many cases were compared, and the largest difference of any probability; infinite where one refuses.

    Besides real cases there are random ones from the card's ranges and categories, with gaps where the card
    allows them, and odd ones: every feature in turn missing where it may be, at both ends of its range, far
    beyond it, and unseen. What scikit-learn refuses the compiled form must refuse too.
    """
    usual = [*cases[:REAL], *_random(features, range_margin, Random(0))]
    odd = list(_odd(features, range_margin))
    differences = [
        _difference(_compiled_shares(compiled, case), shares)
        for tried in (usual, odd)
        for case, shares in zip(tried, _expected(classifier, features, tried, takes), strict=True)
    ]
    return len(differences), max(differences)


def sample_cases(card: Card) -> list[list[Value]]:
    """Cases like those of training, as far as the card tells: each feature by its quantiles and shares, none together.

    Empty where the card doesn't say what the training cases looked like.
    """
    if card.novelty is None:
        return []
    chance = Random(1)
    cases: list[list[Value]] = [[] for _ in range(REAL)]
    for feature in card.features:
        shares, quantiles = card.novelty.shares[feature.name], card.novelty.quantiles.get(feature.name, ())
        for case in cases:
            case.append(_sampled(feature, shares, quantiles, chance))
    return cases


def _sampled(
    feature: Feature, shares: Mapping[str, float], quantiles: Sequence[float], chance: Random
) -> Value:
    if feature.type == "number":
        if chance.random() < shares.get("", 0.0):
            return None
        return chance.choice(quantiles)
    [category] = chance.choices(list(shares), list(shares.values()))
    if not category:
        return None
    return category if feature.type == "string" else float(category == "true")


def as_rows(
    features: Sequence[Feature], cases: Sequence[Sequence[Value]], takes: Literal["encoded", "plain"]
) -> NDArray[Any]:
    """The cases as scikit-learn takes them: encoded rows, or one column a feature with NaN and None for gaps."""
    if takes == "encoded":
        inputs = inputs_of(features, 0.0)
        return numpy.array([expand(inputs, case) for case in cases], dtype=numpy.float64)
    rows = numpy.empty((len(cases), len(features)), dtype=object)
    for position, feature in enumerate(features):
        gap = None if feature.type == "string" else math.nan
        rows[:, position] = [gap if case[position] is None else case[position] for case in cases]
    if all(feature.type != "string" for feature in features):
        return rows.astype(numpy.float64)
    return rows


def _expected(
    classifier: Any,
    features: Sequence[Feature],
    cases: Sequence[Sequence[Value]],
    takes: Literal["encoded", "plain"],
) -> Iterator[Sequence[float] | None]:
    """scikit-learn's probabilities; in one go if it takes all, else one by one with None for those refused."""
    try:
        # Numbers beyond single precision are among the odd cases on purpose.
        with numpy.errstate(over="ignore"):
            yield from classifier.predict_proba(as_rows(features, cases, takes)).tolist()
        return
    except Exception:  # noqa: BLE001  pipelines refuse by errors of any kind; below each case is asked alone
        pass
    half = len(cases) // 2
    if half:
        yield from _expected(classifier, features, cases[:half], takes)
        yield from _expected(classifier, features, cases[half:], takes)
    else:
        yield None


def _compiled_shares(compiled: CompiledClassifier, case: Sequence[Value]) -> list[float] | None:
    try:
        return compiled.probabilities(case)
    except Unscorable:
        return None


def _difference(found: Sequence[float] | None, expected: Sequence[float] | None) -> float:
    if found is None or expected is None:
        return 0.0 if found is expected else math.inf
    if len(found) != len(expected):
        return math.inf
    # Written so that NaN on either side is a difference, too.
    return max(
        difference if (difference := abs(one - other)) >= 0 else math.inf
        for one, other in zip(found, expected, strict=True)
    )


def _random(features: Sequence[Feature], range_margin: float, chance: Random) -> Iterator[list[Value]]:
    inputs = inputs_of(features, range_margin)
    for number in range(RANDOM):
        # Every third case has gaps.
        gaps = 0.2 if number % 3 == 0 else 0.0
        case: list[Value] = []
        for feature, each in zip(features, inputs, strict=True):
            if chance.random() < gaps and feature.missing == "impute":
                case.append(None)
            elif feature.type == "string":
                case.append(chance.choice(feature.categories))
            elif feature.type == "boolean":
                case.append(float(chance.random() < 0.5))
            else:
                drawn = chance.uniform(float(each.low), float(each.high))
                case.append(float(round(drawn)) if number % 2 else drawn)
        yield case


def _odd(features: Sequence[Feature], range_margin: float) -> Iterator[list[Value]]:
    inputs = inputs_of(features, range_margin)
    usual: list[Value] = [
        feature.categories[0]
        if feature.type == "string"
        else 1.0
        if feature.type == "boolean"
        else ((feature.minimum or 0.0) + (feature.maximum or 0.0)) / 2
        for feature in features
    ]
    for position, (feature, each) in enumerate(zip(features, inputs, strict=True)):
        odd: tuple[Value, ...]
        if feature.type == "string":
            odd = (None, *feature.categories, UNSEEN, "")
        elif feature.type == "boolean":
            odd = (None, 0.0, 1.0)
        else:
            odd = (None, float(each.low), float(each.high), *_EXTREMES)
        for value in odd:
            if value is None and feature.missing == "refuse":
                continue  # a pipeline may take it or not: `encoding.check` stands before
            yield [*usual[:position], value, *usual[position + 1 :]]

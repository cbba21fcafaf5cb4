"""What pushed a score: how much each feature of a case has to do with it, by Shapley values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from referee.scoring.compiled import Calibrated, CompiledClassifier, Ensemble, Linear
from referee.scoring.trees import Tree

if TYPE_CHECKING:
    from referee.scoring.columns import Value


Unit = Literal["log-odds", "probability", "log-odds before calibration", "probability before calibration"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """How far one feature pushed the score towards the likeliest label (``size`` above 0) or away from it.

    ``unit`` says of what: of the label's log-odds, or of its probability for a forest. All contributions together are
    what the score differs by, in that unit, from that of the usual training case. A sigmoid calibration is counted in;
    for any other, which has no one slope, the unit says that they are what it differs by before calibration.
    """

    feature: str
    size: float
    unit: Unit

    def told(self, label: str, value: str, meaning: str = "") -> str:
        """``income 1200 (net, a month) pushed towards decline (+0.31)``; in points where it is a probability."""
        sign = "+" if self.size > 0 else "\N{MINUS SIGN}"
        is_share = self.unit.startswith("probability")
        amount = f"{abs(self.size) * 100:.1f} points" if is_share else f"{abs(self.size):.2f}"
        if self.unit.endswith("before calibration"):
            amount += " before calibration"
        way = "towards" if self.size > 0 else "away from"
        words = f" ({meaning})" if meaning else ""
        return f"{self.feature} {value}{words} pushed {way} {label} ({sign}{amount})"


def told_without_size(feature: str, meaning: str = "") -> str:
    """``income (sensitive) (net, a month) pushed too``: what may be told of a fact whose value nobody is to know."""
    words = f" ({meaning})" if meaning else ""
    return f"{feature} (sensitive){words} pushed too; how far would tell its value"


@dataclass(frozen=True, slots=True)
class Pushes:
    """Per output of ``CompiledClassifier.raw``: the expected value, and what each feature adds to it."""

    expected: tuple[float, ...]
    sizes: tuple[tuple[float, ...], ...]


def contributions(
    classifier: CompiledClassifier, features: Sequence[str], values: Sequence[Value], label: int
) -> tuple[Contribution, ...]:
    """What pushed the score of a label (by its position), the strongest first; features without effect are left out.

    Costs microseconds for a linear model, and for trees time in proportion to their leaves times the square of
    the features on the way. Raises ``Unscorable`` like the score.
    """
    sizes = pushes(classifier, values).sizes
    if len(sizes) == 1:
        towards = [size if label == 1 else -size for size in sizes[0]]
    elif _counts_shares(classifier):
        towards = list(sizes[label])
    else:
        # Only differences between the labels' scores matter to the probabilities.
        others = [each for position, each in enumerate(sizes) if position != label]
        towards = [
            size - math.fsum(rest) / len(rest) for size, *rest in zip(sizes[label], *others, strict=True)
        ]
    scale, unit = _scale_and_unit(classifier)
    found = [
        Contribution(feature, size * scale, unit)
        for feature, size in zip(features, towards, strict=True)
        if size
    ]
    return tuple(sorted(found, key=lambda each: -abs(each.size)))


def pushes(classifier: CompiledClassifier, values: Sequence[Value]) -> Pushes:
    """Shapley values of the raw score; with the expected value they sum to it.

    For a linear model they are weight times the distance from the mean training case (Štrumbelj and Kononenko 2014),
    exact where features are independent. For trees they are those of path-dependent TreeSHAP (Lundberg et al. 2020):
    a feature that isn't known is averaged over by the training cases that went either way. The columns that one
    feature became are one player. For calibrated classifiers they are those before the calibration, averaged.
    """
    match classifier:
        case Linear():
            return _linear(classifier, values)
        case Ensemble():
            return _ensemble(classifier, values)
        case Calibrated():
            each = [pushes(member, values) for member, _ in classifier.members]
            return Pushes(
                _mean([one.expected for one in each]),
                tuple(_mean([one.sizes[output] for one in each]) for output in range(len(each[0].sizes))),
            )
    raise TypeError(f"there are no contributions for {type(classifier).__name__}")


def _mean(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(math.fsum(column) / len(rows) for column in zip(*rows, strict=True))


def _scale_and_unit(classifier: CompiledClassifier) -> tuple[float, Unit]:
    """What a push of the raw score is worth in the score that is told, and in what it is counted."""
    if not isinstance(classifier, Calibrated):
        return 1.0, "probability" if _counts_shares(classifier) else "log-odds"
    if classifier.slope is not None:
        return classifier.slope, "log-odds"
    return 1.0, "probability before calibration" if _counts_shares(
        classifier
    ) else "log-odds before calibration"


def _counts_shares(classifier: CompiledClassifier) -> bool:
    if isinstance(classifier, Calibrated):
        return _counts_shares(classifier.members[0][0])
    return classifier.link == "share"


def _linear(classifier: Linear, values: Sequence[Value]) -> Pushes:
    row = classifier.columns.row(values)
    sizes = []
    expected = []
    for weights, intercept in zip(classifier.weights, classifier.intercepts, strict=True):
        pushed = [0.0] * len(values)
        for feature, weight, number, usual in zip(
            classifier.columns.features, weights, row, classifier.centre, strict=True
        ):
            pushed[feature] += weight * (number - usual)
        sizes.append(tuple(pushed))
        expected.append(
            math.fsum(weight * usual for weight, usual in zip(weights, classifier.centre, strict=True))
            + intercept
        )
    return Pushes(tuple(expected), tuple(sizes))


def _ensemble(classifier: Ensemble, values: Sequence[Value]) -> Pushes:
    outputs = len(classifier.baseline)
    row = classifier.columns.row(values)
    sizes = classifier.paths.pushes(row, len(values), outputs, classifier.takes_turns)
    expected = list(classifier.baseline)
    for number, tree in enumerate(classifier.trees.trees):
        # In boosting each tree speaks of one output, in turn; in a forest all do.
        for output in [number % outputs] if classifier.takes_turns else range(outputs):
            numbers = classifier.trees.leaves[0 if classifier.takes_turns else output]
            expected[output] += _expected(tree, numbers) / classifier.divisor
    return Pushes(
        tuple(expected), tuple(tuple(size / classifier.divisor for size in output) for output in sizes)
    )


def _expected(tree: Tree, numbers: Sequence[float]) -> float:
    """The mean of the leaves by the training cases that fell into them."""
    at_leaves = [
        (tree.covers[node], numbers[tree.children[node]])
        for node, column in enumerate(tree.columns)
        if column < 0
    ]
    return math.fsum(cover * number for cover, number in at_leaves) / tree.covers[0]

"""Thresholds with a guarantee: "at most 3 % of automatic decisions wrong, with 95 % confidence".

The thresholds to try, and the order to try them in, come from cases that the model learnt from. Each is then tested on
cases that neither the model nor that order has seen, until the first that fails. So each test may use the whole error
of 1 - confidence however many there are, and *all* thresholds that passed hold at once with that confidence.

- Fixed-sequence testing: Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: Calibrating Predictive
  Algorithms to Achieve Risk Control" (2021; Annals of Applied Statistics 2025), with the order from a split.
- The same aim with a union over a binary search: Geifman and El-Yaniv, "Selective Classification for Deep Neural
  Networks" (NeurIPS 2017).
- The bound: Clopper and Pearson (Biometrika 26, 1934), one-sided and exact, for among the cases at a threshold that was
  fixed beforehand the number of wrong ones is binomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from referee.domain import InputError
from referee.scoring.card import Costs, OperatingPoint, TestedThreshold

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

_STEPS = 100
"""Thresholds to choose from: one for each per cent of the cases."""

_FEWEST = 5
"""The strictest threshold leaves this per cent of the cases."""

_FIRST_SHARE = 0.5
"""Testing begins with at most this share of the cases. On the mortgage decisions of benchmarks/operating_points.py
shares from 0.4 to 0.5 covered most; 0.55, or the best chance wherever it lay, covered less."""

_PLACES = 4
"""Decimal places of a threshold: people type it into cells."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is promised of automatic decisions: at most this share of them wrong, with this confidence.

    With a ``label``, cases are automatic by the probability of that label and wrong where the truth is another one.
    Without, they are automatic by the confidence in whatever label is likeliest.

    With ``costs``, the share is the one up to which deciding costs no more than a review (``of_costs``), and of the
    thresholds that keep it the one that costs least is taken instead of the lowest.
    """

    most_wrong: float
    label: str = ""
    confidence: float = 0.95
    costs: Costs | None = None

    def __post_init__(self) -> None:
        if not 0 < self.most_wrong < 1 or not 0.5 <= self.confidence < 1:
            raise InputError(
                "an operating point needs a share of wrong decisions between 0 and 1, and a confidence from 0.5 to "
                f"below 1; found {self.most_wrong:g} and {self.confidence:g}"
            )

    @classmethod
    def of_costs(cls, wrong: float, review: float, label: str = "", confidence: float = 0.95) -> Goal:
        """The goal for what a wrong automatic decision and what a review cost, in any unit."""
        if not 0 < review < wrong:
            raise InputError(
                f"a review must cost something, and a wrong decision more; found {review:g} and {wrong:g}"
            )
        return cls(review / wrong, label, confidence, Costs(wrong=wrong, review=review))


@dataclass(frozen=True, slots=True)
class Judged:
    """Cases with the score that decides whether they are automatic, and whether that would be wrong.

    ``rows`` also counts the cases that got no score; they are never automatic.
    """

    scores: Matrix
    wrong: NDArray[numpy.bool_]
    rows: int

    @classmethod
    def by(
        cls, goal: Goal, probabilities: Matrix, codes: Codes, labels: Sequence[str], refused: int = 0
    ) -> Judged:
        """``probabilities`` has a row for each case and a column for each label; ``codes`` are the true labels."""
        # Rounded as bots see them: a threshold divides the same cases there.
        rounded = probabilities.round(6)
        if goal.label:
            if goal.label not in labels:
                raise InputError(f"`{goal.label}` isn't a label of the model; it knows {', '.join(labels)}")
            code = list(labels).index(goal.label)
            scores, wrong = rounded[:, code], codes != code
        else:
            scores, wrong = rounded.max(axis=1), rounded.argmax(axis=1) != codes
        return cls(scores, wrong, len(codes) + refused)


def upper_bound(errors: int, cases: int, confidence: float) -> float:
    """The exact (Clopper-Pearson) upper bound of the rate behind this number of errors; 1 where there are no cases."""
    from scipy.stats import beta  # type: ignore[import-untyped]

    return 1.0 if errors >= cases else float(beta.ppf(confidence, errors + 1, cases - errors))


def choose(goal: Goal, guide: Judged, unseen: Judged) -> OperatingPoint:
    """The operating point that keeps the goal with its confidence, or one without threshold, which says what it missed.

    ``guide`` are cases that may be known to the model, scored by models that didn't learn from them (cross-validation);
    a bad guide costs coverage, never the guarantee. ``unseen`` must be unknown to model and guide.
    """
    sequence = _sequence(goal, guide, unseen.rows)
    if not sequence:
        raise InputError(
            "no threshold can be tested: there is no case with a score to choose thresholds from"
        )
    passed: list[TestedThreshold] = []
    for threshold in sequence:
        found = _tested(threshold, unseen, goal.confidence)
        if found.bound > goal.most_wrong:
            break
        passed.append(found)
    if not passed:
        return _point(goal, unseen, None, [found])
    costs = goal.costs
    if costs is None:
        return _point(goal, unseen, passed[-1], passed)
    least = min(
        passed, key=lambda each: each.errors * costs.wrong + (unseen.rows - each.automatic) * costs.review
    )
    return _point(goal, unseen, least, passed)


def _sequence(goal: Goal, guide: Judged, rows: int) -> list[float]:
    """Thresholds from one that should pass to the loosest, by the guide alone.

    The model's own probabilities say how many errors to expect; the guide's errors were counted instead and are too
    few where thresholds are strict. The first is the loosest that leaves at most half of the cases and is expected to
    hold, for a stricter one rests on fewer cases and fails more often by chance; else the one with the best chance.
    """
    from scipy.stats import binom

    if not len(guide.scores):
        return []
    shares = numpy.arange(_FEWEST, _STEPS + 1) / _STEPS
    thresholds = (
        numpy.unique(numpy.floor(numpy.quantile(guide.scores, 1 - shares) * 10**_PLACES))[::-1] / 10**_PLACES
    )
    kept = [guide.scores >= threshold for threshold in thresholds]
    cases = numpy.array([rows * cut.sum() / guide.rows for cut in kept]).round()
    expected = numpy.array([(1 - guide.scores[cut]).mean() for cut in kept]) * cases
    chances = binom.cdf(expected.round(), cases, goal.most_wrong)
    hopeful = [
        at
        for at, cut in enumerate(kept)
        if chances[at] <= 1 - goal.confidence and cut.sum() <= guide.rows * _FIRST_SHARE
    ]
    return [
        float(threshold) for threshold in thresholds[hopeful[-1] if hopeful else int(numpy.argmin(chances)) :]
    ]


def _tested(threshold: float, unseen: Judged, confidence: float) -> TestedThreshold:
    automatic = unseen.scores >= threshold
    cases, errors = int(automatic.sum()), int(unseen.wrong[automatic].sum())
    return TestedThreshold(
        threshold=threshold,
        automatic=cases,
        errors=errors,
        bound=_up(upper_bound(errors, cases, confidence)),
    )


def _up(share: float) -> float:
    """Six places, never less than the share: a rounded bound is still a bound."""
    return min(1.0, float(numpy.ceil(share * 1e6) / 1e6))


def _point(
    goal: Goal, unseen: Judged, chosen: TestedThreshold | None, tested: Sequence[TestedThreshold]
) -> OperatingPoint:
    told = chosen or tested[-1]
    return OperatingPoint(
        label=goal.label,
        most_wrong=goal.most_wrong,
        confidence=goal.confidence,
        costs=goal.costs,
        threshold=None if chosen is None else chosen.threshold,
        rows=unseen.rows,
        automatic=told.automatic,
        coverage=round(told.automatic / unseen.rows, 6),
        errors=told.errors,
        bound=told.bound,
        tested=tuple(tested),
    )

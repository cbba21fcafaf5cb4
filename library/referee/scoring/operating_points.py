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
from referee.scoring.card import CostPerCase, Costs, OperatingPoint, TestedThreshold

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

_STEPS = 100
"""Thresholds to choose from: one for each per cent of the cases."""

_FEWEST = 5
"""The strictest threshold leaves this per cent of the cases."""

_IMAGINED = 200
"""Samples of unseen cases that are imagined to tell where testing should begin."""

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
    """Thresholds from the one where testing should begin to the loosest, by the guide alone.

    Which start covers most is imagined: samples as large as the unseen cases are drawn from the guide's scores, each
    case wrong with the chance that its score states, and tested from every start on. The best on average is taken. (The
    guide's own errors are too few where thresholds are strict.)
    """
    if not len(guide.scores):
        return []
    shares = numpy.arange(_FEWEST, _STEPS + 1) / _STEPS
    thresholds = (
        numpy.unique(numpy.floor(numpy.quantile(guide.scores, 1 - shares) * 10**_PLACES))[::-1] / 10**_PLACES
    )
    scored = round(rows * len(guide.scores) / guide.rows)
    most = _most_errors(goal, scored)
    generator = numpy.random.default_rng(0)
    cases = numpy.empty((_IMAGINED, len(thresholds)), dtype=numpy.int64)
    passed = numpy.empty((_IMAGINED, len(thresholds)), dtype=bool)
    for sample in range(_IMAGINED):
        scores = generator.choice(guide.scores, scored)
        wrong = generator.random(scored) >= scores
        order = numpy.argsort(-scores, kind="stable")
        errors = numpy.concatenate([[0], numpy.cumsum(wrong[order])])
        cases[sample] = numpy.searchsorted(-scores[order], -thresholds, side="right")
        passed[sample] = errors[cases[sample]] <= most[cases[sample]]
    gained = numpy.zeros(len(thresholds))
    reached = numpy.zeros(_IMAGINED)
    for at in range(len(thresholds) - 1, -1, -1):
        # From this start on, testing ends at the last threshold before one that fails.
        reached = numpy.where(passed[:, at], numpy.maximum(reached, cases[:, at]), 0)
        gained[at] = reached.sum()
    if not gained.any():
        # None is expected to hold; the one that comes closest is tested, and told.
        expected = numpy.array([(1 - guide.scores[guide.scores >= each]).mean() for each in thresholds])
        reach = numpy.array([(guide.scores >= each).sum() * rows / guide.rows for each in thresholds])
        return [float(thresholds[int(numpy.argmin(expected + 3 / reach))])]
    return [float(threshold) for threshold in thresholds[int(numpy.argmax(gained)) :]]


def _most_errors(goal: Goal, rows: int) -> NDArray[numpy.int64]:
    """For each number of cases up to ``rows`` the most errors with which the bound keeps the goal; -1 for none."""
    from scipy.stats import binom

    cases = numpy.arange(rows + 1)
    # The bound keeps the goal where so few errors, or fewer, have at most this chance at the promised rate.
    most = binom.ppf(1 - goal.confidence, cases, goal.most_wrong).astype(int)
    most[binom.cdf(most, cases, goal.most_wrong) > 1 - goal.confidence] -= 1
    most[0] = -1
    return numpy.asarray(most)


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
        cost=None
        if goal.costs is None or chosen is None
        else _cost(goal, goal.costs, unseen, chosen, len(tested)),
        threshold=None if chosen is None else chosen.threshold,
        rows=unseen.rows,
        automatic=told.automatic,
        coverage=round(told.automatic / unseen.rows, 6),
        errors=told.errors,
        bound=told.bound,
        tested=tuple(tested),
    )


def _cost(goal: Goal, costs: Costs, unseen: Judged, chosen: TestedThreshold, tested: int) -> CostPerCase:
    """What a case costs at the chosen threshold, and an exact upper bound of it.

    The bound adds those of its two parts, the share of cases that are wrong and automatic and the share that goes to
    people, each by Clopper and Pearson. The threshold was chosen by its cost among those ``tested``, so each bound has
    to hold for all of them (Bonferroni): 1 - confidence is divided by twice their number.
    """
    rows = unseen.rows
    reviewed = rows - chosen.automatic
    each = 1 - (1 - goal.confidence) / (2 * tested)
    bound = costs.wrong * upper_bound(chosen.errors, rows, each) + costs.review * upper_bound(
        reviewed, rows, each
    )
    mean = (costs.wrong * chosen.errors + costs.review * reviewed) / rows
    return CostPerCase(mean=round(mean, 6), bound=float(numpy.ceil(bound * 1e6) / 1e6))

"""How a model did on cases it had not seen: figures, calibration, coverage against risk, and what its features do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.calibration import brier_score, calibration_bins, calibration_error, losses
from referee.scoring.card import Feature, HeldOut, RiskCurve, RiskPoint
from referee.scoring.operating_points import Goal, Judged, upper_bound

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

_CURVE_STEPS = 40
_SHUFFLED_ROWS = 2_000
_SHUFFLES = 5


def held_out_figures(judged: Matrix, codes: Codes, refused: int, labels: Sequence[str]) -> HeldOut:
    """The figures of the card; ``judged`` are the probabilities of the cases that were not refused."""
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    every_code = list(range(len(labels)))
    if len(labels) == 2:
        auc = roc_auc_score(codes, judged[:, 1])
    else:
        auc = roc_auc_score(codes, judged, multi_class="ovr", labels=every_code)
    likeliest = judged.argmax(axis=1)
    calibration = calibration_bins(judged.max(axis=1), likeliest == codes)
    return HeldOut(
        rows=len(codes) + refused,
        refused=refused,
        auc=round(float(auc), 6),
        log_loss=round(float(log_loss(codes, judged, labels=every_code)), 6),
        accuracy=round(float(accuracy_score(codes, likeliest)), 6),
        shares={label: round(float((codes == code).mean()), 6) for code, label in enumerate(labels)},
        calibration=calibration,
        brier=round(brier_score(judged, codes), 6),
        ece=round(calibration_error(calibration), 6),
        confusion={
            truth: {
                told: int(((codes == code) & (likeliest == other)).sum()) for other, told in enumerate(labels)
            }
            for code, truth in enumerate(labels)
        },
        reliability={
            label: calibration_bins(judged[:, code], codes == code) for code, label in enumerate(labels)
        },
    )


def risk_curve(label: str, judged: Judged, confidence: float) -> RiskCurve:
    """Coverage against risk on some 40 thresholds, each with its own exact bound, from the strictest on."""
    shares = numpy.arange(1, _CURVE_STEPS + 1) / _CURVE_STEPS
    thresholds = numpy.unique(numpy.quantile(judged.scores, 1 - shares, method="higher"))[::-1]
    points = []
    for threshold in thresholds:
        automatic = judged.scores >= threshold
        cases, errors = int(automatic.sum()), int(judged.wrong[automatic].sum())
        bound = upper_bound(errors, cases, confidence)
        points.append(
            RiskPoint(
                threshold=round(float(threshold), 6), automatic=cases, errors=errors, bound=round(bound, 6)
            )
        )
    return RiskCurve(label=label, confidence=confidence, rows=judged.rows, points=tuple(points))


def risk_curves(
    goals: Sequence[Goal], judged: Matrix, codes: Codes, labels: Sequence[str], refused: int
) -> tuple[RiskCurve, ...]:
    """One curve for each way in which the goals' cases become automatic."""
    first = {goal.label: goal for goal in reversed(goals)}
    return tuple(
        risk_curve(goal.label, Judged.by(goal, judged, codes, labels, refused), goal.confidence)
        for goal in reversed(first.values())
    )


def feature_influence(
    predict: Callable[[NDArray[Any]], Matrix],
    rows: NDArray[Any],
    codes: Codes,
    features: Sequence[Feature],
    widths: Sequence[int],
    seed: int,
) -> dict[str, float]:
    """By how much the log loss grows when a feature's values are shuffled among held-out cases, the strongest first.

    Permutation importance (Breiman 2001), the mean of five shuffles. ``widths`` is the number of columns of each
    feature; they are shuffled together. Features that tell the same share their influence.
    """
    generator = numpy.random.default_rng(seed)
    if len(rows) > _SHUFFLED_ROWS:
        drawn = numpy.sort(generator.choice(len(rows), _SHUFFLED_ROWS, replace=False))
        rows, codes = rows[drawn], codes[drawn]
    plain = float(losses(predict(rows), codes).mean())
    found = {}
    first = 0
    for feature, width in zip(features, widths, strict=True):
        columns = slice(first, first + width)
        first += width
        grown = []
        for _ in range(_SHUFFLES):
            shuffled = rows.copy()
            shuffled[:, columns] = rows[generator.permutation(len(rows)), columns]
            grown.append(float(losses(predict(shuffled), codes).mean()) - plain)
        found[feature.name] = round(float(numpy.mean(grown)), 6)
    return dict(sorted(found.items(), key=lambda item: -item[1]))

"""Whether probabilities are what they say: how far off they are, and whether correcting them helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.card import CalibrationBin, Correction

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

BINS = 10
_TINY = 1e-15


def losses(probabilities: Matrix, codes: Codes) -> Matrix:
    """The log loss of each case."""
    told = probabilities[numpy.arange(len(codes)), codes]
    return numpy.asarray(-numpy.log(numpy.clip(told, _TINY, 1.0)))


def brier_score(probabilities: Matrix, codes: Codes) -> float:
    """The mean squared distance of the probabilities from what came true, over all labels (Brier 1950), halved, so
    that with two labels it is the usual one from 0 to 1."""
    truth = numpy.zeros_like(probabilities)
    truth[numpy.arange(len(codes)), codes] = 1.0
    return float(((probabilities - truth) ** 2).sum(axis=1).mean() / 2)


def calibration_bins(told: Matrix, right: NDArray[Any]) -> tuple[CalibrationBin, ...]:
    """Ten parts of the cases, as even as can be, from the lowest probability told to the highest."""
    order = numpy.argsort(told, kind="stable")
    return tuple(
        CalibrationBin(
            rows=len(part),
            confidence=round(float(told[part].mean()), 6),
            right=round(float(right[part].mean()), 6),
        )
        for part in numpy.array_split(order, BINS)
        if len(part)
    )


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """The expected calibration error: the mean distance of what was told from what came true, by cases.

    Naeini, Cooper and Hauskrecht (AAAI 2015), with bins of equal numbers of cases.
    """
    rows = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.confidence - each.right) for each in bins) / rows


def corrections(probabilities: Matrix, codes: Codes, seed: int) -> tuple[Correction, ...]:
    """No correction, sigmoid (Platt 1999) and isotonic (Zadrozny and Elkan 2002), each on cases that neither the
    classifier nor the correction has seen.

    ``probabilities`` are cross-validated ones; each fifth of them is corrected by what the other four show.
    """
    from sklearn.model_selection import StratifiedKFold

    found = []
    for method in ("none", "sigmoid", "isotonic"):
        corrected = probabilities
        if method != "none":
            corrected = numpy.empty_like(probabilities)
            for learnt, unseen in StratifiedKFold(5, shuffle=True, random_state=seed).split(
                probabilities, codes
            ):
                corrected[unseen] = _corrected(
                    method, probabilities[learnt], codes[learnt], probabilities[unseen]
                )
        each = losses(corrected, codes)
        bins = calibration_bins(corrected.max(axis=1), corrected.argmax(axis=1) == codes)
        found.append(
            Correction(
                method=method, log_loss=round(float(each.mean()), 6), ece=round(calibration_error(bins), 6)
            )
        )
    return tuple(found)


def worthwhile(found: Sequence[Correction]) -> str:
    """The method with the least log loss among those that better both log loss and calibration error, else `none`."""
    plain = found[0]
    better = [each for each in found[1:] if each.log_loss < plain.log_loss and each.ece < plain.ece]
    return min(better, key=lambda each: each.log_loss).method if better else plain.method


def _corrected(method: str, learnt: Matrix, codes: Codes, unseen: Matrix) -> Matrix:
    """One correction for each label against the others, then shares that sum to 1, as scikit-learn does it."""
    labels = range(1, 2) if learnt.shape[1] == 2 else range(learnt.shape[1])
    columns = {label: _column(method, learnt[:, label], codes == label, unseen[:, label]) for label in labels}
    if learnt.shape[1] == 2:
        return numpy.column_stack([1 - columns[1], columns[1]])
    shares = numpy.column_stack([columns[label] for label in labels])
    total = shares.sum(axis=1, keepdims=True)
    return numpy.asarray(
        numpy.where(total > 0, shares / numpy.where(total > 0, total, 1), 1 / learnt.shape[1])
    )


def _column(method: str, learnt: Matrix, truth: NDArray[Any], unseen: Matrix) -> Matrix:
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        return numpy.asarray(IsotonicRegression(out_of_bounds="clip").fit(learnt, truth).predict(unseen))
    from sklearn.linear_model import LogisticRegression

    def log_odds(shares: Matrix) -> Matrix:
        clipped = numpy.clip(shares, 1e-9, 1 - 1e-9)
        return numpy.asarray(numpy.log(clipped / (1 - clipped))).reshape(-1, 1)

    fitted = LogisticRegression(C=1e6).fit(log_odds(learnt), truth)
    return numpy.asarray(fitted.predict_proba(log_odds(unseen))[:, 1])

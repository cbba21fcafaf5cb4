"""Probabilities are measured and corrected only where that helps."""

from __future__ import annotations

import numpy
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from referee.scoring.calibration import (
    brier_score,
    calibration_bins,
    calibration_error,
    corrections,
    losses,
    worthwhile,
)
from referee.scoring.card import Correction


def drawn(boast: float, cases: int = 3000) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Two labels whose log-odds are told ``boast`` times too large."""
    generator = numpy.random.default_rng(0)
    odds = generator.normal(-1, 1.5, cases)
    codes = (generator.random(cases) < 1 / (1 + numpy.exp(-odds))).astype(int)
    told = 1 / (1 + numpy.exp(-boast * odds))
    return numpy.column_stack([1 - told, told]), codes


def test_the_figures_are_those_of_scikit_learn() -> None:
    shares, codes = drawn(1.3)
    assert losses(shares, codes).mean() == pytest.approx(log_loss(codes, shares))
    assert brier_score(shares, codes) == pytest.approx(brier_score_loss(codes, shares[:, 1]))


def test_the_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    bins = calibration_bins(numpy.repeat([0.2, 0.8], 50), numpy.repeat([0, 1, 0, 1], 25))
    assert len(bins) == 10
    assert sum(each.rows for each in bins) == 100
    assert calibration_error(bins) == pytest.approx(sum(abs(b.confidence - b.right) for b in bins) / 10)


def test_probabilities_that_boast_are_corrected_and_honest_ones_are_left() -> None:
    assert worthwhile(corrections(*drawn(3.0), seed=0)) != "none"
    honest = corrections(*drawn(1.0), seed=0)
    plain, best = honest[0], min(honest, key=lambda each: each.log_loss)
    assert plain.log_loss - best.log_loss < 0.002


def test_a_correction_must_better_both_figures() -> None:
    plain = Correction(method="none", log_loss=0.3, ece=0.02)
    sharper = Correction(method="sigmoid", log_loss=0.29, ece=0.03)
    flatter = Correction(method="isotonic", log_loss=0.31, ece=0.01)
    assert worthwhile([plain, sharper, flatter]) == "none"
    assert worthwhile([plain, sharper, Correction(method="isotonic", log_loss=0.299, ece=0.01)]) == "isotonic"


def test_three_labels_are_corrected_to_shares_that_sum_to_one() -> None:
    generator = numpy.random.default_rng(1)
    codes = generator.integers(0, 3, 600)
    shares = generator.dirichlet([1, 1, 1], 600) * 0.5
    shares[numpy.arange(600), codes] += 0.5
    for each in corrections(shares, codes, seed=0):
        assert 0 < each.log_loss < 1.1

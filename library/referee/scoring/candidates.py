"""The classifiers that training compares, the simplest first, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from referee.scoring.card import Candidate, Feature

_FOLDS = 5


def compare(
    rows: NDArray[numpy.float64], codes: NDArray[numpy.int64], features: Sequence[Feature]
) -> tuple[Any, str, tuple[Candidate, ...]]:
    """The simplest classifier within one standard error of the best log loss, fitted; its name; and the
    comparison.

    The rule is that of Breiman et al., Classification and Regression Trees (1984), 3.4.3. Calibration is a
    candidate like any other, since log loss punishes probabilities that aren't what they say.
    """
    # One thread: how many there were would stand in the fitted file, and sums depend on their order.
    with threadpool_limits(1):
        candidates = _candidates(features)
        folds = _folds()
        compared = []
        for name, classifier in candidates.items():
            losses = -cross_val_score(
                classifier, rows, codes, cv=folds, scoring="neg_log_loss", error_score="raise"
            )
            error = float(losses.std(ddof=1)) / _FOLDS**0.5
            compared.append(
                Candidate(name=name, log_loss=round(float(losses.mean()), 6), standard_error=round(error, 6))
            )
        best = min(compared, key=lambda candidate: candidate.log_loss)
        chosen = next(
            candidate for candidate in compared if candidate.log_loss <= best.log_loss + best.standard_error
        ).name
        return clone(candidates[chosen]).fit(rows, codes), chosen, tuple(compared)


def cross_validated(
    classifier: Any, rows: NDArray[numpy.float64], codes: NDArray[numpy.int64]
) -> NDArray[numpy.float64]:
    """The probabilities of each case by a classifier of this kind that has not seen it."""
    with threadpool_limits(1):
        return numpy.asarray(
            cross_val_predict(clone(classifier), rows, codes, cv=_folds(), method="predict_proba")
        )


def _folds() -> StratifiedKFold:
    return StratifiedKFold(_FOLDS, shuffle=True, random_state=0)


def _candidates(features: Sequence[Feature]) -> dict[str, Any]:
    boosting = HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.05,
        max_leaf_nodes=8,
        early_stopping=False,
        random_state=0,
    )
    # The columns are plain numbers already: a transformer for each kind of column would cost ten times the
    # prediction.
    scaled = [StandardScaler(), LogisticRegression(max_iter=1000)]
    if any(feature.missing == "impute" for feature in features):
        scaled.insert(0, SimpleImputer(strategy="median", add_indicator=True))
    return {
        "logistic regression": make_pipeline(*scaled),
        "gradient boosting": boosting,
        "gradient boosting, calibrated": CalibratedClassifierCV(
            boosting, method="sigmoid", cv=_FOLDS, ensemble=False
        ),
    }

"""The classifiers that training compares, the simplest first, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from referee.domain import InputError
from referee.scoring.calibration import corrections, losses, worthwhile
from referee.scoring.card import Candidate, Correction, Feature

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]
Fold = tuple[NDArray[numpy.int64], NDArray[numpy.int64]]

_FOLDS = 5

LOGISTIC = {f"logistic regression, C={strength:g}": strength for strength in (0.01, 0.1, 1.0, 10.0)}
"""From the strongest shrinking of the weights to the weakest."""

BOOSTING = {
    f"gradient boosting, {trees} trees of {leaves} leaves": (trees, leaves)
    for trees, leaves in ((100, 4), (100, 8), (200, 16))
}

CANDIDATES = (*LOGISTIC, *BOOSTING)
"""Names of the classifiers, the simplest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen classifier, fitted, and how it was found.

    ``guide`` are probabilities of the training cases at ``guide_rows`` by classifiers of this kind that have not seen
    them. ``corrections`` are what was compared for the calibration.
    """

    classifier: Any
    name: str
    compared: tuple[Candidate, ...]
    corrections: tuple[Correction, ...]
    guide: Matrix
    guide_rows: NDArray[numpy.int64]


def choose_classifier(
    rows: Matrix,
    codes: Codes,
    features: Sequence[Feature],
    *,
    candidates: Sequence[str] = CANDIDATES,
    by_time: bool = False,
    seed: int = 0,
    done: Callable[[str], None] = lambda _: None,
) -> Choice:
    """The simplest classifier within one standard error of the best log loss, calibrated where that helps, fitted.

    The rule is that of Breiman et al., Classification and Regression Trees (1984), 3.4.3. With ``by_time`` rows are in
    the order of time, and each part is judged by what came before it. ``done`` is called with each candidate compared.
    """
    # One thread: how many there were would stand in the fitted file, and sums depend on their order.
    folds = _folds(rows, codes, by_time, seed)
    with threadpool_limits(1):
        compared: list[Candidate] = []
        unseen: dict[str, tuple[Matrix, NDArray[numpy.int64]]] = {}
        for name in candidates:
            parts = list(_unseen(_classifier(name, features, seed), rows, codes, folds))
            each = [float(losses(shares, codes[part]).mean()) for shares, part in parts]
            error = float(numpy.std(each, ddof=1)) / len(each) ** 0.5
            compared.append(
                Candidate(
                    name=name, log_loss=round(float(numpy.mean(each)), 6), standard_error=round(error, 6)
                )
            )
            unseen[name] = _joined(parts)
            done(name)
        best = min(compared, key=lambda candidate: candidate.log_loss)
        name = next(each for each in compared if each.log_loss <= best.log_loss + best.standard_error).name
        guide, guide_rows = unseen[name]
        tried = corrections(guide, codes[guide_rows], seed)
        method = worthwhile(tried)
        classifier = _classifier(name, features, seed)
        if method != "none":
            name = f"{name}, calibrated ({method})"
            classifier = CalibratedClassifierCV(classifier, method=method, cv=_FOLDS, ensemble=False)
            guide, guide_rows = _joined(list(_unseen(classifier, rows, codes, folds)))
        return Choice(clone(classifier).fit(rows, codes), name, tuple(compared), tried, guide, guide_rows)


def _unseen(
    classifier: Any, rows: Matrix, codes: Codes, folds: Sequence[Fold]
) -> Iterator[tuple[Matrix, NDArray[numpy.int64]]]:
    """The probabilities of each part by the classifier fitted on others, and the positions of the part."""
    for learnt, part in folds:
        fitted = clone(classifier).fit(rows[learnt], codes[learnt])
        yield fitted.predict_proba(rows[part]), part


def _joined(parts: Sequence[tuple[Matrix, NDArray[numpy.int64]]]) -> tuple[Matrix, NDArray[numpy.int64]]:
    positions = numpy.concatenate([part for _, part in parts])
    order = numpy.argsort(positions)
    return numpy.concatenate([shares for shares, _ in parts])[order], positions[order]


def _folds(rows: Matrix, codes: Codes, by_time: bool, seed: int) -> list[Fold]:
    """What is learnt from and what is judged, five times; by time only where earlier cases suffice to learn from.

    Calibration divides what is learnt from once more, so it needs five of each label. Raises ``InputError``.
    """
    if not by_time:
        return list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(rows, codes))
    labels = int(codes.max()) + 1
    folds = [
        (learnt, part)
        for learnt, part in TimeSeriesSplit(_FOLDS).split(rows)
        if numpy.bincount(codes[learnt], minlength=labels).min() >= _FOLDS
    ]
    # A standard error needs two.
    if len(folds) < 2:
        early = numpy.bincount(codes[: len(codes) * 2 // 3], minlength=labels)
        raise InputError(
            f"the cases can't be compared by time: in the first two thirds of those to learn from, the rarest label "
            f"has {early.min()} cases, and {_FOLDS} are needed; give more cases, or leave out --time"
        )
    return folds


def _classifier(name: str, features: Sequence[Feature], seed: int) -> Any:
    # The columns are plain numbers already: a transformer for each kind of column would cost ten times the
    # prediction.
    if name in LOGISTIC:
        scaled = [StandardScaler(), LogisticRegression(C=LOGISTIC[name], max_iter=1000)]
        if any(feature.missing == "impute" for feature in features):
            scaled.insert(0, SimpleImputer(strategy="median", add_indicator=True))
        return make_pipeline(*scaled)
    trees, leaves = BOOSTING[name]
    return HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=0.05, max_leaf_nodes=leaves, early_stopping=False, random_state=seed
    )

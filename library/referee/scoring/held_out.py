"""How a model did on cases it had not seen: figures, calibration, and parity between protected groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.card import CalibrationBin, Group, HeldOut, OperatingPoint
from referee.scoring.operating_points import Goal, Judged

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

_BINS = 10


def held_out_figures(judged: Matrix, codes: Codes, refused: int, labels: Sequence[str]) -> HeldOut:
    """The figures of the card; ``judged`` are the probabilities of the cases that were not refused."""
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    every_code = list(range(len(labels)))
    if len(labels) == 2:
        auc = roc_auc_score(codes, judged[:, 1])
    else:
        auc = roc_auc_score(codes, judged, multi_class="ovr", labels=every_code)
    return HeldOut(
        rows=len(codes) + refused,
        refused=refused,
        auc=round(float(auc), 6),
        log_loss=round(float(log_loss(codes, judged, labels=every_code)), 6),
        accuracy=round(float(accuracy_score(codes, judged.argmax(axis=1))), 6),
        shares={label: round(float((codes == code).mean()), 6) for code, label in enumerate(labels)},
        calibration=_calibration(judged, codes),
    )


def parity_figures(
    cases: Sequence[Mapping[str, Any]],
    judged: Matrix,
    codes: Codes,
    labels: Sequence[str],
    protected: Sequence[str],
    points: Sequence[OperatingPoint],
) -> tuple[Group, ...]:
    """The model on each group of the protected attributes; ``cases`` are the judged ones, in order.

    An attribute with more values than rows can tell apart (a number, say) has no groups.
    """
    groups = []
    for attribute in protected:
        values = [_as_text(case.get(attribute)) for case in cases]
        distinct = sorted(set(values))
        if len(distinct) > _BINS:
            continue
        for value in distinct:
            rows = numpy.array([found == value for found in values])
            groups.append(_group(attribute, value, judged[rows], codes[rows], labels, points))
    return tuple(groups)


def _group(
    attribute: str,
    value: str,
    judged: Matrix,
    codes: Codes,
    labels: Sequence[str],
    points: Sequence[OperatingPoint],
) -> Group:
    predicted = judged.argmax(axis=1)
    automatic, errors = [], []
    for point in points:
        by = Judged.by(Goal(point.most_wrong, point.label), judged, codes, labels)
        reached = by.scores >= (2.0 if point.threshold is None else point.threshold)
        automatic.append(int(reached.sum()))
        errors.append(int(by.wrong[reached].sum()))
    return Group(
        attribute=attribute,
        value=value,
        rows=len(codes),
        truth={label: round(float((codes == code).mean()), 6) for code, label in enumerate(labels)},
        predicted={label: round(float((predicted == code).mean()), 6) for code, label in enumerate(labels)},
        accuracy=round(float((predicted == codes).mean()), 6),
        automatic=tuple(automatic),
        errors=tuple(errors),
    )


def _calibration(judged: Matrix, codes: Codes) -> tuple[CalibrationBin, ...]:
    """Ten parts of the cases, as even as can be, from the least to the most confident."""
    confidence, right = judged.max(axis=1), judged.argmax(axis=1) == codes
    order = numpy.argsort(confidence, kind="stable")
    return tuple(
        CalibrationBin(
            rows=len(part),
            confidence=round(float(confidence[part].mean()), 6),
            right=round(float(right[part].mean()), 6),
        )
        for part in numpy.array_split(order, _BINS)
        if len(part)
    )


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)

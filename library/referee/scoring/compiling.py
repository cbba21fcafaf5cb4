"""From a fitted scikit-learn classifier to its compiled form, which stands beside it in the model folder."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy

from referee.scoring.columns import Columns, Unscorable, Value
from referee.scoring.compiled import FORMAT, read_compiled
from referee.scoring.parity import TOLERANCE, largest_difference
from referee.scoring.preprocessing import (
    Column,
    NotCompilable,
    NumberColumn,
    TableColumn,
    blocks,
    encoded_columns,
    plain_columns,
    transformed,
)

if TYPE_CHECKING:
    from referee.scoring.card import Feature


@dataclass(frozen=True, slots=True)
class Compilation:
    """``content`` of the compiled file, or None and the ``reason`` why scikit-learn itself has to score."""

    content: bytes | None
    reason: str
    rows: int = 0
    difference: float = 0.0


def compile_classifier(
    classifier: Any,
    features: Sequence[Feature],
    cases: Sequence[Sequence[Value]],
    *,
    range_margin: float,
    takes: Literal["encoded", "plain"] = "encoded",
) -> Compilation:
    """The classifier in plain numbers, if that gives the probabilities of scikit-learn to 1e-9.

    ``cases`` are checked values of training cases (``encoding.check``): they are compared, besides random and
    extreme ones (``parity``), and their mean is what contributions of a linear model are counted from. Whether
    the classifier takes rows of ``encoding.encode`` or the values themselves, one column a feature, is told by
    ``takes``.
    """
    columns = encoded_columns(features) if takes == "encoded" else plain_columns(features)
    names = [feature.name for feature in features]
    labels = len(getattr(classifier, "classes_", ()))
    try:
        stored = {
            "format": FORMAT,
            "features": names,
            "labels": labels,
            "classifier": _compiled(classifier, columns, cases),
        }
    except NotCompilable as error:
        return Compilation(None, str(error))
    content = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    compiled = read_compiled(content, "the compiled classifier", names, labels)
    rows, difference = largest_difference(
        compiled, classifier, features, cases, range_margin=range_margin, takes=takes
    )
    if not difference <= TOLERANCE:
        return Compilation(
            None, f"its probabilities differ from scikit-learn's by up to {difference:.3g}", rows, difference
        )
    return Compilation(content, "", rows, difference)


def _compiled(classifier: Any, columns: Sequence[Column], cases: Sequence[Sequence[Value]]) -> dict[str, Any]:
    known = _classifiers().get(type(classifier))
    if known is None:
        raise NotCompilable(f"there is no compiled form of {type(classifier).__name__}")
    return known(classifier, columns, cases)


def _pipeline(pipeline: Any, columns: Sequence[Column], cases: Sequence[Sequence[Value]]) -> dict[str, Any]:
    *transformers, (_, classifier) = pipeline.steps
    for _, transformer in transformers:
        columns = transformed(transformer, columns)
    return _compiled(classifier, columns, cases)


def _logistic_regression(
    classifier: Any, columns: Sequence[Column], cases: Sequence[Sequence[Value]]
) -> dict[str, Any]:
    stored = blocks(columns)
    rows = numpy.array(_usable_rows(Columns(stored), cases))
    return {
        "kind": "linear",
        "link": "sigmoid" if len(classifier.classes_) == 2 else "softmax",
        "columns": stored,
        "weights": classifier.coef_.tolist(),
        "intercepts": numpy.broadcast_to(classifier.intercept_, len(classifier.coef_)).tolist(),
        "centre": rows.mean(axis=0).tolist() if len(rows) else [0.0] * len(columns),
    }


def _usable_rows(columns: Columns, cases: Sequence[Sequence[Value]]) -> list[list[float]]:
    rows = []
    for case in cases:
        try:
            rows.append(columns.row(case))
        except Unscorable:
            continue
    return rows


def _boosting_of_bins(
    classifier: Any, columns: Sequence[Column], _: Sequence[Sequence[Value]]
) -> dict[str, Any]:
    """HistGradientBoostingClassifier."""
    if classifier._preprocessor is not None or classifier.is_categorical_ is not None:
        raise NotCompilable("its trees split by sets of categories")
    trees = []
    for iteration in classifier._predictors:
        for predictor in iteration:
            nodes = predictor.nodes
            trees.append(
                _Tree(
                    columns=numpy.where(nodes["is_leaf"] == 1, -1, nodes["feature_idx"].astype(int)).tolist(),
                    thresholds=nodes["num_threshold"].tolist(),
                    first=nodes["left"].tolist(),
                    second=nodes["right"].tolist(),
                    covers=nodes["count"].tolist(),
                    missing_goes_first=nodes["missing_go_to_left"].tolist(),
                    values=nodes["value"][:, None].tolist(),
                )
            )
    baseline = numpy.ravel(classifier._baseline_prediction).tolist()
    return _boosted(baseline, columns, _stored_trees(trees, columns, single_precision=False))


def _boosting(classifier: Any, columns: Sequence[Column], _: Sequence[Sequence[Value]]) -> dict[str, Any]:
    """GradientBoostingClassifier, which can do nothing with NaN."""
    from sklearn.dummy import DummyClassifier

    if classifier.loss != "log_loss":
        raise NotCompilable(f"there is no compiled form of boosting for the loss {classifier.loss}")
    if not (isinstance(classifier.init_, DummyClassifier) or classifier.init_ == "zero"):
        raise NotCompilable("its boosting starts from another classifier")
    trees = [_tree(each, scale=classifier.learning_rate) for each in classifier.estimators_.ravel()]
    baseline = classifier._raw_predict_init(numpy.zeros((1, classifier.n_features_in_)))[0].tolist()
    return _boosted(
        baseline, columns, _stored_trees(trees, columns, single_precision=True, refuses_gaps=True)
    )


def _boosted(baseline: list[float], columns: Sequence[Column], trees: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "ensemble",
        "link": "sigmoid" if len(baseline) == 1 else "softmax",
        "columns": blocks(columns),
        **trees,
        "baseline": baseline,
        "takes_turns": True,
        "divisor": 1.0,
    }


def _forest(classifier: Any, columns: Sequence[Column], _: Sequence[Sequence[Value]]) -> dict[str, Any]:
    """RandomForestClassifier, ExtraTreesClassifier and DecisionTreeClassifier."""
    trees = [_tree(each) for each in getattr(classifier, "estimators_", [classifier])]
    outputs = len(classifier.classes_)
    if outputs == 2:
        # The second share says it all, and half the numbers.
        for tree in trees:
            tree.values = [shares[1:] for shares in tree.values]
        outputs = 1
    return {
        "kind": "ensemble",
        "link": "share",
        "columns": blocks(columns),
        **_stored_trees(trees, columns, single_precision=True),
        "baseline": [0.0] * outputs,
        "takes_turns": False,
        "divisor": float(len(trees)),
    }


def _calibrated(
    classifier: Any, columns: Sequence[Column], cases: Sequence[Sequence[Value]]
) -> dict[str, Any]:
    members = []
    for member in classifier.calibrated_classifiers_:
        estimator = member.estimator
        if type(estimator).__name__ == "FrozenEstimator":
            estimator = estimator.estimator
        if not numpy.array_equal(estimator.classes_, member.classes):
            raise NotCompilable("a part of the calibration has not seen all labels")
        members.append(
            {
                "classifier": _compiled(estimator, columns, cases),
                "calibrations": [_calibration(each) for each in member.calibrators],
            }
        )
    return {"kind": "calibrated", "members": members}


def _calibration(calibrator: Any) -> dict[str, Any]:
    match type(calibrator).__name__:
        case "_SigmoidCalibration":
            return {"kind": "sigmoid", "slope": float(calibrator.a_), "offset": float(calibrator.b_)}
        case "IsotonicRegression" if calibrator.out_of_bounds == "clip":
            return {
                "kind": "isotonic",
                "scores": calibrator.X_thresholds_.tolist(),
                "shares": calibrator.y_thresholds_.tolist(),
            }
        case name:
            raise NotCompilable(f"there is no compiled form of {name}")


@dataclass(slots=True)
class _Tree:
    """A tree as scikit-learn numbers its nodes; ``values`` of a node are its outputs."""

    columns: list[int]
    thresholds: list[float]
    first: list[int]
    second: list[int]
    covers: list[float]
    missing_goes_first: list[int]
    values: list[list[float]]


def _tree(estimator: Any, scale: float = 1.0) -> _Tree:
    tree = estimator.tree_
    values = tree.value[:, 0, :] * scale
    return _Tree(
        columns=numpy.where(tree.children_left == -1, -1, tree.feature).tolist(),
        thresholds=tree.threshold.tolist(),
        first=tree.children_left.tolist(),
        second=tree.children_right.tolist(),
        covers=tree.weighted_n_node_samples.tolist(),
        missing_goes_first=tree.missing_go_to_left.tolist(),
        values=values.tolist(),
    )


def _stored_trees(
    trees: Sequence[_Tree], columns: Sequence[Column], *, single_precision: bool, refuses_gaps: bool = False
) -> dict[str, Any]:
    """The nodes of each tree, siblings side by side, and what their leaves give for each output."""
    gaps = [_may_have_gaps(column) for column in columns]
    leaves: list[list[float]] = [[] for _ in trees[0].values[0]]
    each = []
    for tree in trees:
        stored: dict[str, list[Any]] = {
            name: [] for name in ("columns", "thresholds", "children", "covers", "missing_goes_first")
        }
        thresholds = _single(tree.thresholds) if single_precision else tree.thresholds
        waiting = [0]
        for node in waiting:
            column = tree.columns[node]
            stored["covers"].append(_short(tree.covers[node]))
            stored["columns"].append(column)
            if column < 0:
                stored["thresholds"].append(0)
                stored["children"].append(len(leaves[0]))
                for output, number in enumerate(tree.values[node]):
                    leaves[output].append(_short(number))
                continue
            # An infinite threshold parts what is there from what is missing; JSON has no infinity.
            stored["thresholds"].append(min(thresholds[node], sys.float_info.max))
            stored["children"].append(len(waiting))
            if gaps[column] and tree.missing_goes_first[node]:
                stored["missing_goes_first"].append(len(stored["columns"]) - 1)
            waiting += [tree.first[node], tree.second[node]]
        each.append(stored)
    return {
        "trees": {"single_precision": single_precision, "refuses_gaps": refuses_gaps, "each": each},
        "leaves": leaves,
    }


def _single(thresholds: Sequence[float]) -> list[float]:
    """The largest numbers of single precision that are not above: those part rows in single precision alike."""
    exact = numpy.asarray(thresholds, dtype=numpy.float64)
    single = exact.astype(numpy.float32)
    lower = numpy.nextafter(single, numpy.float32(-numpy.inf))
    return [float(number) for number in numpy.where(single.astype(numpy.float64) > exact, lower, single)]


def _may_have_gaps(column: Column) -> bool:
    if isinstance(column, TableColumn):
        return any(map(math.isnan, (*column.table.values(), column.other or 0.0)))
    return isinstance(column, NumberColumn) and math.isnan(column.missing)


def _short(number: float) -> float:
    """A whole number without its `.0`."""
    return int(number) if number == int(number) else number


def _classifiers() -> Mapping[
    type, Callable[[Any, Sequence[Column], Sequence[Sequence[Value]]], dict[str, Any]]
]:
    from sklearn import ensemble
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.pipeline import Pipeline
    from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

    return {
        Pipeline: _pipeline,
        LogisticRegression: _logistic_regression,
        LogisticRegressionCV: _logistic_regression,
        ensemble.HistGradientBoostingClassifier: _boosting_of_bins,
        ensemble.GradientBoostingClassifier: _boosting,
        ensemble.RandomForestClassifier: _forest,
        ensemble.ExtraTreesClassifier: _forest,
        DecisionTreeClassifier: _forest,
        ExtraTreeClassifier: _forest,
        CalibratedClassifierCV: _calibrated,
    }

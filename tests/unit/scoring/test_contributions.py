"""Contributions are Shapley values: against all subsets of features, and they sum to the score."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import numpy
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from referee.scoring import ModelStore
from referee.scoring.card import Feature
from referee.scoring.columns import Value
from referee.scoring.compiled import CompiledClassifier, Ensemble, Linear, read_compiled
from referee.scoring.compiling import compile_classifier
from referee.scoring.contributions import contributions, pushes
from referee.scoring.parity import as_rows
from referee.scoring.trees import Tree

NAMES = ("width", "height", "depth", "colour")
COLOURS = ("blue", "green", "red")
FEATURES = (
    *(Feature(name=name, type="number", minimum=-3.0, maximum=3.0) for name in NAMES[:3]),
    Feature(name="colour", type="string", categories=COLOURS),
)


def rows(count: int, seed: int) -> list[list[Value]]:
    chance = Random(seed)
    return [
        [*(round(chance.uniform(-3, 3), 2) for _ in range(3)), chance.choice(COLOURS)] for _ in range(count)
    ]


CASES = rows(250, seed=1)
FRESH = rows(5, seed=2)


def label(case: list[Value], count: int) -> int:
    width, height, depth = (float(each or 0) for each in case[:3])
    return int(width * height > 0.5) + (count == 3 and depth > 1) if case[3] != "red" else int(depth > 0)


def compiled(classifier: Any, count: int = 2) -> CompiledClassifier:
    numbers = StandardScaler() if isinstance(classifier, LogisticRegression) else "passthrough"
    prepared = ColumnTransformer(
        [("numbers", numbers, [0, 1, 2]), ("colour", OneHotEncoder(sparse_output=False), [3])]
    )
    pipeline = make_pipeline(prepared, classifier)
    pipeline.fit(as_rows(FEATURES, CASES, "plain"), [label(case, count) for case in CASES])
    made = compile_classifier(pipeline, FEATURES, CASES, range_margin=0.1, takes="plain")
    assert made.content is not None, made.reason
    return read_compiled(made.content, "model x", NAMES, count)


def expected_where_known(
    tree: Tree, row: list[float], features: tuple[int, ...], known: set[int], leaves: Any, node: int = 0
) -> float:
    """What a tree gives if only some features are known: others are averaged by the training cases."""
    if tree.columns[node] < 0:
        return float(leaves[tree.children[node]])
    if features[tree.columns[node]] in known:
        return expected_where_known(tree, row, features, known, leaves, tree.child(row, node))
    first = tree.children[node]
    return sum(
        tree.covers[child]
        / tree.covers[node]
        * expected_where_known(tree, row, features, known, leaves, child)
        for child in (first, first + 1)
    )


def by_all_subsets(classifier: Ensemble, case: list[Value]) -> list[list[float]]:
    features = classifier.columns.features
    row = classifier.trees.compared(classifier.columns.row(case))
    outputs = len(classifier.baseline)
    players = range(len(case))

    def worth(known: set[int], output: int) -> float:
        if classifier.takes_turns:
            return sum(
                expected_where_known(tree, row, features, known, classifier.trees.leaves[0])
                for tree in classifier.trees.trees[output::outputs]
            )
        return (
            sum(
                expected_where_known(tree, row, features, known, classifier.trees.leaves[output])
                for tree in classifier.trees.trees
            )
            / classifier.divisor
        )

    found = []
    for output in range(outputs):
        sizes = []
        for player in players:
            others = [other for other in players if other != player]
            sizes.append(
                sum(
                    (worth({*chosen, player}, output) - worth(set(chosen), output))
                    / (len(case) * math.comb(len(others), size))
                    for size in range(len(case))
                    for chosen in combinations(others, size)
                )
            )
        found.append(sizes)
    return found


TREES: dict[str, Any] = {
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(4, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=4, random_state=0),
    "boosting of bins": HistGradientBoostingClassifier(max_iter=4, random_state=0),
}


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", TREES)
def test_contributions_of_trees_are_shapley_values_over_all_subsets_of_features(
    name: str, count: int
) -> None:
    classifier = compiled(TREES[name], count)
    assert isinstance(classifier, Ensemble)
    for case in FRESH:
        assert numpy.allclose(pushes(classifier, case).sizes, by_all_subsets(classifier, case), atol=1e-12)


@pytest.mark.parametrize("name", TREES)
def test_contributions_of_trees_are_those_of_the_package_shap(name: str) -> None:
    shap = pytest.importorskip("shap", reason="the package shap isn't installed")
    numbers = FEATURES[:3]
    cases = [case[:3] for case in CASES]
    rows = as_rows(numbers, cases, "plain")
    classifier = clone(TREES[name]).fit(rows, [label(case, 2) for case in CASES])
    made = compile_classifier(classifier, numbers, cases, range_margin=0.1, takes="plain")
    assert made.content is not None, made.reason
    ours = read_compiled(made.content, "model x", NAMES[:3], 2)
    theirs = shap.TreeExplainer(classifier).shap_values(rows[:20])
    for case, expected in zip(cases, theirs, strict=False):
        # For the shares of a forest shap tells both labels, for log-odds only the second.
        second = expected[:, 1] if numpy.ndim(expected) == 2 else expected
        assert pushes(ours, case).sizes[0] == pytest.approx(list(second), abs=1e-6)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", [*TREES, "logistic regression"])
def test_contributions_and_the_expected_score_sum_to_the_score(name: str, count: int) -> None:
    classifier = compiled(TREES.get(name, LogisticRegression()), count)
    for case in FRESH:
        told = pushes(classifier, case)
        found = [
            expected + math.fsum(sizes) for expected, sizes in zip(told.expected, told.sizes, strict=True)
        ]
        assert found == pytest.approx(classifier.raw(case), abs=1e-12)


def test_contributions_of_a_linear_model_are_weight_times_distance_from_the_mean_case() -> None:
    classifier = compiled(LogisticRegression())
    assert isinstance(classifier, Linear)
    mean = numpy.mean([classifier.columns.row(case) for case in CASES], axis=0)
    [case, *_] = FRESH
    apart = numpy.array(classifier.weights[0]) * (classifier.columns.row(case) - mean)
    assert pushes(classifier, case).sizes[0] == pytest.approx([*apart[:3], sum(apart[3:])])


def test_calibration_leaves_the_contributions_of_what_it_calibrates() -> None:
    plain = GradientBoostingClassifier(n_estimators=4, random_state=0)
    calibrated = compiled(CalibratedClassifierCV(plain, ensemble=False, cv=3))
    for case in FRESH:
        assert numpy.allclose(pushes(calibrated, case).sizes, pushes(compiled(plain), case).sizes)


@pytest.mark.parametrize(
    "plain",
    [
        LogisticRegression(),
        GradientBoostingClassifier(n_estimators=4, random_state=0),
        RandomForestClassifier(5, max_depth=3, random_state=0),
    ],
)
def test_contributions_add_up_to_what_a_score_differs_by_with_its_sigmoid_calibration(plain: Any) -> None:
    classifier = compiled(CalibratedClassifierCV(plain, ensemble=False, cv=3))
    first, second = FRESH[:2]

    def log_odds(case: list[Value]) -> float:
        other, share = classifier.probabilities(case)
        return math.log(share / other)

    told = [contributions(classifier, NAMES, case, 1) for case in (first, second)]
    assert {each.unit for found in told for each in found} == {"log-odds"}
    apart = [math.fsum(each.size for each in found) for found in told]
    assert apart[0] - apart[1] == pytest.approx(log_odds(first) - log_odds(second), abs=1e-9)


@pytest.mark.parametrize(
    ("calibrated", "count"),
    [({"method": "isotonic", "ensemble": False}, 2), ({"ensemble": True}, 2), ({"ensemble": False}, 3)],
)
def test_contributions_behind_a_calibration_of_no_one_slope_are_told_as_before_it(
    calibrated: dict[str, Any], count: int
) -> None:
    plain = GradientBoostingClassifier(n_estimators=4, random_state=0)
    classifier = compiled(CalibratedClassifierCV(plain, cv=3, **calibrated), count)
    told = contributions(classifier, NAMES, FRESH[0], 1)
    assert {each.unit for each in told} == {"log-odds before calibration"}
    assert told[0].told("1", "2.0").endswith(" before calibration)")


def test_the_strongest_comes_first_and_signs_are_for_the_label_asked_about() -> None:
    classifier = compiled(TREES["boosting"])
    towards = contributions(classifier, NAMES, FRESH[0], 1)
    away = contributions(classifier, NAMES, FRESH[0], 0)
    assert [abs(each.size) for each in towards] == sorted((abs(each.size) for each in towards), reverse=True)
    assert {each.feature: -each.size for each in away} == {each.feature: each.size for each in towards}
    assert {each.unit for each in towards} == {"log-odds"}
    assert {each.unit for each in contributions(compiled(TREES["forest"]), NAMES, FRESH[0], 1)} == {
        "probability"
    }


def test_with_several_labels_a_feature_that_pushes_all_alike_pushes_none() -> None:
    classifier = compiled(TREES["boosting"], 3)
    told = pushes(classifier, FRESH[0]).sizes
    for each in contributions(classifier, NAMES, FRESH[0], 2):
        feature = NAMES.index(each.feature)
        assert each.size == pytest.approx(told[2][feature] - (told[0][feature] + told[1][feature]) / 2)


def test_a_model_tells_what_pushed_its_likeliest_label(trained: Path, good_facts: dict[str, Any]) -> None:
    model = ModelStore(trained).load("payment")
    told = model.contributions(good_facts | {"amount": 100, "country": "CH", "known": False})
    assert told[0].feature == "amount"
    assert told[0].size > 0
    assert {each.feature for each in told} <= set(model.features)


def test_facts_that_cannot_be_scored_and_models_without_compiled_form_have_no_contributions(
    trained: Path, models: Path, edit_card: Any, good_facts: dict[str, Any]
) -> None:
    model = ModelStore(trained).load("payment")
    assert model.contributions(good_facts | {"amount": None}) == ()
    edit_card(files={"model.joblib": model.card.files["model.joblib"]})
    assert ModelStore(models).load("payment").contributions(good_facts) == ()

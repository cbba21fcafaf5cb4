"""Many cases scored at once get, digit for digit, what each gets alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from referee.domain import Evaluation
from referee.scoring import Model, ModelStore
from referee.scoring.compiling import compile_classifier
from referee.scoring.encoding import check, expand, inputs_of
from tests.unit.scoring.conftest import past_cases

Facts = dict[str, Any]

PYTHON = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3] / "library")}

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(
        SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=500)
    ),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=30, random_state=0),
    "forest of large trees": lambda: RandomForestClassifier(30, random_state=0),
    "calibrated forest": lambda: CalibratedClassifierCV(RandomForestClassifier(10, random_state=0), cv=3),
}


@pytest.fixture(scope="module")
def made(trained: Path) -> Callable[[str, bool], Model]:
    """The model `payment` with another classifier, compiled or not."""
    import io

    import joblib

    card = ModelStore(trained).load("payment").card
    inputs = inputs_of(card.features, card.range_margin)
    cases = past_cases(600, seed=5)
    values = [check(inputs, case)[0] for case in cases]
    usable = [(case, each) for case, each in zip(cases, values, strict=True) if len(each) == len(inputs)]
    rows = numpy.array([expand(inputs, each) for _, each in usable])
    targets = [list(card.labels).index(case["paid"]) for case, _ in usable]

    def make(name: str, compiled: bool) -> Model:
        classifier = CLASSIFIERS[name]().fit(rows, targets)
        stream = io.BytesIO()
        joblib.dump(classifier, stream)
        content = None
        if compiled:
            found = compile_classifier(
                classifier, card.features, [each for _, each in usable], range_margin=card.range_margin
            )
            assert found.content is not None, found.reason
            content = found.content
        return Model(card, "0" * 64, stream.getvalue(), content)

    return make


def odd_cases(count: int, seed: int) -> list[Facts]:
    """Cases of which some can't be scored."""
    chance = Random(seed)
    cases = past_cases(count, seed)
    for case in cases:
        if chance.random() < 0.2:
            fact = chance.choice(["amount", "country", "known", "delay"])
            case[fact] = chance.choice([None, "", "XX", True, 10**400, Decimal("NaN"), float("inf"), 7])
    return cases


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "scikit-learn"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_batch_scores_as_one_by_one(name: str, compiled: bool, made: Callable[[str, bool], Model]) -> None:
    model = made(name, compiled)
    for seed in range(3):
        cases = odd_cases(70, seed)
        together = model.score_many(cases)
        alone = [model.score(case) for case in cases]
        assert together == alone
        assert [repr(each.value) for each in together] == [repr(each.value) for each in alone]
        assert any(each.value is None for each in together)
        assert any(each.value is not None for each in together)


def test_no_cases_are_no_scores_and_need_no_classifier(made: Callable[[str, bool], Model]) -> None:
    model = made("boosting", False)
    assert model.score_many([]) == []
    assert not model.gains_in_batches


def test_only_what_gains_is_said_to_gain(made: Callable[[str, bool], Model], good_facts: Facts) -> None:
    found = {}
    for name in CLASSIFIERS:
        model = made(name, True)
        model.score(good_facts)
        found[name] = model.gains_in_batches
    assert found == {
        "logistic regression": False,
        "boosting": False,
        "forest of large trees": True,
        "calibrated forest": True,
    }
    model = made("boosting", False)
    model.score(good_facts)
    assert model.gains_in_batches


def test_a_case_that_the_classifier_fails_on_leaves_the_others_their_scores(
    made: Callable[[str, bool], Model], good_facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made("boosting", False)
    expected = model.score(good_facts)
    predict = model._classifier.predict_proba

    def fails(rows: Any) -> Any:
        if (rows[:, 0] > 99).any():
            raise ValueError("too much")
        return predict(rows)

    monkeypatch.setattr(model._classifier, "predict_proba", fails)
    bad = good_facts | {"amount": Decimal("99.5")}
    found: list[Evaluation] = model.score_many([good_facts, bad, good_facts])
    assert [found[0], found[2]] == [expected, expected]
    assert [doubt.code for doubt in found[1].diagnostics] == ["score-failed"]


def test_a_probability_where_rounding_turns_is_that_of_the_case_alone(
    made: Callable[[str, bool], Model], good_facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made("boosting", False)
    model.score(good_facts)
    # As matrix products do: the last bit depends on the number of rows.
    monkeypatch.setattr(
        model._classifier,
        "predict_proba",
        lambda rows: numpy.array(
            [[1 - share, share] for share in [0.1234565 + 1e-12 * (len(rows) > 1)] * len(rows)]
        ),
    )
    assert model.score_many([good_facts] * 3) == [model.score(good_facts)] * 3


def test_a_forest_of_large_trees_is_scored_and_explained_without_scikit_learn(
    made: Callable[[str, bool], Model], good_facts: Facts, tmp_path: Path
) -> None:
    model = made("forest of large trees", True)
    assert model._compiled_content is not None
    (tmp_path / "compiled.json").write_bytes(model._compiled_content)
    (tmp_path / "card.json").write_bytes(model.card.as_bytes())
    program = f"""
import sys
from decimal import Decimal
from pathlib import Path
from referee.scoring import Model
from referee.scoring.card_reading import read_card
folder = Path({str(tmp_path)!r})
card = read_card((folder / "card.json").read_bytes(), folder)
model = Model(card, "", b"", (folder / "compiled.json").read_bytes())
facts = {good_facts!r}
assert model.score(facts).value and model.contributions(facts) and model.score_many([facts] * 9)
print(sorted({{"sklearn", "joblib", "scipy", "numpy"}} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], env=PYTHON, capture_output=True, text=True)
    assert run.stdout.strip() == "['numpy']", run.stderr

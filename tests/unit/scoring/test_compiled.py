"""A compiled classifier gives scikit-learn's probabilities without scikit-learn, or isn't used."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from referee.domain import ModelError
from referee.scoring import ModelStore
from referee.scoring.card import Feature
from referee.scoring.columns import Unscorable, Value
from referee.scoring.compiled import CompiledClassifier, read_compiled
from referee.scoring.compiling import TOLERANCE, Compilation, compile_classifier
from referee.scoring.parity import UNSEEN, as_rows

ROOT = Path(__file__).resolve().parents[3]
COLOURS = ("blue", "green", "red")
NAMES = ("width", "height", "age", "sold", "colour")
FEATURES = (
    Feature(name="width", type="number", minimum=-20.0, maximum=20.0, missing="impute"),
    Feature(name="height", type="number", minimum=0.0, maximum=1.0),
    Feature(name="age", type="number", minimum=0.0, maximum=40.0, missing="impute"),
    Feature(name="sold", type="boolean"),
    Feature(name="colour", type="string", categories=COLOURS, missing="impute"),
)


def rows(count: int, seed: int) -> list[list[Value]]:
    chance = Random(seed)
    return [
        [
            None if chance.random() < 0.1 else round(chance.uniform(-20, 20), 1),
            chance.random(),
            None if chance.random() < 0.1 else float(chance.randrange(41)),
            float(chance.random() < 0.4),
            None if chance.random() < 0.1 else chance.choice(COLOURS),
        ]
        for _ in range(count)
    ]


def labels(cases: list[list[Value]], count: int, seed: int = 5) -> list[int]:
    chance = Random(seed)
    return [
        min(
            count - 1,
            max(
                0,
                int(
                    (float(case[0] or 0) + 20) / 40 * count
                    + (case[4] == "red")
                    - float(case[1] or 0)
                    + chance.gauss(0, 0.4)
                ),
            ),
        )
        for case in cases
    ]


CASES = rows(300, seed=1)
FRESH = rows(200, seed=2)


def prepared(*number_steps: Any, encoder: Any = None) -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(*number_steps) if number_steps else "passthrough", [0, 1, 2]),
            ("truth", "passthrough", [3]),
            ("text", encoder or OneHotEncoder(handle_unknown="ignore", sparse_output=False), [4]),
        ]
    )


def median() -> SimpleImputer:
    return SimpleImputer(strategy="median", add_indicator=True)


def imputed_text(encoder: Any) -> Any:
    return make_pipeline(SimpleImputer(missing_values=None, strategy="most_frequent"), encoder)


PIPELINES: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(
        prepared(median(), StandardScaler()), LogisticRegression(max_iter=5000)
    ),
    "logistic regression, robust": lambda: make_pipeline(
        prepared(SimpleImputer(), RobustScaler()), LogisticRegression(max_iter=5000)
    ),
    "logistic regression, clipped": lambda: make_pipeline(
        prepared(SimpleImputer(strategy="constant", fill_value=-1), MinMaxScaler(clip=True)),
        LogisticRegression(max_iter=5000),
    ),
    "logistic regression, all scaled": lambda: make_pipeline(
        prepared(median(), encoder=imputed_text(OneHotEncoder(drop="first", sparse_output=False))),
        MaxAbsScaler(),
        LogisticRegression(max_iter=5000),
    ),
    "logistic regression, best columns": lambda: make_pipeline(
        prepared(median()), FunctionTransformer(), SelectKBest(k=4), LogisticRegression(max_iter=5000)
    ),
    "logistic regression, codes": lambda: make_pipeline(
        prepared(
            median(),
            encoder=OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
            ),
        ),
        LogisticRegression(max_iter=5000),
    ),
    "gradient boosting of bins": lambda: make_pipeline(
        prepared(encoder=OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=numpy.nan)),
        HistGradientBoostingClassifier(max_iter=20, random_state=0),
    ),
    "gradient boosting": lambda: make_pipeline(
        prepared(median()), GradientBoostingClassifier(n_estimators=10, random_state=0)
    ),
    "forest": lambda: make_pipeline(prepared(median()), RandomForestClassifier(10, random_state=0)),
    "forest with gaps": lambda: make_pipeline(prepared(), RandomForestClassifier(10, random_state=0)),
    "extra trees": lambda: make_pipeline(
        prepared(median(), StandardScaler()), ExtraTreesClassifier(10, random_state=0)
    ),
    "tree": lambda: make_pipeline(prepared(median()), DecisionTreeClassifier(random_state=0)),
    "calibrated boosting": lambda: CalibratedClassifierCV(
        make_pipeline(
            prepared(encoder=OrdinalEncoder()), HistGradientBoostingClassifier(max_iter=10, random_state=0)
        ),
        method="isotonic",
        cv=3,
    ),
    "calibrated forest": lambda: CalibratedClassifierCV(
        make_pipeline(prepared(median()), RandomForestClassifier(10, random_state=0)),
        method="sigmoid",
        cv=3,
        ensemble=False,
    ),
}


def fitted(pipeline: Any, count: int = 2) -> Any:
    return pipeline.fit(as_rows(FEATURES, CASES, "plain"), labels(CASES, count))


def compilation(classifier: Any) -> Compilation:
    return compile_classifier(classifier, FEATURES, CASES, range_margin=0.1, takes="plain")


def compiled(classifier: Any) -> CompiledClassifier:
    made = compilation(classifier)
    assert made.content is not None, made.reason
    assert made.difference <= TOLERANCE
    return read_compiled(made.content, "model x", NAMES, len(classifier.classes_))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", PIPELINES)
def test_a_compiled_pipeline_gives_the_probabilities_of_scikit_learn(name: str, count: int) -> None:
    pipeline = fitted(PIPELINES[name](), count)
    plain = compiled(pipeline)
    expected = pipeline.predict_proba(as_rows(FEATURES, FRESH, "plain"))
    found = [plain.probabilities(case) for case in FRESH]
    assert numpy.abs(numpy.array(found) - expected).max() <= TOLERANCE


def test_a_text_that_the_encoder_refuses_is_refused_and_one_that_it_ignores_is_scored() -> None:
    odd: list[Value] = [1.0, 0.5, 3.0, 0.0, UNSEEN]
    pipeline = fitted(PIPELINES["logistic regression"]())
    expected = pipeline.predict_proba(as_rows(FEATURES, [odd], "plain"))[0]
    assert compiled(pipeline).probabilities(odd) == pytest.approx(expected, abs=TOLERANCE)
    strict = fitted(
        make_pipeline(
            prepared(median(), encoder=OneHotEncoder(sparse_output=False)), LogisticRegression(max_iter=5000)
        )
    )
    with pytest.raises(Unscorable):
        compiled(strict).probabilities(odd)


def test_a_missing_number_is_refused_where_scikit_learn_refuses_it() -> None:
    whole = [case for case in CASES if None not in case]
    gap: list[Value] = [None, 0.5, 3.0, 0.0, "red"]
    for classifier in (LogisticRegression(max_iter=5000), GradientBoostingClassifier(n_estimators=5)):
        pipeline = make_pipeline(prepared(), classifier)
        pipeline.fit(as_rows(FEATURES, whole, "plain"), labels(whole, 2))
        made = compile_classifier(pipeline, FEATURES, whole, range_margin=0.1, takes="plain")
        assert made.content is not None, made.reason
        plain = read_compiled(made.content, "model x", NAMES, 2)
        assert plain.probabilities(whole[0])
        with pytest.raises(Unscorable):
            plain.probabilities(gap)


def test_a_number_beyond_single_precision_is_refused_by_trees_that_compare_in_it() -> None:
    plain = compiled(fitted(PIPELINES["forest"]()))
    with pytest.raises(Unscorable, match="single precision"):
        plain.probabilities([1e300, 0.5, 3.0, 0.0, "red"])


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        (make_pipeline(prepared(median()), GaussianNB()), "no compiled form of GaussianNB"),
        (
            make_pipeline(prepared(median()), PolynomialFeatures(), LogisticRegression(max_iter=5000)),
            "no compiled form of PolynomialFeatures",
        ),
        (
            make_pipeline(
                prepared(median()), FunctionTransformer(numpy.abs), LogisticRegression(max_iter=5000)
            ),
            "a function of one's own",
        ),
        (
            make_pipeline(
                prepared(median(), encoder=OneHotEncoder(min_frequency=100, sparse_output=False)),
                LogisticRegression(max_iter=5000),
            ),
            "rare categories are encoded as one",
        ),
        (
            make_pipeline(
                prepared(encoder=OrdinalEncoder()), HistGradientBoostingClassifier(categorical_features=[4])
            ),
            "split by sets of categories",
        ),
        (
            make_pipeline(prepared(median()), GradientBoostingClassifier(loss="exponential", n_estimators=3)),
            "for the loss exponential",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_compiled_form_is_left_to_scikit_learn_with_the_reason(
    pipeline: Any, reason: str
) -> None:
    made = compilation(fitted(pipeline))
    assert made.content is None
    assert reason in made.reason


def test_a_compiled_form_that_differs_is_not_used() -> None:
    pipeline = fitted(PIPELINES["logistic regression"]())
    honest = pipeline.predict_proba
    pipeline.predict_proba = lambda rows: numpy.add(honest(rows), [1e-8, -1e-8])
    made = compilation(pipeline)
    assert made.content is None
    assert "differ from scikit-learn's by up to 1e-08" in made.reason
    assert made.rows > 1_000


def test_trained_models_are_compiled_and_their_scores_are_those_of_the_fitted_pipeline(
    trained: Path, models: Path, edit_card: Callable[..., None], cases: list[dict[str, Any]]
) -> None:
    fast = ModelStore(trained).load("payment")
    assert set(fast.card.files) == {"model.joblib", "compiled.json"}
    edit_card(files={"model.joblib": fast.card.files["model.joblib"]})
    slow = ModelStore(models).load("payment")
    for case in cases[:100]:
        assert fast.score(case) == slow.score(case)


def test_a_changed_byte_of_the_compiled_file_is_noticed(models: Path) -> None:
    path = models / "payment" / "compiled.json"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"compiled\.json is not the file its card describes"):
        ModelStore(models).load("payment")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda stored: b"{", "isn't a compiled classifier"),
        (lambda stored: b"[]", "isn't a compiled classifier"),
        (lambda stored: stored | {"format": 2}, "has format 2, and this version reads 1"),
        (lambda stored: stored | {"features": ["amount"]}, "is for other features or labels"),
        (lambda stored: stored | {"labels": 3}, "is for other features or labels"),
        (lambda stored: stored | {"classifier": {"kind": "guess"}}, "isn't a compiled classifier"),
        (lambda stored: stored | {"classifier": {"kind": "linear"}}, "isn't a compiled classifier"),
    ],
)
def test_a_compiled_file_that_cannot_be_used_is_one_sentence_before_any_case(
    models: Path, edit_card: Callable[..., None], change: Callable[[Any], Any], reason: str
) -> None:
    path = models / "payment" / "compiled.json"
    changed = change(json.loads(path.read_bytes()))
    content = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
    path.write_bytes(content)
    card = json.loads((path.parent / "card.json").read_text("utf-8"))
    edit_card(files=card["files"] | {"compiled.json": hashlib.sha256(content).hexdigest()})
    with pytest.raises(ModelError, match=r"^model payment: compiled\.json") as caught:
        ModelStore(models).load("payment").prepare()
    assert reason in str(caught.value)


def test_scoring_by_a_compiled_model_imports_no_scikit_learn_joblib_or_numpy(
    models: Path, good_facts: dict[str, Any]
) -> None:
    facts = good_facts | {"amount": float(good_facts["amount"]), "delay": 3}
    code = (
        "import sys\nfrom referee.scoring import ModelStore\n"
        f"assert ModelStore({str(models)!r}).load('payment').score({facts!r}).value\n"
        "heavy = {'sklearn', 'joblib', 'numpy', 'scipy', 'threadpoolctl'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ["invoice_review", "loan_denial"])
def test_the_committed_models_have_a_compiled_form(name: str) -> None:
    assert "compiled.json" in ModelStore(ROOT / "models").load(name).card.files

"""A pickle that passes the hash still can't run code: attacks, each of which would leave a file behind."""

from __future__ import annotations

import builtins
import functools
import importlib
import io
import operator
import os
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy
import pytest
import sklearn.base
import sklearn.datasets
import sklearn.metrics
import sklearn.utils.estimator_checks
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from referee.domain import ModelError
from referee.scoring import ModelStore
from referee.scoring.trusted_pickle import load_trusted


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def attacks(canary: Path) -> dict[str, object]:
    path = str(canary)
    touch = f"open({path!r}, 'w').close()"
    return {
        "system": Call(os.system, f"echo > {path}"),
        "eval": Call(eval, touch),
        "exec": Call(exec, touch),
        "open": Call(open, path, "w"),
        "getattr": Call(getattr, "text", "upper"),
        "import_module": Call(importlib.import_module, "os"),
        "__import__": Call(builtins.__import__, "os"),
        "attrgetter": Call(operator.attrgetter, "system"),
        "methodcaller": Call(operator.methodcaller, "mkdir", path),
        "partial": functools.partial(os.mkdir, path),
        "mkdir": Call(os.mkdir, path),
        "numpy.save": Call(numpy.save, path, numpy.zeros(1)),
        "numpy.load": Call(numpy.load, path),
        "memmap": Call(numpy.memmap, path, "u1", "w+", 0, (1,)),
        "runstring": Call(numpy.testing.runstring, touch, {}),
        "joblib.load": Call(joblib.load, path),
        "pickle.loads": Call(pickle.loads, pickle.dumps(1)),
        "setattr": Call(setattr, LogisticRegression, "predict_proba", None),
        "type": Call(type, "x", (), {}),
        "vectorize": Call(numpy.vectorize, os.mkdir),
        "fromfile": Call(numpy.fromfile, path),
        "fromfunction": Call(numpy.fromfunction, os.mkdir, (1,)),
        "apply_along_axis": Call(numpy.apply_along_axis, os.mkdir, 0, numpy.zeros(1)),
        "genfromtxt": Call(numpy.genfromtxt, path),
        "f2py": Call(numpy.lib.format.open_memmap, path, "w+", "u1", (1,)),
        "sklearn's Memory": Call(joblib.Memory, path),
        "sklearn's delayed": Call(joblib.delayed, os.mkdir),
        "fetch": Call(sklearn.datasets.fetch_openml, "iris"),
        "load_files": Call(sklearn.datasets.load_files, path),
        "a function in a transformer": FunctionTransformer(os.mkdir),
        "a scorer": Call(sklearn.metrics.make_scorer, os.mkdir),
        "check_estimator": Call(sklearn.utils.estimator_checks.check_estimator, LogisticRegression()),
        "in an array in an array in an estimator": LogisticRegression(
            class_weight=numpy.array([numpy.array([Call(os.mkdir, path), 1], dtype=object), 2], dtype=object)
        ),
        "clone": Call(sklearn.base.clone, LogisticRegression()),
        "hidden in an estimator": LogisticRegression(solver=Call(os.mkdir, path)),
        "hidden in an array": numpy.array([Call(os.mkdir, path)], dtype=object),
        "hidden in an array in an array": numpy.array(
            [1, numpy.array([2, Call(os.mkdir, path)], dtype=object)], dtype=object
        ),
    }


@pytest.mark.parametrize("attack", sorted(attacks(Path("x"))))
def test_an_attack_is_refused_and_leaves_nothing_behind(
    attack: str, tmp_path: Path, dumped: Callable[[object], bytes]
) -> None:
    canary = tmp_path / "canary"
    with pytest.raises(ModelError, match="which isn't admitted"):
        load_trusted(dumped(attacks(canary)[attack]), "model x")
    assert not canary.exists()


def test_an_array_that_claims_more_numbers_than_its_file_takes_no_memory(
    dumped: Callable[[object], bytes],
) -> None:
    honest = dumped(numpy.zeros(200))
    shape = pickle.dumps((200,), protocol=4)[2:-1]
    assert honest.count(b"K\xc8\x85") == 1, shape  # 200 in a tuple of one
    bomb = honest.replace(b"K\xc8\x85", b"\x8a\x05\x00\x00\x00\x00\x10\x85")  # 2**36
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="an array larger than its file"):
            load_trusted(bomb, "model x")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_a_bytearray_that_claims_more_than_its_file_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="more bytes than its file has"):
            load_trusted(b"\x80\x05\x96" + (2**34).to_bytes(8, "little") + b".", "model x")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def _global(module: str, name: str) -> bytes:
    return (
        b"".join(b"\x8c" + len(text).to_bytes(1, "little") + text.encode() for text in (module, name))
        + b"\x93"
    )


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.base", "os.system"),
        ("sklearn.base", "warnings.sys.modules"),
        ("sklearn.base", "BaseEstimator.__init__"),
        ("sklearn.base", "warnings"),
        ("sklearn.base", "clone"),
        ("sklearn.utils._testing", "assert_run_python_script_without_output"),
        ("sklearn.externals.joblib", "load"),
        ("sklearn.datasets", "load_files"),
        ("sklearn.conftest", "pytest"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "load"),
        ("joblib.numpy_pickle", "NDArrayWrapper"),
        ("joblib.numpy_pickle", "NumpyArrayWrapper.read"),
        ("builtins", "type"),
        ("builtins", "object.__subclasses__"),
    ],
)
def test_a_name_that_is_not_admitted_is_refused_by_its_full_name(module: str, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_trusted(b"\x80\x04" + _global(module, name) + b".", "model x")
    assert f"asks for {module}.{name}, which isn't admitted" in str(caught.value)


ESTIMATOR = _global("sklearn.linear_model._logistic", "LogisticRegression")


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        # Protocol 0: GLOBAL, INST and the extension registry.
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"(S'true'\nios\nsystem\n.", "isn't a fitted classifier"),
        (b"\x80\x04\x82\x01.", "isn't a fitted classifier"),
        # REDUCE on an object that the pickle made.
        (b"\x80\x04" + ESTIMATOR + b")R)R.", "a call of a LogisticRegression it has built"),
        # NEWOBJ on an object.
        (b"\x80\x04" + ESTIMATOR + b")R)\x81.", "an object made from a LogisticRegression"),
        # BUILD on a class would change it for everybody: (None, {"predict_proba": None}).
        (
            b"\x80\x04" + ESTIMATOR + b"N}\x8c\x0dpredict_probaNs\x86b.",
            "a change of LogisticRegression itself",
        ),
        # An array stand-in whose `read` is another callable.
        (
            b"\x80\x04"
            + _global("joblib.numpy_pickle", "NumpyArrayWrapper")
            + b")\x81}\x8c\x04read"
            + ESTIMATOR
            + b"sb.",
            "an array with foreign attributes",
        ),
    ],
)
def test_a_crafted_stream_is_refused(stream: bytes, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_trusted(stream, "model x")
    assert reason in str(caught.value)
    assert LogisticRegression.predict_proba is not None


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"hello", b"\x80\x04K\x01", b"\x80\x04]" * 50, bytes(range(64, 128))]
)
def test_bytes_that_are_no_pickle_are_one_sentence(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^model x: "):
        load_trusted(content, "model x")


def test_a_forged_model_is_refused_at_preparation_and_at_the_first_score(
    models: Path,
    forge: Callable[[bytes], None],
    dumped: Callable[[object], bytes],
    tmp_path: Path,
    good_facts: dict[str, Any],
) -> None:
    forge(dumped(Call(os.mkdir, str(tmp_path / "canary"))))
    model = ModelStore(models).load("payment")
    with pytest.raises(ModelError, match=r"model payment: its file asks for \w+\.mkdir"):
        model.prepare()
    with pytest.raises(ModelError, match=r"mkdir"):
        model.score(good_facts)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("content", [{"a": 1}, [1, 2], StandardScaler(), LogisticRegression()])
def test_a_file_that_holds_no_fitted_classifier_for_the_labels_is_refused(
    content: object, models: Path, forge: Callable[[bytes], None], dumped: Callable[[object], bytes]
) -> None:
    forge(dumped(content))
    with pytest.raises(ModelError, match="doesn't hold a fitted classifier"):
        ModelStore(models).load("payment").prepare()


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        DecisionTreeClassifier(),
        RandomForestClassifier(5),
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingClassifier(max_iter=5),
        CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3),
        GaussianNB(),
        make_pipeline(SplineTransformer(), StandardScaler(), LogisticRegression()),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_fitted_classifiers_come_back_as_they_were(
    classifier: Any, dumped: Callable[[object], bytes]
) -> None:
    rows = numpy.random.default_rng(0).random((60, 3))
    classifier.fit(rows, (rows[:, 0] > 0.5).astype(int))
    loaded = load_trusted(dumped(classifier), "model x")
    assert numpy.array_equal(loaded.predict_proba(rows), classifier.predict_proba(rows))


def test_arrays_of_objects_come_back_as_they_were() -> None:
    stream = io.BytesIO()
    value = numpy.array(["a", None, 2.5], dtype=object)
    joblib.dump([value, numpy.arange(4)], stream)
    texts, numbers = load_trusted(stream.getvalue(), "model x")
    assert texts.tolist() == ["a", None, 2.5]
    assert numbers.tolist() == [0, 1, 2, 3]

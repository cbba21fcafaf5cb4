"""A classifier that somebody fitted elsewhere, made a model folder: checked, judged on held-out cases, with a card."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from referee.domain import InputError, ModelError
from referee.scoring.card import Card, Feature, Finding, TrainingData
from referee.scoring.columns import Value
from referee.scoring.compiled import COMPILED_FILE
from referee.scoring.compiling import compile_classifier
from referee.scoring.encoding import check, expand, inputs_of
from referee.scoring.fairness import parity_figures, proxies
from referee.scoring.held_out import feature_influence, held_out_figures, risk_curves
from referee.scoring.leaks import find_leaks, find_too_good, telling_auc
from referee.scoring.model_folder import dumped_as, hashes, libraries, write_model
from referee.scoring.novelty import measure_training
from referee.scoring.operating_points import Goal, Judged, choose
from referee.scoring.parity import as_rows
from referee.scoring.past_cases import PastCases, label_text
from referee.scoring.refusal import refuse
from referee.scoring.split import stratified_split
from referee.scoring.training_rows import FeatureSpec, features_of, training_hash
from referee.scoring.trusted_pickle import load_trusted
from referee.scoring.trusted_skops import load_trusted_skops

_GUIDE_SHARE = 0.3
"""The share of the cases that orders the thresholds; the others test them."""

_RANGE_MARGIN = 0.1

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"]\x00\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x78\x01": "zlib",
    b"\x78\x5e": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}
"""How files begin that joblib.dump wrote with compression."""


def read_file(path: Path) -> tuple[bytes, str]:
    """The bytes of a fitted classifier's file and their sha256; nothing is unpickled."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"{path} doesn't exist; name the file that joblib.dump or skops.io.dump wrote"
        ) from None
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror})") from None
    return content, hashlib.sha256(content).hexdigest()


def fitted_classifier(content: bytes, path: Path) -> Any:
    """The classifier in these bytes, by the restricted unpickler; whoever calls has the person's word for them.

    Columns that it takes by name are turned into positions, so that it needs no data frames. Raises ``ModelError``.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        classifier = _of_skops(content, path) if is_skops(content) else _of_joblib(content, path)
    other = [each for each in told if type(each.message).__name__ == "InconsistentVersionWarning"]
    if other:
        from importlib.metadata import version

        raise ModelError(
            f"{path} was fitted with scikit-learn {other[0].message.original_sklearn_version}, and "  # type: ignore[union-attr]
            f"{version('scikit-learn')} is installed here; fit it again with this version, or install that one"
        )
    if not hasattr(classifier, "predict_proba") or not hasattr(classifier, "classes_"):
        raise ModelError(
            f"{path} holds a {type(classifier).__name__} that gives no probabilities; it must be a fitted classifier "
            "with predict_proba"
        )
    _by_position(classifier)
    return classifier


def is_skops(content: bytes) -> bool:
    """Whether these bytes are a file of skops, which is a zip; a pickle never begins so."""
    return content.startswith(b"PK\x03\x04")


def _of_skops(content: bytes, path: Path) -> Any:
    try:
        from skops import io as skops_io  # type: ignore[import-untyped]
    except ImportError:
        raise ModelError(f"{path} has the format of skops, which isn't installed; install skops") from None
    try:
        asked = skops_io.get_untrusted_types(data=content)
    except Exception as error:  # noqa: BLE001  a broken file raises anything from KeyError to BadZipFile
        raise ModelError(
            f"{path} isn't a whole file of skops ({type(error).__name__}: {error}); write it again with skops.io.dump"
        ) from None
    return load_trusted_skops(content, asked, str(path))


def _of_joblib(content: bytes, path: Path) -> Any:
    packed = next((name for start, name in _PACKED.items() if content.startswith(start)), "")
    if packed:
        raise ModelError(
            f"{path} is compressed ({packed}); write it again with joblib.dump(classifier, path) and no `compress`, or "
            "with skops.io.dump"
        )
    return load_trusted(content, str(path))


def feature_names(classifier: Any, named: Sequence[str], path: Path) -> tuple[str, ...]:
    """The names of its columns in order: its own, or those ``named`` where it was fitted without."""
    own = getattr(classifier, "feature_names_in_", None)
    count = int(getattr(classifier, "n_features_in_", len(named)))
    if own is not None:
        return tuple(str(name) for name in own)
    if not named:
        raise InputError(
            f"{path} was fitted without names of its {count} columns; give them in order, each with --feature"
        )
    if len(named) != count:
        raise InputError(f"{path} takes {count} columns, and {len(named)} are named by --feature")
    return tuple(named)


def add_model(
    classifier: Any,
    prepared: PastCases,
    names: Sequence[str],
    *,
    name: str,
    version: str,
    models_folder: Path,
    author: str,
    date: str,
    source: str,
    limits_of_use: str,
    goals: Sequence[Goal] = (),
    seed: int = 0,
    file_sha256: str = "",
    model_format: Literal["joblib", "skops"] = "joblib",
) -> Card:
    """Judges the classifier on cases it has not seen, writes ``models_folder/name`` and returns its card.

    Ranges, categories and novelty are those of these cases, for those it has learnt from aren't known. Raises
    ``InputError`` or ``ModelError``; nothing is written then.
    """
    labels = [label_text(label) for label in classifier.classes_]
    strangers = sorted(set(prepared.labels) - set(labels))
    refuse(
        f"the classifier doesn't fit the column `{prepared.target}`",
        [f"it doesn't know the label `{label}`; it knows {', '.join(labels)}" for label in strangers]
        or [
            f"no case is `{label}`; cases of each label are needed"
            for label in labels
            if label not in prepared.labels
        ],
    )
    features = _features(prepared, names)
    inputs = inputs_of(features, _RANGE_MARGIN)
    values = [check(inputs, case)[0] for case in prepared.cases]
    codes = numpy.array([labels.index(case[prepared.target]) for case in prepared.cases])
    rows = as_rows(features, values, "plain")
    kept = dumped_as(model_format, classifier, f"model {name}")
    loaded = kept.loaded(f"model {name}")
    shares = _probabilities(loaded, rows, len(labels), name)

    guide, unseen = (
        numpy.array(part)
        for part in stratified_split([labels[code] for code in codes], 1 - _GUIDE_SHARE, seed)
    )
    points = [
        choose(
            goal,
            Judged.by(goal, shares[guide], codes[guide], labels),
            Judged.by(goal, shares[unseen], codes[unseen], labels),
        )
        for goal in goals
    ]
    compilation = compile_classifier(loaded, features, values, range_margin=_RANGE_MARGIN, takes="plain")
    files = {kept.file: kept.content}
    if compilation.content is not None:
        files[COMPILED_FILE] = compilation.content
    judged_cases = [prepared.cases[at] for at in unseen]
    encoded, widths = _encoded(features, inputs, values)
    seen = held_out_figures(shares[unseen], codes[unseen], 0, labels)
    influence = feature_influence(
        lambda some: _probabilities(loaded, some, len(labels), name),
        rows[unseen],
        codes[unseen],
        features,
        [1] * len(features),
        seed,
    )
    suspicions = [
        *find_leaks(prepared.cases, prepared.columns, prepared.target, labels),
        *find_too_good(seen.auc, influence),
    ]
    card = Card(
        format=1,
        name=name,
        version=version,
        target=prepared.target,
        labels={label: prepared.labels[label] for label in labels},
        features=features,
        range_margin=_RANGE_MARGIN,
        classifier=_told(loaded),
        takes="plain",
        compared=(),
        training=TrainingData(
            rows=len(prepared.cases),
            sha256=training_hash(prepared.cases, features, prepared.target),
            source=f"fitted elsewhere, file with sha256 {file_sha256}; ranges and categories are those of {source}",
            split_rule=f"{_GUIDE_SHARE:.0%} of each label order the thresholds (seed {seed}), the others judge",
        ),
        held_out=seen,
        operating_points=tuple(points),
        risk=risk_curves(goals, shares[unseen], codes[unseen], labels, 0),
        influence=influence,
        findings=tuple(
            Finding(column=each.column, kind=each.kind, evidence=each.evidence, status="note")
            for each in suspicions
        ),
        left_out=dict(prepared.left_out),
        protected=prepared.protected,
        parity=parity_figures(
            judged_cases, shares[unseen], codes[unseen], labels, prepared.protected, points
        ),
        proxies=proxies(prepared.cases, encoded, list(names), widths, prepared.protected, telling_auc),
        novelty=measure_training(features, values, margin=_RANGE_MARGIN),
        limits_of_use=limits_of_use,
        author=author,
        approver="",
        date=date,
        libraries=libraries(),
        files=hashes(files),
        trusted_types=kept.trusted_types,
    )
    write_model(models_folder, card, files)
    return card


def _features(prepared: PastCases, names: Sequence[str]) -> tuple[Feature, ...]:
    by_name = {column.name: column for column in prepared.columns}
    refuse(
        "the classifier can't be judged on these cases",
        [
            f"it takes `{name}`, which is {prepared.left_out.get(name, 'no column')}"
            for name in names
            if name not in by_name
        ],
    )
    specs = [
        FeatureSpec(
            name,
            by_name[name].type,
            missing="impute" if by_name[name].has_gaps else "refuse",
            description=by_name[name].description,
            unit=by_name[name].unit,
            source=by_name[name].source,
        )
        for name in names
    ]
    return features_of(prepared.cases, specs)


def _encoded(
    features: Sequence[Feature], inputs: Sequence[Any], values: Sequence[Sequence[Value]]
) -> tuple[NDArray[numpy.float64], list[int]]:
    rows = numpy.array([expand(inputs, each) for each in values], dtype=numpy.float64)
    return rows, [len(feature.categories) or 1 for feature in features]


def _probabilities(classifier: Any, rows: NDArray[Any], labels: int, name: str) -> NDArray[numpy.float64]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    try:
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that rows have no names of columns, which are by position now
            shares = numpy.asarray(classifier.predict_proba(rows), dtype=numpy.float64)
    except Exception as error:  # noqa: BLE001  a classifier of somebody's own may raise anything
        raise ModelError(
            f"model {name}: the classifier fails on these cases ({type(error).__name__}: {error}); give it columns as "
            "it was fitted with: numbers as numbers, texts as texts that it encodes itself"
        ) from None
    if shares.shape != (len(rows), labels) or not numpy.isfinite(shares).all():
        raise ModelError(
            f"model {name}: the classifier gives something else than a probability for each label"
        )
    return shares


def _by_position(estimator: Any) -> None:
    """Columns that fitted transformers take by name, as positions; only the outermost keeps the names of columns."""
    names = getattr(estimator, "feature_names_in_", None)
    for part in _parts(estimator):
        if type(part).__name__ == "ColumnTransformer":
            part.transformers_ = [
                (name, fitted, part._transformer_to_input_indices[name])
                for name, fitted, _ in part.transformers_
            ]
        part.__dict__.pop("feature_names_in_", None)
    if names is not None and type(estimator).__name__ != "Pipeline":
        estimator.feature_names_in_ = names
    elif names is not None:
        estimator.steps[0][1].feature_names_in_ = names


def _parts(estimator: Any) -> list[Any]:
    """The estimator and the fitted ones inside, pipelines before their steps."""
    inside = [each for _, each in getattr(estimator, "steps", ())]
    inside += [each for _, each, _ in getattr(estimator, "transformers_", ())]
    inside += [getattr(each, "estimator", None) for each in getattr(estimator, "calibrated_classifiers_", ())]
    inside += [getattr(estimator, "estimator", None)] if type(estimator).__name__ == "FrozenEstimator" else []
    found = [estimator]
    for each in inside:
        if each is not None and not isinstance(each, str):
            found += _parts(each)
    return found


def _told(classifier: Any) -> str:
    steps = [type(each).__name__ for _, each in getattr(classifier, "steps", ()) if not isinstance(each, str)]
    return f"own classifier: {' → '.join(steps) if steps else type(classifier).__name__}"

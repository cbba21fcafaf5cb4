"""From past cases to a model folder: a fitted classifier, and a card that says how it came about."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy
from numpy.typing import NDArray

from referee.domain import InputError
from referee.files import write_whole
from referee.scoring.candidates import compare, cross_validated
from referee.scoring.card import CARD_FILE, MODEL_FILE, Card, Feature, TrainingData
from referee.scoring.compiled import COMPILED_FILE
from referee.scoring.compiling import compile_classifier
from referee.scoring.encoding import check, encode, exact_number, inputs_of
from referee.scoring.held_out import held_out_figures, parity_figures
from referee.scoring.novelty import measure_training
from referee.scoring.operating_points import Goal, Judged, choose
from referee.scoring.trusted_pickle import load_trusted

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

_FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A fact for the model to learn from.

    ``missing="impute"`` lets cases without it be scored; training must have seen such cases. Categories and
    ranges are not stated here: the model knows those that it has seen in training.
    """

    name: str
    type: Literal["number", "string", "boolean"]
    missing: Literal["refuse", "impute"] = "refuse"
    description: str = ""
    unit: str = ""
    source: str = ""


def train(
    cases: Sequence[Mapping[str, Any]],
    *,
    name: str,
    version: str,
    target: str,
    labels: Mapping[str, str],
    features: Sequence[FeatureSpec],
    holdout: Sequence[Mapping[str, Any]],
    models_folder: str | Path,
    author: str,
    source: str,
    split_rule: str,
    limits_of_use: str,
    protected: Sequence[str] = (),
    approver: str = "",
    date: str = "",
    range_margin: float = 0.1,
    period: str = "",
    goals: Sequence[Goal] = (),
) -> Card:
    """Train on ``cases``, judge on ``holdout``, write ``models_folder/name`` and return its card.

    Logistic regression and gradient boosting (plain and calibrated) are compared by cross-validated log loss,
    and the simplest within one standard error of the best is taken. ``labels`` map each value of the target
    to its meaning. A compiled form stands beside the model where it gives the same (``compiling``).

    The same cases in the same order give the same bytes on the same machine; nothing depends
    on clock or chance.

    Each of the ``goals`` becomes an operating point, chosen on the held-out cases (``operating_points.choose``).

    A protected attribute, or the target, among the features is refused, as is any training case that the
    features can't take: ``InputError`` lists the faults, and nothing is written. Held-out cases that the
    model would refuse to score (unseen category, outside the range) are counted in the card, not judged.
    """
    _check_request(name, target, labels, features, protected)
    learnt = _features(cases, features)
    rows, codes = _training_rows(cases, learnt, range_margin, target, list(labels))
    judged_rows, judged_codes, judged_cases = _held_out_rows(
        holdout, learnt, range_margin, target, list(labels)
    )
    refused = len(holdout) - len(judged_cases)

    classifier, chosen, compared = compare(rows, codes, learnt)
    content = _dumped(classifier)
    # What is judged is what will be loaded, by the same door.
    loaded = load_trusted(content, f"model {name}")
    judged = loaded.predict_proba(judged_rows)
    inputs = inputs_of(learnt, range_margin)
    values = [check(inputs, case)[0] for case in cases]
    compilation = compile_classifier(loaded, learnt, values, range_margin=range_margin)
    files = {MODEL_FILE: content}
    if compilation.content is not None:
        files[COMPILED_FILE] = compilation.content
    guide = cross_validated(classifier, rows, codes) if goals else None
    points = [
        choose(
            goal,
            Judged.by(goal, guide, codes, list(labels)),
            Judged.by(goal, judged, judged_codes, list(labels), refused),
        )
        for goal in goals
        if guide is not None
    ]
    card = Card(
        format=1,
        name=name,
        version=version,
        target=target,
        labels=dict(labels),
        features=learnt,
        range_margin=range_margin,
        classifier=chosen,
        compared=compared,
        training=TrainingData(
            rows=len(cases),
            sha256=training_hash(cases, learnt, target),
            source=source,
            split_rule=split_rule,
            period=period,
        ),
        held_out=held_out_figures(judged, judged_codes, refused, list(labels)),
        operating_points=tuple(points),
        protected=tuple(protected),
        parity=parity_figures(judged_cases, judged, judged_codes, list(labels), protected, points),
        novelty=measure_training(learnt, values, margin=range_margin),
        limits_of_use=limits_of_use,
        author=author,
        approver=approver,
        date=date,
        libraries={library: installed_version(library) for library in ("scikit-learn", "numpy", "joblib")},
        files={file: hashlib.sha256(data).hexdigest() for file, data in files.items()},
    )
    folder = Path(models_folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    # The card comes last: a folder written half is one whose hashes don't agree, and is refused.
    for file, data in (*files.items(), (CARD_FILE, card.as_bytes())):
        write_whole(folder / file, data)
    return card


def training_hash(cases: Sequence[Mapping[str, Any]], features: Sequence[Feature], target: str) -> str:
    """The sha256 of the training cases: for each a line of JSON with the features in order, then the target.

    Numbers stand as their exact decimal text, so the hash doesn't depend on how they were read.
    """
    digest = hashlib.sha256()
    for case in cases:
        line = [_exact_text(case.get(key)) for key in (*(feature.name for feature in features), target)]
        digest.update(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _exact_text(value: Any) -> Any:
    number = exact_number(value)
    return value if number is None else f"{number.normalize():f}"


def _check_request(
    name: str,
    target: str,
    labels: Mapping[str, str],
    features: Sequence[FeatureSpec],
    protected: Sequence[str],
) -> None:
    names = [feature.name for feature in features]
    faults = []
    if not name.strip() or any(mark in name for mark in "/\\:\0") or name in {".", ".."}:
        faults.append(f"`{name}` can't be the name of a model, which is the name of its folder")
    if not names:
        faults.append("no feature is named")
    if len(labels) < 2:
        faults.append("a target needs at least two labels")
    faults += [f"`{twice}` is named twice" for twice, count in Counter(names).items() if count > 1]
    faults += [
        f"`{kept_out}` is protected: it can't be a feature" for kept_out in protected if kept_out in names
    ]
    if target in names:
        faults.append(f"`{target}` is the target: it can't be a feature")
    _refuse(f"model {name} can't be trained", faults)


def _features(cases: Sequence[Mapping[str, Any]], features: Sequence[FeatureSpec]) -> tuple[Feature, ...]:
    """The features with the categories and ranges that the training cases show."""
    learnt, faults = [], []
    for spec in features:
        values = [value for case in cases if (value := case.get(spec.name)) is not None]
        lacking = len(cases) - len(values)
        if lacking and spec.missing == "refuse":
            faults.append(
                f"`{spec.name}` is missing in {lacking} training cases; allow it to be missing, or mend them"
            )
        if not values:
            faults.append(f"`{spec.name}` is missing in all training cases")
            continue
        if not lacking and spec.missing == "impute":
            faults.append(
                f"`{spec.name}` may be missing, but no training case shows what that means; require it"
            )
        description: dict[str, Any] = {
            "name": spec.name,
            "type": spec.type,
            "description": spec.description,
            "unit": spec.unit,
            "source": spec.source,
            "missing": spec.missing,
        }
        if spec.type == "number":
            numbers = [
                number
                for value in values
                if (number := exact_number(value)) is not None and number.is_finite()
            ]
            if len(numbers) < len(values):
                faults.append(
                    f"`{spec.name}` is not a finite number in {len(values) - len(numbers)} training cases"
                )
                continue
            description |= {"minimum": float(min(numbers)), "maximum": float(max(numbers))}
        elif spec.type == "string":
            texts = {value for value in values if isinstance(value, str) and value}
            if any(value not in texts for value in values):
                faults.append(f"`{spec.name}` is not a text in some training cases")
                continue
            description |= {"categories": sorted(texts)}
        learnt.append(Feature.model_validate(description))
    _refuse("the training cases can't be used", faults)
    return tuple(learnt)


def _training_rows(
    cases: Sequence[Mapping[str, Any]],
    features: Sequence[Feature],
    range_margin: float,
    target: str,
    labels: list[str],
) -> tuple[Matrix, Codes]:
    inputs = inputs_of(features, range_margin)
    rows, faults = [], []
    for number, case in enumerate(cases, 1):
        row, doubts = encode(inputs, case)
        faults += [f"training case {number}: {doubt.message}" for doubt in doubts]
        rows.append(row)
    faults += _unknown_labels("training case", cases, target, labels)
    counts = Counter(case.get(target) for case in cases)
    # Each of the five parts of the cross-validation needs one, and leaves four to learn from.
    faults += [
        f"label `{label}` has {counts[label]} training cases; 5 are needed"
        for label in labels
        if counts[label] < 5
    ]
    _refuse("the training cases can't be used", faults)
    return numpy.array(rows, dtype=numpy.float64), numpy.array([labels.index(case[target]) for case in cases])


def _held_out_rows(
    holdout: Sequence[Mapping[str, Any]],
    features: Sequence[Feature],
    range_margin: float,
    target: str,
    labels: list[str],
) -> tuple[Matrix, Codes, list[Mapping[str, Any]]]:
    inputs = inputs_of(features, range_margin)
    faults = _unknown_labels("held-out case", holdout, target, labels)
    _refuse("the held-out cases can't be used", faults)
    rows, codes, judged = [], [], []
    for case in holdout:
        row, doubts = encode(inputs, case)
        if not doubts:
            rows.append(row)
            codes.append(labels.index(case[target]))
            judged.append(case)
    faults += [
        f"no case with label `{label}` can be judged"
        for code, label in enumerate(labels)
        if code not in codes
    ]
    _refuse("the held-out cases can't be used", faults)
    return numpy.array(rows, dtype=numpy.float64), numpy.array(codes), judged


def _unknown_labels(
    what: str, cases: Sequence[Mapping[str, Any]], target: str, labels: Sequence[str]
) -> list[str]:
    return [
        f"{what} {number}: `{target}` is not one of {', '.join(labels)}"
        for number, case in enumerate(cases, 1)
        if case.get(target) not in labels
    ]


def _dumped(classifier: Any) -> bytes:
    stream = io.BytesIO()
    joblib.dump(classifier, stream)
    return stream.getvalue()


def _refuse(subject: str, faults: Sequence[str]) -> None:
    if not faults:
        return
    more = [f"and {len(faults) - _FAULTS_SHOWN} more"] if len(faults) > _FAULTS_SHOWN else []
    raise InputError("\n  ".join([f"{subject}:", *faults[:_FAULTS_SHOWN], *more]))

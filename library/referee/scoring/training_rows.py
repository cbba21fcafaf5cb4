"""Past cases as the rows a classifier takes, and the features they show."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from referee.scoring.card import Feature
from referee.scoring.encoding import encode, exact_number, inputs_of
from referee.scoring.refusal import refuse

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

FEWEST_TO_LEARN_FROM = 7
"""Of each label: a fifth judges in the cross-validation, and the others are divided by five for the calibration."""


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


def features_of(cases: Sequence[Mapping[str, Any]], features: Sequence[FeatureSpec]) -> tuple[Feature, ...]:
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
    refuse("the training cases can't be used", faults)
    return tuple(learnt)


def training_rows(
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
    faults += [
        f"label `{label}` has {counts[label]} training cases; {FEWEST_TO_LEARN_FROM} are needed"
        for label in labels
        if counts[label] < FEWEST_TO_LEARN_FROM
    ]
    refuse("the training cases can't be used", faults)
    return numpy.array(rows, dtype=numpy.float64), numpy.array([labels.index(case[target]) for case in cases])


def held_out_rows(
    holdout: Sequence[Mapping[str, Any]],
    features: Sequence[Feature],
    range_margin: float,
    target: str,
    labels: list[str],
) -> tuple[Matrix, Codes, list[Mapping[str, Any]]]:
    inputs = inputs_of(features, range_margin)
    faults = _unknown_labels("held-out case", holdout, target, labels)
    refuse("the held-out cases can't be used", faults)
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
    refuse("the held-out cases can't be used", faults)
    return numpy.array(rows, dtype=numpy.float64), numpy.array(codes), judged


def _unknown_labels(
    what: str, cases: Sequence[Mapping[str, Any]], target: str, labels: Sequence[str]
) -> list[str]:
    return [
        f"{what} {number}: `{target}` is not one of {', '.join(labels)}"
        for number, case in enumerate(cases, 1)
        if case.get(target) not in labels
    ]

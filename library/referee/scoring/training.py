"""From past cases to a model folder: a fitted classifier, and a card that says how it came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from referee.scoring.candidates import CANDIDATES, choose_classifier
from referee.scoring.card import Card, Finding, TrainingData
from referee.scoring.compiled import COMPILED_FILE
from referee.scoring.compiling import compile_classifier
from referee.scoring.encoding import check, inputs_of
from referee.scoring.fairness import parity_figures, proxies
from referee.scoring.held_out import feature_influence, held_out_figures, risk_curves
from referee.scoring.leaks import find_too_good, judged_findings, telling_auc
from referee.scoring.model_folder import dumped_as, hashes, libraries, write_model
from referee.scoring.novelty import measure_training
from referee.scoring.operating_points import Goal, Judged, choose
from referee.scoring.past_cases import TOO_GOOD
from referee.scoring.refusal import refuse
from referee.scoring.training_rows import (
    FeatureSpec,
    features_of,
    held_out_rows,
    training_hash,
    training_rows,
)

__all__ = ["FeatureSpec", "train", "training_hash"]


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
    candidates: Sequence[str] = CANDIDATES,
    by_time: bool = False,
    seed: int = 0,
    findings: Sequence[Finding] = (),
    allowed: Sequence[str] = (),
    model_format: Literal["joblib", "skops"] = "joblib",
    left_out: Mapping[str, str] | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> Card:
    """Train on ``cases``, judge on ``holdout``, write ``models_folder/name`` and return its card.

    The ``candidates`` are compared by cross-validated log loss, and the simplest within one standard error of the best
    is taken, calibrated where that helps (``candidates.choose_classifier``). With ``by_time`` the cases stand in the
    order of time, and so does the cross-validation. ``labels`` map each value of the target to its meaning. A compiled
    form stands beside the model where it gives the same (``compiling``). ``done`` is called as each step is done.

    The same cases in the same order with the same seed give the same bytes on the same machine; nothing depends on the
    clock.

    Each of the ``goals`` becomes an operating point, chosen on the held-out cases (``operating_points.choose``).
    ``findings`` and ``left_out`` are for the card: what was found about the columns, and why others are no features.
    A model that is too good to be true is refused (``leaks.find_too_good``), unless that, or the feature of most
    influence, is among the ``allowed``.

    A protected attribute, or the target, among the features is refused, as is any training case that the
    features can't take: ``InputError`` lists the faults, and nothing is written. Held-out cases that the
    model would refuse to score (unseen category, outside the range) are counted in the card, not judged.
    """
    _check_request(name, target, labels, features, protected)
    learnt = features_of(cases, features)
    rows, codes = training_rows(cases, learnt, range_margin, target, list(labels))
    judged_rows, judged_codes, judged_cases = held_out_rows(
        holdout, learnt, range_margin, target, list(labels)
    )
    refused = len(holdout) - len(judged_cases)

    choice = choose_classifier(
        rows, codes, learnt, candidates=candidates, by_time=by_time, seed=seed, done=done
    )
    kept = dumped_as(model_format, choice.classifier, f"model {name}")
    # What is judged is what will be loaded, by the same door.
    loaded = kept.loaded(f"model {name}")
    judged = loaded.predict_proba(judged_rows)
    inputs = inputs_of(learnt, range_margin)
    values = [check(inputs, case)[0] for case in cases]
    compilation = compile_classifier(loaded, learnt, values, range_margin=range_margin)
    done("the compiled form")
    files = {kept.file: kept.content}
    if compilation.content is not None:
        files[COMPILED_FILE] = compilation.content
    names = list(labels)
    points = [
        choose(
            goal,
            Judged.by(goal, choice.guide, codes[choice.guide_rows], names),
            Judged.by(goal, judged, judged_codes, names, refused),
        )
        for goal in goals
    ]
    widths = [len(feature.categories) or 1 for feature in learnt]
    seen = held_out_figures(judged, judged_codes, refused, names)
    influence = feature_influence(loaded.predict_proba, judged_rows, judged_codes, learnt, widths, seed)
    strongest = next(iter(influence), "")
    too_good = find_too_good(seen.auc, influence)
    findings = [
        *findings,
        *judged_findings(too_good, [*allowed, TOO_GOOD] if strongest in allowed else allowed),
    ]
    card = Card(
        format=1,
        name=name,
        version=version,
        target=target,
        labels=dict(labels),
        features=learnt,
        range_margin=range_margin,
        classifier=choice.name,
        compared=choice.compared,
        corrections=choice.corrections,
        training=TrainingData(
            rows=len(cases),
            sha256=training_hash(cases, learnt, target),
            source=source,
            split_rule=split_rule,
            period=period,
        ),
        held_out=seen,
        operating_points=tuple(points),
        risk=risk_curves(goals, judged, judged_codes, names, refused),
        influence=influence,
        findings=tuple(findings),
        left_out=dict(left_out or {}),
        protected=tuple(protected),
        parity=parity_figures(judged_cases, judged, judged_codes, names, protected, points),
        proxies=proxies(cases, rows, [feature.name for feature in learnt], widths, protected, telling_auc),
        novelty=measure_training(learnt, values, margin=range_margin),
        limits_of_use=limits_of_use,
        author=author,
        approver=approver,
        date=date,
        libraries=libraries(),
        files=hashes(files),
        trusted_types=kept.trusted_types,
    )
    done("the figures")
    write_model(models_folder, card, files)
    return card


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
    refuse(f"model {name} can't be trained", faults)

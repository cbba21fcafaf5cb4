"""Operating points on real decisions: how much they automate, and whether they keep their promises.

python benchmarks/operating_points.py                    200 random splits of both data sets
python benchmarks/operating_points.py mortgage 20        20 splits of the mortgage applications

Of each random split a quarter is kept untouched for the test. The rest goes the way of `referee train` with its own
defaults: two fifths teach, three fifths choose the thresholds. The data stand in ../shared/data or
$REFEREE_SHARED/data; see the README there for what they are.
"""

from __future__ import annotations

import csv
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("REFEREE_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
SPLITS = 200
FIRST_SPLIT = 2000
"""Splits below were looked at while the selection of thresholds was worked out; those from here on never."""
PROCESSES = 2
CONFIDENCE = 0.95

Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A data set: its target, the label that is decided automatically, the promises, and what stays out."""

    name: str
    target: str
    labels: tuple[str, str]
    approved: str
    promises: tuple[float, ...]
    kept_out: tuple[str, ...]
    protected: tuple[str, ...]

    def cases(self) -> list[Case]:
        """The cases with numbers as decimals, in the order of the file."""
        with (SHARED / f"{self.name}").open(encoding="utf-8", newline="") as file:
            if self.name.endswith(".csv"):
                rows: list[dict[str, str]] = list(csv.DictReader(file))
            else:
                names = [*(f"A{number}" for number in range(1, 21)), self.target]
                rows = [dict(zip(names, line.split(), strict=True)) for line in file]
        return [
            {name: text if name == self.target else _value(text) for name, text in row.items()}
            for row in rows
        ]


TASKS = {
    "mortgage": Task(
        "mortgage_applications.csv",
        target="deny",
        labels=("no", "yes"),
        approved="no",
        promises=(0.08, 0.06),
        kept_out=("rownames",),
        protected=("afam",),
    ),
    # Personal status and sex, age, and foreign workers are protected.
    "german": Task(
        "german_credit.data",
        target="A21",
        labels=("1", "2"),
        approved="1",
        promises=(0.20, 0.15, 0.10),
        kept_out=(),
        protected=("A9", "A13", "A20"),
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One split and promise on the test cases: the ranking, and how many were automatic and wrong."""

    split: int
    promise: float
    classifier: str
    auc: float
    found: bool
    cases: int
    automatic: int
    wrong: int
    tested: int
    as_mapie: int | None
    but_for_rounding: int


def measured(name: str, split: int) -> list[Outcome]:
    """The outcome of one split for each promise."""
    import numpy
    from sklearn.metrics import roc_auc_score

    from referee.scoring.card import MODEL_FILE
    from referee.scoring.encoding import encode, inputs_of
    from referee.scoring.operating_points import Goal, Judged
    from referee.scoring.split import HELD_OUT_SHARE, stratified_split
    from referee.scoring.training import train
    from referee.scoring.trusted_pickle import load_trusted

    task = TASKS[name]
    cases = task.cases()
    random.Random(split).shuffle(cases)
    quarter = len(cases) // 4
    test, rest = cases[:quarter], cases[quarter:]
    taught, choosing = (
        [rest[at] for at in part]
        for part in stratified_split([case[task.target] for case in rest], HELD_OUT_SHARE, split)
    )
    goals = [Goal(promise, task.approved, CONFIDENCE) for promise in task.promises]
    with tempfile.TemporaryDirectory() as folder:
        card = train(
            taught,
            holdout=choosing,
            name="measured",
            version=str(split),
            target=task.target,
            labels=dict.fromkeys(task.labels, ""),
            features=_features(task, taught),
            protected=task.protected,
            models_folder=folder,
            author="benchmark",
            source=task.name,
            split_rule=f"random.Random({split}).shuffle",
            limits_of_use="a measurement",
            goals=goals,
            seed=split,
        )
        model = load_trusted((Path(folder) / "measured" / MODEL_FILE).read_bytes(), "measured")
    inputs = inputs_of(card.features, card.range_margin)

    def scored(some: Sequence[Case]) -> tuple[Any, Any, int]:
        encoded = [(row, case) for case in some for row, doubts in [encode(inputs, case)] if not doubts]
        codes = numpy.array([task.labels.index(case[task.target]) for _, case in encoded])
        return model.predict_proba(numpy.array([row for row, _ in encoded])), codes, len(some) - len(encoded)

    shares, codes, refused = scored(test)
    auc = float(roc_auc_score(codes, shares[:, 1]))
    outcomes = []
    for goal, point in zip(goals, card.operating_points, strict=True):
        judged = Judged.by(goal, shares, codes, task.labels, refused)
        automatic = judged.scores >= (2.0 if point.threshold is None else point.threshold)
        checked = _as_mapie(goal, Judged.by(goal, *scored(choosing)[:2], task.labels), point)
        outcomes.append(
            Outcome(
                split,
                goal.most_wrong,
                card.classifier,
                auc,
                point.threshold is not None,
                judged.rows,
                int(automatic.sum()),
                int(judged.wrong[automatic].sum()),
                len(point.tested),
                *checked,
            )
        )
    return outcomes


def _as_mapie(goal: Any, choosing: Any, point: Any) -> tuple[int | None, int]:
    """For how many of the tested thresholds MAPIE's p-value says the same, None where it isn't installed; and for how
    many others it would with one error more, which is how it rounds."""
    try:
        from mapie.risk_control import BinaryClassificationController
    except ImportError:
        return None, 0
    import numpy

    from referee.scoring.operating_points import upper_bound

    controller = BinaryClassificationController(
        lambda scores: numpy.column_stack([1 - scores[:, 0], scores[:, 0]]),
        "precision",
        1 - goal.most_wrong,
        confidence_level=goal.confidence,
        list_predict_params=numpy.array([each.threshold for each in point.tested]),
    )
    controller.calibrate(choosing.scores.reshape(-1, 1), (~choosing.wrong).astype(int))
    holds = numpy.ravel(controller.p_values) <= 1 - goal.confidence
    same = rounded = 0
    for theirs, each in zip(holds, point.tested, strict=True):
        if theirs == (point.threshold is not None):
            same += 1
        else:
            one_more = upper_bound(each.errors + 1, each.automatic, goal.confidence) <= goal.most_wrong
            rounded += bool(theirs == one_more)
    return same, rounded


def report(task: str, outcomes: Sequence[Outcome]) -> None:
    """What came out, promise by promise, and what chance explains of the promises that look broken."""
    from scipy.stats import binom

    first = [outcome for outcome in outcomes if outcome.promise == outcomes[0].promise]
    print(f"\n{task}: {len(first)} splits, AUC {_mean([each.auc for each in first]):.3f} on average")
    kinds = sorted({each.classifier for each in first})
    print("  chosen: " + ", ".join(f"{kind} {sum(e.classifier == kind for e in first)}" for kind in kinds))
    for promise in TASKS[task].promises:
        each = [outcome for outcome in outcomes if outcome.promise == promise]
        used = [outcome for outcome in each if outcome.automatic]
        coverage = _mean([outcome.automatic / outcome.cases for outcome in each])
        none = sum(not outcome.found for outcome in each)
        rate = sum(outcome.wrong for outcome in used) / max(1, sum(outcome.automatic for outcome in used))
        above = sum(outcome.wrong > promise * outcome.automatic for outcome in used) / len(each)
        # Were each split's true rate the average one, the test sample alone would show as many above the promise.
        noise = sum(binom.sf(int(promise * o.automatic), o.automatic, rate) for o in used) / len(each)
        # Splits in which even a true rate equal to the promise makes so many errors less likely than 5 %.
        surely = sum(binom.sf(o.wrong - 1, o.automatic, promise) < 0.05 for o in used) / len(each)
        print(
            f"  at most {promise:.0%}: covers {coverage:.1%} (no threshold in {none} splits), {rate:.2%} wrong; "
            f"test rate above the promise in {above:.1%} of splits, explained 5 % + {noise:.1%}; "
            f"surely above in {surely:.1%}, explained 5 % + 5 %"
        )
        checked = [outcome for outcome in each if outcome.as_mapie is not None]
        if checked:
            same, tested = sum(o.as_mapie or 0 for o in checked), sum(o.tested for o in checked)
            rounded = sum(o.but_for_rounding for o in checked)
            print(
                f"    MAPIE's p-value says the same of {same} of {tested} thresholds, and of {rounded} more but for "
                "one error that its rounding adds"
            )


def _features(task: Task, cases: Sequence[Case]) -> list[Any]:
    from referee.scoring.training import FeatureSpec

    out = {task.target, *task.kept_out, *task.protected}
    return [
        FeatureSpec(name, "number" if isinstance(value, Decimal) else "string")
        for name, value in cases[0].items()
        if name not in out
    ]


def _value(text: str) -> Any:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _all(task: str, splits: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(PROCESSES) as processes:
        waiting = [
            processes.submit(measured, task, split) for split in range(FIRST_SPLIT, FIRST_SPLIT + splits)
        ]
        for done, each in enumerate(waiting, 1):
            yield from each.result()
            print(f"\r{task}: {done} of {splits} splits", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


if __name__ == "__main__":
    tasks = [argument for argument in sys.argv[1:] if argument in TASKS] or list(TASKS)
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    for task in tasks:
        report(task, list(_all(task, numbers[0] if numbers else SPLITS)))

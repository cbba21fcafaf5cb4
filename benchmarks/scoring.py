"""One score at a time: the compiled form against the fitted pipeline's own ``predict_proba``, in one run.

    python benchmarks/scoring.py [rounds]

Logistic regression, gradient boosting and a forest of 200 trees, each in a pipeline that imputes, scales and encodes
10 numeric and 4 categorical features, learnt from 2,000 generated cases. The two take turns: 10 cases one by one,
then the same 10 by the other; then again with turns of one case, so that each finds the processor's cache full of the
other's numbers. Every round has cases that neither has seen. Parity is the largest difference of any probability, over
those cases and over the ones that are compared when a model is compiled. Contributions are timed apart. At the end, how
long a fresh process takes from its start to its first decision.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.scoring.card import Feature
from referee.scoring.columns import Value
from referee.scoring.compiled import CompiledClassifier, read_compiled
from referee.scoring.compiling import compile_classifier
from referee.scoring.contributions import contributions
from referee.scoring.parity import as_rows

ROOT = Path(__file__).resolve().parents[1]
NUMBERS, TEXTS = range(10), range(10, 14)
CATEGORIES = [[f"{letter}{number}" for number in range(5)] for letter in "pqrs"]
TRAINING = 2_000
ROUNDS = 30
TURNS = (10, 1)
STARTS = 5
CONTRIBUTIONS = 20

FIRST_DECISION = """
import sys, tempfile, time
started = time.perf_counter()
from referee import Referee
facts = {
    "rownames": "1", "pirat": 0.221, "hirat": 0.221, "lvrat": 0.8, "chist": 5, "mhist": 2, "phist": "no",
    "unemp": 3.9, "selfemp": "no", "insurance": "no", "condomin": "no", "afam": "no", "single": "no", "hschool": "yes",
}
with tempfile.TemporaryDirectory() as folder:
    decision = Referee("decision_tables/loan_applications.xlsx", audit=folder).decide("1", facts)
assert any(node.name == "denial model" and node.value for node in decision.trace), decision
heavy = {"sklearn", "joblib", "scipy", "numpy"} & set(sys.modules)
print(time.perf_counter() - started, str(decision.route), *sorted(heavy))
"""


@dataclass(frozen=True)
class Workload:
    """A kind of pipeline, made anew."""

    name: str
    pipeline: Callable[[], Any]


def workloads() -> list[Workload]:
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)

    def prepared(numbers: Any, texts: Any) -> ColumnTransformer:
        return ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("texts", texts, list(TEXTS))])

    return [
        Workload(
            "logistic regression",
            lambda: make_pipeline(
                prepared(make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), one_hot),
                LogisticRegression(max_iter=1000),
            ),
        ),
        Workload(
            "gradient boosting, by bins",
            lambda: make_pipeline(
                prepared(SimpleImputer(strategy="median"), codes),
                HistGradientBoostingClassifier(random_state=0),
            ),
        ),
        Workload(
            "gradient boosting, exact",
            lambda: make_pipeline(
                prepared(SimpleImputer(strategy="median"), one_hot),
                GradientBoostingClassifier(random_state=0),
            ),
        ),
        Workload(
            "forest of 200 trees",
            lambda: make_pipeline(
                prepared(SimpleImputer(strategy="median"), one_hot),
                RandomForestClassifier(200, random_state=0),
            ),
        ),
    ]


def cases(count: int, chance: Random) -> list[list[Value]]:
    return [
        [
            *(None if chance.random() < 0.03 else round(chance.gauss(0, 10), 2) for _ in NUMBERS),
            *(chance.choice(categories) for categories in CATEGORIES),
        ]
        for _ in range(count)
    ]


def label(case: list[Value], chance: Random) -> int:
    first, second, third = (float(case[position] or 0) for position in range(3))
    return int(
        first / 5 + second * third / 100 + CATEGORIES[0].index(str(case[10])) - 2 + chance.gauss(0, 1) > 0
    )


def described(learnt: list[list[Value]]) -> tuple[Feature, ...]:
    numbers = [
        [float(case[position]) for case in learnt if case[position] is not None] for position in NUMBERS
    ]  # type: ignore[arg-type]
    return (
        *(
            Feature(
                name=f"n{position}", type="number", missing="impute", minimum=min(seen), maximum=max(seen)
            )
            for position, seen in enumerate(numbers)
        ),
        *(
            Feature(name=f"t{position}", type="string", categories=tuple(categories))
            for position, categories in enumerate(CATEGORIES)
        ),
    )


def compare(workload: Workload, rounds: int) -> None:
    chance = Random(1)
    learnt = cases(TRAINING, chance)
    features = described(learnt)
    pipeline = workload.pipeline().fit(
        as_rows(features, learnt, "plain"), [label(case, chance) for case in learnt]
    )
    started = time.perf_counter()
    made = compile_classifier(pipeline, features, learnt, range_margin=0.1, takes="plain")
    took = time.perf_counter() - started
    if made.content is None:
        raise SystemExit(f"{workload.name}: {made.reason}")
    started = time.perf_counter()
    compiled = read_compiled(made.content, workload.name, [feature.name for feature in features], 2)
    read = time.perf_counter() - started
    difference, told = made.difference, []
    for turn in TURNS:
        mine, scikit, largest = taking_turns(compiled, pipeline, features, chance, turn, rounds * 10 // turn)
        difference = max(difference, largest)
        told.append(f"{mine * 1e6:9.1f} µs {scikit * 1e3:9.2f} ms {scikit / mine:7.0f} x")
    started = time.perf_counter()
    for case in learnt[:CONTRIBUTIONS]:
        contributions(compiled, [feature.name for feature in features], case, 1)
    pushed = (time.perf_counter() - started) / CONTRIBUTIONS
    print(
        f"{workload.name:28} {' '.join(told)} {difference:10.1e} {len(made.content) / 1e3:9.0f} kB"
        f" {read * 1e3:8.1f} ms {took:7.1f} s {pushed * 1e3:9.2f} ms"
    )


def taking_turns(
    compiled: CompiledClassifier,
    pipeline: Any,
    features: tuple[Feature, ...],
    chance: Random,
    turn: int,
    rounds: int,
) -> tuple[float, float, float]:
    """Median seconds of both for one case, and the largest difference of a probability."""
    ours, theirs, difference = [], [], 0.0
    for _ in range(rounds):
        fresh = cases(turn, chance)
        rows = as_rows(features, fresh, "plain")
        found, expected = [], []
        for case in fresh:
            started = time.perf_counter()
            found.append(compiled.probabilities(case))
            ours.append(time.perf_counter() - started)
        for position in range(turn):
            row = rows[position : position + 1]
            started = time.perf_counter()
            expected.append(pipeline.predict_proba(row)[0])
            theirs.append(time.perf_counter() - started)
        difference = max(difference, *(abs(numpy.array(found) - expected).ravel()))
    return statistics.median(ours), statistics.median(theirs), difference


def first_decisions() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "library")}
    whole, inner = [], []
    for _ in range(STARTS):
        started = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-c", FIRST_DECISION],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        whole.append(time.perf_counter() - started)
        seconds, route, *heavy = run.stdout.split()
        inner.append(float(seconds))
    print(
        f"\nfirst decision of a fresh process, with audit log: median {statistics.median(whole):.2f} s from the start "
        f"of Python, {statistics.median(inner):.2f} s from `import referee` ({route}); "
        f"{'imports ' + ', '.join(heavy) if heavy else 'neither scikit-learn, joblib, scipy nor numpy imported'}"
    )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    turns = "".join(f"{f'turns of {turn}':>12} {'scikit-learn':>12} {'ratio':>9} " for turn in TURNS)
    print(
        f"{'one case, median':28} {turns}{'parity':>10} {'file':>12} {'to read':>11} {'to compile':>9}"
        f" {'contributions':>12}"
    )
    for workload in workloads():
        compare(workload, rounds)
    first_decisions()


if __name__ == "__main__":
    main()

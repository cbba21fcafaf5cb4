"""Leaks: columns of past cases that tell the outcome because they come from it, named with their evidence.

Kaufman, Rosset, Perlich and Stitelman, "Leakage in Data Mining: Formulation, Detection, and Avoidance" (ACM TKDD 2012):
what isn't known when a case is decided must not be learnt from. No figure can prove a leak; whoever knows the column
may allow it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.encoding import exact_number
from referee.scoring.past_cases import DUPLICATES, PastColumn

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

ALONE_AUC = 0.95
"""A column that alone ranks cases this well is no usual feature."""

GAPS_AUC = 0.8
"""That a value is missing should tell little."""

PURE_CASES = 30
PURE_SHARE = 0.98
DUPLICATES_SHARE = 0.01
_MOST_ROWS = 20_000
_SHUFFLES = 5
_AFTERWARDS_WORDS = frozenset(
    {
        *(
            "approval",
            "approved",
            "approver",
            "cancelled",
            "canceled",
            "chargeback",
            "closed",
            "closing",
            "decided",
        ),
        *(
            "decider",
            "decision",
            "declined",
            "defaulted",
            "denial",
            "denied",
            "final",
            "granted",
            "outcome",
            "refund",
        ),
        *("refunded", "rejected", "rejection", "resolution", "resolved", "reviewed", "reviewer", "settled"),
        *("settlement", "verdict"),
    }
)
_KNOWN_AFTER = re.compile(r"known (?:only )?after|after the (?:decision|outcome|fact)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A column that may come from the outcome. ``is_leak`` if it is refused unless allowed, else a thing to know."""

    column: str
    kind: str
    evidence: str
    is_leak: bool = True

    def __str__(self) -> str:
        subject = f"`{self.column}`: " if self.column else ""
        return f"{subject}{self.kind}: {self.evidence}"


def find_leaks(
    cases: Sequence[Mapping[str, Any]],
    columns: Sequence[PastColumn],
    target: str,
    labels: Sequence[str],
    known_afterwards: Sequence[str] = (),
) -> list[Suspicion]:
    """What in the training cases looks like the outcome: of each column, looked at alone, the first suspicion."""
    if len(cases) > _MOST_ROWS:
        step = len(cases) / _MOST_ROWS
        cases = [cases[int(at * step)] for at in range(_MOST_ROWS)]
    codes = numpy.array([labels.index(case[target]) for case in cases])
    found = []
    for column in columns:
        values = [case.get(column.name) for case in cases]
        suspicion = _of_column(column, values, codes, target, labels, known_afterwards)
        if suspicion is not None:
            found.append(suspicion)
    return found


def find_duplicates(
    learnt: Sequence[Mapping[str, Any]],
    unseen: Sequence[Mapping[str, Any]],
    columns: Sequence[PastColumn],
    target: str,
) -> list[Suspicion]:
    """Held-out cases that equal a training case in every column, as happens to exports that hold cases twice."""

    names = [*(column.name for column in columns), target]
    everything = [tuple(case.get(name) for name in names) for case in (*learnt, *unseen)]
    twins = _twins(everything, len(learnt))
    if not twins:
        return []
    evidence = f"{twins} of {len(unseen)} held-out cases equal a training case in all columns"
    # Few columns of few values make equal cases by chance; then most cases have a twin.
    suspicious = (
        twins > max(2, DUPLICATES_SHARE * len(unseen))
        and len(set(everything)) > 0.8 * len(everything)
        and twins > 3 * _twins_by_chance(everything, len(learnt)) + 3
    )
    return [Suspicion("", DUPLICATES, evidence, suspicious)]


def _twins(cases: Sequence[tuple[Any, ...]], learnt: int) -> int:
    known = set(cases[:learnt])
    return sum(case in known for case in cases[learnt:])


def _twins_by_chance(cases: Sequence[tuple[Any, ...]], learnt: int) -> float:
    """How many there would be, had the columns nothing to do with each other: each is shuffled by itself."""
    chance = Random(0)
    found = 0
    for _ in range(_SHUFFLES):
        columns = [list(column) for column in zip(*cases, strict=True)]
        for column in columns:
            chance.shuffle(column)
        found += _twins(list(zip(*columns, strict=True)), learnt)
    return found / _SHUFFLES


def find_drift(labels_in_order: Sequence[str], of_what: str) -> list[Suspicion]:
    """A share of labels that changes along the file or time, so that cases to come may be unlike those judged."""
    from scipy.stats import chi2_contingency  # type: ignore[import-untyped]

    names = sorted(set(labels_in_order))
    parts = numpy.array_split(numpy.array([names.index(label) for label in labels_in_order]), 5)
    counts = numpy.array([[int((part == code).sum()) for code in range(len(names))] for part in parts])
    chance = float(chi2_contingency(counts).pvalue)
    if chance >= 1e-4:
        return []
    shares = counts / counts.sum(axis=1, keepdims=True)
    widest = int(numpy.argmax(numpy.ptp(shares, axis=0)))
    told = ", ".join(f"{share * 100:.0f} %" for share in shares[:, widest])
    advice = "" if of_what == "time" else "; if the order is that of time, give --time"
    return [
        Suspicion(
            "",
            "drift",
            f"the share of `{names[widest]}` along {of_what}, fifth by fifth: {told} (chance {chance:.1g}): "
            f"a guarantee holds for cases like those held out{advice}",
            is_leak=False,
        )
    ]


def telling_auc(rows: Matrix, codes: Codes) -> float:
    """How well a small tree on these columns ranks the labels, on cases it hasn't seen: 0.5 tells nothing, 1 all."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    counts = numpy.bincount(codes)
    if len(counts) < 2 or counts.min() < 5 or not rows.shape[1]:
        return 0.5
    tree = DecisionTreeClassifier(
        max_leaf_nodes=16, min_samples_leaf=max(3, len(codes) // 500), random_state=0
    )
    shares = cross_val_predict(
        tree, rows, codes, cv=StratifiedKFold(5, shuffle=True, random_state=0), method="predict_proba"
    )
    if len(counts) == 2:
        return float(roc_auc_score(codes, shares[:, 1]))
    return float(roc_auc_score(codes, shares, multi_class="ovr"))


def _of_column(
    column: PastColumn,
    values: Sequence[Any],
    codes: Codes,
    target: str,
    labels: Sequence[str],
    known_afterwards: Sequence[str],
) -> Suspicion | None:
    name = column.name
    if name in known_afterwards:
        return Suspicion(name, "known only afterwards", "declared so")
    if _KNOWN_AFTER.search(column.description):
        return Suspicion(name, "known only afterwards", f"the data dictionary says: {column.description}")
    same = _same_as_target(values, codes, labels, target)
    if same:
        return Suspicion(name, "the target again", same)
    missing = numpy.array([value is None for value in values])
    if missing.any():
        gaps = telling_auc(missing.reshape(-1, 1).astype(numpy.float64), codes)
        if gaps >= GAPS_AUC:
            return Suspicion(
                name,
                "missing where the outcome makes it so",
                f"whether it is blank ranks cases with AUC {gaps:.3f}, blank in {int(missing.sum())} of {len(values)}",
            )
    alone = telling_auc(single_columns(values), codes)
    if alone >= ALONE_AUC:
        return Suspicion(name, "alone predicts the target", f"AUC {alone:.3f} with this column only")
    pure = _pure_value(values, codes, labels, target)
    if pure:
        return Suspicion(name, "a value that settles the target", pure)
    words = _words(name)
    telling = sorted(words & (_AFTERWARDS_WORDS | _words(target)))
    if telling:
        return Suspicion(
            name,
            "known only afterwards, by its name",
            f"its name holds {' and '.join(f'`{word}`' for word in telling)}; AUC {alone:.3f} with this column only",
        )
    return None


def single_columns(values: Sequence[Any]) -> Matrix:
    """One feature as columns for a tree: a number as it is, a text as one column for each of the most frequent ones."""
    numbers = [
        None if value is None else float(value) if isinstance(value, bool) else exact_number(value)
        for value in values
    ]
    if all(number is not None or value is None for number, value in zip(numbers, values, strict=True)):
        return numpy.array([[numpy.nan if number is None else float(number)] for number in numbers])
    frequent = [text for text, _ in Counter(value for value in values if value is not None).most_common(50)]
    return numpy.array([[float(value == text) for text in frequent] for value in values])


def _same_as_target(values: Sequence[Any], codes: Codes, labels: Sequence[str], target: str) -> str:
    """Whether the column and the target name each other, value for value."""
    known = {value for value in values if value is not None}
    if len(known) != len(labels) or any(value is None for value in values):
        return ""
    pairs = {(value, int(code)) for value, code in zip(values, codes, strict=True)}
    if len(pairs) != len(labels):
        return ""
    told = ", ".join(f"`{value}` is `{labels[code]}`" for value, code in sorted(pairs, key=str))
    return f"{told} of `{target}` in all {len(values)} cases"


def _pure_value(values: Sequence[Any], codes: Codes, labels: Sequence[str], target: str) -> str:
    """A value, or a gap, that in many cases goes with one label that is otherwise not so frequent."""
    groups: dict[Any, list[int]] = {}
    for value, code in zip(values, codes, strict=True):
        groups.setdefault(value, []).append(int(code))
    if len(groups) > 50:
        groups = {None: groups.get(None, [])}
    for value, found in groups.items():
        if len(found) < PURE_CASES:
            continue
        code, count = Counter(found).most_common(1)[0]
        share, usual = count / len(found), float((codes == code).mean())
        # As unlikely as this by chance, were the value to say nothing: by far less than one in a million.
        if share >= PURE_SHARE and usual < 0.9 and usual**count < 1e-9:
            written = "where it is blank" if value is None else f"where it is `{value}`"
            return (
                f"{written}, `{target}` is `{labels[code]}` in {count} of {len(found)} cases, against "
                f"{usual * 100:.0f} % of all"
            )
    return ""


def _words(name: str) -> set[str]:
    return {
        word
        for word in re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
        if len(word) > 2
    }

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
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.card import Finding
from referee.scoring.encoding import exact_number
from referee.scoring.past_cases import TOO_GOOD
from referee.scoring.past_columns import PastColumn
from referee.scoring.refusal import refuse, shell_word

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

ALONE_AUC = 0.95
"""A column that alone ranks cases this well is no usual feature."""

GAPS_AUC = 0.8
"""That a value is missing should tell little."""

PURE_CASES = 30
PURE_SHARE = 0.98
PURE_CHANCE = 1e-6
"""By chance less often than this, all values of the column together."""

TOO_GOOD_AUC = 0.98
"""No honest model of cases that people found hard ranks them this well."""

_MOST_ROWS = 20_000
_FOLDS = 5
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
    """What in the cases looks like the outcome: of each column, looked at alone, the first suspicion.

    All cases count, for a leak of few of them shows in no part. Trees see 20,000 of them, evenly taken.
    """
    codes = numpy.array([labels.index(case[target]) for case in cases])
    found = []
    for column in columns:
        values = [case.get(column.name) for case in cases]
        suspicion = _of_column(column, values, codes, target, labels, known_afterwards)
        if suspicion is not None:
            found.append(suspicion)
    return found


def find_too_good(auc: float, influence: Mapping[str, float]) -> list[Suspicion]:
    """A model that is nearly always right on unseen cases: columns together may tell what none of them tells alone.

    ``influence`` is that of each feature, the strongest first.
    """
    if auc < TOO_GOOD_AUC:
        return []
    strongest = ", ".join(f"`{name}`" for name in list(influence)[:3])
    evidence = f"AUC {auc:.3f} on unseen cases, mostly by {strongest}: look how these come about"
    return [Suspicion("", TOO_GOOD, evidence)]


def judged_findings(suspicions: Sequence[Suspicion], allowed: Sequence[str]) -> list[Finding]:
    """The findings for the card. Raises ``InputError`` that names each leak nobody allowed."""
    leaks = [each for each in suspicions if each.is_leak and (each.column or each.kind) not in allowed]
    drops = " ".join(f"--drop {shell_word(each.column)}" for each in leaks if each.column)
    allows = " ".join(f"--allow-leak {shell_word(each.column or each.kind)}" for each in leaks)
    out = f"leave them out: {drops}" if drops else "leave them out"
    advice = f"{out}; where all is known, as it stands here, before the decision: {allows}"
    refuse("what looks like a leak stops the training", [str(each) for each in leaks], advice)
    return [
        Finding(
            column=each.column,
            kind=each.kind,
            evidence=each.evidence,
            status="allowed" if each.is_leak else "note",
        )
        for each in suspicions
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
    some = numpy.unique(numpy.linspace(0, len(values) - 1, min(len(values), _MOST_ROWS)).astype(numpy.int64))
    missing = numpy.array([value is None for value in values])
    if missing.any():
        gaps = telling_auc(missing[some].reshape(-1, 1).astype(numpy.float64), codes[some])
        if gaps >= GAPS_AUC:
            return Suspicion(
                name,
                "missing where the outcome makes it so",
                f"whether it is blank ranks cases with AUC {gaps:.3f}, blank in {int(missing.sum())} of {len(values)}",
            )
    sample = [values[at] for at in some]
    alone = max(telling_auc(single_columns(sample), codes[some]), values_auc(sample, codes[some]))
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


def values_auc(values: Sequence[Any], codes: Codes) -> float:
    """How well the labels that each value goes with in other cases rank the labels: 0.5 tells nothing, 1 all.

    It finds codes that a tree can't put in order, however many there are. Micci-Barreca, "A Preprocessing Scheme for
    High-Cardinality Categorical Attributes" (SIGKDD Explorations 2001), out of fold.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    labels = int(codes.max()) + 1
    counts = numpy.bincount(codes, minlength=labels)
    if labels < 2 or counts.min() < _FOLDS:
        return 0.5
    places: dict[Any, int] = {}
    kinds = numpy.array([places.setdefault(value, len(places)) for value in values])
    usual = counts / len(codes)
    shares = numpy.zeros((len(codes), labels))
    for learnt, part in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(kinds, codes):
        seen = numpy.zeros((len(places), labels))
        numpy.add.at(seen, (kinds[learnt], codes[learnt]), 1.0)
        # One case's weight of what is usual, for values that are rare or new.
        told = (seen + usual) / (seen.sum(axis=1, keepdims=True) + 1)
        shares[part] = told[kinds[part]]
    if labels == 2:
        return float(roc_auc_score(codes, shares[:, 1]))
    return float(roc_auc_score(codes, shares / shares.sum(axis=1, keepdims=True), multi_class="ovr"))


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
    """A value, or a gap, that in many cases goes with one label that is otherwise not so frequent.

    How likely that is by chance is exact: the hypergeometric distribution, for as many values as are looked at.
    """
    from scipy.stats import hypergeom  # type: ignore[import-untyped]

    groups: dict[Any, list[int]] = {}
    for value, code in zip(values, codes, strict=True):
        groups.setdefault(value, []).append(int(code))
    many = {value: found for value, found in groups.items() if len(found) >= PURE_CASES}
    for value, found in many.items():
        code, count = Counter(found).most_common(1)[0]
        all_of_it = int((codes == code).sum())
        usual = all_of_it / len(codes)
        if count < PURE_SHARE * len(found) or usual >= 0.9:
            continue
        if hypergeom.sf(count - 1, len(codes), all_of_it, len(found)) * len(many) < PURE_CHANCE:
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

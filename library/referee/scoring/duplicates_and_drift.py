"""The past cases as a whole: the same ones twice, and outcomes that change with time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy

from referee.scoring.leaks import Suspicion
from referee.scoring.past_cases import DUPLICATES
from referee.scoring.past_columns import PastColumn

DUPLICATES_SHARE = 0.01
COPIES_MIXED = 0.2
"""Of equal cases more than this share of what is usual has different labels, unless they are copies."""

_SHUFFLES = 5


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
    # Few columns of few values make equal cases by chance, but these don't all have the same label.
    suspicious = (
        twins > max(2, DUPLICATES_SHARE * len(unseen))
        and twins > 3 * _twins_by_chance(everything, len(learnt)) + 3
        and not _differ_in_label(everything)
    )
    return [Suspicion("", DUPLICATES, evidence, suspicious)]


def without_copies(
    cases: Sequence[Mapping[str, Any]], columns: Sequence[PastColumn], target: str
) -> list[Mapping[str, Any]]:
    """Each case once: with its copies any column would seem to tell the outcome."""
    names = [*(column.name for column in columns), target]
    return list({tuple(case.get(name) for name in names): case for case in cases}.values())


def _twins(cases: Sequence[tuple[Any, ...]], learnt: int) -> int:
    known = set(cases[:learnt])
    return sum(case in known for case in cases[learnt:])


def _differ_in_label(cases: Sequence[tuple[Any, ...]]) -> bool:
    """Whether cases that are equal but for the label, the last, differ in it: copies never do.

    How many groups would, were labels given by lot, is the measure; columns that depend on each other, as the price
    and the size of a product do, make equal cases without any being there twice.
    """
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for case in cases:
        groups.setdefault(case[:-1], []).append(case[-1])
    equal = [found for found in groups.values() if len(found) > 1]
    labels = [label for found in equal for label in found]
    Random(0).shuffle(labels)
    given = iter(labels)
    by_lot = sum(len({next(given) for _ in found}) > 1 for found in equal)
    return sum(len(set(found)) > 1 for found in equal) > COPIES_MIXED * by_lot


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

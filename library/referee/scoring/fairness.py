"""The model on groups of protected attributes, and how well its features tell these attributes all the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from referee.scoring.card import Group, OperatingPoint, Proxy
from referee.scoring.encoding import exact_number
from referee.scoring.operating_points import Goal, Judged
from referee.scoring.past_cases import label_text

Matrix = NDArray[numpy.float64]
Codes = NDArray[numpy.int64]

MOST_GROUPS = 10
TELLING_AUC = 0.6
"""A feature that tells a protected attribute this well alone is named."""
_FEWEST = 20
_MOST_ROWS = 20_000


def parity_figures(
    cases: Sequence[Mapping[str, Any]],
    judged: Matrix,
    codes: Codes,
    labels: Sequence[str],
    protected: Sequence[str],
    points: Sequence[OperatingPoint],
) -> tuple[Group, ...]:
    """The model on each group of the protected attributes; ``cases`` are the judged ones, in order.

    A number with more values than groups is divided at its quartiles. A text with more has no groups.
    """
    groups = []
    for attribute in protected:
        values, names = _groups([case.get(attribute) for case in cases])
        for value in names:
            rows = numpy.array([found == value for found in values])
            groups.append(_group(attribute, value, judged[rows], codes[rows], labels, points))
    return tuple(groups)


def proxies(
    cases: Sequence[Mapping[str, Any]],
    rows: Matrix,
    names: Sequence[str],
    widths: Sequence[int],
    protected: Sequence[str],
    telling: Callable[[Matrix, Codes], float],
) -> tuple[Proxy, ...]:
    """How well the features (``rows``, of ``widths`` columns each) tell each protected attribute.

    ``telling`` gives the cross-validated AUC. Groups of less than 20 cases are left out of it.
    """
    found = []
    for attribute in protected:
        values, groups = _groups([case.get(attribute) for case in cases])
        known = [name for name in groups if values.count(name) >= _FEWEST]
        if len(known) < 2:
            continue
        kept = numpy.array([value in known for value in values])
        kept &= numpy.cumsum(kept) <= _MOST_ROWS
        codes = numpy.array(
            [known.index(value) for value, is_kept in zip(values, kept, strict=True) if is_kept]
        )
        alone, first = {}, 0
        for name, width in zip(names, widths, strict=True):
            auc = telling(rows[kept, first : first + width], codes)
            first += width
            if auc >= TELLING_AUC:
                alone[name] = round(auc, 6)
        found.append(
            Proxy(
                attribute=attribute,
                auc=round(telling(rows[kept], codes), 6),
                alone=dict(sorted(alone.items(), key=lambda item: -item[1])),
            )
        )
    return tuple(found)


def _groups(values: Sequence[Any]) -> tuple[list[str], list[str]]:
    """The group of each value, and the groups in order; no groups where there would be too many."""
    distinct = {value for value in values if value is not None}
    if len(distinct) <= MOST_GROUPS:
        texts = [_as_text(value) for value in values]
        return texts, sorted(set(texts))
    numbers = [None if value is None else exact_number(value) for value in values]
    if any(number is None and value is not None for number, value in zip(numbers, values, strict=True)):
        return ["" for _ in values], []
    known = sorted(number for number in numbers if number is not None)
    cuts = sorted({known[len(known) * quarter // 4] for quarter in (1, 2, 3)})
    names = [
        *(f"below {cuts[0]:f}",),
        *(f"{low:f} to below {high:f}" for low, high in itertools.pairwise(cuts)),
        f"{cuts[-1]:f} and above",
    ]
    placed = ["" if number is None else names[sum(number >= cut for cut in cuts)] for number in numbers]
    return placed, [name for name in (*names, "") if name in placed]


def _group(
    attribute: str,
    value: str,
    judged: Matrix,
    codes: Codes,
    labels: Sequence[str],
    points: Sequence[OperatingPoint],
) -> Group:
    predicted = judged.argmax(axis=1)
    automatic, errors = [], []
    for point in points:
        by = Judged.by(Goal(point.most_wrong, point.label), judged, codes, labels)
        reached = by.scores >= (2.0 if point.threshold is None else point.threshold)
        automatic.append(int(reached.sum()))
        errors.append(int(by.wrong[reached].sum()))
    return Group(
        attribute=attribute,
        value=value,
        rows=len(codes),
        truth={label: round(float((codes == code).mean()), 6) for code, label in enumerate(labels)},
        predicted={label: round(float((predicted == code).mean()), 6) for code, label in enumerate(labels)},
        accuracy=round(float((predicted == codes).mean()), 6),
        automatic=tuple(automatic),
        errors=tuple(errors),
        error_rates=tuple(interval(wrong, cases) for wrong, cases in zip(errors, automatic, strict=True)),
    )


def interval(errors: int, cases: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a rate (Clopper and Pearson 1934), to six places outwards."""
    from scipy.stats import beta  # type: ignore[import-untyped]

    beyond = (1 - confidence) / 2
    low = 0.0 if errors == 0 else float(beta.ppf(beyond, errors, cases - errors + 1))
    high = 1.0 if errors >= cases else float(beta.ppf(1 - beyond, errors + 1, cases - errors))
    return float(numpy.floor(low * 1e6) / 1e6), min(1.0, float(numpy.ceil(high * 1e6) / 1e6))


def _as_text(value: Any) -> str:
    return "" if value is None else label_text(value)

"""A fitted classifier as plain numbers: scores of one case at a time, without scikit-learn, joblib or numpy."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import mul
from typing import TYPE_CHECKING, Any

from referee.domain import ModelError
from referee.scoring.columns import Columns, Unscorable, Value
from referee.scoring.trees import Trees

if TYPE_CHECKING:
    from referee.scoring.leaf_paths import LeafPaths

COMPILED_FILE = "compiled.json"
FORMAT = 1


class CompiledClassifier(ABC):
    """What scikit-learn's ``predict_proba`` gives for one case, worked out in plain Python.

    ``raw`` is what ``decision_function`` gives (log-odds) or, for a forest, the shares of its trees: one number
    for the second of two labels, or one for each label. ``link`` makes probabilities of it.
    """

    link: str

    @abstractmethod
    def raw(self, values: Sequence[Value]) -> list[float]:
        """Before the link. Raises ``Unscorable`` for values that the fitted pipeline refuses."""

    def probabilities(self, values: Sequence[Value]) -> list[float]:
        """One for each label, in the order of the card."""
        return _LINKS[self.link](self.raw(values))

    def raw_of(self, cases: Sequence[Sequence[Value]]) -> list[list[float]]:
        """What `raw` gives for each case, to the last bit. Raises ``Unscorable`` if any can't be scored."""
        return [self.raw(values) for values in cases]

    def probabilities_of(self, cases: Sequence[Sequence[Value]]) -> list[list[float]]:
        """What `probabilities` gives for each case, to the last bit. Raises ``Unscorable`` if any can't be scored."""
        return [_LINKS[self.link](raw) for raw in self.raw_of(cases)]

    @property
    def gains_in_batches(self) -> bool:
        """Whether many cases at once cost clearly less than one by one."""
        return False


class Linear(CompiledClassifier):
    """Logistic regression. ``centre`` is the mean row of the training cases."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.link = stored["link"]
        self.columns = Columns(stored["columns"])
        self.weights: list[list[float]] = stored["weights"]
        self.intercepts: list[float] = stored["intercepts"]
        self.centre: list[float] = stored["centre"]

    def raw(self, values: Sequence[Value]) -> list[float]:
        row = self.columns.row(values)
        try:
            raw = [
                math.fsum(map(mul, weights, row)) + intercept
                for weights, intercept in zip(self.weights, self.intercepts, strict=True)
            ]
        except (OverflowError, ValueError):
            raw = [math.nan]
        if not all(map(math.isfinite, raw)):
            raise Unscorable("a missing or endless number, which a linear model can't take")
        return raw


class Ensemble(CompiledClassifier):
    """A tree, a forest (the mean of its trees) or gradient boosting (a baseline and the sum of its trees).

    ``leaves`` holds for each output the numbers of the leaves. Boosting with more than two labels has trees for
    each output in turn; a forest's trees speak of all outputs.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.link = stored["link"]
        self.columns = Columns(stored["columns"])
        self.trees = Trees(stored["trees"], stored["leaves"])
        self.baseline: list[float] = stored["baseline"]
        self.takes_turns: bool = stored["takes_turns"]
        self.divisor: float = stored["divisor"]

    @cached_property
    def paths(self) -> LeafPaths:
        """What contributions are told from. Made when first asked for, and imports numpy."""
        from referee.scoring.leaf_paths import LeafPaths

        return LeafPaths(self.trees, self.columns.features)

    def raw(self, values: Sequence[Value]) -> list[float]:
        return self._summed(self.trees.numbers(self.columns.row(values)))

    def raw_of(self, cases: Sequence[Sequence[Value]]) -> list[list[float]]:
        return [
            self._summed(each) for each in self.trees.numbers_of([self.columns.row(case) for case in cases])
        ]

    @property
    def gains_in_batches(self) -> bool:
        return self.trees.gains_in_batches

    def _summed(self, numbers: list[list[float]]) -> list[float]:
        outputs = len(self.baseline)
        if self.takes_turns:
            [said] = numbers
            return [base + math.fsum(said[output::outputs]) for output, base in enumerate(self.baseline)]
        return [
            base + math.fsum(said) / self.divisor for base, said in zip(self.baseline, numbers, strict=True)
        ]


class Calibrated(CompiledClassifier):
    """Classifiers whose raw scores go through a calibration each; the mean of their probabilities.

    ``slope`` is by how much the log-odds of the second of two labels grow with the raw score, where that is the same
    everywhere: one classifier with one sigmoid.
    """

    link = "share"

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.members = [
            (_classifier(member["classifier"]), [_calibration(each) for each in member["calibrations"]])
            for member in stored["members"]
        ]
        self.slope = _slope_of(stored["members"])

    def raw(self, values: Sequence[Value]) -> list[float]:
        """The calibrated probability of the second of two labels, or of each label."""
        return self._mean([member.raw(values) for member, _ in self.members])

    def raw_of(self, cases: Sequence[Sequence[Value]]) -> list[list[float]]:
        by_member = [member.raw_of(cases) for member, _ in self.members]
        return [self._mean(scores) for scores in zip(*by_member, strict=True)]

    @property
    def gains_in_batches(self) -> bool:
        return any(member.gains_in_batches for member, _ in self.members)

    def _mean(self, scores: Sequence[Sequence[float]]) -> list[float]:
        each = [
            _normalised([calibration(score) for calibration, score in zip(calibrations, said, strict=True)])
            for (_, calibrations), said in zip(self.members, scores, strict=True)
        ]
        return [math.fsum(shares) / len(each) for shares in zip(*each, strict=True)]


def read_compiled(content: bytes, subject: str, features: Sequence[str], labels: int) -> CompiledClassifier:
    """The classifier in these bytes, which must be those whose hash the card holds.

    Raises ``ModelError``, which begins with ``subject``, for another format or a classifier of other features.
    """
    try:
        stored = json.loads(content)
        if stored["format"] != FORMAT:
            raise ModelError(
                f"{subject}: {COMPILED_FILE} has format {stored['format']}, and this version reads {FORMAT}; "
                "train and approve the model again"
            )
        if stored["features"] != list(features) or stored["labels"] != labels:
            raise ModelError(
                f"{subject}: {COMPILED_FILE} is for other features or labels than its card; "
                "train and approve the model again"
            )
        return _classifier(stored["classifier"])
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ModelError(
            f"{subject}: {COMPILED_FILE} isn't a compiled classifier that this version can read "
            f"({type(error).__name__}: {error}); train and approve the model again"
        ) from None


def _classifier(stored: Mapping[str, Any]) -> CompiledClassifier:
    return _KINDS[stored["kind"]](stored)


def logistic(number: float) -> float:
    """1 / (1 + exp(-number)) without overflow."""
    if number >= 0:
        return 1 / (1 + math.exp(-number))
    grown = math.exp(number)
    return grown / (1 + grown)


def _sigmoid(raw: Sequence[float]) -> list[float]:
    share = logistic(raw[0])
    return [1 - share, share]


def _softmax(raw: Sequence[float]) -> list[float]:
    highest = max(raw)
    grown = [math.exp(number - highest) for number in raw]
    total = math.fsum(grown)
    return [number / total for number in grown]


def _share(raw: Sequence[float]) -> list[float]:
    return [1 - raw[0], raw[0]] if len(raw) == 1 else list(raw)


def _normalised(shares: list[float]) -> list[float]:
    """Shares of more than two labels that sum to 1, as scikit-learn has them: all equal if all are 0."""
    if len(shares) > 1:
        total = math.fsum(shares)
        shares = [share / total for share in shares] if total else [1 / len(shares)] * len(shares)
    return [1.0 if 1 < share <= 1 + 1e-5 else share for share in shares]


def _slope_of(members: Sequence[Mapping[str, Any]]) -> float | None:
    calibrations = [each for member in members for each in member["calibrations"]]
    if len(calibrations) != 1 or calibrations[0]["kind"] != "sigmoid":
        return None
    return -float(calibrations[0]["slope"])


def _calibration(stored: Mapping[str, Any]) -> Callable[[float], float]:
    if stored["kind"] == "sigmoid":
        slope, offset = stored["slope"], stored["offset"]
        return lambda score: logistic(-(slope * score + offset))
    scores, shares = stored["scores"], stored["shares"]

    def interpolated(score: float) -> float:
        if score <= scores[0]:
            return float(shares[0])
        if score >= scores[-1]:
            return float(shares[-1])
        after = bisect_right(scores, score)
        low, high = scores[after - 1], scores[after]
        slope = (shares[after] - shares[after - 1]) / (high - low)
        return float(slope * (score - low) + shares[after - 1])

    return interpolated


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], CompiledClassifier]] = {
    "linear": Linear,
    "ensemble": Ensemble,
    "calibrated": Calibrated,
}
_LINKS: Mapping[str, Callable[[Sequence[float]], list[float]]] = {
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "share": _share,
}

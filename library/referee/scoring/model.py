"""A verified classifier and the scores it gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from referee.domain import Diagnostic, Evaluation, ModelError
from referee.scoring.columns import Unscorable, Value
from referee.scoring.encoding import check, inputs_of
from referee.scoring.novelty import NoveltyMeasure

if TYPE_CHECKING:
    from referee.scoring.card import Card
    from referee.scoring.compiled import CompiledClassifier
    from referee.scoring.contributions import Contribution

_SIX_PLACES = Decimal("0.000001")

_NEAR = 1e-3
"""How near a probability may be to where rounding to six places turns, in units of the last place."""


@dataclass(frozen=True, slots=True)
class _Case:
    """The checked values of a case, and how unusual they are."""

    values: list[Value]
    novelty: float


class Model:
    """A classifier whose files were verified when it was loaded. Read for the first score, not before.

    Where the folder holds a compiled form, that gives the scores, and scikit-learn isn't imported.
    ``sha256`` is that of ``card.json``; the card holds the hashes of the other files, so it stands for all.
    ``approver`` is whose signature was verified, empty where this machine asks for none. ``features`` and ``labels``
    are names, in the order of the card; ``card`` says the rest.
    """

    def __init__(
        self, card: Card, sha256: str, content: bytes, compiled: bytes | None = None, approver: str = ""
    ) -> None:
        self.card = card
        self.name: str = card.name
        self.version: str = card.version
        self.sha256 = sha256
        self.approver = approver
        self.features: tuple[str, ...] = tuple(feature.name for feature in card.features)
        self.labels: tuple[str, ...] = tuple(card.labels)
        self._inputs = inputs_of(card.features, card.range_margin)
        self._content = content
        self._novelty = (
            NoveltyMeasure(card.features, card.novelty, card.training.rows)
            if card.novelty is not None
            else None
        )
        self._compiled_content = compiled
        self._compiled: CompiledClassifier | None = None
        self._classifier: Any = None

    def prepare(self) -> None:
        """Read the classifier now, so that a file that can't be trusted stops the run before its first case.

        Raises ``ModelError``. Without a compiled form it imports scikit-learn, which takes seconds.
        """
        if self._compiled_content is None:
            self._unpickle()
        elif self._compiled is None:
            from referee.scoring.compiled import read_compiled

            self._compiled = read_compiled(
                self._compiled_content, f"model {self.name}", self.features, len(self.labels)
            )

    def _unpickle(self) -> None:
        if self._classifier is not None:
            return
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        from referee.scoring.past_cases import label_text

        classifier = self._read()
        classes = getattr(classifier, "classes_", ())
        positions = [str(position) for position in range(len(self.labels))]
        # Classifiers fitted elsewhere keep the labels themselves.
        known = [positions, list(self.labels)]
        if not hasattr(classifier, "predict_proba") or [label_text(label) for label in classes] not in known:
            raise ModelError(
                f"model {self.name}: its file doesn't hold a fitted classifier for the labels of its card; "
                "train and approve it again"
            )
        # Threads only cost time on one row: 30.6 ms a decision with two of them, 3.0 ms with one.
        threadpool_limits(1)
        self._classifier = classifier

    def _read(self) -> Any:
        from referee.scoring.card import SKOPS_FILE

        subject = f"model {self.name}"
        if self.card.model_file == SKOPS_FILE:
            from referee.scoring.trusted_skops import load_trusted_skops

            return load_trusted_skops(self._content, self.card.trusted_types, subject)
        from referee.scoring.trusted_pickle import load_trusted

        return load_trusted(self._content, subject)

    def compare(self) -> tuple[int, float] | None:
        """How many cases the compiled form and scikit-learn both got, and how far a probability differs at most.

        The cases are drawn from what the card tells of training, at random, and odd (``parity``). None without a
        compiled form. Unpickles, and raises ``ModelError`` like ``prepare``.
        """
        if self._compiled_content is None:
            self.prepare()
            return None
        from referee.scoring.parity import largest_difference, sample_cases

        self._unpickle()
        self.prepare()
        assert self._compiled is not None, "prepared from its content"
        return largest_difference(
            self._compiled,
            self._classifier,
            self.card.features,
            sample_cases(self.card),
            range_margin=self.card.range_margin,
            takes=self.card.takes,
        )

    def score(self, facts: Mapping[str, Any]) -> Evaluation:
        """The label, its confidence and all probabilities; or a diagnostic for each fact in doubt.

        The value is ``{"label": str, "confidence": Decimal, "probabilities": {label: Decimal}, "novelty":
        Decimal}``, with numbers rounded half-even to six places so that machines agree. ``novelty`` (``novelty``)
        is there if the card says what the training cases looked like, and a case beyond the card's limit is in
        doubt. Facts that are not features are ignored.

        Whatever the facts are, nothing is raised. ``ModelError`` comes only from the first score and only if
        the model's file holds something else than a classifier; call ``prepare`` first to learn that before
        any case.
        """
        case = self._usable(facts)
        if isinstance(case, Evaluation):
            return case
        self.prepare()
        try:
            return self._told(case, self._probabilities(case.values))
        except Unscorable as error:
            return _doubt("score-failed", f"the model {self.name} can't score these facts: {error}")
        except Exception as error:  # noqa: BLE001  a classifier may raise anything; to the case that is doubt
            return _doubt(
                "score-failed",
                f"the model {self.name} failed on these facts: {type(error).__name__}: {error}",
            )

    def score_many(self, cases: Sequence[Mapping[str, Any]]) -> list[Evaluation]:
        """What `score` gives for each case, to the last digit, by whole columns as far as that can be."""
        usable = [self._usable(facts) for facts in cases]
        scored = [case for case in usable if not isinstance(case, Evaluation)]
        if scored:
            self.prepare()
        try:
            shares = iter(self._probabilities_of([case.values for case in scored]))
            return [
                case if isinstance(case, Evaluation) else self._told_alike(case, next(shares))
                for case in usable
            ]
        except Exception:  # noqa: BLE001  one case that a classifier refuses must not keep the others from their scores
            return [self.score(facts) for facts in cases]

    @property
    def gains_in_batches(self) -> bool:
        """Whether `score_many` costs clearly less than `score` one by one; True only once a score was asked for."""
        if self._compiled is not None:
            return self._compiled.gains_in_batches
        return self._classifier is not None

    def _usable(self, facts: Mapping[str, Any]) -> _Case | Evaluation:
        """The values to score, or the doubts that there is no score."""
        values, doubts = check(self._inputs, facts)
        if doubts:
            return Evaluation(None, doubts)
        novelty = self._novelty.of(values) if self._novelty is not None else 0.0
        if self._novelty is not None and novelty > self._novelty.limit:
            unusual = ", ".join(f"`{name}`" for name in self._novelty.most_unusual(values))
            return _doubt(
                "score-novel",
                f"the case is {novelty:.4g} times as unlike the training cases as the most unusual of them, and "
                f"the model {self.name} takes up to {self._novelty.limit:.4g}; most unusual: {unusual}",
            )
        return _Case(values, novelty)

    def _told_alike(self, case: _Case, exact: list[float]) -> Evaluation:
        """As if it had been scored alone: scikit-learn's last bits may depend on how many rows there are."""
        if self._compiled is None and any(abs(share * 1e6 % 1 - 0.5) < _NEAR for share in exact):
            exact = self._probabilities(case.values)
        return self._told(case, exact)

    def _told(self, case: _Case, exact: list[float]) -> Evaluation:
        """The score in Decimal numbers, from the probabilities."""
        if (
            len(exact) != len(self.labels)
            or not all(0 <= share <= 1 for share in exact)
            or abs(sum(exact) - 1) > 1e-6
        ):
            return _doubt(
                "score-failed",
                f"the model {self.name} gave something else than probabilities for these facts",
            )
        probabilities = {
            label: Decimal(repr(share)).quantize(_SIX_PLACES, ROUND_HALF_EVEN)
            for label, share in zip(self.labels, exact, strict=True)
        }
        confidence = max(probabilities.values())
        likeliest = [label for label, share in probabilities.items() if share == confidence]
        if len(likeliest) > 1:
            return _doubt(
                "score-tie", f"the model {self.name} finds {' and '.join(likeliest)} equally likely"
            )
        value = {"label": likeliest[0], "confidence": confidence, "probabilities": probabilities}
        if self._novelty is not None:
            value["novelty"] = Decimal(repr(case.novelty)).quantize(_SIX_PLACES, ROUND_HALF_EVEN)
        return Evaluation(value)

    def contributions(self, facts: Mapping[str, Any]) -> tuple[Contribution, ...]:
        """What pushed the score towards its likeliest label or away from it, the strongest first.

        Empty where the facts can't be scored or the model has no compiled form. Costs more than the score.
        """
        from referee.scoring.contributions import contributions

        values, doubts = check(self._inputs, facts)
        if doubts or self._compiled_content is None:
            return ()
        self.prepare()
        assert self._compiled is not None, "prepared from its content"
        try:
            shares = self._compiled.probabilities(values)
            return contributions(self._compiled, self.features, values, shares.index(max(shares)))
        except Exception:  # noqa: BLE001  what explains a score must never keep its case from the people who decide it
            return ()

    def _probabilities(self, values: list[Value]) -> list[float]:
        if self._compiled is not None:
            return self._compiled.probabilities(values)
        return self._probabilities_of([values])[0]

    def _probabilities_of(self, cases: list[list[Value]]) -> list[list[float]]:
        if self._compiled is not None:
            return self._compiled.probabilities_of(cases)
        if not cases:
            return []
        import sklearn

        from referee.scoring.parity import as_rows

        # The rows have been checked above, and scikit-learn's own checks cost more than the prediction.
        with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
            found = self._classifier.predict_proba(as_rows(self.card.features, cases, self.card.takes))
        return [[share if math.isfinite(share) else -1.0 for share in map(float, shares)] for shares in found]


def _doubt(code: str, message: str) -> Evaluation:
    return Evaluation(None, [Diagnostic(code, message)])

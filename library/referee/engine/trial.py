"""Deciding without a bot: what a workbook would do with a case, whatever the day, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from referee.domain import Case, Decision, Diagnostic, Evaluation, Versions
from referee.engine.asked_models import asked_models
from referee.engine.deciding import decided
from referee.engine.pushed_scores import Contributor
from referee.scoring import Contribution
from referee.workbook import DecisionWorkbook, Scorer

Scores = Mapping[str, Mapping[str, Any]]
"""What models say, by node: ``label``, ``confidence`` and ``probabilities``, or some of them."""

NO_SCORES: Scores = MappingProxyType({})


class Trial:
    """Decides cases exactly as a bot would by the same workbook, one at a time.

    ``scorers`` are asked for scores that a case doesn't bring along. A score that neither gives is doubt, as when a
    model fails. ``versions`` go into the decisions.
    """

    def __init__(
        self,
        workbook: DecisionWorkbook,
        scorers: Mapping[str, Scorer] | None = None,
        versions: Versions | None = None,
        contributors: Mapping[str, Contributor] | None = None,
    ) -> None:
        self.workbook = workbook
        self._contributors = contributors or {}
        self.versions = versions or Versions(
            workbook.settings.name, workbook.settings.version, workbook.sha256
        )
        self._scorers = scorers or {}
        self._scores: Scores = NO_SCORES
        self._model = workbook.model(
            {definition.node: self._scorer(definition.node) for definition in workbook.models}
        )

    @classmethod
    def with_models(cls, workbook: DecisionWorkbook, folder: str | Path) -> Trial:
        """A trial that asks the approved models (`asked_models`). Raises ``ModelError`` as a bot's start would."""
        models = asked_models(workbook, folder)
        versions = Versions(
            workbook.settings.name,
            workbook.settings.version,
            workbook.sha256,
            models.versions,
        )
        return cls(workbook, models.scorers, versions, models.contributors)

    def decide(self, facts: Mapping[str, Any], scores: Scores = NO_SCORES, case_id: str = "") -> Decision:
        """The decision about a case with these facts, as they would be read from a sheet."""
        self._scores = scores
        return decided(self.workbook, self._model, Case(case_id, facts), self.versions)

    def node(self, name: str, facts: Mapping[str, Any], scores: Scores = NO_SCORES) -> Evaluation:
        """What a table or a model gives for a case by itself, whether or not the decision would ask it."""
        self._scores = scores
        checked, _ = self.workbook.dictionary.check(facts)
        return self._model.evaluate(name, checked)

    def contributions(self, node: str, facts: Mapping[str, Any], scores: Scores) -> tuple[Contribution, ...]:
        """What pushed a model's score, the strongest first; nothing where the score came along with the case."""
        if node in scores or node not in self._contributors:
            return ()
        checked, _ = self.workbook.dictionary.check(facts)
        [taken] = [definition.facts for definition in self.workbook.models if definition.node == node]
        return self._contributors[node]({name: checked.get(name) for name in taken})

    def _scorer(self, node: str) -> Scorer:
        def score(facts: Mapping[str, Any]) -> Evaluation:
            if node in self._scores:
                return Evaluation(dict(self._scores[node]))
            if node in self._scorers:
                return self._scorers[node](facts)
            message = f"a table asks for the score of `{node}`, and there is none"
            return Evaluation(None, [Diagnostic("score-missing", message)])

        return score

"""The models that a workbook asks for, or what stands in for one that isn't there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.domain import Diagnostic, Evaluation, ModelUnavailableError
from referee.engine.pushed_scores import CONTRIBUTIONS, TOLD, Contributor, size_of
from referee.engine.scores_ahead import ScoresAhead
from referee.scoring import Model, ModelStore
from referee.workbook import DecisionWorkbook, Scorer

UNAVAILABLE = ("unavailable", "")
"""Version and sha256, in decisions and in the log, of a model that isn't there."""


@dataclass(frozen=True, slots=True)
class AskedModels:
    """Scorers, versions and contributors by model node; ``ahead`` are those scorers that can take whole batches."""

    scorers: Mapping[str, Scorer]
    versions: Mapping[str, tuple[str, str]]
    contributors: Mapping[str, Contributor]
    ahead: Mapping[str, ScoresAhead]


def asked_models(workbook: DecisionWorkbook, folder: str | Path) -> AskedModels:
    """The approved models of a workbook.

    One that is missing, or there in another version, gives a doubt instead of a score if the workbook says so, and
    cases that the rules decide without it are decided. Raises ``ModelError`` for one that can't be trusted, and
    for a missing one that the workbook can't do without.
    """
    store = ModelStore(folder)
    scorers: dict[str, Scorer] = {}
    versions: dict[str, tuple[str, str]] = {}
    contributors: dict[str, Contributor] = {}
    ahead: dict[str, ScoresAhead] = {}
    for definition in workbook.models:
        node = definition.node
        try:
            model = store.load(definition.folder, definition.version)
        except ModelUnavailableError as error:
            if definition.if_unavailable != "human":
                raise
            scorers[node], versions[node] = _doubt(node, error), UNAVAILABLE
            continue
        ahead[node] = ScoresAhead(model)
        scorers[node], contributors[node] = ahead[node], model.contributions
        if definition.contributions:
            scorers[node] = _with_contributions(ahead[node], model)
        versions[node] = (model.version, model.sha256)
    return AskedModels(scorers, versions, contributors, ahead)


def _with_contributions(scorer: Scorer, model: Model) -> Scorer:
    """Scores that tell what pushed them: ``contributions``, a list of facts and sizes, the strongest first."""

    def score(facts: Mapping[str, Any]) -> Evaluation:
        evaluation = scorer(facts)
        if evaluation.value is None:
            return evaluation
        told = [{"fact": each.feature, "size": size_of(each)} for each in model.contributions(facts)[:TOLD]]
        return Evaluation({**evaluation.value, CONTRIBUTIONS: told}, evaluation.diagnostics)

    return score


def _doubt(node: str, error: ModelUnavailableError) -> Scorer:
    doubt = Diagnostic("score-unavailable", f"`{node}` gives no score: {error}")
    return lambda facts: Evaluation(None, [doubt])

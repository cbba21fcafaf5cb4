"""The models that a workbook asks for, or what stands in for one that isn't there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.domain import Diagnostic, Evaluation, ModelUnavailableError
from referee.scoring import Contribution, ModelStore
from referee.workbook import DecisionWorkbook, Scorer

UNAVAILABLE = ("unavailable", "")
"""Version and sha256, in decisions and in the log, of a model that isn't there."""

Contributor = Callable[[Mapping[str, Any]], tuple[Contribution, ...]]
"""Tells what pushed a model's score of these facts."""


@dataclass(frozen=True, slots=True)
class AskedModels:
    """Scorers, versions and contributors by model node."""

    scorers: Mapping[str, Scorer]
    versions: Mapping[str, tuple[str, str]]
    contributors: Mapping[str, Contributor]


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
    for definition in workbook.models:
        node = definition.node
        try:
            model = store.load(definition.folder, definition.version)
        except ModelUnavailableError as error:
            if definition.if_unavailable != "human":
                raise
            scorers[node], versions[node] = _doubt(node, error), UNAVAILABLE
            continue
        scorers[node], contributors[node] = model.score, model.contributions
        versions[node] = (model.version, model.sha256)
    return AskedModels(scorers, versions, contributors)


def _doubt(node: str, error: ModelUnavailableError) -> Scorer:
    doubt = Diagnostic("score-unavailable", f"`{node}` gives no score: {error}")
    return lambda facts: Evaluation(None, [doubt])

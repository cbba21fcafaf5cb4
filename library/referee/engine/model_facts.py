"""Where a workbook and the card of a model that it asks don't fit, so that cases could never get a score."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from referee.checks.whole_decision import cells_of
from referee.domain import Diagnostic, Severity
from referee.feel import NOT_CONSTANT, FeelSyntaxError, constant, parse_unary_tests, syntax

if TYPE_CHECKING:
    from referee.scoring.card import Card, Feature
    from referee.workbook import DecisionWorkbook, ModelDefinition
    from referee.workbook.data_dictionary import FactDefinition


def told_misfits(workbook: DecisionWorkbook, cards: Mapping[str, Card]) -> list[Diagnostic]:
    """What the Facts and Models sheets and the tables say of models otherwise than their cards, by node.

    Warnings where cases that ask for the score would all go to people; hints where some would. ``cards`` are those of
    the models that could be loaded.
    """
    told: list[Diagnostic] = []
    for definition in workbook.models:
        card = cards.get(definition.node)
        if card is None:
            continue
        for feature in card.features:
            if feature.name not in definition.facts:
                told.append(_not_listed(definition, card, feature))
                continue
            fact = workbook.dictionary.fact(feature.name)
            if fact is not None:
                told += _fact_misfits(fact, card, feature)
        told += _strange_labels(workbook, definition.node, card)
    return told


def _not_listed(definition: ModelDefinition, card: Card, feature: Feature) -> Diagnostic:
    refused = feature.missing == "refuse"
    outcome = (
        "it can't do without it, so that no case gets a score" if refused else "it is filled in for each case"
    )
    return Diagnostic(
        "model-fact-not-listed",
        f"the model {card.name} uses `{feature.name}`, which isn't among the facts of `{definition.node}`: {outcome}; "
        "add it to the column facts",
        Severity.WARNING if refused else Severity.INFO,
        definition.place,
    )


def _fact_misfits(fact: FactDefinition, card: Card, feature: Feature) -> Iterator[Diagnostic]:
    if fact.type != feature.type:
        yield Diagnostic(
            "model-fact-type",
            f"`{fact.name}` is a {fact.type} here, and the model {card.name} takes a {feature.type}: no case with it "
            "gets a score; correct the type, or train the model with it",
            Severity.WARNING,
            fact.place,
        )
        return
    allowed = _listed(fact.allowed_values)
    unknown = [text for text in allowed if text not in feature.categories]
    if feature.type == "string" and unknown:
        none_known = len(unknown) == len(allowed)
        yield Diagnostic(
            "model-fact-values",
            f"`{fact.name}` may be {', '.join(unknown)}, which the model {card.name} has never seen; it knows "
            f"{', '.join(feature.categories)}: "
            + ("no case gets a score" if none_known else "cases with one of these go to people"),
            Severity.WARNING if none_known else Severity.INFO,
            fact.place,
        )


def _listed(allowed_values: str) -> list[str]:
    """The texts that a fact may be, where they are listed."""
    try:
        tests = parse_unary_tests(allowed_values) if allowed_values else syntax.AnyValue()
    except FeelSyntaxError:
        return []
    if isinstance(tests, syntax.AnyValue) or tests.negated:
        return []
    values = [constant(test) for test in tests.tests]
    if any(value is NOT_CONSTANT for value in values):
        return []
    return [value for value in values if isinstance(value, str)]


def _strange_labels(workbook: DecisionWorkbook, node: str, card: Card) -> Iterator[Diagnostic]:
    """Probabilities of labels that the model doesn't tell: they are null in each case."""
    beginning = re.compile(
        r"(?<![\w.])" + r"\s+".join(map(re.escape, node.split())) + r"\.probabilities\.\s*"
    )
    known = re.compile("|".join(rf"{re.escape(label)}(?!\w)" for label in card.labels))
    for table in workbook.tables:
        for cell, _ in cells_of(table):
            for found in beginning.finditer(cell.text):
                if known.match(cell.text, found.end()):
                    continue
                label = re.match(r"[\w ]*", cell.text[found.end() :])
                yield Diagnostic(
                    "model-label-unknown",
                    f"the model {card.name} has no label `{label[0].strip() if label else ''}`, so its probability is "
                    f"null in each case; it has {', '.join(card.labels)}",
                    Severity.WARNING,
                    cell.place or table.place,
                )

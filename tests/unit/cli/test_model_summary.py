"""Who approves a model sees in a few lines what speaks against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.cli.model_summary import summary
from referee.scoring import Model, ModelStore
from referee.scoring.card import Card, Finding

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def card() -> Card:
    return ModelStore(REPOSITORY / "models").load("loan_denial").card


def lines(card: Card) -> list[str]:
    return list(summary(Model(card, "0" * 64, b""), "compared"))


def weighed(card: Card) -> list[str]:
    """The lines under `to weigh before you sign`."""
    told = lines(card)
    return told[told.index("to weigh before you sign") + 1 : told.index("operating points")]


def test_who_made_the_model_and_how_honest_its_probabilities_are_is_told(card: Card) -> None:
    told = "\n".join(lines(card))
    assert f"made by {card.author} on {card.date}" in told
    assert card.held_out.ece is not None
    assert f"calibration error {card.held_out.ece * 100:.1f} points" in told


def test_leaks_that_were_allowed_are_told_before_notes(card: Card) -> None:
    drift = Finding(column="", kind="drift", evidence="the share of yes falls", status="note")
    leak = Finding(column="paid", kind="target again", evidence="each value goes with one", status="allowed")
    assert weighed(card.model_copy(update={"findings": (drift, leak), "parity": (), "proxies": ()}))[:2] == [
        "  looks like a leak, and its author allowed it: `paid`, target again: each value goes with one",
        "  drift: the share of yes falls",
    ]


def test_a_promise_that_is_not_kept_is_told(card: Card) -> None:
    missed = card.operating_points[0].model_copy(update={"threshold": None})
    assert f"  not kept: {missed.promise()}" in weighed(
        card.model_copy(update={"operating_points": (missed,)})
    )


def test_a_group_above_the_promise_is_told_and_one_within_it_is_not(card: Card) -> None:
    point = card.operating_points[0]
    plain = card.parity[0].model_copy(
        update={"attribute": "kind", "automatic": (100,), "errors": (30,), "error_rates": ((0.02, 0.4),)}
    )
    above = plain.model_copy(update={"value": "b", "error_rates": ((0.212, 0.4),)})
    update = {"operating_points": (point,), "parity": (plain, above), "findings": (), "proxies": ()}
    assert weighed(card.model_copy(update=update)) == [
        f"  above the promise of {point.most_wrong * 100:.4g} %: kind = b, 30 of 100 automatic decisions wrong "
        "(21.2 to 40.0 %)"
    ]


def test_a_model_without_any_such_thing_is_said_to_have_none(card: Card) -> None:
    kept = tuple(point for point in card.operating_points if point.threshold is not None)
    update = {"operating_points": kept, "parity": (), "findings": (), "proxies": ()}
    assert weighed(card.model_copy(update=update)) == ["  nothing was found"]

"""The card says what the model did for whom, and its schema is the published one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from referee.scoring import ModelStore
from referee.scoring.card import card_schema
from referee.scoring.operating_points import Goal
from referee.scoring.training import train

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_published_schema_is_that_of_the_card() -> None:
    published = (REPOSITORY / "docs" / "card.schema.json").read_text("utf-8")
    assert published == card_schema(), (
        "write it anew: python -c 'from referee.scoring.card import card_schema; print(card_schema(), end=\"\")' "
        "> docs/card.schema.json"
    )
    assert {"operating_points", "parity", "files"} <= set(json.loads(published)["properties"])


def test_calibration_says_of_every_judged_case_how_sure_the_model_was_and_whether_rightly(
    trained: Path,
) -> None:
    held_out = ModelStore(trained).load("payment").card.held_out
    assert sum(each.rows for each in held_out.calibration) == held_out.rows - held_out.refused
    sure = [each.confidence for each in held_out.calibration]
    assert sure == sorted(sure)
    right = sum(each.rows * each.right for each in held_out.calibration)
    assert right / (held_out.rows - held_out.refused) == pytest.approx(held_out.accuracy, abs=1e-5)


def test_parity_tells_each_protected_group_apart_at_each_operating_point(
    tmp_path: Path, cases: list[dict[str, Any]], request_in: Any
) -> None:
    request = request_in(tmp_path)
    card = train(cases, **request, goals=[Goal(0.3, "in time"), Goal(0.001)])
    assert [(group.attribute, group.value) for group in card.parity] == [("group", "x"), ("group", "y")]
    for group in card.parity:
        own = [case for case in request["holdout"] if case["group"] == group.value]
        assert group.rows == len(own)
        late = sum(case["paid"] == "late" for case in own) / len(own)
        assert group.truth["late"] == pytest.approx(late, abs=1e-5)
    point = card.operating_points[0]
    assert sum(group.automatic[0] for group in card.parity) == point.automatic
    assert sum(group.errors[0] for group in card.parity) == point.errors
    assert all(group.automatic[1] == 0 for group in card.parity)


def test_units_sources_and_the_period_stand_in_the_card(
    tmp_path: Path, cases: list[dict[str, Any]], request_in: Any
) -> None:
    from dataclasses import replace

    request = request_in(tmp_path)
    features = list(request["features"])
    features[0] = replace(features[0], unit="EUR", source="invoice amount")
    card = train(cases, **(request | {"features": features, "period": "2024-01 to 2024-06"}))
    assert (card.features[0].unit, card.features[0].source) == ("EUR", "invoice amount")
    assert card.training.period == "2024-01 to 2024-06"

"""A batch of cases is decided as the same cases one by one, whether or not its scores were worked out ahead."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from referee.domain import Case, Evaluation
from referee.engine import Referee
from referee.engine.referee import BATCH
from referee.scoring import Model

ROOT = Path(__file__).resolve().parents[3]
WORKBOOK = ROOT / "decision_tables" / "loan_applications.xlsx"


def applications(count: int) -> list[Case]:
    chance = Random(3)
    return [
        Case(
            str(number),
            {
                "rownames": str(number),
                "pirat": Decimal(chance.randrange(20, 50)) / 100,
                "hirat": Decimal(chance.randrange(10, 40)) / 100,
                "lvrat": Decimal(chance.randrange(60, 95)) / 100,
                "chist": chance.randrange(1, 7),
                "mhist": chance.choice([1, 2, 3, 4, None]),
                "phist": "no",
                "unemp": chance.choice([Decimal("3.9"), 3.2, "3.9", "", 10**400]),
                "selfemp": chance.choice(["no", "yes"]),
                "insurance": "no",
                "condomin": "no",
                "afam": "no",
                "single": chance.choice(["no", "yes"]),
                "hschool": "yes",
            },
        )
        for number in range(count)
    ]


@pytest.fixture
def uncompiled(tmp_path: Path) -> Path:
    """The committed models without compiled form, so that scikit-learn scores."""
    models = tmp_path / "models"
    shutil.copytree(ROOT / "models", models)
    path = models / "loan_denial" / "card.json"
    card = json.loads(path.read_text("utf-8"))
    del card["files"]["compiled.json"]
    path.write_text(json.dumps(card), "utf-8")
    return models


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that were scored ahead."""
    sizes: list[int] = []
    score_many = Model.score_many

    def counted(self: Model, cases: Sequence[Mapping[str, Any]]) -> list[Evaluation]:
        if cases:
            sizes.append(len(cases))
        return score_many(self, cases)

    monkeypatch.setattr(Model, "score_many", counted)
    return sizes


def test_a_batch_by_scikit_learn_is_scored_at_once_and_decided_as_one_by_one(
    uncompiled: Path, batches: list[int]
) -> None:
    cases = applications(2 * BATCH + 10)
    together = list(Referee(WORKBOOK, models=uncompiled).decide_many(cases))
    # The first batch shows that cases ask.
    assert batches == [BATCH, 10]
    alone = Referee(WORKBOOK, models=uncompiled)
    assert together == [alone.evaluate(case) for case in cases]
    assert batches == [BATCH, 10]


def test_a_compiled_linear_model_is_asked_when_needed_and_not_before(batches: list[int]) -> None:
    cases = applications(2 * BATCH)
    referee = Referee(WORKBOOK, models=ROOT / "models")
    together = list(referee.decide_many(cases))
    assert batches == []
    assert together == [referee.evaluate(case) for case in cases]


def test_cases_that_come_one_by_one_are_not_scored_ahead(uncompiled: Path, batches: list[int]) -> None:
    referee = Referee(WORKBOOK, models=uncompiled)
    for case in applications(5):
        referee.decide(case.id, case.facts)
    assert batches == []


def test_cases_that_never_ask_are_not_scored_ahead(uncompiled: Path, batches: list[int]) -> None:
    cases = [Case(case.id, {**case.facts, "pirat": None}) for case in applications(2 * BATCH)]
    list(Referee(WORKBOOK, models=uncompiled).decide_many(cases))
    assert batches == []

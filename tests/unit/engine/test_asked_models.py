"""Whatever is wrong with a model or with what it is given, nothing is decided automatically by its score."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from referee.domain import Case, Decision, Evaluation, ModelError, Route
from referee.engine import Referee
from referee.scoring import Model

ROOT = Path(__file__).resolve().parents[3]
WORKBOOK = ROOT / "decision_tables" / "loan_applications.xlsx"
APPROVED: dict[str, Any] = {
    "pirat": Decimal("0.3"),
    "hirat": Decimal("0.2"),
    "lvrat": Decimal("0.7"),
    "chist": 1,
    "mhist": 1,
    "phist": "no",
    "unemp": Decimal("3.9"),
    "selfemp": "no",
    "insurance": "no",
    "condomin": "no",
    "single": "no",
    "hschool": "yes",
    "afam": "no",
}
Damage = Callable[[Path], object]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    return tmp_path / "models"


def decide(models: Path, **facts: Any) -> Decision:
    return Referee(WORKBOOK, models=models).evaluate(Case("1", {"rownames": "1", **APPROVED, **facts}))


def edited(**changes: object) -> Damage:
    def edit(folder: Path) -> None:
        card = json.loads((folder / "card.json").read_text("utf-8"))
        (folder / "card.json").write_text(json.dumps(card | changes), "utf-8")

    return edit


def test_the_case_is_automatic_while_all_is_well(models: Path) -> None:
    assert decide(models).route is Route.AUTO


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (shutil.rmtree, "doesn't exist; restore it"),
        (lambda folder: (folder / "card.json").unlink(), "card.json is missing"),
        (lambda folder: (folder / "model.joblib").unlink(), "model.joblib is missing"),
        (lambda folder: (folder / "compiled.json").unlink(), "compiled.json is missing"),
        (edited(version="9.9"), "holds version 9.9"),
        (
            edited(libraries={"scikit-learn": "0.1", "numpy": "2.0.0", "joblib": "1.0.0"}),
            "trained with scikit-learn 0.1",
        ),
    ],
)
def test_a_model_that_is_missing_or_in_another_version_hands_over_the_cases_that_need_it(
    models: Path, damage: Damage, reason: str
) -> None:
    damage(models / "loan_denial")
    decision = decide(models)
    assert decision.route is Route.HUMAN
    assert decision.diagnostics[0].code == "score-unavailable"
    assert reason in decision.reasons[0]
    assert decision.versions.models == {"denial model": ("unavailable", "")}


def test_a_case_that_the_rules_decide_alone_is_decided_without_the_model(models: Path) -> None:
    refused = {"phist": "yes", "insurance": "yes", "chist": 6, "mhist": 4}
    with_model = decide(models, **refused)
    shutil.rmtree(models / "loan_denial")
    without = decide(models, **refused)
    assert (without.route, without.reasons) == (with_model.route, with_model.reasons)
    assert not without.diagnostics


@pytest.mark.parametrize("file", ["model.joblib", "compiled.json"])
def test_a_model_that_was_changed_stops_the_run_before_any_case(models: Path, file: str) -> None:
    path = models / "loan_denial" / file
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelError, match="is not the file its card describes"):
        decide(models)


@pytest.mark.parametrize(
    "facts",
    [
        {"unemp": None},
        {"unemp": float("nan")},
        {"unemp": float("inf")},
        {"unemp": Decimal("-Infinity")},
        {"unemp": 10**400},
        {"unemp": ""},
        {"unemp": 1000},
        {"unemp": "many"},
        {"hschool": "perhaps"},
        {"hschool": ""},
        {"single": 7},
        {"hschool": "y\N{CYRILLIC SMALL LETTER IE}s"},
        {"hschool": "\N{FULLWIDTH LATIN SMALL LETTER Y}es"},
        {"hschool": ["yes"]},
        {"unemp": True},
        {"unemp": [3.9]},
        {"unemp": {"value": 3.9}},
        {"unemp": Decimal("sNaN")},
        {"unemp": "1e400"},
        {"unemp": b"3.9"},
        {"unemp": Ellipsis},
    ],
    ids=str,
)
def test_a_fact_that_only_the_model_uses_and_cannot_take_goes_to_people(
    models: Path, facts: dict[str, Any]
) -> None:
    decision = decide(models, **facts)
    assert decision.route is Route.HUMAN
    assert any(doubt.is_doubt for doubt in decision.diagnostics)
    [fact] = facts
    assert any(f"`{fact}`" in reason for reason in decision.reasons)


def test_a_slow_model_is_waited_for_as_time_would_make_decisions_unrepeatable(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = decide(models)
    score = Model.score

    def slow(self: Model, facts: Mapping[str, Any]) -> Evaluation:
        time.sleep(0.5)
        return score(self, facts)

    monkeypatch.setattr(Model, "score", slow)
    assert decide(models) == expected


FIRST_DECISION = """
import sys, time
from referee import Referee
facts = {facts!r}
decision = Referee({workbook!r}, models={models!r}, audit={audit!r}).decide("1", facts)
heavy = {{"sklearn", "joblib", "scipy", "numpy"}} & set(sys.modules)
assert not heavy, heavy
print(decision.route, flush=True)
time.sleep({wait})
"""


def first_decision(tmp_path: Path, wait: float = 0.0) -> str:
    facts = {name: str(value) if isinstance(value, Decimal) else value for name, value in APPROVED.items()}
    return FIRST_DECISION.format(
        facts=facts | {"rownames": "1"},
        workbook=str(WORKBOOK),
        models=str(ROOT / "models"),
        audit=str(tmp_path / "audit"),
        wait=wait,
    )


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "library")}


def test_deciding_with_a_compiled_model_imports_no_scikit_learn_joblib_or_numpy(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", first_decision(tmp_path)], env=environment(), capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "auto"


def test_a_process_that_is_killed_after_a_scored_decision_leaves_it_in_the_log(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", first_decision(tmp_path, wait=60)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "auto"
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait(30)
    process.stdout.close()
    again = Referee(WORKBOOK, models=ROOT / "models", audit=tmp_path / "audit")
    assert again.log is not None
    [logged] = [record.payload for record in again.log.records() if record.kind == "decision"]
    assert logged["scores"]["denial model"]["label"] == "no"
    assert again.decide("1", {"rownames": "1", **APPROVED}).receipt is not None
    assert len([record for record in again.log.records() if record.kind == "decision"]) == 1

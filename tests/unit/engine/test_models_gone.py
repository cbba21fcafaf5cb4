"""Models that go, come back or are swapped while bots run, seen from real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

ROOT = Path(__file__).resolve().parents[3]
WORKBOOK = ROOT / "decision_tables" / "loan_applications.xlsx"

BOT = """
import sys
from referee import Referee
from referee.domain import RefereeError
facts = {
    "pirat": 0.3, "hirat": 0.2, "lvrat": 0.7, "chist": 1, "mhist": 1, "phist": "no", "unemp": 3.9, "selfemp": "no",
    "insurance": "no", "condomin": "no", "single": "no", "hschool": "yes", "afam": "no",
}
try:
    referee = Referee(sys.argv[1], models=sys.argv[2], audit=sys.argv[3])
    print("ready", flush=True)
    for line in sys.stdin:
        decision = referee.decide(line.strip(), {**facts, "rownames": line.strip()})
        print(decision.route, "; ".join(decision.reasons), flush=True)
except RefereeError as error:
    print("stopped", str(error).splitlines()[0], flush=True)
"""


class Bot:
    """A process that decides the cases it is told."""

    def __init__(self, folder: Path, workbook: Path = WORKBOOK) -> None:
        asked = [sys.executable, "-c", textwrap.dedent(BOT), str(workbook), str(folder / "models")]
        self.process = subprocess.Popen(
            [*asked, str(folder / "audit")],
            env=os.environ | {"PYTHONPATH": str(ROOT / "library")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started = self._line()

    def decide(self, case: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{case}\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def bots(tmp_path: Path, models: Path) -> Iterator[list[Bot]]:
    started: list[Bot] = []
    yield started
    for bot in started:
        bot.end()


def test_a_bot_that_runs_goes_on_with_the_model_it_verified_and_the_next_start_hands_over(
    tmp_path: Path, models: Path, bots: list[Bot]
) -> None:
    bots.append(Bot(tmp_path))
    assert bots[0].decide("1").startswith("auto")
    shutil.rmtree(models / "loan_denial")
    assert bots[0].decide("2").startswith("auto")
    bots.append(Bot(tmp_path))
    assert bots[1].started == "ready"
    route, _, reason = bots[1].decide("3").partition(" ")
    assert route == "human"
    assert "doesn't exist; restore it" in reason
    shutil.copytree(ROOT / "models" / "loan_denial", models / "loan_denial")
    bots.append(Bot(tmp_path))
    assert bots[2].decide("4").startswith("auto")


def test_files_that_go_before_the_first_score_change_nothing_for_a_bot_that_runs(
    tmp_path: Path, models: Path, bots: list[Bot]
) -> None:
    bots.append(Bot(tmp_path))
    for file in (models / "loan_denial").iterdir():
        file.unlink() if file.is_file() else shutil.rmtree(file)
    assert bots[0].decide("1").startswith("auto")


def test_a_model_that_is_swapped_under_a_bot_is_noticed_at_the_next_start(
    tmp_path: Path, models: Path, bots: list[Bot]
) -> None:
    bots.append(Bot(tmp_path))
    (models / "loan_denial" / "compiled.json").write_bytes(b"{}")
    assert bots[0].decide("1").startswith("auto")
    bots.append(Bot(tmp_path))
    assert bots[1].started.startswith("stopped model loan_denial: ")
    assert "is not the file its card describes" in bots[1].started


def test_a_workbook_that_says_stop_stops_without_its_model(
    tmp_path: Path, models: Path, bots: list[Bot]
) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    sheet = book["Models"]
    heads = [str(cell.value).casefold() for cell in sheet[1]]
    column = heads.index("if unavailable") + 1 if "if unavailable" in heads else sheet.max_column + 1
    sheet.cell(1, column).value, sheet.cell(2, column).value = "if unavailable", "stop"
    book.save(tmp_path / "loans.xlsx")
    shutil.rmtree(models / "loan_denial")
    bots.append(Bot(tmp_path, tmp_path / "loans.xlsx"))
    assert bots[0].started.startswith("stopped model loan_denial: ")


def test_a_case_decided_without_the_model_is_decided_anew_once_it_is_back_and_nobody_took_it_up(
    tmp_path: Path, models: Path, bots: list[Bot]
) -> None:
    shutil.move(models / "loan_denial", tmp_path / "away")
    bots.append(Bot(tmp_path))
    assert bots[0].decide("1").startswith("human")
    shutil.move(tmp_path / "away", models / "loan_denial")
    bots.append(Bot(tmp_path))
    assert bots[1].decide("1").startswith("auto")

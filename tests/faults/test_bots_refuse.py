"""Doubt about a fact sends its case to people, doubt about rules, models or the log stops the run; both say where."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, verify
from referee.workitems import Ledger, Status
from tests.faults.loan_bot import LoanBot

pytestmark = pytest.mark.faults


@pytest.fixture
def bot(tmp_path: Path, repository: Path) -> LoanBot:
    return LoanBot(repository, tmp_path)


def test_without_a_fault_the_application_is_offered_a_loan(bot: LoanBot) -> None:
    assert bot.decide().returncode == 0
    assert bot.decided()["A-1"][0] == "auto"
    done = bot.robot()
    assert done.returncode == 0, done.stdout
    assert bot.settled()["A-1"][0] == "auto"
    assert bot.offers() == ["A-1"]


# --- Doubt about a case
# -------------------------------------------------------------------------------------------------

DOUBTFUL_FACTS: list[tuple[str, Any]] = [
    ("pirat", None),
    ("pirat", "null"),
    ("pirat", "abc"),
    ("pirat", -0.3),
    ("pirat", 9999999999),
    ("pirat", "1,234"),
    ("pirat", True),
    ("hirat", "=1/0"),
    ("lvrat", "  "),
    ("chist", 7),
    ("chist", 1.5),
    ("phist", "perhaps"),
    ("phist", None),
    ("unemp", -1),
    ("insurance", 1),
]


def test_a_doubtful_fact_is_named_and_its_case_goes_to_people(bot: LoanBot) -> None:
    bot.apply(*({fact: value} for fact, value in DOUBTFUL_FACTS), {})
    assert bot.decide().returncode == 0
    done = bot.robot()
    assert done.returncode == 0, done.stdout
    sound = f"A-{len(DOUBTFUL_FACTS) + 1}"
    for results in (bot.decided(), bot.settled()):
        assert results[sound][0] == "auto"
        for number, (fact, value) in enumerate(DOUBTFUL_FACTS, 1):
            route, reasons = results[f"A-{number}"]
            assert route == "human", f"{fact} = {value!r}"
            assert f"`{fact}`" in reasons, f"{fact} = {value!r}: {reasons}"
    assert bot.offers() == [sound]


# Both rules can match: `routing` is made a table in which only one may.
def two_rules_hit(bot: LoanBot) -> str:
    bot.set_cells("Routing", {"A2": "U"})
    return "rules 7 and 10"


# Nothing is said about sound applications any more.
def no_rule_hits(bot: LoanBot) -> str:
    bot.set_cells("Routing", {"B11": "watch", "B14": "watch"})
    return "no rule"


@pytest.mark.parametrize("change", [two_rules_hit, no_rule_hits])
def test_a_table_without_one_answer_sends_the_case_to_people(
    bot: LoanBot, change: Callable[[LoanBot], str]
) -> None:
    because = change(bot)
    assert bot.decide().returncode == 0
    done = bot.robot()
    assert done.returncode == 0, done.stdout
    for results in (bot.decided(), bot.settled()):
        route, reasons = results["A-1"]
        assert route == "human"
        assert because in reasons.casefold() and "Routing" in reasons
    assert bot.offers() == []


# --- Doubt about rules, models or the log
# -------------------------------------------------------------------------------------------------


def one_byte_of_the_model_changed(bot: LoanBot) -> str:
    path = bot.model / "model.joblib"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return "model.joblib is not the file its card describes"


def model_file_missing(bot: LoanBot) -> str:
    (bot.model / "model.joblib").unlink()
    return "model.joblib is missing; restore it"


def model_folder_missing(bot: LoanBot) -> str:
    shutil.rmtree(bot.model)
    return f"the folder {Path('models/loan_denial')} doesn't exist; restore it"


def card_missing(bot: LoanBot) -> str:
    (bot.model / "card.json").unlink()
    return "card.json is missing; restore it"


def card_of_another_version(bot: LoanBot) -> str:
    card = bot.model / "card.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"1.0.0"', '"2.0.0"'), encoding="utf-8")
    return "version 1.0.0 is asked for"


def stopping(damage: Callable[[LoanBot], str]) -> Callable[[LoanBot], str]:
    """The same, with a workbook that can't do without the model."""

    def damaged(bot: LoanBot) -> str:
        bot.set_cells("Models", {"E1": "if unavailable", "E2": "stop"})
        return damage(bot)

    damaged.__name__ = f"{damage.__name__}_and_stop"
    return damaged


def typo_in_a_cell(bot: LoanBot) -> str:
    cell = bot.find_cell("Eligibility", ">= 3")
    bot.set_cells("Eligibility", {cell: ">>= 10"})
    return f"sheet Eligibility, cell {cell}: `>>= 10`"


def protected_fact_in_a_table(bot: LoanBot) -> str:
    cell = bot.find_cell("Eligibility", "unemp")
    bot.set_cells("Eligibility", {cell: "afam"})
    return f"sheet Eligibility, cell {cell}: "


def protected_fact_in_a_model(bot: LoanBot) -> str:
    cell = bot.find_cell(
        "Models",
        "pirat, hirat, lvrat, chist, mhist, phist, unemp, selfemp, insurance, condomin, single, hschool",
    )
    bot.set_cells("Models", {cell: "pirat, hirat, afam"})
    return f"sheet Models, cell {cell}: "


def audit_folder_is_a_file(bot: LoanBot) -> str:
    bot.audit.parent.mkdir()
    bot.audit.write_text("in the way")
    return "audit.jsonl can't be opened for writing"


@pytest.mark.parametrize(
    "damage",
    [
        one_byte_of_the_model_changed,
        stopping(model_file_missing),
        stopping(model_folder_missing),
        stopping(card_missing),
        stopping(card_of_another_version),
        typo_in_a_cell,
        protected_fact_in_a_table,
        protected_fact_in_a_model,
        audit_folder_is_a_file,
    ],
)
def test_what_cannot_be_trusted_stops_the_run_before_the_first_case(
    bot: LoanBot, damage: Callable[[LoanBot], str]
) -> None:
    because = damage(bot)
    decided, run = bot.decide(), bot.robot()
    assert (decided.returncode, decided.stdout) == (2, "")
    assert run.returncode != 0
    for said in (decided.stderr, run.stdout + run.stderr):
        assert because in " ".join(said.split()), said
        assert "Traceback" not in said
    assert bot.decided() == bot.settled() == {}
    assert bot.offers() == []
    if (bot.audit / "audit.jsonl").exists():
        assert list(AuditLog(bot.audit).records()) == []


@pytest.mark.parametrize(
    "damage", [model_file_missing, model_folder_missing, card_missing, card_of_another_version]
)
def test_without_the_model_the_rules_go_on_and_cases_that_need_its_score_go_to_people(
    bot: LoanBot, damage: Callable[[LoanBot], str]
) -> None:
    bot.apply({}, {"insurance": "yes"})
    because = damage(bot)
    assert bot.decide().returncode == 0
    run = bot.robot()
    assert run.returncode == 0, run.stdout
    for routes in (bot.decided(), bot.settled()):
        route, reasons = routes["A-1"]
        assert route == "human"
        assert because in reasons
        assert because not in routes["A-2"][1]
    assert bot.offers() == []


# --- A full disk
# -------------------------------------------------------------------------------------------------


def mount(folder: Path, options: str) -> None:
    program = shutil.which("mount")
    if program is None or os.name == "nt" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(bot: LoanBot) -> Iterator[Path]:
    """The audit folder on a file system of 64 KiB."""
    mount(bot.audit, "size=64k")
    yield bot.audit
    subprocess.run(["umount", "--lazy", str(bot.audit)], check=True)


def test_a_disk_that_is_full_from_the_start_lets_nothing_be_done(bot: LoanBot, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 65536)
    decided, run = bot.decide(), bot.robot()
    assert (decided.returncode, decided.stdout) == (2, "")
    assert run.returncode != 0
    for said in (decided.stderr, run.stdout + run.stderr):
        assert "the disk is full" in said and "Traceback" not in said
    assert bot.decided() == {}
    assert bot.offers() == []

    (small_disk / "ballast").unlink()
    done = bot.robot()
    assert done.returncode == 0, done.stdout
    assert bot.offers() == ["A-1"]
    assert verify(bot.audit, contents=True).intact


@pytest.mark.parametrize(("applications", "when"), [(40, "deciding"), (22, "acting")])
def test_a_disk_that_fills_during_a_run_lets_nothing_be_done_without_a_record(
    bot: LoanBot, small_disk: Path, applications: int, when: str
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 16384)
    bot.apply(*[{}] * applications)
    run = bot.robot()
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "the disk is full" in said and "Traceback" not in said

    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    begun = {
        record.payload["case"]
        for record in AuditLog(bot.audit).records()
        if record.kind == "action" and record.payload["status"] == "acting"
    }
    assert set(bot.offers()) <= begun
    assert len(begun) < applications
    assert bool(begun) is (when == "acting"), "the disk has to fill at another moment"

    done = bot.robot()
    assert done.returncode == 0, done.stdout
    assert verify(bot.audit, contents=True).faults == ()
    ledger = Ledger(AuditLog(bot.audit))
    ledger.refresh()
    states = [ledger.state("loan_applications", f"A-{number}") for number in range(1, applications + 1)]
    assert None not in states
    statuses = [state.status for state in states if state is not None]
    assert set(statuses) <= {Status.DONE, Status.HANDED_OVER}
    assert statuses.count(Status.HANDED_OVER) <= 1

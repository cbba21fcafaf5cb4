"""What pushed a score reaches the person who decides: in the handoff, the worklist, log.html, a table if asked."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from referee.domain import Case, Route
from referee.engine import Referee, Run
from referee.engine.pushed_scores import TOLD, Push, size_of
from referee.engine.replaying import replay
from referee.exceptions import read_playbooks
from referee.handoff import Worklist
from referee.handoff.review_task import pushed_lines
from referee.keywords.bot import note_decision
from referee.keywords.decision_report import decision_table
from referee.scoring import Contribution, ModelStore
from referee.workbook import read_workbook
from referee.workbook.definitions_of_workbook import _model_note, model_in
from referee.workbook.sheets import read_table

ROOT = Path(__file__).resolve().parents[3]
WORKBOOK = ROOT / "decision_tables" / "loan_applications.xlsx"
UNSURE: dict[str, Any] = {
    "rownames": "1",
    "pirat": Decimal("0.44"),
    "hirat": Decimal("0.25"),
    "lvrat": Decimal("0.85"),
    "chist": 1,
    "mhist": 2,
    "phist": "no",
    "unemp": Decimal("3.9"),
    "selfemp": "no",
    "insurance": "no",
    "condomin": "no",
    "afam": "no",
    "single": "yes",
    "hschool": "yes",
}
NODE = "denial model"


def referee(folder: Path, workbook: Path = WORKBOOK) -> Referee:
    return Referee(workbook, models=ROOT / "models", audit=folder / "audit")


def processed(folder: Path, workbook: Path = WORKBOOK) -> Referee:
    asked = referee(folder, workbook)
    playbooks = read_playbooks(ROOT / "resources" / "playbooks")
    named = {action for route, action in asked.workbook.actions if route == "auto"}
    named |= {
        name
        for _, action in asked.workbook.actions
        if action in playbooks
        for name in playbooks[action].actions
    }
    Run(asked, dict.fromkeys(named, lambda decision: None), playbooks).process([Case("1", UNSURE)])
    return asked


def edited(folder: Path, *cells: tuple[str, str, Any]) -> Path:
    """A copy of the workbook with other cells, each by sheet and address."""
    book = openpyxl.load_workbook(WORKBOOK)
    for sheet, address, value in cells:
        book[sheet][address] = value
    book.save(folder / "loans.xlsx")
    return folder / "loans.xlsx"


def test_a_case_handed_over_with_a_score_keeps_what_pushed_it(tmp_path: Path) -> None:
    asked = processed(tmp_path)
    assert asked.log is not None
    [handoff] = [record.payload for record in asked.log.records() if record.kind == "handoff"]
    told = handoff["context"]["pushed"][NODE]
    model = ModelStore(ROOT / "models").load("loan_denial")
    strongest = model.contributions({**UNSURE, "chist": Decimal(1), "mhist": Decimal(2)})[:TOLD]
    assert [each["fact"] for each in told] == [each.feature for each in strongest]
    assert [float(each["size"]) for each in told] == pytest.approx(
        [each.size for each in strongest], abs=1e-6
    )
    # The values stand in the decision's record alone, where sensitive ones are hashes.
    assert all(set(each) == {"fact", "size", "unit", "meaning"} for each in told)


def test_the_worklist_tells_it_in_the_words_of_the_data_dictionary(tmp_path: Path) -> None:
    asked = processed(tmp_path)
    assert asked.log is not None
    Worklist(asked.log).export(tmp_path / "worklist.xlsx")
    [row] = read_table(tmp_path / "worklist.xlsx").rows
    score, *told = row.text("score").splitlines()
    assert score.startswith("denial model: no, ")
    assert len(told) == TOLD
    wanted = "  pirat 0.44 (payments on all debts as a share of income) pushed away from no (\N{MINUS SIGN}0."
    assert any(line.startswith(wanted) for line in told)
    assert "pushed" not in row.text("facts")


def test_a_sensitive_value_is_told_in_neither_worklist_nor_log(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    heads = [cell.value for cell in book["Facts"][1]]
    [row] = [row[0].row for row in book["Facts"].iter_rows(min_row=2) if row[0].value == "pirat"]
    book["Facts"].cell(row, heads.index("sensitive") + 1).value = "yes"
    book.save(tmp_path / "loans.xlsx")
    asked = processed(tmp_path, tmp_path / "loans.xlsx")
    assert asked.log is not None
    [task] = Worklist(asked.log).items()
    Worklist(asked.log).export(tmp_path / "worklist.xlsx")
    [line] = read_table(tmp_path / "worklist.xlsx").rows
    decision = asked.evaluate(Case("1", UNSURE))
    html = decision_table(decision, asked.pushed(decision))
    assert "pirat (sensitive)" in line.text("score")
    assert "pirat (sensitive)" in html
    assert "0.44" not in line.text("score") + html + str(task.context)


def test_log_html_tells_what_pushed_a_score(tmp_path: Path) -> None:
    asked = referee(tmp_path)
    decision = asked.evaluate(Case("1", UNSURE))
    assert "pushed away from no" in decision_table(decision, asked.pushed(decision))
    assert "pushed" not in decision_table(decision)


@pytest.mark.parametrize(
    ("route", "always", "shown"),
    [(Route.HUMAN, "", True), (Route.AUTO, "", False), (Route.AUTO, "always", True)],
)
def test_log_html_works_out_what_pushed_a_score_only_for_people_or_where_that_is_asked(
    route: Route, always: str, shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = referee(tmp_path)
    decision = replace(asked.evaluate(Case("1", UNSURE)), route=route)
    [definition] = asked.workbook.models
    asked.workbook = replace(asked.workbook, models=(replace(definition, contributions=always),))
    written: list[str] = []
    monkeypatch.setattr("robot.api.logger.info", lambda text, **_: written.append(text))
    note_decision(asked, decision)
    assert ("pushed away from no" in written[0]) is shown


def test_a_case_is_handed_over_though_its_score_cannot_be_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("referee.scoring.contributions.contributions", fails)
    asked = processed(tmp_path)
    assert asked.log is not None
    [handoff] = [record.payload for record in asked.log.records() if record.kind == "handoff"]
    assert handoff["context"] == {}


def test_a_case_without_score_has_nothing_pushed_and_the_refusal_alone_as_reason(tmp_path: Path) -> None:
    asked = referee(tmp_path)
    decision = asked.evaluate(Case("1", UNSURE | {"unemp": 40}))
    assert decision.route is Route.HUMAN
    assert asked.pushed(decision) == {}
    assert decision.reasons == ("`unemp` lies outside what the model has seen; it takes 0.92 to 11.48",)
    assert len(decision.diagnostics) > 1


def test_a_fact_that_is_there_but_unusable_is_not_said_to_be_missing(tmp_path: Path) -> None:
    decision = referee(tmp_path).evaluate(Case("1", UNSURE | {"pirat": float("nan")}))
    assert decision.route is Route.HUMAN
    assert decision.reasons
    assert not any("`pirat` is missing" in str(each) for each in decision.diagnostics)


def test_the_score_of_another_model_is_not_explained_by_this_one(tmp_path: Path) -> None:
    asked = referee(tmp_path)
    decision = asked.evaluate(Case("1", UNSURE))
    other = replace(decision.versions, models={NODE: ("0.9", "0" * 64)})
    assert asked.pushed(decision)
    assert asked.pushed(replace(decision, versions=other)) == {}


def test_always_puts_them_into_the_score_where_tables_and_the_log_find_them(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    free = book["Models"].max_column + 1
    letter = openpyxl.utils.get_column_letter(free)
    path = edited(tmp_path, ("Models", f"{letter}1", "Contributions"), ("Models", f"{letter}2", "Always"))
    workbook = read_workbook(path)
    assert workbook.models[0].contributions == "always"
    assert model_in(NODE, _model_note(workbook.models[0])) == workbook.models[0]
    asked = referee(tmp_path, path)
    decision = asked.decide("1", UNSURE)
    [score] = [node.value for node in decision.trace if node.name == NODE]
    pushed = asked.pushed(decision)[NODE]
    assert [each["fact"] for each in score["contributions"]] == [push.contribution.feature for push in pushed]
    assert score["contributions"][0]["size"] == size_of(pushed[0].contribution)
    assert asked.log is not None
    [record] = asked.log.records()
    assert record.payload["scores"][NODE] == score
    plain = referee(tmp_path).evaluate(Case("1", UNSURE))
    assert (decision.route, decision.outputs) == (plain.route, plain.outputs)


def test_another_word_than_always_is_a_fault_at_its_cell(tmp_path: Path) -> None:
    from referee.domain import RulesError

    letter = openpyxl.utils.get_column_letter(openpyxl.load_workbook(WORKBOOK)["Models"].max_column + 1)
    path = edited(tmp_path, ("Models", f"{letter}1", "contributions"), ("Models", f"{letter}2", "often"))
    with pytest.raises(RulesError, match=f"cell {letter}2: `often` doesn't say when contributions"):
        read_workbook(path)


@pytest.mark.parametrize(
    ("contribution", "expected"),
    [
        (
            Contribution("income", -0.312, "log-odds"),
            "income 1200 (net) pushed away from yes (\N{MINUS SIGN}0.31)",
        ),
        (Contribution("income", 0.084, "probability"), "income 1200 (net) pushed towards yes (+8.4 points)"),
    ],
)
def test_a_push_is_one_phrase(contribution: Contribution, expected: str) -> None:
    assert Push(contribution, Decimal(1200), "net").told("yes") == expected


def test_contributions_of_a_compiled_model_import_no_scikit_learn(tmp_path: Path) -> None:
    program = f"""
import sys
from referee.domain import Case
from referee.engine import Referee
facts = {{name: str(value) for name, value in {UNSURE!r}.items()}}
asked = Referee({str(WORKBOOK)!r}, models={str(ROOT / "models")!r}, audit={str(tmp_path / "audit")!r})
decision = asked.decide("1", facts)
assert asked.pushed(decision)
print(sorted({{"sklearn", "joblib", "scipy"}} & set(sys.modules)))
"""
    program = "from decimal import Decimal\n" + program
    environment = os.environ | {"PYTHONPATH": str(ROOT / "library")}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


@pytest.mark.parametrize("hidden_as", ["hash", "mask 2", "encrypt"])
def test_a_sensitive_value_cannot_be_worked_out_from_what_a_linear_model_was_pushed_by(
    hidden_as: str, tmp_path: Path
) -> None:
    asked = processed(tmp_path, with_sensitive(tmp_path, "lvrat", hidden_as, contributions="always"))
    assert asked.log is not None
    model = ModelStore(ROOT / "models").load("loan_denial")
    [size] = [each.size for each in model.contributions(UNSURE) if each.feature == "lvrat"]
    records = list(asked.log.records())
    [decision] = [record.payload for record in records if record.kind == "decision"]
    [handoff] = [record.payload for record in records if record.kind == "handoff"]
    told = decision["scores"][NODE]["contributions"]
    kept = handoff["context"]["pushed"][NODE]
    # Neither the size nor its rank, which lies between two others.
    assert told[-1] == {"fact": "lvrat"}
    assert kept[-1].keys() == {"fact", "meaning"}
    assert all("size" in each for each in (*told[:-1], *kept[:-1]))
    shown = decision_table(asked.evaluate(Case("1", UNSURE)), asked.pushed(asked.evaluate(Case("1", UNSURE))))
    [task] = Worklist(asked.log).items()
    Worklist(asked.log).export(tmp_path / "worklist.xlsx")
    [line] = read_table(tmp_path / "worklist.xlsx").rows
    written = asked.log.path.read_text() + shown + line.text("score") + str(task.context)
    assert "lvrat (sensitive)" in shown and "lvrat (sensitive)" in line.text("score")
    assert not any(f"{abs(size):.{places}f}" in written for places in range(2, 7))


def test_the_worklist_shows_no_size_of_a_hidden_fact_that_an_older_log_holds(tmp_path: Path) -> None:
    asked = processed(tmp_path, with_sensitive(tmp_path, "lvrat", "encrypt"))
    assert asked.log is not None
    [task] = Worklist(asked.log).items()
    push = {"fact": "lvrat", "size": Decimal("2.011396"), "unit": "log-odds", "meaning": "loan to value"}
    [line] = pushed_lines(replace(task, context={"pushed": {NODE: [push]}}), NODE)
    assert line.startswith("lvrat (sensitive) (loan to value) pushed too")
    assert "2.01" not in line


def test_a_log_with_sensitive_contributions_is_decided_again_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    path = with_sensitive(tmp_path, "lvrat", "encrypt", contributions="always")
    processed(tmp_path, path)
    found = replay(tmp_path / "audit", versions=[path])
    assert (found.equal, found.different, found.not_replayed.total()) == (1, 0, 0)


def with_sensitive(folder: Path, name: str, hidden_as: str, contributions: str = "") -> Path:
    """The workbook with a sensitive fact, and scores that tell what pushed them where that is asked."""
    facts = openpyxl.load_workbook(WORKBOOK)["Facts"]
    [sensitive] = [cell.column_letter for cell in facts[1] if cell.value == "sensitive"]
    [row] = [each[0].row for each in facts.iter_rows(min_row=2) if each[0].value == name]
    letter = openpyxl.utils.get_column_letter(openpyxl.load_workbook(WORKBOOK)["Models"].max_column + 1)
    asked = [("Models", f"{letter}1", "contributions"), ("Models", f"{letter}2", contributions)]
    return edited(folder, ("Facts", f"{sensitive}{row}", hidden_as), *(asked if contributions else []))

"""The worklist goes out to Excel and comes back with answers, all or none, each recorded once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from referee.audit import AuditLog, verify
from referee.domain import HandoffError, InputError
from referee.handoff import ImportResult, Worklist
from referee.workbook.sheets import read_table

NAME = "invoice approval"

FACTS = {
    "amount": Decimal("1234.50"),
    "supplier": "Müller & Söhne",
    "vip": True,
    "note": None,
    "iban": "hmac-sha256:" + "0" * 16 + ":" + "ab" * 32,
    "lines": ["a", Decimal(2)],
}
DECISION = {
    "facts": FACTS,
    "route": "human",
    "scores": {"review model": {"label": "touch", "confidence": Decimal("0.934211")}, "other": None},
    "rules": [
        {
            "table": "Routing",
            "rule": 4,
            "place": "x.xlsx, sheet Routing, cell A7",
            "annotation": "price differs",
        },
        {"table": "Matching", "rule": 1, "place": "", "annotation": ""},
    ],
}


class Desk:
    """A log with cases handed over, and the Excel file in which a reviewer answers."""

    def __init__(self, folder: Path) -> None:
        self.log = AuditLog(folder / "audit")
        self.worklist = Worklist(self.log)
        self.path = folder / "worklist.xlsx"
        self.examples = folder / "examples"

    def decide(self, case: str, decision: str = NAME) -> int:
        return self.log.append("decision", {"case": case, "decision": decision, **DECISION}).position

    def hand_over(self, case: str, queue: str = "payables", decision: str = NAME) -> int:
        of = self.decide(case, decision)
        reasons = ["the price differs by 12 %", "the vendor is new"]
        handoff = {"case": case, "decision": decision, "queue": queue, "reasons": reasons, "of": of}
        self.log.append("handoff", {**handoff, "context": {"order": "PO-7", "amount": "not shown twice"}})
        return of

    def fill(self, rows: dict[str, tuple[str | None, str | None, str | None]]) -> None:
        """Writes answer, name and note into the rows of the cases, as a person does in Excel."""
        workbook = load_workbook(self.path)
        sheet = workbook["Worklist"]
        for row in sheet.iter_rows(min_row=3):
            if row[0].value in rows:
                for cell, value in zip(row[6:9], rows[str(row[0].value)], strict=True):
                    cell.value = value
        workbook.save(self.path)

    def import_answers(self) -> ImportResult:
        return self.worklist.import_answers(self.path, self.examples)

    def answers(self) -> list[dict[str, Any]]:
        return [dict(record.payload) for record in self.log.records() if record.kind == "answer"]

    def labelled(self, decision: str = NAME) -> list[dict[str, Any]]:
        lines = (self.examples / f"{decision}.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line, parse_float=Decimal) for line in lines]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_case_handed_over_is_a_task_with_all_that_is_known(desk: Desk) -> None:
    of = desk.hand_over("INV-1")
    (task,) = desk.worklist.items()
    assert (task.case_id, task.decision, task.queue, task.position) == ("INV-1", NAME, "payables", of)
    assert task.reasons == ("the price differs by 12 %", "the vendor is new")
    assert task.facts == FACTS
    assert task.context["order"] == "PO-7"


def test_tasks_can_be_asked_for_by_queue(desk: Desk) -> None:
    desk.hand_over("INV-1", "payables")
    desk.hand_over("INV-2", "purchasing")
    assert [task.case_id for task in desk.worklist.items("purchasing")] == ["INV-2"]
    assert [task.case_id for task in desk.worklist.items()] == ["INV-1", "INV-2"]


def test_a_case_handed_over_twice_for_one_decision_is_one_task(desk: Desk) -> None:
    of = desk.hand_over("INV-1")
    desk.log.append("handoff", {"case": "INV-1", "decision": NAME, "queue": "payables", "of": of})
    assert len(desk.worklist.items()) == 1


def test_a_case_decided_anew_waits_only_once_it_is_handed_over_again(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.decide("INV-1")
    assert desk.worklist.items() == []
    again = desk.hand_over("INV-1")
    assert [task.position for task in desk.worklist.items()] == [again]


def test_a_case_that_nobody_could_decide_is_a_task_too(desk: Desk) -> None:
    handoff = {"case": "INV-1", "decision": NAME, "queue": "payables", "reasons": ["unreadable"], "of": None}
    desk.log.append("handoff", handoff)
    assert desk.worklist.export(desk.path) == 1
    desk.fill({"INV-1": ("reject", "Ada", None)})
    assert desk.import_answers().recorded == 1
    assert desk.worklist.items() == []
    assert desk.labelled()[0]["facts"] == {}


def test_the_exported_file_tells_a_reviewer_everything(desk: Desk) -> None:
    desk.hand_over("INV-1")
    assert desk.worklist.export(desk.path) == 1
    (row,) = read_table(desk.path).rows
    assert row.text("case") == "INV-1"
    assert row.text("queue") == "payables"
    assert row.text("why a person decides") == "the price differs by 12 %\nthe vendor is new"
    assert row.text("facts").splitlines() == [
        "amount: 1234.50",
        "supplier: Müller & Söhne",
        "vip: yes",
        "note: (blank)",
        "iban: (sensitive)",
        "lines: a, 2",
        "order: PO-7",
    ]
    assert row.text("score").splitlines() == ["review model: touch, 93.4 %", "other: (blank)"]
    assert row.text("what the rules said").splitlines() == [
        "Routing, rule 4: price differs (x.xlsx, sheet Routing, cell A7)",
        "Matching, rule 1",
    ]
    assert row.text("answer") == row.text("answered by") == row.text("note") == ""


def test_the_exported_file_is_pleasant_to_fill_in(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    workbook = load_workbook(desk.path)
    sheet = workbook["Worklist"]
    assert "choose an answer, put your name beside it" in str(sheet["A1"].value)
    assert sheet.freeze_panes == "A3"
    assert sheet.auto_filter.ref == "A2:L3"
    (dropdown,) = sheet.data_validations.dataValidation
    assert str(dropdown.sqref) == "G3"
    assert dropdown.showInputMessage and "does not make the bot act" in str(dropdown.prompt)
    choices = workbook["Choices"]
    assert [row[0].value for row in choices.iter_rows()] == ["approve", "reject", "done by hand"]


def test_an_empty_worklist_is_exported_too(desk: Desk) -> None:
    assert desk.worklist.export(desk.path) == 0
    assert desk.import_answers() == ImportResult(recorded=0, unchanged=0, unanswered=0, examples=0)


def test_answers_are_recorded_and_kept_as_examples(desk: Desk) -> None:
    of = desk.hand_over("INV-1")
    desk.hand_over("INV-2")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": (" Approve ", "Ada", "looked up the order")})
    assert desk.import_answers() == ImportResult(recorded=1, unchanged=0, unanswered=1, examples=1)
    assert desk.answers() == [
        {
            "case": "INV-1",
            "decision": NAME,
            "answer": "approve",
            "by": "Ada",
            "note": "looked up the order",
            "of": of,
        }
    ]
    assert [task.case_id for task in desk.worklist.items()] == ["INV-2"]
    record = list(desk.log.records())[-1]
    (example,) = desk.labelled()
    assert example == {
        "decision": NAME,
        "case": "INV-1",
        "facts": FACTS | {"lines": ["a", 2]},
        "route": "human",
        "scores": DECISION["scores"],
        "answer": "approve",
        "by": "Ada",
        "note": "looked up the order",
        "time": record.time,
        "of": of,
        "record": {"position": record.position, "hash": record.hash},
    }
    assert verify(desk.log.folder).intact


def test_importing_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    desk.import_answers()
    log, examples = desk.log.path.read_bytes(), (desk.examples / f"{NAME}.jsonl").read_bytes()
    assert desk.import_answers() == ImportResult(recorded=0, unchanged=1, unanswered=0, examples=0)
    assert Worklist(AuditLog(desk.log.folder)).import_answers(desk.path, desk.examples).unchanged == 1
    assert desk.log.path.read_bytes() == log
    assert (desk.examples / f"{NAME}.jsonl").read_bytes() == examples


def test_an_import_that_stopped_before_the_examples_is_completed_by_the_next(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    desk.examples.write_text("a file where the folder should be")
    with pytest.raises(
        HandoffError, match=r"the answers are recorded, but the examples .* import the same file"
    ):
        desk.import_answers()
    desk.examples.unlink()
    assert desk.import_answers() == ImportResult(recorded=0, unchanged=1, unanswered=0, examples=1)
    assert len(desk.answers()) == len(desk.labelled()) == 1


def test_examples_of_each_decision_have_their_own_file_and_older_lines_stay(desk: Desk) -> None:
    desk.examples.mkdir()
    kept = b'{"case":"old","record":{"hash":"of another log"}}'
    (desk.examples / f"{NAME}.jsonl").write_bytes(kept)
    desk.hand_over("INV-1")
    desk.hand_over("LOAN-1", decision="loans: new/old")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("reject", "Ada", None), "LOAN-1": ("approve", "Bo", None)})
    assert desk.import_answers().examples == 2
    assert (desk.examples / f"{NAME}.jsonl").read_bytes().startswith(kept + b"\n")
    assert [example["case"] for example in desk.labelled()] == ["old", "INV-1"]
    assert [example["case"] for example in desk.labelled("loans_ new_old")] == ["LOAN-1"]
    assert sorted(path.suffix for path in desk.examples.iterdir()) == [".jsonl", ".jsonl"]


def test_a_damaged_examples_file_is_named_and_left_alone(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    desk.examples.mkdir()
    path = desk.examples / f"{NAME}.jsonl"
    path.write_text('{"record":{"hash":"x"}}\n{"record"')
    with pytest.raises(
        HandoffError, match=r"invoice approval\.jsonl, line 2: this isn't an example; correct"
    ):
        desk.import_answers()
    path.write_text("")
    assert desk.import_answers().examples == 1


def test_every_unusable_cell_is_named_and_nothing_is_imported(desk: Desk) -> None:
    for number in range(1, 7):
        desk.hand_over(f"INV-{number}")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    desk.import_answers()
    desk.fill(
        {
            "INV-1": ("reject", "Ada", None),
            "INV-2": ("aprove", "Ada", None),
            "INV-3": ("approve", " ", None),
            "INV-4": ("approve", "Ada", None),
            "INV-5": ("approve", "Ada", None),
            "INV-6": ("approve", "Ada", None),
        }
    )
    workbook = load_workbook(desk.path)
    sheet = workbook["Worklist"]
    sheet["A6"] = "INV-44"
    sheet["L7"] = "?"
    workbook.save(desk.path)
    desk.decide("INV-6")
    before = desk.log.path.read_bytes()
    with pytest.raises(HandoffError) as refused:
        desk.import_answers()
    where = "worklist.xlsx, sheet Worklist, cell"
    unknown = "isn't one that was handed over by this log; export the worklist again and answer there"
    assert str(refused.value).splitlines() == [
        "nothing was imported from worklist.xlsx, correct 6 cells:",
        f"  {where} G3: case `INV-1` is answered `reject` here and was answered `approve` before; clear the "
        "cell, or write `approve`",
        f"  {where} G4: `aprove` isn't an answer; choose `approve`, `reject` or `done by hand`",
        f"  {where} H5: the name of the person who answered is missing; write it here",
        f"  {where} A6: case `INV-44` {unknown}",
        f"  {where} A7: case `INV-5` {unknown}",
        f"  {where} A8: case `INV-6` was decided anew after this worklist was exported; clear its answer "
        "and export the worklist again",
    ]
    assert desk.log.path.read_bytes() == before


def test_one_case_answered_twice_in_a_file_counts_once_or_contradicts_itself(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    workbook = load_workbook(desk.path)
    sheet = workbook["Worklist"]
    for column in range(1, 13):
        sheet.cell(4, column).value = sheet.cell(3, column).value
    sheet["G4"] = "reject"
    workbook.save(desk.path)
    with pytest.raises(
        HandoffError, match="cell G4: case `INV-1` is answered `reject` here and was answered"
    ):
        desk.import_answers()
    sheet["G4"] = "approve"
    workbook.save(desk.path)
    assert desk.import_answers() == ImportResult(recorded=1, unchanged=1, unanswered=0, examples=1)


def test_the_worklist_of_another_log_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", None)})
    other = Desk(tmp_path / "other")
    other.hand_over("INV-2")
    with pytest.raises(HandoffError, match="cell A3: case `INV-1` isn't one that was handed over"):
        other.worklist.import_answers(desk.path, desk.examples)


@pytest.mark.parametrize("case", ["00123", "1.50", "=1+1", "2026-01-31", "INV  7 ", "ä/ö", "TRUE"])
def test_case_ids_survive_the_way_through_excel(desk: Desk, case: str) -> None:
    desk.hand_over(case)
    desk.worklist.export(desk.path)
    workbook = load_workbook(desk.path)
    sheet = workbook["Worklist"]
    sheet["G3"], sheet["H3"] = "approve", "Ada"
    workbook.save(desk.path)
    assert desk.import_answers().recorded == 1
    assert desk.answers()[0]["case"] == case


def test_exporting_again_keeps_answers_that_nobody_has_imported(desk: Desk) -> None:
    desk.hand_over("INV-1")
    desk.worklist.export(desk.path)
    desk.fill({"INV-1": ("approve", "Ada", "checked")})
    desk.hand_over("INV-2")
    assert desk.worklist.export(desk.path) == 2
    assert desk.import_answers() == ImportResult(recorded=1, unchanged=0, unanswered=1, examples=1)
    assert desk.answers()[0]["note"] == "checked"
    assert desk.worklist.export(desk.path) == 1


def test_exporting_one_queue_does_not_overwrite_the_answers_of_another(desk: Desk) -> None:
    desk.hand_over("INV-1", "payables")
    desk.hand_over("INV-2", "purchasing")
    desk.worklist.export(desk.path, "payables")
    desk.fill({"INV-1": ("approve", "Ada", None)})
    with pytest.raises(
        HandoffError, match=r"row 3 holds an answer about another queue that was not imported"
    ):
        desk.worklist.export(desk.path, "purchasing")
    desk.import_answers()
    assert desk.worklist.export(desk.path, "purchasing") == 1


def test_exporting_over_some_other_file_is_refused(desk: Desk) -> None:
    desk.path.write_text("my notes")
    with pytest.raises(InputError):
        desk.worklist.export(desk.path)
    assert desk.path.read_text() == "my notes"


def test_a_file_that_is_no_worklist_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError):
        desk.import_answers()

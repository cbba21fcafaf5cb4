"""The worklist: which cases wait for a person, out to Excel and back with the answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, Record
from referee.audit.index import INDEXED_FROM, Index, log_bytes
from referee.audit.placed_records import UnusableIndexError
from referee.audit.reading import read_lines, record_of
from referee.audit.record import Tail
from referee.domain import HandoffError
from referee.handoff.examples import add_examples, examples_path
from referee.handoff.review_task import ANSWERS, ReviewTask, facts_text, rules_text, scores_text
from referee.workbook.cell_value import one_line
from referee.workbook.sheets import SheetRow, SheetTable, read_table, write_table

CASE, DECISION, QUEUE, WHY = "case", "decision", "queue", "why a person decides"
FACTS, SCORE, RULES, SINCE = "facts", "score", "what the rules said", "waiting since (UTC)"
ANSWER, BY, NOTE, RECORD = "answer", "answered by", "note", "record"
COLUMNS = (CASE, QUEUE, WHY, FACTS, SCORE, RULES, ANSWER, BY, NOTE, SINCE, DECISION, RECORD)

_SHEET = "Worklist"
_TITLE = "Cases waiting for you: choose an answer, put your name beside it, save, and have the file imported"
_PROMPTS = {
    ANSWER: "What you decided. It does not make the bot act: see to it that an approved case is done, by hand or as a "
    "new case with another id."
}
_WIDTHS = {WHY: 40.0, FACTS: 44.0, RULES: 50.0, ANSWER: 16.0, BY: 18.0, NOTE: 34.0, SCORE: 50.0}


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: answers recorded now, answers that the log held already, rows without an answer,
    and examples added (also those that an interrupted import had left out).
    """

    recorded: int
    unchanged: int
    unanswered: int
    examples: int


@dataclass(frozen=True, slots=True)
class _Answer:
    task: int
    decision: str
    case_id: str
    word: str
    by: str
    note: str


class Worklist:
    """The cases of a log that were handed over to people, and their answers.

    Derived from the log alone; of one longer than ``indexed_from`` bytes only the cases that have come to people
    are read, found through its index. A case that was decided anew leaves the list until it is handed over again.
    """

    def __init__(self, log: AuditLog, *, indexed_from: int = INDEXED_FROM) -> None:
        self._log = log
        self._indexed_from = indexed_from
        self._index: Index | None = None
        self._begin(Tail())

    def _begin(self, tail: Tail) -> None:
        """From here on all records are read; of those before only what the index finds."""
        self._tail = tail
        self._base = tail.position
        self._met: set[tuple[str, str]] = set()
        self._decided: dict[int, Record] = {}
        self._latest: dict[tuple[str, str], int] = {}
        self._handed_over: dict[int, Record] = {}
        self._answered: dict[int, Record] = {}

    def items(self, queue: str | None = None, decision: str | None = None) -> list[ReviewTask]:
        """The tasks that nobody has answered yet, in the order in which they were handed over.

        Only those of a queue or of a decision, if one is named.
        """
        self._refresh()
        tasks = [self._task(position) for position in self._handed_over if self._is_waiting(position)]
        return [task for task in tasks if queue in (None, task.queue) and decision in (None, task.decision)]

    def export(
        self, path: str | os.PathLike[str], queue: str | None = None, decision: str | None = None
    ) -> int:
        """Writes the waiting tasks to an Excel file for a case reviewer and gives their number.

        Answers that somebody has filled in at ``path`` but nobody has imported are kept. Raises HandoffError
        when that file holds such answers for other tasks or isn't a worklist, InputError when it can't be
        read or written.
        """
        path = Path(path)
        tasks = self.items(queue, decision)
        filled = self._filled_in(path, {task.position for task in tasks}) if path.exists() else {}
        write_table(
            path,
            COLUMNS,
            [_row(task) | filled.get(task.position, {}) for task in tasks],
            sheet=_SHEET,
            title=_TITLE,
            dropdowns={ANSWER: ANSWERS},
            widths=_WIDTHS,
            answer_columns=(ANSWER, BY, NOTE),
            hidden_columns=(RECORD,),
            prompts=_PROMPTS,
        )
        return len(tasks)

    def import_answers(self, path: str | os.PathLike[str], examples: str | os.PathLike[str]) -> ImportResult:
        """Records the answers of an exported worklist, all or none, and keeps each as a labelled example.

        Importing the same answers again changes nothing; after a kill in between it completes what is
        missing. Raises HandoffError naming every cell that can't be used (unknown case or answer, nobody
        named, an answer that contradicts a recorded one), InputError when the file can't be read, AuditError
        when the answers can't be made durable.
        """
        table = _read(Path(path))
        with self._log.exclusive():
            self._refresh()
            answers, unchanged, unanswered = self._check(table)
            self._log.append_many([("answer", _payload(answer)) for answer in answers])
            self._refresh()
            added = self._write_examples(examples)
        return ImportResult(len(answers), unchanged, unanswered, added)

    def _check(self, table: SheetTable) -> tuple[list[_Answer], int, int]:
        answers: dict[int, _Answer] = {}
        faults: list[str] = []
        unchanged = unanswered = 0
        for row in table.rows:
            if not row.text(ANSWER):
                unanswered += 1
                continue
            answer = self._answer(row)
            if isinstance(answer, str):
                faults.append(answer)
                continue
            given = self._given(answer.task) or (answers[answer.task].word if answer.task in answers else "")
            if given == answer.word:
                unchanged += 1
            elif given:
                faults.append(
                    f"{row.place(ANSWER)}: case `{answer.case_id}` is answered `{answer.word}` here and was "
                    f"answered `{given}` before; clear the cell, or write `{given}`"
                )
            elif not self._is_waiting(answer.task):
                faults.append(
                    f"{row.place(CASE)}: case `{answer.case_id}` was decided anew after this worklist was "
                    "exported; clear its answer and export the worklist again"
                )
            else:
                answers[answer.task] = answer
        if faults:
            count = "1 cell" if len(faults) == 1 else f"{len(faults)} cells"
            head = f"nothing was imported from {table.workbook}, correct {count}:"
            raise HandoffError("\n".join([head, *(f"  {fault}" for fault in faults)]))
        return list(answers.values()), unchanged, unanswered

    def _answer(self, row: SheetRow) -> _Answer | str:
        """The answer in a row, or what is wrong with it."""
        task = self._find(row)
        if task is None:
            return (
                f"{row.place(CASE)}: case `{row.text(CASE)}` isn't one that was handed over by this log; "
                "export the worklist again and answer there"
            )
        word = one_line(row.text(ANSWER)).casefold()
        if word not in ANSWERS:
            return f"{row.place(ANSWER)}: `{row.text(ANSWER)}` isn't an answer; choose {_listed(ANSWERS)}"
        by = one_line(row.text(BY))
        if not by:
            return f"{row.place(BY)}: the name of the person who answered is missing; write it here"
        handoff = self._handed_over[task].payload
        return _Answer(task, handoff["decision"], handoff["case"], word, by, row.text(NOTE))

    def _given(self, task: int) -> str:
        return str(self._answered[task].payload["answer"]) if task in self._answered else ""

    def _find(self, row: SheetRow) -> int | None:
        """The task a row is about; None unless record, decision and case agree with the log."""
        record = row.values.get(RECORD)
        if not isinstance(record, Decimal) or int(record) not in self._handed_over:
            return None
        handoff = self._handed_over[int(record)].payload
        # Cells don't keep spaces at the ends of a name.
        for column, name in ((DECISION, handoff["decision"]), (CASE, handoff["case"])):
            if one_line(row.text(column)) != one_line(name):
                return None
        return int(record)

    def _filled_in(self, path: Path, exported: set[int]) -> dict[int, dict[str, Any]]:
        filled: dict[int, dict[str, Any]] = {}
        for row in _read(path).rows:
            answer = {name: row.text(name) for name in (ANSWER, BY, NOTE)}
            task = self._find(row)
            if task is None or not any(answer.values()) or not self._is_waiting(task):
                continue
            if task not in exported:
                raise HandoffError(
                    f"{path}: row {row.number} holds an answer about another queue that was not imported "
                    "yet; import the file first, or export to another one"
                )
            filled[task] = answer
        return filled

    def _write_examples(self, folder: str | os.PathLike[str]) -> int:
        by_decision: dict[str, list[dict[str, Any]]] = {}
        for position, record in self._answered.items():
            by_decision.setdefault(record.payload["decision"], []).append(self._example(position, record))
        return sum(
            add_examples(examples_path(folder, decision), examples)
            for decision, examples in by_decision.items()
        )

    def _example(self, position: int, answer: Record) -> dict[str, Any]:
        decided = self._decided_payload(position)
        return {
            "decision": answer.payload["decision"],
            "case": answer.payload["case"],
            "facts": decided.get("facts", {}),
            "route": decided.get("route"),
            "scores": decided.get("scores", {}),
            "answer": answer.payload["answer"],
            "by": answer.payload["by"],
            "note": answer.payload["note"],
            "time": answer.time,
            "of": position,
            "record": {"position": answer.position, "hash": answer.hash},
        }

    def _refresh(self) -> None:
        if not self._tail.position and log_bytes(self._log.folder) > self._indexed_from:
            self._begin_with_index()
        for line, tail in read_lines(self._log.folder, self._tail):
            record = record_of(line, self._log.folder / tail.segment, tail.position - 1)
            try:
                self._meet(record)
            except UnusableIndexError:
                self._drop_index()
                return
            self._tail = tail

    def _begin_with_index(self) -> None:
        try:
            self._index = Index(self._log.folder)
            self._index.catch_up()
            self._begin(self._index.tail)
            for record in self._index.handed_over():
                if record.position < self._base:
                    self._met.add((record.payload["decision"], record.payload["case"]))
                    self._take(record)
        except UnusableIndexError:
            self._drop_index()

    def _drop_index(self) -> None:
        """The index failed: read the whole log."""
        if self._index is not None:
            self._index.abandon()
        self._index = None
        self._indexed_from = sys.maxsize
        self._begin(Tail())
        self._refresh()

    def _meet(self, record: Record) -> None:
        """Takes in a new record, and first what was decided before about a case that is new to the list."""
        payload = record.payload
        if self._index is not None and record.kind in ("handoff", "answer") and "case" in payload:
            case = (payload["decision"], payload["case"])
            if case not in self._met:
                self._met.add(case)
                for before in self._index.history(*case, self._base):
                    self._take(before)
        self._take(record)

    def _take(self, record: Record) -> None:
        payload = record.payload
        if record.kind not in ("decision", "handoff", "answer") or "case" not in payload:
            return
        case = (payload["decision"], payload["case"])
        if record.kind == "decision":
            self._decided[record.position] = record
            # What the index tells of a case may be taken in after what was read since.
            self._latest[case] = max(record.position, self._latest.get(case, record.position))
            return
        of = payload.get("of")
        # A case can come to a person without any decision about it, as when its facts can't even be read.
        position = self._latest.setdefault(case, record.position) if of is None else int(of)
        by_position = self._handed_over if record.kind == "handoff" else self._answered
        by_position.setdefault(position, record)

    def _is_waiting(self, position: int) -> bool:
        handoff = self._handed_over[position].payload
        latest = self._latest.get((handoff["decision"], handoff["case"]), position)
        return position not in self._answered and latest <= position

    def _decided_payload(self, position: int) -> Mapping[str, Any]:
        record = self._decided.get(position)
        return {} if record is None else record.payload

    def _task(self, position: int) -> ReviewTask:
        handoff = self._handed_over[position]
        decided = self._decided_payload(position)
        return ReviewTask(
            case_id=handoff.payload["case"],
            decision=handoff.payload["decision"],
            queue=handoff.payload.get("queue") or "",
            reasons=tuple(handoff.payload.get("reasons") or ()),
            handed_over=handoff.time,
            position=position,
            facts=decided.get("facts") or {},
            context=handoff.payload.get("context") or {},
            scores=decided.get("scores") or {},
            rules=tuple(decided.get("rules") or ()),
        )


def _read(path: Path) -> SheetTable:
    return read_table(path, _SHEET, required=(CASE, DECISION, RECORD, ANSWER, BY, NOTE))


def _row(task: ReviewTask) -> dict[str, Any]:
    return {
        CASE: task.case_id,
        DECISION: task.decision,
        QUEUE: task.queue,
        WHY: "\n".join(task.reasons),
        FACTS: facts_text(task),
        SCORE: scores_text(task),
        RULES: rules_text(task),
        SINCE: task.handed_over[:16].replace("T", " "),
        RECORD: Decimal(task.position),
    }


def _payload(answer: _Answer) -> dict[str, Any]:
    return {
        "case": answer.case_id,
        "decision": answer.decision,
        "answer": answer.word,
        "by": answer.by,
        "note": answer.note,
        "of": answer.task,
    }


def _listed(words: tuple[str, ...]) -> str:
    quoted = [f"`{word}`" for word in words]
    return ", ".join(quoted[:-1]) + " or " + quoted[-1]

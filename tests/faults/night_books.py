"""The morning after: do queue, audit log, worklist and the systems' own records agree about each case?"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from night_items import SYSTEMS, Item, Story, System
from night_mail import LETTERS

from referee.audit import AuditLog, verify
from referee.handoff import Worklist
from referee.workitems import CaseState, ItemState, Ledger, Status, WorkItem, WorkQueue

DONE, PEOPLE, CLOSED = "done", "for people", "exception closed"
IN_DOUBT, GIVEN_UP, REFUSED, NO_FACTS = "in doubt", "given up", "refused", "no facts"
ENDS = (DONE, PEOPLE, CLOSED, REFUSED, NO_FACTS, IN_DOUBT, GIVEN_UP)

# How an item may end by what it is like. Whatever it is, a bot may be killed while it acts on it.
USUAL_END = {
    Story.PLAIN: DONE,
    Story.FOR_PEOPLE: PEOPLE,
    Story.FACT_MISSING: PEOPLE,
    Story.EXCEPTION: CLOSED,
    Story.REFUSED: REFUSED,
    Story.UNFIT: REFUSED,
    Story.NO_FACTS: NO_FACTS,
}
ACTED_ON = frozenset({Story.PLAIN, Story.EXCEPTION, Story.REFUSED, Story.UNFIT})


@dataclass(slots=True)
class Books:
    """What was found: how many items of each system ended how, and all that doesn't agree."""

    ends: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    booked: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    tried_again: int = 0
    doubted_and_done: int = 0
    records: int = 0
    faults: list[str] = field(default_factory=list)


def compare(folder: Path, items: Sequence[Item]) -> Books:
    """Case by case. Faults are sentences; a night is good when there is none."""
    books = Books()
    verification = verify(folder / "audit", contents=True)
    books.records = verification.records
    if not verification.intact:
        books.faults.append(f"the audit log is not intact: {verification}")
    log = AuditLog(folder / "audit")
    ledger = Ledger(log)
    ledger.refresh()
    records = _by_case(log)
    waiting = Counter((task.decision, task.case_id) for task in Worklist(log).items())
    queue = WorkQueue(folder / "queue.sqlite", create=False)
    try:
        held = queue.items()
    finally:
        queue.close()
    expected = {(item.system.queue, item.key) for item in items}
    for key, count in Counter((item.queue, item.key) for item in held).items():
        if count > 1 or key not in expected:
            books.faults.append(f"{key} is in the queue {count} times, and should be {int(key in expected)}")
    found = {(item.queue, item.key): item for item in held}
    booked = {system.name: system_records(folder, system) for system in SYSTEMS}
    for item in items:
        name = (item.system.queue, item.key)
        confirmations = booked[item.system.name].pop(item.key, [])
        books.booked[item.system.name] += len(confirmations)
        case = _Case(
            item,
            found.get(name),
            ledger.state(*name),
            records.get(name, []),
            confirmations,
            letters=_letters(folder, item.key),
            waiting=waiting.pop(name, 0),
        )
        books.faults += [f"{item.system.name} {item.key} ({item.story}): {fault}" for fault in case.faults()]
        books.ends[item.system.name][case.end] += 1
        books.doubted_and_done += case.end in (IN_DOUBT, GIVEN_UP) and len(confirmations) == 1
        if case.held is not None:
            books.tried_again += case.end == DONE and case.held.attempts > 1
            if case.held.failure is not None:
                books.failures[_message(case.held)] += 1
    for system, left in booked.items():
        books.faults += [f"{system}: {key} stands in its records and is no case" for key in left]
    books.faults += [f"{key} is on the worklist, and is no case" for key in waiting]
    return books


@dataclass(frozen=True, slots=True)
class _Case:
    """All that is known of one item, from all sides."""

    item: Item
    held: WorkItem | None
    state: CaseState | None
    records: Sequence[tuple[str, Mapping[str, Any]]]
    confirmations: Sequence[str]
    letters: int
    waiting: int

    @property
    def end(self) -> str:
        """How it ended as its item in the queue says."""
        if self.held is None or not self.held.state.is_final:
            return "no end"
        failure = self.held.failure if self.held.state is ItemState.FAILED else None
        if failure is None:
            return PEOPLE if self.state is not None and self.state.status is Status.HANDED_OVER else DONE
        if failure.code == "no-facts":
            return NO_FACTS
        if str(failure.kind) == "BUSINESS":
            closed = self.state is not None and self.state.status is Status.EXCEPTION_CLOSED
            return CLOSED if closed else IN_DOUBT if self._reason.startswith("in doubt") else REFUSED
        return IN_DOUBT if failure.code == "in-doubt" else GIVEN_UP

    @property
    def _reason(self) -> str:
        """Why it is with people: the last reason, as those of the decision come first."""
        reasons = ((self.state and self.state.handoff) or {}).get("reasons") or ("",)
        return str(reasons[-1])

    def faults(self) -> Iterator[str]:
        if self.held is None:
            yield "the item is gone"
            return
        end, story = self.end, self.item.story
        if end == "no end":
            yield f"the item is {self.held.state}, with {self.held.attempts} attempts"
            return
        if end != USUAL_END[story] and not (end in (IN_DOUBT, GIVEN_UP) and story in ACTED_ON):
            yield f"it ended as {end}: {self.held.failure}"
        yield from self._in_the_log(end)
        yield from self._in_the_system(end)

    def _in_the_log(self, end: str) -> Iterator[str]:
        decisions = sum(kind == "decision" for kind, _ in self.records)
        # What holds no facts need not be decided; if it is, then for people.
        if decisions > 1 or (not decisions and self.item.story is not Story.NO_FACTS):
            yield f"it was decided {decisions} times"
        if self.state is None:
            if end != NO_FACTS:
                yield "the audit log doesn't know it"
            return
        status = {DONE: Status.DONE, CLOSED: Status.EXCEPTION_CLOSED}.get(end, Status.HANDED_OVER)
        if self.state.status is not status:
            yield f"the item ended as {end}, and the log says: {self.state.status}"
        handed = sum(kind == "handoff" for kind, _ in self.records)
        if handed != (status is Status.HANDED_OVER) or self.waiting != handed:
            yield f"it was handed to people {handed} times, and is on the worklist {self.waiting} times"
        if end == IN_DOUBT and "in doubt" not in self._reason:
            yield f"it is in doubt, and people are told: {self._reason}"
        if sum(kind == "action" and payload["status"] == Status.DONE for kind, payload in self.records) > 1:
            yield "the log has it done twice"

    def _in_the_system(self, end: str) -> Iterator[str]:
        count = len(self.confirmations)
        if self.item.story is Story.EXCEPTION:
            if self.letters > 1 or (end == CLOSED and not self.letters):
                yield f"{self.letters} letters were written"
        elif self.letters:
            yield "a letter was written about it"
        if end == DONE:
            result = None if self.state is None else self.state.result
            if list(self.confirmations) != [result]:
                yield f"the log says it is done as {result}, the system has {self.confirmations}"
        elif count > (self.item.story is Story.PLAIN and end in (IN_DOUBT, GIVEN_UP)):
            yield f"it ended as {end}, and stands in the system {count} times: {self.confirmations}"


def system_records(folder: Path, system: System) -> dict[str, list[str]]:
    """The confirmations of each case in the system's own database."""
    with closing(sqlite3.connect(folder / system.book)) as database:
        rows = database.execute(f"select {system.key_column}, confirmation from {system.table} order by id")
        found: dict[str, list[str]] = defaultdict(list)
        for key, confirmation in rows:
            found[key].append(confirmation)
    return found


def count_records(folder: Path, system: System) -> int:
    """How many changes the system has made up to now; none while it starts for the first time."""
    with closing(sqlite3.connect(f"file:{folder / system.book}?mode=ro", uri=True)) as database:
        try:
            (count,) = database.execute(f"select count(*) from {system.table}").fetchone()
        except sqlite3.OperationalError:
            return 0
    return int(count)


def _by_case(log: AuditLog) -> dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]]:
    found: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for record in log.records():
        if "case" in record.payload:
            found[record.payload["decision"], record.payload["case"]].append((record.kind, record.payload))
    return found


def _letters(folder: Path, key: str) -> int:
    path = folder / LETTERS / key
    return len(path.read_text().splitlines()) if path.exists() else 0


def _message(item: WorkItem) -> str:
    """The failure as people read it, without what differs from case to case."""
    assert item.failure is not None
    return f"{item.failure.kind} {item.failure.code}: {item.failure.message}".replace(item.key, "KEY")

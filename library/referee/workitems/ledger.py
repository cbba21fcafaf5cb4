"""What has been done about each case, derived from the audit log alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from referee.audit import AuditLog, Record
from referee.audit.index import INDEXED_FROM, Index, log_bytes
from referee.audit.index_rows import CLOSED, is_about, standing
from referee.audit.placed_records import UnusableIndexError
from referee.audit.reading import read_lines, record_of
from referee.audit.record import Tail
from referee.domain import AuditError, Receipt

__all__ = ["CLOSED", "OPEN", "CaseState", "Ledger", "Status"]


class Status(StrEnum):
    """How far a case has come. Only ``OPEN`` ones are still the bots' business."""

    DECIDED = "decided"
    ACTING = "acting"
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in doubt"
    HANDED_OVER = "handed over"
    ANSWERED = "answered"
    EXCEPTION_OPEN = "exception open"
    EXCEPTION_CLOSED = "exception closed"


OPEN = frozenset({Status.DECIDED, Status.ACTING, Status.FAILED, Status.IN_DOUBT, Status.EXCEPTION_OPEN})

_STATUSES = frozenset(Status)


@dataclass(frozen=True, slots=True)
class CaseState:
    """Where a case stands after its latest decision.

    ``decision`` is the payload of that decision record and ``receipt`` its proof. ``action``, ``handoff`` and
    ``answer`` are the latest payloads of their kind about it, ``events`` the payloads of all its exception
    records in order, ``records`` counts all that followed the decision. ``earlier`` holds the states under previous
    decisions about the case, oldest first: look there before acting, since the case may have been acted on already.
    """

    case_id: str
    status: Status
    decision: Mapping[str, Any]
    receipt: Receipt
    action: Mapping[str, Any] | None = None
    handoff: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    events: tuple[Mapping[str, Any], ...] = ()
    records: int = 0
    earlier: tuple[CaseState, ...] = ()

    @property
    def position(self) -> int:
        """The position of the decision record; later records about it name it in ``of``."""
        return self.receipt.position

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def result(self) -> Any:
        """What the latest action gave back; None when there was none."""
        return None if self.action is None else self.action.get("result")

    @property
    def was_taken_up(self) -> bool:
        """Whether anything beyond deciding was begun under this or any earlier decision: an action, a
        playbook, a hand-over. It may have had effects, so don't begin anything else unseen.
        """
        return any(state.status is not Status.DECIDED for state in (*self.earlier, self))


@dataclass(slots=True)
class _Entry:
    """A decision and what has been recorded about it so far. ``place`` is where it was made: log and position there,
    and its position here.
    """

    decision: Mapping[str, Any]
    receipt: Receipt
    place: tuple[str, int, int]
    status: Status = Status.DECIDED
    latest: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    records: int = 0

    def take(self, record: Record) -> None:
        word = standing(record.kind, record.payload)
        if word and word not in _STATUSES:
            raise _unknown(word, record.position)
        self.records += 1
        if record.kind == "exception":
            self.events.append(record.payload)
        else:
            self.latest[record.kind] = record.payload
        if word:
            self.status = Status(word)


_Key = tuple[str, str]

_MOST_KNOWN = 10_000


class Ledger:
    """The state of every case in a log. ``refresh`` reads only what is new.

    Of a log longer than ``indexed_from`` bytes only the end is read: what stands before is found through the index
    of the log, and each record is checked as it is read. Where there can be no index, the whole log is read.

    A record about a superseded decision changes that one's state (see ``CaseState.earlier``), never the
    latest.
    """

    def __init__(self, log: AuditLog, *, indexed_from: int = INDEXED_FROM) -> None:
        self._log = log
        self._indexed_from = indexed_from
        self._index: Index | None = None
        self._most_held = indexed_from
        self._is_mended = False
        self._begin(Tail())

    def _begin(self, tail: Tail) -> None:
        """From here on records are held in memory; those before are in the index."""
        self._base = tail.position
        self._tail = tail
        self._held = 0
        self._new: dict[_Key, list[Record]] = {}
        self._known: dict[_Key, list[_Entry]] = {}

    def refresh(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Takes in what was appended since the last time, by any process. Raises AuditError (see
        ``records``).

        ``progress`` is told the bytes read, and of how many, while an index is made of a long log.
        """
        is_first = self._index is None and not self._tail.position
        if (log_bytes(self._log.folder) if is_first else self._held) > self._most_held:
            self._move_to_index(progress)
        for line, tail in read_lines(self._log.folder, self._tail):
            self._take(record_of(line, self._log.folder / tail.segment, tail.position - 1))
            self._held += len(line)
            self._tail = tail

    def state(self, decision: str, case_id: str) -> CaseState | None:
        """Where a case of a decision stands as of the last ``refresh``; None if it was never decided."""
        entries = self._entries((decision, case_id))
        return _state(case_id, entries) if entries else None

    def open_cases(self, decision: str) -> list[CaseState]:
        """The cases of a decision that a run must still bring to an end, in the order they came up."""
        names = {case_id for name, case_id in self._new if name == decision}
        if self._index is not None:
            try:
                names |= self._index.cases(decision, sorted(OPEN), self._base)
            except UnusableIndexError:
                self._recover()
                return self.open_cases(decision)
        found = [(case_id, entries) for case_id in names if (entries := self._entries((decision, case_id)))]
        found = [(case_id, entries) for case_id, entries in found if entries[-1].status in OPEN]
        found.sort(key=lambda one: one[1][0].receipt.position)
        return [_state(case_id, entries) for case_id, entries in found]

    def _take(self, record: Record) -> None:
        key = _key(record)
        if key is None:
            return
        word = standing(record.kind, record.payload)
        if word and word not in _STATUSES:
            self._entries(key)  # so that it is refused below, if it counts
        if key in self._known:
            _add(self._known[key], record)
        self._new.setdefault(key, []).append(record)

    def _entries(self, key: _Key) -> list[_Entry]:
        """The decisions about a case, oldest first, with what followed."""
        entries = self._known.get(key)
        if entries is not None:
            return entries
        entries = []
        for record in self._history(key):
            if _key(record) == key:
                _add(entries, record)
        for record in self._new.get(key, ()):
            _add(entries, record)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = entries
        return entries

    def _history(self, key: _Key) -> Iterable[Record]:
        """What the log held about a case before the records that are in memory."""
        if self._index is None:
            return ()
        try:
            return list(self._index.history(*key, self._base))
        except UnusableIndexError:
            self._recover()
            return self._history(key)

    # Index

    def _move_to_index(self, progress: Callable[[int, int], None]) -> None:
        """Lets the index answer for what is held in memory. Without one that can, everything stays where it is."""
        try:
            if self._index is None:
                self._index = Index(self._log.folder)
                self._index.catch_up(progress)
            else:
                self._index.catch_up(wait=False)
            self._require_known(self._index.standings())
        except UnusableIndexError:
            self._drop_index()
            return
        if self._index.tail.position > self._base:
            self._begin(self._index.tail)
        self._most_held = self._held + self._indexed_from

    def _recover(self) -> None:
        """The index failed: make it anew from the log, or do without it."""
        assert self._index is not None
        was_mended, self._is_mended = self._is_mended, True
        if not was_mended:
            self._index.abandon()
            self._index = None
            self._begin(Tail())
            self.refresh()
        else:
            self._drop_index()

    def _drop_index(self) -> None:
        """Reads the whole log, and goes on without an index."""
        if self._index is not None:
            self._index.close()
        self._index = None
        self._most_held = sys.maxsize
        self._begin(Tail())
        self.refresh()

    def _require_known(self, standings: Iterable[tuple[str, int]]) -> None:
        for word, position in standings:
            if word not in _STATUSES:
                raise _unknown(word, position)


def _key(record: Record) -> _Key | None:
    case, decision = record.payload.get("case"), record.payload.get("decision")
    return (decision, case) if isinstance(case, str) and isinstance(decision, str) else None


def _add(entries: list[_Entry], record: Record) -> None:
    log, place = (record.origin.log, record.origin.position) if record.origin else ("", record.position)
    if record.kind == "decision":
        receipt = Receipt(record.position, record.hash)
        entries.append(_Entry(record.payload, receipt, (log, place, record.position)))
        return
    of = record.payload.get("of")
    for entry in reversed(entries):
        if is_about(of, log, entry.place):
            entry.take(record)
            return


def _unknown(word: str, position: int) -> AuditError:
    return AuditError(
        f"record {position} of the audit log gives an action a status that this version doesn't know ({word}); use "
        "the version of Referee that wrote it"
    )


def _state(case_id: str, entries: list[_Entry]) -> CaseState:
    earlier: list[CaseState] = []
    for entry in entries:
        state = CaseState(
            case_id=case_id,
            status=entry.status,
            decision=entry.decision,
            receipt=entry.receipt,
            action=entry.latest.get("action"),
            handoff=entry.latest.get("handoff"),
            answer=entry.latest.get("answer"),
            events=tuple(entry.events),
            records=entry.records,
            earlier=tuple(earlier),
        )
        earlier.append(state)
    return state

"""What has been done about each case, derived from the audit log alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from referee.audit import AuditLog, Record
from referee.domain import AuditError, Receipt


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

CLOSED = "closed"
"""The ``event`` of the exception record that ends a playbook."""


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
    """A decision and what has been recorded about it so far."""

    decision: Mapping[str, Any]
    receipt: Receipt
    status: Status = Status.DECIDED
    latest: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    records: int = 0

    def take(self, kind: str, payload: Mapping[str, Any]) -> None:
        self.records += 1
        if kind == "exception":
            self.events.append(payload)
            closed = payload.get("event") == CLOSED
            self.status = Status.EXCEPTION_CLOSED if closed else Status.EXCEPTION_OPEN
            return
        self.latest[kind] = payload
        if kind == "action":
            self.status = Status(payload["status"])
        elif kind == "handoff":
            self.status = Status.HANDED_OVER
        elif kind == "answer":
            self.status = Status.ANSWERED


class Ledger:
    """The state of every case in a log. ``refresh`` reads only what is new; nothing is kept elsewhere.

    A record about a superseded decision changes that one's state (see ``CaseState.earlier``), never the
    latest.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._next = 0
        self._cases: dict[tuple[str, str], list[_Entry]] = {}

    def refresh(self) -> None:
        """Takes in what was appended since the last time, by any process. Raises AuditError (see
        ``records``).
        """
        for record in self._log.records(self._next):
            self._take(record)
            self._next = record.position + 1

    def state(self, decision: str, case_id: str) -> CaseState | None:
        """Where a case of a decision stands as of the last ``refresh``; None if it was never decided."""
        entries = self._cases.get((decision, case_id))
        return None if entries is None else _state(case_id, entries)

    def open_cases(self, decision: str) -> list[CaseState]:
        """The cases of a decision that a run must still bring to an end, in the order they came up."""
        return [
            _state(case_id, entries)
            for (name, case_id), entries in self._cases.items()
            if name == decision and entries[-1].status in OPEN
        ]

    def _take(self, record: Record) -> None:
        payload = record.payload
        if "case" not in payload or "decision" not in payload:
            return
        key = (payload["decision"], payload["case"])
        if record.kind == "decision":
            receipt = Receipt(record.position, record.hash)
            self._cases.setdefault(key, []).append(_Entry(payload, receipt))
            return
        entries = self._cases.get(key, [])
        of = payload.get("of")
        for entry in reversed(entries):
            if of is None or entry.receipt.position == of:
                try:
                    entry.take(record.kind, payload)
                except (KeyError, ValueError) as fault:
                    raise AuditError(
                        f"record {record.position} of the audit log gives an action a status that this "
                        f"version doesn't know ({fault}); use the version of Referee that wrote it"
                    ) from fault
                return


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

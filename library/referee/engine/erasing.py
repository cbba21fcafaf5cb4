"""Forgetting what the log holds of a case's sensitive facts, without changing the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from referee.audit import AuditLog, CaseKeys, has_log, hidden_facts
from referee.audit.canonical_json import parse_json
from referee.audit.reading import read_lines, start_of
from referee.audit.segments import segment_names
from referee.audit.sensitive import MARKS, MASK
from referee.domain import InputError
from referee.workitems import CaseState, Ledger, Status


@dataclass(frozen=True, slots=True)
class Erasure:
    """What can't be read any more of a case: these facts, in the decision records at these positions.

    ``masked`` tells by fact the signs that its masks go on showing. ``earlier`` says when, by whom and why all this was
    erased before; empty when it wasn't.
    """

    case_id: str
    decision: str
    facts: tuple[str, ...]
    records: tuple[int, ...]
    masked: tuple[tuple[str, str], ...] = ()
    earlier: str = ""


def erasable(folder: Path, case_id: str, decision: str = "") -> list[Erasure]:
    """What `erase_case` would make unreadable, an item for each decision about the case.

    Raises `InputError` where there is no log, where the case has no keys here or all keys are gone, and where it is
    still open.
    """
    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    keys = CaseKeys(folder)
    try:
        return _told_if_done(folder, keys, _found(folder, keys, case_id, decision))
    finally:
        keys.close()


def erase_case(log: AuditLog, case_id: str, *, by: str, reason: str, decision: str = "") -> list[Erasure]:
    """Deletes the keys of a case, so that its sensitive facts in the log can't be read any more, nor values tried out;
    what masks show stays. Appends an ``erasure`` record that says who did it and why. The chain stays as it is.

    What was erased before isn't recorded again. Can be called again, after a kill say. The caller ends with
    `AuditLog.finish`. Raises what `erasable` does, and `AuditError`.
    """
    if not by.strip() or not reason.strip():
        raise InputError("an erasure needs who does it and why; both stand in the log from then on")
    planned = erasable(log.folder, case_id, decision)
    names = [each.decision for each in planned if not each.earlier]
    if not names:
        return planned
    keys = CaseKeys(log.folder)
    try:
        while True:
            keys.wait()  # without the lock of the log, which bots need meanwhile
            with log.exclusive():  # so that nobody opens the case between the look and the deed
                found = [each for name in names for each in _found(log.folder, keys, case_id, name)]
                if keys.overwrite(case_id, names):
                    break
        # The key goes first: a record that says what isn't so yet would be worse than a key that went unrecorded,
        # for which the erasure is done again.
        keys.empty_side_file(case_id)
    finally:
        keys.close()
    log.append_many([("erasure", _payload(each, by, reason)) for each in found])
    return [*(each for each in planned if each.earlier), *found]


def _found(folder: Path, keys: CaseKeys, case_id: str, decision: str) -> list[Erasure]:
    decisions = [name for name in keys.decisions(case_id) if decision in ("", name)]
    if not decisions:
        if not keys.path.exists() and _holds_own_hidden(folder):
            raise InputError(
                f"the keys for sensitive facts {keys.path} are gone, and the log in {folder} holds facts under them; "
                "restore them from their backup, or erase where they are"
            )
        raise InputError(
            f"{keys.path} holds no key of case {case_id}: the log in {folder} hides nothing about it, or it was "
            "decided on another machine, where its keys must be erased"
        )
    ledger = Ledger(AuditLog(folder, read_only=True))
    ledger.refresh()
    found = []
    for name in decisions:
        state = ledger.state(name, case_id)
        if state is None:
            found.append(Erasure(case_id, name, (), ()))
            continue
        if state.is_open:
            raise InputError(
                f"case {case_id} of {name} is still open ({state.status}); bring it to an end first, or its facts are "
                "missing where they are needed"
            )
        # With its key gone, an erasure that was killed before its record is to be brought to its end.
        if state.status is Status.HANDED_OVER and not keys.is_erased(name, case_id):
            queue = (state.handoff or {}).get("queue") or "people"
            raise InputError(
                f"case {case_id} of {name} still waits for an answer of {queue}; import the answer first "
                "(`referee worklist import`), or its facts are missing where they are needed"
            )
        found.append(_hidden_in(state, name))
    return found


def _told_if_done(folder: Path, keys: CaseKeys, found: list[Erasure]) -> list[Erasure]:
    """With what the log says of an earlier erasure that covers all of it."""
    gone = {each.decision for each in found if keys.is_erased(each.decision, each.case_id)}
    if not gone:
        return found
    earlier: dict[str, str] = {}
    by_name = {each.decision: each for each in found if each.decision in gone}
    start = min(max(each.records, default=0) for each in by_name.values())
    for line, _ in read_lines(folder, start_of(folder, start)):
        if not is_erasure(line):
            continue
        record = parse_json(line)
        payload = record["payload"]
        each = by_name.get(payload["decision"])
        if (
            each is None
            or "origin" in record
            or payload["case"] != each.case_id
            or each.decision in earlier
            or not set(each.records) <= {int(position) for position in payload["records"]}
        ):
            continue
        earlier[each.decision] = told_erasure(record["time"], payload["by"], payload["reason"])
    return [replace(each, earlier=earlier.get(each.decision, "")) for each in found]


def is_erasure(line: bytes) -> bool:
    """Whether a line of a log records an erasure."""
    return b',"kind":"erasure",' in line[:80]


def told_erasure(time: str, by: str, reason: str) -> str:
    """``erased on 2026-03-03 by Ada because: asked for by letter``."""
    return f"erased on {time[:10]} by {by} because: {reason}"


def _holds_own_hidden(folder: Path) -> bool:
    """Whether a log holds hidden facts of cases that were decided here, not merged from elsewhere."""
    marks = tuple(f'"{mark}'.encode() for mark in MARKS)
    for name in segment_names(folder):
        with (folder / name).open("rb") as file:
            if any(b'"origin":{' not in line and any(mark in line for mark in marks) for line in file):
                return True
    return False


def _payload(each: Erasure, by: str, reason: str) -> Mapping[str, object]:
    return {
        "case": each.case_id,
        "decision": each.decision,
        "facts": list(each.facts),
        "records": list(each.records),
        "by": by,
        "reason": reason,
    } | ({"masked": [name for name, _ in each.masked]} if each.masked else {})


def _hidden_in(state: CaseState, decision: str) -> Erasure:
    names: dict[str, None] = {}
    masked: dict[tuple[str, str], None] = {}
    positions = []
    for each in (*state.earlier, state):
        hidden = hidden_facts(each.decision["facts"])
        if hidden:
            names |= dict.fromkeys(hidden)
            positions.append(each.position)
            masked |= dict.fromkeys(
                (name, told.rest)
                for name, told in hidden.items()
                if told.how == MASK and told.rest.strip("*")
            )
    return Erasure(state.case_id, decision, tuple(names), tuple(positions), tuple(masked))

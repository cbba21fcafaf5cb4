"""Forgetting what the log holds of a case's sensitive facts, without changing the log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from referee.audit import AuditLog, CaseKeys, has_log, hidden_facts, open_log
from referee.domain import InputError
from referee.workitems import CaseState, Ledger


@dataclass(frozen=True, slots=True)
class Erasure:
    """What can't be read any more of a case: these facts, in the decision records at these positions."""

    case_id: str
    decision: str
    facts: tuple[str, ...]
    records: tuple[int, ...]


def erasable(folder: Path, case_id: str, decision: str = "") -> list[Erasure]:
    """What `erase_case` would make unreadable, an item for each decision about the case.

    Raises `InputError` where there is no log, where the case has no keys here, and where it is still open.
    """
    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    keys = CaseKeys(folder)
    decisions = [name for name in keys.decisions(case_id) if decision in ("", name)]
    if not decisions:
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
        found.append(_hidden_in(state, name))
    return found


def erase_case(folder: Path, case_id: str, *, by: str, reason: str, decision: str = "") -> list[Erasure]:
    """Deletes the keys of a case, so that nobody can read its sensitive facts in the log any more, nor try values out;
    appends an ``erasure`` record that says who did it and why. The chain stays as it is.

    Can be called again, after a kill say. Raises what `erasable` does, and `AuditError`.
    """
    if not by.strip() or not reason.strip():
        raise InputError("an erasure needs who does it and why; both stand in the log from then on")
    log, keys = open_log(folder), CaseKeys(folder)
    with log.exclusive():
        found = erasable(folder, case_id, decision)
        for each in found:
            # The key goes first: a record that says what isn't so yet would be worse than a key that went unrecorded,
            # for which the erasure is done again.
            keys.erase(each.decision, case_id)
        log.append_many(
            [
                (
                    "erasure",
                    {
                        "case": case_id,
                        "decision": each.decision,
                        "facts": list(each.facts),
                        "records": list(each.records),
                        "by": by,
                        "reason": reason,
                    },
                )
                for each in found
            ]
        )
    return found


def _hidden_in(state: CaseState, decision: str) -> Erasure:
    names: dict[str, None] = {}
    positions = []
    for each in (*state.earlier, state):
        hidden = hidden_facts(each.decision["facts"])
        if hidden:
            names |= dict.fromkeys(hidden)
            positions.append(each.position)
    return Erasure(state.case_id, decision, tuple(names), tuple(positions))

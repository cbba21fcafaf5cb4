"""A playbook as a durable-rules statechart. No state is kept between posts: a case's few events are replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from durable.engine import Host

from referee.exceptions.playbook import Playbook

_BEFORE = "(before)"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a case stands: its state, and how often each state has been entered."""

    state: str
    entered: dict[str, int]


class _SilentHost(Host):  # type: ignore[misc]  # durable-rules ships no types
    """durable-rules starts two timer threads per host; posts here are handled at once, so none are needed."""

    def _run(self) -> None:
        return


class Statechart:
    """One durable-rules host per playbook version.

    `replay` gives the position after a sequence of transitions. A transition that does not leave the state the case
    is in changes nothing and raises `LookupError`: the events do not belong to this version of the playbook.
    """

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._ruleset = f"{playbook.name} {playbook.version}"
        self._taken: list[str] = []
        chart: dict[str, Any] = {
            _BEFORE: {"enter": {"all": [{"m": {"take": "enter"}}], "to": playbook.start}}
        }
        for state in playbook.states.values():
            chart[state.name] = {
                transition.id: {
                    "all": [{"m": {"$and": [{"on": transition.on}, {"take": transition.id}]}}],
                    "to": transition.target,
                    "run": self._note,
                }
                for transition in state.transitions
            }
        self._host = _SilentHost({f"{self._ruleset}$state": chart})

    def replay(self, case_id: str, transitions: Sequence[str]) -> Position:
        """Post the transitions by id, in order, into a fresh state of this case."""
        by_id = {t.id: t for state in self._playbook.states.values() for t in state.transitions}
        entered = {self._playbook.start: 1}
        state = self._playbook.start
        self._taken.clear()
        # durable-rules can't find a state again whose id holds a quotation mark or a backslash.
        sid = sha256(case_id.encode()).hexdigest()
        try:
            self._post(sid, 0, "enter", "enter")
            for number, taken in enumerate(transitions, 1):
                if taken in by_id:
                    self._post(sid, number, by_id[taken].on, taken)
                # An event that no rule takes stays pending inside durable-rules without a word.
                if len(self._taken) != number:
                    raise LookupError(taken)
                state = by_id[taken].target
                entered[state] = entered.get(state, 0) + 1
        finally:
            # On the host and after the posts: inside an action delete_state crashes the process (durable-rules 2.0.28).
            self._host.delete_state(self._ruleset, sid)
        return Position(state, entered)

    def _post(self, sid: str, number: int, on: str, take: str) -> None:
        self._host.post(self._ruleset, {"id": str(number), "sid": sid, "on": on, "take": take})

    def _note(self, context: Any) -> None:
        self._taken.append(context.m.take)

"""Which way a case goes through its playbook: the conditions are FEEL, the states are durable-rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.domain import Diagnostic
from referee.exceptions.playbook import Playbook, State, Transition
from referee.exceptions.statechart import Position, Statechart
from referee.feel.values.convert import to_feel


@dataclass(frozen=True, slots=True)
class Choice:
    """The transition to take; None when no condition holds or one cannot be told (then ``diagnostics`` say why)."""

    transition: Transition | None
    diagnostics: tuple[Diagnostic, ...] = ()


class Workflow:
    """A playbook ready to run; one per playbook and run."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self._statechart = Statechart(playbook)

    def position(self, case_id: str, taken: Sequence[str]) -> Position:
        """Where a case stands after the transitions it took. Raises `LookupError` when they don't fit this playbook."""
        return self._statechart.replay(case_id, taken)

    def state(self, position: Position) -> State:
        return self.playbook.states[position.state]

    def choose(self, position: Position, event: Mapping[str, Any], facts: Mapping[str, Any]) -> Choice:
        """The first transition of the current state for ``event["on"]`` whose condition holds.

        A condition that cannot be told before one that holds leaves the choice open: doubt is not a "no".
        """
        scope = {
            "event": to_feel(dict(event)),
            "facts": to_feel(dict(facts)),
            "attempts": Decimal(position.entered[position.state]),
        }
        for transition in self.state(position).transitions:
            if transition.on != event["on"]:
                continue
            doubts: list[Diagnostic] = []
            holds = transition.when(scope, doubts)
            if doubts or not isinstance(holds, bool):
                return Choice(None, tuple(doubts))
            if holds:
                return Choice(transition)
        return Choice(None)

"""What a bot must be able to do before its first case: a keyword for each action, a playbook for each exception."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from referee.domain import Diagnostic, LineAddress, Route, RulesError
from referee.engine.referee import Referee
from referee.exceptions import Playbook
from referee.workbook.cell_reading import did_you_mean


def require_actions(
    referee: Referee,
    actions: Collection[str],
    looks: Collection[str],
    playbooks: Mapping[str, Playbook],
    known_faults: Sequence[Diagnostic],
) -> None:
    """Doubt about what a bot can do stops it before the first case: raises `RulesError` with every fault.

    ``actions`` are those that it has a keyword for, ``looks`` those of which it can look whether they were done.
    """
    place = LineAddress(str(referee.workbook.path))
    wanted: dict[str, str] = {}
    faults = list(known_faults)
    for route, action in referee.workbook.actions:
        if route == Route.AUTO:
            wanted[action] = "the routing table"
        elif route == Route.EXCEPTION and action in playbooks:
            wanted |= dict.fromkeys(playbooks[action].actions, f"the playbook {action!r}")
        elif route == Route.EXCEPTION:
            known = ", ".join(sorted(playbooks)) or "none"
            message = (
                f"the routing table starts the playbook {action!r}, which is not in the folder ({known})"
            )
            faults.append(Diagnostic("playbook-missing", message, place=place))
    for action, source in sorted(wanted.items()):
        if action not in actions:
            message = (
                f"{source} can choose the action {action!r}, but the bot names no keyword for it; "
                f"add the line `On Action    {action}    <your keyword>`"
            )
            faults.append(Diagnostic("action-without-keyword", message, place=place))
    performed = wanted.keys() | {name for playbook in playbooks.values() for name in playbook.actions}
    for action in sorted(set(actions) - performed):
        if action in playbooks:
            message = (
                f"the bot names a keyword for {action!r}, which is a playbook; "
                f"name one for each of its steps: {', '.join(sorted(playbooks[action].actions))}"
            )
        else:
            message = (
                f"the bot names a keyword for the action {action!r}, which neither the routing table "
                f"nor a playbook has{did_you_mean(action, performed)}"
            )
        faults.append(Diagnostic("action-unknown", message))
    automatic = {action for route, action in referee.workbook.actions if route == Route.AUTO}
    for action in sorted(set(looks) - automatic):
        message = (
            f"the bot names a keyword that looks for {action!r}, which the routing table never chooses by itself"
            f"{did_you_mean(action, automatic)}"
        )
        faults.append(Diagnostic("action-unknown", message))
    if faults:
        raise RulesError(f"the bot for {referee.name}", faults)

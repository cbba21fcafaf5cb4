"""What a bot does after a failed action: evidence at once, and its application anew before the next case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from referee.domain import AuditError, Decision, RunStoppedError
from referee.engine.performing import ActionTable, Performer, is_refusal, shortened

NO_EVIDENCE = "no-evidence.txt"


@dataclass(frozen=True, slots=True)
class BotHelp:
    """What a bot may offer beyond its actions.

    ``looks`` find out whether an action that failed was done all the same; only then is it tried again. ``restart``
    starts the application anew after a technical failure. ``evidence`` gives files that show what the screen looked
    like when an action failed.
    """

    looks: ActionTable = field(default_factory=dict)
    restart: Callable[[], None] | None = None
    evidence: Callable[[Decision], Sequence[Path]] | None = None


class Recovery:
    """Follows the failures of a performer. ``stopped`` says why there can be no next case."""

    def __init__(self, performer: Performer, bot_help: BotHelp) -> None:
        self._performer = performer
        self._help = bot_help
        self._shown = self._restarted = 0
        self.stopped = ""

    def evidence(self, decision: Decision) -> Mapping[str, bytes]:
        """Files that show the failures since the last time, by name; a text that says so if they can't be had. It must
        not turn one failure into another.
        """
        new, self._shown = self._performer.failed[self._shown :], len(self._performer.failed)
        if not new or self._help.evidence is None:
            return {}
        try:
            return {path.name: path.read_bytes() for path in self._help.evidence(decision)}
        except RunStoppedError:
            raise
        except Exception as fault:  # noqa: BLE001 - a broken browser may refuse to take its own picture
            return {NO_EVIDENCE: f"no evidence: {shortened(fault)}".encode()}

    def restart_if_due(self) -> None:
        """After technical failures since the last time, unless the run stops. A refusal needs no restart."""
        new, self._restarted = self._performer.failed[self._restarted :], len(self._performer.failed)
        if (
            self._performer.stopped
            or self._help.restart is None
            or all(is_refusal(failure.error) for failure in new)
        ):
            return
        try:
            with self._performer.steps.timed("restart"):
                self._help.restart()
        except (AuditError, RunStoppedError):
            raise
        except Exception as fault:  # noqa: BLE001 - any error of the bot's keyword means that
            self.stopped = f"the application could not be restarted: {shortened(fault)}"

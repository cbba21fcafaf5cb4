"""Performing the actions of a run: what worked, what failed, and when the target system must be taken for gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from referee.domain import AuditError, Decision, RunStoppedError
from referee.domain.counting import number_of
from referee.engine.step_times import StepTimes

ActionTable = Mapping[str, Callable[[Decision], Any]]
"""What performs each action: called with the decision, gives a result for the log (None, text, number, mapping)."""

REFUSED = "refused:"
"""Begins the error of an action that the target system turned down for this one case. All other errors are
technical: the target system may be gone."""

STOP_AFTER = 3
"""Cases in a row for which one action failed for technical reasons, after which a run stops, unless told otherwise."""

LONGEST_ERROR = 500
"""Characters of an error text that go into the log."""


@dataclass(frozen=True, slots=True)
class FailedAction:
    """An action that failed, the case it was for, and why."""

    case_id: str
    action: str
    error: str

    def __str__(self) -> str:
        return f"{self.action} for {self.case_id}: {self.error}"


class ActionFailed(Exception):
    """An action failed; the text is what goes into the log. It is about one case, not about the run."""


class Performer:
    """Performs actions and keeps count of them.

    ``attempted`` counts what was tried to be done, ``failed`` holds what failed. ``stopped`` says why the run must not
    go on: the same action failed for ``stop_after`` cases in a row for technical reasons (0: never). A case that is
    tried again counts once, as its failures may be about it alone. Failures that begin with ``refused:`` are about
    their case alone and end such a row, as the target system is there. A look that worked does not: a system that can
    be searched may still take nothing. ``steps`` tells how long each took.

    ``looks`` find out whether an action was done: they give its result, or None or an empty text if it was not.
    ``may_be_told`` takes out of an error's text what must not be told about the case.
    """

    def __init__(
        self, actions: ActionTable, stop_after: int = STOP_AFTER, looks: ActionTable = MappingProxyType({})
    ) -> None:
        self._actions = actions
        self._looks = looks
        self._stop_after = stop_after
        self.steps = StepTimes()
        self.may_be_told: Callable[[Decision, str], str] = lambda decision, text: text
        self._failed_in_a_row: defaultdict[str, set[str]] = defaultdict(set)
        self.attempted = 0
        self.failed: list[FailedAction] = []
        self.stopped = ""

    def can(self, action: str) -> bool:
        return action in self._actions

    def can_look_for(self, action: str) -> bool:
        return action in self._looks

    def perform(self, decision: Decision, action: str) -> Any:
        """The result of the action. Raises `ActionFailed`; what stops the whole run passes through."""
        self.attempted += 1
        result = self._call(decision, action, self._actions[action])
        self._failed_in_a_row[action].clear()
        return result

    def look_for(self, decision: Decision, action: str) -> Any:
        """What was found of an earlier attempt at the action. Raises `ActionFailed`."""
        return self._call(decision, action, self._looks[action], f"look for {action}")

    def look(self, decision: Decision, action: str) -> Any:
        """The same for an action that only looks whether something has come: an attempt only if it fails."""
        try:
            result = self._call(decision, action, self._actions[action])
        except ActionFailed:
            self.attempted += 1
            raise
        self._failed_in_a_row[action].clear()
        return result

    def _call(
        self, decision: Decision, action: str, keyword: Callable[[Decision], Any], step: str = ""
    ) -> Any:
        try:
            with self.steps.timed(step or action):
                result = keyword(decision)
        except (AuditError, RunStoppedError):
            raise
        except Exception as error:  # it is about this case, not the run
            text = shortened(error, lambda text: self.may_be_told(decision, text))
            self._note(FailedAction(decision.case_id, action, text))
            raise ActionFailed(text) from error
        return result

    def _note(self, failure: FailedAction) -> None:
        self.failed.append(failure)
        cases = self._failed_in_a_row[failure.action]
        if is_refusal(failure.error):
            cases.clear()
            return
        cases.add(failure.case_id)
        if len(cases) == self._stop_after and not self.stopped:
            self.stopped = (
                f"{failure.action!r} failed for {number_of(len(cases), 'case')} in a row, at last for "
                f"{failure.case_id}: {failure.error}"
            )


def is_refusal(error: str) -> bool:
    return error.casefold().startswith(REFUSED)


def nothing_worked(attempted: int, failed: Sequence[FailedAction]) -> bool:
    """Whether all that was attempted failed. What the target system refused doesn't count: it is there and answers."""
    refused = sum(is_refusal(failure.error) for failure in failed)
    return 0 < attempted - refused == len(failed) - refused


def failure_reason(action: str, error: str) -> str:
    """Why a case goes to people: ``pay failed: …`` or, in the words of the target system, ``pay refused: …``."""
    return f"{action} {error}" if is_refusal(error) else f"{action} failed: {error}"


def shortened(error: BaseException, may_be_told: Callable[[str], str] = str) -> str:
    """As much of the text of an error as a log should hold, of what ``may_be_told``."""
    text = may_be_told(" ".join(str(error).split()) or type(error).__name__)
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"

"""The tree of errors. An error is a broken contract; doubt about a case is a value (a ``human`` route)."""

from __future__ import annotations

from collections.abc import Sequence

from referee.domain.diagnostic import Diagnostic


class RefereeError(Exception):
    """Base of every error that Referee raises on purpose. The message is written for the person who must act."""

    ROBOT_SUPPRESS_NAME = True


class RulesError(RefereeError):
    """The rules cannot be trusted (invalid workbook, DMN file or playbook): fix every listed fault, then start again.

    No case has been decided when this is raised.
    """

    def __init__(self, subject: str, faults: Sequence[Diagnostic]) -> None:
        self.subject = subject
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{subject} can't be used, {count}:", *(f"  {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class ModelError(RefereeError):
    """A model cannot be trusted or loaded: restore the approved files or approve the new ones, then start again."""


class ModelUnavailableError(ModelError):
    """A model isn't there, or not as the workbook and its card ask for it: restore it, then start again.

    Nothing speaks against its files, so a workbook may let its rules go on without it: cases that need its score go to
    people. A model that can't be trusted is a plain ``ModelError``, and stops everything.
    """


class InputError(RefereeError):
    """The cases cannot be read: correct the named file, then run again. Nothing has been decided or changed."""


class AuditError(RefereeError):
    """A record could not be made durable: nobody may act on it. Free space or restore access, then run again."""


class LogRefusedError(AuditError):
    """The audit log isn't what its checkpoints or its copy say, or that can't be told: nothing was begun with it."""


class RunStoppedError(RefereeError):
    """The run was told to stop while it acted on a case: run again, that case goes to people as in doubt."""


class HandoffError(RefereeError):
    """A worklist or its answers can't be used as they are: correct the named cells and import again."""


class QueueError(RefereeError):
    """The work queue can't be read or written: see to its file, then run again. Nothing was changed."""


class LeaseLostError(QueueError):
    """A work item is no longer this worker's: leave it alone. Another worker has it, or somebody released it."""

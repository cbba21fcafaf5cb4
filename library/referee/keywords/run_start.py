"""What happens when a bot starts, before its first task."""

from __future__ import annotations

from typing import Any

from robot.running.context import EXECUTION_CONTEXTS  # type: ignore[import-untyped]

from referee.killed_runs import begin_run


class RunStart:
    """Listens to Robot Framework: clears up after bots that were killed, and marks this one, unless it is a dry run."""

    ROBOT_LISTENER_API_VERSION = 3

    def start_suite(self, data: Any, result: Any) -> None:
        """Called by Robot Framework for the suite that imports the library, and those in it."""
        if not EXECUTION_CONTEXTS.current.dry_run:
            begin_run()

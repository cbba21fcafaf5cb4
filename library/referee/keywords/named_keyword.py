"""The keyword that a bot names for an action: whether it can be called as it will be, before any case depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robot.errors import DataError
from robot.running.context import EXECUTION_CONTEXTS  # type: ignore[import-untyped]

from referee.domain import Diagnostic


@dataclass(frozen=True, slots=True)
class NamedKeyword:
    """One ``On Action`` line. ``task`` is the task it stands in, empty outside of one."""

    action: str
    keyword: str
    arguments: tuple[Any, ...]
    task: str

    def __str__(self) -> str:
        return "    ".join(
            ["On Action", self.action, self.keyword, *(str(value) for value in self.arguments)]
        )

    def faults(self, case: Mapping[str, Any]) -> list[Diagnostic]:
        """What would fail when the keyword is called with ``case``, a specimen, and the arguments: a name that no
        keyword has or several have, a wrong number of arguments, an argument of the wrong type.
        """
        runner = EXECUTION_CONTEXTS.current.namespace.get_runner(self.keyword)
        found = runner.keyword
        if found.error:
            return [self._fault("keyword-unknown", found.error)]
        embedded = getattr(runner, "embedded_args", ())
        try:
            found.resolve_arguments([*embedded, case, *self.arguments])
        except (DataError, ValueError) as error:
            message = f"{str(error).rstrip('.')}; it is called with the case and the arguments of the line"
            return [self._fault("keyword-arguments", message)]
        return []

    def _fault(self, code: str, message: str) -> Diagnostic:
        return Diagnostic(code, f"`{self}`: {' '.join(message.split())}")

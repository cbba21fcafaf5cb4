"""The keywords that a bot names for actions and more: whether each can be called as it will be, before it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robot.errors import DataError
from robot.running.context import EXECUTION_CONTEXTS  # type: ignore[import-untyped]
from robot.utils import escape

from referee.domain import Diagnostic


@dataclass(frozen=True, slots=True)
class NamedKeyword:
    """A line such as ``On Action    pay    Post Payment``. ``said`` is what stands before the keyword: ``On Action``
    and the action. ``task`` is the task it stands in, empty outside of one.
    """

    said: tuple[str, ...]
    keyword: str
    arguments: tuple[Any, ...]
    task: str

    @property
    def passed_on(self) -> tuple[Any, ...]:
        """The arguments as Robot Framework must be given them, which reads texts once more: a backslash, or what looks
        like a variable, is meant as it stands. ``name=value`` still names an argument.
        """
        return tuple(
            escape(value).replace("\\=", "=") if isinstance(value, str) else value for value in self.arguments
        )

    @property
    def source(self) -> Path | None:
        """The file in which the keyword stands, as far as Robot Framework knows it."""
        found = EXECUTION_CONTEXTS.current.namespace.get_runner(self.keyword).keyword
        source = getattr(found, "source", None)
        return None if source is None else Path(source)

    def __str__(self) -> str:
        return "    ".join([*self.said, self.keyword, *(str(value) for value in self.arguments)])

    def faults(self, *given: Mapping[str, Any]) -> list[Diagnostic]:
        """What would fail when the keyword is called with what is ``given``, a specimen of a case, and the arguments:
        a name that no keyword has or several have, a wrong number of arguments, an argument of the wrong type.
        """
        runner = EXECUTION_CONTEXTS.current.namespace.get_runner(self.keyword)
        found = runner.keyword
        if found.error:
            return [self._fault("keyword-unknown", found.error)]
        embedded = getattr(runner, "embedded_args", ())
        try:
            found.resolve_arguments([*embedded, *given, *self.passed_on])
        except (DataError, ValueError) as error:
            called = (
                "it is called with the case and the arguments of the line"
                if given
                else "it is called with these"
            )
            return [self._fault("keyword-arguments", f"{str(error).rstrip('.')}; {called}")]
        return []

    def _fault(self, code: str, message: str) -> Diagnostic:
        return Diagnostic(code, f"`{self}`: {' '.join(message.split())}")

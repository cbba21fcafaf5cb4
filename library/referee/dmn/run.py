"""One evaluation of a model: what was supplied, what is known already, and what was noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from referee.domain import Diagnostic, NodeTrace, RuleRef


@dataclass(slots=True)
class Run:
    """The state of one evaluation. Each element is evaluated once at most, when it is first asked for.

    ``supplied`` are the caller's values by name, ``values`` those already known by element key. ``fired`` are the
    rules that fired since the element being evaluated began; ``pending`` the elements being evaluated. ``true_rules``
    are those of the decision's own table, where they are known beforehand.
    """

    supplied: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    trace: list[NodeTrace] = field(default_factory=list)
    fired: list[RuleRef] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    true_rules: int | None = None

    def for_service(self, values: dict[str, Any]) -> Run:
        """A run in which only the parameters of a decision service are known; what is noticed goes to this run."""
        return Run({}, values, self.diagnostics, self.trace)


Provider = Callable[[Run], Any]
"""Gives the value of a name in a run."""


class Scope(dict[str, Any]):
    """The names that an element sees. A required element is evaluated when its name is first used."""

    __slots__ = ("providers", "run")

    def __init__(self, run: Run, providers: Mapping[str, Provider]) -> None:
        super().__init__()
        self.run = run
        self.providers = providers

    def __missing__(self, name: str) -> Any:
        value = self[name] = self.providers[name](self.run)
        return value


class LocalScope(Scope):
    """Names defined inside a boxed expression, over those around it."""

    __slots__ = ("outer",)

    def __init__(self, outer: Scope, names: Mapping[str, Any]) -> None:
        super().__init__(outer.run, outer.providers)
        self.update(names)
        self.outer = outer

    def __missing__(self, name: str) -> Any:
        return self.outer[name]

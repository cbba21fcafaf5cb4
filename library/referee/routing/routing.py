"""Turn the outputs of the routing table and every diagnostic on the way into one route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from referee.domain import Diagnostic, Route


@dataclass(frozen=True, slots=True)
class Routing:
    """What happens next: the route, the action to perform or playbook to start, the queue of people, and why."""

    route: Route
    action: str
    queue: str
    reasons: tuple[str, ...]


def route_case(outputs: Any, diagnostics: Iterable[Diagnostic], *, doubt_queue: str) -> Routing:
    """The route that the routing table chose, unless there is any doubt: then ``human``, with each doubt as a reason.

    Doubt is a diagnostic that is not merely informative, or outputs that do not name a route and what it needs.
    A doubtful case never gets ``auto`` or ``exception``, whatever the table said.
    """
    doubts = list(dict.fromkeys(str(diagnostic) for diagnostic in diagnostics if diagnostic.is_doubt))
    if not isinstance(outputs, Mapping):
        doubts = doubts or ["no rule of the routing table applies to this case"]
        return Routing(Route.HUMAN, "", doubt_queue, tuple(doubts))
    route, action, queue = (_text(outputs.get(name)) for name in ("route", "action", "queue"))
    if route not in set(Route):
        found = repr(outputs.get("route"))
        doubts.append(f"the routing table gave {found} as route; it must be one of auto, exception, human")
    elif route != Route.HUMAN and not action:
        doubts.append(f"the routing table chose {route} but names no action")
    if doubts:
        return Routing(Route.HUMAN, "", doubt_queue, tuple(doubts))
    if route == Route.HUMAN:
        queue = queue or doubt_queue
    return Routing(Route(route), action, queue, _reasons(outputs.get("reason")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _reasons(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in values if item is not None and str(item).strip())

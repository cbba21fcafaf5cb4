"""A case that waits for a person, with everything that person needs to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.audit.sensitive import HASH, NOT_SHOWN, hidden
from referee.scoring import Contribution
from referee.scoring.contributions import told_without_size

ANSWERS = ("approve", "reject", "done by hand")
"""What a case reviewer may answer."""

PUSHED = "pushed"
"""The part of a handoff's context that says what pushed the scores: by node a list of fact, size, unit, meaning,
of a sensitive fact without size and unit."""


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """A case handed over to a person and not yet answered.

    ``position`` is that of the decision record the task is about, and the task's identity within its log.
    ``facts``, ``scores`` and ``rules`` are those of the decision as logged; ``context`` is what the bot added
    when it handed the case over. ``handed_over`` is UTC text.
    """

    case_id: str
    decision: str
    queue: str
    reasons: tuple[str, ...]
    handed_over: str
    position: int
    facts: Mapping[str, Any]
    context: Mapping[str, Any]
    scores: Mapping[str, Any]
    rules: tuple[Mapping[str, Any], ...]


def facts_text(task: ReviewTask) -> str:
    """The facts and what the bot added, a line each; a sensitive fact is named but not shown."""
    added = {name: value for name, value in task.context.items() if name not in task.facts and name != PUSHED}
    return "\n".join(f"{name}: {_text(value)}" for name, value in {**task.facts, **added}.items())


def scores_text(task: ReviewTask) -> str:
    """Each score as ``label, 93.4 %``, a line each, followed by what pushed it, as far as that is known."""
    lines = []
    for name, value in task.scores.items():
        lines.append(f"{name}: {_score(value)}")
        lines += [f"  {line}" for line in pushed_lines(task, name)]
    return "\n".join(lines)


def pushed_lines(task: ReviewTask, node: str) -> list[str]:
    """What pushed a score, the strongest first: ``income 1200 pushed towards decline (+0.31)``."""
    score = task.scores.get(node)
    label = _text(score.get("label")) if isinstance(score, Mapping) else ""
    return [_pushed(each, label, task.facts) for each in task.context.get(PUSHED, {}).get(node, ())]


def _pushed(push: Mapping[str, Any], label: str, facts: Mapping[str, Any]) -> str:
    value = facts.get(push["fact"])
    # Older logs hold the size beside a hidden value, which could be worked out from it.
    if "size" not in push or hidden(value) is not None:
        return told_without_size(push["fact"], push["meaning"])
    return Contribution(push["fact"], float(push["size"]), push["unit"]).told(
        label, _text(value), push["meaning"]
    )


def rules_text(task: ReviewTask) -> str:
    """Each rule that fired: table, number, what it says, and the cell where a reviewer finds it."""
    lines = []
    for rule in task.rules:
        says = f": {rule['annotation']}" if rule.get("annotation") else ""
        place = f" ({rule['place']})" if rule.get("place") else ""
        lines.append(f"{rule.get('table')}, rule {rule.get('rule')}{says}{place}")
    return "\n".join(lines)


def _score(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    confidence = value.get("confidence")
    if not isinstance(confidence, Decimal):
        return _text(value.get("label"))
    return f"{_text(value.get('label'))}, {confidence * 100:.1f} %"


def _text(value: Any) -> str:
    if value is None or value == "":
        return "(blank)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        told = hidden(value)
        return value if told is None else NOT_SHOWN if told.how == HASH else told.shown
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return str(value)

"""A case as a Tests sheet states it, and the same case with one thing changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from referee.engine.tested_values import Source
from referee.engine.trial import NO_SCORES, Scores
from referee.feel.fault import Fault
from referee.feel.values import equal, to_feel
from referee.feel.values.equality import equality_key


@dataclass(frozen=True, slots=True)
class Example:
    """The facts of a case, and the scores that stand in for models."""

    facts: Mapping[str, Any]
    scores: Scores = field(default_factory=lambda: NO_SCORES)

    def value(self, source: Source) -> Any:
        """What the case says of a fact or a part of a score; None where it says nothing."""
        if not source.node:
            return self.facts.get(source.name)
        value: Any = self.scores.get(source.node)
        for part in _path(source):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def changed(self, source: Source, value: Any) -> Example:
        """The case with another value there. A probability brings the others, label and confidence along."""
        if not source.node:
            facts = {name: each for name, each in self.facts.items() if name != source.name}
            return replace(self, facts=facts if value is None else {**facts, source.name: value})
        score = dict(self.scores.get(source.node, {}))
        part, *label = _path(source)
        if label:
            _set_probability(score, label[0], value)
        else:
            score[part] = value
        return replace(self, scores={**self.scores, source.node: score})


def same_value(left: Any, right: Any) -> bool:
    """Whether two values, plain or of FEEL, are the same to a table."""
    try:
        return equal(to_feel(left), to_feel(right)) is True
    except Fault:  # a value that FEEL can't hold is like no other
        return False


def value_key(value: Any) -> Any:
    """A key that is equal for values that are the same to a table."""
    try:
        return equality_key(to_feel(value))
    except Fault:
        return object()


def _path(source: Source) -> list[str]:
    """The way to a part of a score: one word, or ``probabilities`` and a label, which may hold dots itself."""
    part, _, label = source.name.removeprefix(f"{source.node}.").partition(".")
    return [part, label] if label else [part]


def _set_probability(score: dict[str, Any], label: str, value: Any) -> None:
    known = dict(score.get("probabilities", {}))
    others = [name for name in known if name != label]
    rest = sum(known[name] for name in others)
    for name in others:
        known[name] = (1 - value) * known[name] / rest if rest else (1 - value) / len(others)
    known[label] = value
    score["probabilities"] = known
    if others:
        likeliest = max(known, key=lambda name: (known[name], name == score.get("label")))
        score["label"], score["confidence"] = likeliest, known[likeliest]

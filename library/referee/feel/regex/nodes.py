"""The syntax tree of a regular expression."""

from __future__ import annotations

from dataclasses import dataclass

from referee.feel.regex.character_set import CharacterSet


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a set."""

    members: CharacterSet


@dataclass(frozen=True, slots=True)
class LineStart:
    """``^``"""


@dataclass(frozen=True, slots=True)
class LineEnd:
    """``$``"""


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A part in brackets; ``number`` is 0 if what it matched is not kept."""

    number: int
    body: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part, ``least`` to ``most`` times; ``most`` is ``None`` without limit."""

    body: Node
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class BackReference:
    """What a group matched, once more; nothing if it has matched nothing."""

    group: int


Node = Characters | LineStart | LineEnd | Sequence | Choice | Group | Repeat | BackReference

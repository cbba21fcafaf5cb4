"""Where the elements of a requirements graph stand in its picture: inputs below, decisions above what they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_COLUMN_GAP: Final = 40
_ROW_GAP: Final = 70
_MARGIN: Final = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle in a diagram; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be drawn: an element by XML id, its size, and the ids of what it needs."""

    element_id: str
    width: int
    height: int
    needs: tuple[str, ...] = ()


def arrange(shapes: Sequence[Shape], known: Mapping[str, Bounds]) -> dict[str, Bounds]:
    """A place for every shape: the known one, or one in a row by how many elements away the furthest input is.

    Shapes without a known place stand below all that have one.
    """
    placed = {shape.element_id: known[shape.element_id] for shape in shapes if shape.element_id in known}
    new = [shape for shape in shapes if shape.element_id not in placed]
    y = max((each.y + each.height + _ROW_GAP for each in placed.values()), default=float(_MARGIN))
    left = min((each.x for each in placed.values()), default=float(_MARGIN))
    rows = _rows(new)
    width = max((_width(row) for row in rows), default=0)
    centres: dict[str, float] = {}
    arranged = []
    for row in rows:  # from the inputs up, so that each shape stands near the middle of what it needs
        ordered = sorted(row, key=lambda shape: _middle(shape.needs, centres, left + width / 2))
        x = left + (width - _width(row)) / 2
        for shape in ordered:
            centres[shape.element_id] = x + shape.width / 2
            x += shape.width + _COLUMN_GAP
        arranged.append(ordered)
    for ordered in reversed(arranged):
        height = max(shape.height for shape in ordered)
        for shape in ordered:
            x = centres[shape.element_id] - shape.width / 2
            placed[shape.element_id] = Bounds(x, y + (height - shape.height) / 2, shape.width, shape.height)
        y += height + _ROW_GAP
    return placed


def _width(row: Sequence[Shape]) -> int:
    return sum(shape.width for shape in row) + _COLUMN_GAP * (len(row) - 1)


def _middle(needs: Iterable[str], centres: Mapping[str, float], default: float) -> float:
    known = [centres[need] for need in needs if need in centres]
    return sum(known) / len(known) if known else default


def _rows(shapes: Sequence[Shape]) -> list[list[Shape]]:
    """The shapes by row, inputs first. A circle of needs is cut where it is met."""
    needs = {shape.element_id: shape.needs for shape in shapes}
    levels: dict[str, int] = {}
    for shape in shapes:
        walk, begun = [shape.element_id], set[str]()
        while walk:
            key = walk[-1]
            open_needs = [need for need in needs[key] if need in needs and need not in levels]
            if key not in begun and open_needs:
                begun.add(key)
                walk.extend(need for need in open_needs if need not in begun)
            else:
                walk.pop()
                if key not in levels:
                    levels[key] = 1 + max((levels[need] for need in needs[key] if need in levels), default=-1)
    rows: list[list[Shape]] = [[] for _ in range(max(levels.values(), default=-1) + 1)]
    for shape in shapes:
        rows[levels[shape.element_id]].append(shape)
    return rows

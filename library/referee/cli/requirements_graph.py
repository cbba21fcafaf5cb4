"""The requirements graph of a workbook as shapes to draw: tables, models, and facts in groups of the same use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from referee.cli.graph_layout import Point, layout

if TYPE_CHECKING:
    from referee.engine.requirements import Requirements
    from referee.workbook import DecisionWorkbook

_LETTER = 7.3
_LINE = 18.0
_ARROW = 22.0
_MARGIN = 8.0
_LONGEST_COLUMN = 7


@dataclass(frozen=True, slots=True)
class Shape:
    """A node: its kind (``table``, ``route`` table, ``model`` or ``facts``), its rectangle and its lines of text."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything to draw, in pixels. ``paths`` are the arrows as SVG paths; ``text`` says the same in words."""

    shapes: tuple[Shape, ...]
    paths: tuple[str, ...]
    width: float
    height: float
    text: str


def drawing(workbook: DecisionWorkbook) -> Drawing:
    """The requirements graph as a picture: arrows lead from what is needed to what needs it."""
    from referee.engine.requirements import requirements

    return drawn(requirements(workbook), workbook.dictionary.open_names, workbook.settings.route_table)


def drawn(nodes: Sequence[Requirements], facts: Iterable[str], route_table: str = "") -> Drawing:
    """The picture of nodes and of the facts that they need."""
    named = {node.name for node in nodes}
    users: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        using = tuple(node.name for node in nodes if fact in node.needs)
        if using:
            users[fact] = using
    groups: dict[tuple[str, ...], list[str]] = {}
    for fact, using in users.items():
        groups.setdefault(using, []).append(fact)
    keys = {using: f"\1{index}" for index, using in enumerate(groups)}
    lines = {node.name: [[node.name]] for node in nodes}
    lines |= {keys[using]: _columns(group) for using, group in groups.items()}
    kinds = {node.name: str(node.kind) for node in nodes} | dict.fromkeys(keys.values(), "facts")
    if route_table:
        kinds[route_table] = "route"
    needs = {
        node.name: [
            *(need for need in node.needs if need in named),
            *(keys[using] for using in groups if node.name in using),
        ]
        for node in nodes
    }
    sizes = {name: _size(columns, kinds[name], len(needs.get(name, ()))) for name, columns in lines.items()}
    placed = layout(sizes, needs)
    shapes = tuple(
        Shape(
            kinds[name],
            box.x + _MARGIN,
            box.y + _MARGIN,
            box.width,
            box.height,
            tuple(_lines(lines[name], box.x + _MARGIN, box.y + _MARGIN, box.width, box.height)),
        )
        for name, box in placed.boxes.items()
    )
    words = "; ".join(f"{node.name} needs {', '.join(node.needs) or 'nothing'}" for node in nodes)
    return Drawing(
        shapes,
        tuple(_path(arrow.points) for arrow in placed.arrows),
        placed.width + 2 * _MARGIN,
        placed.height + 2 * _MARGIN,
        words,
    )


def _columns(facts: list[str]) -> list[list[str]]:
    """Facts in as many columns as it takes to keep the shape flat."""
    count = -(-len(facts) // _LONGEST_COLUMN)
    rows = -(-len(facts) // count)
    return [facts[start : start + rows] for start in range(0, len(facts), rows)]


def _size(columns: list[list[str]], kind: str, arrows: int) -> tuple[float, float]:
    """Room for the text, and for the heads of the arrows that end here."""
    widths = [max(map(len, column)) * _LETTER for column in columns]
    sides = 44.0 if kind == "facts" else 36.0
    rows = max(map(len, columns))
    width = max(sum(widths) + 18.0 * (len(columns) - 1) + sides, arrows * _ARROW)
    return width, rows * _LINE + (18.0 if kind == "facts" else 26.0)


def _lines(
    columns: list[list[str]], x: float, y: float, width: float, height: float
) -> list[tuple[float, float, str]]:
    widths = [max(map(len, column)) * _LETTER for column in columns]
    left = x + (width - sum(widths) - 18.0 * (len(columns) - 1)) / 2
    found = []
    for column, column_width in zip(columns, widths, strict=True):
        top = y + (height - len(column) * _LINE) / 2
        found += [
            (left + column_width / 2, top + (index + 0.5) * _LINE, text) for index, text in enumerate(column)
        ]
        left += column_width + 18.0
    return found


def _path(points: tuple[Point, ...]) -> str:
    """A line that leaves and arrives upright, straight where it passes a layer and curved between layers."""
    (x, y), *rest = [(x + _MARGIN, y + _MARGIN) for x, y in points]
    parts = [f"M{x:.1f},{y:.1f}"]
    for index, (to_x, to_y) in enumerate(rest):
        if index % 2 == 1:
            parts.append(f"L{to_x:.1f},{to_y:.1f}")
        else:
            middle = (y + to_y) / 2
            parts.append(f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(parts)

"""Charts as SVG, drawn with plain shapes in the colours of the reports; each carries its figures as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

Point = tuple[float, float]

WIDTH, HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 18, 16, 48
_LINE_HEIGHT, _CHARACTER = 15, 6
"""Of the words beside lines: what they need to be legible, at most."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line, or points if ``dots``; ``style`` is a class of the style sheet, ``tips`` what each point tells."""

    points: Sequence[Point]
    style: str
    dots: bool = False
    line: bool = True
    tips: Sequence[str] = ()
    sizes: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the chart, with a word beside it."""

    at: float
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high``, with ``ticks`` written as per cent."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]


def line_chart(
    label: str,
    across: Axis,
    up: Axis,
    series: Sequence[Series],
    *,
    band: tuple[Sequence[Point], Sequence[Point]] | None = None,
    marks: Sequence[Mark] = (),
) -> Markup:
    """Lines and points over two axes; ``band`` is filled between its lines. ``label`` is for those who can't see."""
    x, y = _Scale(across, _LEFT, WIDTH - _RIGHT), _Scale(up, HEIGHT - _BOTTOM, _TOP)
    parts = [_axes(across, up)]
    if band is not None:
        around = [*band[0], *reversed(band[1])]
        parts.append(f'<polygon class="band" points="{_path(around, x, y)}"/>')
    parts += _marks(marks, x, y)
    for each in series:
        if each.line and len(each.points) > 1:
            parts.append(f'<polyline class="line {each.style}" points="{_path(each.points, x, y)}"/>')
        if each.dots:
            for number, (at, height) in enumerate(each.points):
                tip = f"<title>{_escaped(each.tips[number])}</title>" if each.tips else ""
                size = each.sizes[number] if each.sizes else 4
                place = f'cx="{x(at):.1f}" cy="{y(height):.1f}" r="{size:.1f}"'
                parts.append(f'<circle class="dot {each.style}" {place}>{tip}</circle>')
    return _svg(label, HEIGHT, parts)


def bar_chart(label: str, bars: Sequence[tuple[str, float, str]]) -> Markup:
    """Horizontal bars: name, length and what stands beside it; one below 0 is drawn in grey."""
    row, names = 26, 190
    longest = max((abs(value) for _, value, _ in bars), default=0)
    parts = []
    for number, (name, value, told) in enumerate(bars):
        top = 8 + number * row
        length = max(1.5, (WIDTH - names - 90) * abs(value) / longest) if longest else 1.5
        side = "below" if value < 0 else "above"
        parts.append(_name(name, names - 8, top + 15))
        parts.append(
            f'<rect class="bar {side}" x="{names}" y="{top + 3}" width="{length:.1f}" height="15" rx="2"/>'
        )
        parts.append(
            f'<text class="told" x="{names + length + 8:.1f}" y="{top + 15}">{_escaped(told)}</text>'
        )
    return _svg(label, 16 + row * len(bars), parts)


def interval_chart(
    label: str,
    rows: Sequence[tuple[str, float, float, float, str]],
    lowest: float,
    highest: float,
    marks: Sequence[Mark] = (),
    *,
    names: int = 190,
    ticks: Sequence[float] = (),
) -> Markup:
    """A point with its interval for each row: name, low, point, high, and what stands beside it.

    ``names`` is the room for them, ``ticks`` are written as per cent below the axis; what lies beyond ``lowest`` and
    ``highest`` is drawn at the edge.
    """
    height, room = 28, WIDTH - names - (130 if ticks else 90)

    def at(value: float) -> float:
        return names + room * (min(highest, max(lowest, value)) - lowest) / (highest - lowest)

    end = 14 + height * len(rows)
    below = end + (18 if ticks else 0)
    parts = []
    if ticks:
        parts.append(f'<path class="axis" d="M{names} {end}H{names + room}"/>')
    for tick in ticks:
        parts.append(f'<path class="grid" d="M{at(tick):.1f} 6V{end}"/>')
        parts.append(f'<text class="tick" x="{at(tick):.1f}" y="{end + 15}">{_percent(tick)}</text>')
    for mark in marks:
        parts.append(f'<path class="mark {mark.style}" d="M{at(mark.at):.1f} 6V{end}"/>')
        told = _escaped(mark.text)
        parts.append(
            f'<text class="marked under {mark.style}" x="{at(mark.at):.1f}" y="{below + 14}">{told}</text>'
        )
    for number, (name, low, point, high, told) in enumerate(rows):
        middle = 22 + number * height
        parts.append(_name(name, names - 8, middle + 4))
        parts.append(f'<path class="whisker" d="M{at(low):.1f} {middle}H{at(high):.1f}"/>')
        parts.append(f'<circle class="dot seen" cx="{at(point):.1f}" cy="{middle}" r="5"/>')
        parts.append(f'<text class="told" x="{names + room + 10}" y="{middle + 4}">{_escaped(told)}</text>')
    return _svg(label, below + 22, parts)


def percent_ticks(highest: float) -> tuple[float, ...]:
    """Some five round steps from 0 to at least ``highest``."""
    for step in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        if highest <= step * 6:
            break
    # Rounded, for 0.1 // 0.02 is 4.
    count = int(-(-round(highest / step, 9) // 1))
    return tuple(step * number for number in range(max(1, count) + 1))


def _axes(across: Axis, up: Axis) -> str:
    x, y = _Scale(across, _LEFT, WIDTH - _RIGHT), _Scale(up, HEIGHT - _BOTTOM, _TOP)
    parts = []
    for tick in up.ticks:
        parts.append(f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(f'<text class="tick up" x="{_LEFT - 8}" y="{y(tick) + 4:.1f}">{_percent(tick)}</text>')
    for tick in across.ticks:
        parts.append(
            f'<text class="tick" x="{x(tick):.1f}" y="{HEIGHT - _BOTTOM + 18}">{_percent(tick)}</text>'
        )
    parts.append(f'<path class="axis" d="M{_LEFT} {HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}"/>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text class="title" x="{middle}" y="{HEIGHT - 8}">{_escaped(across.title)}</text>')
    rise = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text class="title" transform="translate(14 {rise}) rotate(-90)">{_escaped(up.title)}</text>'
    )
    return "".join(parts)


def _marks(marks: Sequence[Mark], x: _Scale, y: _Scale) -> list[str]:
    """Lines across with their words above them; where lines are close, words stand side by side."""
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for mark in marks:
        at = y(mark.at)
        place = float(_LEFT + 6)
        while any(abs(at - height) < _LINE_HEIGHT and place < end for height, end in taken):
            place = max(end for height, end in taken if abs(at - height) < _LINE_HEIGHT)
        taken.append((at, place + _CHARACTER * (len(mark.text) + 2)))
        parts.append(
            f'<path class="mark {mark.style}" d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}"/>'
            f'<text class="marked {mark.style} above" x="{place:.1f}" y="{at - 5:.1f}">{_escaped(mark.text)}</text>'
        )
    return parts


class _Scale:
    """From a share to a place in the drawing."""

    def __init__(self, axis: Axis, first: float, last: float) -> None:
        self._low, self._first = axis.low, first
        self._step = (last - first) / (axis.high - axis.low)

    def __call__(self, share: float) -> float:
        return self._first + (share - self._low) * self._step


def _path(points: Sequence[Point], x: _Scale, y: _Scale) -> str:
    return " ".join(f"{x(at):.1f},{y(height):.1f}" for at, height in points)


def _svg(label: str, height: int, parts: Sequence[str]) -> Markup:
    from markupsafe import Markup

    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_escaped(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def _name(name: str, x: int, y: int) -> str:
    shown = _escaped(_clipped(name, x // 7))
    return f'<text class="name" x="{x}" y="{y}">{shown}<title>{_escaped(name)}</title></text>'


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _percent(share: float) -> str:
    return f"{share * 100:.3g}\N{NO-BREAK SPACE}%"

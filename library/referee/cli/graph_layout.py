"""Where the nodes and arrows of a small directed graph stand: in layers, what is needed below what needs it.

The steps are Sugiyama's: layers by longest path, bends for arrows that pass a layer, an order with few crossings by
the middles of neighbours, and places as near to a node's neighbours as their order allows. The same
graph gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP = 28.0
BEND_GAP = 16.0
LAYER_GAP = 64.0
_SWEEPS = 12

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A node's rectangle; y grows downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """From what is needed to what needs it, through ``points``: pairs of them lie on the edges of the layers passed."""

    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture of a graph."""

    boxes: Mapping[str, Box]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


def layout(sizes: Mapping[str, tuple[float, float]], needs: Mapping[str, Sequence[str]]) -> Layout:
    """Places for all nodes of ``sizes`` (width and height). ``needs`` must hold no circle."""
    layers = _layers(list(sizes), needs)
    rows: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name, layer in layers.items():
        rows[layer].append(name)
    widths = {name: size[0] for name, size in sizes.items()}
    chains: dict[tuple[str, str], list[str]] = {}
    below: dict[str, list[str]] = {}
    for target, sources in needs.items():
        for source in sources:
            chain = [source]
            for layer in range(layers[source] + 1, layers[target]):
                bend = f"\0{source}\0{target}\0{layer}"
                widths[bend] = 0.0
                rows[layer].append(bend)
                chain.append(bend)
            chain.append(target)
            chains[source, target] = chain
            for lower, upper in pairwise(chain):
                below.setdefault(upper, []).append(lower)
    above: dict[str, list[str]] = {}
    for upper, lowers in below.items():
        for lower in lowers:
            above.setdefault(lower, []).append(upper)
    _reorder(rows, below, above)
    centres = _centres(rows, widths, below, above)
    return _drawn(rows, sizes, centres, chains, layers)


def _layers(names: Sequence[str], needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Each node above all it needs; one that needs nothing, just below the lowest that needs it."""
    found: dict[str, int] = {}

    def height(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((height(need) for need in needs.get(name, ())), default=-1)
        return found[name]

    for name in names:
        height(name)
    for name in names:
        if not needs.get(name):
            users = [found[user] for user, sources in needs.items() if name in sources]
            found[name] = max(min(users, default=1) - 1, 0)
    return found


def _reorder(
    rows: list[list[str]], below: Mapping[str, Sequence[str]], above: Mapping[str, Sequence[str]]
) -> None:
    best = [list(row) for row in rows]
    fewest = _crossings(rows, below)
    for sweep in range(_SWEEPS):
        upwards = sweep % 2 == 0
        order = range(1, len(rows)) if upwards else range(len(rows) - 2, -1, -1)
        neighbours = below if upwards else above
        for index in order:
            fixed = rows[index - 1 if upwards else index + 1]
            rows[index].sort(key=_middles(rows[index], fixed, neighbours).__getitem__)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _middles(
    row: Sequence[str], fixed: Sequence[str], neighbours: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """The middle of each node's neighbours in the next row; one without neighbours keeps its place."""
    place = {name: index for index, name in enumerate(fixed)}
    middles = {}
    for index, name in enumerate(row):
        near = [place[each] for each in neighbours.get(name, ())]
        middles[name] = sum(near) / len(near) if near else index * len(fixed) / len(row)
    return middles


def _crossings(rows: Sequence[Sequence[str]], below: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for lower, upper in pairwise(rows):
        place = {name: index for index, name in enumerate(lower)}
        ends = [place[need] for name in upper for need in sorted(below.get(name, ()), key=place.__getitem__)]
        count += sum(left > right for index, left in enumerate(ends) for right in ends[index + 1 :])
    return count


def _centres(
    rows: Sequence[Sequence[str]],
    widths: Mapping[str, float],
    below: Mapping[str, Sequence[str]],
    above: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    centres: dict[str, float] = {}
    for row in rows:
        x = 0.0
        for name in row:
            centres[name] = x + widths[name] / 2
            x += widths[name] + GAP
    for sweep in range(_SWEEPS):
        for index in range(len(rows)) if sweep % 2 == 0 else range(len(rows) - 1, -1, -1):
            row = rows[index]
            wished = []
            for name in row:
                near = [centres[each] for each in (*below.get(name, ()), *above.get(name, ()))]
                wished.append(sum(near) / len(near) if near else centres[name])
            for name, centre in zip(row, _apart(row, wished, widths), strict=True):
                centres[name] = centre
    return centres


def _apart(row: Sequence[str], wished: Sequence[float], widths: Mapping[str, float]) -> list[float]:
    """The places nearest to those wished (least squares) that keep the order and the gaps of a row."""
    offsets: list[float] = []
    for index, name in enumerate(row):
        if index == 0:
            offsets.append(0.0)
            continue
        before = row[index - 1]
        gap = BEND_GAP if not widths[name] or not widths[before] else GAP
        offsets.append(offsets[-1] + (widths[before] + widths[name]) / 2 + gap)
    blocks: list[
        tuple[float, int]
    ] = []  # isotonic regression: means of blocks that would otherwise be out of order
    for wish, offset in zip(wished, offsets, strict=True):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, size = blocks.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _drawn(
    rows: Sequence[Sequence[str]],
    sizes: Mapping[str, tuple[float, float]],
    centres: Mapping[str, float],
    chains: Mapping[tuple[str, str], Sequence[str]],
    layers: Mapping[str, int],
) -> Layout:
    if not sizes:
        return Layout({}, (), 0.0, 0.0)
    left = min(centres[name] - sizes.get(name, (0.0, 0.0))[0] / 2 for row in rows for name in row)
    right = max(centres[name] + sizes.get(name, (0.0, 0.0))[0] / 2 for row in rows for name in row)
    heights = [max((sizes[name][1] for name in row if name in sizes), default=0.0) for row in rows]
    tops: list[float] = [0.0] * len(rows)
    y = 0.0
    for index in range(len(rows) - 1, -1, -1):
        tops[index] = y
        y += heights[index] + LAYER_GAP
    boxes = {
        name: Box(
            centres[name] - size[0] / 2 - left,
            tops[layers[name]] + (heights[layers[name]] - size[1]) / 2,
            *size,
        )
        for name, size in sizes.items()
    }
    arrows = []
    for (source, target), chain in chains.items():
        points: list[Point] = [(centres[source] - left, boxes[source].y)]
        for index, bend in enumerate(chain[1:-1], layers[source] + 1):
            x = centres[bend] - left
            points += [(x, tops[index] + heights[index]), (x, tops[index])]
        points.append(
            (
                _landing(source, target, chains, centres, boxes[target]) - left,
                boxes[target].y + boxes[target].height,
            )
        )
        arrows.append(Arrow(source, target, tuple(points)))
    return Layout(boxes, tuple(arrows), right - left, y - LAYER_GAP)


def _landing(
    source: str,
    target: str,
    chains: Mapping[tuple[str, str], Sequence[str]],
    centres: Mapping[str, float],
    box: Box,
) -> float:
    """Where an arrow ends on the lower side of a box: arrows spread over it in the order they come from."""
    coming = sorted((centres[chain[-2]], start) for (start, end), chain in chains.items() if end == target)
    position = [start for _, start in coming].index(source)
    return centres[target] + box.width * 0.7 * ((position + 0.5) / len(coming) - 0.5)

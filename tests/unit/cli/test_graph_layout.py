"""The picture of a graph: what is needed stands below, nothing overlaps, and it is always the same."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from referee.cli.graph_layout import Box, layout


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], dict[str, list[str]]]:
    """Graphs without circles: a node needs only nodes before it."""
    names = [f"n{index}" for index in range(draw(st.integers(1, 9)))]
    sizes = {name: (float(draw(st.integers(20, 200))), float(draw(st.integers(20, 90)))) for name in names}
    needs = {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    return sizes, needs


def apart(left: Box, right: Box) -> bool:
    beside = left.x + left.width <= right.x + 1e-6 or right.x + right.width <= left.x + 1e-6
    return beside or left.y + left.height <= right.y + 1e-6 or right.y + right.height <= left.y + 1e-6


@given(graphs())
def test_nothing_overlaps_and_what_is_needed_stands_below(
    graph: tuple[dict[str, tuple[float, float]], dict[str, list[str]]],
) -> None:
    sizes, needs = graph
    placed = layout(sizes, needs)
    for left, right in combinations(placed.boxes.values(), 2):
        assert apart(left, right)
    for box in placed.boxes.values():
        assert box.x >= -1e-6 and box.x + box.width <= placed.width + 1e-6
        assert box.y >= -1e-6 and box.y + box.height <= placed.height + 1e-6
    for target, sources in needs.items():
        for source in sources:
            lower, upper = placed.boxes[source], placed.boxes[target]
            assert lower.y >= upper.y + upper.height
    assert {(arrow.source, arrow.target) for arrow in placed.arrows} == {
        (source, target) for target, sources in needs.items() for source in sources
    }
    assert layout(sizes, needs) == placed


@given(graphs())
def test_arrows_end_at_their_boxes_and_pass_no_other(
    graph: tuple[dict[str, tuple[float, float]], dict[str, list[str]]],
) -> None:
    placed = layout(*graph)
    for arrow in placed.arrows:
        start, end = arrow.points[0], arrow.points[-1]
        source, target = placed.boxes[arrow.source], placed.boxes[arrow.target]
        assert source.x <= start[0] <= source.x + source.width and start[1] == source.y
        assert target.x <= end[0] <= target.x + target.width and end[1] == target.y + target.height
        for x, y in arrow.points[1:-1]:
            for box in placed.boxes.values():
                inside = box.x < x < box.x + box.width and box.y < y < box.y + box.height
                assert not inside


def test_a_crossing_that_can_be_avoided_is_avoided() -> None:
    size = (50.0, 20.0)
    sizes = dict.fromkeys(("a", "b", "left", "right"), size)
    placed = layout(sizes, {"left": ["b"], "right": ["a"]})
    assert (placed.boxes["left"].x < placed.boxes["right"].x) == (placed.boxes["b"].x < placed.boxes["a"].x)


def test_no_nodes_make_no_picture() -> None:
    assert layout({}, {}).boxes == {}

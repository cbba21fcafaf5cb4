"""Drawings say what they show: words that would meet stand side by side, and axes carry figures."""

from __future__ import annotations

import re

import pytest

from referee.cli.charts import Axis, Mark, interval_chart, line_chart, percent_ticks


def words_at(drawing: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for x, y in re.findall(r'class="marked promise above" x="([0-9.]+)" y="([0-9.]+)"', drawing)
    ]


@pytest.mark.parametrize(
    ("promises", "columns"), [((0.05, 0.5), 1), ((0.05, 0.06), 2), ((0.05, 0.06, 0.07), 3)]
)
def test_words_of_lines_that_are_close_stand_side_by_side(promises: tuple[float, ...], columns: int) -> None:
    axis = Axis("share", 0, 1, (0, 1))
    drawing = line_chart(
        "risk",
        axis,
        axis,
        [],
        marks=[Mark(at, f"promise: at most {at * 100:g} %", "promise") for at in promises],
    )
    places = words_at(str(drawing))
    assert len(places) == len(promises)
    assert len({x for x, _ in places}) == columns


def test_intervals_have_an_axis_in_per_cent() -> None:
    drawing = str(
        interval_chart(
            "wrong", [("women", 0.02, 0.05, 0.09, "5 of 100 (5.0 %)")], 0, 0.1, ticks=percent_ticks(0.1)
        )
    )
    assert re.findall(r'class="tick"[^>]*>([0-9.]+)', drawing) == ["0", "2", "4", "6", "8", "10"]
    assert "5 of 100 (5.0 %)" in drawing

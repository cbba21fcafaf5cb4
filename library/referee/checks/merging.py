"""The same cases in fewer boxes."""

from __future__ import annotations

from collections.abc import Sequence

from referee.checks.case_space import Box

_FEW_BOXES = 2_000
"""So many boxes are merged in each order of the dimensions, to take the order that leaves the fewest."""


def merged(boxes: Sequence[Box]) -> list[Box]:
    """The same cases in fewer boxes: those that differ in one dimension only become one, until none do."""
    dimensions = range(len(boxes[0]) if boxes else 0)
    firsts = dimensions if len(boxes) <= _FEW_BOXES else dimensions[:1]
    orders = ([*dimensions[first:], *dimensions[:first]] for first in firsts)
    return min((_merged(boxes, order) for order in orders), key=len, default=list(boxes))


def _merged(boxes: Sequence[Box], order: Sequence[int]) -> list[Box]:
    held = list(boxes)
    while True:
        count = len(held)
        for at in order:
            groups: dict[Box, int] = {}
            for box in held:
                others = (*box[:at], 0, *box[at + 1 :])
                groups[others] = groups.get(others, 0) | box[at]
            held = [(*others[:at], regions, *others[at + 1 :]) for others, regions in groups.items()]
        if len(held) == count:
            return held

"""Decision trees as flat arrays: which leaf of each tree a row falls into."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from referee.scoring.columns import NAN, Unscorable


class Tree:
    """The nodes of one tree, the root first.

    A node has the column it tests, a threshold and the first of two adjacent children; a row goes to the first if
    its number is at most the threshold. A leaf has column -1 and, instead of a child, its number among the leaves of
    all trees. ``covers`` are the training cases that came by, ``missing_goes_first`` the nodes at which a missing
    number counts as small.
    """

    __slots__ = ("children", "columns", "covers", "missing_goes_first", "thresholds")

    def __init__(self, stored: Mapping[str, Any], single_precision: bool) -> None:
        # The smallest arrays that hold them: a big forest is walked at the speed of the processor's cache.
        self.columns: array[int] = array("b" if max(stored["columns"]) < 128 else "i", stored["columns"])
        self.thresholds: array[float] = array("f" if single_precision else "d", stored["thresholds"])
        self.children: array[int] = array(
            "H" if max(stored["children"]) < 65_535 else "L", stored["children"]
        )
        self.covers: array[float] = array("d", stored["covers"])
        self.missing_goes_first = frozenset(stored["missing_goes_first"])

    def child(self, row: Sequence[float], node: int) -> int:
        """Where the row goes to from a node that is no leaf."""
        number = row[self.columns[node]]
        first = self.children[node]
        if math.isnan(number):
            return first if node in self.missing_goes_first else first + 1
        return first if number <= self.thresholds[node] else first + 1


class Trees:
    """The trees of a forest or of boosting."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._single_precision: bool = stored["single_precision"]
        self._refuses_gaps: bool = stored["refuses_gaps"]
        self.trees = [Tree(tree, self._single_precision) for tree in stored["each"]]
        self._arrays = [(tree.columns, tree.thresholds, tree.children) for tree in self.trees]

    def compared(self, row: list[float]) -> list[float]:
        """The row as the trees compare it: scikit-learn's own trees hold rows in single precision.

        Raises ``Unscorable`` for numbers beyond it, and for gaps if the trees can't take any.
        """
        if self._refuses_gaps and NAN in row:
            raise Unscorable("a missing number, which this boosting can't take")
        if not self._single_precision:
            return row
        single = array("f", row).tolist()
        if math.inf in single or -math.inf in single:
            raise Unscorable("a number beyond single precision, in which these trees compare")
        return single

    def leaves(self, row: list[float]) -> list[int]:
        """For each tree the number of the leaf that the row falls into."""
        compared = self.compared(row)
        if NAN in row:
            return [_leaf(tree, compared) for tree in self.trees]
        found = []
        for columns, thresholds, children in self._arrays:
            node = 0
            while (column := columns[node]) >= 0:
                node = children[node] if compared[column] <= thresholds[node] else children[node] + 1
            found.append(children[node])
        return found


def _leaf(tree: Tree, row: Sequence[float]) -> int:
    node = 0
    while tree.columns[node] >= 0:
        node = tree.child(row, node)
    return tree.children[node]

"""Decision trees as flat arrays: which leaf a row falls into, and what each feature has to do with it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from referee.scoring.columns import NAN, Unscorable


class Trees:
    """The trees of a forest or of boosting.

    The nodes of all trees stand in one array each for the column tested, the threshold and the first of two
    adjacent children; a row goes to the first if its number is at most the threshold. A leaf has column -1,
    and its number among all leaves instead of a child.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        # Arrays, not lists: a big forest's nodes stay together in the processor's cache.
        self.columns: array[int] = array("i", stored["columns"])
        self.thresholds: array[float] = array("d", stored["thresholds"])
        self.children: array[int] = array("i", stored["children"])
        self.covers: array[float] = array("d", stored["covers"])
        self.roots: list[int] = stored["roots"]
        self.missing_goes_first = frozenset(stored["missing_goes_first"])
        self._single_precision: bool = stored["single_precision"]
        self._refuses_gaps: bool = stored["refuses_gaps"]

    def rounded(self, row: list[float]) -> list[float]:
        """The row as the trees compare it: scikit-learn's own trees hold rows in single precision."""
        if not self._single_precision:
            return row
        single = array("f", row).tolist()
        if float("inf") in single or float("-inf") in single:
            raise Unscorable("a number beyond single precision, in which these trees compare")
        return single

    def leaves(self, row: list[float]) -> list[int]:
        """For each tree the number of the leaf that the row falls into."""
        if NAN in row:
            if self._refuses_gaps:
                raise Unscorable("a missing number, which this boosting can't take")
            return self._leaves_with_gaps(self.rounded(row))
        row = self.rounded(row)
        columns, thresholds, children = self.columns, self.thresholds, self.children
        found = []
        for node in self.roots:
            while (column := columns[node]) >= 0:
                node = children[node] if row[column] <= thresholds[node] else children[node] + 1
            found.append(children[node])
        return found

    def follows(self, row: Sequence[float], node: int) -> int:
        """The child that the row goes to from a node that is no leaf."""
        number = row[self.columns[node]]
        first = self.children[node]
        if math.isnan(number):
            return first if node in self.missing_goes_first else first + 1
        return first if number <= self.thresholds[node] else first + 1

    def _leaves_with_gaps(self, row: list[float]) -> list[int]:
        found = []
        for node in self.roots:
            while self.columns[node] >= 0:
                node = self.follows(row, node)
            found.append(self.children[node])
        return found

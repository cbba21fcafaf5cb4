"""Decision trees as flat arrays: what each tree says about a row."""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from referee.scoring.columns import NAN, Unscorable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LEAVES = 64
"""Leaves of a tree that fit into one machine word."""

_WORDS: Mapping[int, Literal["B", "H", "I", "Q"]] = {8: "B", 16: "H", 32: "I", 64: "Q"}
"""The machine words that hold the leaves of a small tree, by their bits."""

_LARGEST_MASKS = 16_000_000
"""Bytes that may be spent on masks; beyond, and with larger trees, the trees are walked."""


class Tree:
    """The nodes of one tree, the root first.

    A node has the column it tests, a threshold and the first of two adjacent children; a row goes to the first if
    its number is at most the threshold. A leaf has column -1 and, instead of a child, its number among the leaves of
    all trees. ``covers`` are the training cases that came by, ``missing_goes_first`` the nodes at which a missing
    number counts as small.
    """

    __slots__ = ("children", "columns", "covers", "missing_goes_first", "thresholds")

    def __init__(self, stored: Mapping[str, Any], single_precision: bool) -> None:
        self.columns: array[int] = array("b" if max(stored["columns"]) < 128 else "i", stored["columns"])
        self.thresholds: array[float] = array("f" if single_precision else "d", stored["thresholds"])
        self.children: array[int] = array(
            "H" if max(stored["children"]) < 65_535 else "L", stored["children"]
        )
        self.covers: array[float] = array("d", stored["covers"])
        self.missing_goes_first = frozenset(stored["missing_goes_first"])

    def check(self, leaves: int) -> None:
        """Raises ``ValueError`` for a tree that leads in a circle or out of itself."""
        size = len(self.columns)
        for node, (column, child) in enumerate(zip(self.columns, self.children, strict=True)):
            if child >= leaves if column < 0 else not node < child < size - 1:
                raise ValueError(f"node {node} of a tree leads nowhere")

    def is_leaf(self, node: int) -> bool:
        return self.columns[node] < 0

    def child(self, row: Sequence[float], node: int) -> int:
        """Where the row goes to from a node that is no leaf."""
        number = row[self.columns[node]]
        first = self.children[node]
        if math.isnan(number):
            return first if node in self.missing_goes_first else first + 1
        return first if number <= self.thresholds[node] else first + 1


class Trees:
    """The trees of a forest or of boosting, with the numbers of their leaves for each output.

    All tests of one column are decided at once: its sorted thresholds fall into those below the row's number and the
    others. From there small trees are read off as sets of leaves, and large ones walked all together.
    """

    def __init__(self, stored: Mapping[str, Any], leaves: Sequence[Sequence[float]]) -> None:
        self._single_precision: bool = stored["single_precision"]
        self._refuses_gaps: bool = stored["refuses_gaps"]
        self.trees = [Tree(tree, self._single_precision) for tree in stored["each"]]
        self.leaves: list[array[float]] = [array("d", numbers) for numbers in leaves]
        for tree in self.trees:
            tree.check(len(self.leaves[0]))
        self._finder: _LeafSets | _Levels | None = None

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

    def numbers(self, row: list[float]) -> list[list[float]]:
        """For each output what each tree says: the number of the leaf that the row falls into."""
        return self._prepared().numbers(self.compared(row), NAN in row)

    def numbers_of(self, rows: Sequence[list[float]]) -> list[list[list[float]]]:
        """For each row what `numbers` gives; large trees are walked for all rows at once.

        Raises ``Unscorable`` if a row can't be scored.
        """
        finder = self._prepared()
        if isinstance(finder, _Levels):
            return finder.numbers_of([(self.compared(row), NAN in row) for row in rows])
        return [self.numbers(row) for row in rows]

    @property
    def gains_in_batches(self) -> bool:
        """Whether `numbers_of` costs clearly less a row than `numbers`."""
        return isinstance(self._prepared(), _Levels)

    def _prepared(self) -> _LeafSets | _Levels:
        if self._finder is None:
            self._finder = self._made()
        return self._finder

    def _made(self) -> _LeafSets | _Levels:
        most = max(sum(column < 0 for column in tree.columns) for tree in self.trees)
        tests = sum(column >= 0 for tree in self.trees for column in tree.columns)
        if most <= _MOST_LEAVES and tests * len(self.trees) * most / 8 <= _LARGEST_MASKS:
            return _LeafSets(self.trees, self.leaves, most)
        return _Levels(self.trees, self.leaves)


class _LeafSets:
    """Small trees: each test that fails rules out the leaves before it, and the first leaf that is left is the row's.

    The leaves of all trees are the bits of one number, a machine word a tree; a column rules out with one operation
    what all its tests do (QuickScorer: Lucchese et al., SIGIR 2015).
    """

    def __init__(self, trees: Sequence[Tree], leaves: Sequence[Sequence[float]], most: int) -> None:
        width = next(bits for bits in _WORDS if most <= bits)
        self._word = _WORDS[width]
        self._bytes = width * len(trees) // 8
        self._leaves = leaves
        self._by_lowest_bit: list[dict[int, int]] = []
        # Per column and threshold the leaves that go if the number is above, and those that go if it is missing.
        above: dict[int, dict[float, int]] = {}
        missing: dict[int, int] = {}
        for place, tree in enumerate(trees):
            in_order: list[int] = []

            def down(
                node: int, tree: Tree = tree, in_order: list[int] = in_order, shift: int = place * width
            ) -> None:
                if tree.is_leaf(node):
                    in_order.append(tree.children[node])
                    return
                start = len(in_order)
                down(tree.children[node])
                ruled_out = ((1 << len(in_order) - start) - 1) << (start + shift)
                down(tree.children[node] + 1)
                column, threshold = tree.columns[node], tree.thresholds[node]
                of_column = above.setdefault(column, {})
                of_column[threshold] = of_column.get(threshold, 0) | ruled_out
                if node not in tree.missing_goes_first:
                    missing[column] = missing.get(column, 0) | ruled_out

            down(0)
            self._by_lowest_bit.append({1 << position: leaf for position, leaf in enumerate(in_order)})
        self._all = (1 << width * len(trees)) - 1
        self._columns: list[tuple[int, list[float], list[int]]] = []
        self._missing: dict[int, int] = {}
        for column, by_threshold in sorted(above.items()):
            thresholds = sorted(by_threshold)
            left = [self._all]
            for threshold in thresholds:
                left.append(left[-1] & ~by_threshold[threshold])
            self._columns.append((column, thresholds, left))
            self._missing[column] = self._all & ~missing.get(column, 0)

    def numbers(self, row: Sequence[float], has_gaps: bool) -> list[list[float]]:
        left = self._all
        if has_gaps:
            for column, thresholds, masks in self._columns:
                number = row[column]
                gap = math.isnan(number)
                left &= self._missing[column] if gap else masks[bisect_left(thresholds, number)]
        else:
            for column, thresholds, masks in self._columns:
                left &= masks[bisect_left(thresholds, row[column])]
        words = memoryview(left.to_bytes(self._bytes, sys.byteorder)).cast(self._word)
        trees = self._by_lowest_bit if sys.byteorder == "little" else reversed(self._by_lowest_bit)
        found = [leaf[word & -word] for leaf, word in zip(trees, words, strict=True)]
        return [[numbers[leaf] for leaf in found] for numbers in self._leaves]


class _Levels:
    """Large trees: all are walked at once, level by level, in arrays.

    Loads that don't wait for each other are what makes this fast when the numbers aren't in the processor's cache.
    """

    def __init__(self, trees: Sequence[Tree], leaves: Sequence[Sequence[float]]) -> None:
        import numpy

        self._numpy = numpy
        by_column: dict[int, set[tuple[float, bool]]] = {}
        for tree in trees:
            for node, (column, threshold) in enumerate(zip(tree.columns, tree.thresholds, strict=True)):
                if column >= 0:
                    by_column.setdefault(column, set()).add((threshold, node not in tree.missing_goes_first))
        self._columns: list[tuple[int, array[float], bytes, int, bytes]] = []
        numbered: dict[tuple[int, float, bool], int] = {}
        for column, tests in sorted(by_column.items()):
            ordered = sorted(tests)
            for test in ordered:
                numbered[column, *test] = len(numbered)
            thresholds = array("d", [threshold for threshold, _ in ordered])
            count = len(ordered)
            # To the second child where the number is above the threshold: as many ones as thresholds are below it.
            ways = b"\1" * count + b"\0" * count
            self._columns.append((column, thresholds, ways, count, bytes(second for _, second in ordered)))
        # A leaf leads to itself by a test that never goes on to the second child.
        never = len(numbered)
        tests_of, children, leaf_of = array("q"), array("q"), array("q")
        roots, self._depth = [], 0
        for tree in trees:
            roots.append(len(tests_of))
            waiting = [(0, len(tests_of), 0)]
            _grow(tests_of, children, leaf_of, count=1)
            while waiting:
                node, place, depth = waiting.pop()
                self._depth = max(self._depth, depth)
                column = tree.columns[node]
                if column < 0:
                    tests_of[place], children[place], leaf_of[place] = never, place, tree.children[node]
                    continue
                first, pair = tree.children[node], len(tests_of)
                second = node not in tree.missing_goes_first
                tests_of[place], children[place] = numbered[column, tree.thresholds[node], second], pair
                _grow(tests_of, children, leaf_of, count=2)
                both = [(first, pair, depth + 1), (first + 1, pair + 1, depth + 1)]
                # The more usual way comes last, is taken up first, and its nodes lie close by.
                waiting += sorted(both, key=lambda each: tree.covers[each[0]])
        self._tests = _integers(tests_of)
        self._children = _integers(children)
        self._roots: NDArray[Any] = numpy.array(roots, dtype=numpy.int64)
        leaf = _integers(leaf_of)
        self._numbers = [numpy.array(each, dtype=numpy.float64)[leaf] for each in leaves]

    def numbers(self, row: Sequence[float], has_gaps: bool) -> list[list[float]]:
        nodes = self._walked(self._roots, self._ways(row, has_gaps), 0)
        return [numbers.take(nodes).tolist() for numbers in self._numbers]

    def numbers_of(self, rows: Sequence[tuple[Sequence[float], bool]]) -> list[list[list[float]]]:
        if not rows:
            return []
        ways = [self._ways(row, has_gaps) for row, has_gaps in rows]
        starts = self._numpy.arange(len(rows))[:, None] * len(ways[0])
        roots = self._numpy.broadcast_to(self._roots, (len(rows), len(self._roots)))
        nodes = self._walked(roots, b"".join(ways), starts)
        by_output = [numbers.take(nodes).tolist() for numbers in self._numbers]
        return [list(each) for each in zip(*by_output, strict=True)]

    def _walked(self, node: NDArray[Any], ways: bytes, start: Any) -> NDArray[Any]:
        """The leaves that are reached from there; what each test says stands in ``ways`` from ``start`` on."""
        goes = self._numpy.frombuffer(ways, dtype=self._numpy.int8).take
        test, child = self._tests.take, self._children.take
        for _ in range(self._depth):
            node = child(node) + goes(test(node) + start)
        return node

    def _ways(self, row: Sequence[float], has_gaps: bool) -> bytes:
        """For each test, numbered as in the nodes, 1 if a row goes on to the second child."""
        if has_gaps:
            parts = [
                missing
                if math.isnan(row[column])
                else ways[count - (below := bisect_left(thresholds, row[column])) : 2 * count - below]
                for column, thresholds, ways, count, missing in self._columns
            ]
        else:
            parts = [
                ways[count - (below := bisect_left(thresholds, row[column])) : 2 * count - below]
                for column, thresholds, ways, count, _ in self._columns
            ]
        return b"".join(parts) + b"\0"


def _grow(*columns: array[int], count: int) -> None:
    for column in columns:
        column.extend([0] * count)


def _integers(numbers: array[int]) -> NDArray[Any]:
    import numpy

    return numpy.frombuffer(numbers, dtype=numpy.int64)

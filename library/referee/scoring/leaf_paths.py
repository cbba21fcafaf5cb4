"""Shapley values of trees: what each feature adds to what the trees say about a row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from referee.scoring.trees import Tree, Trees

_Path = tuple[tuple[int, int, float], ...]
"""From the root to a node: for each way taken the feature tested, the way, and the share of cases that take it."""


class LeafPaths:
    """The way to each leaf of all trees, one step for each feature that is tested on it.

    A step is passed by a share of the training cases where its feature isn't known, and by the row or not where it is.
    The columns that one feature became are one feature.
    """

    def __init__(self, trees: Trees, features: Sequence[int]) -> None:
        self._trees = trees
        self._columns = numpy.concatenate(
            [numpy.asarray(tree.columns, dtype=numpy.int64) for tree in trees.trees]
        )
        self._thresholds = numpy.concatenate(
            [numpy.asarray(tree.thresholds, dtype=float) for tree in trees.trees]
        )
        self._missing_goes_first = numpy.zeros(len(self._columns), dtype=bool)
        ways: list[int] = []
        step_starts: list[int] = []
        step_features: list[int] = []
        unknown: list[float] = []
        path_starts: list[int] = []
        leaves: list[int] = []
        tree_numbers: list[int] = []
        offset = 0
        for number, tree in enumerate(trees.trees):
            self._missing_goes_first[[offset + node for node in tree.missing_goes_first]] = True
            for leaf, path in _paths(tree, features, offset):
                path_starts.append(len(step_starts))
                leaves.append(leaf)
                tree_numbers.append(number)
                for feature in dict.fromkeys(step[0] for step in path):
                    step_starts.append(len(ways))
                    step_features.append(feature)
                    ways += [way for of, way, _ in path if of == feature]
                    unknown.append(math.prod(share for of, _, share in path if of == feature))
            offset += len(tree.columns)
        self._ways = numpy.array(ways)
        self._step_starts = numpy.array(step_starts)
        self._step_features = numpy.array(step_features)
        self._unknown = numpy.array(unknown)
        self._path_starts = numpy.array(path_starts)
        lengths = numpy.diff([*path_starts, len(step_starts)])
        self._path_of_step = numpy.repeat(numpy.arange(len(path_starts)), lengths)
        self._numbers = [numpy.asarray(each, dtype=float)[leaves] for each in trees.leaves] if leaves else []
        self._tree_numbers = numpy.array(tree_numbers)
        # Exact for polynomials of the degree that the longest path has.
        points, weights = numpy.polynomial.legendre.leggauss(max(int(lengths.max(initial=1)) + 1, 2) // 2)
        self._points = [((point + 1) / 2, weight / 2) for point, weight in zip(points, weights, strict=True)]

    def pushes(self, row: list[float], features: int, outputs: int, takes_turns: bool) -> list[list[float]]:
        """For each output what each feature adds; in boosting (``takes_turns``) each tree speaks of one in turn.

        The weight of all subsets of a path's other features (Lundberg et al. 2020) is the integral, over the chance t
        that a feature is known, of the product of their steps: t where the row passes and 1 - t times the share that
        passes unknown. Gauss and Legendre's points give it exactly.
        """
        if not len(self._step_starts):
            return [[0.0] * features for _ in range(outputs)]
        known = numpy.logical_and.reduceat(self._taken(row)[self._ways], self._step_starts)
        weights = numpy.zeros(len(known))
        for chance, weight in self._points:
            factors = numpy.where(known, chance, 0.0) + (1 - chance) * self._unknown
            products = numpy.multiply.reduceat(factors, self._path_starts)
            # A step that nobody passes adds nothing, and with it nothing on its path does.
            factors[factors == 0] = 1.0
            weights += weight * products[self._path_of_step] / factors
        weights *= known - self._unknown
        found = []
        for output in range(outputs):
            numbers = self._numbers[0 if takes_turns else output]
            if takes_turns:
                numbers = numpy.where(self._tree_numbers % outputs == output, numbers, 0.0)
            sizes = numpy.bincount(self._step_features, weights * numbers[self._path_of_step], features)
            found.append(sizes.tolist())
        return found

    def _taken(self, row: list[float]) -> NDArray[Any]:
        """For each node whether the row goes on to its first child, and to its second, if it comes by."""
        numbers = numpy.asarray(self._trees.compared(row))[self._columns]
        first = numpy.where(numpy.isnan(numbers), self._missing_goes_first, numbers <= self._thresholds)
        return numpy.column_stack([first, ~first]).ravel()


def _paths(tree: Tree, features: Sequence[int], offset: int) -> Iterator[tuple[int, _Path]]:
    """Each leaf but a root, by its number, with the way to it: twice the node, and one more to the second child."""
    waiting: list[tuple[int, _Path]] = [(0, ())]
    while waiting:
        node, path = waiting.pop()
        if tree.is_leaf(node):
            if path:
                yield tree.children[node], path
            continue
        feature = features[tree.columns[node]]
        for second in (0, 1):
            child = tree.children[node] + second
            # Cases of weight 0 may leave a node without cover.
            share = tree.covers[child] / (tree.covers[node] or 1.0)
            waiting.append((child, (*path, (feature, 2 * (offset + node) + second, share))))

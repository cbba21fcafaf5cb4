"""However the trees are gone through, each says what a walk from its root, node by node, finds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.scoring.columns import NAN, Unscorable
from referee.scoring.trees import Trees, _LeafSets, _Levels

COLUMNS = 3
THRESHOLDS = (-1.5, 0.0, 0.5, 2.0)


def grown(chance: Random, leaves_before: int, deepest: int) -> tuple[dict[str, list[Any]], int]:
    """A tree of random shape as it is stored, and the number of its leaves."""
    tree: dict[str, list[Any]] = {
        name: [] for name in ("columns", "thresholds", "children", "covers", "missing_goes_first")
    }
    waiting, leaves = [0], 0
    for node, depth in enumerate(waiting):
        tree["covers"].append(1)
        if depth == deepest or chance.random() < 0.2:
            tree["columns"].append(-1)
            tree["thresholds"].append(0)
            tree["children"].append(leaves_before + leaves)
            leaves += 1
            continue
        tree["columns"].append(chance.randrange(COLUMNS))
        tree["thresholds"].append(chance.choice(THRESHOLDS))
        tree["children"].append(len(waiting))
        if chance.random() < 0.5:
            tree["missing_goes_first"].append(node)
        waiting += [depth + 1, depth + 1]
    return tree, leaves


def forest(seed: int, *, trees: int, deepest: int, single_precision: bool = False) -> Trees:
    chance = Random(seed)
    each, leaves = [], 0
    for _ in range(trees):
        tree, count = grown(chance, leaves, deepest)
        each.append(tree)
        leaves += count
    numbers = [[chance.random() for _ in range(leaves)] for _ in range(2)]
    stored = {"single_precision": single_precision, "refuses_gaps": False, "each": each}
    return Trees(stored, numbers)


def walked(trees: Trees, row: list[float]) -> list[list[float]]:
    found = []
    for tree in trees.trees:
        node = 0
        while not tree.is_leaf(node):
            node = tree.child(row, node)
        found.append(tree.children[node])
    return [[numbers[leaf] for leaf in found] for numbers in trees.leaves]


ROWS = st.lists(
    st.one_of(st.sampled_from([NAN, *THRESHOLDS]), st.floats(-3, 3)), min_size=COLUMNS, max_size=COLUMNS
)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10_000), deepest=st.integers(0, 5), row=ROWS)
def test_sets_of_leaves_and_levels_say_what_a_walk_finds(seed: int, deepest: int, row: list[float]) -> None:
    trees = forest(seed, trees=4, deepest=deepest)
    most = max(sum(tree.is_leaf(node) for node in range(len(tree.columns))) for tree in trees.trees)
    expected = walked(trees, row)
    assert _LeafSets(trees.trees, trees.leaves, most).numbers(row, NAN in row) == expected
    assert _Levels(trees.trees, trees.leaves).numbers(row, NAN in row) == expected
    assert trees.numbers(row) == expected


@pytest.mark.parametrize("deepest", [6, 12])
def test_a_forest_of_large_trees_says_what_a_walk_finds(deepest: int) -> None:
    trees, chance = forest(1, trees=20, deepest=deepest), Random(2)
    for _ in range(50):
        row = [chance.choice([NAN, chance.uniform(-3, 3)]) for _ in range(COLUMNS)]
        assert trees.numbers(row) == walked(trees, row)


@pytest.mark.parametrize(("children", "leaf"), [(0, 0), (3, 0), (1, 5)])
def test_a_tree_that_leads_in_a_circle_or_out_of_itself_is_refused(children: int, leaf: int) -> None:
    tree = {
        "columns": [0, -1, -1],
        "thresholds": [0, 0, 0],
        "children": [children, leaf, 1],
        "covers": [2, 1, 1],
        "missing_goes_first": [],
    }
    stored = {"single_precision": False, "refuses_gaps": False, "each": [tree]}
    with pytest.raises(ValueError, match="leads nowhere"):
        Trees(stored, [[0.5, 0.7]])


def test_a_number_beyond_single_precision_is_refused_by_trees_that_compare_in_it() -> None:
    trees = forest(1, trees=2, deepest=2, single_precision=True)
    with pytest.raises(Unscorable, match="single precision"):
        trees.numbers([1e300, 0.0, 0.0])

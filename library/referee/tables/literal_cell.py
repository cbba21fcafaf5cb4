"""Cells that hold only literals: what an index can answer for without evaluating anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from referee.feel import NOT_CONSTANT, constant, syntax


@dataclass(frozen=True, slots=True)
class Comparison:
    """``= value``, ``!= value``, ``< value`` and so on."""

    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Between:
    """``[start..end]`` with either end included or not."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class LiteralCell:
    """One or more tests of which one must be true; or none of them, where ``negated``."""

    tests: tuple[Comparison | Between, ...]
    negated: bool

    def values(self) -> Iterator[Any]:
        """Every value the cell compares with."""
        for test in self.tests:
            if isinstance(test, Between):
                yield test.start
                yield test.end
            else:
                yield test.value


def literal_cell(tree: syntax.UnaryTestsNode) -> LiteralCell | None:
    """The cell by its literals; None when any part of it must be evaluated."""
    if not isinstance(tree, syntax.Tests):
        return None
    tests = []
    for node in tree.tests:
        test = _literal_test(node)
        if test is None:
            return None
        tests.append(test)
    return LiteralCell(tuple(tests), tree.negated)


def tests_null(tree: syntax.UnaryTestsNode) -> bool:
    """Whether one of the tests of a cell is whether the value is null: such a cell says what null means."""
    return isinstance(tree, syntax.Tests) and any(
        isinstance(node, syntax.Null)
        or (
            isinstance(node, syntax.Test)
            and node.operator in ("=", "!=")
            and isinstance(node.endpoint, syntax.Null)
        )
        for node in tree.tests
    )


def _literal_test(node: syntax.Node) -> Comparison | Between | None:
    if isinstance(node, syntax.Test):
        value = constant(node.endpoint)
        return None if value is NOT_CONSTANT else Comparison(node.operator, value)
    if isinstance(node, syntax.Interval):
        start, end = constant(node.start), constant(node.end)
        if start is NOT_CONSTANT or end is NOT_CONSTANT:
            return None
        return Between(start, end, node.start_included, node.end_included)
    value = constant(node)
    return None if value is NOT_CONSTANT else Comparison("=", value)

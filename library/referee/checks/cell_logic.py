"""An input cell by its logic: comparisons of the input with literals, joined by and, or, not. Others stay open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from referee.feel import NOT_CONSTANT, constant, syntax

_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Anything:
    """True for every value."""


@dataclass(frozen=True, slots=True)
class Compared:
    """``? operator value``."""

    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Within:
    """``? in [start..end]`` with either end included or not."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Kleene's or."""

    parts: tuple[CellLogic, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Kleene's and."""

    parts: tuple[CellLogic, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene's not."""

    part: CellLogic


CellLogic = Anything | Compared | Within | AnyOf | AllOf | Not


def cell_logic(tree: syntax.UnaryTestsNode) -> CellLogic | None:
    """The logic of a cell; None for one whose truth hangs on more than literals."""
    if isinstance(tree, syntax.AnyValue):
        return Anything()
    parts = tuple(_test(node) for node in tree.tests)
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    logic = known[0] if len(known) == 1 else AnyOf(known)
    return Not(logic) if tree.negated else logic


def names_in(node: object) -> set[str]:
    """The names that stand in an expression or cell."""
    found = {node.name} if isinstance(node, syntax.Name) else set()
    for child in syntax.children(node):
        found |= names_in(child)
    return found


def with_values(tree: syntax.UnaryTestsNode, values: Mapping[str, syntax.Node]) -> syntax.UnaryTestsNode:
    """The cell with literals in the place of names."""
    return _with_values(tree, values)  # type: ignore[no-any-return]


def _with_values(node: Any, values: Mapping[str, syntax.Node]) -> Any:
    if isinstance(node, syntax.Name):
        return values.get(node.name, node)
    if isinstance(node, tuple):
        return tuple(_with_values(part, values) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    parts = {field.name: getattr(node, field.name) for field in fields(node)}
    return replace(node, **{name: _with_values(part, values) for name, part in parts.items()})


def values_of(logic: CellLogic) -> Iterator[Any]:
    """Every value the cell compares with."""
    if isinstance(logic, Compared):
        yield logic.value
    elif isinstance(logic, Within):
        yield logic.start
        yield logic.end
    elif isinstance(logic, Not):
        yield from values_of(logic.part)
    elif isinstance(logic, (AnyOf, AllOf)):
        for part in logic.parts:
            yield from values_of(part)


def uses_order(logic: CellLogic) -> bool:
    """Whether the cell asks for more than equality."""
    if isinstance(logic, Compared):
        return logic.operator not in ("=", "!=")
    if isinstance(logic, Not):
        return uses_order(logic.part)
    if isinstance(logic, (AnyOf, AllOf)):
        return any(map(uses_order, logic.parts))
    return isinstance(logic, Within)


def listed_values(logic: CellLogic) -> Iterator[Any]:
    """The values the cell lists as its own: not those it excludes."""
    if isinstance(logic, Compared) and logic.operator == "=":
        yield logic.value
    elif isinstance(logic, AnyOf):
        for part in logic.parts:
            yield from listed_values(part)


def _test(node: syntax.Node) -> CellLogic | None:
    if isinstance(node, syntax.Test):
        value = constant(node.endpoint)
        return None if value is NOT_CONSTANT else Compared(node.operator, value)
    if isinstance(node, syntax.Interval):
        return _within(node)
    value = constant(node)
    if value is not NOT_CONSTANT:
        return Compared("=", value)
    return _condition(node)


def _within(node: syntax.Interval) -> CellLogic | None:
    start, end = constant(node.start), constant(node.end)
    if start is NOT_CONSTANT or end is NOT_CONSTANT:
        return None
    return Within(start, end, node.start_included, node.end_included)


def _condition(node: syntax.Node) -> CellLogic | None:
    """An expression about ``?`` that is true, false, or null where the same test as a cell is in doubt."""
    if isinstance(node, syntax.Comparison):
        for side, other, operator in (
            (node.left, node.right, node.operator),
            (node.right, node.left, _FLIPPED[node.operator]),
        ):
            value = constant(other)
            if isinstance(side, syntax.Input) and value is not NOT_CONSTANT:
                return Compared(operator, value)
    elif isinstance(node, syntax.Between) and isinstance(node.value, syntax.Input):
        start, end = constant(node.low), constant(node.high)
        if start is not NOT_CONSTANT and end is not NOT_CONSTANT:
            return Within(start, end, True, True)
    elif isinstance(node, (syntax.Conjunction, syntax.Disjunction)):
        parts = tuple(part for part in map(_condition, node.operands) if part is not None)
        if len(parts) == len(node.operands):
            return AllOf(parts) if isinstance(node, syntax.Conjunction) else AnyOf(parts)
    return None

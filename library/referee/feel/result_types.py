"""What can be told of an expression's type from its text alone.

A function has a type before it is called, so its result's type must be read off its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from referee.feel import syntax
from referee.feel.fault import Fault
from referee.feel.types import BOOLEAN, NULL, NUMBER, STRING, ContextType, FeelType, ListType, type_of
from referee.feel.values import parse_at_literal

Types = Mapping[str, FeelType]


def result_type(node: syntax.Node, names: Types) -> FeelType | None:
    """The type of an expression's value, ``None`` where only evaluating it tells. ``names`` have known types."""
    read = _READERS.get(type(node))
    return None if read is None else read(node, names)


def _temporal(node: syntax.Temporal, names: Types) -> FeelType | None:
    try:
        return type_of(parse_at_literal(node.text))
    except Fault:
        return NULL


def _arithmetic(node: syntax.Arithmetic, names: Types) -> FeelType | None:
    left, right = result_type(node.left, names), result_type(node.right, names)
    return left if left == right and (left == NUMBER or (left == STRING and node.operator == "+")) else None


def _negation(node: syntax.Negation, names: Types) -> FeelType | None:
    return NUMBER if result_type(node.operand, names) == NUMBER else None


def _choice(node: syntax.If, names: Types) -> FeelType | None:
    kind = result_type(node.consequence, names)
    return kind if kind == result_type(node.alternative, names) else None


def _list(node: syntax.ListLiteral, names: Types) -> FeelType | None:
    kinds = {result_type(item, names) for item in node.items}
    only = kinds.pop() if len(kinds) == 1 else None
    return None if only is None else ListType(only)


def _context(node: syntax.ContextLiteral, names: Types) -> FeelType | None:
    known = dict(names)
    entries = []
    for entry in node.entries:
        kind = result_type(entry.value, known)
        if kind is None:
            return None
        known[entry.key] = kind
        entries.append((entry.key, kind))
    return ContextType(tuple(entries))


_READERS: dict[type, Callable[[Any, Types], FeelType | None]] = {
    syntax.Number: lambda node, names: NUMBER,
    syntax.String: lambda node, names: STRING,
    syntax.Null: lambda node, names: NULL,
    syntax.Temporal: _temporal,
    syntax.Name: lambda node, names: names.get(node.name),
    syntax.Arithmetic: _arithmetic,
    syntax.Negation: _negation,
    syntax.If: _choice,
    syntax.ListLiteral: _list,
    syntax.ContextLiteral: _context,
    **dict.fromkeys(
        (
            syntax.Boolean,
            syntax.Comparison,
            syntax.Conjunction,
            syntax.Disjunction,
            syntax.Between,
            syntax.In,
            syntax.InstanceOf,
            syntax.Quantified,
        ),
        lambda node, names: BOOLEAN,
    ),
}

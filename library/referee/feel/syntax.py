"""The syntax tree of FEEL: frozen nodes, equal when they mean the same text, whatever their spans.

``span`` holds the start and end offsets (0-based, end exclusive) of a node in the text it was read from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal."""

    value: Decimal
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class String:
    """A string literal; ``value`` is the string itself, its escapes resolved."""

    value: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""

    value: bool
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Null:
    """``null``."""

    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Temporal:
    """An at-literal such as ``@"2024-02-29"``; ``text`` is what stands between the quotes."""

    text: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name, its white space reduced to single spaces. It may denote a variable or a built-in function."""

    name: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    """``?``, the value a unary test is about."""

    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """Arithmetic negation, ``-operand``."""

    operand: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left operator right`` with ``+``, ``-``, ``*``, ``/`` or ``**``."""

    operator: str
    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right`` with ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    operator: str
    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Conjunction:
    """``operand and operand and ...``."""

    operands: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Disjunction:
    """``operand or operand or ...``."""

    operands: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """``value between low and high``, both ends included."""

    value: Node
    low: Node
    high: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """``value in test`` or ``value in (test, test, ...)``."""

    value: Node
    tests: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """``value instance of type``."""

    value: Node
    type: Type
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """``if condition then consequence else alternative``."""

    condition: Node
    consequence: Node
    alternative: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Iteration:
    """``name in source`` or, where ``end`` is given, ``name in source..end``."""

    name: str
    source: Node
    end: Node | None = None
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class For:
    """``for iterations return result``."""

    iterations: tuple[Iteration, ...]
    result: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """``some iterations satisfies condition`` or ``every iterations satisfies condition``."""

    quantifier: str
    iterations: tuple[Iteration, ...]
    condition: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A formal parameter of a function; no type means any value."""

    name: str
    type: Type | None = None
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """``function(parameters) body``; an ``external`` body is kept as a context and never run."""

    parameters: tuple[Parameter, ...]
    body: Node
    external: bool = False
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``; ``names`` holds the parameter names of a named invocation, else it is empty."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """``source.name``."""

    source: Node
    name: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """``source[condition]``: a selection by condition or by position."""

    source: Node
    condition: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """``[item, item, ...]``."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """``key: value`` of a context."""

    key: str
    value: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ContextLiteral:
    """``{key: value, ...}``; each entry sees those before it."""

    entries: tuple[Entry, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Interval:
    """``[start..end]`` with either end included or not."""

    start: Node
    end: Node
    start_included: bool
    end_included: bool
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison that lacks its left side, such as ``< 10``: a unary test, or a range where a value is
    wanted.
    """

    __test__ = False  # the name is the standard's; pytest must not collect it

    operator: str
    endpoint: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class AnyValue:
    """``-`` as a whole cell: true for every value."""

    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Tests:
    """``test, test, ...`` as a whole cell, or ``not(test, test, ...)`` where ``negated``."""

    __test__ = False

    tests: tuple[Node, ...]
    negated: bool = False
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type by its name: FEEL's own, or an item definition."""

    name: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ListType:
    """``list<element>``."""

    element: Type
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class RangeType:
    """``range<endpoint>``."""

    endpoint: Type
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ContextType:
    """``context<name: type, ...>``."""

    entries: tuple[tuple[str, Type], ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class FunctionType:
    """``function<parameter types> -> result type``."""

    parameters: tuple[Type, ...]
    result: Type
    span: Span = field(default=(0, 0), compare=False)


Type = NamedType | ListType | RangeType | ContextType | FunctionType
"""A type as written after ``instance of`` or behind a parameter."""

Node = (
    Number
    | String
    | Boolean
    | Null
    | Temporal
    | Name
    | Input
    | Negation
    | Arithmetic
    | Comparison
    | Conjunction
    | Disjunction
    | Between
    | In
    | InstanceOf
    | If
    | For
    | Quantified
    | FunctionDefinition
    | Call
    | Path
    | Filter
    | ListLiteral
    | ContextLiteral
    | Interval
    | Test
)
"""An expression."""

UnaryTestsNode = AnyValue | Tests
"""The content of an input cell."""

_NOT_NODES = (str, bool, Decimal, NamedType, ListType, RangeType, ContextType, FunctionType)


def children(node: object) -> Iterator[object]:
    """The nodes directly below a node, in the order written; iterations and entries count as nodes."""
    for each in fields(node):  # type: ignore[arg-type]
        if each.name == "span":
            continue
        value = getattr(node, each.name)
        if isinstance(value, tuple):
            yield from (part for part in value if not isinstance(part, _NOT_NODES))
        elif value is not None and not isinstance(value, _NOT_NODES):
            yield value


def uses_input(node: object) -> bool:
    """Whether ``?`` stands anywhere in the expression."""
    return isinstance(node, Input) or any(uses_input(child) for child in children(node))


def is_condition_on_input(node: Node) -> bool:
    """Whether a test after ``in`` speaks about ``?``, rather than being ``?``, a part of it, or a plain test."""
    return not isinstance(node, Test | Interval | Input | Path) and uses_input(node)

"""FEEL 1.5, the expression language of DMN: parse it, compile it, evaluate it.

Evaluating never raises: what goes wrong is null and a diagnostic that says what and where. Only a text that
is not FEEL raises, ``FeelSyntaxError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from referee.domain import Diagnostic, Evaluation
from referee.feel import syntax
from referee.feel.calls import caller_sink
from referee.feel.constants import NOT_CONSTANT, constant
from referee.feel.expression import (
    Expression,
    UnaryTests,
    cached_expression,
    cached_unary_tests,
    compile_expression,
    compile_unary_tests,
)
from referee.feel.fault import Fault
from referee.feel.names import Names
from referee.feel.parser import parse_expression, parse_unary_tests
from referee.feel.printer import to_text
from referee.feel.syntax_error import FeelSyntaxError
from referee.feel.values import FeelFunction, to_feel

__all__ = [
    "NOT_CONSTANT",
    "Expression",
    "FeelFunction",
    "FeelSyntaxError",
    "Names",
    "UnaryTests",
    "caller_sink",
    "compile_expression",
    "compile_unary_tests",
    "constant",
    "evaluate",
    "parse_expression",
    "parse_unary_tests",
    "syntax",
    "to_text",
    "unary_tests",
]

_NO_CONTEXT: Mapping[str, Any] = {}
_NO_MEMBERS: frozenset[str] = frozenset()
_PLAIN = frozenset({bool, int, float, str, Decimal, type(None)})
_MEMBER_LEVELS = 8
_MEMBER_ITEMS = 50


def evaluate(text: str, context: Mapping[str, Any] = _NO_CONTEXT) -> Evaluation:
    """The value of an expression and its diagnostics; raises ``FeelSyntaxError``.

    ``context`` maps names to plain Python or FEEL values. Only those the expression uses are looked at.
    """
    expression = cached_expression(text, frozenset(context), _members(text, context))
    sink: list[Diagnostic] = []
    value = expression(_scope(context, expression.names, sink), sink)
    return Evaluation(value, sink)


def unary_tests(text: str, value: Any, context: Mapping[str, Any] = _NO_CONTEXT) -> Evaluation:
    """Whether a value passes the tests of an input cell: true, false, or None and diagnostics where it can't
    be told.

    Raises ``FeelSyntaxError``. ``value`` and ``context`` are plain Python or FEEL values.
    """
    tests = cached_unary_tests(text, frozenset(context), _members(text, context))
    sink: list[Diagnostic] = []
    scope = _scope(context, tests.names, sink)
    try:
        tested = to_feel(value)
    except Fault as fault:
        sink.append(Diagnostic(fault.code, fault.message))
        return Evaluation(None, sink)
    return Evaluation(tests(tested, scope, sink), sink)


def _scope(context: Mapping[str, Any], names: Iterable[str], sink: list[Diagnostic]) -> dict[str, Any]:
    """These names of the context as FEEL values; a value FEEL can't hold is null and a diagnostic."""
    scope: dict[str, Any] = {}
    for name in names:
        if name in context:
            try:
                scope[name] = to_feel(context[name])
            except Fault as fault:
                scope[name] = None
                sink.append(Diagnostic(fault.code, f"{name}: {fault.message}"))
    return scope


def _members(text: str, context: Mapping[str, Any]) -> frozenset[str]:
    """Names of entries inside the context that can't be read after a dot unless they are known: those with
    symbols.
    """
    found: set[str] = set()
    if "." not in text:
        return _NO_MEMBERS
    level: Iterable[Any] = _nesting(context.values())
    for _ in range(_MEMBER_LEVELS):
        below: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                found.update(name for name in value if isinstance(name, str) and not name.isidentifier())
                below.extend(_nesting(value.values()))
            else:
                below.extend(_nesting(value[:_MEMBER_ITEMS]))
        if not below:
            break
        level = below
    return frozenset(found)


def _nesting(values: Iterable[Any]) -> list[Any]:
    """The contexts and lists among values."""
    return [
        value for value in values if type(value) not in _PLAIN and isinstance(value, Mapping | list | tuple)
    ]

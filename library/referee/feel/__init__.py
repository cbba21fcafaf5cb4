"""FEEL 1.5, the expression language of DMN: parse it, compile it, evaluate it.

Evaluating never raises: what goes wrong is null and a diagnostic that says what and where. Only a text that
is not FEEL raises, ``FeelSyntaxError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
_MEMBER_LEVELS = 8
_MEMBER_ITEMS = 50


def evaluate(text: str, context: Mapping[str, Any] = _NO_CONTEXT) -> Evaluation:
    """The value of an expression and its diagnostics; raises ``FeelSyntaxError``.

    ``context`` maps names to plain Python or FEEL values.
    """
    scope, sink = _scope(context)
    expression = cached_expression(text, frozenset(scope), _members(scope))
    value = expression(scope, sink)
    return Evaluation(value, sink)


def unary_tests(text: str, value: Any, context: Mapping[str, Any] = _NO_CONTEXT) -> Evaluation:
    """Whether a value passes the tests of an input cell: true, false, or None and diagnostics where it
    can't be told.

    Raises ``FeelSyntaxError``. ``value`` and ``context`` are plain Python or FEEL values.
    """
    scope, sink = _scope(context)
    tests = cached_unary_tests(text, frozenset(scope), _members(scope))
    try:
        tested = to_feel(value)
    except Fault as fault:
        sink.append(Diagnostic(fault.code, fault.message))
        return Evaluation(None, sink)
    return Evaluation(tests(tested, scope, sink), sink)


def _scope(context: Mapping[str, Any]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The context as FEEL values; a value FEEL can't hold is null and a diagnostic."""
    scope: dict[str, Any] = {}
    sink: list[Diagnostic] = []
    for name, value in context.items():
        try:
            scope[name] = to_feel(value)
        except Fault as fault:
            scope[name] = None
            sink.append(Diagnostic(fault.code, f"{name}: {fault.message}"))
    return scope, sink


def _members(scope: Mapping[str, Any]) -> frozenset[str]:
    """Names of entries inside the context that the parser can't read unless it knows them: those with
    symbols.
    """
    found: set[str] = set()
    level: Iterable[Any] = [value for value in scope.values() if isinstance(value, dict | list)]
    for _ in range(_MEMBER_LEVELS):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                found.update(name for name in value if not name.isidentifier())
                below.extend(item for item in value.values() if isinstance(item, dict | list))
            else:
                below.extend(item for item in value[:_MEMBER_ITEMS] if isinstance(item, dict | list))
        if not below:
            break
        level = below
    return frozenset(found)

"""Syntax tree to FEEL text that parses back to an equal tree (given the same names in scope)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from referee.feel import syntax

_FORM, _OR, _AND, _COMPARISON, _ADDITIVE, _MULTIPLICATIVE, _POWER, _NEGATION, _INSTANCE, _POSTFIX = range(10)
_ARITHMETIC: Final = {
    "+": _ADDITIVE,
    "-": _ADDITIVE,
    "*": _MULTIPLICATIVE,
    "/": _MULTIPLICATIVE,
    "**": _POWER,
}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?: [A-Za-z_][A-Za-z0-9_]*)*")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def to_text(node: syntax.Node | syntax.UnaryTestsNode) -> str:
    """The text of an expression or of an input cell."""
    if isinstance(node, syntax.AnyValue):
        return "-"
    if isinstance(node, syntax.Tests):
        tests = ", ".join(_text(test) for test in node.tests)
        return f"not({tests})" if node.negated else tests
    return _text(node)


def type_text(node: syntax.Type) -> str:
    """The text of a type."""
    if isinstance(node, syntax.NamedType):
        return node.name
    if isinstance(node, syntax.ListType):
        return f"list<{type_text(node.element)}>"
    if isinstance(node, syntax.RangeType):
        return f"range<{type_text(node.endpoint)}>"
    if isinstance(node, syntax.ContextType):
        return f"context<{', '.join(f'{name}: {type_text(kind)}' for name, kind in node.entries)}>"
    return f"function<{', '.join(map(type_text, node.parameters))}> -> {type_text(node.result)}"


def quoted(text: str) -> str:
    """A string literal; only what must be escaped is."""
    return f'"{text.translate(_ESCAPES)}"'


def _text(node: Any, level: int = _FORM) -> str:
    """The text of a node, in brackets where it binds less tightly than its place asks for."""
    own, text = _PRINT[type(node)](node)
    return f"({text})" if own < level else text


def _number(node: syntax.Number) -> tuple[int, str]:
    text = _digits(node.value)
    return (_NEGATION if text.startswith("-") else _POSTFIX), text


def _digits(number: Decimal) -> str:
    plain = format(number, "f")
    return plain if len(plain) <= 40 else str(number).replace("E+", "e").replace("E", "e")


def _arithmetic(node: syntax.Arithmetic) -> tuple[int, str]:
    level = _ARITHMETIC[node.operator]
    return level, f"{_text(node.left, level)} {node.operator} {_text(node.right, level + 1)}"


def _negation(node: syntax.Negation) -> tuple[int, str]:
    return _NEGATION, f"-{_text(node.operand, _NEGATION)}"


def _comparison(node: syntax.Comparison) -> tuple[int, str]:
    return _COMPARISON, f"{_text(node.left, _COMPARISON)} {node.operator} {_text(node.right, _ADDITIVE)}"


def _joined(word: str, level: int) -> Callable[[Any], tuple[int, str]]:
    return lambda node: (level, f" {word} ".join(_text(operand, level + 1) for operand in node.operands))


def _between(node: syntax.Between) -> tuple[int, str]:
    low, high = _text(node.low, _ADDITIVE), _text(node.high, _ADDITIVE)
    return _COMPARISON, f"{_text(node.value, _COMPARISON)} between {low} and {high}"


def _in(node: syntax.In) -> tuple[int, str]:
    tests = ", ".join(_text(test) for test in node.tests)
    return _COMPARISON, f"{_text(node.value, _COMPARISON)} in ({tests})"


def _instance_of(node: syntax.InstanceOf) -> tuple[int, str]:
    return _INSTANCE, f"{_text(node.value, _INSTANCE)} instance of {type_text(node.type)}"


def _if(node: syntax.If) -> tuple[int, str]:
    condition, consequence, alternative = map(_text, (node.condition, node.consequence, node.alternative))
    return _FORM, f"if {condition} then {consequence} else {alternative}"


def _iterations(iterations: tuple[syntax.Iteration, ...]) -> str:
    return ", ".join(
        f"{each.name} in {_text(each.source)}" + ("" if each.end is None else f"..{_text(each.end)}")
        for each in iterations
    )


def _for(node: syntax.For) -> tuple[int, str]:
    return _FORM, f"for {_iterations(node.iterations)} return {_text(node.result)}"


def _quantified(node: syntax.Quantified) -> tuple[int, str]:
    return _FORM, f"{node.quantifier} {_iterations(node.iterations)} satisfies {_text(node.condition)}"


def _function(node: syntax.FunctionDefinition) -> tuple[int, str]:
    parameters = ", ".join(
        each.name if each.type is None else f"{each.name}: {type_text(each.type)}" for each in node.parameters
    )
    return _FORM, f"function({parameters}) {'external ' if node.external else ''}{_text(node.body)}"


def _call(node: syntax.Call) -> tuple[int, str]:
    arguments = [_text(argument) for argument in node.arguments]
    if node.names:
        arguments = [f"{name}: {text}" for name, text in zip(node.names, arguments, strict=True)]
    return _POSTFIX, f"{_text(node.function, _POSTFIX)}({', '.join(arguments)})"


def _context(node: syntax.ContextLiteral) -> tuple[int, str]:
    return _POSTFIX, f"{{{', '.join(f'{_key(entry.key)}: {_text(entry.value)}' for entry in node.entries)}}}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else quoted(key)


def _interval(node: syntax.Interval) -> tuple[int, str]:
    opening, closing = "[" if node.start_included else "(", "]" if node.end_included else ")"
    return _POSTFIX, f"{opening}{_text(node.start)}..{_text(node.end)}{closing}"


_PRINT: Final[Mapping[type, Callable[[Any], tuple[int, str]]]] = {
    syntax.Number: _number,
    syntax.String: lambda node: (_POSTFIX, quoted(node.value)),
    syntax.Boolean: lambda node: (_POSTFIX, "true" if node.value else "false"),
    syntax.Null: lambda node: (_POSTFIX, "null"),
    syntax.Temporal: lambda node: (_POSTFIX, f"@{quoted(node.text)}"),
    syntax.Name: lambda node: (_POSTFIX, node.name),
    syntax.Input: lambda node: (_POSTFIX, "?"),
    syntax.Negation: _negation,
    syntax.Arithmetic: _arithmetic,
    syntax.Comparison: _comparison,
    syntax.Conjunction: _joined("and", _AND),
    syntax.Disjunction: _joined("or", _OR),
    syntax.Between: _between,
    syntax.In: _in,
    syntax.InstanceOf: _instance_of,
    syntax.If: _if,
    syntax.For: _for,
    syntax.Quantified: _quantified,
    syntax.FunctionDefinition: _function,
    syntax.Call: _call,
    syntax.Path: lambda node: (_POSTFIX, f"{_text(node.source, _POSTFIX)}.{node.name}"),
    syntax.Filter: lambda node: (_POSTFIX, f"{_text(node.source, _POSTFIX)}[{_text(node.condition)}]"),
    syntax.ListLiteral: lambda node: (_POSTFIX, f"[{', '.join(_text(item) for item in node.items)}]"),
    syntax.ContextLiteral: _context,
    syntax.Interval: _interval,
    syntax.Test: lambda node: (_FORM, f"{node.operator} {_text(node.endpoint, _ADDITIVE)}"),
}

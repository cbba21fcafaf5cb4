"""Constant expressions: what a literal means, known before anything is evaluated."""

from __future__ import annotations

from typing import Any, Final

from referee.feel import syntax
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.values import parse_at_literal


class _NotConstant:
    """The mark of an expression whose value depends on what is in scope."""

    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()
_CONSTRUCTORS: Final = frozenset({"date", "time", "date and time", "duration"})


def constant(node: syntax.Node) -> Any:
    """The value of a literal (negated numbers, at-literals and ``date("...")`` included), else
    ``NOT_CONSTANT``.

    A literal that means nothing, such as ``@"2024-02-30"``, is not constant: evaluating it says what is
    wrong.
    """
    if isinstance(node, syntax.Number | syntax.String | syntax.Boolean):
        return node.value
    if isinstance(node, syntax.Null):
        return None
    try:
        if isinstance(node, syntax.Temporal):
            return parse_at_literal(node.text)
        if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name):
            name = node.function.name
            if name in _CONSTRUCTORS and not node.names and len(node.arguments) == 1:
                argument = node.arguments[0]
                if isinstance(argument, syntax.String):
                    value = BUILTINS[name](argument.value)
                    return NOT_CONSTANT if value is None else value
    except Fault:
        pass
    return NOT_CONSTANT

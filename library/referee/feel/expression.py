"""Compiled texts: what callers keep and call, once per text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from referee.domain import Diagnostic
from referee.feel import syntax
from referee.feel.compiler import Compiler
from referee.feel.containment import Test
from referee.feel.frame import ACTIVITY, FIRST_LOCAL, Code, Stop
from referee.feel.names import Names
from referee.feel.parser import parse_expression, parse_unary_tests
from referee.feel.types import FeelType

NO_TYPES: Final[Mapping[str, FeelType]] = MappingProxyType({})


class Expression:
    """A compiled expression. Called with a scope and a sink it gives a FEEL value; it never raises.

    ``names`` are the names it takes from the scope. What goes wrong is a diagnostic in the sink, and null.
    """

    __slots__ = ("_code", "_room", "names", "syntax", "text")

    def __init__(self, text: str, tree: syntax.Node, code: Code, size: int, names: frozenset[str]) -> None:
        self.text = text
        self.syntax = tree
        self.names = names
        self._code = code
        self._room = [None] * (size - FIRST_LOCAL + 1)

    def __call__(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        activity = ACTIVITY
        outermost = not activity.running
        if outermost:
            activity.steps = 0
        activity.running += 1
        try:
            return self._code([scope, sink, *self._room])
        except (Stop, RecursionError) as error:
            if not outermost:
                raise
            sink.append(stopped(error, self.text))
            return None
        finally:
            activity.running -= 1

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """A compiled input cell. Called with a value, a scope and a sink it tells true, false, or None in doubt.

    Doubt comes with a diagnostic in the sink. ``names`` are the names it takes from the scope.
    """

    __slots__ = ("_code", "_room", "names", "syntax", "text")

    def __init__(
        self, text: str, tree: syntax.UnaryTestsNode, code: Test, size: int, names: frozenset[str]
    ) -> None:
        self.text = text
        self.syntax = tree
        self.names = names
        self._code = code
        self._room = [None] * (size - FIRST_LOCAL)

    def __call__(self, value: Any, scope: Mapping[str, Any], sink: list[Diagnostic]) -> bool | None:
        activity = ACTIVITY
        outermost = not activity.running
        if outermost:
            activity.steps = 0
        activity.running += 1
        try:
            return self._code([scope, sink, value, *self._room], value)
        except (Stop, RecursionError) as error:
            if not outermost:
                raise
            sink.append(stopped(error, self.text))
            return None
        finally:
            activity.running -= 1

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


def stopped(error: Stop | RecursionError, text: str) -> Diagnostic:
    if isinstance(error, Stop):
        return Diagnostic(error.code, error.message, span=error.span)
    return Diagnostic("recursion-too-deep", "function calls nest too deeply", span=(0, len(text)))


def compile_expression(
    text: str,
    names: Iterable[str] = (),
    *,
    members: Iterable[str] = (),
    types: Mapping[str, FeelType] = NO_TYPES,
) -> Expression:
    """The expression ready to run; raises ``FeelSyntaxError``.

    ``names`` are the names in scope, ``members`` names of context entries that hold symbols
    (``first-name``), and ``types`` the model's own types for ``instance of`` and parameters.
    """
    tree = parse_expression(text, names, members)
    compiler = Compiler(_set_of(names), types)
    code = compiler.expression(tree)
    return Expression(text, tree, code, compiler.size, frozenset(compiler.free))


def compile_unary_tests(
    text: str,
    names: Iterable[str] = (),
    *,
    members: Iterable[str] = (),
    types: Mapping[str, FeelType] = NO_TYPES,
) -> UnaryTests:
    """The input cell ready to run; raises ``FeelSyntaxError``. Parameters as for expressions."""
    tree = parse_unary_tests(text, names, members)
    compiler = Compiler(_set_of(names), types)
    code = compiler.unary_tests(tree)
    return UnaryTests(text, tree, code, compiler.size, frozenset(compiler.free))


def _set_of(names: Iterable[str]) -> frozenset[str]:
    return names.all if isinstance(names, Names) else frozenset(names)


@lru_cache(maxsize=2048)
def cached_expression(text: str, names: frozenset[str], members: frozenset[str]) -> Expression:
    return compile_expression(text, names, members=members)


@lru_cache(maxsize=2048)
def cached_unary_tests(text: str, names: frozenset[str], members: frozenset[str]) -> UnaryTests:
    return compile_unary_tests(text, names, members=members)

"""Compiled texts: what callers keep and call, once per text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

from referee.domain import Diagnostic
from referee.feel import syntax
from referee.feel.compiler import Compiler
from referee.feel.containment import Test
from referee.feel.frame import ACTIVITY, FIRST_LOCAL, INPUT, Code, Stop
from referee.feel.names import Names
from referee.feel.parser import parse_expression, parse_unary_tests
from referee.feel.types import FeelType

_Value = TypeVar("_Value")

NO_TYPES: Final[Mapping[str, FeelType]] = MappingProxyType({})


class Expression:
    """A compiled expression. Called with a scope and a sink it gives a FEEL value; it never raises.

    ``names`` are the names it takes from the scope. What goes wrong is a diagnostic in the sink, and null.
    """

    __slots__ = ("_code", "_is_bounded", "_room", "names", "syntax", "text")

    def __init__(self, text: str, tree: syntax.Node, code: Code, compiler: Compiler) -> None:
        self.text = text
        self.syntax = tree
        self.names = frozenset(compiler.free)
        self._code = code
        self._room = (None,) * (compiler.size - INPUT)
        self._is_bounded = compiler.needs_bounds

    def __call__(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        frame = [scope, sink, *self._room]
        if self._is_bounded:
            return bounded(lambda: self._code(frame), sink, self.text)
        try:
            return self._code(frame)
        except RecursionError as error:
            give_up(error, sink, self.text)
            return None

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """A compiled input cell. Called with a value, a scope and a sink it tells true, false, or None in doubt.

    Doubt comes with a diagnostic in the sink. ``names`` are the names it takes from the scope.
    """

    __slots__ = ("_code", "_is_bounded", "_room", "names", "syntax", "text")

    def __init__(self, text: str, tree: syntax.UnaryTestsNode, code: Test, compiler: Compiler) -> None:
        self.text = text
        self.syntax = tree
        self.names = frozenset(compiler.free)
        self._code = code
        self._room = (None,) * (compiler.size - FIRST_LOCAL)
        self._is_bounded = compiler.needs_bounds

    def __call__(self, value: Any, scope: Mapping[str, Any], sink: list[Diagnostic]) -> bool | None:
        frame = [scope, sink, value, *self._room]
        if self._is_bounded:
            return bounded(lambda: self._code(frame, value), sink, self.text)
        try:
            return self._code(frame, value)
        except RecursionError as error:
            give_up(error, sink, self.text)
            return None

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


def bounded(run: Callable[[], _Value], sink: list[Diagnostic], text: str) -> _Value | None:
    """Runs code that loops or calls functions, within the bounds of the evaluation it is a part of."""
    activity = ACTIVITY
    if not activity.running:
        activity.steps = 0
    activity.running += 1
    try:
        return run()
    except (Stop, RecursionError) as error:
        stopped = error
    finally:
        activity.running -= 1
    give_up(stopped, sink, text)
    return None


def give_up(error: Stop | RecursionError, sink: list[Diagnostic], text: str) -> None:
    """Reports why the evaluation has no value. A part of a larger evaluation gives up the whole of it."""
    if ACTIVITY.running:
        raise error
    if isinstance(error, Stop):
        sink.append(Diagnostic(error.code, error.message, span=error.span))
    else:
        sink.append(Diagnostic("recursion-too-deep", "function calls nest too deeply", span=(0, len(text))))


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
    return Expression(text, tree, code, compiler)


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
    return UnaryTests(text, tree, code, compiler)


def _set_of(names: Iterable[str]) -> frozenset[str]:
    return names.all if isinstance(names, Names) else frozenset(names)


@lru_cache(maxsize=2048)
def cached_expression(text: str, names: frozenset[str], members: frozenset[str]) -> Expression:
    return compile_expression(text, names, members=members)


@lru_cache(maxsize=2048)
def cached_unary_tests(text: str, names: frozenset[str], members: frozenset[str]) -> UnaryTests:
    return compile_unary_tests(text, names, members=members)

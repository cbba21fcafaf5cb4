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
from referee.feel.frame import ACTIVITY, FIRST_LOCAL, Code, Stop, charge_result
from referee.feel.generator import RETREATS, generated_expression, generated_tests, plain_expression
from referee.feel.names import Names
from referee.feel.parser import parse_expression, parse_unary_tests
from referee.feel.token_reader import too_deep
from referee.feel.types import FeelType
from referee.feel.unary import UnaryTestsCompiler

_Value = TypeVar("_Value")
_GENERATED_AFTER: Final = 100  # evaluations; generating costs as much as about 300 of them
_MAX_RETREATS: Final = 10_000

NO_TYPES: Final[Mapping[str, FeelType]] = MappingProxyType({})


class _Compiled:
    """A compiled text: its closures and, once it has been evaluated often, a Python function for the usual case."""

    __slots__ = (
        "_calls_to_come",
        "_closures",
        "_declared",
        "_is_bounded",
        "_retreats",
        "_room",
        "_usual",
        "names",
        "text",
    )

    _usual: Callable[..., Any] | None

    def __init__(self, text: str, closures: Callable[..., Any], compiler: Compiler) -> None:
        self.text = text
        self.names = frozenset(compiler.free)
        self._closures = closures
        self._room = (None,) * (compiler.size - FIRST_LOCAL)
        self._is_bounded = compiler.needs_bounds
        self._declared = compiler.declared
        self._usual = None
        self._calls_to_come = _GENERATED_AFTER
        self._retreats = 0

    def _count_call(self) -> None:
        if self._calls_to_come:
            self._calls_to_come -= 1
            if not self._calls_to_come:
                self._usual = self._generated()

    def _count_retreat(self) -> None:
        self._retreats += 1
        if self._retreats > _MAX_RETREATS:  # the values are not of the types the text suggests
            self._usual = None

    def _generated(self) -> Callable[..., Any] | None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class Expression(_Compiled):
    """A compiled expression. Called with a scope and a sink it gives a FEEL value; it never raises.

    ``names`` are the names it takes from the scope. What goes wrong is a diagnostic in the sink, and null.
    """

    __slots__ = ("syntax",)

    def __init__(self, text: str, tree: syntax.Node, closures: Code, compiler: Compiler) -> None:
        super().__init__(text, closures, compiler)
        self.syntax = tree
        self._usual = plain_expression(tree, compiler.declared)

    def __call__(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        if self._is_bounded:
            return bounded(lambda: self._loop(scope, sink), sink, self.text)
        usual = self._usual
        if usual is None:
            self._count_call()
        else:
            try:
                return usual(scope)
            except RETREATS:
                self._count_retreat()
        try:
            return self._closures([scope, sink, None, *self._room])
        except RecursionError as error:
            give_up(error, sink, self.text)
            return None

    def _loop(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        usual = self._usual
        if usual is None:
            self._count_call()
        else:
            steps = ACTIVITY.steps
            try:
                return usual(scope)
            except (*RETREATS, Stop):
                ACTIVITY.steps = steps
                self._count_retreat()
        return self._closures([scope, sink, None, *self._room])

    def _generated(self) -> Callable[..., Any] | None:
        return generated_expression(self.syntax, self._declared)


class UnaryTests(_Compiled):
    """A compiled input cell. Called with a value, a scope and a sink it tells true, false, or None in doubt.

    Doubt comes with a diagnostic in the sink. ``names`` are the names it takes from the scope.
    """

    __slots__ = ("syntax",)

    def __init__(self, text: str, tree: syntax.UnaryTestsNode, closures: Test, compiler: Compiler) -> None:
        super().__init__(text, closures, compiler)
        self.syntax = tree

    def __call__(self, value: Any, scope: Mapping[str, Any], sink: list[Diagnostic]) -> bool | None:
        if self._is_bounded:
            return bounded(lambda: self._loop(value, scope, sink), sink, self.text)
        usual = self._usual
        if usual is None:
            self._count_call()
        else:
            try:
                return usual(value, scope)  # type: ignore[no-any-return]
            except RETREATS:
                self._count_retreat()
        try:
            return self._closures([scope, sink, value, *self._room], value)  # type: ignore[no-any-return]
        except RecursionError as error:
            give_up(error, sink, self.text)
            return None

    def _loop(self, value: Any, scope: Mapping[str, Any], sink: list[Diagnostic]) -> bool | None:
        usual = self._usual
        if usual is None:
            self._count_call()
        else:
            steps = ACTIVITY.steps
            try:
                return usual(value, scope)  # type: ignore[no-any-return]
            except (*RETREATS, Stop):
                ACTIVITY.steps = steps
                self._count_retreat()
        return self._closures([scope, sink, value, *self._room], value)  # type: ignore[no-any-return]

    def _generated(self) -> Callable[..., Any] | None:
        return generated_tests(self.syntax, self._declared)


def bounded(run: Callable[[], _Value], sink: list[Diagnostic], text: str) -> _Value | None:
    """Runs code that loops or calls functions, within the bounds of the evaluation it is a part of."""
    activity = ACTIVITY
    is_whole = not activity.running
    if is_whole:
        activity.steps = activity.items = activity.matching = 0
        activity.patterns = frozenset()
    activity.running += 1
    try:
        value = run()
        if is_whole and (type(value) is list or type(value) is dict):
            charge_result(value)
        return value
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
        sink.append(Diagnostic(error.code, error.message, span=error.span or (0, len(text))))
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
    tree = parse_expression(text, names, members, types)
    compiler = Compiler(_set_of(names), types)
    try:
        return Expression(text, tree, compiler.expression(tree), compiler)
    except RecursionError:  # only when the caller is deep in its own stack
        raise too_deep(text) from None


def compile_unary_tests(
    text: str,
    names: Iterable[str] = (),
    *,
    members: Iterable[str] = (),
    types: Mapping[str, FeelType] = NO_TYPES,
) -> UnaryTests:
    """The input cell ready to run; raises ``FeelSyntaxError``. Parameters as for expressions."""
    tree = parse_unary_tests(text, names, members, types)
    compiler = UnaryTestsCompiler(_set_of(names), types)
    try:
        return UnaryTests(text, tree, compiler.unary_tests(tree), compiler)
    except RecursionError:  # only when the caller is deep in its own stack
        raise too_deep(text) from None


def _set_of(names: Iterable[str]) -> frozenset[str]:
    return names.all if isinstance(names, Names) else frozenset(names)


@lru_cache(maxsize=2048)
def cached_expression(text: str, names: frozenset[str], members: frozenset[str]) -> Expression:
    return compile_expression(text, names, members=members)


@lru_cache(maxsize=2048)
def cached_unary_tests(text: str, names: frozenset[str], members: frozenset[str]) -> UnaryTests:
    return compile_unary_tests(text, names, members=members)

"""Syntax tree to one Python function for the usual case: every value there, of the type the text suggests.

The function raises one of ``RETREATS`` wherever FEEL would give null or anything else needs care; the closures of
``referee.feel.compiler`` then evaluate the text again and say what is wrong. So this code holds no diagnostics and
no second semantics: where it gives a value, it is the one the closures give. It is built as Python syntax nodes;
names and values of the text enter it only as constants.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from itertools import count
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any, Final

from referee.feel import syntax
from referee.feel.builtins import BUILTINS
from referee.feel.compiler import TAKE_FUNCTIONS
from referee.feel.constants import NOT_CONSTANT, constant
from referee.feel.fault import Fault
from referee.feel.syntax import Node
from referee.feel.usual_operations import NAMESPACE

RETREATS: Final = (Fault, DecimalException, KeyError)
"""What a generated function raises when the closures have to look at the case."""

_MAX_NODES = 400
_SCOPE, _VALUE = "scope", "value"
_NUMBER, _STRING, _BOOLEAN, _ANY = "number", "string", "boolean", "any"

Typed = tuple[ast.expr, str]


class _Unsupported(Exception):
    """This tree is left to the closures."""


def generated_expression(tree: Node, names: frozenset[str]) -> Callable[[Mapping[str, Any]], Any] | None:
    """The expression as a function of the scope; None where it is not supported."""
    generator = _Generator(names)
    return generator.function([_SCOPE], tree, lambda: generator.expression(tree)[0])


def plain_expression(tree: Node, names: frozenset[str]) -> Callable[[Mapping[str, Any]], Any] | None:
    """A declared name or a literal as a function of the scope, which needs no generating; None for the rest."""
    if isinstance(tree, syntax.Name):
        return itemgetter(tree.name) if tree.name in names else None
    if isinstance(tree, syntax.Number | syntax.String | syntax.Boolean):
        value = tree.value
        return lambda scope: value
    return None


def generated_tests(
    tree: syntax.UnaryTestsNode, names: frozenset[str]
) -> Callable[[Any, Mapping[str, Any]], bool] | None:
    """The input cell as a function of the input and the scope; None where it is not supported."""
    if isinstance(tree, syntax.AnyValue):
        return None
    tests = tree.tests

    generator = _Generator(names)

    def body() -> ast.expr:
        value = ast.Name(_VALUE, ast.Load())
        verdicts = [generator.cell_test(test, value) for test in tests]
        verdict = verdicts[0] if len(verdicts) == 1 else ast.BoolOp(ast.Or(), verdicts)
        return ast.UnaryOp(ast.Not(), verdict) if tree.negated else verdict

    return generator.function([_VALUE, _SCOPE], tree, body)


class _Generator:
    """Builds one function. Each node becomes an expression and what is known of its type."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._numbering = count()
        self._namespace: dict[str, Any] = {**NAMESPACE}
        self._locals: list[tuple[str, str]] = []  # a variable and its Python name; an item has the name ""
        self._fetched: dict[str, str] = {}
        self._certain = True  # whether what is generated now is evaluated in any case
        self._may_bind = True  # Python allows no `:=` where a comprehension says what to iterate over

    def function(
        self,
        parameters: list[str],
        tree: Node | syntax.UnaryTestsNode,
        body: Callable[[], ast.expr],
    ) -> Callable[..., Any] | None:
        try:
            if _count(tree) > _MAX_NODES:
                return None
            result = body()
        except (_Unsupported, RecursionError):  # a deep stack leaves no room; the closures need less
            return None
        scope = ast.Name(_SCOPE, ast.Load())
        fetches: list[ast.stmt] = [
            ast.Assign(
                [ast.Name(variable, ast.Store())], ast.Subscript(scope, ast.Constant(name), ast.Load())
            )
            for name, variable in self._fetched.items()
        ]
        arguments = ast.arguments([], [ast.arg(name) for name in parameters], None, [], [], None, [])
        function = ast.FunctionDef("generated", arguments, [*fetches, ast.Return(result)], [])
        function.type_params = []  # type: ignore[attr-defined,unused-ignore]  # wanted from Python 3.12 on
        module = ast.fix_missing_locations(ast.Module([function], []))
        compiled = compile(module, "<FEEL>", "exec")
        code = next(each for each in compiled.co_consts if isinstance(each, CodeType))
        return FunctionType(code, self._namespace, "generated")

    def expression(self, node: Node) -> Typed:
        value = self._constant(node)
        if value is not NOT_CONSTANT:
            return self._literal(value)
        generate = _GENERATE.get(type(node))
        if generate is None:
            raise _Unsupported
        return generate(self, node)

    def _constant(self, node: Node) -> Any:
        if isinstance(node, syntax.Call) and (
            not isinstance(node.function, syntax.Name) or self._is_shadowed(node.function.name)
        ):
            return NOT_CONSTANT
        return constant(node)

    # Pieces of Python

    def _literal(self, value: Any) -> Typed:
        if value is None or type(value) is bool:
            return ast.Constant(value), _BOOLEAN if value is not None else _ANY
        if type(value) is str:
            return ast.Constant(value), _STRING
        return self._held(value), _NUMBER if type(value) is Decimal else _ANY

    def _held(self, value: Any) -> ast.expr:
        """A value that Python syntax can't spell."""
        name = f"k{next(self._numbering)}"
        self._namespace[name] = value
        return ast.Name(name, ast.Load())

    def _simple(self, expression: ast.expr) -> tuple[ast.expr, ast.expr]:
        """The expression for its first use, and for every later one."""
        if isinstance(expression, ast.Name | ast.Constant):
            return expression, expression
        if not self._may_bind:
            raise _Unsupported
        name = f"t{next(self._numbering)}"
        return ast.NamedExpr(ast.Name(name, ast.Store()), expression), ast.Name(name, ast.Load())

    def _of_type(self, typed: Typed, wanted: str, python_type: str, helper: str) -> ast.expr:
        """The value if it has a type, else a retreat."""
        expression, kind = typed
        if kind == wanted:
            return expression
        if kind != _ANY:
            raise _Unsupported
        if not self._may_bind and not isinstance(expression, ast.Name):
            return _call(helper, expression)
        first, again = self._simple(expression)
        return ast.IfExp(_is_type(first, python_type), again, _call("retreat"))

    def _number(self, typed: Typed) -> ast.expr:
        return self._of_type(typed, _NUMBER, "Decimal", "number")

    def _boolean(self, typed: Typed) -> ast.expr:
        return self._of_type(typed, _BOOLEAN, "bool", "boolean")

    def _perhaps(self, node: Node) -> Typed:
        """A part that is not evaluated in every case."""
        certain, self._certain = self._certain, False
        typed = self.expression(node)
        self._certain = certain
        return typed

    # Names

    def _is_shadowed(self, name: str) -> bool:
        return name in self._names or any(local == name for local, _ in self._locals)

    def _name(self, node: syntax.Name) -> Typed:
        return self._meaning(node.name, len(self._locals)), _ANY

    def _meaning(self, name: str, depth: int) -> ast.expr:
        """What a name means among the innermost locals up to ``depth``: an entry of an item hides what is outside."""
        for place in range(depth - 1, -1, -1):
            local, variable = self._locals[place]
            if not local:
                return self._entry_or(variable, name, self._meaning(name, place))
            if local == name:
                if not variable:
                    raise _Unsupported
                return ast.Name(variable, ast.Load())
        if name not in self._names:
            if name in BUILTINS:
                raise _Unsupported
            if self._locals:
                return _call("retreat")
        if name in self._fetched or self._certain:
            variable = self._fetched.setdefault(name, f"f{len(self._fetched)}")
            return ast.Name(variable, ast.Load())
        return ast.Subscript(ast.Name(_SCOPE, ast.Load()), ast.Constant(name), ast.Load())

    def _entry_or(self, item: str, name: str, outside: ast.expr) -> ast.expr:
        variable = ast.Name(item, ast.Load())
        has_entry = ast.BoolOp(
            ast.And(),
            [_is_type(variable, "dict"), ast.Compare(ast.Constant(name), [ast.In()], [variable])],
        )
        return ast.IfExp(has_entry, ast.Subscript(variable, ast.Constant(name), ast.Load()), outside)

    def _input(self, node: syntax.Input) -> Typed:
        if not self._is_cell:
            raise _Unsupported
        return ast.Name(_VALUE, ast.Load()), _ANY

    _is_cell = False

    # Operators

    def _negation(self, node: syntax.Negation) -> Typed:
        return _call("minus", self._number(self.expression(node.operand))), _NUMBER

    def _arithmetic(self, node: syntax.Arithmetic) -> Typed:
        left, right = self.expression(node.left), self.expression(node.right)
        if node.operator == "+" and left[1] != _NUMBER and right[1] != _NUMBER:
            kind = _STRING if _STRING in (left[1], right[1]) else _ANY
            return _call("joined", left[0], right[0]), kind
        return _call(_ON_NUMBERS[node.operator], self._number(left), self._number(right)), _NUMBER

    def _comparison(self, node: syntax.Comparison) -> Typed:
        left, right = self.expression(node.left), self.expression(node.right)
        return self._compared(node.operator, left, right), _BOOLEAN

    def _compared(self, operator: str, left: Typed, right: Typed) -> ast.expr:
        if operator in ("=", "!="):
            same = self._same(left, right)
            return same if operator == "=" else ast.UnaryOp(ast.Not(), same)
        if _NUMBER in (left[1], right[1]):
            return ast.Compare(self._number(left), [_ORDER[operator]()], [self._number(right)])
        if operator in ("<", "<="):
            return _call("less" if operator == "<" else "less_or_equal", left[0], right[0])
        # a > b is not (a <= b): order is total where it is defined, and a fault elsewhere
        return ast.UnaryOp(
            ast.Not(), _call("less_or_equal" if operator == ">" else "less", left[0], right[0])
        )

    def _same(self, left: Typed, right: Typed) -> ast.expr:
        if left[1] != _ANY and right[1] == _ANY:
            left, right = right, left
        kind = right[1]
        if left[1] == kind != _ANY:
            return ast.Compare(left[0], [ast.Eq()], [right[0]])
        if kind == _ANY or not (self._may_bind or isinstance(left[0], ast.Name)):
            return _call("same", left[0], right[0])
        if not isinstance(right[0], ast.Name | ast.Constant):
            return _call("same", left[0], right[0])
        first, again = self._simple(left[0])
        plain = ast.Compare(again, [ast.Eq()], [right[0]])
        return ast.IfExp(_is_type(first, _PYTHON_TYPES[kind]), plain, _call("same", again, right[0]))

    def _junction(self, node: syntax.Conjunction | syntax.Disjunction) -> Typed:
        first, *others = node.operands
        operands = [self._boolean(self.expression(first))]
        operands += [self._boolean(self._perhaps(other)) for other in others]
        operator = ast.And() if isinstance(node, syntax.Conjunction) else ast.Or()
        return ast.BoolOp(operator, operands), _BOOLEAN

    def _between(self, node: syntax.Between) -> Typed:
        first, again = self._simple(self.expression(node.value)[0])
        return self._within(first, again, node.low, node.high, True, True), _BOOLEAN

    def _within(
        self, first: ast.expr, again: ast.expr, low: Node, high: Node, low_included: bool, high_included: bool
    ) -> ast.expr:
        """Both ends are looked at in any case: an end that is null or of another type is a fault."""
        above = self._compared(">=" if low_included else ">", (first, _ANY), self.expression(low))
        below = self._compared("<=" if high_included else "<", (again, _ANY), self.expression(high))
        return ast.BinOp(above, ast.BitAnd(), below)

    def _in(self, node: syntax.In) -> Typed:
        if any(map(syntax.is_condition_on_input, node.tests)):
            raise _Unsupported
        first, again = self._simple(self.expression(node.value)[0])
        verdicts = [self._test(node.tests[0], first, again)]
        certain, self._certain = self._certain, False
        verdicts += [self._test(test, again, again) for test in node.tests[1:]]
        self._certain = certain
        return (verdicts[0] if len(verdicts) == 1 else ast.BoolOp(ast.Or(), verdicts)), _BOOLEAN

    def _test(self, test: Node, first: ast.expr, again: ast.expr) -> ast.expr:
        if isinstance(test, syntax.Test):
            return self._compared(test.operator, (first, _ANY), self.expression(test.endpoint))
        if isinstance(test, syntax.Interval):
            return self._within(first, again, test.start, test.end, test.start_included, test.end_included)
        typed = self.expression(test)
        if typed[1] != _ANY:
            return self._same((first, _ANY), typed)
        return _call("contained", first, typed[0])

    def cell_test(self, test: Node, value: ast.expr) -> ast.expr:
        """A test of an input cell."""
        self._is_cell = True
        if isinstance(test, syntax.Test | syntax.Interval) or self._constant(test) is not NOT_CONSTANT:
            verdict = self._test(test, value, value)
        else:
            if not syntax.uses_input(test):
                raise _Unsupported
            verdict = self._boolean(self.expression(test))
        self._certain = False
        return verdict

    def _if(self, node: syntax.If) -> Typed:
        condition = self._boolean(self.expression(node.condition))
        consequence, alternative = self._perhaps(node.consequence), self._perhaps(node.alternative)
        kind = consequence[1] if consequence[1] == alternative[1] else _ANY
        return ast.IfExp(condition, consequence[0], alternative[0]), kind

    # Lists, contexts and built-in functions

    def _path(self, node: syntax.Path) -> Typed:
        source = self.expression(node.source)[0]
        if isinstance(source, ast.Constant):
            raise _Unsupported
        name = ast.Constant(node.name)
        if not self._may_bind and not isinstance(source, ast.Name):
            return _call("part", source, name), _ANY
        first, again = self._simple(source)
        entry = ast.Subscript(again, name, ast.Load())
        return ast.IfExp(_is_type(first, "dict"), entry, _call("part", again, name)), _ANY

    def _list(self, node: syntax.ListLiteral) -> Typed:
        return ast.List([self.expression(item)[0] for item in node.items], ast.Load()), _ANY

    def _interval(self, node: syntax.Interval) -> Typed:
        start, end = self.expression(node.start)[0], self.expression(node.end)[0]
        included = (ast.Constant(node.start_included), ast.Constant(node.end_included))
        return _call("interval", start, end, *included), _ANY

    def _call(self, node: syntax.Call) -> Typed:
        function = node.function
        if not isinstance(function, syntax.Name) or node.names or self._is_shadowed(function.name):
            raise _Unsupported
        builtin = BUILTINS.get(function.name)
        if builtin is None or builtin.name in TAKE_FUNCTIONS:
            raise _Unsupported
        called = self._held(builtin.positional(len(node.arguments)) or builtin)
        return ast.Call(called, [self.expression(argument)[0] for argument in node.arguments], []), _ANY

    def _filter(self, node: syntax.Filter) -> Typed:
        if isinstance(node.condition, syntax.Number):
            source = self.expression(node.source)[0]
            return _call("at", source, self._held(node.condition.value)), _ANY
        items = self._iterable(node.source)
        item = f"v{next(self._numbering)}"
        depth = len(self._locals)
        self._locals += [("item", item), ("", item)]
        condition, kind = self._perhaps(node.condition)
        del self._locals[depth:]
        if kind != _BOOLEAN:  # it may turn out to be a position
            raise _Unsupported
        loop = ast.comprehension(ast.Name(item, ast.Store()), items, [condition], 0)
        return ast.ListComp(ast.Name(item, ast.Load()), [loop]), _ANY

    def _iterable(self, source: Node) -> ast.expr:
        may_bind, self._may_bind = self._may_bind, False
        items = _call("items", self.expression(source)[0])
        self._may_bind = may_bind
        return items

    def _loops(self, iterations: tuple[syntax.Iteration, ...]) -> list[ast.comprehension]:
        loops = []
        for each in iterations:
            if each.end is not None:
                raise _Unsupported
            items = self._iterable(each.source)
            variable = f"v{next(self._numbering)}"
            self._locals.append((each.name, variable))
            loops.append(ast.comprehension(ast.Name(variable, ast.Store()), items, [], 0))
            self._certain = False
        return loops

    def _for(self, node: syntax.For) -> Typed:
        depth, certain = len(self._locals), self._certain
        loops = self._loops(node.iterations)
        self._locals.append(("partial", ""))
        result = self.expression(node.result)[0]
        del self._locals[depth:]
        self._certain = certain
        return ast.ListComp(result, loops), _ANY

    def _quantified(self, node: syntax.Quantified) -> Typed:
        depth, certain = len(self._locals), self._certain
        loops = self._loops(node.iterations)
        condition = self._boolean(self.expression(node.condition))
        del self._locals[depth:]
        self._certain = certain
        quantifier = "any" if node.quantifier == "some" else "all"
        return _call(quantifier, ast.GeneratorExp(condition, loops)), _BOOLEAN


_GENERATE: Final[Mapping[type, Callable[[_Generator, Any], Typed]]] = {
    syntax.Name: _Generator._name,
    syntax.Input: _Generator._input,
    syntax.Negation: _Generator._negation,
    syntax.Arithmetic: _Generator._arithmetic,
    syntax.Comparison: _Generator._comparison,
    syntax.Conjunction: _Generator._junction,
    syntax.Disjunction: _Generator._junction,
    syntax.Between: _Generator._between,
    syntax.In: _Generator._in,
    syntax.If: _Generator._if,
    syntax.Path: _Generator._path,
    syntax.ListLiteral: _Generator._list,
    syntax.Interval: _Generator._interval,
    syntax.Call: _Generator._call,
    syntax.Filter: _Generator._filter,
    syntax.For: _Generator._for,
    syntax.Quantified: _Generator._quantified,
}
_ON_NUMBERS: Final = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power"}
_ORDER: Final = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_PYTHON_TYPES: Final = {_NUMBER: "Decimal", _STRING: "str", _BOOLEAN: "bool"}


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def _is_type(expression: ast.expr, python_type: str) -> ast.expr:
    return ast.Compare(_call("type", expression), [ast.Is()], [ast.Name(python_type, ast.Load())])


def _count(tree: object) -> int:
    return 1 + sum(_count(child) for child in syntax.children(tree))

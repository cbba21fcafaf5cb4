"""The usual case of a decision table as one generated function: plain values of the right types, one clear answer.

The function only finds out which rules are true; it knows no diagnostics and no second semantics. Whatever is not
usual (a missing, null or wrongly typed input, a value out of its allowed range, a cell that can't be told, several
hits where there must be one) it leaves to ``CompiledTable``, by returning None or raising one of ``RETREATS``. It is
built of Python syntax nodes; names and values of the table enter it only as constants.
"""

from __future__ import annotations

import ast
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import inf
from types import CodeType, FunctionType
from typing import Any, Final

from referee.tables.hit_policy import HitPolicy
from referee.tables.usual_column import EXACT, BooleanColumn, NumberColumn, Span, TextColumn, UsualColumn

RETREATS: Final = (KeyError, TypeError, AttributeError)
"""What the generated function raises when the case is not the usual one."""


def by_hit(columns: Sequence[UsualColumn], policy: HitPolicy, results: Sequence[Any]) -> Callable[..., Any]:
    """A function of a dictionary of inputs that gives ``results[h]`` where the first true rule has bit ``h - 1``.

    ``results[0]`` is for no hit. For the hit policies unique and first.
    """
    generator = _Generator(columns)
    is_unique = policy is HitPolicy.UNIQUE
    body = [*generator.narrowed(), *generator.verified(stops_at_first=not is_unique)]
    if is_unique:
        one_less = ast.BinOp(_name("rules"), ast.Sub(), ast.Constant(1))
        several = ast.BinOp(_name("rules"), ast.BitAnd(), one_less)
        body.append(ast.If(several, [ast.Return(ast.Constant(None))], []))
    hit = _item(generator.held("results", tuple(results)), _bit_length("rules"))
    return generator.function([*body, ast.Return(hit)])


def by_rules(columns: Sequence[UsualColumn], result: Callable[[int], Any]) -> Callable[..., Any]:
    """A function of a dictionary of inputs that gives ``result(rules)`` for the bits of the true rules."""
    generator = _Generator(columns)
    body = [*generator.narrowed(), *generator.verified(stops_at_first=False)]
    return generator.function([*body, ast.Return(_call(generator.held("result", result), _name("rules")))])


class _Generator:
    """Writes the function statement by statement; what is not Python syntax goes into its namespace."""

    def __init__(self, columns: Sequence[UsualColumn]) -> None:
        self._columns = columns
        self._namespace: dict[str, Any] = {"bisect_right": bisect_right, "Decimal": Decimal}

    def narrowed(self) -> list[ast.stmt]:
        """Takes the values of the inputs and ands their answers into ``rules``."""
        body: list[ast.stmt] = []
        for position, column in enumerate(self._columns):
            by_name = _item(_name("inputs"), ast.Constant(column.name))
            body.append(_assign("value", by_name))
            if isinstance(column, NumberColumn):
                answer = self._number(position, column, body)
            elif isinstance(column, TextColumn):
                answer = self._text(position, column, body)
            else:
                answer = self._boolean(position, column)
            is_first = position == 0
            if is_first and len(self._columns) == 1:
                # Like the answers of further columns, None must not pass for rules.
                answer = ast.BinOp(ast.Constant(-1), ast.BitAnd(), answer)
            body.append(
                _assign("rules", answer if is_first else ast.BinOp(_name("rules"), ast.BitAnd(), answer))
            )
        return body

    def verified(self, *, stops_at_first: bool) -> list[ast.stmt]:
        """Takes out of ``rules`` what the spans rule out; perhaps only down to the first rule that stays."""
        checks: list[ast.expr] = []
        for position, column in enumerate(self._columns):
            if isinstance(column, NumberColumn) and column.spans is not None:
                checks.append(self._is_in_span(position, column.spans))
        if not checks:
            return []
        is_true = checks[0] if len(checks) == 1 else ast.BoolOp(ast.And(), checks)
        bit = ast.BinOp(ast.Constant(1), ast.LShift(), ast.BinOp(_name("hit"), ast.Sub(), ast.Constant(1)))
        if stops_at_first:
            return [
                ast.While(
                    _name("rules"),
                    [
                        _assign("hit", _bit_length("rules")),
                        ast.If(is_true, [ast.Break()], []),
                        _assign("rules", ast.BinOp(_name("rules"), ast.BitXor(), bit)),
                    ],
                    [],
                )
            ]
        without = [
            _assign(each, ast.BinOp(_name(each), ast.BitXor(), _name("bit"))) for each in ("rules", "rest")
        ]
        return [
            _assign("rest", _name("rules")),
            ast.While(
                _name("rest"),
                [
                    _assign("hit", _bit_length("rest")),
                    _assign("bit", bit),
                    ast.If(is_true, [without[1]], without),
                ],
                [],
            ),
        ]

    def function(self, body: list[ast.stmt]) -> Callable[[Mapping[str, Any]], Any]:
        arguments = ast.arguments([], [ast.arg("inputs")], None, [], [], None, [])
        function = ast.FunctionDef("usual_case", arguments, body, [])
        function.type_params = []  # type: ignore[attr-defined,unused-ignore]  # wanted from Python 3.12 on
        module = ast.fix_missing_locations(ast.Module([function], []))
        compiled = compile(module, "<decision table>", "exec")
        code = next(each for each in compiled.co_consts if isinstance(each, CodeType))
        return FunctionType(code, self._namespace, "usual_case")

    def held(self, name: str, value: Any) -> ast.expr:
        """A name for a value."""
        self._namespace[name] = value
        return _name(name)

    def _is_in_span(self, position: int, spans: Sequence[Span]) -> ast.expr:
        """Whether the number lies in the span of the rule that is hit."""
        number, hit = _name(f"number{position}"), _name("hit")
        if max(map(len, spans)) > 2:
            span = _item(self.held(f"spans{position}", ((), *spans)), hit)
            return ast.BinOp(_call(_name("bisect_right"), span, number), ast.BitAnd(), ast.Constant(1))
        # Arrays keep the ends of neighbouring rules together; chasing objects for each costs twice the time.
        begins, ends = (array("d", [inf, *(each[end] if each else inf for each in spans)]) for end in (0, 1))
        begin = _item(self.held(f"begins{position}", begins), hit)
        end = _item(self.held(f"ends{position}", ends), hit)
        return ast.Compare(begin, [ast.LtE(), ast.Lt()], [number, end])

    def _number(self, position: int, column: NumberColumn, body: list[ast.stmt]) -> ast.expr:
        is_exact = ast.Compare(
            ast.Constant(-EXACT), [ast.LtE(), ast.LtE()], [_name("value"), ast.Constant(EXACT)]
        )
        is_comparable = ast.BoolOp(
            ast.Or(), [_is_type("float"), ast.BoolOp(ast.And(), [_is_type("int"), is_exact])]
        )
        other = _call(self.held(f"stand_in{position}", column.stand_in), _name("value"))
        body.append(ast.If(ast.UnaryOp(ast.Not(), is_comparable), [_assign("value", other)], []))
        if column.spans is not None:
            body.append(_assign(f"number{position}", _name("value")))
        thresholds = self.held(f"thresholds{position}", column.thresholds)
        region = _call(_name("bisect_right"), thresholds, _name("value"))
        return _item(self.held(f"answers{position}", column.answers), region)

    def _text(self, position: int, column: TextColumn, body: list[ast.stmt]) -> ast.expr:
        body.append(ast.If(ast.UnaryOp(ast.Not(), _is_type("str")), [ast.Return(ast.Constant(None))], []))
        answers = {text: column.answers[region] for text, region in column.regions.items()}
        get = self.held(f"get{position}", answers.get)
        return _call(get, _name("value"), self.held(f"otherwise{position}", column.answers[1]))

    def _boolean(self, position: int, column: BooleanColumn) -> ast.expr:
        _, if_false, if_true = (
            self.held(f"answer{position}_{each}", answer) for each, answer in enumerate(column.answers)
        )
        is_false = ast.Compare(_name("value"), [ast.Is()], [ast.Constant(False)])
        is_true = ast.Compare(_name("value"), [ast.Is()], [ast.Constant(True)])
        return ast.IfExp(is_true, if_true, ast.IfExp(is_false, if_false, ast.Constant(None)))


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def _item(values: ast.expr, position: ast.expr) -> ast.expr:
    return ast.Subscript(values, position, ast.Load())


def _bit_length(name: str) -> ast.expr:
    return ast.Call(ast.Attribute(_name(name), "bit_length", ast.Load()), [], [])


def _is_type(name: str) -> ast.expr:
    return ast.Compare(_call(_name("type"), _name("value")), [ast.Is()], [_name(name)])

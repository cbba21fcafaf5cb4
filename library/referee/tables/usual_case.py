"""The usual case of a decision table as generated functions: plain values of the right types, one clear answer.

The functions only find out which rules are true; they know no diagnostics and no second semantics. Whatever is not
usual (a missing, null or wrongly typed input, a value out of its allowed range, a cell that cannot be told) they leave
to ``CompiledTable``, by returning None or raising one of ``RETREATS``. They are built as Python syntax nodes; names and
values of the table enter them only as constants.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from math import inf, nextafter
from sys import float_info
from types import CodeType, FunctionType
from typing import Any, Final

from referee.feel.values.numbers import CONTEXT
from referee.tables.hit_policy import HitPolicy
from referee.tables.index import KindIndex
from referee.tables.literal_cell import LiteralCell

RETREATS: Final = (KeyError, TypeError, AttributeError)
"""What the generated function raises when the case is not the usual one."""

EXACT: Final = 2**53
"""Up to here every whole number is a float."""

_SMALL: Final = 64
_MOST_REMEMBERED: Final = 4096

Answers = list[int | None]


@dataclass(frozen=True, slots=True)
class UsualInput:
    """An input column by the name of its value, the Python class FEEL has for its type, and what is allowed."""

    name: str
    kind: type
    index: KindIndex
    allowed: tuple[LiteralCell, ...] = ()


class UsualCases:
    """What a table gave in the usual case, by the rules that were true, to give it again.

    ``rules(inputs)`` are the true rules for a mapping of inputs; ``recall(inputs)`` and ``recall_row(*values)`` what
    was remembered for them. All may return None or raise one of ``RETREATS``; then the table must be asked.
    """

    __slots__ = ("_by_hit", "_by_rules", "_is_unique", "inputs", "recall", "recall_row", "rules")

    def __init__(self, inputs: Sequence[UsualInput], rule_count: int, policy: HitPolicy) -> None:
        self.inputs = tuple(inputs)
        self._by_rules: dict[int, Any] = {}
        self._by_hit: list[Any] = []
        self._is_unique = policy is HitPolicy.UNIQUE
        generator = _Generator()
        if rule_count > _SMALL and policy in (HitPolicy.UNIQUE, HitPolicy.FIRST):
            self._by_hit = [None] * (rule_count + 1)
            finish = generator.by_hit(self._by_hit, is_unique=self._is_unique)
        else:
            finish = generator.by_rules(self._by_rules)
        body = [(generator.column(position, each), each.name) for position, each in enumerate(inputs)]
        self.rules = generator.function(body, [ast.Return(_name("rules"))])
        self.recall = generator.function(body, finish)
        self.recall_row = generator.function(body, finish, by_name=False)

    def remember(self, rules: int, result: Any) -> None:
        """Keeps a result for the next time; at most one per rule, or a bounded number of combinations."""
        if self._by_hit and self._is_unique and rules & (rules - 1):
            return
        if self._by_hit:
            self._by_hit[rules.bit_length()] = result
        elif len(self._by_rules) < _MOST_REMEMBERED:
            self._by_rules[rules] = result


def usual_cases(inputs: Sequence[UsualInput], rule_count: int, policy: HitPolicy) -> UsualCases | None:
    """A memory for a table's usual cases; None where the table does not lend itself."""
    try:
        return UsualCases(inputs, rule_count, policy) if inputs else None
    except _Unsupported:
        return None


class _Unsupported(Exception):
    """This table is left to ``CompiledTable``."""


class _Generator:
    """Writes the function statement by statement; what is not Python syntax goes into its namespace."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] = {"bisect_right": bisect_right, "Decimal": Decimal}

    def column(self, position: int, column: UsualInput) -> list[ast.stmt]:
        """Narrows ``rules`` by ``value``."""
        allowed = [KindIndex(column.kind, [(cell, 1)]) for cell in column.allowed]
        if column.kind is Decimal:
            checks, answer = self._number(position, column.index, allowed)
        elif column.kind is bool:
            checks, answer = self._boolean(position, column.index, allowed)
        elif column.kind is str:
            checks, answer = self._string(position, column.index, allowed)
        else:
            raise _Unsupported
        narrowed = answer if position == 0 else ast.BinOp(_name("rules"), ast.BitAnd(), answer)
        return [*checks, _assign("rules", narrowed)]

    def by_rules(self, known: dict[int, Any]) -> list[ast.stmt]:
        """Gives what is known for the true rules."""
        return [ast.Return(_call(self._hold("known", known.get), _name("rules")))]

    def by_hit(self, known: list[Any], *, is_unique: bool) -> list[ast.stmt]:
        """Gives what is known for the first true rule, which where it must be unique has to be the only one."""
        length = ast.Call(ast.Attribute(_name("rules"), "bit_length", ast.Load()), [], [])
        found: list[ast.stmt] = [ast.Return(_item(self._hold("known", known), length))]
        if not is_unique:
            return found
        one_less = ast.BinOp(_name("rules"), ast.Sub(), ast.Constant(1))
        several = ast.BinOp(_name("rules"), ast.BitAnd(), one_less)
        return [ast.If(several, [ast.Return(ast.Constant(None))], []), *found]

    def function(
        self, columns: Sequence[tuple[list[ast.stmt], str]], finish: list[ast.stmt], *, by_name: bool = True
    ) -> Callable[..., Any]:
        """The function of a mapping of inputs; or of their values in order."""
        names = ["inputs"] if by_name else [f"value{position}" for position in range(len(columns))]
        body: list[ast.stmt] = []
        for position, (statements, name) in enumerate(columns):
            by_position = _name(f"value{position}")
            fetch = ast.Subscript(_name("inputs"), ast.Constant(name), ast.Load()) if by_name else by_position
            body += [_assign("value", fetch), *statements]
        arguments = ast.arguments([], [ast.arg(each) for each in names], None, [], [], None, [])
        function = ast.FunctionDef("usual_case", arguments, [*body, *finish], [])
        function.type_params = []  # type: ignore[attr-defined,unused-ignore]  # wanted from Python 3.12 on
        module = ast.fix_missing_locations(ast.Module([function], []))
        compiled = compile(module, "<decision table>", "exec")
        code = next(each for each in compiled.co_consts if isinstance(each, CodeType))
        return FunctionType(code, self._namespace, "usual_case")

    def _number(
        self, position: int, index: KindIndex, allowed: list[KindIndex]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Floats and whole numbers by thresholds among the floats, decimals by themselves."""
        points, answers = _by_region(index, allowed)
        thresholds = _thresholds(points)
        known = self._hold(f"answers{position}", [None, *answers, None])
        floats = self._hold(f"thresholds{position}", [-float_info.max, *thresholds, inf])
        decimals = self._hold(f"decimal{position}", _decimal_look_up(points, answers))
        by_threshold = _item(known, _call("bisect_right", _name(floats), _name("value")))
        is_exact = ast.Compare(
            ast.Constant(-EXACT), [ast.LtE(), ast.LtE()], [_name("value"), ast.Constant(EXACT)]
        )
        answer = ast.IfExp(
            ast.BoolOp(ast.Or(), [_is_type("float"), ast.BoolOp(ast.And(), [_is_type("int"), is_exact])]),
            by_threshold,
            ast.IfExp(_is_type("Decimal"), _call(decimals, _name("value")), ast.Constant(None)),
        )
        return [], answer

    def _string(
        self, position: int, index: KindIndex, allowed: list[KindIndex]
    ) -> tuple[list[ast.stmt], ast.expr]:
        if index.is_ordered or any(each.is_ordered for each in allowed):
            raise _Unsupported
        values = {point for each in (index, *allowed) for point in each.points}
        known = {value: _answer(index, allowed, value) for value in values}
        other = "".join(sorted(values, key=len)[-1:]) + "?"  # longer than any value, so it is none of them
        get = self._hold(f"get{position}", known.get)
        otherwise = self._hold(f"otherwise{position}", _answer(index, allowed, other))
        retreat = ast.If(ast.UnaryOp(ast.Not(), _is_type("str")), [ast.Return(ast.Constant(None))], [])
        return [retreat], _call(get, _name("value"), _name(otherwise))

    def _boolean(
        self, position: int, index: KindIndex, allowed: list[KindIndex]
    ) -> tuple[list[ast.stmt], ast.expr]:
        true = self._hold(f"true{position}", _answer(index, allowed, True))
        false = self._hold(f"false{position}", _answer(index, allowed, False))
        is_false = ast.Compare(_name("value"), [ast.Is()], [ast.Constant(False)])
        is_true = ast.Compare(_name("value"), [ast.Is()], [ast.Constant(True)])
        answer = ast.IfExp(is_true, _name(true), ast.IfExp(is_false, _name(false), ast.Constant(None)))
        return [], answer

    def _hold(self, name: str, value: Any) -> str:
        self._namespace[name] = value
        return name


def _answer(index: KindIndex, allowed: Sequence[KindIndex], value: Any) -> int | None:
    """The true rules for a value; None where it is not allowed or a cell can't be told."""
    true, unknown = index.look_up(value)
    if unknown or any(each.look_up(value) != (1, 0) for each in allowed):
        return None
    return true


def _by_region(index: KindIndex, allowed: Sequence[KindIndex]) -> tuple[list[Any], Answers]:
    """The points of cells and allowed values together, and the answer for each region they make."""
    points = sorted({point for each in (index, *allowed) for point in each.points})
    answers: Answers = []
    for point in points:
        answers.append(_gap_answer(index, allowed, point))
        answers.append(_answer(index, allowed, point))
    answers.append(_gap_answer(index, allowed, None))
    return points, answers


def _gap_answer(index: KindIndex, allowed: Sequence[KindIndex], point: Any) -> int | None:
    """The answer for values just below a point, or above all points where there is none."""

    def region(each: KindIndex) -> int:
        if not each.is_ordered:
            return 0
        return 2 * len(each.points) if point is None else each.gap_before(point)

    at = region(index)
    if index.unknown and index.unknown[at]:
        return None
    for each in allowed:
        there = region(each)
        if each.true[there] != 1 or (each.unknown and each.unknown[there]):
            return None
    return index.true[at]


def _thresholds(points: Sequence[Decimal]) -> list[float]:
    """Two floats per point: the first that means at least the point, and the first that means more.

    A float means its shortest decimal text. Bisecting these thresholds gives a float's region exactly, for a float
    on one side of a point's nearest float means a decimal on that side of the point.
    """
    thresholds = []
    for point in points:
        nearest = float(point)
        if abs(nearest) == inf:
            raise _Unsupported
        meant = Decimal(repr(nearest))
        beyond = nextafter(nearest, inf)
        thresholds += [nearest if meant >= point else beyond, nearest if meant > point else beyond]
    return thresholds


def _decimal_look_up(points: list[Decimal], answers: Answers) -> Callable[[Decimal], int | None]:
    def look_up(value: Decimal) -> int | None:
        try:
            number = CONTEXT.plus(value)
            if not number.is_finite():
                return None
        except DecimalException:
            return None
        after = bisect_right(points, number)
        if after and points[after - 1] == number:
            return answers[2 * after - 1]
        return answers[2 * after]

    return look_up


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(_name(function), list(arguments), [])


def _item(values: str, position: ast.expr) -> ast.expr:
    return ast.Subscript(_name(values), position, ast.Load())


def _is_type(name: str) -> ast.expr:
    return ast.Compare(_call("type", _name("value")), [ast.Is()], [_name(name)])

"""The generated functions give what the closures give, or leave the case to them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee import feel
from referee.domain import Diagnostic
from referee.feel import syntax
from referee.feel.generator import RETREATS, generated_expression, generated_tests
from tests.unit.feel.syntax_strategies import CELLS, EXPRESSIONS, NAMES, SCOPES, VALUES

SCOPE = ("n", "m", "s", "flag", "loan", "rows", "numbers", "nothing")
NUMBERS = st.decimals(min_value=-20, max_value=20, places=1, allow_nan=False, allow_infinity=False)
ROW = st.fixed_dictionaries(
    {"n": NUMBERS, "s": st.sampled_from(("a", "b"))}, optional={"m": st.none() | NUMBERS}
)
USUAL_SCOPES = st.fixed_dictionaries(
    {
        "n": NUMBERS,
        "m": NUMBERS | st.none(),
        "s": st.sampled_from(("a", "b", None)),
        "flag": st.booleans() | st.none(),
        "loan": ROW,
        "rows": st.lists(ROW, max_size=3),
        "numbers": st.lists(NUMBERS, max_size=3),
        "nothing": st.none(),
    }
)
QUANTIFIERS = st.sampled_from(("some", "every"))
LISTS = st.sampled_from(("rows", "numbers", "nothing"))
numbers: st.SearchStrategy[str] = st.deferred(lambda: NUMERIC)
conditions: st.SearchStrategy[str] = st.deferred(lambda: BOOLEAN)
NUMERIC: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(("n", "m", "loan.n", "loan.m", "1", "2.5", "x", "item", "?")),
    st.builds("({} {} {})".format, numbers, st.sampled_from(("+", "-", "*", "/", "**")), numbers),
    st.builds("-{}".format, numbers),
    st.builds("if {} then {} else {}".format, conditions, numbers, numbers).map("({})".format),
    st.builds("{}({})".format, st.sampled_from(("abs", "floor")), numbers),
    st.builds("sum(rows[{}].n)".format, conditions),
    st.builds("max(for x in numbers return {})".format, numbers),
    st.builds("numbers[{}]".format, st.sampled_from(("1", "-1", "2", "n > 0"))),
)
BOOLEAN: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(("flag", "true", 's = "a"', 'loan.s != "b"', "s = loan.s", "nothing = null")),
    st.builds("({} {} {})".format, numbers, st.sampled_from(("<", "<=", ">", ">=", "=", "!=")), numbers),
    st.builds("({} {} {})".format, conditions, st.sampled_from(("and", "or")), conditions),
    st.builds("({} between {} and {})".format, numbers, numbers, numbers),
    st.builds("({} in ({}, < {}, [{}..{}]))".format, numbers, numbers, numbers, numbers, numbers),
    st.builds("({} in numbers)".format, numbers),
    st.builds("({} x in {} satisfies {})".format, QUANTIFIERS, LISTS, conditions),
    st.builds("not({})".format, conditions),
    st.builds('(s + "x" < loan.s)'.format),
)
slow_data = settings(suppress_health_check=list(HealthCheck), deadline=None)


def assert_agree(usual: Callable[[], Any], closures: Callable[[list[Diagnostic]], Any]) -> None:
    try:
        value = usual()
    except RETREATS:
        return
    sink: list[Diagnostic] = []
    assert repr(value) == repr(closures(sink))
    assert not [each for each in sink if each.is_doubt]


@slow_data
@given(NUMERIC | BOOLEAN, USUAL_SCOPES)
def test_usual_expressions_agree_with_the_closures(text: str, scope: dict[str, Any]) -> None:
    expression = feel.compile_expression(text, SCOPE)
    usual = generated_expression(expression.syntax, frozenset(SCOPE))
    if usual is not None:
        assert_agree(lambda: usual(scope), lambda sink: expression(scope, sink))


@slow_data
@given(
    st.lists(NUMERIC | BOOLEAN | NUMERIC.map("> {}".format), min_size=1, max_size=3), NUMBERS, USUAL_SCOPES
)
def test_usual_input_cells_agree_with_the_closures(
    texts: list[str], value: Decimal, scope: dict[str, Any]
) -> None:
    tests = feel.compile_unary_tests(", ".join(texts), SCOPE)
    usual = generated_tests(tests.syntax, frozenset(SCOPE))
    if usual is not None:
        assert_agree(lambda: usual(value, scope), lambda sink: tests(value, scope, sink))


@slow_data
@given(EXPRESSIONS, SCOPES)
def test_any_expression_agrees_with_the_closures(tree: syntax.Node, scope: dict[str, Any]) -> None:
    expression = feel.compile_expression(feel.to_text(tree), NAMES)
    usual = generated_expression(expression.syntax, frozenset(NAMES))
    if usual is not None:
        assert_agree(lambda: usual(scope), lambda sink: expression(scope, sink))


@slow_data
@given(CELLS, VALUES, SCOPES)
def test_any_input_cell_agrees_with_the_closures(
    tree: syntax.UnaryTestsNode, value: Any, scope: dict[str, Any]
) -> None:
    tests = feel.compile_unary_tests(feel.to_text(tree), NAMES)
    usual = generated_tests(tests.syntax, frozenset(NAMES))
    if usual is not None:
        assert_agree(lambda: usual(value, scope), lambda sink: tests(value, scope, sink))


@pytest.mark.parametrize("text", ["n + 1", "for x in numbers return x * n", "n > 1 and s = null"])
def test_an_expression_means_the_same_however_often_it_is_evaluated(text: str) -> None:
    expression = feel.compile_expression(text, SCOPE)
    usual = {"n": Decimal(2), "s": "a", "numbers": [Decimal(1)]}
    unusual = {"n": "two", "s": None, "numbers": None}
    first_sink: list[Diagnostic] = []
    first = expression(usual, [])
    failing = expression(unusual, first_sink)
    for _ in range(300):
        assert expression(usual, []) == first
    sink: list[Diagnostic] = []
    assert expression(unusual, sink) == failing
    assert sink == first_sink

"""What holds for every FEEL text: printing and parsing are inverse, and nothing but a syntax error is raised."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee import feel
from referee.feel import syntax
from referee.feel.values.numbers import CONTEXT
from tests.unit.feel.syntax_strategies import CELLS, EXPRESSIONS, NAMES, SCOPES, VALUES

VOCABULARY = """
if then else for in return some every satisfies and or not between instance of function external true false null
a b full name first-name item partial date time list number context range abs sum
? @ " ' ( ) [ ] { } , : . .. + - * / ** = != < <= > >= -> // /* */ \\ 1 2.5 .5 1e3 1e99999 "x" "\\u00e4" "\\ud800"
; % €
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\t", "\n"])
TEXTS = st.one_of(
    st.lists(WORDS, max_size=25).map(" ".join), st.lists(WORDS, max_size=25).map("".join), st.text()
)
slow_data = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


@slow_data
@given(EXPRESSIONS)
def test_printed_expression_parses_to_an_equal_tree(tree: syntax.Node) -> None:
    assert feel.parse_expression(feel.to_text(tree), NAMES) == tree


@slow_data
@given(CELLS)
def test_printed_input_cell_parses_to_an_equal_tree(tree: syntax.UnaryTestsNode) -> None:
    assert feel.parse_unary_tests(feel.to_text(tree), NAMES) == tree


@slow_data
@given(EXPRESSIONS, SCOPES)
def test_evaluating_never_raises_and_null_by_fault_is_explained(
    tree: syntax.Node, scope: dict[str, Any]
) -> None:
    sink: list[Any] = []
    text = feel.to_text(tree)
    value = feel.compile_expression(text, NAMES)(scope, sink)
    assert value == value  # FEEL has no not-a-number
    assert all(0 <= each.span[0] <= each.span[1] <= len(text) for each in sink)


@slow_data
@given(CELLS, VALUES, SCOPES)
def test_an_input_cell_is_true_false_or_unknown(
    tree: syntax.UnaryTestsNode, value: Any, scope: dict[str, Any]
) -> None:
    sink: list[Any] = []
    verdict = feel.compile_unary_tests(feel.to_text(tree), NAMES)(value, scope, sink)
    assert verdict in (True, False, None)
    assert verdict is not None or sink, "doubt comes with a reason"


@slow_data
@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (feel.parse_expression, feel.parse_unary_tests):
        try:
            parse(text, NAMES)
        except feel.FeelSyntaxError as error:
            start, end = error.span
            assert 0 <= start <= end <= len(text)
            assert str(error)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    st.sampled_from("+-*/"),
)
def test_arithmetic_is_that_of_python_decimals(left: Decimal, right: Decimal, operator: str) -> None:
    reference = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
    a, b = CONTEXT.create_decimal(left), CONTEXT.create_decimal(right)
    evaluation = feel.evaluate(f"a {operator} b", {"a": a, "b": b})
    if operator == "/" and not b:
        assert [each.code for each in evaluation.diagnostics] == ["division-by-zero"]
        return
    operation = {"+": reference.add, "-": reference.subtract, "*": reference.multiply, "/": reference.divide}[
        operator
    ]
    assert evaluation.value == operation(a, b)
    assert not evaluation.diagnostics


def test_a_range_too_long_to_visit_is_refused_at_once() -> None:
    for text in (
        "for i in 1..10**9 return i",
        "some i in 1..10**30 satisfies i < 0",
        "for a in 1..10000, b in 1..10000 return 1",
        "count(for a in 1..10000 return for b in 1..10000 return 1)",
        "[1, 2][(for i in 1..10**9 return i)[1] = item]",
    ):
        evaluation = feel.evaluate(text)
        assert evaluation.value is None
        assert [each.code for each in evaluation.diagnostics] == ["too-many-steps"]


def test_endless_recursion_ends() -> None:
    for text in (
        "{f: function(n) f(n + 1), r: f(0)}.r",
        "{f: function(n) f(n) + f(n), r: f(0)}.r",
        "{f: function(n) for i in [1, 2, 3] return f(n), r: f(0)}.r",
    ):
        evaluation = feel.evaluate(text)
        assert evaluation.value is None
        assert [each.code for each in evaluation.diagnostics] == ["recursion-too-deep"]


def test_a_text_doubled_over_and_over_is_refused() -> None:
    entries = ", ".join(f"x{i}: x{i - 1} + x{i - 1}" for i in range(1, 40))
    evaluation = feel.evaluate(f'{{x0: "{"x" * 100}", {entries}}}.x39')
    assert "text-too-long" in [each.code for each in evaluation.diagnostics]


def test_brackets_that_may_mean_two_things_are_read_in_bounded_time() -> None:
    texts = (
        "[1..2[" * 30,
        "[1..a[" * 60,
        "]1..[" * 60,
        "(" * 60 + "1..2[" * 60,
        "x in (" * 60 + "1" + ") + 1" * 60,
    )
    for text in texts:
        try:
            feel.parse_expression(text)
        except feel.FeelSyntaxError as error:
            assert error.message


def test_a_caller_deep_in_its_own_stack_gets_a_value_or_a_refusal() -> None:
    text = "1" + " + 1" * 190

    def descend(levels: int) -> Any:
        if levels:
            return descend(levels - 1)
        try:
            return feel.compile_expression(text)({}, [])
        except feel.FeelSyntaxError as error:
            return error.message

    assert descend(0) == 191
    for levels in range(0, 650, 50):
        outcome = descend(levels)
        assert outcome in (191, None) or "too deeply" in outcome
    assert "too deeply" in descend(700)

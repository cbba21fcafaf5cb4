"""Numbers: Python's `decimal` in the same context is the oracle."""

from __future__ import annotations

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.feel.fault import Fault
from referee.feel.values import (
    add,
    divide,
    multiply,
    negate,
    parse_number,
    power,
    string,
    subtract,
    to_feel,
    to_number,
)

ORACLE = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False).map(ORACLE.plus)
OPERATIONS = [
    (add, ORACLE.add),
    (subtract, ORACLE.subtract),
    (multiply, ORACLE.multiply),
    (divide, ORACLE.divide),
]


@pytest.mark.parametrize(("operation", "expected"), OPERATIONS, ids=["add", "subtract", "multiply", "divide"])
@given(left=NUMBERS, right=NUMBERS)
def test_arithmetic_is_that_of_decimal(operation, expected, left, right):
    try:
        result = expected(left, right)
    except DecimalException:
        with pytest.raises(Fault):
            operation(left, right)
    else:
        assert str(operation(left, right)) == str(result)


@given(NUMBERS)
def test_the_text_of_a_number_is_read_back_as_the_same_number(number):
    text = string(number)
    assert "E" not in text
    assert parse_number(text) == number
    assert negate(negate(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_means_its_shortest_decimal_text(number):
    assert to_feel(number) == Decimal(repr(number))


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [("2", "10", "1024"), ("2", "-1", "0.5"), ("0", "0", "1"), ("4", "0.5", "2"), ("-2", "3", "-8")],
)
def test_powers(left, right, result):
    assert power(Decimal(left), Decimal(right)) == Decimal(result)


@pytest.mark.parametrize(
    ("operation", "left", "right", "code"),
    [
        (divide, "1", "0", "division-by-zero"),
        (divide, "0", "0", "division-by-zero"),
        (power, "0", "-1", "division-by-zero"),
        (power, "-2", "0.5", "number-out-of-range"),
        (multiply, "1E+6144", "10", "number-out-of-range"),
        (power, "10", "1E+10", "number-out-of-range"),
    ],
)
def test_what_has_no_result_is_a_fault(operation, left, right, code):
    with pytest.raises(Fault) as caught:
        operation(Decimal(left), Decimal(right))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("Infinity")]
)
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(Fault):
        to_feel(value)


def test_numbers_beyond_34_digits_are_rounded_half_even():
    assert to_number("1" * 34 + "5") == Decimal("1" * 33 + "2E+1")
    assert to_number("0.1") + to_number("0.2") == to_number("0.3")


@pytest.mark.parametrize(
    ("number", "text"),
    [("1E+3", "1000"), ("-0", "0"), ("1.10", "1.10"), ("1E-7", "0.0000001"), ("123456789.5", "123456789.5")],
)
def test_numbers_are_written_without_exponent(number, text):
    assert string(Decimal(number)) == text


@pytest.mark.parametrize(
    "text", ["", "abc", "1,5", "1 000", "0x10", "١", "NaN", "Infinity", "1_000", "--1", "1e", "."]
)
def test_texts_that_are_no_number(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [(add, Decimal(1), "1"), (add, True, Decimal(1)), (subtract, "b", "a"), (multiply, None, Decimal(1))],
)
def test_operands_that_do_not_go_together_are_named(operation, left, right):
    with pytest.raises(Fault, match="can't"):
        operation(left, right)

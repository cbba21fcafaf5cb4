"""Equality, order, ranges and Python values."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum, StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.feel.fault import Fault
from referee.feel.values import Range, compare, equal, equality_key, less, parse_at_literal, string, to_feel

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-100, max_value=100),
    st.text(max_size=3),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.timedeltas(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
).map(to_feel)


@given(VALUES)
def test_a_value_is_equal_to_itself_and_not_to_null(value):
    assert equal(value, value) is True
    assert equal(value, None) is (value is None)
    assert to_feel(value) == value


@given(VALUES, VALUES)
def test_values_have_the_same_key_if_and_only_if_they_are_equal(left, right):
    assert (equality_key(left) == equality_key(right)) is (equal(left, right) is True)
    if equal(left, right) is True:
        assert hash(equality_key(left)) == hash(equality_key(right))


@given(VALUES, VALUES)
def test_equality_is_symmetric_and_type_strict(left, right):
    assert equal(left, right) is equal(right, left)
    if None not in (left, right) and type(left) is not type(right):
        assert equal(left, right) is None


@given(SCALARS.map(to_feel), SCALARS.map(to_feel))
def test_equal_values_hash_alike_and_compare_as_zero(left, right):
    if equal(left, right) is True:
        assert hash(left) == hash(right)
    try:
        order = compare(left, right)
    except Fault:
        return
    assert order == -compare(right, left)
    assert (order == 0) is equal(left, right)
    assert less(left, right) is (order < 0)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (True, Decimal(1), None),
        ("1", Decimal(1), None),
        ([Decimal(1), "a"], [Decimal(2), None], False),
        ([Decimal(1), "a"], [Decimal(1), Decimal(2)], None),
        ({"a": Decimal(1)}, {"a": "1"}, None),
        ({"a": Decimal(1)}, {"b": Decimal(1)}, False),
        ([], {}, None),
    ],
)
def test_equality_between_types_can_not_be_told(left, right, expected):
    assert equal(left, right) is expected


@pytest.mark.parametrize(
    ("left", "right"), [(None, Decimal(1)), (True, False), ([], []), ({}, {}), ("a", Decimal(1))]
)
def test_what_has_no_order_is_a_fault(left, right):
    with pytest.raises(Fault):
        compare(left, right)
    with pytest.raises(Fault):
        less(left, right)


def number_range(text: str) -> Range:
    start, _, end = text[1:-1].partition("..")
    return Range.between(
        Decimal(start) if start else None, Decimal(end) if end else None, text[0] == "[", text[-1] == "]"
    )


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[1..3]", [1, 2, 3], [0, 4]),
        ("(1..3)", [2], [1, 3]),
        ("(..3]", [-5, 3], [4]),
        ("[1..)", [1, 9], [0]),
    ],
)
def test_ranges_include(text, inside, outside):
    interval = number_range(text)
    assert string(interval) == text
    assert [interval.includes(Decimal(number)) for number in inside] == [True] * len(inside)
    assert [interval.includes(Decimal(number)) for number in outside] == [False] * len(outside)


@pytest.mark.parametrize("value", [None, "a", True])
@pytest.mark.parametrize("text", ["[1..3]", "(..3]", "[1..)"])
def test_what_can_not_be_compared_with_an_end_is_a_fault(value, text):
    with pytest.raises(Fault):
        number_range(text).includes(value)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=", "!="])
@given(value=st.integers(-5, 5))
def test_tests_as_ranges(operator, value):
    oracle = {
        "<": value < 2,
        "<=": value <= 2,
        ">": value > 2,
        ">=": value >= 2,
        "=": value == 2,
        "!=": value != 2,
    }
    test = Range.of_test(operator, Decimal(2))
    assert test.includes(Decimal(value)) is oracle[operator]
    assert equal(test, Range.of_test(operator, Decimal(2))) is True
    assert string(test) == f"{operator} 2"
    assert hash(test) == hash(Range.of_test(operator, Decimal("2.0")))


def test_a_test_is_not_equal_to_the_same_range_written_out():
    assert equal(Range.of_test("<", Decimal(2)), number_range("(..2)")) is False


def test_an_included_end_can_not_be_null():
    with pytest.raises(Fault):
        Range.between(None, Decimal(1), True, True)
    with pytest.raises(Fault):
        Range.between(Decimal(1), "b", True, True)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, Decimal("0.1")),
        (1e22, Decimal("1E+22")),
        (7, Decimal(7)),
        (True, True),
        (np.float64(0.1), Decimal("0.1")),
        (np.int64(7), Decimal(7)),
        (np.bool_(True), True),
        (np.float32(0.1), Decimal("0.1")),
        (np.array([[1, 2], [3, 4]]), [[Decimal(1), Decimal(2)], [Decimal(3), Decimal(4)]]),
        (np.array(5), Decimal(5)),
        (Colour.RED, "red"),
        (Level.HIGH, Decimal(3)),
        ((1, "a"), [Decimal(1), "a"]),
        (OrderedDict(a=1), {"a": Decimal(1)}),
        (dt.date(2021, 1, 2), parse_at_literal("2021-01-02")),
    ],
)
def test_python_values_become_feel_values(value, expected):
    converted = to_feel(value)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1: 2},
        b"bytes",
        {1, 2},
        float("nan"),
        [float("inf")],
        1j,
        np.float64("nan"),
        np.datetime64("2021-01-01"),
        np.complex64(1),
    ],
)
def test_what_has_no_feel_value_is_refused(value):
    with pytest.raises(Fault):
        to_feel(value)


def test_a_value_without_end_is_refused():
    endless: list = []
    endless.append({"again": endless})
    with pytest.raises(Fault, match="nested"):
        to_feel(endless)

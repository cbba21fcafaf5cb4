"""Types: which values conform, what converts, and how a type is spelled."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.types import (
    ANY,
    DATE_AND_TIME,
    NAMED_TYPES,
    NUMBER,
    STRING,
    ContextType,
    FunctionType,
    ListType,
    RangeType,
    coerce,
    conforms,
    instance_of,
    parse_type,
    type_conforms,
    type_of,
)
from referee.feel.values import FeelFunction, Range, parse_date, parse_date_time

NAMES = st.text(alphabet="abcdefghij _'", min_size=1, max_size=8).map(str.strip).filter(bool)
TYPES = st.recursive(
    st.sampled_from(sorted({str(kind): kind for kind in NAMED_TYPES.values()}.items())).map(
        lambda pair: pair[1]
    ),
    lambda inner: st.one_of(
        inner.map(ListType),
        inner.map(RangeType),
        st.dictionaries(NAMES.map(lambda name: " ".join(name.split())), inner, min_size=1, max_size=3).map(
            lambda entries: ContextType(tuple(entries.items()))
        ),
        st.tuples(st.lists(inner, max_size=2), inner).map(lambda pair: FunctionType(tuple(pair[0]), pair[1])),
    ),
    max_leaves=5,
)


@given(TYPES)
def test_a_type_is_read_back_as_it_is_written(kind):
    assert parse_type(str(kind)) == kind
    assert type_conforms(kind, kind)
    assert type_conforms(kind, ANY)


@given(st.text(alphabet="<>,:-() listnumbercontextfunctiorang", max_size=40))
def test_any_text_is_a_type_or_a_fault(text):
    try:
        parse_type(text)
    except Fault as fault:
        assert fault.code == "unknown-type"


def test_types_of_a_model_are_known_by_name():
    amount = ListType(NUMBER)
    assert parse_type("list<tAmount>", {"tAmount": amount}) == ListType(amount)
    named = {"net-amount": amount, "lib.tAmount": NUMBER}
    assert parse_type("function<net-amount> -> lib.tAmount", named) == FunctionType((amount,), NUMBER)


NO_TYPES = ["", "lst", "list<", "list<number", "list<number>>", "number<string>", "<" * 3000, "context<a>"]


@pytest.mark.parametrize("text", NO_TYPES)
def test_texts_that_are_no_type(text):
    with pytest.raises(Fault):
        parse_type(text)


ONE = Decimal(1)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (ONE, "number", True),
        (True, "number", False),
        (None, "number", False),
        (None, "Any", False),
        (None, "Null", True),
        ([ONE, "a"], "list<Any>", True),
        ([ONE, "a"], "list<number>", False),
        ([None, ONE], "list<number>", True),
        ([], "list<number>", True),
        ({"a": ONE, "b": "x"}, "context<a: number>", True),
        ({"b": "x"}, "context<a: number>", False),
        ({"a": None}, "context<a: number>", True),
        (Range(ONE, None, True, False), "range<number>", True),
        (Range("a", "b", True, True), "range<number>", False),
        (FeelFunction(("a",), lambda a: a), "function<number> -> number", True),
        (FeelFunction(("a",), lambda a: a, parameter_types=(STRING,)), "function<number> -> number", False),
        (FeelFunction(("a",), lambda a: a, result_type=STRING), "function<number> -> number", False),
        (FeelFunction((), lambda: ONE), "function<number> -> number", False),
        (BUILTINS["abs"], "function<number> -> number", True),
    ],
)
def test_instance_of(value, kind, expected):
    assert instance_of(value, parse_type(kind)) is expected


@given(TYPES)
def test_null_may_stand_anywhere(kind):
    assert conforms(None, kind)
    assert coerce(None, kind) is None


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ([ONE], NUMBER, ONE),
        (ONE, ListType(NUMBER), [ONE]),
        ([[ONE]], ListType(NUMBER), [ONE]),
        ([ONE], ListType(ListType(NUMBER)), [[ONE]]),
        (parse_date("2021-01-01"), DATE_AND_TIME, parse_date_time("2021-01-01T00:00:00Z")),
    ],
)
def test_implicit_conversions(value, kind, expected):
    assert coerce(value, kind) == expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("a", NUMBER),
        ([ONE, ONE], NUMBER),
        ([], NUMBER),
        ("a", ListType(NUMBER)),
        ({"a": "x"}, ContextType((("a", NUMBER),))),
    ],
)
def test_what_does_not_convert_says_what_it_is(value, kind):
    with pytest.raises(Fault, match=r"is not of type (number|list|context)"):
        coerce(value, kind)


@pytest.mark.parametrize("text", ["number", "list<number>", "context<a: string>", "range<date>", "Null"])
def test_the_type_of_a_value_is_one_it_conforms_to(text):
    value = {
        "number": ONE,
        "list<number>": [ONE, ONE],
        "context<a: string>": {"a": "x"},
        "range<date>": Range(parse_date("2021-01-01"), None, True, False),
        "Null": None,
    }[text]
    assert str(type_of(value)) == text
    assert conforms(value, type_of(value))

"""Values as JSON: exact, one spelling for equal values, never a secret."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.audit import canonical_json
from referee.audit.canonical_json import _encoded, exact_json, parse_json
from referee.domain import AuditError, Route
from referee.feel.values import parse_date, parse_duration

numbers = st.decimals(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


class Colour(Enum):
    RED = "red"


class Count(IntEnum):
    ONE = 1


class Name(str):
    __slots__ = ()


@dataclass
class Point:
    x: int = 0


uncommon = st.sampled_from(
    [
        Colour.RED,
        Count.ONE,
        Route.AUTO,
        Name("name"),
        Point(),
        OrderedDict(a=1),
        MappingProxyType({"a": 1}),
        Decimal("NaN"),
        Decimal("-Infinity"),
        Decimal("1E+6000"),
        2**63,
        2**64,
        -(2**63) - 1,
        10**50,
        parse_date("2026-01-31"),
        parse_duration("P1Y"),
        b"bytes",
        {1},
        object(),
    ]
)
whatever = st.recursive(
    scalars
    | uncommon
    | st.integers()
    | st.floats()
    | st.uuids()
    | st.dates()
    | st.datetimes()
    | st.text(alphabet=st.characters(categories=None)),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(st.text() | st.integers() | st.sampled_from([Name("key"), Colour.RED]), inner)
    ),
    max_leaves=20,
)


def written_or_refused(write: Callable[[Any], bytes], value: Any) -> bytes | str:
    try:
        return write(value)
    except AuditError as refused:
        return str(refused)


@given(whatever)
def test_orjson_writes_and_refuses_just_what_the_plain_encoder_does(value: Any) -> None:
    plainly = written_or_refused(lambda value: _encoded(value, canonical=False), value)
    assert written_or_refused(exact_json, value) == plainly


@given(values)
def test_what_is_written_reads_back_equal(value: Any) -> None:
    assert parse_json(exact_json(value)) == value
    assert parse_json(canonical_json(value)) == value


@given(values)
def test_what_was_read_is_written_again_byte_for_byte(value: Any) -> None:
    written = exact_json(value)
    assert exact_json(parse_json(written)) == written


@given(st.text(alphabet=st.characters(categories=None)))
def test_any_text_survives_and_half_a_surrogate_pair_becomes_its_code(text: str) -> None:
    writable = text.encode("utf-8", "backslashreplace").decode()
    assert json.loads(exact_json(text)) == json.loads(exact_json([text]))[0] == writable
    assert json.loads(canonical_json(text)) == writable
    assert b"\n" not in exact_json(text)


@given(st.dictionaries(st.text(), scalars))
def test_the_order_of_keys_does_not_change_the_canonical_text(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(turned) == canonical_json(value)


@given(numbers, st.integers(0, 6))
def test_trailing_zeros_do_not_change_the_canonical_text(number: Decimal, zeros: int) -> None:
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    longer = Decimal((sign, digits + (0,) * zeros, exponent - zeros))
    assert canonical_json(longer) == canonical_json(number)


@pytest.mark.parametrize(
    ("value", "canonical", "exact"),
    [
        (Decimal("1234.50"), "1234.5", "1234.50"),
        (Decimal("1.00"), "1", "1.00"),
        (1, "1", "1"),
        (1.0, "1", "1.0"),
        (0.1, "0.1", "0.1"),
        (1e-7, "0.0000001", "1E-7"),
        (Decimal("-0"), "0", "-0"),
        (Decimal("1E+3"), "1000", "1E+3"),
        (Decimal("1E+6000"), "1E+6000", "1E+6000"),
        (2**70, "1180591620717411303424", "1180591620717411303424"),
        (True, "true", "true"),
        (Route.AUTO, '"auto"', '"auto"'),
        (date(2026, 1, 31), '"2026-01-31"', '"2026-01-31"'),
        (time(7, 5), '"07:05:00"', '"07:05:00"'),
        (datetime(2026, 1, 31, 7, 5), '"2026-01-31T07:05:00"', '"2026-01-31T07:05:00"'),
        (parse_date("2026-01-31"), '"2026-01-31"', '"2026-01-31"'),
        (parse_duration("P1DT2H"), '"P1DT2H"', '"P1DT2H"'),
        ({"b": 1, "a": (None, "ü")}, '{"a":[null,"ü"],"b":1}', '{"b":1,"a":[null,"ü"]}'),
        (MappingProxyType({"a": [MappingProxyType({})]}), '{"a":[{}]}', '{"a":[{}]}'),
    ],
)
def test_spelling(value: Any, canonical: str, exact: str) -> None:
    assert canonical_json(value).decode() == canonical
    assert exact_json(value).decode() == exact


class Secret:
    """Stands where Robot Framework's own type of this name would."""

    def __str__(self) -> str:
        return "hunter2"


class SecretText(str):
    __slots__ = ()


SecretText.__name__ = "Secret"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"facts": {"password": Secret()}},
            "facts.password can't be written to the audit log: it is a secret",
        ),
        ({"facts": [1, SecretText("hunter2")]}, "facts.2 can't be written to the audit log: it is a secret"),
        (
            {SecretText("hunter2"): 1},
            "? can't be written to the audit log: its key of type Secret isn't text",
        ),
        ({"a": {7: 1}}, "a.? can't be written to the audit log: its key"),
        ({"a": float("nan")}, "a can't be written to the audit log: it isn't a finite number"),
        ({"a": Decimal("Infinity")}, "a can't be written to the audit log: it isn't a finite number"),
        ({"a": {1, 2}}, "a can't be written to the audit log: a value of type set has no place in it"),
        (object(), "the value can't be written to the audit log: a value of type object has no place in it"),
    ],
)
def test_what_has_no_place_in_the_log_is_named_and_refused(value: Any, message: str) -> None:
    for write in (canonical_json, exact_json):
        with pytest.raises(AuditError) as refused:
            write(value)
        assert message in str(refused.value)
        assert "hunter2" not in str(refused.value)


def test_robot_frameworks_own_secret_is_refused() -> None:
    types = pytest.importorskip("robot.api.types")
    if not hasattr(types, "Secret"):
        pytest.skip("this Robot Framework has no Secret type")
    with pytest.raises(AuditError, match="it is a secret") as refused:
        exact_json({"token": types.Secret("hunter2")})
    assert "hunter2" not in str(refused.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(AuditError, match="contains itself or is nested too deeply"):
        canonical_json(endless)


@pytest.mark.parametrize("text", ['{"a":NaN}', '{"a":Infinity}', '{"a":', "\xff"])
def test_bad_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_numbers_are_read_as_exact_decimals() -> None:
    read: Mapping[str, Any] = parse_json('{"a":0.10000000000000000000000000001,"b":7}')
    assert read == {"a": Decimal("0.10000000000000000000000000001"), "b": Decimal(7)}
    assert {type(number) for number in read.values()} == {Decimal}


@pytest.mark.parametrize("write", [exact_json, canonical_json])
def test_a_name_that_is_a_very_long_number_is_refused_in_words(write: Any) -> None:
    with pytest.raises(AuditError, match="its key of type int isn't text"):
        write({10**5000: "x"})

"""Facts of a case are read where they have one reading; everything else is doubt that names the fact."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.workbook import DataDictionary, FactDefinition, UnreadableCell
from referee.workbook.fact_text import boolean_from_text, date_from_text, number_from_text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234,5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("1’234’567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("1 234", "1234"),
        ("1234,567", "1234.567"),
        ("1234.567", "1234.567"),
        ("0,234", "0.234"),
        ("0.234", "0.234"),
        (".5", "0.5"),
        ("007", "7"),
        ("−5", "-5"),
        ("-1.234,5", "-1234.5"),
        ("+3", "3"),
        ("8.5e-4", "0.00085"),
        (" 12 ", "12"),
    ],
)
def test_a_number_with_one_reading_is_read(text: str, number: str) -> None:
    assert number_from_text(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1.234", "1,234", "-12.345", "999,000"])
def test_a_number_with_two_readings_is_not_guessed(text: str) -> None:
    found = number_from_text(text)
    assert isinstance(found, str)
    assert "can be read as" in found


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "",
        "1.23.456",
        "1,234.567.890",
        "12 34",
        "5 EUR",
        "€ 5",
        "5%",
        "1e",
        "0x10",
        "NaN",
        "Infinity",
        "١٢",
        "5.",
        "--5",
    ],
)
def test_what_is_no_number_is_not_guessed(text: str) -> None:
    assert number_from_text(text) == "is not a number"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_every_notation_of_an_amount_with_cents_gives_the_amount(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert [
        number_from_text(text) for text in (f"{amount:.2f}", english, german, german.replace(".", " "))
    ] == [amount] * 4


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-31", datetime.date(2024, 1, 31)),
        ("31.1.2024", datetime.date(2024, 1, 31)),
        ("01.02.2024", datetime.date(2024, 2, 1)),
        ("2024-01-31 00:00:00", datetime.date(2024, 1, 31)),
        ("31.02.2026", "is not a date of the calendar"),
        ("03/05/2026", "is not a date; write it as 2024-01-31 or 31.1.2024"),
        ("2024-01-31 08:00:00", "is not a date; write it as 2024-01-31 or 31.1.2024"),
        ("45000", "is not a date; write it as 2024-01-31 or 31.1.2024"),
    ],
)
def test_dates_are_read_where_day_and_month_cannot_be_confused(text: str, day: object) -> None:
    assert date_from_text(text) == day


def test_truth_values_are_read() -> None:
    assert [boolean_from_text(text) for text in ("TRUE", "no")] == [True, False]
    assert boolean_from_text("maybe") == "is neither true nor false"


DICTIONARY = DataDictionary(
    (
        FactDefinition("amount", "number", "[0..1000000]"),
        FactDefinition("currency", "string", '"EUR","USD"', required=False),
        FactDefinition("name", "string", required=False),
        FactDefinition("vip", "boolean", required=False),
        FactDefinition("day", "date", '> date("2000-01-01")', required=False),
        FactDefinition("moment", "date and time", required=False),
        FactDefinition("clock", "time", required=False),
        FactDefinition("wait", "days and time duration", required=False),
        FactDefinition("term", "years and months duration", required=False),
        FactDefinition("iban", "string", '"DE"', required=False, sensitive=True),
        FactDefinition("pin", "number", required=False, sensitive=True),
        FactDefinition("origin", "string", protected=True),
    )
)


def test_each_type_is_read_into_its_feel_value() -> None:
    facts, diagnostics = DICTIONARY.check(
        {
            "amount": 0.1,
            " currency ": " EUR\u00a0",
            "name": 4711.0,
            "vip": "yes",
            "day": datetime.datetime(2024, 1, 31),
            "moment": datetime.date(2024, 1, 31),
            "clock": "14:30:00",
            "wait": datetime.timedelta(days=2, hours=3),
            "term": "P1Y6M",
            "something else": 5,
        }
    )
    assert diagnostics == []
    assert {name: str(value) if value is not None else None for name, value in facts.items()} == {
        "amount": "0.1",
        "currency": "EUR",
        "name": "4711",
        "vip": "True",
        "day": "2024-01-31",
        "moment": "2024-01-31T00:00:00",
        "clock": "14:30:00",
        "wait": "P2DT3H",
        "term": "P1Y6M",
        "iban": None,
        "pin": None,
    }
    again, diagnostics = DICTIONARY.check(facts)
    assert (again, diagnostics) == (facts, [])


@pytest.mark.parametrize(
    ("given_facts", "message"),
    [
        ({}, "the required fact `amount` is missing"),
        ({"Amount": 5}, "the required fact `amount` is missing; the case has `Amount`"),
        ({"amount": None}, "the required fact `amount` is blank"),
        ({"amount": " \u00a0"}, "the required fact `amount` is blank"),
        ({"amount": "abc"}, "the fact `amount` must be a number, but `abc` is not a number"),
        (
            {"amount": "1.234"},
            "the fact `amount` must be a number, but `1.234` can be read as 1234 or as 1.234",
        ),
        ({"amount": -1}, "the fact `amount` is `-1`, outside its allowed values [0..1000000]"),
        ({"amount": float("nan")}, "the fact `amount` must be a number, but `nan` is not a finite number"),
        ({"amount": True}, "the fact `amount` must be a number, but `True` is a boolean"),
        ({"amount": [1]}, "the fact `amount` must be a number, but `[1]` is a list"),
        ({"amount": datetime.date(2024, 1, 1)}, "must be a number, but `2024-01-01` is a date"),
        (
            {"amount": UnreadableCell("is the error #N/A")},
            "must be a number, but its value is the error #N/A",
        ),
        (
            {"amount": 1, "currency": "JPY"},
            'the fact `currency` is `JPY`, outside its allowed values "EUR","USD"',
        ),
        ({"amount": 1, "currency": 5}, "the fact `currency` is `5`, outside"),
        ({"amount": 1, "name": 0.5}, "the fact `name` must be a string, but `0.5` is a number with decimals"),
        ({"amount": 1, "name": True}, "the fact `name` must be a string, but `True` is a boolean"),
        ({"amount": 1, "vip": 1}, "the fact `vip` must be a boolean, but `1` is a number"),
        (
            {"amount": 1, "vip": "maybe"},
            "the fact `vip` must be a boolean, but `maybe` is neither true nor false",
        ),
        ({"amount": 1, "day": 45000}, "the fact `day` must be a date, but `45000` is a number"),
        ({"amount": 1, "day": datetime.datetime(2024, 1, 1, 8)}, "has a time of day"),
        ({"amount": 1, "day": "1.1.1999"}, "the fact `day` is `1999-01-01`, outside its allowed values"),
        ({"amount": 1, "clock": "noon"}, "the fact `clock` must be a time, but `noon` can't be read as one"),
        ({"amount": 1, "moment": 7}, "the fact `moment` must be a date and time, but `7` is a number"),
        ({"amount": 1, "wait": "P1Y"}, "must be a days and time duration, but `P1Y` can't be read as one"),
        ({"amount": 1, "iban": "FR76 1234"}, 'the fact `iban` has a value outside its allowed values "DE"'),
        ({"amount": 1, "pin": "12a4"}, "the fact `pin` must be a number, but its value is not a number"),
    ],
)
def test_a_fact_that_cannot_be_trusted_is_null_and_a_doubt(given_facts: dict[str, Any], message: str) -> None:
    facts, diagnostics = DICTIONARY.check(given_facts)
    assert [item for item in diagnostics if message in item.message and item.is_doubt], diagnostics
    assert len(diagnostics) == 1
    assert facts[diagnostics[0].message.split("`")[1]] is None


def test_protected_facts_are_left_out_and_never_missed() -> None:
    facts, diagnostics = DICTIONARY.check({"amount": 1, "origin": "x"})
    assert "origin" not in facts
    assert diagnostics == []
    assert DICTIONARY.protected == {"origin"}
    assert DICTIONARY.sensitive == {"iban", "pin"}
    assert "origin" in DICTIONARY.names
    assert "origin" not in DICTIONARY.open_names

"""FEEL's values. ``None``, ``bool``, ``Decimal``, ``str``, ``list`` and ``dict`` are Python's own; the rest is here."""

from referee.feel.values.at_literals import parse_at_literal
from referee.feel.values.convert import to_feel
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration, parse_duration
from referee.feel.values.equality import equal, equality_key
from referee.feel.values.functions import FeelFunction
from referee.feel.values.numbers import parse_number, to_number
from referee.feel.values.operators import add, divide, multiply, negate, power, subtract
from referee.feel.values.ordering import compare, greater, greater_or_equal, less, less_or_equal
from referee.feel.values.properties import property_of
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import (
    FeelDate,
    FeelDateTime,
    FeelTime,
    parse_date,
    parse_date_time,
    parse_time,
)
from referee.feel.values.text import string

__all__ = [
    "DaysTimeDuration",
    "FeelDate",
    "FeelDateTime",
    "FeelFunction",
    "FeelTime",
    "Range",
    "YearsMonthsDuration",
    "add",
    "compare",
    "divide",
    "equal",
    "equality_key",
    "greater",
    "greater_or_equal",
    "less",
    "less_or_equal",
    "multiply",
    "negate",
    "parse_at_literal",
    "parse_date",
    "parse_date_time",
    "parse_duration",
    "parse_number",
    "parse_time",
    "power",
    "property_of",
    "string",
    "subtract",
    "to_feel",
    "to_number",
]

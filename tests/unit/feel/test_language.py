"""What FEEL texts mean, as tables: ``expression => value ! codes of the diagnostics``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from referee import feel
from referee.domain import Evaluation
from referee.feel.values import equal

FOLDER = Path(__file__).parent / "language"
CONTEXT = {
    "amount": 1200,
    "flag": True,
    "full name": "Ann Lee",
    "first-name": "Ann",
    "a": 7,
    "b": 2,
    "a-b": 100,
    "decision 2.1": 3,
    "days in weekend": ["sat", "sun"],
    "for sale": True,
    "date": 5,
    "customer's age": 42,
    "total €": 9,
    "customer": {"name": "Bo", "home address": {"post code": "10115"}, "tax-id": "T1", "age": 30},
}


def rows(*files: str) -> list[tuple[str, str]]:
    found = []
    for file in files:
        for line in (FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                given, _, wanted = line.rpartition(" => ")
                found.append((given.strip(), wanted))
    return found


def assert_gives(evaluation: Evaluation, wanted: str) -> None:
    text, _, codes = wanted.partition(" ! ")
    value = feel.evaluate(text).value
    assert equal(evaluation.value, value) is True, evaluation
    assert type(evaluation.value) is type(value)
    assert [each.code for each in evaluation.diagnostics] == codes.split(), evaluation.diagnostics
    assert all(each.span is not None for each in evaluation.diagnostics)


@pytest.mark.parametrize(("text", "wanted"), rows("literals", "names", "operators", "forms"))
def test_expression_means(text: str, wanted: str) -> None:
    assert_gives(feel.evaluate(text, CONTEXT), wanted)


@pytest.mark.parametrize(("text", "wanted"), rows("unary_tests"))
def test_input_cell_says(text: str, wanted: str) -> None:
    value, _, tests = text.partition(" ; ")
    assert_gives(feel.unary_tests(tests, feel.evaluate(value).value, CONTEXT), wanted)


@pytest.mark.parametrize(("text", "wanted"), rows("literals", "names", "operators", "forms"))
def test_printed_expression_parses_back(text: str, wanted: str) -> None:
    members = {"tax-id"}
    tree = feel.parse_expression(text, CONTEXT, members)
    assert feel.parse_expression(feel.to_text(tree), CONTEXT, members) == tree


@pytest.mark.parametrize(("text", "wanted"), rows("unary_tests"))
def test_printed_input_cell_parses_back(text: str, wanted: str) -> None:
    tests = text.partition(" ; ")[2]
    tree = feel.parse_unary_tests(tests, CONTEXT)
    assert feel.parse_unary_tests(feel.to_text(tree), CONTEXT) == tree


def test_diagnostic_marks_the_characters_it_is_about() -> None:
    (diagnostic,) = feel.evaluate('1 + ("a" < 2)').diagnostics
    assert diagnostic.span == (5, 12)


def test_names_are_those_taken_from_the_scope() -> None:
    expression = feel.compile_expression(
        "for x in orders[total > limit] return x.total + count(orders) + full name",
        ["orders", "limit", "full name"],
    )
    assert expression.names == {"orders", "limit", "full name"}


def test_values_are_looked_up_only_when_needed() -> None:
    class Scope(dict[str, object]):
        def __missing__(self, name: str) -> object:
            raise AssertionError(f"{name} was asked for")

    scope = Scope(sure=True, amount=Decimal(5))
    expression = feel.compile_expression(
        "if sure or costly then amount else costly", ["sure", "amount", "costly"]
    )
    assert expression(scope, []) == 5


def test_a_value_feel_cannot_hold_is_null_and_a_diagnostic() -> None:
    evaluation = feel.evaluate("rate = null", {"rate": float("nan")})
    assert evaluation.value is True
    assert [each.code for each in evaluation.diagnostics] == ["number-out-of-range"]


def test_an_unknown_name_that_looks_like_a_known_one_is_pointed_out() -> None:
    (diagnostic,) = feel.evaluate("amuont > 5", CONTEXT).diagnostics
    assert diagnostic.message == "there is no `amuont` here; did you mean `amount`?"

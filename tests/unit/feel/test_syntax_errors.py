"""A text that is not FEEL: the sentence, the spot, the remedy."""

from __future__ import annotations

import pytest

from referee import feel

EXPRESSIONS = [
    ("", "nothing is written here", ""),
    ("1 +", "a value is missing before the end", ""),
    ("1 + * 2", "a value is missing at `*`", "*"),
    ("(1 + 2", "`)` is missing before the end; close `(` with `)`", ""),
    ("[1, 2", "`]` is missing before the end", ""),
    ("[1..5", "the range has no closing bracket before the end; end it with `]`", ""),
    ("]1, 2]", "`..` is missing at `,`", ","),
    ('"abc', 'this string has no end; close it with `"`', '"abc'),
    ("1 /* and", "this comment has no end; close it with `*/`", "/* and"),
    ("a == 1", "FEEL compares with a single `=`", "="),
    ("a => 1", "write `>=`", ">"),
    ("a <> 1", "write `!=` for not equal", ">"),
    ("a && b", "write `and`", "&"),
    ("a || b", "write `or`", "|"),
    ("'a'", 'write strings in double quotes, like `"low"`', "'"),
    ("“a”", "write strings in straight quotes", "“"),
    ("1 ≤ 2", "write `<=`", "≤"),
    ("1,5", "write a decimal point `.`", ","),
    ("5 %", "write `modulo(a, b)`", "%"),
    ("if a then b", "`else` is missing before the end", ""),
    ("for x in y", "`return` is missing before the end", ""),
    ("some x in y", "`satisfies` is missing before the end", ""),
    ("for in y return 1", "a name is missing", "in"),
    ("{a 1}", "put `:` behind the name", "}"),
    ("{a: 1, a: 2}", 'the context has two entries "a"', "a"),
    ("{a: 1", "`,` or `}` is missing before the end", ""),
    ("f(a: 1, 2)", "name either all arguments or none", "2"),
    ("f(1, a: 2)", "name either all arguments or none", "2"),
    ("f(a: 1, a: 2)", "the parameter a is given twice", ":"),
    ("a.", "a name is missing after the dot", ""),
    ("@5", "a string is missing after `@`", "5"),
    ('"\\ud800"', "`\\ud800` is not a character", "\\ud800"),
    ("1 instance of", "a type is missing", ""),
    ("1e99999", "the result is larger than the largest FEEL number", "1e99999"),
    ("then 1", "a value is missing at `then`; `then` is a word of FEEL", "then"),
    ("(" * 100 + "1" + ")" * 100, "nests too deeply", None),
    ("1" + " + 1" * 300, "nests too deeply", None),
]
CELLS = [
    ("", "write a test, or `-` for any value", ""),
    (">>= 10", "write `>=`", ">="),
    ("> 5 and < 10", "`and` can't join tests", "and"),
    ("=< 5", "write `<=`", "<"),
    ("[100..500", "the range has no closing bracket before the end", ""),
    ("low, medium high,", "a value is missing before the end", ""),
    ("5 6", "this is one thing too many at `6`", "6"),
]


@pytest.mark.parametrize(("text", "sentence", "spot"), EXPRESSIONS)
def test_expression_is_refused_with_a_remedy(text: str, sentence: str, spot: str | None) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse_expression(text)
    assert_tells(caught.value, text, sentence, spot)


@pytest.mark.parametrize(("text", "sentence", "spot"), CELLS)
def test_input_cell_is_refused_with_a_remedy(text: str, sentence: str, spot: str | None) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse_unary_tests(text)
    assert_tells(caught.value, text, sentence, spot)


def assert_tells(error: feel.FeelSyntaxError, text: str, sentence: str, spot: str | None) -> None:
    assert sentence in error.message
    assert error.text == text
    if spot is not None:
        start, end = error.span
        assert text[start:end] == spot
    assert "^" in str(error)


def test_error_shows_the_line_and_a_caret_under_the_spot() -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse_expression("1 +\n  2 ==\n3")
    assert str(caught.value).splitlines()[1:] == ["    2 ==", "       ^"]


def test_error_shows_only_the_part_of_a_long_line_around_the_spot() -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse_expression("1 + " * 60 + "'x")
    shown = str(caught.value).splitlines()
    assert len(shown[1]) <= 102
    assert shown[1][shown[2].index("^")] == "'"

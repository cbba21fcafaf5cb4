"""Hostile FEEL: whatever the text, there is a value or null with a reason, soon, and never another exception.

``REFEREE_FUZZ_EXAMPLES`` sets how many texts each test tries.
"""

from __future__ import annotations

import os
import time
from typing import Any

from defusedxml.ElementTree import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee import feel
from referee.domain import Evaluation
from referee.feel.builtins import BUILTINS as BUILTINS_BY_NAME
from tests.conformance.kit import kit_folder
from tests.unit.feel.syntax_strategies import EXPRESSIONS, NAMES, SCOPES

EXAMPLES = int(os.environ.get("REFEREE_FUZZ_EXAMPLES", "150"))
SECONDS = 60.0  # on a busy machine; most take a few milliseconds
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def kit_texts() -> list[str]:
    """The expressions of the compatibility kit; a few of our own where it isn't there."""
    texts = {"1 + 2", "[1, 2][item > 1]", '{a: "x"}.a', "for i in 1..3 return partial"}
    folder = kit_folder()
    for path in sorted(folder.glob("*/*/*.dmn")) if folder else ():
        for element in parse(path).iter():
            if str(element.tag).endswith("}text") and element.text and len(element.text) < 400:
                texts.add(element.text.strip())
    return sorted(texts)


HUGE = st.sampled_from(
    ["1e6000", "-1e6144", "10**9", "1e-6176", "999999999999", "0.1", "2 ** 0.5", "1/3", "-0", "10**10**10"]
)
MANY = st.sampled_from(["1..10**9", "1..100000", "-5..1e30", "1..300", "[1..1e9]", "1..0", "null", "[]"])
TEMPORAL = st.sampled_from(
    [
        *('@"-999999999-01-01"', '@"999999999-12-31T23:59:59.999999999@Europe/Paris"', '@"P999999999999D"'),
        *(
            '@"-P99999999Y11M"',
            '@"23:59:59+14:00"',
            'date("0000-00-00")',
            '@"2024-02-29"',
            "date(1e9, 2, 29)",
        ),
    ]
)
PATTERNS = st.sampled_from(
    [
        "(a+)+$",
        "(a|aa)*b",
        "((a?){50}){50}",
        "(.*)(.*)(.*)x",
        "(a)\\\\1*",
        "[a-z-[aeiou]]",
        "(",
        "\\\\p{L}*",
        "",
    ]
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "<", "=", "!=", ">=", "and", "or", "in"])
LEAVES = st.one_of(
    HUGE,
    TEMPORAL,
    MANY.map(lambda text: f"(for i in {text} return i)"),
    st.sampled_from(['"a"', "a", "true", "?"]),
)
BUILTINS = st.sampled_from(sorted(BUILTINS_BY_NAME))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(" ".join).map(lambda text: f"({text})"),
        st.tuples(BUILTINS, st.lists(inner, max_size=4)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        st.tuples(MANY, inner).map(lambda loop: f"(for i in {loop[0]} return {loop[1]})"),
        inner.map(lambda text: f"(for i in 1..200000 return [partial, {text}])"),
        inner.map(
            lambda text: f"(for i in 1..50 return if i = 1 then {text} else [partial[-1], partial[-1]])"
        ),
        inner.map(lambda text: f"{{f: function(x) f(x) + {text}, r: f(1)}}.r"),
        inner.map(lambda text: f"sort({text}, function(x, y) x < y)"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{a: {pair[0]}, b: [a, a], c: {pair[1]}}}"),
        st.tuples(inner, PATTERNS).map(lambda pair: f'matches(string({pair[0]}), "{pair[1]}")'),
        st.tuples(inner, PATTERNS).map(lambda pair: f'replace(string({pair[0]}), "{pair[1]}", "$0$0")'),
        st.tuples(inner, PATTERNS).map(lambda pair: f'split(string({pair[0]}), "{pair[1]}")'),
        inner.map(lambda text: f"({text} instance of list<context<a: number>>)"),
    )


HOSTILE = st.recursive(LEAVES, _larger, max_leaves=5)


MARKS = st.sampled_from(["(", ")", "[", "]", "..", '"', "{", "}", ",", ":", " in ", "null", "\\", "\u2028"])
OPENINGS = st.sampled_from(
    [
        *(
            "(",
            "[",
            "{a:",
            "if ",
            "not(",
            "-",
            "a.",
            "f(",
            "1 + ",
            "1 and ",
            "for a in ",
            "x in (",
            "@",
            "/*",
            "[1..",
        ),
        *(
            "function(a) ",
            "a instance of list<",
            "some a in a satisfies ",
            "1 between ",
            "a[",
            "}",
            ")]",
            '"',
        ),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with a few pieces cut, doubled, moved or replaced by those of another."""
    text = draw(texts)
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(text)))
        last = min(len(text), first + draw(st.integers(0, 12)))
        piece = draw(
            st.one_of(
                st.just(""),
                st.just(text[first:last] * 2),
                texts.map(lambda other: other[:12]),
                MARKS,
                st.text(max_size=3),
            )
        )
        text = text[:first] + piece + text[last:]
    return text


def evaluated(text: str, context: Any = None) -> None:
    """Evaluates a text both ways; only what is documented may come of it."""
    started = time.process_time()
    try:
        evaluation = feel.evaluate(text, context or {"a": 1})
        assert isinstance(evaluation, Evaluation)
        assert all(each.code and each.message for each in evaluation.diagnostics)
    except feel.FeelSyntaxError as error:
        assert error.message
        assert 0 <= error.span[0] <= error.span[1] <= len(text)
    try:
        verdict = feel.unary_tests(text, 1, context or {"a": 1})
        assert verdict.value in (True, False, None)
        assert verdict.value is not None or verdict.diagnostics, "doubt comes with a reason"
    except feel.FeelSyntaxError as error:
        assert error.message
    assert time.process_time() - started < SECONDS


@settings(fuzz, max_examples=max(1, EXAMPLES // 10))  # many of these go to the bounds, which takes a second
@given(HOSTILE)
def test_hostile_expressions_are_evaluated_in_bounded_time(text: str) -> None:
    evaluated(text)


@fuzz
@given(mutated(st.sampled_from(kit_texts())))
def test_mutated_expressions_of_the_compatibility_kit(text: str) -> None:
    evaluated(text)


@fuzz
@given(mutated(EXPRESSIONS.map(feel.to_text)), SCOPES)
def test_mutated_random_trees(text: str, scope: dict[str, Any]) -> None:
    assert set(scope) == set(NAMES)
    evaluated(text, scope)


@fuzz
@given(st.text(max_size=60))
def test_any_characters(text: str) -> None:
    evaluated(text)


@settings(fuzz, max_examples=max(1, EXAMPLES // 3))
@given(
    OPENINGS,
    st.sampled_from([1, 3, 40, 70, 1_000, 10_000]),
    st.sampled_from(["", "1", "a", '"']),
)
def test_deep_nesting(opening: str, times: int, end: str) -> None:
    evaluated(opening * times + end)

"""What would take too long or too much memory has no value, and a diagnostic says why."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from referee import feel
from referee.domain import Diagnostic


def doubled(last: str, result: str, first: str = "[1, 1]") -> str:
    entries = ", ".join(f"x{n}: {last.replace('x', f'x{n - 1}')}" for n in range(1, 60))
    return f"{{x0: {first}, {entries}, r: {result}}}.r"


NESTED = "for i in 1..60 return if i = 1 then [1, 2] else [partial[-1], partial[-1]]"
TOO_MUCH = [
    # lists that grow without a loop, or in one
    doubled("concatenate(x, x)", "x59[1]"),
    "for i in 1..60 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])",
    "for i in 1..100000 return partial",
    "for i in 1..100000 return append(partial, i)",
    "for i in 1..100000 return {a: partial}.a",
    "for i in 1..100000 return sum(partial)",
    # small lists that hold one another over and over: looking at all of one has no end
    doubled("[x, x]", "x59"),
    doubled("[x, x]", "string(x59)"),
    doubled("[x, x]", "string(x59)", "1e-6176"),
    doubled("[x, x]", "flatten(x59)"),
    doubled("[x, x]", "x59.a"),
    doubled("[x, x]", "distinct values(x59)"),
    doubled("[x, x]", "x59 = [[x57, x57], x58]"),
    doubled("{a: x, b: x}", "x59 = {a: {a: x57, b: x57}, b: x58}", "{a: 1}"),
    NESTED,
    f"string({NESTED})",
    # texts
    "for i in 1..100000 return string(partial)",
    'for i in 1..60 return if i = 1 then "0123456789" else partial[-1] + partial[-1]',
    'for i in 1..10000 return string join(for j in 1..i return "0123456789")',
    # patterns, each of them within its own bound
    f'for i in 1..1000000 return matches("{"a" * 1000}", "(a*)*b")',
    'for i in 1..1000000 return matches("' + "ab" * 500 + '", "(.+)\\\\1\\\\1x")',
    'for i in 1..1000000 return matches("a", "a{1000}b{1000}" + string(i))',
    # numbers that take long
    "for i in 1..1000000 return exp(1.2345)",
    "for i in 1..1000000 return 1.2345 ** 1.2345",
    "for i in 1..1000000 return modulo(1e6000, 3e-6000)",
]


@pytest.mark.parametrize("text", TOO_MUCH, ids=[text[:50] for text in TOO_MUCH])
def test_what_takes_too_much_has_no_value_and_a_reason(text: str) -> None:
    started = time.process_time()
    evaluation = feel.evaluate(text)
    assert time.process_time() - started < 60
    codes = [each.code for each in evaluation.diagnostics]
    grown_text = evaluation.value is not None and "text-too-long" in codes
    assert grown_text or (evaluation.value is None and codes[-1] in ("too-many-items", "too-many-steps"))
    length = len(text)
    assert all(each.span and 0 <= each.span[0] <= each.span[1] <= length for each in evaluation.diagnostics)


def test_a_result_that_nests_too_deeply_for_any_reader_is_refused() -> None:
    evaluation = feel.evaluate("for i in 1..1000 return if i = 1 then [1] else [partial[-1]]")
    assert evaluation.value is None
    assert [each.code for each in evaluation.diagnostics] == ["too-deep"]


def test_growth_is_stopped_before_memory_is_full() -> None:
    tracemalloc.start()
    feel.evaluate("for i in 1..100000 return partial")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000_000


def test_large_but_plain_work_is_done() -> None:
    for text, expected in (
        ("count(for i in 1..300000 return i)", 300_000),
        ("sum(for i in 1..100000 return i * 2)", 10_000_100_000),
        ("count(distinct values(for i in 1..100000 return string(i)))", 100_000),
        ("count(for i in 1..1000 return count((for j in 1..100 return j)[item > i]))", 1000),
        (f'count(for i in 1..5000 return matches("ab{"c" * 20}@de.org", "^[a-z]+@[a-z]+[.][a-z]+$"))', 5000),
    ):
        assert feel.evaluate(text).value == expected


def test_bounds_count_for_each_evaluation_anew() -> None:
    expression = feel.compile_expression("sum(for i in 1..10000 return sum(a))", ["a"])
    for _ in range(5):
        sink: list[Diagnostic] = []
        assert expression({"a": feel.evaluate("for i in 1..100 return i").value}, sink) == 10_000 * 5_050
        assert not sink

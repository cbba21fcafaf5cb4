"""Patterns: the two ways of matching agree with each other and with Python's `re`, and none takes for ever."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referee.feel.fault import Fault
from referee.feel.regex import compile_pattern
from referee.feel.regex.character_set import LAST, CharacterSet

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-c-[b]]", "^", "$", "\\n", "\\d"])


def _larger(inner):
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{1,}?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    )


PATTERNS = st.recursive(ATOMS, _larger, max_leaves=6)
TEXTS = st.text(alphabet="abc\n1", max_size=8)


@given(PATTERNS, TEXTS, st.sampled_from(["", "m", "s", "i"]))
def test_both_ways_of_matching_find_the_same(pattern, text, flags):
    compiled = compile_pattern(pattern, flags)
    quick, bounded = list(compiled._quick_matches(text)), list(compiled._bounded_matches(text))
    assert bool(quick) == bool(bounded)
    # a loop around what may be empty can stop sooner or later; such patterns always go to the bounded matcher
    if compiled._degree is not None and not compiled.matches_nothing:
        assert quick == bounded


@given(st.from_regex(re.compile(r"[a-z]{1,3}(,[a-z]{1,3})*", re.ASCII), fullmatch=True))
def test_plain_patterns_agree_with_python(text):
    pattern = "[a-m]+,|z"
    found = [spans[0] for spans in compile_pattern(pattern, "").matches(text)]
    assert found == [match.span() for match in re.finditer(pattern, text)]


@given(st.text(max_size=30), st.text(max_size=20), st.sampled_from(["", "s", "m", "i", "x", "q", "smix"]))
def test_any_text_is_a_pattern_or_a_fault(pattern, text, flags):
    try:
        compile_pattern(pattern, flags).is_found_in(text)
    except Fault as fault:
        assert fault.code in ("invalid-pattern", "too-much-work")


RANGES = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))), max_size=5
)


@given(RANGES, RANGES, st.integers(0, 330))
def test_character_sets_are_sets(left, right, code):
    one, other = CharacterSet.of(left), CharacterSet.of(right)
    in_one, in_other = (any(first <= code <= last for first, last in ranges) for ranges in (left, right))
    assert (code in one) == in_one
    assert (code in one.union(other)) == (in_one or in_other)
    assert (code in one.complement()) == (not in_one)
    assert (code in one.without(other)) == (in_one and not in_other)
    assert one.complement().complement() == one
    assert CharacterSet(()).complement().ranges == ((0, LAST),)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 5_000 + "!"),
        ("(a|aa)+$", "a" * 5_000 + "!"),
        ("(a?){30}a{30}$", "a" * 30 + "!"),
        ("^(.*,){12}P", "1," * 2_000),
        ("a*a*a*a*a*a*b", "a" * 2_000),
        ("(x+x+)+y", "x" * 3_000),
        (".*.*=.*", "x" * 3_000),
        ("(a*)*\\1b", "a" * 1_000),
        ("(.+)\\1\\1x", "ab" * 1_000),
        ("((a{1,100}){1,100}){1,100}", "a" * 50),
    ],
)
def test_no_pattern_takes_for_ever(pattern, text):
    started = time.perf_counter()
    try:
        assert compile_pattern(pattern, "").is_found_in(text) is False
    except Fault as fault:
        assert fault.code == "too-much-work"
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("depth", [90, 200, 4_000])
def test_deep_nesting_is_no_crash(depth):
    pattern = "(" * depth + "a" + ")" * depth
    try:
        assert compile_pattern(pattern, "").is_found_in("a")
    except Fault as fault:
        assert depth > 90
        assert fault.code == "invalid-pattern"

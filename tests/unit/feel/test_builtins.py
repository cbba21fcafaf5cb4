"""Built-in functions as data: an expression, and what `string()` makes of its value, or the code of its fault."""

from __future__ import annotations

import datetime as dt

import pytest

from referee import feel
from referee.feel import clock
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.values import string

NUMERIC = """
decimal(2.5, 0)                          => 2
decimal(-1.005, 2)                       => -1.00
floor(-1.56, 1)                          => -1.6
ceiling(-1.5)                            => -1
round up(1.121, 2)                       => 1.13
round down(-1.126, 2)                    => -1.12
round half up(-5.5, 0)                   => -6
round half down(-5.5, 0)                 => -5
round half up(15, -1)                    => 20
round up(5.5, 6177)                      => out-of-range
abs(-1)                                  => 1
abs(duration("-P1D"))                    => P1D
abs(true)                                => wrong-argument
modulo(-12, 5)                           => 3
modulo(12, -5)                           => -3
modulo(10.1, -4.5)                       => -3.4
modulo(1e40 + 1, 7)                      => 4
modulo(10, 0)                            => division-by-zero
sqrt(16)                                 => 4
sqrt(-1)                                 => out-of-range
log(1)                                   => 0
log(0)                                   => out-of-range
exp(0)                                   => 1
exp(1e6)                                 => number-out-of-range
even(-2)                                 => true
odd(-1)                                  => true
odd("1")                                 => wrong-argument
floor()                                  => wrong-arguments
floor(n: 1.56, scale: 1)                 => 1.5
floor(m: 1.56)                           => wrong-arguments
floor(null)                              => null-argument
"""

STRINGS = """
substring("foobar", 3)                   => obar
substring("foobar", -2, 1)               => a
substring("foobar", 3, 3.8)              => oba
substring("foobar", 0)                   => out-of-range
substring("foobar", 7)                   => out-of-range
substring("foobar", 1, 0)                => out-of-range
string length("a😀b")                    => 3
substring("a😀b", 2, 1)                  => 😀
upper case("straße")                     => STRASSE
lower case("ABC")                        => abc
substring before("foobar", "bar")        => foo
substring before("foobar", "x")          =>
substring after("foobar", "ob")          => ar
substring after("foobar", "x")           =>
contains("foobar", "bar")                => true
starts with("foobar", "fo")              => true
ends with("foobar", "r")                 => true
contains("foobar", null)                 => null-argument
string join(["a", null, "c"], "-")       => a-c
string join([])                          =>
string join([1])                         => wrong-argument
string(1.10)                             => 1.10
string(1e3)                              => 1000
string(true)                             => true
string(null)                             => null
string([1, "a", null, {b: "c"}])         => [1, "a", null, {b: "c"}]
string({"a-b": [1..3)})                  => {"a-b": [1..3)}
string(@"2024-02-29")                    => 2024-02-29
string((< 10))                           => < 10
upper case(["a"])                        => A
"""

REGULAR_EXPRESSIONS = """
matches("foobar", "^fo*b")               => true
matches("abc", "ABC", "i")               => true
matches("K", "k", "i")              => true
matches("ABAB", "(ab)\\\\1", "i")        => true
matches("x", "[A-Z-[OI]]", "i")          => true
matches("o", "[A-Z-[OI]]", "i")          => false
matches("a\\nb", "a.b")                  => false
matches("a\\nb", "a.b", "s")             => true
matches("a\\nb", "^b$", "m")             => true
matches("a\\nb\\n", "^$", "m")           => false
matches("ab", "a b", "x")                => true
matches("a b", "a[ ]b", "x")             => true
matches("a.b", "a.b", "q")               => true
matches("a_b", "a.b", "q")               => false
matches("é", "\\\\p{Ll}")                => true
matches("α", "\\\\p{IsGreek}")           => true
matches("_", "\\\\w")                    => false
matches("٣", "\\\\d")                    => true
matches("a", "(?=a)")                    => invalid-pattern
matches("a", "\\\\bword")                => invalid-pattern
matches("a", "a{2")                      => invalid-pattern
matches("a", "[b-a]")                    => invalid-pattern
matches("a", "(a")                       => invalid-pattern
matches("a", "a)")                       => invalid-pattern
matches("a", "*a")                       => invalid-pattern
matches("a", "(a)\\\\2")                 => invalid-pattern
matches("a", "\\\\p{Xx}")                => invalid-pattern
matches("a", "a", "g")                   => invalid-flags
matches("a", null)                       => null-argument
replace("abracadabra", "a(.)", "a$1$1")  => abbraccaddabbra
replace("abcd", "(ab)|(a)", "[$1][$2]")  => [ab][]cd
replace("a.b", ".", "$", "q")            => a$b
replace("12", "(1)", "$12")              => 122
replace("abc", "b", "\\\\$")             => a$c
replace("abc", "b", "$")                 => invalid-replacement
replace("abc", "b", "\\\\x")             => invalid-replacement
replace("abc", "x*", "-")                => invalid-pattern
split("John Doe", "\\\\s")               => ["John", "Doe"]
split("a;b;;", ";")                      => ["a", "b", "", ""]
split("ab", "")                          => invalid-pattern
"""

LISTS = """
sort([2, 1], [function(x, y) x < y])     => [1, 2]
list contains([1, 2], 2)                 => true
list contains([null], null)              => true
count([1, null])                         => 2
count(null)                              => null-argument
min(3, 1, 2)                             => 1
max(["a", "b"])                          => b
max([])                                  => empty-list
max([1, "a"])                            => not-comparable
max([1, null])                           => null-operand
sum([1, 2.5])                            => 3.5
sum([])                                  => empty-list
sum([1, null])                           => null-argument
product(2, 3, 4)                         => 24
mean([1, 2])                             => 1.5
median([8, 2, 5, 7])                     => 6
median([3, 1, 2])                        => 2
stddev([1, 3])                           => 1.414213562373095048801688724209698
stddev([47])                             => empty-list
mode([6, 1, 9, 6, 1])                    => [1, 6]
mode([])                                 => []
all([true, null, false])                 => false
all([true, null])                        => null-argument
any([null, true])                        => true
any([])                                  => false
sublist([1, 2, 3], -2)                   => [2, 3]
sublist([1, 2, 3], 1, 4)                 => out-of-range
append([1], 2, 3)                        => [1, 2, 3]
concatenate([1, 2], [[3]])               => [1, 2, [3]]
insert before([1, 3], 2, 2)              => [1, 2, 3]
insert before([1, 3], 3, 2)              => out-of-range
remove([1, 2, 3], -1)                    => [1, 2]
reverse([1, 2])                          => [2, 1]
index of([1, 2, 1], 1)                   => [1, 3]
union([1, 2], [2, 3])                    => [1, 2, 3]
distinct values([1, 1.0, "1", {a: 1}, {a: 1.0}, true]) => [1, "1", {a: 1}, true]
flatten([1, [[2]], 3])                   => [1, 2, 3]
sort([3, 1, 2], function(x, y) x > y)    => [3, 2, 1]
sort([3, 1], function(x, y) null)        => wrong-argument
sort([3, 1], 5)                          => wrong-argument
list replace([1, 2, 3], -1, 4)           => [1, 2, 4]
list replace([2, 8], function(item, newItem) item < newItem, 5) => [5, 8]
list replace([2], function(item) true, 5) => wrong-arguments
list replace(list: [1, 2], position: 1, newItem: 9) => [9, 2]
"""

CONVERSIONS = """
number("1 000,5", " ", ",")              => 1000.5
number("1.000,5", ".", ",")              => 1000.5
number("1,000.5", ",", null)             => 1000.5
number("1,000.5", ",", ",")              => wrong-argument
number("1.000,5", ".", ".")              => wrong-argument
number("1.0.5", null, ".")               => invalid-number
number("1,5.0", " ", ",")                => invalid-number
date("2017-02-29")                       => invalid-date
date(2017, 1.5, 1)                       => wrong-argument
date(@"2017-08-14T14:25:00")             => 2017-08-14
time("23:59:00Z")                        => 23:59:00Z
time(11, 59, 45.25, duration("-PT2H45M55S")) => 11:59:45.25-02:45:55
time(@"2017-08-14")                      => 00:00:00Z
time(24, 0, 0)                           => invalid-time
date and time("2012-12-24")              => 2012-12-24T00:00:00
date and time(date("2017-01-01"), time("23:59:01Z")) => 2017-01-01T23:59:01Z
date and time(2017, 1, 2, 3, 4, 5)       => 2017-01-02T03:04:05
date and time(2017, 1, 2, 3, 4, 5, duration("PT2H")) => 2017-01-02T03:04:05+02:00
date and time(2017, 1, 2, 3, 4, 5, "Europe/Paris") => 2017-01-02T03:04:05@Europe/Paris
date and time(2017, 1, 2, 3, 4, 5, "Nowhere") => unknown-timezone
duration("P1Y27M")                       => P3Y3M
duration("1Y")                           => invalid-duration
years and months duration(@"2011-12-22", @"2013-08-24") => P1Y8M
years and months duration(@"2013-08-24", @"2011-12-22") => -P1Y8M
range("[18..21)")                        => [18..21)
range("(..@\\"2020-01-01\\"]")           => (..2020-01-01]
range("[1..]")                           => invalid-range
range("[3..1]")                          => invalid-range
range("[1..\\"b\\"]")                    => not-comparable
range("[1+1..3]")                        => invalid-range
"""

RANGES_AND_CONTEXTS = """
before([1..5), [5..10])                  => true
before([1..5], [5..10])                  => false
after(5, [1..5))                         => true
meets([1..5], [5..10])                   => true
met by([5..10], [1..5])                  => true
overlaps([1..5], (5..8])                 => false
overlaps before([1..5], [3..8])          => true
overlaps after([3..8], [1..5])           => true
finishes([5..10], [1..10])               => true
finished by([1..10], 10)                 => true
includes([1..10], [1..10))               => true
includes([[1..10]], [3])                 => true
before([1], 2)                           => true
during(5, (> 4))                         => true
starts(1, [1..10])                       => true
started by([1..10], [1..5])              => true
coincides([1..5], [1..5])                => true
includes((> 10), [1..5])                 => false
meets(1, 2)                              => wrong-argument
before(1, null)                          => null-argument
before(1, "a")                           => not-comparable
before(point: 1, range: [2..3])          => true
before(point1: 1, point2: 2)             => true
get value({a: 1}, "a")                   => 1
get value({a: 1}, "b")                   => null
get value({a: {b: 2}}, ["a", "b"])       => 2
get value({a: 1}, 1)                     => wrong-argument
get entries({a: 1})                      => [{key: "a", value: 1}]
context([{key: "a", value: 1}])          => {a: 1}
context([{key: "a", value: 1}, {key: "a", value: 2}]) => duplicate-entry
context put({a: {b: 1}}, ["a", "c"], 2)  => {a: {b: 1, c: 2}}
context put({a: 1}, ["a", "c"], 2)       => unknown-entry
context merge([{a: 1}, {a: 2, b: 3}])    => {a: 2, b: 3}
is(@"23:00:50Z", @"23:00:50+00:00")      => true
is(@"23:00:50Z", @"00:00:50+01:00")      => false
is(1, 1.0)                               => true
is(1, "1")                               => false
not(true)                                => false
not(1)                                   => wrong-argument
day of year(@"2020-12-31")               => 366
day of week(@"2019-09-17")               => Tuesday
month of year(@"2019-09-17T00:00:00")    => September
week of year(@"2010-01-01")              => 53
day of week("2019-09-17")                => wrong-argument
"""

LINES = "".join([NUMERIC, STRINGS, REGULAR_EXPRESSIONS, LISTS, CONVERSIONS, RANGES_AND_CONTEXTS])


@pytest.mark.parametrize("line", LINES.strip().replace("\n\n", "\n").splitlines())
def test_a_built_in_gives(line):
    expression, _, expected = line.partition("=>")
    evaluation = feel.evaluate(expression.strip().replace("\\\\", "\\"))
    codes = [diagnostic.code for diagnostic in evaluation.diagnostics]
    assert [*codes, *([] if codes else [string(evaluation.value)])] == [expected.strip()]
    assert evaluation.value is None or not codes


def test_every_built_in_of_the_standard_is_there():
    wanted = """
        string, number, date, time, date and time, duration, years and months duration, range, not, is,
        substring, string length, upper case, lower case, substring before, substring after, replace, contains,
        starts with, ends with, matches, split, string join,
        list contains, list replace, count, min, max, sum, mean, all, any, sublist, append, concatenate,
        insert before, remove, reverse, index of, union, distinct values, flatten, product, median, stddev, mode, sort,
        decimal, floor, ceiling, round up, round down, round half up, round half down, abs, modulo, sqrt, log, exp,
        odd, even, before, after, meets, met by, overlaps, overlaps before, overlaps after, finishes, finished by,
        includes, during, starts, started by, coincides,
        day of year, day of week, month of year, week of year, now, today,
        get value, get entries, context, context put, context merge
    """
    assert {name.strip() for name in wanted.replace("\n", " ").split(",")} == {
        " ".join(name.split()) for name in BUILTINS
    }


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=lambda builtin: builtin.name)
def test_wrong_use_of_any_built_in_is_a_fault_and_nothing_else(builtin):
    strange = [None, True, [], {}, "x", 1, [[]], builtin]
    for count in range(9):
        for value in strange:
            try:
                builtin(*[feel.evaluate("1").value if value == 1 else value] * count)
            except Fault as fault:
                assert fault.code
                assert fault.message


def test_now_and_today_read_the_given_clock():
    moment = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)
    with clock.reading(lambda: moment):
        assert string(feel.evaluate("now()").value) == "2024-02-29T23:30:00Z"
        assert string(feel.evaluate("today()").value) == "2024-02-29"
    assert string(feel.evaluate("today()").value) != "2024-02-29"


def test_a_list_given_to_a_built_in_is_never_changed():
    context = {"list": [3, 1, 2], "context": {"a": {"b": 1}}}
    for expression in (
        "sort(list, function(x, y) x < y)",
        "append(list, 4)",
        "remove(list, 1)",
        "insert before(list, 1, 0)",
        "reverse(list)",
        "list replace(list, 1, 9)",
        'context put(context, ["a", "b"], 2)',
        "context merge([context, {a: 1}])",
    ):
        value = feel.evaluate(
            f"{{before: [list, context], after: {expression}, same: before = [list, context]}}", context
        )
        assert value.value["same"] is True
        assert value.diagnostics == []

"""The short way through a table, single or by columns, gives what the long way gives: value, doubt and fired rules."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from math import inf, nan, nextafter
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from referee.dmn import DecisionNode, InputData, ItemDefinition, Model, TableLogic
from referee.domain import Diagnostic, Evaluation, InputError
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule, usual_column


class Text(str):
    """A text of a class of its own."""


class AnyCase(str):
    """A text that compares without regard to case."""

    def __eq__(self, other: object) -> bool:
        return self.lower() == str(other).lower()

    def __hash__(self) -> int:
        return hash("a")


class Word(StrEnum):
    A = "a"


NUMBERS = [
    *("0", "1", "2", "2.50", "-3", "0.3", "0.1", "0.30000000000000004", "0.3000000000000000444", "1000.10"),
    *("9007199254740992", "9007199254740993", "18014398509481985", "123456789012345678901234567890.1234"),
    *("0.0000001", "1234567890123456789012345678901234", "4.35", "0.1000000000000000055511151231257827"),
]
CELLS = {
    "number": NUMBERS,
    "string": ['"a"', '"b"', '"ab"', '""', '"ä"', '"3"'],
    "boolean": ["true", "false"],
}
FOREIGN = ["null", '@"2024-01-31"', '@"P1D"', '"a"', "1", "true"]
FLOATS = [0.1 + 0.2, 0.3, 0.1, 4.35, 1000.1, 2.5, 0.0, -0.0, 1e-7, 1e300, 5e-324, 9007199254740993.0, 2.0**60]
FLOATS += [nextafter(each, way) for each in (0.3, 0.1, 4.35, 1000.1, 2.5, 0.0, 9e15) for way in (inf, -inf)]
NUMBER_VALUES = [
    *FLOATS,
    *(
        nan,
        inf,
        -inf,
        1.7976931348623157e308,
        0,
        1,
        2,
        -3,
        2**53 - 1,
        2**53,
        2**53 + 1,
        -(2**53) - 1,
        10**40,
        10**7000,
    ),
    *map(Decimal, NUMBERS),
    *map(Decimal, ("0.299999999999999988897769753748", "1e-400", "-0", "1e7000", "NaN", "sNaN", "Infinity")),
    Decimal("0.29999999999999999999999999999999999999999999"),
]
ODD_VALUES = [
    *(np.float64(0.3), np.float32(0.3), np.float64("nan"), np.int64(2), np.uint64(2**64 - 1), np.bool_(True)),
    *(np.str_("a"), np.datetime64("2024-01-31"), Text("a"), AnyCase("A"), Word.A, None, "", "3", b"a"),
    *(
        datetime.date(2024, 1, 31),
        datetime.datetime(2024, 1, 31),
        datetime.time(10),
        datetime.timedelta(days=1),
    ),
    *([2], ["a"], [], {"a": 1}, object(), 1 + 2j),
]
VALUES: dict[str, list[Any]] = {
    "number": NUMBER_VALUES,
    "string": ["a", "b", "ab", "", "ä", "a?", "\0"],
    "boolean": [True, False],
}
TYPES = (
    ItemDefinition("amount", "number", allowed_values=CellText("[-3..1000.10], 9007199254740993")),
    ItemDefinition("letter", "string", allowed_values=CellText('"a", "b", "x"')),
    ItemDefinition("sure", "boolean", constraint=CellText("true")),
)
NARROWER = {"number": "amount", "string": "letter", "boolean": "sure"}


@st.composite
def cells(draw: st.DrawFn, kind: str) -> str:
    literal = st.sampled_from(CELLS[kind])
    if draw(st.integers(0, 9)) == 0:
        literal = st.sampled_from(FOREIGN)
    shape = draw(st.integers(0, 5))
    if shape == 0:
        return "-"
    if shape == 1:
        return ", ".join(draw(st.lists(literal, min_size=1, max_size=3)))
    if shape == 2:
        return f"not({', '.join(draw(st.lists(literal, min_size=1, max_size=2)))})"
    if shape == 3 or kind == "boolean":
        return draw(literal)
    if kind == "string":
        return f"!= {draw(literal)}"
    if shape == 4:
        return f"{draw(st.sampled_from(['<', '<=', '>', '>=', '!=']))} {draw(literal)}"
    start, end = draw(literal), draw(literal)
    return f"{draw(st.sampled_from('[('))}{start}..{end}{draw(st.sampled_from('])'))}"


@st.composite
def models(draw: st.DrawFn) -> tuple[Model, list[str]]:
    """A model of one table, and the kinds of its inputs."""
    kinds = draw(st.lists(st.sampled_from(["number", "number", "string", "boolean"]), min_size=1, max_size=3))
    policy = draw(st.sampled_from([HitPolicy.FIRST, HitPolicy.UNIQUE, *HitPolicy]))
    width = draw(st.integers(1, 2))
    ranked = CellText('"low", "high", 1, 2') if policy.needs_priorities or draw(st.booleans()) else None
    outputs = ['"low"', '"high"', "1", "2", "null", '"other"']
    rows = draw(
        st.lists(
            st.tuples(st.tuples(*map(cells, kinds)), st.tuples(*[st.sampled_from(outputs)] * width)),
            min_size=1,
            max_size=6,
        )
    )
    inputs, clauses = [], []
    for number, kind in enumerate(kinds):
        declared = draw(st.sampled_from([kind, kind, NARROWER[kind], ""]))
        inputs.append(InputData(f"in {number}", declared))
        tested = draw(st.sampled_from([kind, "", NARROWER[kind]]))
        allowed = CellText(draw(cells(kind))) if draw(st.integers(0, 4)) == 0 else None
        clauses.append(InputClause(CellText(f"in {number}"), tested, allowed))
    default = CellText('"low"') if draw(st.booleans()) else None
    table = DecisionTable(
        "table",
        policy,
        tuple(clauses),
        tuple(OutputClause(f"out {each}", "", ranked, default) for each in range(width)),
        (),
        tuple(
            Rule(number, tuple(map(CellText, tests)), tuple(map(CellText, values)))
            for number, (tests, values) in enumerate(rows, 1)
        ),
    )
    kind = draw(st.sampled_from(["", "", "string", "list<string>"]))
    return Model.build("any", inputs, [DecisionNode("d", TableLogic(table), kind)], types=TYPES), kinds


def values_of(kind: str) -> st.SearchStrategy[Any]:
    plain = st.sampled_from(VALUES[kind])
    drawn = st.floats() | st.integers() | st.decimals() if kind == "number" else plain
    return st.one_of(plain, plain, drawn, st.sampled_from(ODD_VALUES))


def the_long_way(model: Model, inputs: Mapping[str, Any]) -> Evaluation:
    """Only a dictionary goes the short way."""
    return model.evaluate("d", MappingProxyType(inputs))


def in_full(evaluation: Evaluation) -> str:
    return repr((evaluation.value, list(evaluation.diagnostics), list(evaluation.trace)))


def assert_same_by_columns(model: Model, columns: dict[str, Any]) -> None:
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    wanted = [the_long_way(model, row) for row in rows]
    doubts: dict[int, tuple[Diagnostic, ...]] = {}
    values = model.evaluate_many("d", columns, doubts)
    assert repr(values) == repr([each.value for each in wanted])
    assert doubts == {at: tuple(each.diagnostics) for at, each in enumerate(wanted) if each.diagnostics}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_short_way_gives_what_the_long_way_gives(data: st.DataObject) -> None:
    model, kinds = data.draw(models())
    for _ in range(6):
        row = {f"in {number}": data.draw(values_of(kind)) for number, kind in enumerate(kinds)}
        row |= data.draw(st.sampled_from([{}, {}, {"unknown": nan}]))
        if data.draw(st.integers(0, 9)) == 0:
            del row["in 0"]
        assert in_full(model.evaluate("d", row)) == in_full(the_long_way(model, row))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_columns_give_what_their_rows_give(data: st.DataObject) -> None:
    model, kinds = data.draw(models())
    size = data.draw(st.integers(0, 6))
    columns: dict[str, Any] = {}
    for number, kind in enumerate(kinds):
        some = data.draw(
            st.sampled_from(
                [values_of(kind), st.sampled_from(VALUES[kind]), st.sampled_from(VALUES[kind][:2])]
            )
        )
        columns[f"in {number}"] = data.draw(st.lists(some, min_size=size, max_size=size))
    assert_same_by_columns(model, columns)


ARRAYS: list[Callable[[random.Random], np.ndarray[Any, Any]]] = [
    lambda chance: np.array(chance.choices([*FLOATS, nan, inf, -inf], k=40)),
    lambda chance: np.array(chance.choices(FLOATS[:8], k=40)).astype(np.float32),
    lambda chance: np.array(chance.choices(FLOATS, k=40)).astype(np.longdouble),
    lambda chance: np.array(chance.choices(FLOATS, k=40), dtype=">f8"),
    lambda chance: np.array(chance.choices([0, 1, 2, 3, -3], k=40), dtype=np.int8),
    lambda chance: np.array(chance.choices([0, 1, 2, 2**53, 2**53 + 1], k=40)),
    lambda chance: np.array(chance.choices([0, 1, 2, 2**64 - 1], k=40), dtype=np.uint64),
    lambda chance: np.array(chance.choices([True, False], k=40)),
    lambda chance: np.array(chance.choices(["a", "b", "ab", "z", ""], k=40)),
    lambda chance: np.array(chance.choices(["a", 1, 0.3, None, True, Decimal("0.3")], k=40), dtype=object),
    lambda chance: np.array(chance.choices(["2024-01-31", "2024-02-01"], k=40), dtype="datetime64[D]"),
    lambda chance: np.ma.masked_array(chance.choices(FLOATS, k=40), mask=chance.choices([True, False], k=40)),
    lambda chance: np.array([[1.0, 2.0]] * 40),
]


@pytest.mark.parametrize("kind", ["number", "string", "boolean"])
@pytest.mark.parametrize("array", range(len(ARRAYS)))
@pytest.mark.parametrize("policy", ["F", "U", "C"])
def test_arrays_of_every_kind_give_what_their_rows_give(kind: str, array: int, policy: str) -> None:
    chance = random.Random(array)
    rules = [[chance.choice([f"{each}", f"not({each})"])] for each in CELLS[kind]]
    if kind == "number":
        rules += [["[0.1..0.3]"], ["> 2"]]
    assert_same_by_columns(model_of(policy, [kind], rules), {"in 0": ARRAYS[array](chance)})


def model_of(policy: str, kinds: list[str], rules: list[list[str]], outputs: int = 1) -> Model:
    table = DecisionTable(
        "table",
        HitPolicy(policy),
        tuple(InputClause(CellText(f"in {number}"), kind) for number, kind in enumerate(kinds)),
        tuple(OutputClause(f"out {each}", allowed_values=CellText('"r1", "r2"')) for each in range(outputs))
        if HitPolicy(policy).needs_priorities
        else tuple(OutputClause(f"out {each}") for each in range(outputs)),
        (),
        tuple(
            Rule(number, tuple(map(CellText, row)), (CellText(f'"r{number % 7}"'),) * outputs)
            for number, row in enumerate(rules, 1)
        ),
    )
    inputs = [InputData(f"in {number}", kind) for number, kind in enumerate(kinds)]
    return Model.build("any", inputs, [DecisionNode("d", TableLogic(table))])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["F", "U", "C", "P", "C#"]),
    st.integers(60, 200),
    st.sampled_from([30, 400, 1000]),
    st.integers(1, 2),
)
@example(0, "U", 64, 1000, 1)
@example(0, "F", 65, 1000, 1)
@example(1, "F", 128, 1000, 2)
def test_tables_of_many_rules_give_the_same_on_both_ways(
    seed: int, policy: str, count: int, width: int, outputs: int
) -> None:
    """So many that numbers are grouped and rules fill several words."""
    chance = random.Random(seed)

    def number() -> str:
        start, end = sorted(round(chance.uniform(0, 1000), 1) for _ in range(2))
        end = min(end, start + width)
        if chance.random() < 0.05:
            return chance.choice(["-", f"< {end}", f">= {start}", f"not({start})", f"[{start}..{start})"])
        if chance.random() < 0.05:
            return f"{start}, [{start + 1}..{end + 1}), > 990"
        return chance.choice(["[{}..{}]", "({}..{}]", "[{}..{})", "({}..{})"]).format(start, end)

    rules = [[number(), number(), chance.choice(["-", '"a"', '"b", "c"'])] for _ in range(count)]
    with patch.object(usual_column, "_MOST_REGIONS", 10):
        model = model_of(policy, ["number", "number", "string"], rules, outputs)
    texts = [part for row in rules for part in row[0].replace("..", " ").strip("[()] -<>=").split()]
    points = [float(text) for text in texts if text.replace(".", "").isdigit()] or [0.0]

    def value() -> Any:
        point = chance.choice(points)
        exact = Decimal(repr(point))
        near = [point, nextafter(point, inf), nextafter(point, -inf), round(chance.uniform(-1, 1001), 1)]
        return chance.choice([*near, exact, exact + Decimal("1e-25"), exact - Decimal("1e-25"), int(point)])

    size = 60
    columns = {"in 0": [value() for _ in range(size)], "in 1": [value() for _ in range(size)]}
    columns["in 2"] = chance.choices(["a", "b", "z"], k=size)
    for at in range(size):
        row = {name: column[at] for name, column in columns.items()}
        assert in_full(model.evaluate("d", row)) == in_full(the_long_way(model, row))
    assert_same_by_columns(model, columns)
    as_floats = {name: [float(each) for each in columns[name]] for name in ("in 0", "in 1")}
    assert_same_by_columns(model, columns | as_floats)


@pytest.mark.parametrize("policy", list(HitPolicy))
def test_plain_values_do_go_the_short_way(policy: HitPolicy) -> None:
    rules = [["< 5", '"a"', "-"], [">= 5", '"b"', "true"], [">= 5", '"b"', "false"]]
    model = model_of(policy.value, ["number", "string", "boolean"], rules)
    usual = model._decisions["d"].usual
    assert usual is not None
    for number in (6.5, 6, Decimal("6.5")):
        inputs = {"in 0": number, "in 1": "b", "in 2": True}
        short = usual.evaluate(inputs)
        assert short is not None and in_full(short) == in_full(the_long_way(model, inputs))


def test_nobody_changes_the_result_of_another() -> None:
    model = model_of("F", ["number"], [["> 1"]], outputs=2)
    for _ in range(2):
        evaluation = model.evaluate("d", {"in 0": 5})
        assert evaluation.value == {"out 0": "r1", "out 1": "r1"} == evaluation.trace[0].value
        evaluation.value.clear()
    first, second = model.evaluate_many("d", {"in 0": [5, 5]})
    first.clear()
    assert second == {"out 0": "r1", "out 1": "r1"}


def test_missing_and_surplus_columns_are_as_missing_and_surplus_inputs() -> None:
    model = model_of("F", ["number", "string"], [["> 1", '"a"']])
    assert_same_by_columns(model, {"in 0": [1, 2.5]})
    assert_same_by_columns(model, {"in 1": ["a", "b"], "in 0": [1, 2.5], "more": [nan, 1]})
    assert model.evaluate_many("d", {}) == []
    assert model.evaluate_many("d", {"in 0": [], "in 1": []}) == []


def test_columns_may_be_any_sequence() -> None:
    model = model_of("F", ["number", "string"], [["> 1", '"a"']])
    assert model.evaluate_many("d", {"in 0": (2, 0), "in 1": np.array(["a", "a"])}) == ["r1", None]
    assert model.evaluate_many("d", {"in 0": range(3), "in 1": ["a"] * 3}) == [None, None, "r1"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"in 0": [1, 2], "in 1": ["a"]}, "the columns differ in length: {'in 0': 2, 'in 1': 1}"),
        ({"in 0": [1], "in 1": "a"}, "the column in 1 is one value; give a list with a value for each case"),
        ({"in 0": 1, "in 1": ["a"]}, "the column in 0 is one value; give a list with a value for each case"),
        (
            {"in 0": np.array(1), "in 1": ["a"]},
            "the column in 0 is one value; give a list with a value for each case",
        ),
    ],
)
def test_what_is_no_set_of_columns_is_an_input_error(columns: dict[str, Any], message: str) -> None:
    model = model_of("F", ["number", "string"], [["> 1", '"a"']])
    with pytest.raises(InputError, match=message.replace("{", r"\{")):
        model.evaluate_many("d", columns)


def test_columns_are_decided_without_numpy_too() -> None:
    model = model_of("F", ["number", "string"], [["> 1", '"a"']])
    with patch.dict("sys.modules", {"referee.tables.usual_batch": None}):
        assert model.evaluate_many("d", {"in 0": [2, None], "in 1": ["a", "a"]}) == ["r1", None]

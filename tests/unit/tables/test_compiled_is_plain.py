"""The compiled table gives what a plain reading of its rules gives, doubt included."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from referee.feel.values import parse_date, parse_date_time, parse_duration, parse_time
from referee.tables import (
    CellText,
    DecisionTable,
    HitPolicy,
    InputClause,
    OutputClause,
    Rule,
    compile_table,
    index,
)
from tests.unit.tables.plain_reading import PlainTable, Reading

LITERALS = [
    *("1", "2", "2.50", "2.5", "-3", "1000000000000000000000.1", "0"),
    *('"a"', '"b"', '"ab"', '""', '"ä"', "true", "false", "null"),
    *('@"2024-01-31"', 'date("2024-02-29")', '@"P1D"', '@"PT24H"', '@"P1Y"', '@"P12M"'),
    *('@"2024-01-31T00:00:00"', '@"10:00:00"', '@"10:00:00Z"'),
]
CLOCK_LITERALS = [
    *('@"10:00:00"', '@"10:00:01"', '@"10:00:00Z"', '@"12:00:00+02:00"', '@"23:00:00@Europe/Paris"'),
    *(
        '@"2024-01-31T10:00:00"',
        '@"2024-01-31T10:00:00Z"',
        '@"2024-02-01T00:00:00-05:00"',
        '@"2024-01-31"',
        "null",
    ),
]
VALUES: list[Any] = [
    *(
        Decimal(text)
        for text in ("1", "1.5", "2", "2.5", "2.50", "-3", "0", "1000000000000000000000.1", "99")
    ),
    *("a", "b", "aa", "ab", "", "z", True, False, None),
    *(parse_date("2024-01-31"), parse_date("2024-02-01"), parse_duration("PT24H"), parse_duration("P12M")),
    *(parse_date_time("2024-01-31T00:00:00"), parse_time("10:00:00"), parse_time("10:00:00Z")),
    *(["a", "b"], [], {"k": Decimal(1)}),
]
CLOCK_VALUES: list[Any] = [
    *(
        parse_time(text)
        for text in ("09:00:00", "10:00:00", "10:00:00.5", "11:00:00Z", "10:00:00Z", "12:00:00+02:00")
    ),
    *(
        parse_date_time(text)
        for text in ("2024-01-31T10:00:00", "2024-01-31T10:00:00Z", "2025-01-01T00:00:00@Asia/Tokyo")
    ),
    *(parse_date("2024-01-31"), None, Decimal(1)),
]


def cells_of(literal: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Cells of one to three tests against the literals."""
    test_text = st.one_of(
        literal,
        st.builds(
            lambda operator, text: f"{operator} {text}",
            st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
            literal,
        ),
        st.builds(
            lambda opening, start, end, closing: f"{opening}{start}..{end}{closing}",
            st.sampled_from(["[", "("]),
            literal,
            literal,
            st.sampled_from(["]", ")"]),
        ),
    )
    return st.lists(test_text, min_size=1, max_size=3).map(", ".join)


several = cells_of(st.sampled_from(LITERALS))
of_clocks = cells_of(st.sampled_from(CLOCK_LITERALS))
clock_cell = st.one_of(st.just("-"), of_clocks, of_clocks.map(lambda text: f"not({text})"))
expression_cell = st.sampled_from(
    [
        "limit",
        "> limit",
        "? + 1 > limit",
        "[1..limit]",
        "limit, 2",
        "not(limit)",
        "? = unknown name",
        "listed",
        "other",
    ]
)
cell_text = st.one_of(st.just("-"), several, several.map(lambda text: f"not({text})"), expression_cell)
NAMES = ("x", "y", "limit", "listed", "other", "unknown name")
OUTPUTS = ["1", "2", "3", '"high"', '"low"', "x", "null"]


@st.composite
def tables(draw: st.DrawFn, cell_text: st.SearchStrategy[str] = cell_text) -> DecisionTable:
    policy = draw(st.sampled_from(HitPolicy))
    width = draw(st.integers(1, 2))
    allowed = CellText('"high", "low", 1, 2, 3, null, -3') if policy.needs_priorities else None
    literals = OUTPUTS if allowed is None else [text for text in OUTPUTS if text != "x"]
    rules = draw(
        st.lists(
            st.tuples(
                st.tuples(cell_text, cell_text),
                st.tuples(*[st.sampled_from(literals)] * width),
            ),
            max_size=6,
        )
    )
    return DecisionTable(
        name="any table",
        hit_policy=policy,
        inputs=(InputClause(CellText("x")), InputClause(CellText("y"))),
        outputs=tuple(OutputClause(f"out {number}", allowed_values=allowed) for number in range(width)),
        annotations=(),
        rules=tuple(
            Rule(number, tuple(map(CellText, cells)), tuple(map(CellText, outputs)))
            for number, (cells, outputs) in enumerate(rules, 1)
        ),
    )


value = st.sampled_from(VALUES)
scopes = st.fixed_dictionaries(
    {
        "x": value,
        "y": value,
        "limit": st.sampled_from([Decimal(2), None, "a"]),
        "listed": st.just(["a", Decimal(2)]),
        "other": value,
        "unknown name": st.none(),
    }
)


@settings(max_examples=300, deadline=None)
@given(tables(), st.lists(scopes, min_size=1, max_size=5), st.sampled_from([1, 16, 2**25]))
def test_compiled_table_gives_what_a_plain_reading_gives(
    table: DecisionTable, cases: list[dict[str, Any]], bits_kept: int
) -> None:
    with patch.object(index, "_MOST_KEPT", bits_kept):  # large tables keep a part of their answers
        compare(table, cases)


@settings(max_examples=100, deadline=None)
@given(
    tables(clock_cell),
    st.lists(
        st.fixed_dictionaries(dict.fromkeys(NAMES, st.sampled_from(CLOCK_VALUES))), min_size=1, max_size=5
    ),
)
def test_times_local_and_not_are_what_a_plain_reading_makes_of_them(
    table: DecisionTable, cases: list[dict[str, Any]]
) -> None:
    compare(table, cases)


def compare(table: DecisionTable, cases: list[dict[str, Any]]) -> None:
    compiled = compile_table(table, NAMES)
    plain = PlainTable(table, NAMES)
    for scope in cases:
        sink: list[Any] = []
        result = compiled.decide(scope, sink)
        found = Reading(
            result.value,
            tuple(rule.number for rule in result.fired),
            any(diagnostic.is_doubt for diagnostic in sink),
        )
        assert found == plain.read(scope)

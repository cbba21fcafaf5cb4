"""Random syntax trees, as the parser builds them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from referee.feel import syntax

NAMES = ("a", "b", "full name", "first-name", "list")
VARIABLES = st.sampled_from(("x", "a", "each one"))
WORDS = st.sampled_from(("a", "start included", "year", "b"))
BUILTINS = st.sampled_from(("abs", "sum", "count", "string", "date", "sort", "substring", "max", "is"))
NUMBERS = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=3
).map(lambda number: syntax.Number(number if number else abs(number)))
TEMPORALS = st.sampled_from(
    ("2024-02-29", "10:30:00", "2024-02-29T10:30:00@Europe/Paris", "P1D", "P1Y2M", "-PT3H", "nonsense")
).map(syntax.Temporal)
LEAVES = st.one_of(
    NUMBERS,
    st.text(max_size=5).map(syntax.String),
    st.booleans().map(syntax.Boolean),
    st.just(syntax.Null()),
    TEMPORALS,
    st.sampled_from(NAMES).map(syntax.Name),
    st.just(syntax.Input()),
)
TYPES: st.SearchStrategy[syntax.Type] = st.recursive(
    st.sampled_from(("number", "string", "Any", "date and time", "strange type", "ns.tType")).map(
        syntax.NamedType
    ),
    lambda types: st.one_of(
        types.map(syntax.ListType),
        types.map(syntax.RangeType),
        st.lists(st.tuples(WORDS, types), min_size=1, max_size=2).map(
            lambda entries: syntax.ContextType(tuple(entries))
        ),
        st.builds(syntax.FunctionType, st.lists(types, max_size=2).map(tuple), types),
    ),
    max_leaves=3,
)


def _larger(nodes: st.SearchStrategy[syntax.Node]) -> st.SearchStrategy[syntax.Node]:
    several = st.lists(nodes, max_size=3).map(tuple)
    two_or_more = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    iterations = st.lists(
        st.builds(syntax.Iteration, VARIABLES, nodes, st.none() | nodes), min_size=1, max_size=2
    ).map(tuple)
    parameters = st.lists(
        st.builds(syntax.Parameter, st.sampled_from(("p", "long p")), st.none() | TYPES), max_size=2
    ).map(tuple)
    functions = st.one_of(nodes, BUILTINS.map(syntax.Name))
    entries = st.lists(
        st.builds(syntax.Entry, st.text(max_size=3) | WORDS, nodes),
        max_size=3,
        unique_by=lambda entry: entry.key,
    ).map(tuple)
    return st.one_of(
        nodes.filter(lambda node: not isinstance(node, syntax.Number)).map(syntax.Negation),
        st.builds(syntax.Arithmetic, st.sampled_from(("+", "-", "*", "/", "**")), nodes, nodes),
        st.builds(syntax.Comparison, st.sampled_from(("=", "!=", "<", "<=", ">", ">=")), nodes, nodes),
        two_or_more.map(syntax.Conjunction),
        two_or_more.map(syntax.Disjunction),
        st.builds(syntax.Between, nodes, nodes, nodes),
        st.builds(syntax.In, nodes, st.lists(nodes, min_size=1, max_size=3).map(tuple)),
        st.builds(syntax.InstanceOf, nodes, TYPES),
        st.builds(syntax.If, nodes, nodes, nodes),
        st.builds(syntax.For, iterations, nodes),
        st.builds(syntax.Quantified, st.sampled_from(("some", "every")), iterations, nodes),
        st.builds(syntax.FunctionDefinition, parameters, nodes, st.booleans()),
        st.builds(syntax.Call, functions, several),
        nodes.flatmap(lambda node: st.just(syntax.Call(syntax.Name("abs"), (node, node), ("n", "long n")))),
        st.builds(syntax.Path, nodes, WORDS),
        st.builds(syntax.Filter, nodes, nodes),
        several.map(syntax.ListLiteral),
        entries.map(syntax.ContextLiteral),
        st.builds(syntax.Interval, nodes, nodes, st.booleans(), st.booleans()),
        st.builds(syntax.Test, st.sampled_from(("=", "!=", "<", "<=", ">", ">=")), nodes),
    )


EXPRESSIONS: st.SearchStrategy[syntax.Node] = st.recursive(LEAVES, _larger, max_leaves=12)
CELLS: st.SearchStrategy[syntax.UnaryTestsNode] = st.one_of(
    st.just(syntax.AnyValue()),
    st.builds(syntax.Tests, st.lists(EXPRESSIONS, min_size=1, max_size=3).map(tuple), st.booleans()),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
        st.sampled_from(("", "a", "x")),
        st.just(Decimal("1E+6000")),
    ),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(WORDS, values, max_size=2)),
    max_leaves=4,
)
SCOPES = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))

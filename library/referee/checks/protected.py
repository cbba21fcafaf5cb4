"""Facts that must not decide, and the ways on which they reach a decision all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from referee.checks.cell_logic import names_in
from referee.checks.finding import Finding
from referee.checks.whole_decision import cells_of
from referee.domain import Place, Severity
from referee.feel import FeelSyntaxError, Names, parse_expression, parse_unary_tests
from referee.tables import CellText, DecisionTable


def protected_facts(
    tables: Sequence[DecisionTable],
    models: Mapping[str, Iterable[str]],
    protected: Collection[str],
    decision: str,
    names: Iterable[str],
) -> Iterator[Finding]:
    """A finding for each protected fact that the deciding table uses: itself, or by tables and models it needs.

    ``models`` are the facts that each model uses, by its node; ``names`` all names that cells may use, protected facts
    among them, so that their use is seen.
    """
    parsing = Names({*names, *protected})
    uses: dict[str, dict[str, Place | None]] = {node: dict.fromkeys(facts) for node, facts in models.items()}
    for table in tables:
        found = uses.setdefault(table.name, {})
        for cell, is_test in cells_of(table):
            for name in _names(cell, parsing, is_test=is_test):
                found.setdefault(name, cell.place or table.place)
    ways: dict[str, list[str]] = {decision: [decision]}
    waiting = [decision]
    while waiting:
        user = waiting.pop(0)
        for name, place in uses.get(user, {}).items():
            if name in protected:
                yield _finding(name, ways[user], place, decision)
            elif name in uses and name not in ways:
                ways[name] = [*ways[user], name]
                waiting.append(name)


def _finding(name: str, way: Sequence[str], place: Place | None, decision: str) -> Finding:
    by = " needs ".join(f"`{each}`" for each in way)
    return Finding(
        "protected-fact",
        Severity.ERROR,
        f"the protected fact `{name}` reaches the decision: {by}, which uses it; a protected fact may decide nothing",
        decision,
        (place,) if place is not None else (),
    )


def _names(cell: CellText, parsing: Names, *, is_test: bool) -> list[str]:
    try:
        return sorted(names_in((parse_unary_tests if is_test else parse_expression)(cell.text, parsing)))
    except FeelSyntaxError:
        return []

"""Whatever the workbook and whatever the facts: doubt is never auto, and no damage to a fact goes unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from referee import feel
from referee.domain import Case, Decision, Route
from referee.engine import Referee
from referee.tables import DecisionTable, HitPolicy
from referee.workbook import FactDefinition, TableDraft
from tests.unit.engine.kinds import AUTO, BY_NAME, HUMAN, KINDS, NEVER, OUTPUTS, Kind, write

ROUTES = '"human","exception","auto"'
EXCEPTION = ("exception", "ask", None, "strange")
SINGLE = (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST)


@st.composite
def drafts(draw: st.DrawFn) -> tuple[tuple[FactDefinition, ...], tuple[TableDraft, ...]]:
    """A table over two or three facts of any types, and a routing table over its result and one more fact."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4, unique_by=lambda kind: kind.name))
    facts = tuple(FactDefinition(kind.name, kind.type, kind.allowed, draw(st.booleans())) for kind in kinds)
    behind, last = kinds[:-1], kinds[-1]
    policy = draw(st.sampled_from(HitPolicy))
    numbers = policy.is_aggregate
    results = (1, 2) if numbers else ('"yes"', '"no"')
    rules = draw(
        st.lists(
            st.tuples(*(cells(kind) for kind in behind), st.sampled_from(results)), min_size=1, max_size=4
        )
    )
    table = TableDraft(
        "found",
        policy,
        tuple(kind.name for kind in behind),
        ("result",),
        tuple(rules),
        values={} if numbers else {"result": '"yes","no"'},
    )
    answers: tuple[str, ...]
    if policy.is_single:
        asked, answers = "found", ('"yes"', '"no"', 'not("no")', "-", "null")
    elif policy.is_aggregate:
        asked, answers = "found", (">= 1", "< 2", "not(0)", "-", "null")
    else:
        asked, answers = "count(found)", (">= 1", "0", "not(0)", "-")
    routing = draw(st.sampled_from(SINGLE))
    routes = draw(
        st.lists(
            st.tuples(st.sampled_from(answers), cells(last), st.sampled_from([AUTO, AUTO, HUMAN, EXCEPTION])),
            min_size=1,
            max_size=3,
        )
    )
    return facts, (
        table,
        TableDraft(
            "routing",
            routing,
            (asked, last.name),
            OUTPUTS,
            tuple((answer, cell, *outputs) for answer, cell, outputs in routes),
            values={"route": ROUTES} if routing.needs_priorities else {},
        ),
    )


def cells(kind: Kind) -> st.SearchStrategy[Any]:
    plain = [kind.cell, kind.cell, kind.other, "-", "-"]
    texts = [text for text in (kind.cell, kind.other) if isinstance(text, str) and not text.isalpha()]
    return st.sampled_from([*plain, *(f"not({text})" for text in texts if text[0] not in "<>"), "null"])


def values(kind: Kind) -> st.SearchStrategy[Any]:
    bad = [None, *NEVER, *kind.wrong, kind.outside]
    good = st.just(kind.good)
    return st.one_of(good, good, good, st.sampled_from(bad))


def damages(fact: str) -> list[Any]:
    return [None, "", *BY_NAME[fact].wrong[:6], *NEVER[4:12], BY_NAME[fact].outside]


# Each example writes and reads a workbook: shrinking a failing one would take minutes.
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drafts(), st.data())
def test_doubt_is_never_auto_and_damage_to_a_fact_that_counted_is_never_overlooked(
    draft: tuple[tuple[FactDefinition, ...], tuple[TableDraft, ...]], data: st.DataObject
) -> None:
    definitions, tables = draft
    with TemporaryDirectory() as folder:
        referee = Referee(write(Path(folder) / "any.xlsx", definitions, *tables))
    names = [definition.name for definition in definitions]
    good = {"id": "1"} | {name: BY_NAME[name].good for name in names}
    mixed = [{"id": "1"} | {name: data.draw(values(BY_NAME[name])) for name in names} for _ in range(3)]
    for facts in (good, *mixed):
        decision = referee.evaluate(Case("1", facts))
        hold_to_the_promise(decision)
        if decision.route is Route.HUMAN:
            continue
        for name in names:
            for damage in damages(name):
                damaged = referee.evaluate(Case("1", {**facts, name: damage}))
                hold_to_the_promise(damaged)
                if damaged.route is not Route.HUMAN:
                    assert_rules_hold(referee, damaged)
            without = {each: value for each, value in facts.items() if each != name}
            hold_to_the_promise(referee.evaluate(Case("1", without)))


def hold_to_the_promise(decision: Decision) -> None:
    if any(diagnostic.is_doubt for diagnostic in decision.diagnostics):
        assert (decision.route, decision.action, decision.queue) == (Route.HUMAN, "", "clerks")
        assert decision.reasons
    if decision.route is not Route.HUMAN:
        assert decision.action


def assert_rules_hold(referee: Referee, decision: Decision) -> None:
    """Each rule that fired is satisfied by the facts as read, each cell read anew, and no null went unspoken."""
    scope = dict(decision.facts) | {node.name: node.value for node in decision.trace}
    fired = [(reference.table, reference.number) for node in decision.trace for reference in node.rules]
    assert fired
    for name, number in fired:
        table = referee.workbook.table(name)
        for column, cell, value in cells_tested(table, number, scope):
            told = feel.unary_tests(cell, value, scope)
            assert told.value is True, f"{name}, rule {number}: `{cell}` for {value!r}"
            assert not any(diagnostic.is_doubt for diagnostic in told.diagnostics)
            if value is None:
                assert any("null" in rule.inputs[column].text for rule in table.rules)


def cells_tested(
    table: DecisionTable, number: int, scope: Mapping[str, Any]
) -> Iterator[tuple[int, str, Any]]:
    """The cells of a rule that test something: column, text, and the value tested."""
    (rule,) = (each for each in table.rules if each.number == number)
    for column, (clause, cell) in enumerate(zip(table.inputs, rule.inputs, strict=True)):
        if not cell.is_irrelevant:
            yield column, cell.text, feel.evaluate(clause.expression.text, scope).value

"""Doubt never acts: whatever is wrong with a fact, a cell, a result or a score, the case goes to people.

Each test asks for all types of facts and hit policies it is about, and lists every case that got away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from referee.audit import verify
from referee.domain import Case, Decision, Diagnostic, Evaluation, Route, RulesError
from referee.engine import Referee
from referee.feel.values import to_feel
from referee.routing import route_case
from referee.tables import (
    CellText,
    DecisionTable,
    HitPolicy,
    InputClause,
    OutputClause,
    Rule,
    compile_table,
)
from referee.workbook import (
    DecisionWorkbook,
    FactDefinition,
    ModelDefinition,
    TableDraft,
    WorkbookDraft,
    read_workbook,
    write_workbook,
)
from tests.unit.engine.kinds import (
    AUTO,
    HUMAN,
    KINDS,
    NEVER,
    OUTPUTS,
    Kind,
    Odd,
    settings,
    write,
    write_kinds,
)

SINGLE = (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST)
ROUTES = '"human","exception","auto"'


def about(kind: Kind, *value: Any) -> Case:
    """A case about a type of fact, without the fact if no value is given."""
    return Case("1", {"id": "1", "about": kind.name, **({kind.name: value[0]} if value else {})})


def got_away(decision: Decision, word: str, what: str) -> list[str]:
    """What a case is, unless it went to people for a reason that says the word."""
    if decision.route is Route.HUMAN and decision.queue == "clerks" and word in " ".join(decision.reasons):
        return []
    return [f"{what}: {decision.route}, {decision.reasons}"]


# --- facts, by type and hit policy
# -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def referees(tmp_path_factory: pytest.TempPathFactory) -> Callable[[HitPolicy], Referee]:
    folder = tmp_path_factory.mktemp("kinds")
    made: dict[HitPolicy, Referee] = {}

    def referee(policy: HitPolicy) -> Referee:
        if policy not in made:
            made[policy] = Referee(write_kinds(folder / f"{policy.name}.xlsx", policy))
        return made[policy]

    return referee


@pytest.mark.parametrize("policy", HitPolicy, ids=lambda policy: policy.name)
def test_a_fact_that_a_table_behind_the_routing_table_tests_is_never_doubtful_and_auto(
    referees: Callable[[HitPolicy], Referee], policy: HitPolicy
) -> None:
    referee = referees(policy)
    away: list[str] = []
    for kind in KINDS:
        assert referee.evaluate(about(kind, kind.good)).route is Route.AUTO, kind.name
        away += got_away(referee.evaluate(about(kind)), kind.name, f"no {kind.name}")
        away += got_away(referee.evaluate(about(kind, None)), kind.name, f"null for {kind.name}")
        outside = () if kind.outside is None else (kind.outside,)
        for position, value in enumerate((*NEVER, *kind.wrong, *outside)):
            what = f"value {position} ({type(value).__name__}) for {kind.name}"
            away += got_away(referee.evaluate(about(kind, value)), kind.name, what)
    assert away == []


def test_an_optional_fact_that_is_wrong_is_doubt_though_no_rule_needs_it(
    referees: Callable[[HitPolicy], Referee],
) -> None:
    referee = referees(HitPolicy.FIRST)
    away: list[str] = []
    for kind in KINDS:
        other = next(each for each in KINDS if each is not kind)
        case = about(other, other.good)
        for position, value in enumerate(kind.wrong):
            wrong = Case(case.id, {**case.facts, kind.name: value})
            away += got_away(referee.evaluate(wrong), kind.name, f"value {position} for {kind.name}")
    assert away == []


def test_a_required_fact_that_is_missing_is_doubt_though_no_rule_needs_it(tmp_path: Path) -> None:
    referee = Referee(write_kinds(tmp_path / "required.xlsx", HitPolicy.UNIQUE, required=True))
    good = {"id": "1", "about": "number"} | {kind.name: kind.good for kind in KINDS}
    assert referee.evaluate(Case("1", good)).route is Route.AUTO
    away: list[str] = []
    for kind in KINDS:
        for damaged in ({}, {kind.name: None}, {kind.name: "\u2003"}, {kind.name.upper(): kind.good}):
            facts = {name: value for name, value in good.items() if name != kind.name} | damaged
            away += got_away(referee.evaluate(Case("1", facts)), f"`{kind.name}`", kind.name)
    assert away == []


def test_whatever_a_fact_holds_its_decision_is_written_and_the_log_stays_intact(tmp_path: Path) -> None:
    workbook = write_kinds(tmp_path / "kinds.xlsx", HitPolicy.FIRST)
    referee = Referee(workbook, audit=tmp_path / "audit")
    cases = [
        Case(
            f"{kind.name} {position}", {"id": f"{kind.name} {position}", "about": kind.name, kind.name: value}
        )
        for kind in KINDS
        for position, value in enumerate((*NEVER, *kind.wrong))
    ]
    decisions = list(referee.decide_many(cases))
    assert {decision.route for decision in decisions} == {Route.HUMAN}
    assert [decision.receipt.position for decision in decisions if decision.receipt] == list(
        range(len(cases))
    )
    assert verify(tmp_path / "audit").intact


def test_a_fact_under_two_names_that_people_read_as_one_is_doubt(tmp_path: Path) -> None:
    referee = Referee(write_kinds(tmp_path / "kinds.xlsx", HitPolicy.UNIQUE))
    for first, second in ((9000, 1200), (1200, 9000)):
        facts = {"id": "1", "about": "number", "number": first, "number\u00a0": second}
        assert "`number` twice" in referee.evaluate(Case("1", facts)).reasons[0]


def test_a_fact_that_could_not_be_used_is_kept_as_it_was_found(tmp_path: Path) -> None:
    referee = Referee(write_kinds(tmp_path / "kinds.xlsx", HitPolicy.UNIQUE))
    found = {
        value if isinstance(value, str) else type(value): referee.evaluate(
            Case("1", {"id": "1", "about": "flag", " flag\u00a0": value})
        ).facts["flag"]
        for value in (" maybe ", 10**5000, [1], Odd())
    }
    assert found[" maybe "] == "maybe"
    assert str(found[int])[:3] == "100" or found[int] == 10**5000
    assert found[list] == "[1]"
    assert "Odd" in found[Odd]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("moment", "2026-03-16T12:00:00", "2026-03-16T12:00:00Z"),
        ("hour", "12:00:00", "12:00:00+01:00"),
        ("hour", "12:00:00", "12:00:00@Europe/Berlin"),
    ],
)
def test_times_with_and_without_a_zone_are_never_compared(
    referees: Callable[[HitPolicy], Referee], kind: str, one: str, other: str
) -> None:
    for policy in HitPolicy:
        chosen = next(each for each in KINDS if each.name == kind)
        assert referees(policy).evaluate(about(chosen, one)).route is Route.AUTO
        assert got_away(referees(policy).evaluate(about(chosen, other)), kind, f"{policy} {other}") == []


@pytest.mark.parametrize("policy", HitPolicy, ids=lambda policy: policy.name)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_list_that_is_missing_or_holds_something_else_is_doubt(kind: Kind, policy: HitPolicy) -> None:
    from referee.workbook.data_dictionary import DataDictionary

    checked, _ = DataDictionary((FactDefinition("x", kind.type),)).check({"x": kind.good})
    good = checked["x"]
    other = "text" if kind.type != "string" else to_feel(1)
    values = CellText('"yes","no"') if policy.needs_priorities else None
    result = "1" if policy.is_aggregate else '"yes"'
    table = DecisionTable(
        "t",
        policy,
        (InputClause(CellText("items"), f"list<{kind.type}>"),),
        (OutputClause("found", allowed_values=values),),
        (),
        (Rule(1, (CellText("count(?) > 0"),), (CellText(result),)),),
    )
    compiled = compile_table(table, ["items"])
    wrong = (None, other, [other], [good, other], {"a": good}, [[good], [other]])
    for items, is_doubtful in (([good, good], False), *((each, True) for each in wrong)):
        sink: list[Diagnostic] = []
        compiled.decide({"items": items}, sink)
        assert any(diagnostic.is_doubt for diagnostic in sink) is is_doubtful, items


# --- facts that the routing table tests, and those it doesn't
# -------------------------------------------------------------------------------------------------


def routing(
    policy: HitPolicy, inputs: tuple[str, ...], *rules: tuple[Any, ...], name: str = "routing"
) -> TableDraft:
    values = {"route": ROUTES} if policy.needs_priorities else {}
    if name != "routing":  # only there may an action or queue be blank
        rules = tuple(tuple("null" if cell is None else cell for cell in rule) for rule in rules)
    return TableDraft(name, policy, inputs, OUTPUTS, rules, values=values)


FACTS = (
    FactDefinition("amount", "number", required=False),
    FactDefinition("limit", "number", required=False),
    FactDefinition("risk", "string", required=False),
    FactDefinition("vip", "boolean", required=False),
)


def decide(tmp_path: Path, facts: dict[str, Any], *tables: TableDraft) -> Decision:
    referee = Referee(write(tmp_path / "rules.xlsx", FACTS, *tables))
    return referee.evaluate(Case("1", {"id": "1", **facts}))


CATCH_ALL: list[tuple[tuple[tuple[Any, ...], ...], dict[str, Any], str]] = [
    # rules over `risk` and `amount`, facts, hit policies under which the case is auto although a fact is missing
    ((("high", "-", *HUMAN), ("-", "-", *AUTO)), {"amount": 5}, ""),
    ((('not("high")', "-", *AUTO),), {"amount": 5}, ""),
    ((('!= "high"', "-", *AUTO),), {"amount": 5}, ""),
    ((('? != "high"', "-", *AUTO),), {"amount": 5}, ""),
    ((("-", "> 9", *HUMAN), ("-", "-", *AUTO)), {"risk": "low"}, ""),
    # the rule that fires comes first, so that nothing below can take the case away from it
    ((("-", "-", *AUTO), ("high", "-", *HUMAN)), {"amount": 5}, "F"),
    (
        (("-", "<= 9", *AUTO), ("high", "> 9", *HUMAN)),
        {"amount": 5},
        "UAPF",
    ),  # no rule that could be true tests it
    ((("-", "<= 9", *AUTO),), {"amount": 5}, "UAPF"),  # nothing tests it
    # the column says what null means
    ((("null", "-", *AUTO), ("high", "-", *HUMAN)), {"amount": 5}, "UAPF"),
    ((("not(null)", "-", *HUMAN), ("-", "-", *AUTO)), {"amount": 5}, "UAPF"),
    ((('null, "low"', "-", *AUTO),), {"amount": 5}, "UAPF"),
]


@pytest.mark.parametrize("policy", SINGLE, ids=lambda policy: policy.name)
def test_a_missing_fact_never_slips_through_a_catch_all_rule(tmp_path: Path, policy: HitPolicy) -> None:
    tables = [
        routing(policy, ("risk", "amount"), *rules, name=f"choice {number}")
        for number, (rules, _, _) in enumerate(CATCH_ALL)
    ]
    referee = one_of(tmp_path, tables)
    found = {
        number: referee.evaluate(Case("1", {"id": "1", "which": number, **facts}))
        for number, (_, facts, _) in enumerate(CATCH_ALL)
    }
    assert {number for number, decision in found.items() if decision.route is Route.AUTO} == {
        number for number, (_, _, policies) in enumerate(CATCH_ALL) if policy.value in policies
    }
    assert {decision.queue for decision in found.values()} == {"", "clerks"}


def one_of(
    tmp_path: Path, tables: list[TableDraft], asked: str = "TABLE.route", found: str = '"auto"'
) -> Referee:
    """A decision in which the fact `which` chooses the table that decides, counted from 0."""
    columns = tuple(asked.replace("TABLE", table.name) for table in tables)
    rules = [
        (number, *(found if at == number else "-" for at in range(len(tables))), *AUTO)
        for number in range(len(tables))
    ]
    facts = (FactDefinition("which", "number"), *FACTS)
    table = routing(HitPolicy.FIRST, ("which", *columns), *rules)
    return Referee(write(tmp_path / "one of.xlsx", facts, *tables, table))


UNSPOKEN = [
    ("risk", '"high"', {}),
    ('risk = "high"', "true", {}),
    ('if risk = "high" then 1 else 2', "1", {}),
    ('vip = true or risk = "high"', "true", {"vip": False}),
    ("amount", "limit", {"amount": 5}),
    ("amount", "not(limit)", {"amount": 5}),
    ('some r in [risk] satisfies r = "high"', "true", {}),
    ("{a: 1}.b", "1", {}),
    ("[1, 2][3]", "1", {}),
]


@pytest.mark.parametrize(("expression", "cell", "facts"), UNSPOKEN)
def test_a_null_inside_an_expression_is_doubt_where_nothing_says_what_null_means(
    tmp_path: Path, expression: str, cell: str, facts: dict[str, Any]
) -> None:
    table = routing(HitPolicy.FIRST, (expression, "amount"), (cell, "-", *HUMAN), ("-", "-", *AUTO))
    decision = decide(tmp_path, facts, table)
    assert (decision.route, decision.queue) == (Route.HUMAN, "clerks")
    assert "null" in decision.reasons[0] or "no entry" in decision.reasons[0]
    assert "sheet routing, cell B" in decision.reasons[0]


# --- results
# -------------------------------------------------------------------------------------------------

FAILING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # what a rule gives, facts for which it fails, facts for which it doesn't
    ("10 / amount", {"amount": 0}, {"amount": 5}),
    ("amount + limit", {"amount": 5}, {"amount": 5, "limit": 1}),
    ("sum([amount, limit])", {"amount": 5}, {"amount": 5, "limit": 1}),
    ("amount * amount", {"amount": "1e4000"}, {"amount": 5}),
    ('if risk = "high" then 1 else 2', {}, {"risk": "low"}),
    ('number(risk, ",", ".")', {"risk": "abc"}, {"risk": "5"}),
    ("string length(risk)", {}, {"risk": "abc"}),
    ("if vip then 1 else 2", {}, {"vip": False}),
    (
        "if amount > 3 then amount else risk",
        {"amount": 1, "risk": "x"},
        {"amount": 5},
    ),  # a text among numbers
    ("sqrt(amount)", {"amount": -1}, {"amount": 4}),
]


@pytest.mark.parametrize("policy", HitPolicy, ids=lambda policy: policy.name)
def test_a_result_that_fails_or_has_the_wrong_type_is_doubt(tmp_path: Path, policy: HitPolicy) -> None:
    if policy is HitPolicy.COLLECT_COUNT:
        pytest.skip("it counts the rules and doesn't evaluate what they give")
    away: list[str] = []
    values = {"found": "1, 2, 3, 4, 5, 6, 25"} if policy.needs_priorities else {}
    multiple = not (policy.is_single or policy.is_aggregate)
    asked = "count(TABLE) > 0" if multiple else "TABLE"
    tables = [
        TableDraft(f"result {number}", policy, ("id",), ("found",), (("-", text), ('"no"', 1)), values=values)
        for number, (text, _, _) in enumerate(FAILING)
    ]
    referee = one_of(tmp_path, tables, asked, "true" if multiple else "null, >= 0")
    for number, (text, bad, good) in enumerate(FAILING):
        fine = referee.evaluate(Case("1", {"id": "1", "which": number, **good}))
        assert fine.route is Route.AUTO, (text, fine.reasons)
        decision = referee.evaluate(Case("1", {"id": "1", "which": number, **bad}))
        away += got_away(decision, f"sheet result {number}", text)
    assert away == []


def test_a_result_outside_its_allowed_values_is_doubt(tmp_path: Path) -> None:
    tables = [
        TableDraft(
            f"band {policy.name}", policy, ("id",), ("size",), (("-", "amount"),), values={"size": "1, 2, 3"}
        )
        for policy in HitPolicy
        if policy is not HitPolicy.COLLECT_COUNT
    ]
    referee = one_of(tmp_path, tables, "count([TABLE]) > 0", "true")
    for number, table in enumerate(tables):
        assert referee.evaluate(Case("1", {"id": "1", "which": number, "amount": 2})).route is Route.AUTO
        decision = referee.evaluate(Case("1", {"id": "1", "which": number, "amount": 7}))
        assert got_away(decision, f"sheet {table.name}, cell C5", table.name) == []


def test_a_rule_of_low_priority_whose_result_fails_may_still_be_the_one(tmp_path: Path) -> None:
    band = TableDraft(
        "band",
        HitPolicy.PRIORITY,
        ("vip",),
        ("size",),
        (("-", 2), ("true", "2 / limit")),
        values={"size": "1, 2"},
    )
    table = routing(HitPolicy.FIRST, ("band",), (2, *AUTO))
    assert decide(tmp_path, {"vip": False, "limit": 0}, band, table).route is Route.AUTO
    assert (
        got_away(decide(tmp_path, {"limit": 0}, band, table), "vip", "an unknown rule with no result") == []
    )


@pytest.mark.parametrize(
    "rules",
    [
        (("> 3", *AUTO), ("> 4", "auto", "pay", None, "fine, too")),
        (("> 9", *AUTO),),
        (("> 3", "auto", "pay", None, '"over " + string(10 / limit)'),),
        (("> 3", "auto", "pay", '"team " + risk', "fine"),),
    ],
)
@pytest.mark.parametrize("policy", SINGLE, ids=lambda policy: policy.name)
def test_a_route_that_is_not_clear_goes_to_people(
    tmp_path: Path, rules: tuple[tuple[Any, ...], ...], policy: HitPolicy
) -> None:
    if len(rules) == 2 and policy in (HitPolicy.FIRST, HitPolicy.PRIORITY):
        pytest.skip("the first of two rules that match is the one meant")
    decision = decide(tmp_path, {"amount": 5, "limit": 0}, routing(policy, ("amount",), *rules))
    assert (decision.route, decision.action, decision.queue) == (Route.HUMAN, "", "clerks")


@pytest.mark.parametrize(
    "outputs",
    [
        *(None, [], {}, "auto", [{"route": "auto", "action": "pay"}], True, 7),
        {"route": None, "action": "pay"},
        {"route": "Auto", "action": "pay"},
        {"route": "auto ", "action": "pay"},
        {"route": ["auto"], "action": "pay"},
        {"route": "auto"},
        {"route": "auto", "action": None},
        {"route": "auto", "action": " \u00a0"},
        {"route": "auto", "action": ["pay"]},
        {"route": "exception", "action": 7},
    ],
)
def test_outputs_that_name_no_route_or_no_action_go_to_people(outputs: Any) -> None:
    routed = route_case(outputs, [], doubt_queue="clerks")
    assert (routed.route, routed.action, routed.queue) == (Route.HUMAN, "", "clerks")
    assert routed.reasons


# --- rules with faults: the run doesn't start
# -------------------------------------------------------------------------------------------------

BROKEN = (">>= 1", "unknown thing", "[1..", "= = 1", "foo(", '"open', "1 2")


def test_a_broken_cell_in_a_column_of_any_type_is_named_and_nothing_starts(tmp_path: Path) -> None:
    facts = tuple(FactDefinition(kind.name, kind.type, kind.allowed) for kind in KINDS)
    other = {kind.name: next(each.cell for each in KINDS if each.type != kind.type) for kind in KINDS}
    tables = [
        TableDraft(
            f"{kind.name} table",
            HitPolicy.FIRST,
            (kind.name,),
            ("found",),
            tuple(
                (text, 1) for text in (*(text for text in BROKEN if is_broken(kind, text)), other[kind.name])
            ),
        )
        for kind in KINDS
    ]
    path = write(tmp_path / "broken.xlsx", facts, *tables, routing(HitPolicy.FIRST, ("id",), ("-", *AUTO)))
    with pytest.raises(RulesError) as refusal:
        Referee(path)
    named = {str(fault.place) for fault in refusal.value.faults}
    wanted = {
        f"broken.xlsx, sheet {table.name}, cell B{row}"
        for table in tables
        for row in range(4, 4 + len(table.rules))
    }
    assert wanted - named == set()


def is_broken(kind: Kind, text: str) -> bool:
    """Plain words are a text of their own in a column of free texts."""
    return not (kind.name == "text" and text in ("unknown thing", "1 2"))


BROKEN_RESULTS = (
    "1 /",
    "unknown thing + 1",
    "amount +",
    "foo(1",
    '"open',
    "10 / 0",
    'number("x")',
    "yes",
    None,
)


@pytest.mark.parametrize("policy", HitPolicy, ids=lambda policy: policy.name)
def test_a_broken_result_is_named_and_nothing_starts(tmp_path: Path, policy: HitPolicy) -> None:
    values = {"found": "1, 2"} if policy.needs_priorities else {}
    rules = tuple(("-", cell) for cell in (*BROKEN_RESULTS, 2))
    table = TableDraft("band", policy, ("amount",), ("found",), rules, values=values)
    path = write(tmp_path / "broken.xlsx", FACTS, table, routing(HitPolicy.FIRST, ("id",), ("-", *AUTO)))
    with pytest.raises(RulesError) as refusal:
        Referee(path)
    first = 5 if values else 4
    assert {str(fault.place) for fault in refusal.value.faults} == {
        f"broken.xlsx, sheet band, cell C{row}" for row in range(first, first + len(BROKEN_RESULTS))
    }


@pytest.mark.parametrize("policy", SINGLE, ids=lambda policy: policy.name)
def test_a_route_that_does_not_exist_is_named_and_nothing_starts(tmp_path: Path, policy: HitPolicy) -> None:
    routes = ("autoo", "Auto", None, "null", "risk", 1, True)
    rules = (("-", route, "pay", None, "fine") for route in routes)
    path = write(tmp_path / "broken.xlsx", FACTS, routing(policy, ("id",), *rules))
    with pytest.raises(RulesError) as refusal:
        Referee(path)
    first = 5 if policy.needs_priorities else 4
    assert {str(fault.place) for fault in refusal.value.faults} >= {
        f"broken.xlsx, sheet routing, cell C{row}" for row in range(first, first + len(routes))
    }


# --- scores
# -------------------------------------------------------------------------------------------------


def scored_workbook(path: Path, policy: HitPolicy) -> DecisionWorkbook:
    rules = (
        ('"DE"', ">= 0.9", '"ok"', ">= 0.8", *AUTO),
        ('"DE"', "< 0.9", "-", "-", *HUMAN),
        ('"CH"', "-", "-", "-", "auto", "pay", None, "never asks the model"),
    )
    inputs = ("risk", "m.confidence", "m.label", "m.probabilities.ok")
    model = ModelDefinition("m", "m", "", ("amount",))
    facts = (FactDefinition("id", "string"), *FACTS)
    write_workbook(path, WorkbookDraft(settings(), facts, (routing(policy, inputs, *rules),), (model,)))
    return read_workbook(path)


def route_of(workbook: DecisionWorkbook, evaluation: Evaluation, risk: str) -> Route:
    """The route of a case for which the model gives an evaluation."""
    checked, doubts = workbook.dictionary.check({"id": "1", "risk": risk, "amount": 1})
    found = workbook.model({"m": lambda given: evaluation}).evaluate("routing", checked)
    return route_case(found.value, (*doubts, *found.diagnostics), doubt_queue="clerks").route


def score(label: Any = "ok", confidence: Any = 0.95, ok: Any = 0.95) -> dict[str, Any]:
    return {
        "label": label,
        "confidence": to_feel(confidence),
        "probabilities": {"ok": to_feel(ok), "no": to_feel(0.05)},
    }


@pytest.mark.parametrize("policy", SINGLE, ids=lambda policy: policy.name)
def test_a_score_that_is_missing_or_of_the_wrong_type_goes_to_people(
    tmp_path: Path, policy: HitPolicy
) -> None:
    good = Evaluation(score())
    workbook = scored_workbook(tmp_path / "scored.xlsx", policy)
    assert route_of(workbook, good, "DE") is Route.AUTO
    noticed = [Diagnostic("score-failed", "the model failed")]
    for bad in (
        *(
            Evaluation(None, noticed),
            Evaluation(None),
            Evaluation(score(), noticed),
            Evaluation({}),
            Evaluation(7),
        ),
        *(Evaluation(score(label=None)), Evaluation(score(label=7)), Evaluation(score(confidence=None))),
        *(Evaluation(score(confidence="0.95")), Evaluation(score(ok=None)), Evaluation(score(ok=True))),
    ):
        assert route_of(workbook, bad, "DE") is Route.HUMAN, bad
        assert route_of(workbook, bad, "CH") is Route.AUTO

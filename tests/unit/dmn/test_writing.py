"""Models written as DMN files: what is read again is what was written, and what can't be written is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.dmn import (
    ConditionalLogic,
    ContextLogic,
    DecisionNode,
    DecisionService,
    Definitions,
    Entry,
    External,
    FilterLogic,
    FunctionItem,
    FunctionLogic,
    InputData,
    InvocationLogic,
    ItemDefinition,
    IteratorKind,
    IteratorLogic,
    KnowledgeModel,
    ListLogic,
    Literal,
    Model,
    Parameter,
    RelationLogic,
    Requirement,
    TableLogic,
    read_definitions,
    write_definitions,
)
from referee.domain import Diagnostic, ElementAddress, Evaluation, RulesError
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule
from tests.unit.dmn.schema_order import misplaced

VERSIONS: tuple[Any, ...] = ("1.3", "1.5")
WHERE_IT_STANDS = {"place", "element_id", "shapes"}


def meaning(part: Any) -> Any:
    """A part of a model without the places of its parts."""
    if isinstance(part, tuple):
        return tuple(map(meaning, part))
    if isinstance(part, Mapping):
        return [meaning(each) for each in part.values()]
    if dataclasses.is_dataclass(part):
        names = [field.name for field in dataclasses.fields(part) if field.name not in WHERE_IT_STANDS]
        return type(part), [meaning(getattr(part, name)) for name in names]
    return part


def table(policy: HitPolicy = HitPolicy.FIRST, **changes: Any) -> DecisionTable:
    parts: dict[str, Any] = {
        "name": "Discount",
        "hit_policy": policy,
        "inputs": (InputClause(CellText("order size"), "number", CellText("[0..100]"), label="Size"),),
        "outputs": (
            OutputClause("rate", "number", CellText("0.3, 0.2, 0.1"), CellText("0"), label="Rate"),
            OutputClause("tier", "string"),
        ),
        "annotations": ("Why", "Who"),
        "rules": (
            Rule(1, (CellText("< 10"),), (CellText("0.1"), CellText('"a < b & c"')), ("small", "Ann")),
            Rule(2, (CellText("-"),), (CellText("0.2"), CellText('"rest"')), ("else", ""), None, "the rest"),
        ),
    }
    return DecisionTable(**{**parts, **changes})


def model(*elements: Any, types: tuple[ItemDefinition, ...] = (), name: str = "Orders") -> Definitions:
    return Definitions(name, {element.name: element for element in elements}, types)


SIZE = InputData("order size", "number")


def round_trip(definitions: Definitions, folder: Path, version: Any = "1.5") -> Definitions:
    path = folder / "model.dmn"
    write_definitions(definitions, path, version)
    assert misplaced(parse(path).getroot(), version) == []
    return read_definitions(path)


def decided(definitions: Definitions, decision: str, **inputs: Any) -> Any:
    return Model(definitions).evaluate(
        decision, {name.replace("_", " "): each for name, each in inputs.items()}
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("policy", HitPolicy)
def test_a_decision_table_keeps_its_hit_policy_and_everything_in_it(
    policy: HitPolicy, version: Any, tmp_path: Path
) -> None:
    outputs = table().outputs[:1] if policy.is_aggregate else table().outputs
    rules = tuple(dataclasses.replace(rule, outputs=rule.outputs[: len(outputs)]) for rule in table().rules)
    logic = TableLogic(table(policy, outputs=outputs, rules=rules), output_label="The discount")
    written = model(SIZE, DecisionNode("Discount", logic))
    again = round_trip(written, tmp_path, version)
    (_, decision) = again.elements.values()
    assert isinstance(decision, DecisionNode)
    assert meaning(decision.logic) == meaning(logic)
    assert Model(again).evaluate("Discount", {"order size": 5}).value == (
        Model(written).evaluate("Discount", {"order size": 5}).value
    )


def test_requirements_that_follow_from_names_are_written(tmp_path: Path) -> None:
    again = round_trip(
        model(
            SIZE,
            InputData("unused"),
            KnowledgeModel("twice", FunctionLogic((Parameter("n", "number"),), Literal("2 * n")), "number"),
            DecisionNode("Double", Literal("twice(order size)")),
            DecisionNode("Total", Literal("Double + order size")),
        ),
        tmp_path,
    )
    by_name = {element.name: (key, element) for key, element in again.elements.items()}
    needs = {
        name: [again.elements[need.key].name for need in element.requirements or ()]
        for name, (_, element) in by_name.items()
        if isinstance(element, DecisionNode)
    }
    assert needs == {"Double": ["order size", "twice"], "Total": ["order size", "Double"]}
    assert decided(again, "Total", order_size=7).value == Decimal(21)


def test_a_service_is_written_with_the_decisions_between_its_inputs_and_outputs(tmp_path: Path) -> None:
    again = round_trip(
        model(
            SIZE,
            DecisionNode("Double", Literal("2 * order size")),
            DecisionNode("Triple", Literal("Double + order size")),
            DecisionService("Serve", ("order size",), ("Triple",), "number"),
        ),
        tmp_path,
    )
    service = next(each for each in again.elements.values() if isinstance(each, DecisionService))
    assert [again.elements[key].name for key in service.encapsulated or ()] == ["Double"]
    assert Model(again).invoke("Serve", {"order size": 3}).value == Decimal(9)


def test_item_definitions_are_kept(tmp_path: Path) -> None:
    types = (
        ItemDefinition("tSize", "number", allowed_values=CellText("[0..100]")),
        ItemDefinition("tSizes", "tSize", is_collection=True, constraint=CellText("count(?) < 3")),
        ItemDefinition(
            "tOrder",
            components=(
                ItemDefinition("size", "tSize"),
                ItemDefinition("tags", "string", is_collection=True),
            ),
        ),
        ItemDefinition("tRule", function=FunctionItem((("order", "tOrder"),), "boolean")),
    )
    assert meaning(round_trip(model(types=types), tmp_path).types) == meaning(types)


TYPED = Literal("1", "number")
NEWER = [
    (
        ConditionalLogic(Literal("order size > 3"), Literal('"many"'), Literal('"few"')),
        'if order size > 3 then "many" else "few"',
    ),
    (FilterLogic(Literal("[1, 2, 3]"), Literal("item > 1")), "[1, 2, 3][item > 1]"),
    (
        IteratorLogic(
            IteratorKind.FOR, Parameter("each one"), Literal("[1,2] // two"), Literal("each one * order size")
        ),
        "for each one in [1, 2] return each one * order size",
    ),
    (
        IteratorLogic(IteratorKind.EVERY, Parameter("n"), ListLogic((Literal("1"),)), Literal("n > 0")),
        "every n in [1] satisfies n > 0",
    ),
    (
        ContextLogic((Entry("x", FilterLogic(Literal("[1]"), Literal("item = order size"))),)),
        "[1][item = order size]",
    ),
]


@pytest.mark.parametrize(("logic", "text"), NEWER)
def test_an_expression_that_dmn_1_3_does_not_have_becomes_feel_text(
    logic: Any, text: str, tmp_path: Path
) -> None:
    written = model(SIZE, DecisionNode("It", logic))
    again = round_trip(written, tmp_path, "1.3")
    assert text in (tmp_path / "model.dmn").read_text("utf-8").replace("&gt;", ">")
    for size in (1, 5):
        assert decided(again, "It", order_size=size).value == decided(written, "It", order_size=size).value
    (_, kept) = round_trip(written, tmp_path, "1.5").elements.values()
    assert isinstance(kept, DecisionNode)
    assert meaning(kept.logic) == meaning(logic)


REFUSED_BY_1_3 = [
    (ConditionalLogic(Literal("true"), TYPED, TYPED), "declared as number"),
    (
        ConditionalLogic(Literal("true"), TableLogic(table()), Literal("1")),
        "a decision table or a function of another language",
    ),
    (ConditionalLogic(Literal("true"), Literal("1) + (2"), Literal("1")), "can't be read"),
    (IteratorLogic(IteratorKind.SOME, Parameter("n", "number"), Literal("[1]"), Literal("true")), "declared"),
]


@pytest.mark.parametrize(("logic", "reason"), REFUSED_BY_1_3)
def test_what_dmn_1_3_can_not_say_is_refused(logic: Any, reason: str, tmp_path: Path) -> None:
    definitions = model(SIZE, DecisionNode("It", logic, requirements=(Requirement("order size"),)))
    with pytest.raises(RulesError, match="It holds a boxed expression that") as caught:
        write_definitions(definitions, tmp_path / "model.dmn", "1.3")
    assert reason in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_constraint_on_a_whole_list_is_refused_by_1_3(tmp_path: Path) -> None:
    sizes = ItemDefinition("tSizes", "number", is_collection=True, constraint=CellText("count(?) < 3"))
    with pytest.raises(RulesError, match="tSizes has a constraint on the whole value"):
        write_definitions(model(types=(sizes,)), tmp_path / "model.dmn", "1.3")


def test_all_reasons_not_to_write_are_told_at_once(tmp_path: Path) -> None:
    fault = Diagnostic("not-feel", "the expression is written in Kotlin", place=ElementAddress("a.dmn", "d1"))
    definitions = dataclasses.replace(
        model(
            SIZE,
            DecisionNode("A", Literal('"\x00"')),
            DecisionNode("B", Literal("1 +")),
            DecisionService("S", ("A", "order size"), ("B",)),
        ),
        faults=(fault,),
    )
    with pytest.raises(RulesError) as caught:
        write_definitions(definitions, tmp_path / "model.dmn")
    told = str(caught.value)
    for part in ("Kotlin", "a character that no XML file can hold", "a value is missing", "reorder them"):
        assert part in told


def test_a_score_is_written_as_a_decision_whose_value_must_be_supplied(tmp_path: Path) -> None:
    score = External(lambda values: Evaluation(Decimal(1)), ("order size",))
    again = round_trip(
        model(SIZE, DecisionNode("Score", score), DecisionNode("Route", Literal("Score > 0.5"))),
        tmp_path,
        "1.3",
    )
    assert decided(again, "Route", Score=Decimal("0.9")).value is True
    doubtful = decided(again, "Route")
    assert doubtful.value is None
    assert "input-missing" in [each.code for each in doubtful.diagnostics]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.dmn"
    write_definitions(model(SIZE), path)
    before = path.read_bytes()
    with pytest.raises(RulesError):
        write_definitions(model(DecisionNode("B", Literal("1 +"))), path)
    with pytest.raises(RulesError, match="can't be written"):
        write_definitions(model(SIZE), tmp_path / "nowhere" / "model.dmn")
    (tmp_path / "folder.dmn").mkdir()
    with pytest.raises(RulesError, match="can't be written"):
        write_definitions(model(SIZE), tmp_path / "folder.dmn")
    assert path.read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"model.dmn", "folder.dmn"}


ANNOTATED = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="defs" name="Orders" namespace="urn:orders"
    xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/">
  <description>All about orders</description>
  <import name="scorecard" namespace="urn:pmml" importType="http://www.dmg.org/PMML-4_2" locationURI="s.pmml"/>
  <itemDefinition id="t1" name="tSize" label="Size of an order"><description>In boxes</description>
    <typeRef>number</typeRef></itemDefinition>
  <decision id="d1" name="Discount" label="The discount">
    <description>What we take off</description>
    <question>How much less?</question>
    <allowedAnswers>A rate</allowedAnswers>
    <variable id="d1v" name="Discount"/>
    <informationRequirement id="r1"><requiredInput href="#i1"/></informationRequirement>
    <authorityRequirement id="r2"><requiredAuthority href="#k1"/></authorityRequirement>
    <decisionOwner href="#o1"/>
    <decisionTable id="dt" hitPolicy="UNIQUE" outputLabel="Off">
      <input id="c1" label="Boxes"><inputExpression id="e1" typeRef="tSize"><text>size</text></inputExpression></input>
      <output id="o" label="Rate" name="rate"/>
      <rule id="row1"><description>As agreed</description>
        <inputEntry id="x1"><text>&gt; 5</text></inputEntry><outputEntry id="y1"><text>0.1</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <inputData id="i1" name="size"><description>Counted</description><variable name="size" typeRef="tSize"/></inputData>
  <knowledgeSource id="k1" name="Handbook" locationURI="http://x/"><type>policy</type></knowledgeSource>
  <textAnnotation id="a1"><text>Ask Ann
    about   this</text></textAnnotation>
  <association id="as1"><sourceRef href="#d1"/><targetRef href="#a1"/></association>
  <organizationUnit id="o1" name="Sales"><decisionOwned href="#d1"/></organizationUnit>
  <dmndi:DMNDI><dmndi:DMNDiagram id="dia">
    <dmndi:DMNShape id="s1" dmnElementRef="d1"><dc:Bounds x="160.5" y="80" width="180" height="80"/></dmndi:DMNShape>
    <dmndi:DMNShape id="s2" dmnElementRef="i1"><dc:Bounds x="NaN" y="80" width="1" height="1"/></dmndi:DMNShape>
  </dmndi:DMNDiagram></dmndi:DMNDI>
</definitions>
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_texts_for_people_ids_and_places_in_the_diagram_are_kept(version: Any, tmp_path: Path) -> None:
    source = tmp_path / "source.dmn"
    source.write_text(ANNOTATED, encoding="utf-8")
    original = read_definitions(source)
    again = round_trip(original, tmp_path, version)
    assert meaning(again) == meaning(original)
    assert again.shapes["d1"] == original.shapes["d1"]
    root = parse(tmp_path / "model.dmn").getroot()
    ids = {element.get("id") for element in root.iter()}
    assert ids >= {
        "defs",
        "t1",
        "d1",
        "r1",
        "r2",
        "dt",
        "c1",
        "e1",
        "o",
        "row1",
        "x1",
        "y1",
        "i1",
        "k1",
        "a1",
    }
    decision = again.elements["urn:orders#d1"]
    assert isinstance(decision, DecisionNode)
    assert decision.notes.question == "How much less?"
    assert [passage.tag for passage in decision.notes.passages] == ["authorityRequirement", "decisionOwner"]
    assert "Ask Ann\n    about   this" in (tmp_path / "model.dmn").read_text("utf-8")


def test_a_model_names_what_it_imports(tmp_path: Path) -> None:
    write_definitions(
        dataclasses.replace(
            model(InputData("size", "tSize"), types=(ItemDefinition("tSize", "number"),)),
            namespace="urn:base",
        ),
        tmp_path / "base.dmn",
    )
    base = read_definitions(tmp_path / "base.dmn")
    (size,) = base.elements
    double = DecisionNode("Double", Literal("2 * b.size"), "b.tSize", (Requirement(size, "b"),))
    importing = dataclasses.replace(model(double), imports={"b": base})
    again = round_trip(importing, tmp_path)
    assert Model(again).evaluate("Double", {"size": 4}).value == Decimal(8)
    assert 'locationURI="base.dmn"' in (tmp_path / "model.dmn").read_text("utf-8")


def test_the_diagram_has_inputs_below_and_decisions_above_what_they_need(tmp_path: Path) -> None:
    names = [f"n {number}" for number in range(40)]
    elements: list[Any] = [InputData(name) for name in names[:8]]
    for number in range(8, 40):
        text = " + ".join(
            names[each] for each in range(number) if (number * 7 + each * 3) % 5 == 0 or each == 0
        )
        elements.append(DecisionNode(names[number], Literal(text)))
    again = round_trip(model(*elements), tmp_path)
    shapes = {key.partition("#")[2]: key for key in again.elements}
    assert set(again.shapes) == set(shapes)
    for key, element in again.elements.items():
        for need in getattr(element, "requirements", ()) or ():
            above, below = (again.shapes[each.partition("#")[2]] for each in (key, need.key))
            assert above.y + above.height < below.y
    boxes = list(again.shapes.values())
    for position, one in enumerate(boxes):
        for other in boxes[position + 1 :]:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart


def test_requirements_in_a_circle_are_drawn_all_the_same(tmp_path: Path) -> None:
    circle = [DecisionNode(f"d{n}", Literal(f"d{(n + 1) % 3}")) for n in range(3)]
    again = round_trip(model(*circle), tmp_path)
    assert len(again.shapes) == 3
    assert {fault.code for fault in Model(again).faults} == {"requirements-cycle"}


def test_a_chain_of_thousands_of_decisions_is_written(tmp_path: Path) -> None:
    chain = [DecisionNode("d0", Literal("1"))]
    chain += [
        DecisionNode(f"d{n}", Literal(f"d{n - 1}"), requirements=(Requirement(f"d{n - 1}"),))
        for n in range(1, 3000)
    ]
    assert len(round_trip(model(*chain), tmp_path).shapes) == 3000


def test_names_that_look_alike_get_ids_of_their_own(tmp_path: Path) -> None:
    names = ["a b", "a-b", "a.b", "a/b", "a:b", "1", "", "ä ö", "definitions", "a_b_variable", "ns#x"]
    again = round_trip(model(*map(InputData, names)), tmp_path)
    assert [element.name for element in again.elements.values()] == names


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), min_size=1
).map(lambda text: f"x{text}")
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=5
)
TYPES = st.sampled_from(["", "number", "tOrder", "list<string>"])
CELLS = TEXTS.map(CellText)
LITERALS = st.builds(Literal, TEXTS, TYPES)


@st.composite
def tables(draw: st.DrawFn) -> TableLogic:
    width, height = draw(st.integers(1, 2)), draw(st.integers(0, 3))
    inputs = st.builds(InputClause, CELLS, TYPES, st.none() | CELLS, label=NAMES)
    outputs = st.builds(OutputClause, NAMES, TYPES, st.none() | CELLS, st.none() | CELLS, label=NAMES)
    row = st.lists(CELLS, min_size=width, max_size=width).map(tuple)
    rules = [
        Rule(number, draw(row), draw(row), draw(st.lists(TEXTS, max_size=2).map(tuple)))
        for number in range(1, height + 1)
    ]
    columns = [draw(st.lists(each, min_size=width, max_size=width)) for each in (inputs, outputs)]
    policy, annotations = draw(st.sampled_from(HitPolicy)), draw(st.lists(NAMES, max_size=2))
    return TableLogic(
        DecisionTable("It", policy, tuple(columns[0]), tuple(columns[1]), tuple(annotations), tuple(rules)),
        draw(TYPES),
        output_label=draw(NAMES),
    )


def _larger(logic: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    entries = st.lists(st.builds(Entry, NAMES, logic, TYPES), max_size=3).map(tuple)
    parameters = st.builds(Parameter, NAMES, TYPES)
    return st.one_of(
        st.builds(ContextLogic, entries, TYPES),
        st.builds(InvocationLogic, LITERALS, entries, TYPES),
        st.builds(ListLogic, st.lists(logic, max_size=3).map(tuple), TYPES),
        st.tuples(parameters, logic, logic, TYPES).map(
            lambda each: RelationLogic((each[0],), ((each[1],), (each[2],)), each[3])
        ),
        st.builds(FunctionLogic, st.lists(parameters, max_size=2).map(tuple), logic, type=TYPES),
        st.builds(ConditionalLogic, logic, logic, logic, TYPES),
        st.builds(FilterLogic, logic, logic, TYPES),
        st.builds(IteratorLogic, st.sampled_from(IteratorKind), parameters, logic, logic, TYPES),
    )


LOGIC = st.recursive(st.one_of(LITERALS, LITERALS, tables()), _larger, max_leaves=6)


@settings(max_examples=60)
@given(LOGIC)
def test_any_boxed_expression_is_read_as_it_was_written(tmp_path_factory: Any, logic: Any) -> None:
    definitions = model(DecisionNode("It", logic, requirements=()))
    again = round_trip(definitions, tmp_path_factory.mktemp("written"))
    (decision,) = again.elements.values()
    assert isinstance(decision, DecisionNode)
    assert meaning(_named(decision.logic)) == meaning(_named(logic))
    assert not again.faults


def _named(logic: Any) -> Any:
    """The logic with all its tables named alike: a file gives a table the name of what it stands in."""
    if isinstance(logic, DecisionTable):
        return dataclasses.replace(logic, name="")
    if isinstance(logic, tuple):
        return tuple(map(_named, logic))
    if dataclasses.is_dataclass(logic) and not isinstance(logic, type):
        parts = {field.name: _named(getattr(logic, field.name)) for field in dataclasses.fields(logic)}
        return dataclasses.replace(logic, **parts)
    return logic

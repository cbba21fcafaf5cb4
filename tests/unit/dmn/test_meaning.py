"""What DMN files mean, as tables: a model in XML, its decisions, and the values they have."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from referee import feel
from referee.dmn import Model, read_model
from referee.feel.values import equal

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def literal(text: str) -> str:
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def decision(name: str, logic: str, type_name: str = "", *required: str) -> str:
    """``required`` are ``input:href``, ``decision:href`` or ``knowledge:href``."""
    kinds = {
        "input": ("informationRequirement", "requiredInput"),
        "decision": ("informationRequirement", "requiredDecision"),
        "knowledge": ("knowledgeRequirement", "requiredKnowledge"),
    }
    requirements = ""
    for each in required:
        kind, _, href = each.partition(":")
        outer, inner = kinds[kind]
        requirements += f'<{outer}><{inner} href="{href}"/></{outer}>'
    declared = f' typeRef="{escape(type_name)}"' if type_name else ""
    variable = f'<variable name="{name}"{declared}/>'
    return f'<decision id="{name}" name="{name}">{variable}{requirements}{logic}</decision>'


def entry(name: str, logic: str) -> str:
    variable = f'<variable name="{name}"/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def function(logic: str, *parameters: str) -> str:
    formal = "".join(f'<formalParameter name="{name}"/>' for name in parameters)
    return f"<functionDefinition>{formal}{logic}</functionDefinition>"


def model(folder: Path, body: str, name: str = "model") -> Model:
    path = folder / f"{name}.dmn"
    path.write_text(
        f'<definitions xmlns="{DMN}" namespace="{name}" name="{name}" id="d">{body}</definitions>',
        encoding="utf-8",
    )
    return read_model(path)


def assert_gives(of: Model, name: str, wanted: str, **inputs: object) -> None:
    evaluation = of.evaluate(name, inputs)
    text, _, codes = wanted.partition(" ! ")
    assert equal(evaluation.value, feel.evaluate(text).value) is True, evaluation
    assert [each.code for each in evaluation.diagnostics] == codes.split()


TYPES = """
<itemDefinition name="positive"><typeRef>number</typeRef>
  <allowedValues><text>&gt; 0</text></allowedValues></itemDefinition>
<itemDefinition name="net-amount"><typeRef>positive</typeRef></itemDefinition>
<itemDefinition name="amounts" isCollection="true"><typeRef>net-amount</typeRef></itemDefinition>
<itemDefinition name="pairs" isCollection="true"><typeRef>amounts</typeRef>
  <typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>
<itemDefinition name="person"><itemComponent name="first-name"><typeRef>string</typeRef></itemComponent>
  <itemComponent name="paid" isCollection="true"><typeRef>positive</typeRef></itemComponent></itemDefinition>
<itemDefinition name="naming"><functionItem outputTypeRef="context&lt;a: string&gt;">
  <parameters name="a" typeRef="feel:number"/></functionItem></itemDefinition>
<itemDefinition name="pricing"><functionItem outputTypeRef="number">
  <parameters name="a" typeRef="number"/></functionItem></itemDefinition>
"""

TYPED = """
[1]                        ; number                        => 1
1                          ; list<number>                  => [1]
[1, "a"]                   ; list<number>                  => null ! wrong-type
@"2024-01-01"              ; date and time                 => @"2024-01-01T00:00:00Z"
@"2024-01-01T00:00:00"     ; date                          => null ! wrong-type
0                          ; net-amount                    => null ! value-not-allowed
[2]                        ; net-amount                    => 2
2                          ; amounts                       => [2]
[2, 0]                     ; amounts                       => null ! value-not-allowed
[2]                        ; pairs                         => [[2]]
[[1], [2, 3]]              ; pairs                         => [[1], [2, 3]]
[[1], [2], [3]]            ; pairs                         => null ! value-not-allowed
[2]                        ; list<net-amount>              => [2]
{"first-name": "a", paid: [1]}    ; person                 => {"first-name": "a", paid: [1]}
{"first-name": "a", paid: [0]}    ; person                 => null ! value-not-allowed
{"first-name": "a"}        ; person                        => null ! wrong-type
1 instance of net-amount   ; boolean                       => true
[1] instance of list<net-amount>  ; boolean                => true
(function(p: net-amount) p + 1)(2)  ; number               => 3
function(a: string) a      ; pricing                       => null ! wrong-type
(function(f: naming) f(1))(function(a) {a: "x"}) ; context<a: string> => {a: "x"}
"""


@pytest.mark.parametrize("line", TYPED.strip().splitlines())
def test_a_value_takes_the_type_declared_or_is_null(line: str, tmp_path: Path) -> None:
    given, _, wanted = line.partition(" => ")
    text, _, type_name = given.partition(" ; ")
    read = model(tmp_path, TYPES + decision("it", literal(text), type_name.strip()))
    assert not read.faults
    assert_gives(read, "it", wanted)


def test_a_model_that_names_an_unknown_type_is_read_and_says_so(tmp_path: Path) -> None:
    body = '<itemDefinition name="a"><typeRef>nothing</typeRef></itemDefinition>'
    read = model(tmp_path, body + decision("it", literal("1"), "a"))
    assert [fault.code for fault in read.faults] == ["unknown-type"]


def iterator(kind: str, source: str, body: str, variable: str = "each one") -> str:
    part = "return" if kind == "for" else "satisfies"
    logic = f"<in>{literal(source)}</in><{part}>{literal(body)}</{part}>"
    return f'<{kind} iteratorVariable="{variable}">{logic}</{kind}>'


def filtered(source: str, match: str) -> str:
    return f"<filter><in>{literal(source)}</in><match>{literal(match)}</match></filter>"


FACTORIAL = function(literal("if n < 2 then 1 else n * factorial(n - 1)"), "n")
BOXED = {
    "an entry sees those before it": (
        f"<context>{entry('a b', literal('1'))}{entry('', literal('a b + 1'))}</context>",
        "2",
    ),
    "a function in a context may call itself": (
        f"<context>{entry('factorial', FACTORIAL)}{entry('', literal('factorial(5)'))}</context>",
        "120",
    ),
    "a filter sees the entries of its items": (
        filtered("[{net price: 1}, {net price: 3}]", "net price > 2"),
        "[{net price: 3}]",
    ),
    "a filter by position": (filtered("[1, 2, 3]", "-1"), "3"),
    "a filter that can't be told": (filtered("[1, 2]", '"x"'), "null ! not-boolean"),
    "a loop over a range": (iterator("for", "[1..3]", "each one * count(partial)"), "[0, 2, 6]"),
    "some item decides": (iterator("some", '["x", true]', "each one"), "true"),
    "no item decides": (iterator("some", '["x", false]', "each one"), "null ! not-boolean"),
    "every item of none": (iterator("every", "[]", "each one > 1"), "true"),
}


@pytest.mark.parametrize(("logic", "wanted"), BOXED.values(), ids=BOXED)
def test_a_boxed_expression_means(logic: str, wanted: str, tmp_path: Path) -> None:
    read = model(tmp_path, decision("it", logic))
    assert not read.faults
    assert_gives(read, "it", wanted)


def test_an_entry_whose_name_holds_symbols_is_read_from_another_decision(tmp_path: Path) -> None:
    limits = decision("limits", f"<context>{entry('max-age', literal('65'))}</context>")
    read = model(tmp_path, limits + decision("it", literal("limits.max-age - 5"), "", "decision:#limits"))
    assert not read.faults
    assert_gives(read, "it", "60")


GRADE = """<itemDefinition name="base"><typeRef>string</typeRef>
  <allowedValues><text>"high", "low"</text></allowedValues></itemDefinition>
<itemDefinition name="grade"><typeRef>base</typeRef></itemDefinition>"""


@pytest.mark.parametrize(("policy", "wanted"), [("PRIORITY", '"high"'), ("OUTPUT ORDER", '["high", "low"]')])
def test_hits_are_ranked_by_the_allowed_values_of_the_output_type(
    policy: str, wanted: str, tmp_path: Path
) -> None:
    rules = "".join(
        f"<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>{output}</text></outputEntry></rule>"
        for output in ('"low"', '"high"')
    )
    clauses = (
        '<input><inputExpression><text>1</text></inputExpression></input><output name="o" typeRef="grade"/>'
    )
    table = f'<decisionTable hitPolicy="{policy}">{clauses}{rules}</decisionTable>'
    read = model(tmp_path, GRADE + decision("it", table))
    assert not read.faults
    assert_gives(read, "it", wanted)


LIBRARY = f"""
<itemDefinition name="positive"><typeRef>number</typeRef>
  <allowedValues><text>&gt; 0</text></allowedValues></itemDefinition>
<inputData id="x" name="x"><variable name="x" typeRef="number"/></inputData>
{decision("same", literal("x * 2"), "number", "input:#x")}
<businessKnowledgeModel id="twice" name="twice"><variable name="twice"/><encapsulatedLogic>
  <formalParameter name="a" typeRef="positive"/>{literal("a * 2")}</encapsulatedLogic></businessKnowledgeModel>
<decisionService id="service" name="service"><variable name="service"/>
  <outputDecision href="#same"/><inputData href="#x"/></decisionService>
"""
IMPORTING = """
my.lib.same + 1                 ; decision:library#same        => 11
my.lib.x                        ; input:library#x              => 5
my.lib.twice(4)                 ; knowledge:library#twice      => 8
my.lib.twice(a: [4])            ; knowledge:library#twice      => 8
my.lib.twice(0)                 ; knowledge:library#twice      => null ! value-not-allowed
my.lib.service(x: 7)            ; knowledge:library#service    => 14
my.lib.service instance of function<number> -> number ; knowledge:library#service => true
my.lib.service instance of function<string> -> number ; knowledge:library#service => false
my.lib.service instance of function<number> -> string ; knowledge:library#service => false
[1] instance of list<my.lib.positive> ; input:library#x        => true
"""


@pytest.mark.parametrize("line", IMPORTING.strip().splitlines())
def test_an_import_is_used_by_its_name(line: str, tmp_path: Path) -> None:
    given, _, wanted = line.partition(" => ")
    text, _, required = given.partition(" ; ")
    model(tmp_path, LIBRARY, "library")
    body = f'<import name="my.lib" namespace="library" importType="{DMN}"/>'
    read = model(tmp_path, body + decision("same", literal(text), "", required.strip()))
    assert not read.faults
    assert_gives(read, "same", wanted, x=5)

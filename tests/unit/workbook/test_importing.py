"""Decisions of other tools become workbooks that decide the same, or are refused with every place."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Border, Side

from referee.domain import Evaluation, InputError, RulesError
from referee.workbook import DecisionWorkbook, SheetLayout, import_decision, read_workbook

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def dmn(path: Path, body: str) -> Path:
    path.write_text(
        f'<definitions xmlns="{MODEL}" id="d" name="shipping" namespace="http://camunda.org/schema/1.0/dmn">'
        f"{body}</definitions>",
        encoding="utf-8",
    )
    return path


def decision(name: str, logic: str, requirements: str = "") -> str:
    return f'<decision id="{name}" name="{name}"><variable name="{name}"/>{requirements}{logic}</decision>'


def table(
    inputs: list[tuple[str, str]], outputs: list[tuple[str, str]], rules: list[str], policy: str = "UNIQUE"
) -> str:
    """A decision table; each rule is its cells with bars between."""
    heads = "".join(
        f'<input><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in inputs
    ) + "".join(f'<output name="{name}" typeRef="{kind}"/>' for name, kind in outputs)
    rows = ""
    for rule in rules:
        cells = [cell.strip().replace("<", "&lt;") for cell in rule.split("|")]
        rows += (
            "<rule>"
            + "".join(
                f"<{tag}><text>{cell}</text></{tag}>"
                for tag, cell in zip(
                    ["inputEntry"] * len(inputs) + ["outputEntry"] * len(outputs), cells, strict=True
                )
            )
            + "</rule>"
        )
    return f'<decisionTable hitPolicy="{policy}">{heads}{rows}</decisionTable>'


def imported(source: Path, layout: SheetLayout | None = None) -> DecisionWorkbook:
    found = import_decision(source, source.with_name("imported.xlsx"), layout)
    return read_workbook(found.path)


def decided(workbook: DecisionWorkbook, name: str, facts: dict[str, Any]) -> Any:
    evaluation: Evaluation = workbook.model({}).evaluate(name, facts)
    return evaluation.value


def faults(source: Path) -> list[str]:
    with pytest.raises(RulesError) as raised:
        import_decision(source, source.with_name("imported.xlsx"))
    assert not source.with_name("imported.xlsx").exists()
    return [str(fault) for fault in raised.value.faults]


# --- DMN


def test_a_dmn_file_without_input_data_has_its_facts_from_the_inputs(tmp_path: Path) -> None:
    source = dmn(
        tmp_path / "shipping.dmn",
        decision(
            "fee",
            table(
                [("weight", "double"), ("express", "boolean"), ("country", "string")],
                [("fee", "integer")],
                ['< 2 | false | "DE","AT" | 5', '< 2 | true | "DE","AT" | 9', ">= 2 | - | - | weight * 4"],
            ),
        ),
    )
    workbook = imported(source)
    assert [(fact.name, fact.type) for fact in workbook.dictionary.facts] == [
        ("case id", "string"),
        ("weight", "number"),
        ("express", "boolean"),
        ("country", "string"),
    ]
    assert decided(workbook, "fee", {"weight": 1, "express": True, "country": "AT"}) == 9
    assert decided(workbook, "fee", {"weight": 3, "express": True, "country": "FR"}) == 12


def test_an_imported_decision_leaves_every_case_to_people_until_somebody_says_otherwise(
    tmp_path: Path,
) -> None:
    source = dmn(
        tmp_path / "fee.dmn", decision("fee", table([("weight", "number")], [("", "number")], ["- | 5"]))
    )
    found = import_decision(source, tmp_path / "imported.xlsx")
    workbook = read_workbook(found.path)
    result = decided(workbook, "routing", {"case id": "1", "weight": 2})
    assert (result["route"], result["reason"]) == ("human", "fee: 5")
    assert workbook.actions == ()
    assert any("leaves every case to people" in note for note in found.notes)
    assert any("put the one that your cases have" in note for note in found.notes)


def test_types_allowed_values_literal_expressions_defaults_and_annotations_are_kept(tmp_path: Path) -> None:
    grade = (
        '<itemDefinition name="tGrade"><typeRef>string</typeRef><allowedValues><text>"a","b"</text>'
        '</allowedValues></itemDefinition><inputData name="grade"><variable name="grade" typeRef="tGrade"/>'
        '</inputData><inputData name="paid on"><variable name="paid on" typeRef="date"/></inputData>'
    )
    needs = '<informationRequirement><requiredInput href="#grade"/></informationRequirement>'
    rules = (
        '<decisionTable hitPolicy="PRIORITY"><input><inputExpression><text>grade</text></inputExpression></input>'
        '<output name="speed" typeRef="string"><outputValues><text>"fast","slow"</text></outputValues>'
        '<defaultOutputEntry><text>"slow"</text></defaultOutputEntry></output><annotation name="why"/>'
        '<rule><description>from the law</description><inputEntry><text>"a"</text></inputEntry>'
        '<outputEntry><text>"fast"</text></outputEntry><annotationEntry><text>best</text></annotationEntry></rule>'
        "</decisionTable>"
    )
    late = '<literalExpression><text>paid on &lt; date("2026-01-01")</text></literalExpression>'
    source = dmn(
        tmp_path / "speed.dmn",
        grade.replace('name="grade">', 'id="grade" name="grade">', 1)
        + decision("speed", rules, needs)
        + decision(
            "early", late, '<informationRequirement><requiredInput href="#paid"/></informationRequirement>'
        ),
    )
    source.write_text(
        source.read_text().replace('<inputData name="paid on">', '<inputData id="paid" name="paid on">')
    )
    workbook = imported(source)
    assert workbook.dictionary.fact("grade").allowed_values == '"a","b"'  # type: ignore[union-attr]
    speed = workbook.table("speed")
    assert speed.annotations == ("why", "description")
    assert speed.rules[0].annotations == ("best", "from the law")
    assert decided(workbook, "speed", {"grade": "a"}) == "fast"
    assert decided(workbook, "speed", {"grade": "b"}) == "slow"
    assert decided(workbook, "early", {"paid on": datetime.date(2025, 5, 5)}) is True


def test_feel_that_a_workbook_would_read_in_two_ways_is_written_in_the_one_that_is_meant(
    tmp_path: Path,
) -> None:
    source = dmn(
        tmp_path / "numbers.dmn",
        decision(
            "level",
            table(
                [("ratio", "number"), ("name", "string"), ("other", "string")],
                [("level", "number")],
                ["1,2 | - | - | 1", "< 1.234 | - | - | 2", "- | other | - | 3"],
                "FIRST",
            ),
        ),
    )
    workbook = imported(source)
    facts = {"ratio": 2, "name": "x", "other": "y"}
    assert decided(workbook, "level", facts) == 1
    assert decided(workbook, "level", {**facts, "ratio": 1.2335}) == 2
    assert decided(workbook, "level", {**facts, "ratio": 5, "other": "x"}) == 3


def test_an_unquoted_text_of_dmn_is_a_name_and_never_becomes_a_text(tmp_path: Path) -> None:
    source = dmn(
        tmp_path / "season.dmn",
        decision("dish", table([("season", "string")], [("dish", "string")], ['Winter | "Stew"'])),
    )
    assert any("Winter" in fault for fault in faults(source))


BODY = """<inputData id="a" name="amount"><variable name="amount" typeRef="number"/></inputData>"""
NEEDS = '<informationRequirement><requiredInput href="#a"/></informationRequirement>'


def literal(text: str) -> str:
    return f"<literalExpression><text>{text.replace('<', '&lt;')}</text></literalExpression>"


def named(tag: str, entries: dict[str, str]) -> str:
    parts = (
        (f'<variable name="{name}" typeRef="number"/>' if name else "", logic)
        for name, logic in entries.items()
    )
    return f"<{tag}>{''.join(f'<contextEntry>{variable}{logic}</contextEntry>' for variable, logic in parts)}</{tag}>"


BOXED: list[tuple[str, Any, Any]] = [
    (named("context", {"a": literal("amount"), "b": literal("a * 2"), "": literal("b + 1")}), 5, 11),
    (f"<list>{literal('amount')}{literal('7')}</list>", 5, [5, 7]),
    (
        f"<relation><column name='x'/><column name='y'/><row>{literal('amount')}{literal('2')}</row></relation>",
        5,
        [{"x": 5, "y": 2}],
    ),
    (
        f"<conditional><if>{literal('amount > 3')}</if><then>{literal('1')}</then><else>{literal('2')}</else>"
        "</conditional>",
        5,
        1,
    ),
    (f"<filter><in>{literal('[1, 4, 9]')}</in><match>{literal('item < amount')}</match></filter>", 5, [1, 4]),
    (
        f"<for iteratorVariable='i'><in>{literal('[1, 2]')}</in><return>{literal('i + amount')}</return></for>",
        5,
        [6, 7],
    ),
]


@pytest.mark.parametrize(("logic", "amount", "value"), BOXED)
def test_boxed_expressions_become_one_feel_expression(
    tmp_path: Path, logic: str, amount: int, value: Any
) -> None:
    source = dmn(tmp_path / "boxed.dmn", BODY + decision("found", logic, NEEDS))
    source.write_text(source.read_text().replace("20191111", "20230324"))
    assert decided(imported(source), "found", {"amount": amount}) == value


def test_types_that_parts_of_a_boxed_expression_declare_are_said_not_to_be_checked(tmp_path: Path) -> None:
    source = dmn(tmp_path / "boxed.dmn", BODY + decision("found", BOXED[0][0], NEEDS))
    assert import_decision(source, tmp_path / "imported.xlsx").notes[0] == (
        "the decision `found` became one FEEL expression, in which nothing checks the types that its parts declare "
        "(number)"
    )


def knowledge(name: str, parameters: list[str], body: str, more: str = "") -> str:
    given = "".join(f'<formalParameter name="{each}"/>' for each in parameters)
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/><encapsulatedLogic>{given}{body}'
        f"</encapsulatedLogic>{more}</businessKnowledgeModel>"
    )


def calls(name: str) -> str:
    return f'<knowledgeRequirement><requiredKnowledge href="#{name}"/></knowledgeRequirement>'


def invocation(name: str, bindings: dict[str, str]) -> str:
    given = "".join(
        f'<binding><parameter name="{p}"/>{literal(text)}</binding>' for p, text in bindings.items()
    )
    return f"<invocation>{literal(name)}{given}</invocation>"


def test_business_knowledge_models_become_part_of_the_decisions_that_call_them(tmp_path: Path) -> None:
    models = knowledge("half", ["x"], literal("x / 2")) + knowledge(
        "rate", ["y"], literal("half(y) + 1"), calls("half")
    )
    body = BODY + models + decision("fee", literal("rate(amount) * 10"), NEEDS + calls("rate"))
    body += decision("boxed fee", invocation("rate", {"y": "amount"}), NEEDS + calls("rate")).replace(
        'id="boxed fee"', 'id="boxed"'
    )
    workbook = imported(dmn(tmp_path / "fee.dmn", body))
    assert decided(workbook, "fee", {"amount": 4}) == 30
    assert decided(workbook, "boxed fee", {"amount": 4}) == 3


def test_the_decision_table_of_a_called_knowledge_model_becomes_the_table_of_the_decision(
    tmp_path: Path,
) -> None:
    rules = table([("level", "number")], [("", "number")], ["< 10 | 1", ">= 10 | 2"])
    body = BODY + knowledge("rate", ["level"], rules)
    source = dmn(
        tmp_path / "fee.dmn",
        body + decision("fee", invocation("rate", {"level": "amount * 2"}), NEEDS + calls("rate")),
    )
    workbook = imported(source)
    assert [clause.expression.text for clause in workbook.table("fee").inputs] == ["amount * 2"]
    assert [decided(workbook, "fee", {"amount": each}) for each in (4, 5)] == [1, 2]


def test_what_a_workbook_cannot_hold_is_named_with_its_place(tmp_path: Path) -> None:
    body = (
        '<itemDefinition name="tPerson"><itemComponent name="age"><typeRef>number</typeRef></itemComponent>'
        '</itemDefinition><inputData id="p" name="person"><variable name="person" typeRef="tPerson"/></inputData>'
    )
    rules = table([("level", "number")], [("", "number")], ["< 10 | level"])
    body += BODY + knowledge("rate", ["level"], rules) + knowledge("half", ["x"], literal("x / 2"))
    body += decision("parts", named("context", {"a": rules}))
    body += decision("fee", invocation("rate", {"level": "amount"}), NEEDS + calls("rate"))
    body += decision(
        "called", table([("half(amount)", "number")], [("", "number")], ["- | 1"]), NEEDS + calls("half")
    )
    source = dmn(tmp_path / "much.dmn", body)
    assert faults(source) == [
        "much.dmn, element p: the fact `person`: the type `tPerson` is a structure; facts are single values, "
        "one for each part",
        "much.dmn, element parts: the decision `parts` is a context, which can't become one FEEL expression: it holds "
        "a decision table or a function of another language, which FEEL text can't hold; make its parts decisions of "
        "their own",
        "much.dmn, element fee: the decision `fee` calls a decision table whose cell `level` uses the parameter "
        "`level`, which has another name outside; give the parameter the name of what it gets",
        "much.dmn, element called: the decision table `called` calls the business knowledge model `half`, and a "
        "workbook has no functions of its own; make what it calls a decision, and test that",
    ]


def test_a_default_that_its_type_makes_a_list_is_refused(tmp_path: Path) -> None:
    rules = table([("amount", "number")], [("x", "number")], ["< 10 | 1"], "RULE ORDER")
    rules = rules.replace(
        '<output name="x" typeRef="number"/>',
        '<output name="x" typeRef="number"><defaultOutputEntry><text>2</text></defaultOutputEntry></output>',
    )
    types = '<itemDefinition name="tNumbers" isCollection="true"><typeRef>number</typeRef></itemDefinition>'
    fee = decision("fee", rules, NEEDS).replace(
        '<variable name="fee"/>', '<variable name="fee" typeRef="tNumbers"/>'
    )
    assert faults(dmn(tmp_path / "fee.dmn", types + BODY + fee))[0] == (
        "fee.dmn, element fee: the decision `fee` lists its hits, and its type makes a list of its default, which a "
        "workbook can't; replace the default by a rule for the cases that no other covers"
    )


# --- Camunda's sheets


def sheet(path: Path, rows: list[list[Any]], title: str = "Dish") -> Path:
    workbook: Any = Workbook()
    workbook.active.title = title
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def test_camundas_simple_layout_has_inputs_and_a_last_output(tmp_path: Path) -> None:
    source = sheet(
        tmp_path / "dish.xlsx",
        [
            ["season", "guests", "dish"],
            ["Winter", "<= 8", "Roast"],
            ["Summer", "[1..4]", "Salad"],
            ["Summer", "> 4", "Steak"],
            ["Winter", "> 8", None],
        ],
    )
    workbook = imported(source)
    assert workbook.table("Dish").hit_policy.value == "U"
    assert decided(workbook, "Dish", {"season": "Summer", "guests": 5}) == "Steak"
    assert decided(workbook, "Dish", {"season": "Winter", "guests": 8}) == "Roast"
    assert decided(workbook, "Dish", {"season": "Winter", "guests": 9}) is None


def test_camundas_simple_layout_takes_outputs_and_hit_policy_from_the_caller(tmp_path: Path) -> None:
    source = sheet(
        tmp_path / "dish.xlsx", [["drink", "dish", "guests"], ["Water", "Roast", 4], ["Wine", "Fish", "-"]]
    )
    workbook = imported(source, SheetLayout(outputs=("a", "B"), hit_policy="FIRST"))
    assert decided(workbook, "Dish", {"guests": 4}) == {"drink": "Water", "dish": "Roast"}
    assert decided(workbook, "Dish", {"guests": 1}) == {"drink": "Wine", "dish": "Fish"}
    with pytest.raises(InputError, match="there is no column F with a name in row 1"):
        import_decision(source, tmp_path / "other.xlsx", SheetLayout(outputs=("F",)))


ADVANCED: list[list[Any]] = [
    [None, "Input", "Input", "Input", "Output", "Output"],
    [None, "Season", "Guests", "Day", "Dish", "Price"],
    [None, "feel", "FEEL", None, "https://www.omg.org/spec/DMN/20191111/FEEL/", None],
    [None, "season", "guests", "day", "dish", "price"],
    ["RULE ORDER", "string", "integer", "date", "string", "double"],
    [None, "Winter", "<= 8", None, "Roast", 12.5],
    [None, "Winter", "]2..8[", 'date("2026-12-24")', "Goose", 30],
]


def test_camundas_advanced_layout_has_kinds_types_and_hit_policy(tmp_path: Path) -> None:
    workbook = imported(sheet(tmp_path / "dish.xlsx", ADVANCED, "the dish!"))
    assert [(fact.name, fact.type) for fact in workbook.dictionary.facts][1:] == [
        ("season", "string"),
        ("guests", "number"),
        ("day", "date"),
    ]
    found = decided(
        workbook, "the dish", {"season": "Winter", "guests": 4, "day": datetime.date(2026, 12, 24)}
    )
    assert [item["dish"] for item in found] == ["Roast", "Goose"]
    assert [float(item["price"]) for item in found] == [12.5, 30]


def test_faults_of_a_camunda_sheet_have_its_cells(tmp_path: Path) -> None:
    rows = [list(row) for row in ADVANCED]
    rows[2][2], rows[3][2] = "juel", "${guests + 1}"
    rows[4][0], rows[4][3] = "ALL", "money"
    rows[5][1], rows[5][5] = "low or high", "=1+1"
    found = "\n".join(faults(sheet(tmp_path / "dish.xlsx", rows)))
    assert "dish.xlsx, sheet Dish, cell C3: the expression language of `${guests + 1}` is juel" in found
    assert "dish.xlsx, sheet Dish, cell A5: `ALL` is no hit policy" in found
    assert "dish.xlsx, sheet Dish, cell D5: `money` is no type" in found
    assert "dish.xlsx, sheet Dish, cell B6: `low or high` can be read as a condition" in found
    assert "dish.xlsx, sheet Dish, cell F6: the formula has no saved value" in found


@pytest.mark.parametrize("language", ["javascript", "groovy", "http://www.w3.org/1999/XPath"])
@pytest.mark.parametrize("expression", ["season", "season.length() > 3"])
def test_a_column_in_another_language_than_feel_is_refused(
    tmp_path: Path, language: str, expression: str
) -> None:
    rows = [list(row) for row in ADVANCED]
    rows[2][1], rows[3][1] = language, expression
    (found,) = [each for each in faults(sheet(tmp_path / "dish.xlsx", rows)) if "language" in each]
    assert f"cell B3: the expression language of `{expression}` is {language}, which can't be" in found


def test_camundas_advanced_layout_may_have_text_above_the_hit_policy(tmp_path: Path) -> None:
    rows = [list(row) for row in ADVANCED]
    rows[0][0], rows[3][0] = "Dishes of the house", "hit policy"
    workbook = imported(sheet(tmp_path / "dish.xlsx", rows))
    assert workbook.table("Dish").hit_policy.value == "R"
    assert [fact.name for fact in workbook.dictionary.facts][1:] == ["season", "guests", "day"]


def sheets(path: Path, content: dict[str, list[list[Any]]]) -> Path:
    workbook: Any = Workbook()
    workbook.remove(workbook.active)
    for title, rows in content.items():
        made = workbook.create_sheet(title)
        for row in rows:
            made.append(row)
    workbook.save(path)
    return path


DISH = [["season", "guests", "dish"], ["Winter", "<= 8", "Roast"], ["Summer", "-", "Salad"]]
DRINK = [
    ["dish", "children", "drink"],
    ['"Roast"', False, "Wine"],
    ["-", True, "Juice"],
    ["Salad", False, "Water"],
]
NOTES = [["What we agreed on"], ["Anna", "the menu of last year", 3]]
PRICES: list[list[Any]] = [
    [None, "Input", "Output", "Output"],
    [None, "Dish", "Price", "Tip"],
    [None, None, None, None],
    [None, "dish", "price", "tip"],
    ["FIRST", "string", "double", "double"],
    [None, "Roast", 12.5, 1],
    [None, "-", 8, "price / 10"],
]


def test_each_sheet_of_a_camunda_workbook_that_is_a_table_becomes_one(tmp_path: Path) -> None:
    source = sheets(
        tmp_path / "menu.xlsx",
        {"Notes": NOTES, "Dish": DISH, "Empty": [], "Drink": DRINK, "Plan": [["day", "who"]]},
    )
    found = import_decision(source, tmp_path / "imported.xlsx")
    workbook = read_workbook(found.path)
    assert found.tables == ("Dish", "Drink", "routing")
    assert found.notes[:3] == (
        "the sheet `Notes` is no table: its row 1 names no inputs and outputs",
        "the sheet `Plan` is no table: there is no rule below its row 1",
        "the table `Drink` tests the `dish` that the table `Dish` gives",
    )
    facts = {"season": "Winter", "guests": 4, "children": False}
    assert decided(workbook, "Drink", facts) == "Wine"
    assert decided(workbook, "Drink", {**facts, "season": "Summer"}) == "Water"


def test_where_a_sheet_has_the_advanced_layout_the_others_are_notes(tmp_path: Path) -> None:
    prices = [[*row] for row in PRICES]
    prices[6][3] = 0.5
    more = [[*row] for row in prices]
    more[3] = [None, "price", "size", "share"]
    more[5:] = [[None, "> 10", 2, 0.5]]
    source = sheets(tmp_path / "menu.xlsx", {"Dish": DISH, "Prices": prices, "Sizes": more})
    workbook = load_workbook(source)
    workbook["Sizes"].sheet_state = "hidden"
    workbook.save(source)
    found = import_decision(source, tmp_path / "imported.xlsx")
    assert found.tables == ("Prices", "Sizes", "routing")
    assert found.notes[:3] == (
        "the sheet `Dish` is no table: there is no Input and Output in its first row, as on other sheets",
        "the sheet `Sizes` is hidden; its table was taken all the same",
        "the table `Sizes` tests the `price` that the table `Prices` gives",
    )
    result = decided(read_workbook(found.path), "Sizes", {"dish": "Roast"})
    assert (result["size"], str(result["share"])) == (2, "0.5")


def test_sheets_of_a_camunda_workbook_can_be_chosen(tmp_path: Path) -> None:
    source = sheets(tmp_path / "menu.xlsx", {"Notes": NOTES, "Dish": DISH, "Drink": DRINK})
    found = import_decision(source, tmp_path / "a.xlsx", SheetLayout(("drink",)))
    assert found.tables == ("Drink", "routing")
    assert "dish" in read_workbook(found.path).dictionary.names
    assert import_decision(source, tmp_path / "b.xlsx", SheetLayout(("Dish", "Drink"))).tables[:2] == (
        "Dish",
        "Drink",
    )
    with pytest.raises(
        InputError, match="there is no sheet `Dessert`; the workbook has `Notes`, `Dish`, `Drink`"
    ):
        import_decision(source, tmp_path / "c.xlsx", SheetLayout(("Dessert",)))
    plain = sheets(tmp_path / "plain.xlsx", {"A": NOTES, "B": [["1st of May", "x"], ["a", "b"]]})
    with pytest.raises(
        InputError, match=r"`A` is no table: .* the sheet `B` is no table: `1st of May` in A1 is no name"
    ):
        import_decision(plain, tmp_path / "d.xlsx")


def test_a_result_that_two_sheets_give_and_a_third_tests_is_refused(tmp_path: Path) -> None:
    source = sheets(tmp_path / "menu.xlsx", {"Dish": DISH, "Other dish": DISH, "Drink": DRINK})
    assert faults(source)[0] == (
        "menu.xlsx, sheet Drink, cell A1: `dish` is tested here and given by `Dish` and `Other dish`; say which is "
        "meant by giving each output a name of its own"
    )


# --- boxed tables


def boxed(path: Path, *, execute: bool = False, condition: str = "") -> Path:
    workbook: Any = Workbook()
    glossary = workbook.active
    glossary.title = "Glossary"
    for row in (
        ["Glossary"],
        ["Variable", "Business Concept", "Attribute"],
        ["Customer", "Customer", "sector"],
        ["OrderSize", "Order", "size"],
        ["Discount", "Discount", "discount"],
        ["Price", None, "price"],
    ):
        glossary.append(row)
    chosen = workbook.create_sheet("Decision")
    chosen.append(["Decision"])
    chosen.append(["Customer", "Decisions", "Execute Decision Tables"])
    chosen.append([condition, "Determine Discount", "Determine Discount"])
    chosen.append(["", "Price it", "Pricing"])
    rules = workbook.create_sheet("Rules")
    for number, row in enumerate(
        (
            ["Determine Discount"],
            ["U", "Customer", "OrderSize", "Execute" if execute else "Discount", "Why"],
            [1, '"Business"', "<10", 0.05, "small"],
            [2, '"Business"', ">=10", 0.1, "large"],
            [3, '"Private","Government"', "-", "Order.size / 1000", ""],
            [],
            ["Pricing"],
            ["F", "Discount", "Price"],
            [1, ">= 0.1", "low"],
            [2, "-", "normal"],
        ),
        3,
    ):
        for column, value in enumerate(row, 2):
            rules.cell(number, column, value)
    double_after = {(row, column) for row in range(4, 8) for column in (4, 5)} | {
        (row, 3) for row in range(10, 13)
    }
    thin, double = Side("thin"), Side("double")
    for sheet in workbook.worksheets:
        for cell in [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]:
            here = sheet is rules and (cell.row, cell.column) in double_after
            head = sheet is rules and cell.row in (4, 10)
            cell.border = Border(
                left=thin, right=double if here else thin, top=thin, bottom=double if head else thin
            )
    workbook.save(path)
    return path


def test_boxed_tables_are_tables_whose_results_have_the_names_of_their_variables(tmp_path: Path) -> None:
    workbook = imported(boxed(tmp_path / "prices.xlsx"))
    assert [table.name for table in workbook.tables] == ["Discount", "Price", "routing"]
    assert workbook.table("Discount").annotations == ("Why",)
    business = {"Customer": "Business", "OrderSize": 12}
    assert str(decided(workbook, "Discount", business)) == "0.1"
    assert decided(workbook, "Price", business) == "low"
    private = {"Customer": "Private", "OrderSize": 50}
    assert str(decided(workbook, "Discount", private)) == "0.05"
    assert decided(workbook, "Price", private) == "normal"


def test_what_boxed_tables_do_and_workbooks_cannot_is_named_with_its_cell(tmp_path: Path) -> None:
    (found,) = faults(boxed(tmp_path / "a.xlsx", condition='"Business"'))[:1]
    assert found.startswith('a.xlsx, sheet Decision, cell A3: the table is used only where `"Business"`')
    found = "\n".join(faults(boxed(tmp_path / "b.xlsx", execute=True)))
    assert "b.xlsx, sheet Rules, cell E4: `Execute` calls other tables" in found


def test_boxed_tables_without_a_border_are_refused(tmp_path: Path) -> None:
    workbook: Any = Workbook()
    workbook.active.title = "Decision"
    workbook.create_sheet("Rules").append(["Discount"])
    workbook["Rules"].append(["U", "Customer", "Discount"])
    workbook.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="a double border between inputs and outputs"):
        import_decision(tmp_path / "a.xlsx", tmp_path / "imported.xlsx")


# --- files


def test_files_that_are_no_decision_are_one_sentence(tmp_path: Path) -> None:
    from tests.unit.workbook.example import example

    target = tmp_path / "imported.xlsx"
    with pytest.raises(InputError, match="there is no such file"):
        import_decision(tmp_path / "a.dmn", target)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match=r"decisions are imported from \.dmn, \.xlsx and \.xlsm files"):
        import_decision(tmp_path / "a.txt", target)
    with pytest.raises(InputError, match="this is a decision workbook already"):
        import_decision(example(tmp_path), target)
    with pytest.raises(InputError, match="the sheet is blank"):
        import_decision(sheet(tmp_path / "b.xlsx", []), target)
    target.write_bytes(b"mine")
    with pytest.raises(InputError, match="this file exists"):
        import_decision(tmp_path / "a.dmn", target)
    assert target.read_bytes() == b"mine"


def decisions(path: Path, count: int) -> Path:
    """A DMN file of decisions that don't need each other."""
    logic = "<literalExpression><text>a + {0}</text></literalExpression>"
    each = f'<decision id="d{{0}}" name="sum {{0}}"><variable name="sum {{0}}" typeRef="number"/>{logic}</decision>'
    path.write_text(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="sums" namespace="urn:sums" id="s">'
        '<inputData id="a" name="a"><variable name="a" typeRef="number"/></inputData>'
        + "".join(each.format(number) for number in range(count))
        + "</definitions>",
        encoding="utf-8",
    )
    return path


def test_the_routing_table_that_is_added_tells_of_few_decisions(tmp_path: Path) -> None:
    found = import_decision(decisions(tmp_path / "sums.dmn", 30), tmp_path / "sums.xlsx")
    workbook = read_workbook(found.path)
    assert len(found.tables) == 31
    assert len(workbook.table("routing").inputs) == 8
    assert "the table `routing` tells of 8 of 30 decisions only" in found.notes


def test_a_model_of_too_many_decisions_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RulesError) as refused:
        import_decision(decisions(tmp_path / "sums.dmn", 201), tmp_path / "sums.xlsx")
    (fault,) = refused.value.faults
    assert fault.message.startswith("the model has 201 decisions, and each would be a sheet of the workbook")
    assert not (tmp_path / "sums.xlsx").exists()

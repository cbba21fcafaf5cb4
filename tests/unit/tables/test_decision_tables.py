"""What a decision table promises beyond the value: doubt, places, laziness, and every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from referee.domain import CellAddress, Diagnostic, RulesError, Severity
from referee.feel.values import to_feel
from referee.tables import (
    CellText,
    CompiledTable,
    DecisionTable,
    HitPolicy,
    InputClause,
    OutputClause,
    Rule,
    TableResult,
    compile_table,
)


def cell(text: str, address: str = "") -> CellText:
    return CellText(text, CellAddress("limits.xlsx", "Approval", address) if address else None)


def table(
    policy: str,
    inputs: Sequence[str | InputClause],
    outputs: Sequence[str | OutputClause],
    *rows: str,
    name: str = "Approval",
) -> DecisionTable:
    """A table from rows of text, cells parted by ``|``; cells stand in columns B onwards, rules from row 4."""
    rules = []
    for number, row in enumerate(rows, 1):
        texts = [text.strip() for text in row.split("|")]
        cells = [cell(text, f"{chr(ord('B') + column)}{number + 3}") for column, text in enumerate(texts)]
        width = len(inputs)
        place = CellAddress("limits.xlsx", "Approval", f"A{number + 3}")
        rules.append(Rule(number, tuple(cells[:width]), tuple(cells[width:]), place=place))
    return DecisionTable(
        name,
        HitPolicy(policy),
        tuple(each if isinstance(each, InputClause) else InputClause(cell(each)) for each in inputs),
        tuple(each if isinstance(each, OutputClause) else OutputClause(each) for each in outputs),
        (),
        tuple(rules),
        CellAddress("limits.xlsx", "Approval"),
    )


def decide(compiled: CompiledTable | DecisionTable, **facts: Any) -> tuple[TableResult, list[Diagnostic]]:
    if isinstance(compiled, DecisionTable):
        compiled = compile_table(compiled, facts)
    sink: list[Diagnostic] = []
    return compiled.decide({name: to_feel(value) for name, value in facts.items()}, sink), sink


def fired(result: TableResult) -> list[int]:
    return [rule.number for rule in result.fired]


def test_one_output_gives_its_value_and_the_rule_that_fired() -> None:
    result, sink = decide(table("U", ["amount"], ["route"], '<= 100 | "auto"', '> 100 | "human"'), amount=100)
    assert (result.value, fired(result), sink) == ("auto", [1], [])
    assert str(result.fired[0].place) == "limits.xlsx, sheet Approval, cell A4"


def test_several_outputs_give_a_context() -> None:
    result, _ = decide(table("F", ["amount"], ["route", "limit"], '- | "auto" | amount * 2'), amount=21)
    assert result.value == {"route": "auto", "limit": Decimal(42)}


def test_unique_policy_reports_both_matching_rules() -> None:
    result, sink = decide(table("U", ["amount"], ["route"], '< 9 | "a"', '< 7 | "b"', '> 8 | "c"'), amount=5)
    assert result.value is None
    assert fired(result) == [1, 2]
    assert [item.code for item in sink] == ["table-several-hits"]
    assert "rules 1 and 2 of the table Approval match" in sink[0].message


def test_any_policy_takes_equal_outputs_and_reports_different_ones() -> None:
    rules = table("A", ["amount"], ["route"], '< 9 | "a"', '< 7 | "a"', '< 5 | "b"')
    assert decide(rules, amount=6)[0].value == "a"
    result, sink = decide(rules, amount=1)
    assert result.value is None
    assert [item.code for item in sink] == ["table-disagree"]


def test_priority_follows_the_order_of_the_allowed_values() -> None:
    output = OutputClause("route", allowed_values=cell('"human", "exception", "auto"'))
    rules = table("P", ["amount"], [output], '> 1 | "auto"', '> 2 | "human"', '> 3 | "exception"')
    assert decide(rules, amount=9)[0].value == "human"
    assert fired(decide(rules, amount=9)[0]) == [2]
    assert decide(rules, amount=2)[0].value == "auto"


def test_output_order_lists_all_hits_from_the_highest_priority() -> None:
    output = OutputClause("route", allowed_values=cell('"human", "exception", "auto"'))
    rules = table("O", ["amount"], [output], '> 1 | "auto"', '> 2 | "human"', '> 3 | "exception"')
    result, _ = decide(rules, amount=9)
    assert result.value == ["human", "exception", "auto"]
    assert fired(result) == [2, 3, 1]


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("C", [Decimal(1), Decimal(3), Decimal(2)]),
        ("R", [Decimal(1), Decimal(3), Decimal(2)]),
        ("C+", Decimal(6)),
        ("C<", Decimal(1)),
        ("C>", Decimal(3)),
        ("C#", Decimal(3)),
        ("F", Decimal(1)),
    ],
)
def test_policies_fold_the_same_hits_in_their_own_way(policy: str, value: Any) -> None:
    result, sink = decide(
        table(policy, ["amount"], ["points"], "> 1 | 1", "> 2 | 3", "> 9 | 9", "- | 2"), amount=5
    )
    assert (result.value, sink) == (value, [])


def test_aggregates_over_several_outputs_fold_each_by_itself() -> None:
    result, _ = decide(table("C+", ["amount"], ["points", "cost"], "> 1 | 1 | 10", "> 2 | 3 | 20"), amount=5)
    assert result.value == {"points": Decimal(4), "cost": Decimal(30)}


def test_aggregate_of_something_that_is_no_number_is_an_error_and_null() -> None:
    result, sink = decide(table("C+", ["amount"], ["points"], "> 1 | 1", '> 2 | "x"'), amount=5)
    assert result.value is None
    assert [item.severity for item in sink] == [Severity.ERROR]


def test_no_matching_rule_is_a_warning_that_names_the_table() -> None:
    result, sink = decide(table("U", ["amount"], ["route"], '> 9 | "a"'), amount=5)
    assert (result.value, fired(result)) == (None, [])
    assert [(item.code, item.is_doubt) for item in sink] == [("table-no-hit", True)]
    assert "Approval" in sink[0].message


@pytest.mark.parametrize(("policy", "value"), [("C", []), ("R", []), ("C#", Decimal(0))])
def test_collecting_nothing_is_no_doubt(policy: str, value: Any) -> None:
    assert decide(table(policy, ["amount"], ["route"], '> 9 | "a"'), amount=5) == (TableResult(value), [])


def test_default_outputs_take_the_place_of_a_missing_hit() -> None:
    outputs = [OutputClause("route", default=cell('"human"')), OutputClause("queue")]
    result, sink = decide(table("U", ["amount"], outputs, '> 9 | "auto" | "q"'), amount=5)
    assert (result.value, sink) == ({"route": "human", "queue": None}, [])


# Doubt


def test_null_amount_is_doubt_even_below_a_catch_all_row() -> None:
    result, sink = decide(table("F", ["amount"], ["route"], '> 5000 | "human"', '- | "auto"'), amount=None)
    assert result.value == "auto"
    assert [str(item.place) for item in sink] == ["limits.xlsx, sheet Approval, cell B4"]
    assert all(item.is_doubt for item in sink)


@pytest.mark.parametrize("policy", ["U", "A", "F", "C", "R"])
def test_null_is_no_doubt_for_comparisons_beside_a_cell_that_tests_for_it(policy: str) -> None:
    rules = table(policy, ["amount"], ["route"], '< 5 | "auto"', '[5..9], > 9 | "check"', 'null | "ask"')
    result, sink = decide(rules, amount=None)
    assert (fired(result), sink) == ([3], [])


@pytest.mark.parametrize("cell_text", ["not(< 5)", "< limit", "< null", '[5.."a"]'])
def test_null_stays_doubt_where_a_cell_beside_a_null_test_asks_for_more_than_an_order(cell_text: str) -> None:
    rules = table("U", ["amount"], ["route"], f'{cell_text} | "auto"', 'null | "ask"')
    result, sink = decide(rules, amount=None, limit=Decimal(5))
    assert fired(result) == [2]
    assert any(item.is_doubt for item in sink)


def test_a_null_nobody_expects_in_another_column_stays_doubt() -> None:
    rules = table("U", ["amount", "weight"], ["route"], '< 5 | - | "auto"', 'null | < 3 | "ask"')
    _, sink = decide(rules, amount=None, weight=None)
    assert any(item.is_doubt for item in sink)


def test_a_null_that_cannot_be_compared_is_named_with_its_mend() -> None:
    _, sink = decide(table("F", ["amount"], ["route"], '> 5000 | "human"', '- | "auto"'), amount=None)
    assert [item.message for item in sink] == [
        "`amount` is null, and null can't be compared with a number; "
        "write a rule for `null`, or make the fact required"
    ]
    _, sink = decide(table("U", ["amount"], ["route"], 'not(> 5) | "a"', 'null | "b"'), amount=None)
    assert [item.message for item in sink] == [
        "`amount` is null, and null can't be compared with a number; "
        "say in this cell what null means, or make the fact required"
    ]
    _, sink = decide(table("U", ["amount"], ["route"], '> limit | "a"'), amount=Decimal(1), limit=None)
    assert sink[0].message.startswith(
        "`limit` is null, and null can't be compared with a number; say in this cell"
    )


def test_text_for_an_amount_is_doubt() -> None:
    _, sink = decide(table("F", ["amount"], ["route"], '> 5000 | "human"', '- | "auto"'), amount="abc")
    assert sink and all(item.is_doubt for item in sink)


@pytest.mark.parametrize(
    ("allowed", "good", "bad"),
    [
        ("> 0", Decimal(1), "1"),
        ('"a"', "a", Decimal(1)),
        ("true", True, "true"),
        ('> @"2024-01-01"', "date", Decimal(1)),
        ('< @"P30D"', "duration", Decimal(1)),
    ],
)
def test_wrong_type_in_a_cell_is_doubt_for_every_type_of_column(allowed: str, good: Any, bad: Any) -> None:
    from referee.feel import evaluate

    good = {"date": evaluate('@"2024-05-05"').value, "duration": evaluate('@"P1D"').value}.get(good, good)
    rules = table("F", ["x"], ["route"], f'{allowed} | "auto"', '- | "human"')
    assert decide(rules, x=good) == (decide(rules, x=good)[0], [])
    _, sink = decide(rules, x=bad)
    assert any(item.is_doubt for item in sink)


def test_a_rule_that_is_false_in_another_column_leaves_no_doubt() -> None:
    rules = table("U", ["amount", "country"], ["route"], '> 5 | "DE" | "human"', '- | "FR" | "auto"')
    assert decide(rules, amount=None, country="FR")[1] == []


def test_first_policy_forgets_doubt_below_the_first_hit() -> None:
    rules = table("F", ["amount", "country"], ["route"], '- | "FR" | "auto"', '> 5 | - | "human"')
    assert decide(rules, amount=None, country="FR")[1] == []
    assert decide(rules, amount=None, country="DE")[1] != []


def test_priority_policy_doubts_only_what_could_win() -> None:
    output = OutputClause("route", allowed_values=cell('"human", "auto"'))
    rules = table("P", ["amount", "country"], [output], '- | "FR" | "human"', '> 5 | - | "auto"')
    assert decide(rules, amount=None, country="FR")[1] == []
    rules = table("P", ["amount", "country"], [output], '- | "FR" | "auto"', '> 5 | - | "human"')
    assert decide(rules, amount=None, country="FR")[1] != []


def test_thousand_doubtful_rules_are_explained_once() -> None:
    rules = table("U", ["amount"], ["route"], *(f"[{each}..{each + 1}) | {each}" for each in range(1000)))
    _, sink = decide(rules, amount=None)
    assert [item.code for item in sink] == ["null-operand", "table-no-hit"]


def test_input_outside_its_allowed_values_is_an_error_and_fires_nothing() -> None:
    clause = InputClause(
        cell("country"), allowed_values=cell('"DE", "FR"'), place=CellAddress("w.xlsx", "S", "B3")
    )
    result, sink = decide(table("F", [clause], ["route"], '- | "auto"'), country="XX")
    assert result == TableResult(None)
    assert [(item.code, str(item.place)) for item in sink] == [
        ("input-not-allowed", "w.xlsx, sheet S, cell B3")
    ]
    assert '`country` is "XX", which is not one of the allowed values "DE", "FR"' in sink[0].message


def test_input_of_the_wrong_type_is_an_error() -> None:
    result, sink = decide(
        table("F", [InputClause(cell("amount"), "number")], ["route"], '> 5 | "auto"'), amount="9"
    )
    assert result.value is None
    assert sink[0].code == "wrong-type" and sink[0].severity is Severity.ERROR


def test_output_outside_its_allowed_values_is_an_error_and_null() -> None:
    output = OutputClause("route", allowed_values=cell('"auto", "human"'))
    result, sink = decide(table("F", ["amount"], [output], '- | "robot"'), amount=1)
    assert result.value is None
    assert [(item.code, str(item.place)) for item in sink] == [
        ("output-not-allowed", "limits.xlsx, sheet Approval, cell C4")
    ]


def test_output_of_the_wrong_type_is_an_error_and_null() -> None:
    result, sink = decide(table("F", ["amount"], [OutputClause("limit", "number")], '- | "much"'), amount=1)
    assert result.value is None
    assert [item.severity for item in sink] == [Severity.ERROR]


def test_faulty_output_expression_is_placed_at_its_cell() -> None:
    result, sink = decide(table("F", ["amount"], ["limit"], "- | amount + 1"), amount=None)
    assert result.value is None
    assert [str(item.place) for item in sink] == ["limits.xlsx, sheet Approval, cell C4"]


# Laziness


class Facts(dict[str, Any]):
    """Facts that remember which were asked for."""

    def __init__(self, **facts: Any) -> None:
        super().__init__({name: to_feel(value) for name, value in facts.items()})
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.asked.append(name)
        return super().__getitem__(name)


def asked(rules: DecisionTable, costly: tuple[str, ...] = (), **facts: Any) -> list[str]:
    scope = Facts(**facts)
    compile_table(rules, facts, costly=costly).decide(scope, [])
    return scope.asked


def test_a_column_whose_rules_are_all_dead_is_never_evaluated() -> None:
    rules = table("U", ["amount", "score"], ["route"], '> 5 | > 0.9 | "auto"', '<= 5 | - | "human"')
    assert asked(rules, amount=1, score=0.5) == ["amount"]
    assert asked(rules, amount=9, score=0.5) == ["amount", "score"]


def test_first_policy_asks_nothing_that_only_rules_below_the_first_hit_need() -> None:
    rules = table("F", ["amount", "score"], ["route"], '> 5 | - | "human"', '- | > 0.9 | "auto"')
    assert asked(rules, amount=9, score=0.5) == ["amount"]
    assert asked(rules, amount=1, score=0.5) == ["amount", "score"]


def test_costly_columns_are_asked_last() -> None:
    rules = table(
        "U", ["score.confidence", "amount"], ["route"], '> 0.9 | > 5 | "auto"', '- | <= 5 | "human"'
    )
    assert asked(rules, ("score",), amount=1, score={"confidence": 0.5}) == ["amount"]


def test_expression_cells_are_evaluated_only_for_rules_still_alive() -> None:
    rules = table("U", ["amount", "amount"], ["route"], '> 5 | > limit | "human"', '<= 5 | < floor | "auto"')
    assert asked(rules, amount=9, limit=3, floor=1) == ["amount", "amount", "limit"]


# Faults


def faults(rules: DecisionTable, *names: str) -> list[str]:
    with pytest.raises(RulesError) as raised:
        compile_table(rules, names)
    return [f"{fault.code} {fault.place}" for fault in raised.value.faults]


def test_every_faulty_cell_is_reported_at_once_with_its_place() -> None:
    rules = table(
        "U", ["amount", "country +"], ["route"], '>>= 10 | - | "a"', '[1..500 | - | "b', '>>= 10 | oops | "c"'
    )
    assert faults(rules, "amount", "country") == [
        "syntax limits.xlsx, sheet Approval, cell B4",
        "syntax limits.xlsx, sheet Approval, cell B6",
        "syntax limits.xlsx, sheet Approval, cell B5",
        "syntax limits.xlsx, sheet Approval",
        "unknown-name limits.xlsx, sheet Approval, cell C6",
        "syntax limits.xlsx, sheet Approval, cell D5",
    ]


def test_rows_of_the_wrong_width_and_clashing_outputs_are_faults() -> None:
    rules = table("U", ["amount"], ["route", "route"], '1 | "a"')
    assert faults(rules, "amount") == [
        "table-output-name limits.xlsx, sheet Approval",
        "table-output-name limits.xlsx, sheet Approval",
        "table-rule-width limits.xlsx, sheet Approval, cell A4",
    ]


def test_a_table_needs_an_output() -> None:
    assert faults(table("U", ["amount"], [], "1"), "amount") == [
        "table-no-output limits.xlsx, sheet Approval"
    ]


def test_priority_without_allowed_values_is_a_fault() -> None:
    assert faults(table("P", ["amount"], ["route"], '1 | "a"'), "amount") == [
        "table-no-priorities limits.xlsx, sheet Approval"
    ]


def test_priority_by_a_condition_is_a_fault() -> None:
    output = OutputClause("route", allowed_values=cell("> 5", "C3"))
    codes = faults(table("P", ["amount"], [output], "1 | 6"), "amount")
    assert codes[0].startswith("table-no-priorities")


def test_an_unknown_type_is_a_fault() -> None:
    assert faults(table("U", [InputClause(cell("amount"), "numbr")], ["route"], "1 | 1"), "amount") == [
        "unknown-type limits.xlsx, sheet Approval"
    ]

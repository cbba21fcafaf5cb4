"""Decision tables read plainly: every cell of every rule, one after the other. The oracle of the compiled tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee import feel
from referee.feel.fault import Fault
from referee.feel.values import add, compare, equal
from referee.tables import DecisionTable, HitPolicy, Rule


@dataclass(frozen=True)
class Reading:
    """The value, the numbers of the rules that gave it, and whether anything makes it doubtful."""

    value: Any
    fired: tuple[int, ...]
    is_doubtful: bool


class PlainTable:
    """A table without clause types, allowed input values and defaults, read rule by rule."""

    def __init__(self, table: DecisionTable, names: tuple[str, ...]) -> None:
        self.table = table
        self.inputs = [feel.compile_expression(clause.expression.text, names) for clause in table.inputs]
        self.cells = [
            [
                None if cell.is_irrelevant else feel.compile_unary_tests(cell.text, names)
                for cell in rule.inputs
            ]
            for rule in table.rules
        ]
        self.outputs = [
            [feel.compile_expression(cell.text, names) for cell in rule.outputs] for rule in table.rules
        ]
        self.priorities = [
            feel.evaluate(f"[{clause.allowed_values.text}]").value if clause.allowed_values else None
            for clause in table.outputs
        ]

    def read(self, scope: Mapping[str, Any]) -> Reading:
        values = [expression(scope, []) for expression in self.inputs]
        verdicts = [self.verdict(row, values, scope) for row in range(len(self.cells))]
        true = [row for row, (verdict, _) in enumerate(verdicts) if verdict is True]
        unknown = [row for row, (_, is_doubtful) in enumerate(verdicts) if is_doubtful]
        policy = self.table.hit_policy
        results = {row: [output(scope, []) for output in self.outputs[row]] for row in (*true, *unknown)}
        if policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER):
            true.sort(key=lambda row: self.ranks(results[row]))
        doubt = bool(unknown)
        if policy is HitPolicy.FIRST and true:
            doubt = any(row <= true[0] for row in unknown)
        if policy is HitPolicy.PRIORITY and true:
            best = true[0]
            doubt = best in unknown or any(
                self.ranks(results[row]) <= self.ranks(results[best])
                and not same(results[row], results[best])
                for row in unknown
                if row not in true
            )
        fired = tuple(self.rules[row].number for row in true)
        composed = [self.composed(results[row]) for row in true]
        match policy:
            case HitPolicy.UNIQUE if len(true) > 1:
                return Reading(None, fired, True)
            case HitPolicy.ANY if any(not same(results[row], results[true[0]]) for row in true):
                return Reading(None, fired, True)
            case HitPolicy.FIRST | HitPolicy.PRIORITY if true:
                return Reading(composed[0], fired[:1], doubt)
            case HitPolicy.UNIQUE | HitPolicy.ANY if true:
                return Reading(composed[0], fired, doubt)
            case HitPolicy.UNIQUE | HitPolicy.ANY | HitPolicy.FIRST | HitPolicy.PRIORITY:
                return Reading(None, (), True)
            case HitPolicy.COLLECT_COUNT:
                return Reading(Decimal(len(true)), fired, doubt)
            case HitPolicy.RULE_ORDER | HitPolicy.OUTPUT_ORDER | HitPolicy.COLLECT:
                return Reading(composed, fired, doubt)
        if not true:
            return Reading(None, (), True)
        try:
            columns = [
                self.folded([results[row][column] for row in true])
                for column in range(len(self.table.outputs))
            ]
        except Fault:
            return Reading(None, fired, True)
        return Reading(self.composed(columns), fired, doubt)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.table.rules

    def verdict(self, row: int, values: list[Any], scope: Mapping[str, Any]) -> tuple[bool | None, bool]:
        """What FEEL says of a rule, and whether it could be otherwise for all anybody wrote about null."""
        outcome: bool | None = True
        is_possible, is_doubtful = True, False
        for column, (cell, value) in enumerate(zip(self.cells[row], values, strict=True)):
            told = True if cell is None else cell(value, scope, [])
            unspoken = cell is not None and self.is_unspoken(column, cell, value, scope)
            no_match = told is None and value is None and self.is_past_null(row, column)
            is_doubtful |= (told is None and not no_match) or unspoken
            is_possible &= (told is not False and not no_match) or unspoken
            if told is False or outcome is False:
                outcome = False
            elif told is None:
                outcome = None
        return outcome, is_possible and is_doubtful

    def is_past_null(self, row: int, column: int) -> bool:
        """Whether a cell only leaves open how null stands to literals, and a cell of its column tests for null."""
        column_tests = {test for rule in self.rules for test in tests_of(rule.inputs[column].text)}
        cell, text = self.cells[row][column], self.rules[row].inputs[column].text
        return (
            not column_tests.isdisjoint({"null", "= null", "!= null"})
            and cell is not None
            and not cell.names
            and not text.startswith("not(")
            and all(map(is_told_or_ordered, tests_of(text)))
        )

    def is_unspoken(self, column: int, cell: feel.UnaryTests, value: Any, scope: Mapping[str, Any]) -> bool:
        """Whether a cell tests null while no cell of its column names null."""
        if any("null" in rule.inputs[column].text for rule in self.rules):
            return False
        return value is None or any(scope[name] is None for name in cell.names)

    def ranks(self, outputs: list[Any]) -> list[int]:
        return [
            next((rank for rank, each in enumerate(order) if equal(each, output) is True), len(order))
            for order, output in zip(self.priorities, outputs, strict=True)
            if order is not None
        ]

    def composed(self, outputs: list[Any]) -> Any:
        if len(outputs) == 1:
            return outputs[0]
        return {clause.name: output for clause, output in zip(self.table.outputs, outputs, strict=True)}

    def folded(self, values: list[Any]) -> Any:
        if self.table.hit_policy is HitPolicy.COLLECT_SUM:
            total = Decimal(0)
            for value in values:
                total = add(total, value)
            return total
        found = values[0]
        for value in values:
            before = compare(value, found) < 0
            if before is (self.table.hit_policy is HitPolicy.COLLECT_MIN):
                found = value
        return found


def tests_of(cell: str) -> list[str]:
    return (cell[4:-1] if cell.startswith("not(") else cell).split(", ")


def is_told_or_ordered(test: str) -> bool:
    """Whether a test of literals can be told for null, or asks for an order that its literals have."""
    if feel.unary_tests(test, None).value is not None:
        return True
    if ".." in test:
        start, end = test[1:-1].split("..")
    else:
        start = end = test.lstrip("<>= ")
    return isinstance(feel.evaluate(f"{start} < {end}").value, bool)


def same(left: list[Any], right: list[Any]) -> bool:
    return all(equal(a, b) is True for a, b in zip(left, right, strict=True))

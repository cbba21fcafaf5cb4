"""A decision table ready to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.domain import Diagnostic, Place, RuleRef, Severity
from referee.feel import syntax
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.values import equal
from referee.tables.column import Column, ValueNotAllowed, bit, numbers
from referee.tables.decision_table import DecisionTable
from referee.tables.hit_policy import HitPolicy
from referee.tables.output import Output, OutputCell, composed

_FOLDS = {
    HitPolicy.COLLECT_SUM: BUILTINS["sum"],
    HitPolicy.COLLECT_MIN: BUILTINS["min"],
    HitPolicy.COLLECT_MAX: BUILTINS["max"],
}


@dataclass(frozen=True, slots=True)
class TableResult:
    """The value of a table and the rules that gave it."""

    value: Any
    fired: tuple[RuleRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column in which cells of some rules cannot be told for a value, or only by what FEEL makes of null."""

    column: Column
    value: Any
    rules: int


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """A decision table compiled once and decided often. It keeps no state between decisions.

    A rule is false when any of its cells is false, unknown when none is false but one cannot be told, else true.
    So is a rule that is true or false only because of what FEEL makes of a null nobody wrote a rule for. The value is
    DMN's: rules that are true count, unspoken nulls or not. Doubt counts where it could have changed the result, and
    only then do the diagnostics of those cells reach the sink. A column is evaluated only when a rule still alive
    needs it. ``names`` are the names that the cells take from the scope.
    """

    table: DecisionTable
    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    cells: tuple[tuple[OutputCell, ...], ...]
    names: frozenset[str]

    def decide(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> TableResult:
        """The result for the facts in ``scope``; what was noticed goes to ``sink``. Never raises for bad facts."""
        try:
            true, possible, doubts = self._match(scope, sink)
        except ValueNotAllowed as found:
            sink.append(found.diagnostic)
            return TableResult(None)
        if doubts:
            doubtful = 0
            for doubt in doubts:
                doubtful |= doubt.rules & possible
            counted = self._counted(true, doubtful, scope) if doubtful else 0
            for doubt in doubts:
                if doubt.rules & counted:
                    sink.extend(doubt.column.doubts(doubt.value, scope, doubt.rules & counted))
        return self.conclude(true, scope, sink)

    def conclude(self, true: int, scope: Mapping[str, Any], sink: list[Diagnostic]) -> TableResult:
        """The result when these rules are true."""
        policy = self.table.hit_policy
        if not true:
            return self._no_hit(scope, sink)
        if policy is HitPolicy.UNIQUE:
            return self._unique(true, scope, sink)
        if policy is HitPolicy.ANY:
            return self._any(true, scope, sink)
        if policy is HitPolicy.FIRST:
            rule = len(self.cells) - true.bit_length()
            return TableResult(self._value(rule, scope, sink), (self._reference(rule),))
        hits = [(rule, self._values(rule, scope, sink)) for rule in numbers(true, len(self.cells))]
        if policy.needs_priorities:
            hits.sort(key=lambda hit: self._ranks(hit[1]))
        if policy is HitPolicy.PRIORITY:
            hits = hits[:1]
        fired = tuple(self._reference(rule) for rule, _ in hits)
        results = [values for _, values in hits]
        if policy is HitPolicy.PRIORITY:
            return TableResult(composed(self.outputs, results[0]), fired)
        if policy.is_aggregate:
            return TableResult(self._aggregate(results, sink), fired)
        return TableResult([composed(self.outputs, values) for values in results], fired)

    @property
    def is_literal(self) -> bool:
        """Whether the table's inputs are plain names and all cells are literals, so nothing else is evaluated."""
        return (
            all(
                isinstance(column.expression.syntax, syntax.Name) and not column.cells
                for column in self.columns
            )
            and all(cell.is_literal for row in self.cells for cell in row)
            and all(output.default is None or output.default.is_literal for output in self.outputs)
        )

    def _match(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> tuple[int, int, list[Doubt]]:
        """True rules, rules that could be true, and the columns that leave rules in doubt."""
        certain = alive = (1 << len(self.cells)) - 1
        doubts: list[Doubt] = []
        for column in self.columns:
            needed = alive & ~column.irrelevant
            if not needed and not (column.is_always_checked and alive):
                continue
            if self.table.hit_policy is HitPolicy.FIRST:
                settled = certain & column.irrelevant_onwards
                if settled:
                    # No later column can take this hit away, so rules below it don't matter any more.
                    above = -1 << settled.bit_length()
                    certain &= above >> 1
                    alive &= above >> 1
                    needed &= above
                    if not needed and not column.is_always_checked:
                        continue
            value = column.value(scope, sink)
            true, unknown = column.match(value, scope, needed)
            certain &= true
            unknown |= column.unspoken(value, scope, needed)
            if unknown & alive:
                doubts.append(Doubt(column, value, unknown & alive))
            alive &= true | unknown
        return certain, alive, doubts

    def _counted(self, true: int, doubtful: int, scope: Mapping[str, Any]) -> int:
        """The doubtful rules that could change the result, were they true instead of false or the other way round."""
        policy = self.table.hit_policy
        if not true:
            return doubtful
        if policy is HitPolicy.FIRST:
            return doubtful & -1 << true.bit_length() - 1
        if policy is HitPolicy.PRIORITY:
            count = len(self.cells)
            outputs = {rule: self._silent_values(rule, scope) for rule in numbers(true, count)}
            winner = min(outputs, key=lambda rule: self._ranks(outputs[rule]))
            best = outputs[winner]
            counted = doubtful & bit(winner, count)
            for rule in numbers(doubtful & ~true, count):
                noticed: list[Diagnostic] = []
                values = self._values(rule, scope, noticed)
                lower = not noticed and self._ranks(values) > self._ranks(best)
                same = all(equal(a, b) is True for a, b in zip(values, best, strict=True))
                if not (lower or same):
                    counted |= bit(rule, count)
            return counted
        return doubtful

    def _unique(self, true: int, scope: Mapping[str, Any], sink: list[Diagnostic]) -> TableResult:
        rules = list(numbers(true, len(self.cells)))
        fired = tuple(self._reference(rule) for rule in rules)
        if len(rules) > 1:
            message = (
                f"{self._rules_named(fired)} match, but hit policy U allows one; make them exclude each other"
            )
            sink.append(Diagnostic("table-several-hits", message, place=self.table.place))
            return TableResult(None, fired)
        return TableResult(self._value(rules[0], scope, sink), fired)

    def _any(self, true: int, scope: Mapping[str, Any], sink: list[Diagnostic]) -> TableResult:
        rules = list(numbers(true, len(self.cells)))
        fired = tuple(self._reference(rule) for rule in rules)
        first = self._values(rules[0], scope, sink)
        for rule in rules[1:]:
            values = self._values(rule, scope, sink)
            if not all(equal(a, b) is True for a, b in zip(first, values, strict=True)):
                message = (
                    f"{self._rules_named(fired)} match with different outputs, but hit policy A wants them equal; "
                    "correct the outputs or the conditions"
                )
                sink.append(Diagnostic("table-disagree", message, place=self.table.place))
                return TableResult(None, fired)
        return TableResult(composed(self.outputs, first), fired)

    def _no_hit(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> TableResult:
        if any(output.default is not None for output in self.outputs):
            values = [
                None if output.default is None else output.value(output.default, scope, sink)
                for output in self.outputs
            ]
            return TableResult(composed(self.outputs, values))
        policy = self.table.hit_policy
        if policy is HitPolicy.COLLECT_COUNT:
            return TableResult(self._aggregate([], sink))
        if not policy.is_single and not policy.is_aggregate:
            return TableResult([])
        message = f"no rule of the table {self.table.name} matches and it has no default output"
        sink.append(Diagnostic("table-no-hit", message, Severity.WARNING, place=self.table.place))
        return TableResult(None)

    def _aggregate(self, hits: Sequence[Sequence[Any]], sink: list[Diagnostic]) -> Any:
        """Each output folded by itself; a value that can't be folded is a diagnostic and null."""
        policy = self.table.hit_policy
        if policy is HitPolicy.COLLECT_COUNT:
            return Decimal(len(hits))
        fold = _FOLDS[policy]
        try:
            return composed(self.outputs, [fold(list(column)) for column in zip(*hits, strict=True)])
        except Fault as fault:
            sink.append(Diagnostic(fault.code, fault.message, place=self.table.place))
            return None

    def _value(self, rule: int, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        return composed(self.outputs, self._values(rule, scope, sink))

    def _values(self, rule: int, scope: Mapping[str, Any], sink: list[Diagnostic]) -> list[Any]:
        return [
            output.value(cell, scope, sink)
            for output, cell in zip(self.outputs, self.cells[rule], strict=True)
        ]

    def _silent_values(self, rule: int, scope: Mapping[str, Any]) -> list[Any]:
        return self._values(rule, scope, [])

    def _ranks(self, values: Sequence[Any]) -> tuple[int, ...]:
        return tuple(
            output.rank(value)
            for output, value in zip(self.outputs, values, strict=True)
            if output.priorities
        )

    def _reference(self, rule: int) -> RuleRef:
        written = self.table.rules[rule]
        place: Place | None = written.place
        return RuleRef(self.table.name, written.number, place, "; ".join(filter(None, written.annotations)))

    def _rules_named(self, fired: Sequence[RuleRef]) -> str:
        numbers = [str(reference.number) for reference in fired]
        if len(numbers) > 6:
            return f"{len(numbers)} rules of the table {self.table.name} ({', '.join(numbers[:5])}, ...)"
        return f"rules {', '.join(numbers[:-1])} and {numbers[-1]} of the table {self.table.name}"

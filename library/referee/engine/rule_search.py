"""Finding facts for which a given rule fires: built from its cells, then really decided and mended until it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from referee.domain import NodeTrace
from referee.engine.example_case import Example, same_value
from referee.engine.rule_cells import CaseScope
from referee.engine.tested_values import Source, scope_names, source_name, sources
from referee.engine.trial import Trial
from referee.feel import FeelSyntaxError, compile_unary_tests, constant, parse_expression
from referee.tables import CellText, DecisionTable, InputClause, Rule

ATTEMPTS = 1500
"""Cases decided in search of one rule before giving up."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is known to be needed: the values left for each source, and the rule that each table must choose."""

    left: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    wanted: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return repr(
            (sorted((name, str(values)) for name, values in self.left.items()), sorted(self.wanted.items()))
        )


class RuleSearch:
    """Looks for a case that reaches a rule, starting from a usual case and changing as little as it can.

    A case that is found has been decided: the rule fires for it. That none is found does not prove that there is none.
    """

    def __init__(self, trial: Trial, usual: Example) -> None:
        self._trial = trial
        self._usual = usual
        self._names = scope_names(trial.workbook)
        self._tables = {table.name: table for table in trial.workbook.tables}
        self._sources = sources(trial.workbook)

    def example(self, table: DecisionTable, rule: Rule) -> Example | None:
        """A case for which the rule fires when the table is asked; None where none was found."""
        pending = deque(self._narrowed(_State(), table, rule))
        seen: set[str] = set()
        attempts = 0
        while pending and attempts < ATTEMPTS:
            state = pending.popleft()
            if state.key in seen:
                continue
            seen.add(state.key)
            attempts += 1
            example = self._example(state)
            trace = self._trial.node(table.name, example.facts, example.scores).trace
            if any(
                (fired.table, fired.number) == (table.name, rule.number)
                for each in trace
                for fired in each.rules
            ):
                return example
            pending.extend(self._mended(state, example, {each.name: each for each in trace}))
        return None

    # --- from cells to what they need

    def _narrowed(self, state: _State, table: DecisionTable, rule: Rule) -> Iterator[_State]:
        """The states in which each cell of the rule that is about one source or one table is true."""
        if state.wanted.get(table.name, rule.number) != rule.number:
            return
        states = [replace(state, wanted={**state.wanted, table.name: rule.number})]
        for clause, cell in zip(table.inputs, rule.inputs, strict=True):
            if not cell.is_irrelevant:
                states = [after for before in states for after in self._with(before, clause, cell, True)][
                    :ATTEMPTS
                ]
        yield from states

    def _with(self, state: _State, clause: InputClause, cell: CellText, holds: bool) -> Iterator[_State]:
        """The states in which the cell holds, or doesn't; the same state where only deciding can tell."""
        source = self._sources.get(source_name(clause.expression, self._trial.workbook, self._names))
        if source is not None:
            values = self._fitting(state, source, cell, holds)
            if values is None:
                yield state
            elif values:
                yield replace(state, left={**state.left, source.name: values})
            return
        upstream = self._upstream(clause)
        if upstream is None:
            yield state
            return
        table, output = upstream
        tests = compile_unary_tests(cell.text, self._names)
        if tests.names - {"?"}:
            yield state
            return
        for rule in table.rules:
            value = _literal(rule.outputs[output])
            if tests(value, {}, []) is holds:
                yield from self._narrowed(state, table, rule)

    def _fitting(self, state: _State, source: Source, cell: CellText, holds: bool) -> tuple[Any, ...] | None:
        """The values left of a source for which a cell holds, or doesn't; None where it needs other names too."""
        tests = compile_unary_tests(cell.text, self._names)
        if tests.names - {"?"}:
            return None
        left = state.left.get(source.name, source.values)
        return tuple(value for value in left if tests(value, {}, []) is holds)

    def _upstream(self, clause: InputClause) -> tuple[DecisionTable, int] | None:
        """The single-hit table and the position of its output that a column tests."""
        text = clause.expression.text.strip()
        if text in self._tables:
            table = self._tables[text]
            return (table, 0) if len(table.outputs) == 1 and table.hit_policy.is_single else None
        name, _, output = text.rpartition(".")
        if name in self._tables and self._tables[name].hit_policy.is_single:
            outputs = [clause.name for clause in self._tables[name].outputs]
            return (self._tables[name], outputs.index(output)) if output in outputs else None
        return None

    # --- from what is needed to a case, and from what happened to what else is needed

    def _example(self, state: _State) -> Example:
        example = self._usual
        for name, values in state.left.items():
            source = self._sources[name]
            current = example.value(source)
            if not any(same_value(current, each) for each in values):
                example = example.changed(source, values[0])
        for source in self._sources.values():
            if source.node and source.values and example.value(source) is None:
                example = example.changed(source, source.values[0])
        return example

    def _mended(self, state: _State, example: Example, traces: Mapping[str, NodeTrace]) -> Iterator[_State]:
        """States that differ in one thing that kept a wanted rule from firing."""
        scope = CaseScope(self._trial, example.facts, example.scores)
        for name, number in reversed(list(state.wanted.items())):
            table = self._tables[name]
            if name not in traces:  # the table above it was settled without asking it
                alone = self._trial.node(name, example.facts, example.scores).trace
                traces = {**{each.name: each for each in alone}, **traces}
            fired = [rule.number for rule in traces[name].rules]
            if fired == [number]:
                continue
            rule = next(rule for rule in table.rules if rule.number == number)
            false = [each for each in scope.input_cells(table, rule) if each.holds is not True]
            if false:
                for each in false:
                    yield from self._varied(state, each.names)
                return
            others = [other for other in table.rules if other.number in fired and other.number != number]
            for other in others or self._that_match(scope, table, number):
                for each in scope.input_cells(table, other):
                    for changed in self._with(state, each.clause, each.cell, False):
                        if changed is not state:
                            yield changed
                        else:  # only deciding can tell for which facts the cell doesn't hold
                            yield from self._varied(state, each.names)
            return

    @staticmethod
    def _that_match(scope: CaseScope, table: DecisionTable, number: int) -> list[Rule]:
        """Other rules whose cells are all true: under U they make a doubt of the rule that is wanted."""
        return [
            rule
            for rule in table.rules
            if rule.number != number and all(cell.holds is True for cell in scope.input_cells(table, rule))
        ]

    def _varied(self, state: _State, names: frozenset[str]) -> Iterator[_State]:
        """The same needs with one other value for a fact or score, or another rule of a table, behind a cell."""
        for name in sorted(names):
            for source in self._sources.values():
                if name == (source.node or source.name):
                    for value in state.left.get(source.name, source.values):
                        yield replace(state, left={**state.left, source.name: (value,)})
            if name in self._tables and name not in state.wanted:
                for rule in self._tables[name].rules:
                    yield from self._narrowed(state, self._tables[name], rule)


def _literal(cell: CellText) -> Any:
    if cell.is_blank:
        return None
    try:
        return constant(parse_expression(cell.text))
    except FeelSyntaxError:  # it has names; only deciding can tell what it gives
        return None

"""Two versions of a decision looked at together: facts for which both have wanted values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from referee.checks.case_space import InputValues, expression_key
from referee.checks.cell_logic import names_in
from referee.checks.dimension import Dimension
from referee.checks.possible import Possible
from referee.checks.whole_decision import Evaluate, WholeDecision, cells_of
from referee.feel import FeelSyntaxError, Names, parse_expression
from referee.tables import CellText, DecisionTable, InputClause


class BothVersions:
    """What a search for facts asks of a decision, asked of two versions.

    ``of_old`` are the expressions that only the old one evaluates.
    """

    def __init__(self, old: WholeDecision, new: WholeDecision, of_old: Iterable[str]) -> None:
        self._old = old
        self._new = new
        self._of_old = frozenset(of_old)

    def _of(self, expression: str) -> WholeDecision:
        return self._old if expression in self._of_old else self._new

    def is_fact(self, expression: str) -> bool:
        return self._of(expression).is_fact(expression)

    def facts_in(self, expression: str) -> list[str]:
        return self._of(expression).facts_in(expression)

    def facts_of(self, nodes: Iterable[object]) -> list[str]:
        known = list(nodes)
        return list(dict.fromkeys((*self._old.facts_of(known), *self._new.facts_of(known))))

    @property
    def facts(self) -> list[str]:
        return list(dict.fromkeys((*self._old.facts, *self._new.facts)))

    @property
    def constants(self) -> list[Any]:
        return [*self._old.constants, *self._new.constants]

    def dimension(self, path: str) -> Dimension | None:
        return self._new.dimension(path) or self._old.dimension(path)

    def bounds(self, facts: Callable[[str], Possible | None]) -> Callable[[str], Possible]:
        old, new = self._old.bounds(facts), self._new.bounds(facts)
        return lambda expression: (old if expression in self._of_old else new)(expression)

    def evaluated(self, facts: Mapping[str, Any]) -> Evaluate | None:
        old, new = self._old.evaluated(facts), self._new.evaluated(facts)
        if old is None or new is None:
            return None
        return lambda expression: (old if expression in self._of_old else new)(expression)


def set_apart(
    old: Sequence[DecisionTable],
    new: Sequence[DecisionTable],
    inputs: Mapping[str, InputValues],
    known: Names,
) -> tuple[list[DecisionTable], dict[str, InputValues], dict[str, str]]:
    """The old tables and their inputs with calculations set in brackets that use results of tables that changed.

    Such a calculation isn't the same input in both versions, though it reads the same. Also what each was called.
    """
    changed = _changed(old, new, known)
    apart: dict[str, str] = {}
    outputs = {table.name for table in old} | {
        f"{table.name}.{output.name}" for table in old for output in table.outputs
    }

    def clause_apart(clause: InputClause) -> InputClause:
        text = expression_key(clause)
        if text in outputs or not _names_in(text, known) & changed:
            return clause
        apart[f"({text})"] = text
        return replace(clause, expression=replace(clause.expression, text=f"({text})"))

    tables = [replace(table, inputs=tuple(map(clause_apart, table.inputs))) for table in old]
    values = {bracketed: inputs[text] for bracketed, text in apart.items() if text in inputs}
    return tables, {**inputs, **values}, apart


def _changed(old: Sequence[DecisionTable], new: Sequence[DecisionTable], known: Names) -> frozenset[str]:
    """The names of the tables that don't give the same in both versions, by their cells or by tables they need."""
    before, after = ({table.name: table for table in tables} for tables in (old, new))
    names = before.keys() | after.keys()
    found = {
        name
        for name in names
        if name not in before or name not in after or _meant(before[name]) != _meant(after[name])
    }
    used = {
        name: {
            each
            for table in (before.get(name), after.get(name))
            if table is not None
            for cell in _texts(table)
            if any(other in cell for other in names)
            for each in _names_in(cell, known)
        }
        for name in names
    }
    while more := {name for name in names - found if used[name] & found}:
        found |= more
    return frozenset(found)


def _texts(table: DecisionTable) -> set[str]:
    return {cell.text for cell, _ in cells_of(table)}


def _meant(table: DecisionTable) -> tuple[Any, ...]:
    """What of a table decides, without the places of its cells."""

    def text(cell: CellText | None) -> str:
        return "" if cell is None else cell.text

    return (
        table.hit_policy,
        [(expression_key(clause), clause.type, text(clause.allowed_values)) for clause in table.inputs],
        [(out.name, out.type, text(out.allowed_values), text(out.default)) for out in table.outputs],
        [
            (tuple(cell.text for cell in rule.inputs), tuple(cell.text for cell in rule.outputs))
            for rule in table.rules
        ],
    )


def _names_in(text: str, known: Names) -> set[str]:
    """The names in an expression; all words of a cell that isn't one, for it may be tests."""
    try:
        return names_in(parse_expression(text, known))
    except FeelSyntaxError:
        return {name for name in known.all if name in text}

"""A case seen from the cells of a rule: what each column holds for it, and whether each cell is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from referee.domain import Diagnostic
from referee.engine.tested_values import scope_names
from referee.engine.trial import NO_SCORES, Scores, Trial
from referee.feel import compile_expression, compile_unary_tests
from referee.tables import CellText, DecisionTable, InputClause, Rule


@dataclass(frozen=True, slots=True)
class InputCell:
    """An input cell of a rule for one case. ``holds`` is None where it can't be told.

    ``column_names`` are the facts, models and tables that the column is made of, ``references`` those that the cell
    compares with, with their values.
    """

    clause: InputClause
    cell: CellText
    value: Any
    holds: bool | None
    column_names: frozenset[str]
    references: Mapping[str, Any]

    @property
    def names(self) -> frozenset[str]:
        """Everything the cell depends on."""
        return self.column_names | self.references.keys()


class CaseScope(Mapping[str, Any]):
    """The names that cells may use, with their values for one case. Tables and models are asked when first needed."""

    def __init__(self, trial: Trial, facts: Mapping[str, Any], scores: Scores = NO_SCORES) -> None:
        self._trial = trial
        self._facts = facts
        self._scores = scores
        self._names = scope_names(trial.workbook)
        protected = trial.workbook.dictionary.protected
        checked, _ = trial.workbook.dictionary.check(facts)
        self._values = {name: value for name, value in checked.items() if name not in protected}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            if name not in self._names.all:
                raise KeyError(name)
            self._values[name] = self._trial.node(name, self._facts, self._scores).value
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names.all)

    def input_cells(self, table: DecisionTable, rule: Rule) -> Iterator[InputCell]:
        """The cells of a rule that say something, from left to right; one that takes any value says nothing.

        Each is evaluated when it is asked for.
        """
        for clause, cell in zip(table.inputs, rule.inputs, strict=True):
            if cell.is_irrelevant:
                continue
            expression = compile_expression(clause.expression.text, self._names)
            tests = compile_unary_tests(cell.text, self._names)
            noticed: list[Diagnostic] = []
            value = expression(self, noticed)
            references = {name: self.get(name) for name in sorted(tests.names - {"?"})}
            holds = tests(value, self, noticed)
            yield InputCell(clause, cell, value, holds, frozenset(expression.names), references)

    def only_miss(self, table: DecisionTable, rule: Rule) -> InputCell | None:
        """The one cell that kept a rule from matching; None where it matches or more than one did."""
        missed = list(islice((cell for cell in self.input_cells(table, rule) if cell.holds is not True), 2))
        return missed[0] if len(missed) == 1 else None

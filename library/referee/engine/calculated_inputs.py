"""Facts for which inputs that are calculated of them have wanted values: found as proofs find theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from referee.checks import Budget, Case, InputValues, OutOfBudget
from referee.checks.cell_logic import cell_logic
from referee.checks.cover import Uncovered
from referee.checks.dimension import Dimension
from referee.checks.fact_search import FactSearch, Wanted
from referee.checks.possible import Possible, point
from referee.checks.subject import Subject
from referee.engine.example_case import Example
from referee.engine.rule_cells import CaseScope
from referee.engine.tested_values import Source, scope_names
from referee.engine.trial import Trial
from referee.feel import FeelSyntaxError, compile_expression, parse_unary_tests
from referee.feel.values.text import nested_text
from referee.tables import DecisionTable, InputClause, Rule

Shown = TypeVar("Shown")

_STEPS = 3_000_000
_MOST_PARTS = 60
_MOST_PARTS_OF_RULE = 20


class CalculatedInputs:
    """The inputs of a workbook's tables that are no facts or scores by themselves, with ways to the facts behind them.

    The same questions get the same answers: searches are bounded by steps, not by time.
    """

    def __init__(self, trial: Trial, sources: Mapping[str, Source]) -> None:
        self._trial = trial
        self._sources = sources
        self._names = scope_names(trial.workbook)
        self._subjects: dict[str, Subject] = {}
        dictionary = trial.workbook.dictionary
        self._inputs = {
            fact.name: InputValues(fact.type, fact.allowed_values, not fact.required)
            for fact in dictionary.facts
            if not fact.protected
        } | {
            name: InputValues(source.type, "[0..1]" if source.type == "number" else "")
            for name, source in sources.items()
            if source.node
        }

    def value(self, clause: InputClause, example: Example) -> Any:
        """What a case has for an input; None where that is nothing or in doubt."""
        scope = CaseScope(self._trial, example.facts, example.scores)
        return compile_expression(clause.expression.text, self._names)(scope, [])

    def reaching(
        self, table: DecisionTable, rule: Rule, start: Example, shows: Callable[[Example], bool]
    ) -> Example | None:
        """A case for which a rule may fire and of which ``shows`` is true: ``start`` with other facts."""
        subject = self._subject(table)
        at = table.rules.index(rule)
        budget = Budget(steps=_STEPS)
        found: list[Example] = []

        def is_so(case: Case) -> bool:
            example = self._changed(start, case.values)
            if shows(example):
                found.append(example)
            return bool(found)

        try:
            for part in self._parts(subject, at, budget):
                subject.shown(part, budget, is_so, most_parts=_MOST_PARTS)
                if found:
                    return found[0]
        except OutOfBudget:
            pass
        return None

    def having(
        self,
        table: DecisionTable,
        clause: InputClause,
        value: Any,
        start: Example,
        shows: Callable[[Example], Shown | None],
    ) -> Shown | None:
        """What is shown for a case with a value of an input: ``start`` with one other fact, else with several."""
        decision = self._subject(table).decision
        expression = clause.expression.text
        node = decision.node(expression)
        try:
            logic = cell_logic(parse_unary_tests(nested_text(value)))
        except FeelSyntaxError:  # no literal says this value
            return None
        dimension = Dimension(expression, "", [logic] if logic is not None else [])
        region = dimension.region_of(value)
        if node is None or region is None:
            return None
        used = decision.facts_of([node])
        checked, _ = self._trial.workbook.dictionary.check(start.facts)
        now = {path: checked.get(path, self._of_score(start, path)) for path in used}

        def show(facts: Mapping[str, Any]) -> Shown | None:
            return shows(self._changed(start, {path: facts[path] for path in used if path in facts}))

        budget = Budget(steps=_STEPS)
        for free in [*([path] for path in used if len(used) > 1), used]:
            held: dict[str, Possible] = {
                path: point(now[path]) for path in used if path not in free and now[path] is not None
            }
            wanted = [Wanted(expression, dimension, 1 << region)]
            try:
                found = FactSearch(decision, wanted, show, budget, (), held, _MOST_PARTS).find()
            except OutOfBudget:
                return None
            if found.shown is not None:
                return found.shown
        return None

    def _subject(self, table: DecisionTable) -> Subject:
        if table.name not in self._subjects:
            others = self._trial.workbook.tables
            self._subjects[table.name] = Subject(table, self._inputs, self._names.all, others=others)
        return self._subjects[table.name]

    @staticmethod
    def _parts(subject: Subject, at: int, budget: Budget) -> Iterator[tuple[int, ...]]:
        """Where a rule may fire: first where no other rule is sure to, then all of it."""
        reach = subject.boxes[at].reach
        if reach is None:
            return
        others = [box.true for rule, box in enumerate(subject.boxes) if rule != at and box.true is not None]
        yield from islice(Uncovered(reach, others, budget), _MOST_PARTS_OF_RULE)
        yield reach

    def _changed(self, start: Example, values: Mapping[str, Any]) -> Example:
        for path, value in values.items():
            source = self._sources.get(path)
            if source is not None and (value is not None or not source.node):
                start = start.changed(source, value)
        return start

    def _of_score(self, start: Example, path: str) -> Any:
        source = self._sources.get(path)
        return start.value(source) if source is not None and source.node else None

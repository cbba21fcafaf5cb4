"""Whether what is wrong in a table can happen at all, when its inputs are results of other tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from referee.checks.budget import Budget
from referee.checks.case_space import CaseSpace, InputValues
from referee.checks.decision_logic import Cut, DecisionLogic
from referee.checks.finding import Case
from referee.checks.outcome import Outcome
from referee.checks.subject import as_facts, paths_of, results_of
from referee.feel import Names
from referee.tables import DecisionTable


def case_with_outcome(
    tables: Sequence[DecisionTable],
    inputs: Mapping[str, InputValues],
    names: Iterable[str],
    table: str,
    outcomes: Collection[Outcome],
    budget: Budget,
) -> Case | None:
    """A case for which a table comes to one of the outcomes (or may, by an expression); None if there is none.

    Its values are those of the inputs that are no tables. Raises ``OutOfBudget``.
    """
    known = frozenset(names)
    space = CaseSpace(tables, inputs, known, results_of(tables, known))
    logic = DecisionLogic(tables, inputs, known, space)
    free = sorted(logic.free_dimensions(table))
    stack = [space.full] if all(space.full) else []
    while stack:
        box = stack.pop()
        budget.spend(500)
        answer = logic.answer(table, box)
        if isinstance(answer, Cut):
            at = answer.dimension
            for regions in (box[at] & ~answer.regions, box[at] & answer.regions):
                stack.append((*box[:at], regions, *box[at + 1 :]))
        elif answer.outcome in outcomes and not answer.meets_doubt:
            values: dict[str, Any] = {
                space.dimensions[at].expression: space.dimensions[at].sample(box[at]) for at in free
            }
            facts, is_whole = as_facts(values, paths_of(values, Names(known)))
            return Case(values, "", facts if is_whole else None)
    return None


def needs_tables(table: DecisionTable, tables: Iterable[DecisionTable]) -> bool:
    """Whether an input of the table is the result of another one."""
    results = {
        name
        for each in tables
        for name in (each.name, *(f"{each.name}.{output.name}" for output in each.outputs))
    }
    return any(" ".join(clause.expression.text.split()) in results for clause in table.inputs)

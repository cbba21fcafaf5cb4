"""Whether what is wrong in a table can happen at all, when its inputs are results of other tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import CaseSpace, InputValues
from referee.checks.decision_logic import Cut, DecisionLogic
from referee.checks.finding import Case, Finding, Fix
from referee.checks.outcome import DISAGREEMENT, NO_HIT, SEVERAL_HITS, Outcome
from referee.checks.subject import Subject, as_facts, paths_of, results_of
from referee.domain import Severity
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
    free = sorted(logic.needs.free_dimensions(table))
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


def unreachable_rules(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Rules whose cells no facts meet together, though each by itself can be met. Raises ``OutOfBudget``."""
    for rule, box in enumerate(subject.boxes if subject.calculated else ()):
        if box.reach is None or not subject.shown(box.reach, budget, lambda case: True).is_impossible:
            continue
        number = subject.number(rule)
        message = (
            f"rule {number} can never fire: no case brings the values that its cells want together; correct them, or "
            "delete the rule"
        )
        yield Finding(
            "impossible-rule",
            Severity.WARNING,
            message,
            subject.table.name,
            subject.rule_place(rule),
            (number,),
            fix=Fix(f"delete rule {number}", delete=(number,)),
        )


def only_reached(
    findings: Sequence[Finding],
    table: DecisionTable,
    inputs: Mapping[str, InputValues],
    names: Iterable[str],
    others: Sequence[DecisionTable],
    budget: Budget,
) -> list[Finding]:
    """The findings without the gaps and overlaps that no case was found for, where it is proved that there is none."""
    kept = list(findings)
    for code, outcomes in (("gap", (NO_HIT,)), ("overlap", (SEVERAL_HITS, DISAGREEMENT))):
        told = [finding for finding in kept if finding.code == code and finding.case is None]
        if not told or (code == "overlap" and table.hit_policy.needs_priorities):
            continue
        tables = [table, *(other for other in others if other.name != table.name)]
        try:
            case = case_with_outcome(tables, inputs, names, table.name, outcomes, budget)
        except OutOfBudget:
            continue  # what is told of the table by itself stands
        if case is None:
            kept = [finding for finding in kept if finding not in told]
    return kept

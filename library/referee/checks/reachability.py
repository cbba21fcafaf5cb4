"""Whether what is wrong in a table can happen at all, and rules be reached, when its inputs follow from facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.cover import Uncovered
from referee.checks.decision_logic import Cut, DecisionLogic
from referee.checks.finding import Case, Finding, Fix
from referee.checks.masked import stronger_than, takers_of
from referee.checks.outcome import DISAGREEMENT, NO_HIT, SEVERAL_HITS, Outcome
from referee.checks.region_set import members
from referee.checks.subject import Subject, as_facts, listed, paths_of, results_of
from referee.domain import Severity
from referee.feel import Names
from referee.tables import DecisionTable

_MOST_PARTS_TRIED = 20


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
    """Rules that no facts make fire, though each of their cells can be met; and those for which that isn't known.

    Raises ``OutOfBudget``.
    """
    stronger = stronger_than(subject) if subject.calculated else {}
    for rule, box in enumerate(subject.boxes if subject.calculated else ()):
        if box.reach is None:
            continue
        number = subject.number(rule)
        rivals = subject.true_index.touching(box.reach) & stronger.get(rule, 0)
        if takers_of(subject, box.reach, rivals, budget) is not None:
            continue  # told with the masked rules
        found = subject.shown(box.reach, budget, _fires(number))
        if found.shown is not None:
            continue
        if found.is_impossible:
            why = "no case brings the values that its cells want together; correct them"
            yield _never(subject, rule, (), why)
            continue
        parts = Uncovered(box.reach, _boxes(subject, rivals), budget)
        is_known = bool(rivals)
        for tried, part in enumerate(parts if rivals else ()):
            found = subject.shown(part, budget, _fires(number))
            is_known = found.is_impossible and tried < _MOST_PARTS_TRIED
            if not is_known:
                break
        if found.shown is not None or box.open_columns:
            continue  # what expressions in cells leave open is told of the cells
        if not is_known:
            yield _not_reached(subject, rule)
        else:
            takers = tuple(members(rivals))
            by = listed([subject.number(taker) for taker in takers])
            comes = "come" if len(takers) > 1 else "comes"
            why = f"{by} {comes} first in each case that brings the values its cells want; narrow what comes first"
            yield _never(subject, rule, takers, why)


def _fires(number: int) -> Callable[[Case], bool]:
    return lambda case: number in case.fired


def _boxes(subject: Subject, rules: int) -> list[Box]:
    return [true for rule in members(rules) if (true := subject.boxes[rule].true) is not None]


def _never(subject: Subject, rule: int, takers: tuple[int, ...], why: str) -> Finding:
    number = subject.number(rule)
    return Finding(
        "masked-rule" if takers else "impossible-rule",
        Severity.WARNING,
        f"{subject.never_fires(rule)}: {why}, or delete the rule",
        subject.table.name,
        (*subject.rule_place(rule), *(place for taker in takers for place in subject.rule_place(taker))),
        (number, *map(subject.number, takers)),
        fix=Fix(f"delete rule {number}", delete=(number,)),
    )


def _not_reached(subject: Subject, rule: int) -> Finding:
    number = subject.number(rule)
    message = (
        f"outside the proof: no case was found that reaches rule {number}, nor was it shown that there is none; write "
        "a test that reaches it, or correct its cells"
    )
    places = subject.rule_place(rule)
    return Finding("rule-not-reached", Severity.INFO, message, subject.table.name, places, (number,))


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

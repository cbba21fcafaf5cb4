"""Rules that can never fire: they hold no case, or other rules always come before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.cover_search import Search, TooManyTries
from referee.checks.finding import Finding, Fix
from referee.checks.priorities import Priorities
from referee.checks.region_set import members
from referee.checks.subject import Subject, listed
from referee.domain import Severity
from referee.tables import HitPolicy

_MOST_REGIONS_TRIED = 40
_STEPS_AT_FIRST = 500_000
_MOST_TRIES = 5_000


def impossible_rules(subject: Subject) -> Iterator[Finding]:
    """Rules that hold no case: a cell that no allowed value meets, or cells of one input that exclude each other."""
    for rule, box in enumerate(subject.boxes):
        if box.reach is not None:
            continue
        cells = [
            (column, cell)
            for column, (clause, cell) in enumerate(
                zip(subject.table.inputs, subject.table.rules[rule].inputs, strict=True)
            )
            if not cell.is_irrelevant
            and not (answers := subject.space.answers(subject.space.dimension_of(clause), cell)).is_open
            and not answers.true
        ]
        number = subject.number(rule)
        if cells:
            column, cell = cells[0]
            expression = subject.table.inputs[column].expression.text
            why = f"`{cell.text}` is true for no value that `{expression}` can have; correct the cell"
            places = tuple(place for column, _ in cells for place in subject.cell_place(rule, column))
        else:
            why = "its cells for the same input exclude each other; correct them"
            places = subject.rule_place(rule)
        yield Finding(
            "impossible-rule",
            Severity.WARNING,
            f"{subject.never_fires(rule)}: {why}, or delete the rule",
            subject.table.name,
            places,
            (number,),
            fix=Fix(f"delete rule {number}", delete=(number,)),
        )


def masked_rules(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Rules whose every case is taken by others: earlier ones under F, those of higher priority under P.

    Only rules without open cells can take a case. Raises ``OutOfBudget``; what was found until then stands.
    """
    stronger = stronger_than(subject)

    def masked_here(rule: int, budget: Budget) -> Finding | None:
        box = subject.boxes[rule].reach
        if box is None:
            return None
        takers = takers_of(subject, box, subject.true_index.touching(box) & stronger[rule], budget)
        return None if takers is None else _masked(subject, rule, takers)

    yield from easy_first(subject, stronger, masked_here, budget, "can fire")


def easy_first(
    subject: Subject,
    rules: Iterable[int],
    examine: Callable[[int, Budget], Finding | None],
    budget: Budget,
    question: str,
) -> Iterator[Finding]:
    """What is found about each rule. A few rules may be very hard: they wait until all others are known.

    Each time around they may take ten times as long as before, until all are known or the budget is spent. Raises
    ``OutOfBudget``, which names the rules that are left and the question.
    """
    left = list(rules)
    steps = _STEPS_AT_FIRST
    while left:
        hard: list[int] = []
        for at, rule in enumerate(left):
            try:
                budget.spend(len(subject.boxes) // 8 + 1)
                found = examine(rule, budget.of_steps(steps))
            except OutOfBudget:
                if budget.is_over:
                    unknown = sorted(map(subject.number, [*hard, *left[at:]]))
                    raise OutOfBudget(f"whether {listed(unknown)} {question}") from None
                hard.append(rule)
                continue
            if found is not None:
                yield found
        left = hard
        steps *= 10


def takers_of(subject: Subject, box: Box, rivals: int, budget: Budget) -> list[int] | None:
    """Rules among the rivals that together take every case of a box; None where a case is left."""
    if not rivals:
        return None
    alone = subject.true_index.holding(box, rivals)
    if alone:
        return [next(members(alone))]
    if _is_easily_left(subject, box, rivals):
        return None
    values = [subject.true_index.by_value(at, regions, rivals) for at, regions in enumerate(box)]
    search = Search(values, budget, _MOST_TRIES)
    with suppress(TooManyTries):
        return None if search.open_values(rivals) else list(members(search.used))
    rules = list(members(rivals))
    left = Uncovered(box, [true for rule in rules if (true := subject.boxes[rule].true) is not None], budget)
    for _ in left:
        return None
    return [rules[at] for at in sorted(left.used)]


def _is_easily_left(subject: Subject, box: Box, rivals: int) -> bool:
    """Whether going greedily to the regions with the fewest rivals leads to a case that none takes."""
    for at, regions in enumerate(box):
        fewest = rivals
        for tried, region in enumerate(members(regions)):
            left = rivals & subject.true_index.at(at, region)
            if left.bit_count() < fewest.bit_count():
                fewest = left
            if not left:
                return True
            if tried == _MOST_REGIONS_TRIED:
                break
        rivals = fewest
    return False


def stronger_than(subject: Subject) -> dict[int, int]:
    """Each rule with those that come before it where both are true, as bits; nothing but under F and P."""
    policy = subject.table.hit_policy
    rules = range(len(subject.boxes))
    if policy is HitPolicy.FIRST:
        return {rule: (1 << rule) - 1 for rule in rules}
    if policy is not HitPolicy.PRIORITY:
        return {}
    priorities = Priorities(subject)
    return {rule: priorities.before(rule) for rule in rules}


def _masked(subject: Subject, rule: int, takers: list[int]) -> Finding:
    number = subject.number(rule)
    by = listed([subject.number(taker) for taker in takers])
    policy = subject.table.hit_policy
    why = "come first" if policy is HitPolicy.FIRST else "have a higher priority"
    if len(takers) == 1:
        why = "comes first" if policy is HitPolicy.FIRST else "has a higher priority"
    if policy is HitPolicy.PRIORITY and any(
        subject.output_keys[taker] == subject.output_keys[rule] for taker in takers
    ):
        why = "come first" if len(takers) > 1 else "comes first"
    advice = (
        "move it up, narrow them, or delete it" if policy is HitPolicy.FIRST else "narrow them, or delete it"
    )
    same = all(subject.output_keys[taker] == subject.output_keys[rule] for taker in takers)
    said = "says the same and " if same and len(takers) == 1 else "say the same and " if same else ""
    return Finding(
        "masked-rule",
        Severity.WARNING,
        f"{subject.never_fires(rule)}: {by} {said}{why} in each of its cases; {advice}",
        subject.table.name,
        (*subject.rule_place(rule), *(place for taker in takers for place in subject.rule_place(taker))),
        (number, *(subject.number(taker) for taker in takers)),
        fix=Fix(_mend(subject, number, takers, by), delete=(number,)),
    )


def _mend(subject: Subject, number: int, takers: list[int], by: str) -> str:
    """Which of the rules is wrong, only people know: the one that can't fire, or those that take its cases."""
    if subject.table.hit_policy is HitPolicy.FIRST:
        return f"move rule {number} above rule {subject.number(takers[0])} if it is meant to decide; else delete it"
    return f"narrow {by} if rule {number} is meant to decide; else delete rule {number}"

"""Overlaps that break a hit policy: cases for which several rules are true and the policy has no answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import common
from referee.checks.finding import Finding, shown_by
from referee.checks.priorities import Priorities
from referee.checks.region_set import members
from referee.checks.subject import Subject
from referee.domain import Severity
from referee.tables import HitPolicy

MOST_SHOWN = 20


def overlaps(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """A finding per pair of rules, at most ``MOST_SHOWN``, and how many more there are.

    U forbids two rules to be true at once; A if their outputs differ; P if their outputs differ and rank the same, for
    then their order in the table decides. Rules with open cells, and under A and P with outputs that must be evaluated,
    are outside the proof. Raises ``OutOfBudget``.
    """
    policy = subject.table.hit_policy
    if policy not in (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY):
        return
    shown = more = 0
    for later, breaking in _pairs(subject, budget):
        for earlier in members(breaking):
            if shown == MOST_SHOWN:
                break
            breaking ^= 1 << earlier
            told = _overlap(subject, earlier, later, budget)
            if told is not None:
                shown += 1
                yield told
        more += breaking.bit_count()
    if more:
        may = "may " if subject.calculated else ""
        pairs = f"{more} more pairs of rules {may}overlap"
        if more == 1:
            pairs = f"1 more pair of rules {'may overlap' if may else 'overlaps'}"
        message = f"{pairs} against hit policy {policy.value}; mend those shown first and check again"
        yield Finding("more-overlaps", Severity.WARNING, message, subject.table.name, subject.table_place)


def _pairs(subject: Subject, budget: Budget) -> Iterator[tuple[int, int]]:
    """Each rule with the earlier rules it may not overlap but does, as bits."""
    policy = subject.table.hit_policy
    priorities = Priorities(subject) if policy is HitPolicy.PRIORITY else None
    by_rank: dict[Hashable, int] = {}
    closed = 0
    for rule, box in enumerate(subject.boxes):
        budget.spend(len(subject.boxes) // 8 + 1)
        if policy is not HitPolicy.UNIQUE and subject.has_open_output(rule):
            continue
        rank = priorities.rank(rule) if priorities is not None else None
        rivals = by_rank.get(rank, 0) if policy is not HitPolicy.UNIQUE else closed
        if box.true is not None and rivals:
            breaking = subject.true_index.touching(box.true) & rivals
            if policy is not HitPolicy.UNIQUE:
                breaking &= ~subject.rules_by_outputs[subject.output_keys[rule]]
            if breaking:
                yield rule, breaking
        closed |= 1 << rule
        by_rank[rank] = by_rank.get(rank, 0) | 1 << rule


def _overlap(subject: Subject, earlier: int, later: int, budget: Budget) -> Finding | None:
    """The overlap with a case that both rules match; None where no facts bring such values."""
    first, second = subject.boxes[earlier].true, subject.boxes[later].true
    assert first is not None and second is not None, "only boxes with cases overlap"
    box = common(first, second)
    assert box is not None, "found because they share a case"
    numbers = subject.number(earlier), subject.number(later)
    is_ranked = subject.table.hit_policy is HitPolicy.PRIORITY
    shown = subject.shown(box, budget, lambda case: is_ranked or set(numbers) <= set(case.fired))
    if shown.is_impossible:
        return None
    where = f"rules {numbers[0]} and {numbers[1]} both match where {subject.words(box)}"
    told = {
        HitPolicy.UNIQUE: "but hit policy U allows one; make them exclude each other",
        HitPolicy.ANY: "but their outputs differ, and hit policy A wants them equal",
        HitPolicy.PRIORITY: "and their outputs differ but have the same priority, so that their order decides; "
        "make them exclude each other",
    }[subject.table.hit_policy]
    places = (*subject.rule_place(later), *subject.rule_place(earlier))
    found = Finding("overlap", Severity.WARNING, f"{where}, {told}", subject.table.name, places, numbers)
    return shown_by(found, shown.shown)

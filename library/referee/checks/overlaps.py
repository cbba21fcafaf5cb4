"""Overlaps that break a hit policy: cases for which several rules are true and the policy has no answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import Box, common
from referee.checks.cover import Uncovered
from referee.checks.finding import Finding, shown_by
from referee.checks.priorities import Priorities
from referee.checks.region_set import members
from referee.checks.subject import Subject
from referee.domain import Severity
from referee.tables import HitPolicy

MOST_SHOWN = 20
_MOST_PARTS_TRIED = 50


def overlaps(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """A finding per pair of rules, at most ``MOST_SHOWN``, and how many more there are.

    U forbids two rules to be true at once; A if their outputs differ; P if their outputs differ and rank the same, and
    no rule that comes before both takes all their cases: then their order in the table decides. Rules with open cells,
    and under A and P with outputs that must be evaluated, are outside the proof. Raises ``OutOfBudget``.
    """
    policy = subject.table.hit_policy
    if policy not in (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY):
        return
    priorities = Priorities(subject) if policy is HitPolicy.PRIORITY else None
    shown = more = 0
    for later, breaking in _pairs(subject, priorities, budget):
        for earlier in members(breaking):
            if shown == MOST_SHOWN:
                break
            breaking ^= 1 << earlier
            told = (
                _overlap(subject, earlier, later, budget)
                if priorities is None
                else _tie(subject, priorities, earlier, later, budget)
            )
            if told is not None:
                shown += 1
                yield told
        more += breaking.bit_count()
    if more:
        may = "may " if subject.calculated or priorities is not None else ""
        pairs = f"{more} more pairs of rules {may}overlap"
        if more == 1:
            pairs = f"1 more pair of rules {'may overlap' if may else 'overlaps'}"
        message = f"{pairs} against hit policy {policy.value}; mend those shown first and check again"
        yield Finding("more-overlaps", Severity.WARNING, message, subject.table.name, subject.table_place)


def _pairs(subject: Subject, priorities: Priorities | None, budget: Budget) -> Iterator[tuple[int, int]]:
    """Each rule with the earlier rules it may not overlap but does, as bits."""
    policy = subject.table.hit_policy
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
    box = _shared(subject, earlier, later)
    numbers = {subject.number(earlier), subject.number(later)}
    shown = subject.shown(box, budget, lambda case: numbers <= set(case.fired))
    return None if shown.is_impossible else shown_by(_finding(subject, earlier, later, box), shown.shown)


def _tie(
    subject: Subject, priorities: Priorities, earlier: int, later: int, budget: Budget
) -> Finding | None:
    """The overlap with a case that the earlier rule decides by its place alone; None where there is no such case."""
    box = _shared(subject, earlier, later)
    before = subject.true_index.touching(box) & priorities.before(earlier)
    stronger = [true for rule in members(before) if (true := subject.boxes[rule].true) is not None]
    fired = (subject.number(earlier),)
    unknown: Box | None = None
    for tried, part in enumerate(Uncovered(box, stronger, budget)):
        shown = subject.shown(part, budget, lambda case: case.fired == fired)
        if shown.shown is not None:
            return shown_by(_finding(subject, earlier, later, part), shown.shown)
        if not shown.is_impossible:
            unknown = unknown or part
        if tried == _MOST_PARTS_TRIED:
            unknown = unknown or part
            break
    return None if unknown is None else shown_by(_finding(subject, earlier, later, unknown), None)


def _shared(subject: Subject, earlier: int, later: int) -> Box:
    first, second = subject.boxes[earlier].true, subject.boxes[later].true
    assert first is not None and second is not None, "only boxes with cases overlap"
    box = common(first, second)
    assert box is not None, "found because they share a case"
    return box


def _finding(subject: Subject, earlier: int, later: int, box: Box) -> Finding:
    numbers = subject.number(earlier), subject.number(later)
    where = f"rules {numbers[0]} and {numbers[1]} both match where {subject.words(subject.narrowed(box))}"
    told = {
        HitPolicy.UNIQUE: "but hit policy U allows one; make them exclude each other",
        HitPolicy.ANY: "but their outputs differ, and hit policy A wants them equal",
        HitPolicy.PRIORITY: "and their outputs differ but have the same priority, so that their order decides; "
        "make them exclude each other",
    }[subject.table.hit_policy]
    places = (*subject.rule_place(later), *subject.rule_place(earlier))
    return Finding("overlap", Severity.WARNING, f"{where}, {told}", subject.table.name, places, numbers)

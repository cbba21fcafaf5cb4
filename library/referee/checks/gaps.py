"""Gaps: cases that no rule of a table covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import eq

from referee.checks.budget import Budget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.finding import Case, Finding, Fix, shown_by
from referee.checks.region_set import members
from referee.checks.subject import Subject, listed
from referee.domain import Severity
from referee.tables import HitPolicy

MOST_SHOWN = 20

_EMPTY_IS_A_RESULT = (
    HitPolicy.RULE_ORDER,
    HitPolicy.OUTPUT_ORDER,
    HitPolicy.COLLECT,
    HitPolicy.COLLECT_COUNT,
)


def gaps(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Every gap as a box that can't be made wider, at most ``MOST_SHOWN``; together they hold all uncovered cases.

    They are apart from each other, so that all can be added as rules; under F, where the first of two rules decides,
    they may share cases.

    A rule with an open cell counts as covering what its other cells say; where nothing else covers that, it is told
    as advice. There are none where an output has a default. Raises ``OutOfBudget``.
    """
    if _has_default(subject):
        return
    found: list[Box] = []
    for box in _gap_boxes(subject, budget):
        if len(found) == MOST_SHOWN:
            yield _finding(subject, "more-gaps", "there are further gaps; mend these first and check again")
            return
        told = _gap(subject, box, budget)
        if told is None:
            continue
        found.append(box)
        yield told
    if any(box.open_columns for box in subject.boxes):
        yield from _covered_by_open_cells(subject, found, budget)


def _gap_boxes(subject: Subject, budget: Budget) -> Iterator[Box]:
    covers = [box.live for box in subject.boxes if box.live is not None]
    left = Uncovered(subject.space.full, covers, budget)
    taken: list[Box] = []
    for part in left:
        box = _widened(subject, part, taken)
        left.exclude(box)
        yield box
        if subject.table.hit_policy is not HitPolicy.FIRST:
            taken.append(box)


def _widened(subject: Subject, part: Box, taken: Sequence[Box]) -> Box:
    """The gap as wide as it goes without what is taken: the widening that leaves the fewest columns to be said."""
    columns = range(len(part))
    found = [_widened_in(subject, part, taken, [*columns[first:], *columns[:first]]) for first in columns]
    full = subject.space.full
    return max(
        found,
        key=lambda box: (
            sum(map(eq, box, full)),
            sum(regions.bit_count() / every.bit_count() for regions, every in zip(box, full, strict=True)),
        ),
        default=part,
    )


def _widened_in(subject: Subject, part: Box, taken: Sequence[Box], order: Iterable[int]) -> Box:
    """The gap as wide as it goes, one dimension after the other."""
    box = list(part)
    for at in order:
        covered = 0
        for rule in members(subject.live_index.touching(tuple(box), but=at)):
            live = subject.boxes[rule].live
            assert live is not None, "only boxes with cases are found"
            covered |= live[at]
        for other in taken:
            if all(regions & box[position] for position, regions in enumerate(other) if position != at):
                covered |= other[at]
        box[at] = subject.space.full[at] & ~covered
    return tuple(box)


def _gap(subject: Subject, box: Box, budget: Budget) -> Finding | None:
    """The gap with a case that no rule takes; None where no facts bring such values."""
    table = subject.table
    shown = subject.shown(box, budget, _no_rule)
    if shown.is_impossible:
        return None
    if table.hit_policy in _EMPTY_IS_A_RESULT:
        message = f"no rule covers the cases where {subject.words(box)}: their result is empty"
    else:
        message = f"no rule covers the cases where {subject.words(box)}; add a rule for them"
    row = (*subject.input_cells(box), *("" for _ in table.outputs))
    fix = Fix(_advice(subject, box), (row,))
    found = Finding("gap", _severity(subject), message, table.name, subject.table_place, fix=fix)
    return shown_by(found, shown.shown)


def _no_rule(case: Case) -> bool:
    return not case.fired and not case.is_doubtful


def _advice(subject: Subject, box: Box) -> str:
    advice = "add this rule and fill in its outputs"
    first = [
        f"`{dimension.expression}`"
        for at, dimension in enumerate(subject.space.dimensions)
        if "null" in dimension.cell_text(box[at]) and any(rule.unspoken[at] for rule in subject.boxes)
    ]
    if first:
        # other cells of these columns are in doubt about null until one speaks of it, and false from then on
        advice += (
            f", then check again: it is the first rule that says what null means in {' and '.join(first)}"
        )
    return advice


def _covered_by_open_cells(subject: Subject, gaps: list[Box], budget: Budget) -> Iterator[Finding]:
    """The rules with open cells that alone cover some cases: whether they do, their cells must say."""
    closed = [box.live for box in subject.boxes if box.live is not None and not box.open_columns]
    box = next(iter(Uncovered(subject.space.full, [*closed, *gaps], budget)), None)
    if box is None:
        return
    rules = [rule for rule in members(subject.live_index.touching(box)) if subject.boxes[rule].open_columns]
    cells = [
        place
        for rule in rules
        for at in subject.boxes[rule].open_columns
        for place in subject.cell_place(rule, at)
    ]
    numbers = tuple(subject.number(rule) for rule in rules)
    shown = subject.shown(box, budget, _no_rule)
    if shown.is_impossible:
        return
    if shown.shown is not None:
        what = "no expression of theirs is" if len(rules) > 1 else "its expression isn't"
        message = (
            f"cases where {subject.words(box)} may come to no rule but {listed(numbers)}, and in some {what} true; add "
            "a rule for them"
        )
        yield Finding(
            "gap", _severity(subject), message, subject.table.name, tuple(cells), numbers, shown.shown
        )
        return
    message = (
        f"cases where {subject.words(box)} are covered only if an expression of {listed(numbers)} is true; "
        "expressions are outside the proof: make sure that they leave no case out"
    )
    yield Finding("gap-unless-expression", Severity.INFO, message, subject.table.name, tuple(cells), numbers)


def _finding(subject: Subject, code: str, message: str) -> Finding:
    return Finding(code, _severity(subject), message, subject.table.name, subject.table_place)


def _severity(subject: Subject) -> Severity:
    return Severity.INFO if subject.table.hit_policy in _EMPTY_IS_A_RESULT else Severity.WARNING


def _has_default(subject: Subject) -> bool:
    defaults = (output.default for output in subject.table.outputs)
    return any(default is not None and not default.is_irrelevant for default in defaults)

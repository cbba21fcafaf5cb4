"""Gaps: cases that no rule of a table covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from operator import eq

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.finding import Case, Finding, Fix, shown_by
from referee.checks.region_set import members
from referee.checks.subject import Subject, listed
from referee.domain import Severity
from referee.tables import HitPolicy

MOST_SHOWN = 20
_MOST_PARTS = 20
_ADVICE = "add this rule and fill in its outputs"

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
    told: list[_Told] = []
    try:
        for box in _gap_boxes(subject, budget):
            if len(told) == MOST_SHOWN:
                yield from (each.finding for each in told)
                yield _finding(
                    subject, "more-gaps", "there are further gaps; mend these first and check again"
                )
                return
            gap = None if _is_told(subject, box, found, budget) else _gap(subject, box, budget)
            if gap is not None:
                found.append(box)
                told.append(_Told(gap, bool(_first_of_null(subject, box))))
    except OutOfBudget:
        yield from (each.finding for each in told)
        raise
    yield from _closed(subject, told, budget)
    if any(box.open_columns for box in subject.boxes):
        yield from _covered_by_open_cells(subject, found, budget)


def _is_told(subject: Subject, box: Box, told: Sequence[Box], budget: Budget) -> bool:
    """Whether all that facts bring of a gap lies in others: under F, where they may share cases."""
    if subject.table.hit_policy is not HitPolicy.FIRST or not subject.calculated or not told:
        return False
    parts = list(islice(Uncovered(box, told, budget), _MOST_PARTS + 1))
    return len(parts) <= _MOST_PARTS and all(
        subject.shown(part, budget, _no_rule).is_impossible for part in parts
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """A gap, and whether the rule proposed for it ``is_first`` of a column to speak of null."""

    finding: Finding
    is_first: bool

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return self.finding.fix.rows if self.finding.fix is not None else ()


def _closed(subject: Subject, told: Sequence[_Told], budget: Budget) -> list[Finding]:
    """The gaps with mends that leave none together.

    Cells of a column in which none speaks of null are in doubt about it, and false from the first on that does: its
    mend brings the rules for the cases that come to no rule then. Where the time doesn't suffice it asks for a check.
    """
    last = max((at for at, each in enumerate(told) if each.is_first), default=None)
    more = (
        None if last is None else _closing_rows(subject, [row for each in told for row in each.rows], budget)
    )
    if more is None:
        return [each.finding for each in told]
    findings = []
    for at, each in enumerate(told):
        finding = each.finding
        if at == last and more:
            advice = "add these rules and fill in their outputs; the first says what null means, which the others need"
            finding = replace(finding, fix=Fix(advice, (*each.rows, *more)))
        elif each.is_first:
            finding = replace(finding, fix=Fix(_ADVICE, each.rows))
        findings.append(finding)
    return findings


def _closing_rows(
    subject: Subject, rows: Sequence[tuple[str, ...]], budget: Budget
) -> list[tuple[str, ...]] | None:
    """Rules for the gaps that a table has once some rules are added; None where they are too many to be told."""
    more: list[tuple[str, ...]] = []
    with suppress(OutOfBudget):
        while len(more) <= MOST_SHOWN:
            mended = subject.with_rules([row[: len(subject.table.inputs)] for row in (*rows, *more)])
            left = [
                _row(mended, box)
                for box in islice(_gap_boxes(mended, budget), MOST_SHOWN + 1)
                if not mended.shown(box, budget, _no_rule).is_impossible
            ]
            if not left:
                return more
            more += left
    return None


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
    where = f"no rule covers the cases where {subject.words(subject.narrowed(box))}"
    if table.hit_policy in _EMPTY_IS_A_RESULT:
        message = f"{where}: their result is empty"
    else:
        message = f"{where}; add a rule for them"
    fix = Fix(_advice(subject, box), (_row(subject, box),))
    found = Finding("gap", _severity(subject), message, table.name, subject.table_place, fix=fix)
    return shown_by(found, shown.shown)


def _no_rule(case: Case) -> bool:
    return not case.fired and not case.is_doubtful


def _row(subject: Subject, box: Box) -> tuple[str, ...]:
    return (*subject.input_cells(subject.narrowed(box)), *("" for _ in subject.table.outputs))


def _advice(subject: Subject, box: Box) -> str:
    first = _first_of_null(subject, box)
    if not first:
        return _ADVICE
    columns = " and ".join(f"`{expression}`" for expression in first)
    return f"{_ADVICE}, then check again: it is the first rule that says what null means in {columns}"


def _first_of_null(subject: Subject, box: Box) -> list[str]:
    """The inputs whose columns speak of null only once there is a rule for the box."""
    return [
        dimension.expression
        for at, dimension in enumerate(subject.space.dimensions)
        if "null" in dimension.cell_text(box[at]) and any(rule.unspoken[at] for rule in subject.boxes)
    ]


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

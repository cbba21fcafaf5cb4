"""Inputs that never matter: whatever their value, the table decides the same."""

from __future__ import annotations

from collections.abc import Iterator

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, contains
from referee.checks.finding import Finding
from referee.checks.outcome import Outcomes
from referee.checks.region_set import members, runs_of, stretch
from referee.checks.subject import Subject
from referee.domain import Severity

_RULES_TRIED = 30
_REGIONS_TRIED = 60


def inputs_without_effect(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Inputs whose value changes no decision, proved. Tables with open cells are left out. Raises ``OutOfBudget``.

    Two decisions are the same when they give the same outputs; an expression as output is the same as itself unless it
    uses the input.
    """
    if not subject.boxes:
        return
    has_open_cells = any(box.open_columns for box in subject.boxes)
    used = set[str]().union(*(subject.names_in_output(rule) for rule in range(len(subject.boxes))))
    outcomes = Outcomes(subject)
    unknown = []
    for at, dimension in enumerate(subject.space.dimensions):
        root = dimension.expression.partition(".")[0].strip()
        if (dimension.size == 1 and dimension.regions[0].is_point) or root in used:
            continue
        tested = any(
            not rule.inputs[column].is_irrelevant
            for rule in subject.table.rules
            for column in subject.columns_of(at)
        )
        try:
            if tested and (has_open_cells or _matters(subject, at, outcomes, budget)):
                continue
        except OutOfBudget:
            unknown.append(dimension.expression)
            continue
        yield _finding(subject, at, tested)
    if unknown:
        raise OutOfBudget(f"whether {', '.join(f'`{name}`' for name in unknown)} ever matters")


def _finding(subject: Subject, at: int, tested: bool) -> Finding:
    expression = subject.space.dimensions[at].expression
    if tested:
        message = (
            f"`{expression}` is tested but never matters: the decision is the same for each of its values"
        )
    else:
        message = f"`{expression}` never matters: no rule tests it"
    place = subject.table.inputs[subject.columns_of(at)[0]].place
    places = (place,) if place is not None else subject.table_place
    return Finding(
        "input-without-effect",
        Severity.INFO,
        f"{message}; delete its column, or write what it should change",
        subject.table.name,
        places,
    )


def _matters(subject: Subject, at: int, outcomes: Outcomes, budget: Budget) -> bool:
    if _is_seen_to_matter(subject, at, outcomes):
        return True
    return _is_proved_to_matter(subject, at, outcomes, budget)


def _is_seen_to_matter(subject: Subject, at: int, outcomes: Outcomes) -> bool:
    """Whether some cases of some rules are decided otherwise when nothing but this input changes."""
    step = max(1, len(subject.boxes) // _RULES_TRIED)
    for box in subject.boxes[::step]:
        if box.true is None:
            continue
        others = ~0
        for position, regions in enumerate(box.true):
            if position != at:
                others &= subject.true_index.at(position, next(members(regions)))
        size = subject.space.dimensions[at].size
        seen = {
            outcomes.of(others & subject.true_index.at(at, region))
            for region in range(0, size, max(1, size // _REGIONS_TRIED))
        }
        if len(seen) > 1:
            return True
    return False


def _is_proved_to_matter(subject: Subject, at: int, outcomes: Outcomes, budget: Budget) -> bool:
    """Cuts the other dimensions until nothing in a part hangs on this input, or nothing hangs on the others."""
    rules = [
        (rule, true) for rule in outcomes.strongest_first if (true := subject.boxes[rule].true) is not None
    ]
    stack: list[tuple[Box, list[tuple[int, Box]]]] = [(subject.space.full, rules)]
    while stack:
        part, alive = stack.pop()
        budget.spend(len(alive) * len(part) + 1)
        if all(box[at] == part[at] for _, box in alive):
            continue
        filling = [rule for rule, box in alive if contains(box, part)]
        if filling and outcomes.are_settled(filling, [rule for rule, _ in alive]):
            continue
        cut = _cut(part, alive, at)
        if cut is None:
            if len(_seen(alive, at, subject.space.full[at], outcomes)) > 1:
                return True
            continue
        position, inner = cut
        for regions in (inner, part[position] & ~inner):
            half = (*part[:position], regions, *part[position + 1 :])
            stack.append((half, [each for each in alive if each[1][position] & regions]))
    return False


def _cut(part: Box, alive: list[tuple[int, Box]], at: int) -> tuple[int, int] | None:
    """A dimension and some of its regions in the part that a rule holds, but not all of them."""
    for _, box in alive:
        for position, regions in enumerate(part):
            inner = regions & box[position]
            if position != at and inner != regions:
                return position, inner
    return None


def _seen(alive: list[tuple[int, Box]], at: int, full: int, outcomes: Outcomes) -> set[object]:
    """The outcomes along one dimension, where nothing else makes a difference."""
    ends = {end for _, box in alive for first, last in runs_of(box[at]) for end in (first, last + 1)}
    seen: set[object] = set()
    for start in sorted({0, *ends}):
        if full >> start & 1:
            region = stretch(start, start)
            seen.add(outcomes.of(sum(1 << rule for rule, box in alive if box[at] & region)))
    return seen

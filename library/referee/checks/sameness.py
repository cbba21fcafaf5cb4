"""Rules that say the same: ones that could go without a decision changing, and neighbours that could be one rule."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import Box, common
from referee.checks.finding import Finding, Fix
from referee.checks.masked import easy_first, takers_of
from referee.checks.priorities import Priorities
from referee.checks.region_set import members, runs_of
from referee.checks.subject import Subject, listed
from referee.domain import Severity
from referee.tables import CellText, HitPolicy

_IDEMPOTENT = (HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.COLLECT_MIN, HitPolicy.COLLECT_MAX)
_KEPT_APART = frozenset(HitPolicy) - {HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST}
"""Policies under which rules that are joined may not overlap: two hits are not one."""


def needless_rules(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Rules that say what others say in each of their cases; all that are told can go together.

    Under F a rule is needless when the rules after it decide its cases alike. Under C, R and O, where each hit counts,
    only a rule written twice is told. Raises ``OutOfBudget``.
    """
    policy = subject.table.hit_policy
    if policy is HitPolicy.FIRST:
        yield from _needless_under_first(subject, budget)
    elif policy in _IDEMPOTENT:
        yield from _needless_among_equals(subject, budget)
    elif policy is not HitPolicy.UNIQUE:
        yield from _written_twice(subject)


def joinable_rules(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Rules with the same outputs that differ in one input only, where one cell can say both; no rule is told twice.

    The joined rule stands where the first of them stood; they are told only if no decision changes by that.
    """
    taken: set[int] = set()
    for at in range(len(subject.space.dimensions)):
        groups: dict[Hashable, list[int]] = {}
        for rule, box in enumerate(subject.boxes):
            if box.true is not None and not box.open_columns and rule not in taken:
                others = (*box.true[:at], *box.true[at + 1 :])
                groups.setdefault((subject.output_keys[rule], others), []).append(rule)
        budget.spend(len(subject.boxes))
        for group in groups.values():
            for rules in _neighbours(subject, group, at):
                joined = _joined(subject, rules, at)
                if joined is not None:
                    taken.update(rules)
                    yield joined


def _needless_under_first(subject: Subject, budget: Budget) -> Iterator[Finding]:
    def needless_here(rule: int, budget: Budget) -> Finding | None:
        return _needless_here(subject, rule, budget)

    yield from easy_first(subject, range(len(subject.boxes)), needless_here, budget, "could go")


def _needless_here(subject: Subject, rule: int, budget: Budget) -> Finding | None:
    box = subject.boxes[rule].reach
    if box is None:
        return None
    same = subject.rules_by_outputs[subject.output_keys[rule]]
    before = (1 << rule) - 1
    after = ~before & ~(1 << rule)
    touching = subject.true_index.touching(box)
    if not touching & same & after:
        return None
    takers = takers_of(subject, box, touching & (before | (same & after)), budget)
    if takers is None or all(taker < rule for taker in takers):
        return None
    if _comes_between(subject, rule, box, same, budget):
        return None
    return _needless(subject, rule, [taker for taker in takers if taker > rule])


def _comes_between(subject: Subject, rule: int, box: Box, same: int, budget: Budget) -> bool:
    """Whether a rule that says something else would get a case of the box before one that says the same."""
    others = subject.live_index.touching(box) & ~same & ~((1 << rule) - 1)
    for other in members(others):
        live = subject.boxes[other].live
        assert live is not None, "only boxes with cases are found"
        shared = common(box, live)
        assert shared is not None, "found because they share a case"
        earlier = (1 << other) - 1 & ~(1 << rule)
        settled = subject.true_index.touching(shared) & earlier & (same | ((1 << rule) - 1))
        if takers_of(subject, shared, settled, budget) is None:
            return True
    return False


def _needless_among_equals(subject: Subject, budget: Budget) -> Iterator[Finding]:
    priorities = Priorities(subject) if subject.table.hit_policy is HitPolicy.PRIORITY else None
    gone = 0

    def needless_here(rule: int, budget: Budget) -> Finding | None:
        nonlocal gone
        box = subject.boxes[rule].reach
        if box is None:
            return None
        same = subject.rules_by_outputs[subject.output_keys[rule]] & ~gone & ~(1 << rule)
        rivals = subject.true_index.touching(box) & same
        if not rivals or (priorities is not None and _ties(subject, priorities, rule, box)):
            return None
        takers = takers_of(subject, box, rivals, budget)
        if takers is None:
            return None
        gone |= 1 << rule
        return _needless(subject, rule, takers)

    yield from easy_first(subject, reversed(range(len(subject.boxes))), needless_here, budget, "could go")


def _ties(subject: Subject, priorities: Priorities, rule: int, box: Box) -> bool:
    """Whether rules of the same rank that say something else share a case with the box: then their order decides."""
    others = priorities.of_same_rank(rule) & ~subject.rules_by_outputs[subject.output_keys[rule]]
    return bool(others & subject.live_index.touching(box))


def _written_twice(subject: Subject) -> Iterator[Finding]:
    first: dict[Hashable, int] = {}
    for rule, box in enumerate(subject.boxes):
        if box.true is None:
            continue
        key = (box.true, subject.output_keys[rule])
        earlier = first.setdefault(key, rule)
        if earlier != rule:
            numbers = subject.number(rule), subject.number(earlier)
            message = f"rule {numbers[0]} repeats rule {numbers[1]}, so that each hit counts twice; delete one of them"
            yield Finding(
                "repeated-rule",
                Severity.INFO,
                message,
                subject.table.name,
                (*subject.rule_place(rule), *subject.rule_place(earlier)),
                numbers,
                fix=Fix(f"delete rule {numbers[0]}", delete=numbers[:1]),
            )


def _needless(subject: Subject, rule: int, takers: list[int]) -> Finding:
    number = subject.number(rule)
    numbers = [subject.number(taker) for taker in takers]
    says = "says" if len(takers) == 1 else "say"
    return Finding(
        "needless-rule",
        Severity.INFO,
        f"rule {number} could go: {listed(numbers)} {says} the same in each of its cases",
        subject.table.name,
        (*subject.rule_place(rule), *(place for taker in takers for place in subject.rule_place(taker))),
        (number, *numbers),
        fix=Fix(f"delete rule {number}", delete=(number,)),
    )


def _neighbours(subject: Subject, group: list[int], at: int) -> Iterator[list[int]]:
    """Sets of rules whose regions of a dimension can be said in one cell no longer than theirs."""
    if len(group) < 2:
        return
    dimension = subject.space.dimensions[at]
    regions = {rule: _true(subject, rule)[at] for rule in group}
    chain: list[int] = []
    held = 0
    for rule in sorted(group, key=lambda rule: (regions[rule] & -regions[rule], rule)):
        if chain and not regions[rule] & ~held:
            continue  # needless rather than a neighbour
        apart = not held & regions[rule]
        most = max(len(runs_of(held)), len(runs_of(regions[rule])))
        close = dimension.is_listed or len(runs_of(held | regions[rule])) <= most
        if chain and close and (apart or subject.table.hit_policy not in _KEPT_APART):
            chain.append(rule)
            held |= regions[rule]
            continue
        if len(chain) > 1:
            yield sorted(chain)
        chain, held = [rule], regions[rule]
    if len(chain) > 1:
        yield sorted(chain)


def _joined(subject: Subject, rules: list[int], at: int) -> Finding | None:
    """The finding; None where order forbids to join, or one cell can't say it."""
    first, *rest = rules
    same = subject.rules_by_outputs[subject.output_keys[first]]
    for rule in rest:
        between = (1 << rule) - 1 & ~((1 << first + 1) - 1) & ~same
        if subject.live_index.touching(_true(subject, rule)) & between:
            return None
    box = list(_true(subject, first))
    for rule in rest:
        box[at] |= _true(subject, rule)[at]
    text = subject.space.dimensions[at].cell_text(box[at])
    answers = subject.space.answers(at, CellText(text))
    columns = subject.columns_of(at)
    if answers.is_open or answers.true != box[at] or len(columns) > 1:
        return None
    written = subject.table.rules[first]
    cells = [cell.text for cell in written.inputs]
    cells[columns[0]] = text
    numbers = [subject.number(rule) for rule in rules]
    expression = subject.space.dimensions[at].expression
    return Finding(
        "joinable-rules",
        Severity.INFO,
        f"{listed(numbers)} differ only in `{expression}` and say the same; one rule with `{text}` there says it all",
        subject.table.name,
        tuple(place for rule in rules for place in subject.cell_place(rule, columns[0])),
        tuple(numbers),
        fix=Fix(
            f"put this rule in the place of rule {numbers[0]} and delete {listed(numbers[1:])}",
            ((*cells, *(cell.text for cell in written.outputs)),),
            tuple(numbers[1:]),
        ),
    )


def _true(subject: Subject, rule: int) -> Box:
    box = subject.boxes[rule].true
    assert box is not None, "asked for rules with cases only"
    return box

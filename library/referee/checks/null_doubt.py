"""Facts that may be missing, and cells that can't be told without them."""

from __future__ import annotations

from collections.abc import Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.finding import Finding
from referee.checks.subject import Subject
from referee.domain import Severity
from referee.tables import HitPolicy

_RULES_TRIED = 20


def null_in_doubt(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Inputs that may be null where that leaves a decision in doubt, so that it goes to people; with a case each."""
    for at, dimension in enumerate(subject.space.dimensions):
        if not dimension.null:
            continue
        tested = [
            (rule, column)
            for column in subject.columns_of(at)
            for rule, written in enumerate(subject.table.rules)
            if not written.inputs[column].is_irrelevant
        ]
        for rule, column in tested[:_RULES_TRIED]:
            part = _reached(subject, rule, at, budget)
            if part is None:
                continue
            case = subject.shown(part, budget, lambda case: case.is_doubtful).shown
            if case is None:
                continue
            number = subject.number(rule)
            advice = "write a rule for `null`"
            if subject.table.hit_policy is HitPolicy.FIRST:
                advice += f" above rule {number}"
            message = (
                f"`{dimension.expression}` may be missing, which this cell can't tell: such a decision is in doubt and "
                f"goes to people; if that is not meant, {advice}"
            )
            places = subject.cell_place(rule, column)
            yield Finding(
                "null-in-doubt",
                Severity.INFO,
                message,
                subject.table.name,
                places,
                (number,),
                case,
            )
            break


def _reached(subject: Subject, rule: int, at: int, budget: Budget) -> Box | None:
    """Cases that come to a rule with the input missing."""
    live = subject.boxes[rule].live
    null = subject.space.dimensions[at].null
    if live is None or not live[at] & null:
        return None
    box = (*live[:at], null, *live[at + 1 :])
    earlier = []
    if subject.table.hit_policy is HitPolicy.FIRST:
        earlier = [each.true for each in subject.boxes[:rule] if each.true is not None]
    return next(iter(Uncovered(box, earlier, budget)), None)

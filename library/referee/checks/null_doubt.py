"""Facts that may be missing, and cells that can't be told without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import Box
from referee.checks.cover import Uncovered
from referee.checks.finding import Case, Finding
from referee.checks.possible import ONLY_NULL
from referee.checks.subject import OPEN, Subject
from referee.domain import Place, Severity
from referee.tables import HitPolicy

_RULES_TRIED = 20
_PARTS_TRIED = 8


def null_in_doubt(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Facts that may be null where that leaves a decision in doubt, so that it goes to people; with a case each."""
    yield from _in_tested_cells(subject, budget)
    nodes = subject.decision.nodes_of(subject.table)
    if not _optional(subject, nodes) or not subject.decision.is_decidable:
        return
    yield from _in_calculated_inputs(subject, budget)
    yield from _in_expressions(subject, budget)
    yield from _in_outputs(subject, budget)


def _in_tested_cells(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Inputs that may be null, and cells that test them."""
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


def _in_calculated_inputs(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Input expressions that can't be told without a fact."""
    for clause in subject.table.inputs:
        text = clause.expression.text
        for fact in _optional(subject, [subject.decision.node(text)]):
            if subject.decision.is_fact(text):
                continue

            def in_doubt(case: Case, text: str = text) -> bool:
                return case.is_doubtful and _is_doubtful(subject, text, case)

            case = subject.shown(
                subject.space.full, budget, in_doubt, facts={fact: ONLY_NULL}, most_parts=_PARTS_TRIED
            ).shown
            if case is not None:
                what = f"the input `{text}` can't be told"
                place = clause.place or clause.expression.place
                yield _finding(subject, fact, what, () if place is None else (place,), (), case)


def _in_expressions(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Input cells that compare with a fact."""
    for cell in subject.open_cells[:_RULES_TRIED]:
        rule, column = next(
            (rule, column)
            for rule, box in enumerate(subject.boxes)
            for column in box.open_columns
            if subject.table.rules[rule].inputs[column].text == cell.text
        )
        own = subject.space.dimensions[subject.space.dimension_of(subject.table.inputs[column])].expression
        live = subject.boxes[rule].live
        for fact in _optional(subject, [subject.decision.cell_node(cell)]):
            if live is None or fact == own:
                continue
            case = subject.shown(
                live, budget, _doubtful, facts={fact: ONLY_NULL}, most_parts=_PARTS_TRIED
            ).shown
            if case is not None:
                places = subject.cell_place(rule, column)
                what = f"`{cell.text}` can't be told"
                yield _finding(subject, fact, what, places, (subject.number(rule),), case)


def _in_outputs(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Output cells that give nothing without a fact: one finding for all of a column."""
    for position in range(len(subject.table.outputs)):
        found: dict[str, list[tuple[int, Case]]] = {}
        tried: dict[str, int] = {}
        for rule, written in enumerate(subject.table.rules):
            cell, live = written.outputs[position], subject.boxes[rule].live
            if live is None or subject.output(cell)[0] is not OPEN:
                continue
            number, text = subject.number(rule), cell.text
            for fact in _optional(subject, [subject.decision.node(text)]):
                box = _with_null(subject, live, fact)
                tried[fact] = tried.get(fact, 0) + 1
                if box is None or tried[fact] > _RULES_TRIED:
                    continue

                def in_doubt(case: Case, number: int = number, text: str = text) -> bool:
                    return number in case.fired and case.is_doubtful and _is_doubtful(subject, text, case)

                case = subject.shown(
                    box, budget, in_doubt, facts={fact: ONLY_NULL}, most_parts=_PARTS_TRIED
                ).shown
                if case is not None:
                    found.setdefault(fact, []).append((rule, case))
        for fact, shown in found.items():
            first, case = shown[0]
            cells = [subject.table.rules[rule].outputs[position] for rule, _ in shown]
            places = tuple(cell.place for cell in cells if cell.place is not None) or subject.rule_place(
                first
            )
            numbers = tuple(subject.number(rule) for rule, _ in shown)
            yield _finding(subject, fact, f"`{cells[0].text}` gives nothing", places, numbers, case)


def _finding(
    subject: Subject, fact: str, what: str, places: tuple[Place, ...], rules: tuple[int, ...], case: Case
) -> Finding:
    message = (
        f"`{fact}` may be missing, and {what} then: such a decision is in doubt and goes to people; if that is not "
        f"meant, write what counts instead, such as `if {fact} = null then … else …`"
    )
    return Finding(
        "null-in-doubt",
        Severity.INFO,
        message,
        subject.table.name,
        places or subject.table_place,
        rules,
        case,
    )


def _optional(subject: Subject, nodes: Iterable[object]) -> list[str]:
    """The facts among expressions that may be missing."""
    used = subject.decision.facts_of(node for node in nodes if node is not None)
    return [fact for fact in used if (possible := subject.decision.fact(fact)) is not None and possible.null]


def _with_null(subject: Subject, live: Box, fact: str) -> Box | None:
    """The box with the fact missing; None where it can't be."""
    for at, dimension in enumerate(subject.space.dimensions):
        if dimension.expression == fact:
            null = dimension.null & live[at]
            return (*live[:at], null, *live[at + 1 :]) if null else None
    return live


def _doubtful(case: Case) -> bool:
    return case.is_doubtful


def _is_doubtful(subject: Subject, text: str, case: Case) -> bool:
    """Whether an expression by itself is in doubt."""
    scope = subject.decision.scope(case.values)
    return scope is not None and subject.decision.value(text, scope)[1]


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

"""Output cells that are calculated: whether what they give can lie outside what the output may be."""

from __future__ import annotations

from collections.abc import Iterator

from referee.checks.budget import Budget
from referee.checks.case_space import Box
from referee.checks.cell_logic import Anything, CellLogic
from referee.checks.dimension import Dimension
from referee.checks.fact_search import Found, Wanted
from referee.checks.finding import Case, Finding
from referee.checks.possible import Possible, touched
from referee.checks.subject import OPEN, Subject
from referee.checks.value_line import kinds_of_type, literal_text
from referee.domain import Place, Severity
from referee.tables import CellText, OutputClause

_MOST_SHOWN = 20


def calculated_outputs(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Each calculated output that can give what the output may not be, with a case; and those of which it isn't known.

    Raises ``OutOfBudget``.
    """
    shown = 0
    for position, clause in enumerate(subject.table.outputs):
        unknown: list[int] = []
        for rule, written in enumerate(subject.table.rules):
            cell, live = written.outputs[position], subject.boxes[rule].live
            if live is None or subject.output(cell)[0] is not OPEN or shown == _MOST_SHOWN:
                continue
            budget.spend(1000)
            found = _outside(subject, rule, cell, clause, live, budget)
            if found.shown is not None:
                shown += 1
                yield _finding(subject, rule, cell, clause, found.shown)
            elif not found.is_impossible:
                unknown.append(rule)
        if unknown:
            yield _outside_proof(subject, position, clause, unknown)
        if clause.default is not None and subject.output(clause.default)[0] is OPEN:
            yield from _default(subject, clause, clause.default)


def _outside(
    subject: Subject, rule: int, cell: CellText, clause: OutputClause, live: Box, budget: Budget
) -> Found[Case]:
    """A case in which the rule gives what the output may not be."""
    possible = subject.decision.possible(cell.text, subject.known_in(live))
    refused = _refused(subject, clause, possible, cell.text)
    if refused is None:
        return Found(None, is_impossible=_may_be_anything(clause))
    if not refused.regions:
        return Found(None, is_impossible=True)
    number = subject.number(rule)
    return subject.shown(
        live, budget, lambda case: number in case.fired and case.is_doubtful, wanted=[refused]
    )


def _refused(subject: Subject, clause: OutputClause, possible: Possible, text: str) -> Wanted | None:
    """The values that the output may not be, of those that are possible; None where that can't be told."""
    logic: CellLogic | None = Anything()
    if clause.allowed_values is not None and not clause.allowed_values.is_irrelevant:
        logic = subject.space.logic(clause.allowed_values)
    if logic is None or possible.is_any or possible.items:
        return None
    dimension = Dimension(text, "", [logic], may_be_null=possible.null, within=possible.parts)
    if dimension.is_opaque:
        return None
    answers = dimension.answers(logic)
    assert answers is not None, "only an opaque input has no answers"
    allowed = answers[0]
    if isinstance(logic, Anything):
        types = {kind.type for kind in kinds_of_type(clause.type)}
        if "date and time" in types:
            types.add("date")  # FEEL takes a date for its midnight
        for at, region in enumerate(dimension.regions):
            if types and region.kind is not None and region.kind.type not in {*types, "Null"}:
                allowed &= ~(1 << at)
    return Wanted(text, dimension, touched(dimension, possible) & ~allowed)


def _may_be_anything(clause: OutputClause) -> bool:
    return not kinds_of_type(clause.type) and (
        clause.allowed_values is None or clause.allowed_values.is_irrelevant
    )


def _finding(subject: Subject, rule: int, cell: CellText, clause: OutputClause, case: Case) -> Finding:
    given, _ = subject.decision.value(cell.text, subject.decision.scope(case.facts or {}) or {})
    what = f"`{cell.text}` can give {literal_text(given)}, which"
    if clause.allowed_values is not None and not clause.allowed_values.is_irrelevant:
        message = (
            f"{what} is not one of the allowed values of {_name(clause)}: {clause.allowed_values.text.strip()}; "
            "correct the cell, or add the value"
        )
        code = "output-not-allowed"
    else:
        message = f"{what} doesn't fit {_name(clause)}; write an expression that gives a {clause.type}"
        code = "output-type"
    number = subject.number(rule)
    places = _places(subject, [rule], clause)
    return Finding(code, Severity.ERROR, message, subject.table.name, places, (number,), case)


def _outside_proof(subject: Subject, position: int, clause: OutputClause, rules: list[int]) -> Finding:
    cells = [subject.table.rules[rule].outputs[position].text for rule in rules]
    what = f"`{cells[0]}`" + (f" and {len(cells) - 1} more cells" if len(cells) > 1 else "")
    message = (
        f"what {what} can give is outside the proof: make sure that it is always one of the values that "
        f"{_name(clause)} may have"
    )
    numbers = tuple(subject.number(rule) for rule in rules)
    places = _places(subject, rules, clause)
    return Finding("outside-proof", Severity.INFO, message, subject.table.name, places, numbers)


def _default(subject: Subject, clause: OutputClause, cell: CellText) -> Iterator[Finding]:
    possible = subject.decision.possible(cell.text, subject.decision.facts_known)
    refused = _refused(subject, clause, possible, cell.text)
    if (refused is None and not _may_be_anything(clause)) or (refused is not None and refused.regions):
        message = (
            f"what the default `{cell.text}` can give is outside the proof: make sure that it is always one of the "
            f"values that {_name(clause)} may have"
        )
        places = (cell.place,) if cell.place is not None else subject.table_place
        yield Finding("outside-proof", Severity.INFO, message, subject.table.name, places)


def _name(clause: OutputClause) -> str:
    return f"the output `{clause.name}`" if clause.name else "the output"


def _places(subject: Subject, rules: list[int], clause: OutputClause) -> tuple[Place, ...]:
    position = subject.table.outputs.index(clause)
    found = []
    for rule in rules:
        place = subject.table.rules[rule].outputs[position].place
        found += [place] if place is not None else list(subject.rule_place(rule))
    return tuple(found)

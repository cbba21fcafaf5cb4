"""Single cells and columns against what may stand there: types, allowed values, values that nothing mentions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from referee.checks.cell_logic import (
    AllOf,
    AnyOf,
    Anything,
    CellLogic,
    Compared,
    Not,
    listed_values,
    values_of,
)
from referee.checks.finding import Finding
from referee.checks.region_set import members
from referee.checks.subject import OPEN, Subject
from referee.checks.value_line import kinds_of_type, literal_text, type_name
from referee.domain import Place, Severity
from referee.feel import UnaryTests, compile_unary_tests
from referee.feel.fault import Fault
from referee.feel.values import equal
from referee.tables import CellText, OutputClause
from referee.tables.value_type import Conversion, feel_conversion

_MOST_PLACES = 50


def cells_and_columns(subject: Subject) -> Iterator[Finding]:
    """Everything that can be told without comparing rules."""
    yield from _input_cells(subject)
    yield from _values_never_tested(subject)
    for position, clause in enumerate(subject.table.outputs):
        yield from _output_cells(subject, position, clause)


def _input_cells(subject: Subject) -> Iterator[Finding]:
    """Literals of another type than the input's, and values that are not among its allowed ones."""
    for column, clause in enumerate(subject.table.inputs):
        dimension = subject.space.dimensions[subject.space.dimension_of(clause)]
        wanted = kinds_of_type(dimension.type)
        if not wanted:
            continue
        for text, rules in _by_text(subject, column).items():
            logic = subject.space.logic(CellText(text))
            if logic is None:
                continue
            expression = dimension.expression
            foreign = [
                value
                for value in values_of(logic)
                if value is not None and type_name(value) != wanted[0].type
            ]
            answers = dimension.answers(logic)
            if foreign:
                message = (
                    f"`{text}` compares with a {type_name(foreign[0])}, but `{expression}` is a {dimension.type}; "
                    f"write a {dimension.type}"
                )
                yield _of_cells(subject, "cell-type", Severity.ERROR, message, column, rules)
            elif answers is not None and answers[0]:
                strange = [value for value in _equals(logic) if dimension.region_of(value) is None]
                if strange and strange[0] is None:
                    message = f"`{text}` asks for null, but `{expression}` is never null; leave it out"
                    yield _of_cells(subject, "never-null", Severity.INFO, message, column, rules)
                elif strange:
                    message = (
                        f"`{text}` names {literal_text(strange[0])}, which `{expression}` can never be; correct it, or "
                        "add it to the allowed values"
                    )
                    yield _of_cells(subject, "value-not-allowed", Severity.WARNING, message, column, rules)


def _values_never_tested(subject: Subject) -> Iterator[Finding]:
    """Allowed values that no cell mentions, in columns where cells mention others."""
    for at, dimension in enumerate(subject.space.dimensions):
        if not dimension.is_listed:
            continue
        tested = 0
        logics = []
        for column in subject.columns_of(at):
            logics += [subject.space.logic(CellText(text)) for text in _by_text(subject, column)]
        if any(logic is None for logic in logics):
            continue
        for logic in logics:
            if logic is not None and not isinstance(logic, (Anything, Not)):
                answers = dimension.answers(logic)
                tested |= answers[0] if answers is not None else 0
        missing = dimension.full & ~dimension.null & ~tested
        # where fewer values are mentioned than not, the column is there for exceptions
        if missing.bit_count() < (tested & ~dimension.null).bit_count() and missing:
            values = ", ".join(literal_text(dimension.regions[region].low) for region in members(missing))
            is_taken = any(box.live is not None and box.live[at] & missing for box in subject.boxes)
            decides = (
                "only rules that take any other value decide there" if is_taken else "no rule decides there"
            )
            message = (
                f"no cell of `{dimension.expression}` mentions {values}, though allowed: {decides}; make sure that "
                "this is meant"
            )
            place = subject.table.inputs[subject.columns_of(at)[0]].place
            places = (place,) if place is not None else subject.table_place
            yield Finding("value-never-tested", Severity.INFO, message, subject.table.name, places)


def _output_cells(subject: Subject, position: int, clause: OutputClause) -> Iterator[Finding]:
    convert: Conversion | None
    try:
        convert = feel_conversion(clause.type)
    except Fault:
        convert = None  # a type of the model itself, which compiling knows and this does not
    allowed: UnaryTests | None = None
    if clause.allowed_values is not None and not clause.allowed_values.is_irrelevant:
        allowed = compile_unary_tests(clause.allowed_values.text, subject.names)
    name = f"the output `{clause.name}`" if clause.name else "the output"
    given: list[Any] = []
    for rule, written in enumerate(subject.table.rules):
        cell = written.outputs[position]
        value, _ = subject.output(cell)
        given.append(value)
        if value is OPEN:
            continue
        place = (cell.place,) if cell.place is not None else subject.rule_place(rule)
        shown = f"`{cell.text}`" if not cell.is_blank else "a blank cell"
        try:
            value = convert(value) if convert is not None and value is not None else value
        except Fault as fault:
            message = f"{shown} doesn't fit {name}: {fault.message}; write a {clause.type}"
            yield _of_rule(subject, "output-type", Severity.ERROR, message, place, rule)
            continue
        if allowed is not None and allowed(value, {}, []) is not True:
            message = f"{shown} is not one of the allowed values of {name}: {allowed.text.strip()}"
            if subject.table.hit_policy.needs_priorities:
                message += ", so it has no priority"
            message += "; correct the cell, or add the value"
            yield _of_rule(subject, "output-not-allowed", Severity.ERROR, message, place, rule)
    if clause.default is not None and not clause.default.is_blank:
        given.append(subject.output(clause.default)[0])
    yield from _outputs_never_given(subject, clause, name, given)


def _outputs_never_given(
    subject: Subject, clause: OutputClause, name: str, given: list[Any]
) -> Iterator[Finding]:
    logic = subject.space.logic(clause.allowed_values) if clause.allowed_values is not None else None
    if logic is None or any(value is OPEN for value in given):
        return
    never = [value for value in listed_values(logic) if not any(equal(value, each) for each in given)]
    if never:
        message = f"no rule gives {', '.join(map(literal_text, never))}, though allowed for {name}"
        places = (clause.place,) if clause.place is not None else subject.table_place
        yield Finding("output-never-given", Severity.INFO, message, subject.table.name, places)


def _by_text(subject: Subject, column: int) -> dict[str, list[int]]:
    """The rules of each distinct cell that tests something."""
    found: dict[str, list[int]] = {}
    for rule, written in enumerate(subject.table.rules):
        cell = written.inputs[column]
        if not cell.is_irrelevant:
            found.setdefault(cell.text, []).append(rule)
    return found


def _equals(logic: CellLogic) -> Iterator[Any]:
    """The values a cell compares with for being equal or not."""
    if isinstance(logic, Compared) and logic.operator in ("=", "!="):
        yield logic.value
    elif isinstance(logic, Not):
        yield from _equals(logic.part)
    elif isinstance(logic, (AnyOf, AllOf)):
        for part in logic.parts:
            yield from _equals(part)


def _of_cells(
    subject: Subject, code: str, severity: Severity, message: str, column: int, rules: list[int]
) -> Finding:
    places = [place for rule in rules[:_MOST_PLACES] for place in subject.cell_place(rule, column)]
    numbers = tuple(subject.number(rule) for rule in rules)
    return Finding(code, severity, message, subject.table.name, tuple(places), numbers)


def _of_rule(
    subject: Subject, code: str, severity: Severity, message: str, places: tuple[Place, ...], rule: int
) -> Finding:
    return Finding(code, severity, message, subject.table.name, places, (subject.number(rule),))

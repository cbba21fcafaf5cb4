"""What a change of rules means: the cases that two versions of a decision decide differently."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any

from referee.checks.admission import Gates, admitted_otherwise, around_admitted, gates_of, is_refused
from referee.checks.both_versions import set_apart
from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, CaseSpace, InputValues, common
from referee.checks.decision_logic import Answer, Cut, DecisionLogic
from referee.checks.dimension import Dimension
from referee.checks.finding import Case
from referee.checks.merging import merged
from referee.checks.shown_differences import ShownDifferences
from referee.checks.subject import OPEN, as_facts, paths_of, results_of
from referee.feel import Names
from referee.tables import CellText, DecisionTable


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a decision: its tables, what their inputs may hold, and the table that decides.

    ``facts`` are what a case may bring: any other value, or none where it may not be null, is doubt before a table is
    asked. Inputs that are no such facts are not looked at beforehand. ``scores`` are the nodes that may give no value
    at all; to ask one then is doubt. ``queue`` takes the place of a blank output ``queue`` where the route is
    ``human``.
    """

    tables: Sequence[DecisionTable]
    inputs: Mapping[str, InputValues]
    table: str
    facts: Mapping[str, InputValues] = field(default_factory=lambda: MappingProxyType({}))
    scores: Sequence[str] = ()
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Cases that are decided differently: ``where`` says which, by input expression as unary tests; ``case`` is one.

    ``old`` and ``new`` are what was and what is decided.
    """

    where: Mapping[str, str]
    old: Answer
    new: Answer
    case: Case


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences where ``is_complete``, else those found in time. ``open`` are cases that hang on expressions.

    ``unshown`` are decided differently if they occur: no facts were found that bring them, nor was it shown that none
    do. ``doubtable`` are calculated inputs that some facts may leave in doubt in one version only: such cases were
    searched for, and not all compared. ``left`` says where all cases lie that were not compared, by input expression as
    unary tests.
    """

    found: tuple[Difference, ...]
    open: tuple[Difference, ...]
    is_complete: bool
    unshown: tuple[Difference, ...] = ()
    doubtable: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_OPEN = ("open",)
_MOST_OF_A_SLICE = 500
"""Where so many boxes of cases are taken by one version only for one fact, they are told by that fact alone."""
_MOST_CHANGED = 20
_MOST_TRIED = 20


def differences(
    old: Version, new: Version, *, names: Iterable[str] = (), budget: Budget | None = None
) -> Differences:
    """The exact regions of cases whose outputs differ between two versions, merged into few boxes.

    Tables that need each other are followed down to the inputs that are no tables. Where an input is calculated, each
    region has facts that bring it, which both versions decide differently; one that no facts bring is left out.

    Where what a fact may be changed so that hundreds of boxes are taken by one version only, its values that are
    refused now, or then, are told by themselves, with a case of each kind of answer met; cases among them that both
    versions leave to people are not set apart.

    Cases that are in doubt in both versions count as decided alike, whatever ``queue`` they go to. Not compared, so
    that whoever calls must say so: facts of another type, values that are none of a fact's type, allowed values that
    aren't ``is_literal``, and outputs ``route`` and ``queue`` that are expressions, where ``queue`` is another one.
    """
    budget = budget or Budget()
    known = frozenset(names) or frozenset(
        name.partition(".")[0].strip() for name in (*old.inputs, *new.inputs)
    )
    old_tables, old_inputs, apart = set_apart(old.tables, new.tables, old.inputs, Names(known))
    old = replace(old, tables=old_tables, inputs=old_inputs)
    admits = admitted_otherwise(old.facts, new.facts)
    inputs = _either(old.inputs, new.inputs) | {
        name: InputValues(_type_of(name, old, new), "", may_be_null=True) for name in admits
    }
    tables = [*old.tables, *new.tables]
    space = CaseSpace(
        tables,
        inputs,
        known,
        results_of(tables, known),
        admits,
        list(dict.fromkeys((*old.scores, *new.scores))),
    )
    before = DecisionLogic(old.tables, inputs, known, space)
    after = DecisionLogic(new.tables, inputs, known, space)
    gates = [gates_of(space, admits, version.facts) for version in (old, new)]
    is_other_queue = old.queue != new.queue
    pairs: dict[Hashable, list[Box]] = {}
    answers: dict[Hashable, tuple[Answer, Answer]] = {}
    stack = _by_presence(
        space, before.needs.free_dimensions(old.table) | after.needs.free_dimensions(new.table)
    )
    slices: dict[_Slice, int] = {}
    kinds: dict[Hashable, _Slice] = {}
    shown: dict[_Slice, set[Hashable]] = {}
    not_compared: list[Box] = []
    while stack:
        box = stack.pop()
        try:
            budget.spend(500)
        except OutOfBudget:
            not_compared = [box, *stack]
            break
        refused = [is_refused(each, box) for each in gates]
        if all(each is True for each in refused):
            continue
        gate = next((each for each in refused if isinstance(each, Cut)), None)
        if gate is not None:
            stack += _halves(box, gate)
            continue
        slice_of = _slice(gates, refused, box)
        if slice_of is not None and slices.get(slice_of, 0) > _MOST_OF_A_SLICE and not _is_point(box):
            logic, version = (after, new) if refused[0] else (before, old)
            stack += _points_of_outputs(logic, version.table, box, shown.setdefault(slice_of, set()))
            continue
        if slice_of is None:
            is_same = before.signature(old.table, box) == after.signature(new.table, box)
            if is_same and not (is_other_queue and _may_take_queue(before, old, box)):
                continue
            towards = _cut_towards_changes(before, after, old.table, new.table, box)
            if towards is not None:
                stack += _halves(box, towards)
                continue
        answer = _REFUSED if refused[0] else before.answer(old.table, box)
        other = (
            answer if isinstance(answer, Cut) else _REFUSED if refused[1] else after.answer(new.table, box)
        )
        if isinstance(answer, Cut) or isinstance(other, Cut):
            stack += _halves(box, answer if isinstance(answer, Cut) else other)  # type: ignore[arg-type]
            continue
        if is_other_queue:
            answer, other = _with_queue(before, old, answer), _with_queue(after, new, other)
        is_open = answer.is_open or other.is_open
        if not is_open and answer.outcome == other.outcome:
            # the same expression gives something else where a result it uses changed
            is_open = not all(_gives_the_same(before, after, name, box) for name in answer.needs)
        if not is_open and answer.is_same(other):
            continue
        # what hangs on expressions is told together, whatever would be decided
        key: Hashable = (_done(answer), _done(other)) if not is_open else _OPEN
        if slice_of is not None and not is_open:
            key = key, slice_of
            kinds[key] = slice_of
            slices[slice_of] = slices.get(slice_of, 0) + 1
        pairs.setdefault(key, []).append(box)
        answers.setdefault(key, (answer, other))
    free = sorted(
        {
            *before.needs.free_dimensions(old.table),
            *after.needs.free_dimensions(new.table),
            *map(space.position, admits),
        }
    )
    paths = paths_of((space.dimensions[at].expression for at in free), Names(known))
    shows = ShownDifferences(
        space,
        inputs,
        known,
        (old.table, new.table),
        (old.tables, new.tables),
        (
            before.needs.free_dimensions(old.table) | set(map(space.position, admits)),
            after.needs.free_dimensions(new.table) | set(map(space.position, admits)),
        ),
    )
    found: list[Difference] = []
    left_open: list[Difference] = []
    unshown: list[Difference] = []
    told_boxes: list[Box] = []
    few = {kind: each[1:] for kind, each in kinds.items() if slices[each] > _MOST_OF_A_SLICE}
    for kind, boxes in pairs.items():
        are_refused = answers[kind][0] is _REFUSED, answers[kind][1] is _REFUSED
        for box in [boxes[0]] if kind in few else merged(boxes):
            told = _difference(space, box, free, *answers[kind], paths)
            told_boxes.append(box)
            told = replace(told, where=_with_calls(told.where, apart))
            is_shown = True
            if shows.calculated:
                for each in boxes[:_MOST_TRIED] if kind in few else [box]:
                    case = shows.case(each, are_refused, budget, is_sure=is_other_queue)
                    if case.shown is not None:
                        break
                if case.shown is None and case.is_impossible and kind not in few:
                    continue
                is_shown = case.shown is not None
                told = replace(told, case=case.shown or replace(told.case, facts=None))
            if kind in few:
                at, regions = few[kind]
                told = replace(
                    told, where={space.dimensions[at].expression: space.dimensions[at].cell_text(regions)}
                )
            (left_open if kind is _OPEN else found if is_shown else unshown).append(told)
    both_admit = {
        at: reduce(and_, (dict(each).get(at, ~0) for each in gates)) for each in gates for at in dict(each)
    }
    in_doubt = [
        Difference(where, _SHOWN, _SHOWN, case)
        for where, case in shows.in_doubt(told_boxes, both_admit, budget)
    ]
    found += in_doubt
    left = _where(space, around_admitted(not_compared, gates), free) if not_compared else {}
    left = _with_calls(left, apart)
    asked = shows.doubtable(all_of_them=bool(in_doubt))
    return Differences(
        tuple(found),
        tuple(left_open),
        not not_compared,
        tuple(unshown),
        tuple(dict.fromkeys(apart.get(text, text) for text in asked)),
        left,
    )


_Slice = tuple[int, int, int]
"""The version that refuses, by its place; the dimension for which it does, and the regions that only it refuses."""


def _slice(gates: Sequence[Gates], refused: Sequence[bool | Cut], box: Box) -> _Slice | None:
    """Which change of what a fact may be lets only one version take the cases of a box; None where none does."""
    if not any(refused):
        return None
    version = 0 if refused[0] else 1
    at, admitted = next((at, admitted) for at, admitted in gates[version] if not box[at] & admitted)
    other = dict(gates[1 - version]).get(at, ~0)
    return version, at, other & ~admitted


def _is_point(box: Box) -> bool:
    return all(not regions & (regions - 1) for regions in box)


def _points_of_outputs(logic: DecisionLogic, table: str, box: Box, shown: set[Hashable]) -> Iterator[Box]:
    """A point of the box for each output of its rules that isn't shown yet, where such a rule may be true."""
    subject = logic.subjects[table]
    for rule in logic.alive(table, box).values():
        live = subject.boxes[rule].live
        inside = None if live is None else common(live, box)
        if inside is not None and subject.output_keys[rule] not in shown:
            shown.add(subject.output_keys[rule])
            yield tuple(regions & -regions for regions in inside)


def _done(answer: Answer) -> Hashable:
    """What the engine does with an answer: one that is in doubt goes to people, whatever it is."""
    return None if answer.is_doubtful else (answer.outcome,)


def _cut_towards_changes(
    before: DecisionLogic, after: DecisionLogic, old: str, new: str, box: Box
) -> Cut | None:
    """A cut that frees a part of the box from rules that only one version has there: much is alike around them."""
    one, other = before.alive(old, box), after.alive(new, box)
    gone = [rule for key, rule in one.items() if key not in other]
    come = [rule for key, rule in other.items() if key not in one]
    if len(gone) + len(come) > _MOST_CHANGED:
        return None
    return before.cut_towards(old, gone, box) or after.cut_towards(new, come, box)


def _with_calls(where: Mapping[str, str], apart: Mapping[str, str]) -> dict[str, str]:
    """Cells by what their inputs are called; those that both versions write alike but mean otherwise are told apart."""
    return {f"{apart[text]} (before)" if text in apart else text: cell for text, cell in where.items()}


def _gives_the_same(before: DecisionLogic, after: DecisionLogic, table: str, box: Box) -> bool:
    """Whether a table or score that both versions have is known to give the same in a box."""
    if table in before.space.presence:
        return True
    if table not in after.subjects or table not in before.subjects:
        return False
    if before.signature(table, box) == after.signature(table, box):
        return True
    one, other = before.answer(table, box), after.answer(table, box)
    if isinstance(one, Cut) or isinstance(other, Cut) or one.is_open or other.is_open:
        return False
    return one.is_same(other) and not one.needs


def is_literal(allowed_values: str) -> bool:
    """Whether allowed values are plain literals and ranges of them, so that versions of them can be compared."""
    return CaseSpace([], {}).logic(CellText(allowed_values)) is not None


def a_value(values: InputValues) -> Any:
    """Some value that an input may hold; null if none is allowed."""
    space = CaseSpace([], {})
    logic = space.logic(CellText(values.allowed_values))
    dimension = Dimension("", values.type, [], [] if logic is None else [logic])
    return dimension.sample(dimension.full) if dimension.size else None


def _type_of(name: str, old: Version, new: Version) -> str:
    return (new.facts.get(name) or old.facts[name]).type


_SHOWN = Answer(("shown by its case",), None, (), is_doubtful=True, is_open=False, meets_doubt=True)
_REFUSED = Answer(("refused",), None, (), is_doubtful=True, is_open=False, meets_doubt=True)


def _by_presence(space: CaseSpace, used: set[int]) -> list[Box]:
    """All cases, apart from each other by the scores that there are."""
    boxes = [space.full] if all(space.full) else []
    for at in sorted(used & set(space.presence.values())):
        null = space.dimensions[at].null
        boxes = [
            (*box[:at], regions, *box[at + 1 :])
            for box in boxes
            for regions in (space.full[at] & ~null, null)
        ]
    return boxes


def _may_take_queue(logic: DecisionLogic, version: Version, box: Box) -> bool:
    """Whether the deciding table may leave the queue blank for a case of a box."""
    subject = logic.subjects[version.table]
    at = _output(version, "queue")
    if at is None or any(clause.default is not None for clause in subject.table.outputs):
        return True
    return any(
        _is_no_queue(subject.output_values(rule)[at]) for rule in logic.alive(version.table, box).values()
    )


def _with_queue(logic: DecisionLogic, version: Version, answer: Answer) -> Answer:
    """The answer with the queue that a case really goes to."""
    route, queue = _output(version, "route"), _output(version, "queue")
    if answer.is_doubtful or answer.values is None or route is None or answer.values[route] != "human":
        return answer
    if queue is not None and not _is_no_queue(answer.values[queue]):
        return answer
    return replace(answer, outcome=(answer.outcome, "queue", version.queue))


def _output(version: Version, name: str) -> int | None:
    table = next(table for table in version.tables if table.name == version.table)
    return next((at for at, clause in enumerate(table.outputs) if clause.name == name), None)


def _is_no_queue(value: Any) -> bool:
    return value is not OPEN and not (isinstance(value, str) and value.strip())


def _halves(box: Box, cut: Cut) -> list[Box]:
    at = cut.dimension
    return [
        (*box[:at], regions, *box[at + 1 :]) for regions in (box[at] & ~cut.regions, box[at] & cut.regions)
    ]


def _where(space: CaseSpace, box: Box, free: Sequence[int]) -> dict[str, str]:
    """A box as unary tests by input expression; inputs that may be anything are left out."""
    return {
        space.dimensions[at].expression: space.dimensions[at].cell_text(box[at])
        for at in free
        if box[at] != space.full[at]
    }


def _difference(
    space: CaseSpace,
    box: Box,
    free: Sequence[int],
    old: Answer,
    new: Answer,
    paths: Mapping[str, str],
) -> Difference:
    where = _where(space, box, free)
    for node, at in space.presence.items():
        if box[at] & space.dimensions[at].null:
            continue
        if any(node in space.nodes_of(expression) for expression in where if expression != node):
            where.pop(node, None)  # a score that is spoken of is there
    lacking = {node for node, at in space.presence.items() if box[at] == space.dimensions[at].null}
    values: dict[str, Any] = {
        space.dimensions[at].expression: space.dimensions[at].sample(box[at])
        for at in free
        if at not in space.presence.values() and not space.nodes_of(space.dimensions[at].expression) & lacking
    }
    values |= dict.fromkeys(sorted(lacking & {space.dimensions[at].expression for at in free}))
    facts, is_whole = as_facts(values, paths)
    return Difference(where, old, new, Case(values, "", facts if is_whole else None))


def _either(old: Mapping[str, InputValues], new: Mapping[str, InputValues]) -> dict[str, InputValues]:
    """What inputs may hold in either version; where they declare different values, all of the type."""
    found = dict(old)
    for name, values in new.items():
        known = found.setdefault(name, values)
        if known != values:
            found[name] = InputValues(
                values.type if values.type == known.type else "",
                _either_allowed(values.allowed_values, known.allowed_values),
                values.may_be_null or known.may_be_null,
            )
    return found


def _either_allowed(one: str, other: str) -> str:
    """Unary tests that are true where either is; every value where that can't be written."""
    if one == other or not one or not other:
        return one if one == other else ""
    if any(text.lstrip().startswith("not") or text.strip() == "-" for text in (one, other)):
        return ""
    return f"{one}, {other}"

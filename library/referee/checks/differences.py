"""What a change of rules means: the cases that two versions of a decision decide differently."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.decision_logic import Answer, Cut, DecisionLogic, results_of
from referee.checks.dimension import Dimension
from referee.checks.finding import Case
from referee.checks.subject import as_facts, paths_of
from referee.feel import Names
from referee.tables import CellText, DecisionTable


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a decision: its tables, what their inputs may hold, and the table that decides."""

    tables: Sequence[DecisionTable]
    inputs: Mapping[str, InputValues]
    table: str


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
    """All differences where ``is_complete``, else those found in time. ``open`` are cases that hang on expressions."""

    found: tuple[Difference, ...]
    open: tuple[Difference, ...]
    is_complete: bool

    @property
    def are_none(self) -> bool:
        """Whether it is proved that every case is decided as before."""
        return self.is_complete and not self.found and not self.open


_OPEN = ("open",)
_MOST_CHANGED = 20


def differences(
    old: Version, new: Version, *, names: Iterable[str] = (), budget: Budget | None = None
) -> Differences:
    """The exact regions of cases whose outputs differ between two versions, merged into few boxes.

    Tables that need each other are followed down to the inputs that are no tables. An input that is computed counts as
    independent of all others, so a difference that hangs on one may never happen; its ``case.facts`` are None.
    """
    budget = budget or Budget()
    known = frozenset(names) or frozenset(
        name.partition(".")[0].strip() for name in (*old.inputs, *new.inputs)
    )
    inputs = _either(old.inputs, new.inputs)
    tables = [*old.tables, *new.tables]
    space = CaseSpace(tables, inputs, known, results_of(tables, known))
    before = DecisionLogic(old.tables, inputs, known, space)
    after = DecisionLogic(new.tables, inputs, known, space)
    pairs: dict[Hashable, list[Box]] = {}
    answers: dict[Hashable, tuple[Answer, Answer]] = {}
    stack = [space.full] if all(space.full) else []
    is_complete = True
    while stack:
        box = stack.pop()
        try:
            budget.spend(500)
        except OutOfBudget:
            is_complete = False
            break
        if before.signature(old.table, box) == after.signature(new.table, box):
            continue
        towards = _cut_towards_changes(before, after, old.table, new.table, box)
        if towards is not None:
            stack += _halves(box, towards)
            continue
        answer = before.answer(old.table, box)
        other = after.answer(new.table, box) if isinstance(answer, Answer) else answer
        if isinstance(answer, Cut) or isinstance(other, Cut):
            stack += _halves(box, answer if isinstance(answer, Cut) else other)  # type: ignore[arg-type]
            continue
        is_open = answer.is_open or other.is_open
        if not is_open and answer.outcome == other.outcome:
            # the same expression gives something else where a result it uses changed
            is_open = not all(_gives_the_same(before, after, name, box) for name in answer.needs)
        if not is_open and answer.is_same(other):
            continue
        # what hangs on expressions is told together, whatever would be decided
        key: Hashable = (
            (answer.outcome, answer.is_doubtful, other.outcome, other.is_doubtful) if not is_open else _OPEN
        )
        pairs.setdefault(key, []).append(box)
        answers.setdefault(key, (answer, other))
    free = sorted(before.free_dimensions(old.table) | after.free_dimensions(new.table))
    paths = paths_of((space.dimensions[at].expression for at in free), Names(known))
    found: list[Difference] = []
    left_open: list[Difference] = []
    for kind, boxes in pairs.items():
        for box in merged(boxes):
            (left_open if kind is _OPEN else found).append(
                _difference(space, box, free, *answers[kind], paths)
            )
    return Differences(tuple(found), tuple(left_open), is_complete)


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


def _gives_the_same(before: DecisionLogic, after: DecisionLogic, table: str, box: Box) -> bool:
    """Whether a table that both versions have is known to give the same in a box."""
    if table not in after.subjects:
        return False
    if before.signature(table, box) == after.signature(table, box):
        return True
    one, other = before.answer(table, box), after.answer(table, box)
    if isinstance(one, Cut) or isinstance(other, Cut) or one.is_open or other.is_open:
        return False
    return one.is_same(other) and not one.needs


def a_value(values: InputValues) -> Any:
    """Some value that an input may hold; null if none is allowed."""
    space = CaseSpace([], {})
    logic = space.logic(CellText(values.allowed_values))
    dimension = Dimension("", values.type, [], [] if logic is None else [logic])
    return dimension.sample(dimension.full) if dimension.size else None


def merged(boxes: Sequence[Box]) -> list[Box]:
    """The same cases in fewer boxes: those that differ in one dimension only become one, until none do."""
    held = list(boxes)
    width = len(held[0]) if held else 0
    while True:
        count = len(held)
        for at in range(width):
            groups: dict[Box, int] = {}
            for box in held:
                others = (*box[:at], 0, *box[at + 1 :])
                groups[others] = groups.get(others, 0) | box[at]
            held = [(*others[:at], regions, *others[at + 1 :]) for others, regions in groups.items()]
        if len(held) == count:
            return held


def _halves(box: Box, cut: Cut) -> list[Box]:
    at = cut.dimension
    return [
        (*box[:at], regions, *box[at + 1 :]) for regions in (box[at] & ~cut.regions, box[at] & cut.regions)
    ]


def _difference(
    space: CaseSpace,
    box: Box,
    free: Sequence[int],
    old: Answer,
    new: Answer,
    paths: Mapping[str, tuple[str, ...]],
) -> Difference:
    where = {
        space.dimensions[at].expression: space.dimensions[at].cell_text(box[at])
        for at in free
        if box[at] != space.full[at]
    }
    values: dict[str, Any] = {
        space.dimensions[at].expression: space.dimensions[at].sample(box[at]) for at in free
    }
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

"""The smallest changes of a case that would change its route: each one is decided before it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

from referee.domain import Decision, Route
from referee.engine.example_case import Example, same_value
from referee.engine.requirements import requirements
from referee.engine.tested_values import Source, neighbours, scope_names, source_name, sources, unit
from referee.engine.trial import Trial
from referee.feel import UnaryTests, compile_expression, compile_unary_tests
from referee.feel.fault import Fault
from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, YearsMonthsDuration, to_feel
from referee.feel.values.operators import add, subtract
from referee.feel.values.ordering import compare

PER_ROUTE = 3
"""Changes told for each route."""

PAIRS_DECIDED = 1500
"""Cases decided in search of two facts that together change the route."""

PAIR_VALUES = 8
"""Values of a fact that are tried together with those of another."""

_PARTS = tuple(map(Decimal, ("0", "0.25", "0.5", "0.75", "0.9", "1.1", "1.25", "1.5", "2", "4")))
_ROUND_ABOUT = tuple(map(Decimal, ("-100", "-10", "-1", "-0.1", "0.1", "1", "10", "100")))
_SOME_DAYS = (1, 7, 30, 90, 365)
_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Change:
    """One fact or part of a score with another value. ``distance`` goes from 0, the same, to 1, wholly another."""

    name: str
    is_score: bool
    before: Any
    after: Any
    distance: float


@dataclass(frozen=True, slots=True)
class RouteChange:
    """Changes that together give another route, and the decision they give."""

    changes: tuple[Change, ...]
    decision: Decision

    @property
    def distance(self) -> float:
        return sum(change.distance for change in self.changes)


@dataclass(frozen=True, slots=True)
class NearestChanges:
    """What was found, nearest first for each route. ``decided`` counts the cases decided on the way.

    ``all_pairs`` is False where changes of two facts were looked for and not all could be tried.
    """

    found: tuple[RouteChange, ...]
    decided: int
    all_pairs: bool


def nearest_changes(trial: Trial, example: Example, decision: Decision) -> NearestChanges:
    """The nearest changes of ``example``, about which ``decision`` was made, that give another route.

    One fact at a time, over the limits and allowed values that cells name; the limits of models and of expressions are
    closed in on by halves. Then two at a time, for routes that no single fact gives. A changed case that would be in
    doubt doesn't count, and the case id never changes. Scores are changed alone: so far is the model from a limit.
    """
    return _Search(trial, example, decision).nearest()


class _Search:
    def __init__(self, trial: Trial, example: Example, decision: Decision) -> None:
        self._trial = trial
        self._route = decision.route
        self._example = self._with_scores(example, decision)
        self._decided = 0
        checked, _ = trial.workbook.dictionary.check(example.facts)
        used, opaque = _used(trial)
        self._cells = _literal_cells(trial)
        case_id = trial.workbook.settings.case_id
        known = sources(trial.workbook)
        self._facts = [known[name] for name in checked if name in used and name != case_id]
        self._scores = [
            source for source in known.values() if source.node and self._example.value(source) is not None
        ]
        self._opaque = opaque
        self._given = example.facts
        self._before = {**checked, **{source.name: self._example.value(source) for source in self._scores}}

    @staticmethod
    def _with_scores(example: Example, decision: Decision) -> Example:
        """The case with what its models said, so that a part of that can be changed."""
        said = {
            trace.name: trace.value
            for trace in decision.trace
            if isinstance(trace.value, Mapping) and "probabilities" in trace.value
        }
        return Example(example.facts, {**said, **example.scores})

    def nearest(self) -> NearestChanges:
        found = [change for source in (*self._facts, *self._scores) for change in self._alone(source)]
        reached = {change.decision.route for change in found if not change.changes[0].is_score}
        missing = {route for route in self._possible_routes() if route not in reached}
        all_pairs = True
        if missing:
            pairs, all_pairs = self._together(missing)
            found += pairs
        return NearestChanges(tuple(_nearest_of_each(found)), self._decided, all_pairs)

    # --- one at a time

    def _alone(self, source: Source) -> Iterator[RouteChange]:
        """The nearest change of one source for each route, on either side of its value."""
        told: set[tuple[Route, bool]] = set()
        last_same: dict[bool, Any] = {}
        for value in self._by_distance(source, self._candidates(source)):
            upwards = _is_above(value, self._before[source.name])
            decision = self._decide(((source, value),))
            if decision is None:
                continue
            if decision.route == self._route:
                last_same[upwards] = value
                continue
            if (decision.route, upwards) in told:
                continue
            told.add((decision.route, upwards))
            start = last_same.get(upwards, self._before[source.name])
            value, decision = self._closed_in(source, start, value, decision)
            yield self._change(((source, value),), decision)

    def _closed_in(self, source: Source, same: Any, other: Any, decision: Decision) -> tuple[Any, Decision]:
        """The value nearest to ``same`` with the other route, by halves, to one unit of its digits or one day."""
        before = self._before[source.name]
        step = min(source.step, unit(before)) if isinstance(before, Decimal) else source.step
        while (middle := _halfway(same, other, step)) is not None:
            found = self._decide(((source, middle),))
            if found is not None and found.route == decision.route:
                other, decision = middle, found
            else:
                same = middle
        return other, decision

    def _candidates(self, source: Source) -> Iterator[Any]:
        before = self._before[source.name]
        step = min(source.step, unit(before)) if isinstance(before, Decimal) else source.step
        if isinstance(before, Decimal):
            for limit in source.limits:
                if isinstance(limit, Decimal):
                    yield from (limit, *neighbours(limit, step))
        yield from source.values
        if source.name not in self._opaque:
            return
        if isinstance(before, Decimal):
            about = (*(before * part for part in _PARTS), *(before + some for some in _ROUND_ABOUT))
            yield from (number.quantize(step) for number in about)
        elif isinstance(before, FeelDate | FeelDateTime):
            for days in _SOME_DAYS:
                for operation in (subtract, add):
                    try:
                        yield operation(before, DaysTimeDuration.of_seconds(days * _A_DAY))
                    except Fault:  # there is no such day
                        continue

    def _by_distance(self, source: Source, values: Iterator[Any]) -> list[Any]:
        before = self._before[source.name]
        kept: list[Any] = []
        for value in values:
            if value is not None and not source.allows(value):
                continue
            if not same_value(value, before) and not any(same_value(value, other) for other in kept):
                kept.append(value)
        return sorted(kept, key=lambda value: (_distance(source, before, value), str(value)))

    # --- two at a time

    def _together(self, missing: set[Route]) -> tuple[list[RouteChange], bool]:
        values = {
            source.name: self._telling(source, self._by_distance(source, self._candidates(source)))
            for source in self._facts
        }
        pairs = [
            (
                _distance(first, self._before[first.name], one)
                + _distance(second, self._before[second.name], other),
                index,
                ((first, one), (second, other)),
            )
            for index, (first, second) in enumerate(combinations(self._facts, 2))
            for one in values[first.name]
            for other in values[second.name]
        ]
        pairs.sort(key=lambda pair: pair[:2])
        found: list[RouteChange] = []
        counts = dict.fromkeys(missing, 0)
        for _, _, pair in pairs[:PAIRS_DECIDED]:
            decision = self._decide(pair)
            if decision is not None and decision.route in counts:
                found.append(self._change(pair, decision))
                counts[decision.route] += 1
                if counts[decision.route] == PER_ROUTE:
                    del counts[decision.route]
                    if not counts:
                        return found, True
        return found, len(pairs) <= PAIRS_DECIDED

    def _telling(self, source: Source, values: list[Any]) -> list[Any]:
        """The nearest of the values for which the same cells are true; of what models work on, some more."""
        cells = self._cells.get(source.name, [])
        limits = source.limits if source.name in self._opaque else ()
        kept: dict[tuple[object, ...], Any] = {}
        before = self._before[source.name]
        for value in (before, *values):
            answers: tuple[object, ...] = (
                *(cell(value, {}, []) for cell in cells),
                *(_side(value, limit) for limit in limits),
            )
            if not answers:
                answers = (str(value),)
            kept.setdefault(answers, value)
        return [value for value in kept.values() if value is not before][:PAIR_VALUES]

    # --- what both need

    def _decide(self, changed: tuple[tuple[Source, Any], ...]) -> Decision | None:
        """The decision about the changed case; None where it would be in doubt."""
        example = Example(self._example.facts)
        for source, value in changed:
            if source.node:
                example = Example(example.facts, self._example.changed(source, value).scores)
            else:
                example = example.changed(source, value)
        self._decided += 1
        decision = self._trial.decide(example.facts, example.scores)
        return None if any(diagnostic.is_doubt for diagnostic in decision.diagnostics) else decision

    def _change(self, changed: tuple[tuple[Source, Any], ...], decision: Decision) -> RouteChange:
        return RouteChange(
            tuple(
                Change(
                    source.name,
                    bool(source.node),
                    self._told_before(source),
                    value,
                    _distance(source, self._before[source.name], value),
                )
                for source, value in changed
            ),
            decision,
        )

    def _told_before(self, source: Source) -> Any:
        """What the case says, also where that can't be trusted and counts as null."""
        before = self._before[source.name]
        given = None if source.node else self._given.get(source.name)
        return to_feel(given) if before is None and isinstance(given, str | int | Decimal) else before

    def _possible_routes(self) -> set[Route]:
        """The routes besides its own that rules can choose."""
        chosen = {Route(route) for route, _ in self._trial.workbook.actions} | {Route.HUMAN}
        return chosen - {self._route}


def _used(trial: Trial) -> tuple[set[str], set[str]]:
    """The facts that the route depends on; and those among them that a model or an expression works on."""
    workbook = trial.workbook
    needs = {node.name: node.needs for node in requirements(workbook)}
    used: set[str] = set()
    pending = [workbook.settings.route_table]
    while pending:
        name = pending.pop()
        if name not in used:
            used.add(name)
            pending.extend(needs.get(name, ()))
    names = scope_names(workbook)
    opaque = {fact for model in workbook.models for fact in model.facts}
    for table in workbook.tables:
        for position, clause in enumerate(table.inputs):
            expression = compile_expression(clause.expression.text, names).names
            if not source_name(clause.expression, workbook, names):
                opaque |= expression
            for rule in table.rules:
                others = compile_unary_tests(rule.inputs[position].text or "-", names).names - {"?"}
                if others:
                    opaque |= expression | others
        if table.name != workbook.settings.route_table:  # its outputs name the route, they don't compute it
            for cell in (cell for rule in table.rules for cell in rule.outputs if not cell.is_blank):
                opaque |= compile_expression(cell.text, names).names
    return used, opaque


def _literal_cells(trial: Trial) -> dict[str, list[UnaryTests]]:
    """The distinct cells over each source that need nothing but its value."""
    workbook = trial.workbook
    names = scope_names(workbook)
    found: dict[str, dict[str, UnaryTests]] = {}
    for table in workbook.tables:
        for position, clause in enumerate(table.inputs):
            cells = found.setdefault(source_name(clause.expression, workbook, names), {})
            for rule in table.rules:
                cell = rule.inputs[position]
                if not cell.is_irrelevant and cell.text not in cells:
                    tests = compile_unary_tests(cell.text, names)
                    if not tests.names - {"?"}:
                        cells[cell.text] = tests
    return {name: list(cells.values()) for name, cells in found.items()}


def _side(value: Any, limit: Any) -> int | None:
    """On which side of a limit a value lies; None where there are no sides."""
    try:
        order = compare(value, limit)
    except Fault:
        return None
    return (order > 0) - (order < 0)


def _nearest_of_each(found: list[RouteChange]) -> Iterator[RouteChange]:
    """The nearest changes for each route, fewer facts first; of those to one route, one for each fact."""
    ordered = sorted(
        found,
        key=lambda each: (
            len(each.changes),
            each.changes[0].is_score,
            each.distance,
            [change.name for change in each.changes],
        ),
    )
    for route in Route:
        names: set[tuple[str, ...]] = set()
        scores: set[tuple[str, ...]] = set()
        for each in ordered:
            about = tuple(change.name for change in each.changes)
            kept = scores if each.changes[0].is_score else names
            if each.decision.route == route and about not in kept and len(kept) < PER_ROUTE:
                kept.add(about)
                yield each


def _distance(source: Source, before: Any, after: Any) -> float:
    """How far apart two values are, from 0 to 1: one half where it is as far as between the limits that tables draw.

    Values without an order are wholly different.
    """
    if before is None or after is None:
        return 1.0
    apart = _measure(before, after)
    if apart is None:
        return 1.0
    limits = [limit for limit in source.limits if _measure(limit, before) is not None]
    scale = max((_measure(one, other) or 0.0 for one in (*limits, before) for other in limits), default=0.0)
    if isinstance(before, Decimal):
        scale = max(
            scale, float(abs(before)), *(float(abs(limit)) for limit in limits), 1e-9 if limits else 1.0
        )
    return apart / (apart + (scale or 365.0 * _A_DAY))


def _measure(left: Any, right: Any) -> float | None:
    """The difference of two values of an ordered type; None for others."""
    if isinstance(left, bool | str) or type(left) is not type(right):
        return None
    if isinstance(left, YearsMonthsDuration):
        return float(abs(left.total_months - right.total_months) * 30 * _A_DAY)
    try:
        difference = subtract(left, right)
    except Fault:
        return None
    if isinstance(difference, DaysTimeDuration):
        return float(abs(difference.total_seconds))
    return float(abs(difference)) if isinstance(difference, Decimal) else None


def _halfway(one: Any, other: Any, step: Decimal) -> Any:
    """The value between two, in whole steps or days; None where there is none, or no way to tell it."""
    middle: Any = None
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        middle = ((one + other) / 2).quantize(step)
    elif isinstance(one, FeelDate) and isinstance(other, FeelDate):
        middle = FeelDate.from_days((one.days + other.days) // 2)
    elif isinstance(one, FeelDateTime) and isinstance(other, FeelDateTime):
        days = subtract(other, one).days  # whole ones, cut off towards zero
        middle = add(one, DaysTimeDuration.of_seconds(int(days / 2) * _A_DAY))
    return None if middle in (None, one, other) else middle


def _is_above(value: Any, before: Any) -> bool:
    try:
        return compare(value, before) > 0
    except Fault:  # no order between them
        return True

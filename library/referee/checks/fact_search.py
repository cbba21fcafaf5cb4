"""Facts for which expressions have wanted values: found by trying, or proved not to exist by bounding and cutting.

Branch and bound over stretches, as interval solvers do (Moore 1966; Jaulin et al. 2001). What isn't settled soon
is also looked for by walking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from itertools import islice, product
from typing import Any, Generic, TypeVar

from referee.checks.both_versions import BothVersions
from referee.checks.budget import Budget
from referee.checks.dimension import Dimension
from referee.checks.fact_walk import FactWalk, candidates
from referee.checks.possible import Possible, of_regions, touches
from referee.checks.region_set import members
from referee.checks.stretch import Stretch
from referee.checks.value_line import STRING, kind_of_value
from referee.checks.whole_decision import Evaluate, WholeDecision
from referee.feel.fault import Fault
from referee.feel.values import DaysTimeDuration, FeelDate, YearsMonthsDuration
from referee.feel.values.numbers import CONTEXT

Shown = TypeVar("Shown")
Facts = Mapping[str, Any]
Space = dict[str, Possible]

MOST_PARTS_CUT = 400
_PARTS_BEFORE_WALK = 20
_MOST_TRIED_AT_FIRST = 300
_MOST_TRIED_LATER = 6
_MOST_TARGETS = 6
_MOST_OF_A_FACT = 7
_MOST_SOLVED_FROM = 12
_LONGEST_TEXT = 1000
_MOST_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expression, and the regions of its values that are wanted."""

    expression: str
    dimension: Dimension
    regions: int

    def holds(self, value: Any) -> bool:
        region = self.dimension.region_of(value)
        return region is not None and bool(self.regions >> region & 1)


@dataclass(frozen=True, slots=True)
class Found(Generic[Shown]):
    """What was shown for some facts; nothing if none were found, and then whether it ``is_impossible`` that any are."""

    shown: Shown | None
    is_impossible: bool = False


class FactSearch(Generic[Shown]):
    """Looks for facts that bring the wanted values and for which ``shows`` gives something.

    ``nodes`` are further expressions on whose facts it hangs what ``shows`` gives; without any, and with nothing else
    that counts, values that can't be brought are proof that nothing can be shown. ``facts`` are held within narrower
    bounds.
    """

    def __init__(
        self,
        decision: WholeDecision | BothVersions,
        wanted: Sequence[Wanted],
        shows: Callable[[Facts], Shown | None],
        budget: Budget,
        nodes: Iterable[object] = (),
        facts: Mapping[str, Possible] | None = None,
        most_parts: int = MOST_PARTS_CUT,
    ) -> None:
        self._decision = decision
        self._shows = shows
        self._budget = budget
        self._most_parts = most_parts
        plain = [each for each in wanted if decision.is_fact(each.expression)]
        self._wanted = [each for each in wanted if each not in plain]
        self._whole: Space = {each.expression: of_regions(each.dimension, each.regions) for each in plain}
        # all values of a region are alike to what no expression uses: one stands for all
        self._others = {each.expression: each.dimension.sample(each.regions) for each in plain}
        for path in decision.facts:
            dimension = decision.dimension(path)
            if dimension is not None and dimension.size and path not in self._whole:
                self._whole[path] = of_regions(dimension, dimension.full)
                self._others[path] = dimension.sample(dimension.full)
        self._whole |= facts or {}
        used = [path for each in self._wanted for path in decision.facts_in(each.expression)]
        used += decision.facts_of(nodes)
        self._cut = [path for path in dict.fromkeys((*used, *(facts or ()))) if path in self._whole]
        self._is_refuted = True
        self._literals = [*decision.constants, *(value for each in self._wanted for value in _targets(each))]

    def find(self) -> Found[Shown]:
        """What is shown for some facts. Gives up after many parts; raises ``OutOfBudget``."""
        stack = [self._whole]
        is_sure = True
        parts = 0
        while stack:
            space = stack.pop()
            parts += 1
            if parts > self._most_parts:
                return Found(None)
            if parts == _PARTS_BEFORE_WALK:
                shown = self._walked()
                if shown is not None:
                    return Found(shown)
            self._budget.spend(500)
            if not self._may_hold(space):
                continue
            shown = self._tried(space, _MOST_TRIED_AT_FIRST if parts == 1 else _MOST_TRIED_LATER)
            if shown is not None:
                return Found(shown)
            halves = self._halves(space)
            stack += halves
            if not halves and not (self._is_refuted and self._is_single(space)):
                is_sure = False
        if not is_sure and parts < _PARTS_BEFORE_WALK:
            return Found(self._walked())
        return Found(None, is_impossible=is_sure)

    def _walked(self) -> Shown | None:
        """What is shown for facts that a walk comes to."""
        is_refuted = self._is_refuted
        paths = [
            [path for path in self._decision.facts_in(each.expression) if path in self._whole]
            for each in self._wanted
        ]
        walk = FactWalk(
            {path: candidates(self._whole[path], self._literals) for path in self._cut},
            paths,
            self._met,
            self._shows,
            lambda want, facts: self._solved_for(self._wanted[want], facts, self._whole),
        )
        shown = walk.find({path: self._others.get(path) for path in self._whole})
        self._is_refuted = is_refuted
        return shown

    def _met(self, facts: dict[str, Any]) -> list[bool] | None:
        """Of each want whether the facts meet it; nothing where a table that is needed is in doubt."""
        self._budget.spend(50)
        evaluated = self._decision.evaluated(facts)
        return None if evaluated is None else [_is_met(each, evaluated) for each in self._wanted]

    def _may_hold(self, space: Space) -> bool:
        bounds = self._decision.bounds(space.get)
        return all(touches(each.dimension, bounds(each.expression), each.regions) for each in self._wanted)

    def _tried(self, space: Space, most: int) -> Shown | None:
        """What is shown for one of some facts of a part of the space."""
        is_first = most > _MOST_TRIED_LATER
        values = {
            path: _samples(
                space[path], self._literals if is_first else (), _MOST_OF_A_FACT if is_first else 2
            )
            for path in self._cut
        }
        if not all(values.values()):
            return None
        self._is_refuted = True
        for tried, chosen in enumerate(_spread(values, most)):
            facts = {path: chosen[path] if path in chosen else self._others[path] for path in self._whole}
            shown = self._shown(facts)
            if shown is not None:
                return shown
            if is_first and tried < _MOST_SOLVED_FROM:
                for each in self._wanted:
                    for solved in self._solved_for(each, facts, space):
                        shown = self._shown(solved)
                        if shown is not None:
                            return shown
        return None

    def _shown(self, facts: dict[str, Any]) -> Shown | None:
        self._budget.spend(50)
        if self._wanted:
            evaluated = self._decision.evaluated(facts)
            if evaluated is None:
                self._is_refuted = False
                return None
            if not all(_is_met(each, evaluated) for each in self._wanted):
                return None
        found = self._shows(facts)
        # the values are as wanted: that nothing is shown hangs on something else than them
        self._is_refuted &= found is not None
        return found

    def _solved_for(self, wanted: Wanted, facts: dict[str, Any], space: Space) -> Iterator[dict[str, Any]]:
        """The facts with one of them changed so that an expression which is linear in it has a wanted value."""
        targets = [_number(value) for value in _targets(wanted)]
        for path in self._cut if any(target is not None for target in targets) else ():
            here = _number(facts[path])
            if here is None or _of_number(facts[path], here) is None:
                continue
            first, second = (
                self._number_at(wanted.expression, {**facts, path: _of_number(facts[path], at)})
                for at in (here, here + 1)
            )
            if first is None or second is None or first == second:
                continue
            for target in targets:
                if target is None:
                    continue
                try:
                    moved = here + CONTEXT.divide(target - first, second - first)
                except DecimalException:
                    continue
                for number in _rounder_first(moved):
                    value = _of_number(facts[path], number.normalize(CONTEXT))
                    if value is not None and _holds(space[path], value):
                        yield {**facts, path: value}

    def _number_at(self, expression: str, facts: Facts) -> Decimal | None:
        evaluated = self._decision.evaluated(facts)
        return None if evaluated is None else _number(evaluated(expression)[0])

    def _halves(self, space: Space) -> list[Space]:
        """The space cut in the fact that leaves most open; nothing where all that count are single values."""
        best: tuple[int, str] | None = None
        for path in self._cut:
            weight = _openness(space[path])
            if weight and (best is None or weight > best[0]):
                best = weight, path
        if best is None:
            return []
        path = best[1]
        return [{**space, path: part} for part in _cut(space[path], self._decision.constants)]

    def _is_single(self, space: Space) -> bool:
        """Whether what was tried stands for all there is of the part."""
        values = [space[path].values for path in self._cut]
        return bool(values) and all(each is not None and len(each) == 1 for each in values)


def _rounder_first(number: Decimal) -> Iterator[Decimal]:
    """A number of many digits after one of few near to it, which people can read and other programs can hold."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_MOST_DIGITS and abs(number) < 10**15:
        yield number.quantize(Decimal(1).scaleb(-_MOST_DIGITS))
    yield number


def _is_met(wanted: Wanted, evaluated: Evaluate) -> bool:
    value, is_doubtful = evaluated(wanted.expression)
    return not is_doubtful and wanted.holds(value)


def _samples(possible: Possible, constants: Iterable[Any], most: int) -> list[Any]:
    """Some values, preferably not null: of each stretch one inside, its ends, and literals of the tables."""
    found: dict[Any, Any] = {}
    rows: list[list[Any]] = []
    for part in possible.parts:
        if part.kind is STRING and part.low is None and part.high is None:
            rows.append(list(dict.fromkeys(_texts(constants))))
            continue
        inside = part.inner()
        near = [value for value in constants if kind_of_value(value) is part.kind and part.holds(value)]
        rows.append([value for value in (inside, *part.ends(), *near) if value is not None])
    for at in range(max(map(len, rows), default=0)):
        for row in rows:
            if at < len(row):
                found.setdefault((type(row[at]), row[at]), row[at])
    values = list(islice(found.values(), most))
    return (
        [*values[: most - 1], None]
        if possible.null and len(values) >= most
        else [*values, *[None] * possible.null]
    )


def _texts(constants: Iterable[Any]) -> Iterator[str]:
    """Some texts: the literals, and texts as long as the numbers among them."""
    yield "any other text"
    for value in constants:
        if isinstance(value, str):
            yield value
        elif (
            isinstance(value, Decimal) and 0 <= value <= _LONGEST_TEXT and value == value.to_integral_value()
        ):
            yield "x" * int(value)


def _spread(values: Mapping[str, Sequence[Any]], most: int) -> Iterator[dict[str, Any]]:
    """Combinations of values: first each fact changed alone, then all together."""
    paths = list(values)
    total = 1
    for each in values.values():
        total *= len(each)
    if total <= most:
        for row in product(*values.values()):
            yield dict(zip(paths, row, strict=True))
        return
    first = {path: values[path][0] for path in paths}
    longest = max(map(len, values.values()))
    for at in range(longest):
        yield {path: values[path][at % len(values[path])] for path in paths}
    left = most - longest
    for path in paths:
        for value in values[path][1:]:
            if left > 0:
                yield {**first, path: value}
                left -= 1
    for number in range(max(left, 0)):
        # a walk through all combinations with a stride that shares no factor with usual counts
        rest = number * 7919 % total
        chosen: dict[str, Any] = {}
        for path in paths:
            rest, at = divmod(rest, len(values[path]))
            chosen[path] = values[path][at]
        yield chosen


def _targets(wanted: Wanted) -> list[Any]:
    found: list[Any] = []
    for at in islice(members(wanted.regions), _MOST_TARGETS):
        found.append(wanted.dimension.regions[at].sample)
    return found


def _openness(possible: Possible) -> int:
    """How much there is to cut: many parts first, then wide stretches; 0 for nothing."""
    count = len(possible.parts) + possible.null
    if count > 1:
        return 1000 + count
    if not possible.parts or possible.parts[0].is_point or len(possible.parts[0].halves()) < 2:
        return 0
    (part,) = possible.parts
    if part.low is None or part.high is None:
        return 900
    low, high = _number(part.low), _number(part.high)
    return 1 if low is None or high is None else max(1, (high - low).adjusted() + 100)


def _cut(possible: Possible, constants: Iterable[Any]) -> list[Possible]:
    """Half of the parts, or one part cut at a literal of the tables or in the middle."""
    if len(possible.parts) + possible.null > 1:
        middle = (len(possible.parts) + 1) // 2 if possible.null else len(possible.parts) // 2
        parts = possible.parts
        if possible.null:
            return [Possible((), null=True), Possible(parts)]
        return [Possible(parts[:middle]), Possible(parts[middle:])]
    (part,) = possible.parts
    inside = [value for value in constants if kind_of_value(value) is part.kind and _is_inner(part, value)]
    if inside and part.kind.is_ordered and part.kind is not STRING:
        value = sorted(inside, key=part.kind.key)[len(inside) // 2]
        return [Possible((piece,)) for piece in part.cut_at(value)]
    return [Possible((piece,)) for piece in part.halves()]


def _is_inner(part: Stretch, value: Any) -> bool:
    key = part.kind.key(value)
    return part.holds(value) and all(
        end is None or part.kind.key(end) != key for end in (part.low, part.high)
    )


def _holds(possible: Possible, value: Any) -> bool:
    kind = kind_of_value(value)
    return any(part.kind is kind and part.holds(value) for part in possible.parts)


def _number(value: Any) -> Decimal | None:
    """A value as a number on its line, where its line is one of equal steps."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, FeelDate):
        return Decimal(value.days)
    if isinstance(value, DaysTimeDuration):
        return Decimal(value.nanos)
    return Decimal(value.total_months) if isinstance(value, YearsMonthsDuration) else None


def _of_number(like: Any, number: Decimal) -> Any:
    """The value of the same kind for a number on its line; None where there is none."""
    if isinstance(like, Decimal):
        return (
            number.quantize(Decimal(1))
            if number == number.to_integral_value() and abs(number) < 10**15
            else number
        )
    if number != number.to_integral_value():
        return None
    try:
        if isinstance(like, FeelDate):
            return FeelDate.from_days(int(number))
        if isinstance(like, DaysTimeDuration):
            return DaysTimeDuration(int(number))
    except Fault:
        return None
    return None

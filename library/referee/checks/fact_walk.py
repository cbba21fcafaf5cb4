"""Facts that bring several wanted values at once, reached by changing one fact after the other.

A random walk that mends one unmet want in each step, as WalkSAT does (Selman, Kautz and Cohen 1994). It finds what
cutting the space doesn't come to in time, such as two calculations about the same dates. That it finds nothing proves
nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Generic, TypeVar

from referee.checks.possible import Possible
from referee.checks.stretch import Stretch
from referee.checks.value_line import kind_of_value
from referee.feel.fault import Fault
from referee.feel.values import FeelDate, FeelDateTime, FeelTime
from referee.feel.values.durations import NANOS_PER_SECOND
from referee.feel.values.numbers import CONTEXT
from referee.feel.values.temporal import MIDNIGHT

Shown = TypeVar("Shown")
Facts = dict[str, Any]

_STARTS = 5
_STEPS = 10
_NOISE = 0.2
_MOST_OF_A_FACT = 250
_MOST_NEAR = 30
_ROUND = tuple(map(Decimal, ("0", "1", "-1", "0.5", "10", "-10", "100", "1000")))
_USUAL_YEARS = (2000, 2001)
_YEARS = range(1900, 2200)


class FactWalk(Generic[Shown]):
    """Walks among ``values`` of facts, and those ``solved`` for a want, until all are met and ``shows`` gives some.

    ``facts_of`` are the facts of each want. ``meets`` tells of each want whether some facts meet it; nothing where a
    table that is needed is in doubt.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[Any]],
        facts_of: Sequence[Sequence[str]],
        meets: Callable[[Facts], Sequence[bool] | None],
        shows: Callable[[Facts], Shown | None],
        solved: Callable[[int, Facts], Iterator[Facts]],
    ) -> None:
        self._values = dict(values)
        self._facts_of = facts_of
        self._meets = meets
        self._shows = shows
        self._solved = solved
        # the same walk each time: a check tells the same of the same table
        self._chance = random.Random(0)

    def find(self, base: Facts) -> Shown | None:
        """What is shown for some facts; the ones without values to choose from stay as they are."""
        if not self._keep_those_that_meet_alone(base):
            return None
        for start in range(_STARTS):
            facts = {
                **base,
                **{path: self._chosen(path) if start else each[0] for path, each in self._values.items()},
            }
            for _ in range(_STEPS):
                unmet = self._unmet(facts)
                if not unmet:
                    shown = self._shows(facts)
                    if shown is not None:
                        return shown
                    path = self._chance.choice(list(self._values))
                    facts = {**facts, path: self._chosen(path)}
                else:
                    facts = self._mended(facts, self._chance.choice(unmet))
        return None

    def _keep_those_that_meet_alone(self, base: Facts) -> bool:
        """Leaves of each fact the values that meet all wants about it alone; says whether all facts have some."""
        for path, values in self._values.items():
            alone = [want for want, facts in enumerate(self._facts_of) if list(facts) == [path]]
            if alone:
                self._values[path] = [value for value in values if self._is_met(alone, {**base, path: value})]
        return bool(self._values) and all(self._values.values())

    def _is_met(self, wants: Iterable[int], facts: Facts) -> bool:
        met = self._meets(facts)
        return met is None or all(met[want] for want in wants)

    def _unmet(self, facts: Facts) -> list[int]:
        met = self._meets(facts)
        return [want for want in range(len(self._facts_of)) if met is None or not met[want]]

    def _mended(self, facts: Facts, want: int) -> Facts:
        """One fact changed so that a want is met, and with it as many others as can be; or any fact of it changed."""
        found: list[tuple[int, Facts]] = []
        for moved in self._moves(facts, want):
            met = self._meets(moved)
            if met is not None and met[want]:
                found.append((sum(met), moved))
        if found:
            most = max(count for count, _ in found)
            is_noisy = self._chance.random() < _NOISE
            return self._chance.choice([moved for count, moved in found if is_noisy or count == most])
        paths = [path for path in self._facts_of[want] if path in self._values] or list(self._values)
        path = self._chance.choice(paths)
        return {**facts, path: self._chosen(path)}

    def _moves(self, facts: Facts, want: int) -> Iterator[Facts]:
        yield from self._solved(want, facts)
        for path in self._facts_of[want]:
            values = self._values.get(path, ())
            few = values if len(values) <= _MOST_NEAR else self._chance.sample(list(values), _MOST_NEAR)
            for value in few:
                yield {**facts, path: value}

    def _chosen(self, path: str) -> Any:
        return self._chance.choice(self._values[path])


def candidates(possible: Possible, literals: Sequence[Any]) -> list[Any]:
    """Many values of a fact: inside of each stretch, at its ends, at and beside literals, days all over some years."""
    found: dict[tuple[type, Any], Any] = {}
    for part in possible.parts:
        for value in (part.inner(), *part.ends(), *_near(part, literals)):
            if value is not None and kind_of_value(value) is part.kind and part.holds(value):
                found.setdefault((type(value), part.kind.key(value)), value)
    values = list(islice(found.values(), _MOST_OF_A_FACT))
    return [*values, *[None] * possible.null]


def _near(part: Stretch, literals: Sequence[Any]) -> Iterator[Any]:
    sample = part.inner()
    if isinstance(sample, Decimal):
        numbers = [value for value in literals if isinstance(value, Decimal)]
        for number in (*numbers, *_ROUND):
            for step in ("0", "1", "-1", "0.5", "-0.5"):
                yield CONTEXT.add(number, Decimal(step))
    elif isinstance(sample, (FeelDate, FeelDateTime)):
        for day in _days(literals):
            yield day if isinstance(sample, FeelDate) else FeelDateTime(day, MIDNIGHT)
    elif isinstance(sample, FeelTime):
        for hour in range(24):
            yield FeelTime(hour * 3600 * NANOS_PER_SECOND)
    elif isinstance(sample, str):
        for value in literals:
            if isinstance(value, str):
                yield from (value, value.upper(), value.lower(), f"{value}x", f"x{value}")
    yield from (value for value in literals if kind_of_value(value) is part.kind)


def _days(literals: Sequence[Any]) -> Iterator[FeelDate]:
    """Days of all months, the last ones among them, of the years that are spoken of, and a leap year."""
    dates = [value for value in literals if isinstance(value, FeelDate)]
    whole = [
        int(value) for value in literals if isinstance(value, Decimal) and value == value.to_integral_value()
    ]
    spoken = [*(date.year for date in dates), *(number for number in whole if number in _YEARS)]
    years = dict.fromkeys((*_USUAL_YEARS[:1], *(year + step for year in spoken[:3] for step in (0, 1, -1))))
    days = dict.fromkeys((1, 15, 28, 29, 30, 31, *(number for number in whole if 1 <= number <= 31)))
    for year in (*years, *_USUAL_YEARS[1:]):
        for day in days:
            for month in range(1, 13):
                try:
                    yield FeelDate(year, month, day)
                except Fault:
                    continue

"""A search for values, one per dimension, that no cover holds all of: few covers that lie across each other.

Each value stands for the covers that hold it, as bits. To find values whose sets have no cover in common is a problem
of constraints, so it is solved like one: what is settled is struck out until nothing more is (propagation), then the
dimension with the fewest values left is tried value by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from referee.checks.budget import Budget

Values = dict[int, int]
"""By the covers that hold a value, as bits, that value; of values in the same covers, any."""

_MOST_COMPARED = 16


class TooManyTries(Exception):
    """The search would go on for long: the problem is better divided first."""


class Search:
    """``used`` are covers that together hold all that was found covered, as bits."""

    def __init__(self, values: Sequence[Values], budget: Budget, most_tries: int) -> None:
        self._values = dict(enumerate(values))
        self._budget = budget
        self._tries_left = most_tries
        self.used = 0

    def open_values(self, covers: int) -> tuple[int, ...] | None:
        """A value per dimension that none of the covers holds all of; None if there is none.

        Raises ``OutOfBudget`` and ``TooManyTries``.
        """
        found = self._left(covers, self._values)
        return None if found is None else tuple(found[at] for at in range(len(self._values)))

    def _left(self, alive: int, values: dict[int, Values]) -> dict[int, int] | None:
        self._tries_left -= 1
        if self._tries_left < 0:
            raise TooManyTries
        settled = self._propagated(alive, values)
        if settled is None or isinstance(settled, dict):
            return settled
        alive, values = settled
        chosen = {at: next(iter(held.values())) for at, held in values.items() if len(held) == 1}
        at = min((at for at in values if at not in chosen), key=lambda at: len(values[at]))
        rest = {other: held for other, held in values.items() if other != at and other not in chosen}
        used_before, why = self.used, 0
        refuted: list[int] = []
        for covers, value in values[at].items():
            if any(not each & ~covers for each in refuted):
                continue  # what covers all with another value covers all with this one
            self.used = 0
            found = self._left(alive & covers, rest)
            why |= self.used
            if found is not None:
                return {**chosen, at: value, **found}
            refuted.append(self.used)
        self.used = used_before | why
        return None

    def _propagated(
        self, alive: int, values: dict[int, Values]
    ) -> tuple[int, dict[int, Values]] | dict[int, int] | None:
        """The covers and values that still count: values that are found, or None where all are covered."""
        values = dict(values)
        reaching: dict[int, int] = {}
        filling: dict[int, int] = {}
        changed: Iterable[int] = list(values)
        is_fewer = True
        while True:
            for at in changed:
                held = values[at]
                self._budget.spend(8 * len(held) + 8)
                if is_fewer:
                    held = {covers & alive: value for covers, value in held.items()}
                    if 0 in held:
                        chosen = {other: next(iter(each.values())) for other, each in values.items()}
                        return chosen | {at: held[0]}
                    values[at] = held = _fewest_covers(held)
                in_one, in_all = 0, alive
                for covers in held:
                    in_one |= covers
                    in_all &= covers
                reaching[at], filling[at] = in_one, in_all
            touching = alive
            for in_one in reaching.values():
                touching &= in_one
            if not touching:
                # which values are left makes no difference: each cover misses all of those of some dimension
                return {at: next(iter(held.values())) for at, held in values.items()}
            if touching != alive:
                alive, is_fewer, changed = touching, True, list(values)
                continue
            is_fewer = False
            struck = self._without_filled(alive, values, filling)
            if struck is None:
                return None
            if not struck:
                return alive, values
            values.update(struck)
            changed = list(struck)

    def _without_filled(
        self, alive: int, values: dict[int, Values], filling: dict[int, int]
    ) -> dict[int, Values] | None:
        """The dimension with values that a cover holds together with all values of the others, without these.

        Nothing where there are none; None if nothing is left.
        """
        order = list(values)
        after = [alive]
        for at in reversed(order):
            after.append(after[-1] & filling[at])
        if after[-1]:
            self._use(after[-1])
            return None
        before = alive
        for position, at in enumerate(order):
            others = before & after[len(order) - 1 - position]
            before &= filling[at]
            if not others:
                continue
            kept = {}
            for covers, value in values[at].items():
                if covers & others:
                    self._use(covers & others)
                else:
                    kept[covers] = value
            if not kept:
                return None
            if len(kept) < len(values[at]):
                # what fills the rest has changed: look again before going on
                return {at: kept}
        return {}

    def _use(self, covers: int) -> None:
        if not covers & self.used:
            self.used |= covers & -covers


def _fewest_covers(values: Values) -> Values:
    """The values, those in fewest covers first, without each that lies in all covers of another one."""
    if len(values) > _MOST_COMPARED:
        return values
    kept: Values = {}
    for covers in sorted(values, key=int.bit_count):
        for each in kept:
            if not each & ~covers:
                break
        else:
            kept[covers] = values[covers]
    return kept

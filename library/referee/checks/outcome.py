"""What a table gives for the rules that are true: something to compare, without deciding a case."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import takewhile

from referee.checks.priorities import Priorities
from referee.checks.region_set import members
from referee.checks.subject import Subject
from referee.feel.builtins import BUILTINS
from referee.feel.fault import Fault
from referee.feel.values.equality import equality_key
from referee.tables import HitPolicy

_FOLDS = {
    HitPolicy.COLLECT_SUM: "sum",
    HitPolicy.COLLECT_MIN: "min",
    HitPolicy.COLLECT_MAX: "max",
}

Outcome = Hashable

NO_HIT: Outcome = ("no hit",)
SEVERAL_HITS: Outcome = ("several hits",)
DISAGREEMENT: Outcome = ("different outputs",)


class Outcomes:
    """Outcomes of a table, equal when the table gives the same; a tuple of output keys where one rule decides."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._policy = subject.table.hit_policy
        self._priorities = Priorities(subject) if self._policy.needs_priorities else None

    def of(self, hits: int) -> Outcome:
        """The outcome for the rules that are true, as bits."""
        policy, keys = self._policy, self._subject.output_keys
        if policy is HitPolicy.COLLECT_COUNT:
            return ("count", Decimal(hits.bit_count()))
        if not hits:
            return NO_HIT
        first = (hits & -hits).bit_length() - 1
        if policy is HitPolicy.FIRST:
            return keys[first]
        if policy is HitPolicy.UNIQUE:
            return keys[first] if hits & (hits - 1) == 0 else SEVERAL_HITS
        rules = list(members(hits))
        if policy is HitPolicy.ANY:
            return keys[first] if all(keys[rule] == keys[first] for rule in rules) else DISAGREEMENT
        if self._priorities is not None:
            # a rank that must be evaluated comes last here; who uses outcomes leaves such tables out
            ranks = {rule: self._priorities.rank(rule) for rule in rules}
            rules.sort(key=lambda rule: ranks[rule] or (len(keys),))
            if policy is HitPolicy.PRIORITY:
                return keys[rules[0]]
        if policy.is_aggregate:
            return self._folded(rules)
        return ("list", tuple(keys[rule] for rule in rules))

    @cached_property
    def strongest_first(self) -> list[int]:
        """The rules so that under F and P whichever is true first decides; else in table order."""
        rules = list(range(len(self._subject.boxes)))
        if self._policy is HitPolicy.PRIORITY and self._priorities is not None:
            ranks = [self._priorities.rank(rule) or (len(rules),) for rule in rules]
            rules.sort(key=ranks.__getitem__)
        return rules

    def are_settled(self, true: Sequence[int], possible: Sequence[int]) -> bool:
        """Whether the outcome is known from rules that are true, whichever of the possible ones are true besides.

        Both in the order of ``strongest_first``; what is possible includes what is true. May say no where it is known.
        """
        keys = self._subject.output_keys
        if self._policy is HitPolicy.UNIQUE:
            return len(true) > 1
        if not (self._policy.is_single and true):
            return False
        if self._policy is HitPolicy.ANY and any(keys[rule] != keys[true[0]] for rule in true):
            return True
        stronger = possible if self._policy is HitPolicy.ANY else takewhile(true[0].__ne__, possible)
        return all(keys[rule] == keys[true[0]] for rule in stronger)

    def _folded(self, rules: list[int]) -> Outcome:
        if any(self._subject.has_open_output(rule) for rule in rules):
            return ("list", tuple(self._subject.output_keys[rule] for rule in rules))
        columns = zip(*(self._subject.output_values(rule) for rule in rules), strict=True)
        try:
            fold = BUILTINS[_FOLDS[self._policy]]
            return ("folded", tuple(equality_key(fold(list(column))) for column in columns))
        except Fault:
            return ("folded", None)

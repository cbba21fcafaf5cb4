"""How the outputs of rules rank under the hit policies P and O."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any

from referee.checks.cell_logic import listed_values
from referee.checks.region_set import members
from referee.checks.subject import OPEN, Subject
from referee.feel.values import equal
from referee.tables import CellText

Rank = tuple[int, ...]


class Priorities:
    """The rank of each rule, by its outputs' places in the lists of allowed values; the lowest tuple wins."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._lists = [
            [] if clause.allowed_values is None else _listed(subject, clause.allowed_values.text)
            for clause in subject.table.outputs
        ]
        self._known: dict[Hashable, Rank | None] = {}

    def rank(self, rule: int) -> Rank | None:
        """The rank of a rule; None where an output that counts must be evaluated."""
        key = self._subject.output_keys[rule]
        if key not in self._known:
            self._known[key] = self._ranked(rule)
        return self._known[key]

    def of_same_rank(self, rule: int) -> int:
        """The rules that rank like a rule, or that may for all that is known, as bits."""
        return self._by_rank.get(self.rank(rule), 0) | self._by_rank.get(None, 0)

    def before(self, rule: int) -> int:
        """The rules that come before a rule where both are true: of a better rank, or of the same and above it."""
        rank = self.rank(rule)
        if rank is None:
            return 0
        better = sum(rules for other, rules in self._by_rank.items() if other is not None and other < rank)
        return better | self._by_rank[rank] & ((1 << rule) - 1)

    @cached_property
    def _by_rank(self) -> dict[Rank | None, int]:
        found: dict[Rank | None, int] = {}
        for rules in self._subject.rules_by_outputs.values():
            rank = self.rank(next(members(rules)))
            found[rank] = found.get(rank, 0) | rules
        return found

    def _ranked(self, rule: int) -> Rank | None:
        ranks = []
        for value, values in zip(self._subject.output_values(rule), self._lists, strict=True):
            if not values:
                continue
            if value is OPEN:
                return None
            ranks.append(next((at for at, each in enumerate(values) if equal(each, value)), len(values)))
        return tuple(ranks)


def _listed(subject: Subject, text: str) -> list[Any]:
    logic = subject.space.logic(CellText(text))
    return [] if logic is None else list(listed_values(logic))

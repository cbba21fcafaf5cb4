"""How the outputs of rules rank under the hit policies P and O."""

from __future__ import annotations

from typing import Any

from referee.checks.cell_logic import listed_values
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

    def rank(self, rule: int) -> Rank | None:
        """The rank of a rule; None where an output that counts must be evaluated."""
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

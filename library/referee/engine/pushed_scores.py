"""What pushed the scores of a case: in the words of the data dictionary, and as a handoff keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from referee.feel.values.text import nested_text
from referee.scoring import Contribution
from referee.workbook import DataDictionary

TOLD = 5
"""Facts told that pushed a score, the strongest first."""

HIDDEN = "(sensitive)"

Contributor = Callable[[Mapping[str, Any]], tuple[Contribution, ...]]
"""Tells what pushed a model's score of these facts."""

_SIX_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Push:
    """What one fact did to a score: towards its label where the contribution's size is above 0, else away from it.

    ``meaning`` is the description of the data dictionary; ``value`` is not for everybody's eyes where it
    ``is_sensitive``.
    """

    contribution: Contribution
    value: Any
    meaning: str
    is_sensitive: bool = False

    def told(self, label: str, *, show_sensitive: bool = False) -> str:
        """``pirat 0.45 (payments on debts to income) pushed towards yes (+0.84)``."""
        value = HIDDEN if self.is_sensitive and not show_sensitive else nested_text(self.value)
        return self.contribution.told(label, value, self.meaning)


def pushes(
    told: Sequence[Contribution], facts: Mapping[str, Any], dictionary: DataDictionary
) -> tuple[Push, ...]:
    """The strongest contributions with the values of the case and the words of the data dictionary."""
    found = []
    for each in told[:TOLD]:
        fact = dictionary.fact(each.feature)
        found.append(
            Push(
                each,
                facts.get(each.feature),
                "" if fact is None else fact.description,
                fact is not None and fact.sensitive,
            )
        )
    return tuple(found)


def as_payload(pushed: Mapping[str, Sequence[Push]]) -> dict[str, Any]:
    """What a handoff keeps: by model node fact, size, unit and meaning; the values are in the decision's record."""
    return {
        node: [
            {
                "fact": push.contribution.feature,
                "size": size_of(push.contribution),
                "unit": push.contribution.unit,
                "meaning": push.meaning,
            }
            for push in each
        ]
        for node, each in pushed.items()
    }


def size_of(contribution: Contribution) -> Decimal:
    """Rounded half-even to six places so that machines agree."""
    return Decimal(repr(contribution.size)).quantize(_SIX_PLACES, ROUND_HALF_EVEN)

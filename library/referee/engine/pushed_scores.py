"""What pushed the scores of a case: in the words of the data dictionary, and as a handoff keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from referee.feel.values.text import nested_text
from referee.scoring import Contribution
from referee.scoring.contributions import told_without_size
from referee.workbook import DataDictionary

TOLD = 5
"""Facts told that pushed a score, the strongest first."""

HIDDEN = "(sensitive)"

CONTRIBUTIONS = "contributions"
"""The member of a score that tells what pushed it, where the workbook asks for that."""

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
        """``pirat 0.45 (payments on debts to income) pushed towards yes (+0.84)``.

        Of a sensitive fact only that it pushed: of a linear model the value follows from the size.
        """
        if self.is_sensitive and not show_sensitive:
            return told_without_size(self.contribution.feature, self.meaning)
        return self.contribution.told(label, nested_text(self.value), self.meaning)


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


def for_all_eyes(pushed: Sequence[Push]) -> list[Push]:
    """The pushes in an order that tells nothing about sensitive facts: these last, by name."""
    hidden = [push for push in pushed if push.is_sensitive]
    hidden.sort(key=lambda push: push.contribution.feature)
    return [*(push for push in pushed if not push.is_sensitive), *hidden]


def as_payload(pushed: Mapping[str, Sequence[Push]]) -> dict[str, Any]:
    """What a handoff keeps: by model node fact, size, unit and meaning; the values are in the decision's record.

    Of a sensitive fact only name and meaning.
    """
    return {node: [_payload(push) for push in for_all_eyes(each)] for node, each in pushed.items()}


def _payload(push: Push) -> dict[str, Any]:
    named = {"fact": push.contribution.feature}
    sized = {"size": size_of(push.contribution), "unit": push.contribution.unit}
    return named | ({} if push.is_sensitive else sized) | {"meaning": push.meaning}


def without_sizes(score: Mapping[str, Any], sensitive: Set[str]) -> Mapping[str, Any]:
    """A score for the log: of the sensitive facts that pushed it (``contributions``) only the names."""
    told = score.get(CONTRIBUTIONS)
    if not told or sensitive.isdisjoint(each["fact"] for each in told):
        return score
    names = sorted(each["fact"] for each in told if each["fact"] in sensitive)
    open_ones = [each for each in told if each["fact"] not in sensitive]
    return {**score, CONTRIBUTIONS: [*open_ones, *({"fact": name} for name in names)]}


def size_of(contribution: Contribution) -> Decimal:
    """Rounded half-even to six places so that machines agree."""
    return Decimal(repr(contribution.size)).quantize(_SIX_PLACES, ROUND_HALF_EVEN)

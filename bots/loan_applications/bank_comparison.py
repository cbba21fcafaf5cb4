"""How far the automatic decisions agree with what the bank decided itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from referee.domain import Decision, Route
from referee.scoring import in_training_half


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the applications offered a loan automatically, how many the bank granted too."""

    applications: int
    automatic: int
    agreed: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where nothing was decided automatically."""
        return self.agreed / self.automatic if self.automatic else 0.0

    def __str__(self) -> str:
        return (
            f"{self.automatic} of {self.applications} decided automatically, "
            f"{self.agreed} of them as the bank did ({self.share:.1%})"
        )


def agreement(decisions: Iterable[Decision]) -> Agreement:
    """Compares with the fact ``deny``; applications without it are left out."""
    known = [decision for decision in decisions if decision.facts.get("deny") in ("yes", "no")]
    automatic = [decision for decision in known if decision.route is Route.AUTO]
    agreed = [decision for decision in automatic if decision.facts["deny"] == "no"]
    return Agreement(len(known), len(automatic), len(agreed))


@keyword
def compare_with_bank(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Tells how far the automatic decisions agree with the bank's own (the column ``deny``).

    Applications that the model was trained on are counted apart: only the held-out ones say how good it is. Returns the
    share of agreement of both, between 0 and 1; nothing where the file doesn't hold the bank's decisions.
    """
    halves = {
        "held out from training": agreement(d for d in decisions if not in_training_half(d.case_id)),
        "used in training": agreement(d for d in decisions if in_training_half(d.case_id)),
    }
    if not any(found.applications for found in halves.values()):
        logger.console("  the file doesn't say what the bank decided, so there is nothing to compare with")
        return {}
    for name, found in halves.items():
        logger.console(f"  {name}: {found}")
        logger.info(f"{name}: {found}")
    return {name: found.share for name, found in halves.items()}

"""What an approver signs for, in short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referee.scoring import Model
    from referee.scoring.card import Card, Group


def summary(model: Model, compared: str) -> Iterator[str]:
    """What the model is, how well it did, what is promised of it, and how it treats the protected groups."""
    card = model.card
    yield f"{card.name} {card.version}: sha256 of the card {model.sha256}"
    yield f"  tells {card.target}: {'; '.join(f'{label} ({meaning})' for label, meaning in card.labels.items())}"
    yield f"  use: {card.limits_of_use}"
    period = f", {card.training.period}" if card.training.period else ""
    yield f"  {card.classifier}, learnt from {card.training.rows} cases ({card.training.source}{period})"
    seen = card.held_out
    yield f"  on {seen.rows} cases it had not seen: AUC {seen.auc:.3f}, {seen.accuracy * 100:.1f} % right"
    yield f"  {compared}"
    yield "operating points"
    for point in card.operating_points:
        of = f"of {point.label}" if point.label else "of the likeliest label"
        yield f"  {of}, {point.promise()}: {point.told()}"
    if not card.operating_points:
        yield "  none: nothing is promised of automatic decisions"
    yield "protected attributes, on the same cases"
    for group in card.parity:
        yield f"  {_told(card, group)}"
    if not card.parity:
        yield "  none were held beside the cases: whether groups are treated alike is not known"


def _told(card: Card, group: Group) -> str:
    """``afam = yes: 340 cases, 78.2 % right, yes predicted for 28.5 % (true 31.0 %); automatic 120, wrong 9``."""
    label = list(card.labels)[-1]
    said = (
        f"{group.attribute} = {group.value}: {group.rows} cases, {group.accuracy * 100:.1f} % right, "
        f"{label} predicted for {group.predicted.get(label, 0.0) * 100:.1f} % "
        f"(true {group.truth.get(label, 0.0) * 100:.1f} %)"
    )
    points = [
        f"automatic {automatic}, wrong {errors}"
        for automatic, errors in zip(group.automatic, group.errors, strict=True)
    ]
    return "; ".join([said, *points])

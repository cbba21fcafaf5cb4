"""What an approver signs for, in short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referee.scoring import Model
    from referee.scoring.card import Card, Group


def summary(model: Model, compared: str) -> Iterator[str]:
    """What the model is, how well it did, what speaks against it, what is promised of it, and how it treats the
    protected groups."""
    card = model.card
    yield f"{card.name} {card.version}: sha256 of the card {model.sha256}"
    yield f"  tells {card.target}: {'; '.join(f'{label} ({meaning})' for label, meaning in card.labels.items())}"
    yield f"  use: {card.limits_of_use}"
    period = f", {card.training.period}" if card.training.period else ""
    yield f"  {card.classifier}, learnt from {card.training.rows} cases ({card.training.source}{period})"
    yield f"  made by {card.author} on {card.date}"
    seen = card.held_out
    ece = "not known" if seen.ece is None else f"{seen.ece * 100:.1f} points"
    yield (
        f"  on {seen.rows} cases it had not seen: AUC {seen.auc:.3f}, {seen.accuracy * 100:.1f} % right; "
        f"calibration error {ece}"
    )
    if seen.refused:
        yield f"  of these it refused {seen.refused}, which are not judged"
    yield f"  {compared}"
    doubtful = list(_to_weigh(card))
    yield "to weigh before you sign"
    yield from (f"  {line}" for line in doubtful)
    if not doubtful:
        yield "  nothing was found"
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


def _to_weigh(card: Card) -> Iterator[str]:
    """What was found and allowed, the promises that aren't kept, the groups for whom they aren't, and what stands in
    for groups."""
    for found in sorted(card.findings, key=lambda each: each.status):
        column = f"`{found.column}`, " if found.column else ""
        allowed = "looks like a leak, and its author allowed it: " if found.status == "allowed" else ""
        yield f"{allowed}{column}{found.kind}: {found.evidence}"
    for at, point in enumerate(card.operating_points):
        if point.threshold is None:
            yield f"not kept: {point.promise()}"
            continue
        for group in card.parity:
            if at < len(group.error_rates) and group.error_rates[at][0] > point.most_wrong:
                low, high = group.error_rates[at]
                yield (
                    f"above the promise of {point.most_wrong * 100:.4g} %: {group.attribute} = {group.value}, "
                    f"{group.errors[at]} of {group.automatic[at]} automatic decisions wrong "
                    f"({low * 100:.1f} to {high * 100:.1f} %)"
                )
    for proxy in card.proxies:
        alone = f", {', '.join(proxy.alone)} most" if proxy.alone else ""
        yield f"the features tell {proxy.attribute} with an AUC of {proxy.auc:.2f}{alone}"


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

"""The card of a model as a page for a meeting: promises, calibration, candidates, features, parity, findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.cli.charts import (
    Axis,
    Mark,
    Series,
    bar_chart,
    interval_chart,
    line_chart,
    percent_ticks,
)
from referee.cli.html_report import write_report

if TYPE_CHECKING:
    from markupsafe import Markup

    from referee.scoring.card import Card, Feature, Group, OperatingPoint, RiskCurve

_WHOLE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_INFLUENCES_SHOWN = 15


def write_model_report(path: Path, card: Card) -> None:
    """Writes the page; all that it says stands in the card."""
    label = _shown_label(card)
    write_report(
        path,
        f"{card.name} {card.version}",
        "model.html",
        card=card,
        figures=_figures(card),
        points=[(point, _verdict(point)) for point in card.operating_points],
        curves=[(curve, _risk_chart(card, curve)) for curve in card.risk],
        costs=[_costs(point) for point in card.operating_points if point.costs is not None],
        confusion=_confusion(card),
        reliability_label=label,
        reliability=_reliability_chart(card, label),
        candidates=_candidates_chart(card),
        influence=_influence_chart(card),
        parity=_parity(card),
        features=[(feature, _values(feature)) for feature in card.features],
        percent=percent,
        promised=promised,
    )


def percent(share: float, places: int = 1) -> str:
    """``12.5 %``, not to be broken."""
    return f"{share * 100:.{places}f}\N{NO-BREAK SPACE}%"


def promised(share: float) -> str:
    """``8 %``, as it was asked for."""
    return f"{share * 100:.4g}\N{NO-BREAK SPACE}%"


def _figures(card: Card) -> list[tuple[str, str, str]]:
    seen = card.held_out
    kept = [point for point in card.operating_points if point.threshold is not None]
    figures = [(f"{seen.auc:.3f}", "AUC on unseen cases", ""), (f"{seen.rows:,}", "unseen cases", "")]
    if kept:
        best = max(kept, key=lambda point: point.coverage)
        figures.insert(
            0, (percent(best.coverage), f"automatic, at most {promised(best.most_wrong)} wrong", "good")
        )
    elif card.operating_points:
        figures.insert(0, ("none", "of the promises can be kept", "bad"))
    if seen.ece is not None:
        figures.append((percent(seen.ece), "calibration error", ""))
    allowed = sum(finding.status == "allowed" for finding in card.findings)
    if allowed:
        figures.append((str(allowed), "suspected leaks allowed", "bad"))
    return figures


def _verdict(point: OperatingPoint) -> dict[str, str]:
    rate = percent(point.errors / point.automatic, 2) if point.automatic else "–"
    seen = f"{point.errors} of {point.automatic:,} ({rate})"
    if point.threshold is None:
        missed = (point.bound - point.most_wrong) * 100
        return {"threshold": "", "seen": seen, "missed": f"{missed:.2f} points too many"}
    return {"threshold": f"{point.threshold:g}", "seen": seen, "missed": ""}


def _risk_chart(card: Card, curve: RiskCurve) -> Markup:
    def coverage(automatic: int) -> float:
        return automatic / curve.rows

    # Of few cases the bound says little, and would squeeze the rest of the drawing.
    shown = [point for point in curve.points if point.automatic >= 0.04 * curve.rows] or list(curve.points)
    rates = [(coverage(each.automatic), each.errors / max(1, each.automatic)) for each in shown]
    bounds = [(coverage(each.automatic), each.bound) for each in shown]
    points = [point for point in card.operating_points if point.label == curve.label]
    highest = max([*(rate for _, rate in rates), *(point.most_wrong for point in points)]) * 1.25
    ticks = percent_ticks(min(1.0, max(highest, min(bound for _, bound in bounds))))
    top = ticks[-1]
    kept = [point for point in points if point.threshold is not None]
    marks = [
        Mark(point.most_wrong, f"promise: at most {promised(point.most_wrong)}", "promise")
        for point in points
    ]
    return line_chart(
        "coverage against the share of wrong automatic decisions, with its upper bound",
        Axis("share of cases decided automatically", 0, 1, _WHOLE),
        Axis("wrong among them", 0, top, ticks),
        [
            Series([(at, min(rate, top)) for at, rate in bounds], "bound"),
            Series([(at, min(rate, top)) for at, rate in rates], "seen"),
            Series(
                [(point.coverage, min(top, point.errors / point.automatic)) for point in kept],
                "chosen",
                dots=True,
                line=False,
                tips=[f"threshold {point.threshold:g}: {point.told()}" for point in kept],
                sizes=[6.0] * len(kept),
            ),
        ],
        band=([(at, min(rate, top)) for at, rate in rates], [(at, min(rate, top)) for at, rate in bounds]),
        marks=[mark for mark in marks if mark.at <= top],
    )


def _costs(point: OperatingPoint) -> dict[str, Any]:
    """The confusion by cost: what was decided automatically right, wrong, and by people."""
    costs, rows = point.costs, point.rows
    if costs is None:
        return {}
    automatic = point.automatic if point.threshold is not None else 0
    errors = point.errors if point.threshold is not None else 0
    ways = [
        ("automatic and right", automatic - errors, 0.0),
        ("automatic and wrong", errors, costs.wrong),
        ("decided by a person", rows - automatic, costs.review),
    ]
    return {
        "point": point,
        "ways": [(name, count, each, count * each) for name, count, each in ways],
        "total": sum(count * each for _, count, each in ways),
        "rows": rows,
        "all_reviewed": rows * costs.review,
    }


def _confusion(card: Card) -> list[tuple[str, list[tuple[int, float, bool]], int]]:
    rows = []
    for truth, told in card.held_out.confusion.items():
        total = sum(told.values())
        cells = [(count, count / total if total else 0.0, label == truth) for label, count in told.items()]
        rows.append((truth, cells, total))
    return rows


def _shown_label(card: Card) -> str:
    named = [point.label for point in card.operating_points if point.label]
    return named[0] if named else list(card.labels)[-1]


def _reliability_chart(card: Card, label: str) -> Markup | None:
    bins = card.held_out.reliability.get(label, ())
    if not bins:
        return None
    most = max(each.rows for each in bins)
    return line_chart(
        f"probability of {label} as told and as it came true",
        Axis(f"probability of {label} that the model told", 0, 1, _WHOLE),
        Axis("share that came true", 0, 1, _WHOLE),
        [
            Series([(0, 0), (1, 1)], "ideal"),
            Series(
                [(each.confidence, each.right) for each in bins],
                "seen",
                dots=True,
                tips=[f"told {percent(e.confidence)}, true {percent(e.right)}, {e.rows} cases" for e in bins],
                sizes=[3 + 4 * (each.rows / most) ** 0.5 for each in bins],
            ),
        ],
    )


def _candidates_chart(card: Card) -> Markup | None:
    if not card.compared:
        return None
    best = min(card.compared, key=lambda each: each.log_loss)
    spans = [
        (each.log_loss - each.standard_error, each.log_loss + each.standard_error) for each in card.compared
    ]
    lowest, highest = min(low for low, _ in spans), max(high for _, high in spans)
    margin = (highest - lowest) * 0.05 or 0.01
    return interval_chart(
        "cross-validated log loss of each candidate with its standard error",
        [
            # The numbers tell candidates apart, and stand at the end of the name.
            (each.name.removeprefix("gradient "), low, each.log_loss, high, f"{each.log_loss:.4f}")
            for each, (low, high) in zip(card.compared, spans, strict=True)
        ],
        lowest - margin,
        highest + margin,
        [Mark(best.log_loss + best.standard_error, "best + 1 standard error", "promise")],
        names=236,
    )


def _influence_chart(card: Card) -> Markup | None:
    if not card.influence:
        return None
    shown = list(card.influence.items())[:_INFLUENCES_SHOWN]
    return bar_chart(
        "how much the log loss grows when a feature is shuffled",
        [(name, growth, f"{growth:+.4f}") for name, growth in shown],
    )


def _parity(card: Card) -> list[dict[str, Any]]:
    """For each protected attribute its groups, and at each operating point the rates with their intervals."""
    found = []
    for attribute in dict.fromkeys(group.attribute for group in card.parity):
        groups = [group for group in card.parity if group.attribute == attribute]
        found.append(
            {
                "attribute": attribute,
                "groups": groups,
                "points": [
                    {
                        "point": point,
                        "chart": _parity_chart(groups, number, point),
                        "broken": [
                            group.value or "not stated"
                            for group in groups
                            if group.error_rates[number][0] > point.most_wrong
                        ],
                    }
                    for number, point in enumerate(card.operating_points)
                    if point.threshold is not None and all(group.error_rates for group in groups)
                ],
                "proxy": next((each for each in card.proxies if each.attribute == attribute), None),
            }
        )
    return found


def _parity_chart(groups: list[Group], number: int, point: OperatingPoint) -> Markup:
    rows = []
    for group in groups:
        automatic, errors = group.automatic[number], group.errors[number]
        low, high = group.error_rates[number]
        told = f"{errors} of {automatic:,} ({percent(errors / automatic)})" if automatic else "none automatic"
        rows.append((group.value or "not stated", low, errors / automatic if automatic else 0.0, high, told))
    highest = max(point.most_wrong * 1.5, *(min(high, 4 * point.most_wrong) for _, _, _, high, _ in rows))
    ticks = percent_ticks(min(1.0, highest))
    return interval_chart(
        f"wrong among the automatic decisions of each group, {point.promise()}",
        rows,
        0.0,
        ticks[-1],
        [Mark(point.most_wrong, f"promise {promised(point.most_wrong)}", "promise")],
        ticks=ticks,
    )


def _values(feature: Feature) -> str:
    if feature.type == "number":
        return f"{feature.minimum:g} to {feature.maximum:g}"
    if feature.type == "boolean":
        return "true, false"
    return ", ".join(feature.categories)

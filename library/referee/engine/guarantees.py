"""Which guarantee of a model's card backs each threshold in the routing table, or that none does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from referee.domain import Diagnostic, Severity
from referee.feel import FeelSyntaxError, parse_unary_tests, syntax

if TYPE_CHECKING:
    from referee.scoring.card import Card, OperatingPoint
    from referee.tables import CellText, DecisionTable, Rule
    from referee.workbook import DecisionWorkbook

_PEOPLE_DECIDE = ('"human"', '"exception"')


@dataclass(frozen=True, slots=True)
class _Threshold:
    """A cell that lets cases through by a score: which node, the label whose probability counts (any: by confidence),
    and from where on."""

    node: str
    label: str
    lowest: Decimal
    score: str
    cell: CellText
    other_tests: bool


def told_guarantees(workbook: DecisionWorkbook, cards: Mapping[str, Card]) -> list[Diagnostic]:
    """For each cell of the routing table that admits cases to automatic processing by a score: what backs it.

    All are hints: whether a threshold needs a guarantee is for people to say. ``cards`` are those of the models that
    could be loaded, by node; cells about others aren't told.
    """
    table = next(
        (table for table in workbook.tables if table.name == workbook.settings.route_table),
        None,
    )
    if table is None:
        return []
    return [
        _told(threshold, cards[threshold.node])
        for rule in table.rules
        if _may_be_automatic(table, rule)
        for threshold in _thresholds(table, rule, cards)
    ]


def _may_be_automatic(table: DecisionTable, rule: Rule) -> bool:
    routes = [
        cell.text.strip()
        for clause, cell in zip(table.outputs, rule.outputs, strict=True)
        if clause.name == "route"
    ]
    return not any(route in _PEOPLE_DECIDE for route in routes)


def _thresholds(table: DecisionTable, rule: Rule, cards: Mapping[str, Card]) -> Iterator[_Threshold]:
    asked = {
        clause.expression.text.strip(): cell for clause, cell in zip(table.inputs, rule.inputs, strict=True)
    }
    for expression, cell in asked.items():
        others = any(other is not cell and other.text.strip() not in {"", "-"} for other in asked.values())
        for node, card in cards.items():
            labels = list(card.labels)
            if expression == f"{node}.confidence":
                lowest = _from_on(cell.text)
                if lowest is not None:
                    label = _only_label(asked.get(f"{node}.label"), labels)
                    # From one half on, being the likeliest label and having that probability are the same.
                    yield _Threshold(
                        node, label if lowest >= Decimal("0.5") else "", lowest, expression, cell, others
                    )
                continue
            for label in labels:
                if expression != f"{node}.probabilities.{label}":
                    continue
                lowest, highest = _from_on(cell.text), _up_to(cell.text)
                if lowest is not None:
                    yield _Threshold(node, label, lowest, expression, cell, others)
                elif highest is not None and len(labels) == 2:
                    other = next(each for each in labels if each != label)
                    yield _Threshold(node, other, 1 - highest, expression, cell, others)


def _told(threshold: _Threshold, card: Card) -> Diagnostic:
    wanted = f"`{threshold.label}`" if threshold.label else "the likeliest label"
    cell = f"`{threshold.score} {threshold.cell.text.strip()}` ({wanted} from {threshold.lowest:f} on)"
    points = [point for point in card.operating_points if point.label == threshold.label]
    backing = [point for point in points if _backs(point, threshold.lowest)]
    if backing:
        best = min(backing, key=lambda point: point.most_wrong)
        alone = ", for the score alone without the rule's other cells" if threshold.other_tests else ""
        return Diagnostic(
            "threshold-backed",
            f"{cell} is backed: {best.promise()}; {_where(best, threshold.lowest, card.name)}{alone}",
            Severity.INFO,
            threshold.cell.place,
        )
    return Diagnostic(
        "threshold-not-backed",
        f"no guarantee backs {cell}: {_why_not(card, points, threshold)}",
        Severity.INFO,
        threshold.cell.place,
    )


def _backs(point: OperatingPoint, lowest: Decimal) -> bool:
    return point.threshold is not None and _shown(point)[0] <= lowest <= _shown(point)[-1]


def _shown(point: OperatingPoint) -> list[Decimal]:
    """The thresholds that hold, the lowest first, as exact decimals."""
    return sorted(Decimal(repr(each.threshold)) for each in point.tested)


def _where(point: OperatingPoint, lowest: Decimal, name: str) -> str:
    exact = next((each for each in point.tested if Decimal(repr(each.threshold)) == lowest), None)
    if exact is not None:
        return f"{exact.errors} of {exact.automatic} cases unseen by {name} were wrong"
    shown = _shown(point)
    below = max(each for each in shown if each <= lowest)
    above = min(each for each in shown if each >= lowest)
    return f"the card of {name} shows it at {below:f} and at {above:f}"


def _why_not(card: Card, points: Sequence[OperatingPoint], threshold: _Threshold) -> str:
    if not points:
        return f"the card of {card.name} has no operating point for it; train it with a goal to get one"
    holding = [point for point in points if point.threshold is not None]
    if not holding:
        return f"of {card.name}, {points[0].promise()}: {points[0].told()}"
    nearest = min(holding, key=lambda point: abs(_shown(point)[0] - threshold.lowest))
    shown = _shown(nearest)
    if threshold.lowest < shown[0]:
        return f"{nearest.promise()} holds from {shown[0]:f} on only"
    return (
        f"it is stricter than what was tested; {nearest.promise()} was shown for all cases from {shown[-1]:f} on, "
        "not for these by themselves"
    )


def _only_label(cell: CellText | None, labels: Sequence[str]) -> str:
    """The one label that a cell admits; empty if it admits several."""
    text = "" if cell is None else cell.text.strip()
    return next((label for label in labels if text in (label, f'"{label}"')), "")


def _from_on(text: str) -> Decimal | None:
    """The lowest number that a cell admits where it admits all above up to 1; None where it isn't of that kind."""
    bounds = _bounds(text)
    return bounds[0] if bounds is not None and bounds[1] >= 1 and bounds[0] > 0 else None


def _up_to(text: str) -> Decimal | None:
    """The highest number that a cell admits where it admits all below down to 0."""
    bounds = _bounds(text)
    return bounds[1] if bounds is not None and bounds[0] <= 0 and bounds[1] < 1 else None


def _bounds(text: str) -> tuple[Decimal, Decimal] | None:
    """The ends of the one interval of probabilities that a cell admits."""
    try:
        tests = parse_unary_tests(text)
    except FeelSyntaxError:
        return None
    if isinstance(tests, syntax.AnyValue) or len(tests.tests) != 1:
        return None
    match tests.tests[0]:
        case syntax.Test(operator=">=" | ">", endpoint=syntax.Number(value=value)):
            low, high = value, Decimal(1)
        case syntax.Test(operator="<=" | "<", endpoint=syntax.Number(value=value)):
            low, high = Decimal(0), value
        case syntax.Interval(start=syntax.Number(value=low), end=syntax.Number(value=high)):
            pass
        case _:
            return None
    if tests.negated:
        # What lies outside is one interval only if the inside reaches 0 or 1.
        if low <= 0:
            return high, Decimal(1)
        return (Decimal(0), low) if high >= 1 else None
    return low, high

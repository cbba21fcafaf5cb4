"""From which score on a rule of the routing table lets cases through, as far as its cells tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from referee.feel import FeelSyntaxError, parse_unary_tests, syntax
from referee.tables import HitPolicy

if TYPE_CHECKING:
    from referee.scoring.card import Card
    from referee.tables import CellText, DecisionTable, Rule

_PEOPLE_DECIDE = ('"human"', '"exception"')
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A cell that divides cases by a score: which node, the label whose probability counts (any: by confidence), and
    the lowest score that goes through, itself left out where it ``is_open``.

    ``takes_part`` says what else keeps cases from this rule that the score alone would let through; empty if nothing.
    """

    node: str
    label: str
    lowest: Decimal
    is_open: bool
    score: str
    cell: CellText
    takes_part: str = ""


@dataclass(frozen=True, slots=True)
class _Interval:
    """Probabilities from ``low`` to ``high``, each end left out where it is open."""

    low: Decimal
    high: Decimal
    low_open: bool = False
    high_open: bool = False

    def outside(self) -> _Interval | None:
        """What lies outside, where that is one interval."""
        if self.low <= 0 and not self.low_open and self.high < 1:
            return _Interval(self.high, Decimal(1), not self.high_open)
        if self.high >= 1 and not self.high_open and self.low > 0:
            return _Interval(Decimal(0), self.low, False, not self.low_open)
        return None

    def meets(self, other: _Interval) -> bool:
        low, high = max(self.low, other.low), min(self.high, other.high)
        is_open = (
            (self.low == low and self.low_open)
            or (other.low == low and other.low_open)
            or (self.high == high and self.high_open)
            or (other.high == high and other.high_open)
        )
        return low < high or (low == high and not is_open)


def may_be_automatic(table: DecisionTable, rule: Rule) -> bool:
    """Whether a rule may lead elsewhere than to people."""
    return not any(
        leads_to_people(cell)
        for clause, cell in zip(table.outputs, rule.outputs, strict=True)
        if clause.name == "route"
    )


def leads_to_people(route: CellText) -> bool:
    """Whether a cell says nothing but a route to people."""
    return route.text.strip() in _PEOPLE_DECIDE


def thresholds(table: DecisionTable, rule: Rule, cards: Mapping[str, Card]) -> list[Threshold]:
    """Those in the rule's own cells; without any, that of the one rule before it that keeps low scores back."""
    before = _before(table, rule)
    found = []
    for threshold, own in _own(table, rule, cards):
        others = [cell for cell in rule.inputs if not cell.is_irrelevant and cell not in own]
        taking = [each for each in before if _may_take(table, each, rule, threshold)]
        found.append(replace(threshold, takes_part=_told_part(others, taking)))
    if found or table.hit_policy is not HitPolicy.FIRST:
        return found
    for keeping in before:
        cells = [cell for cell in keeping.inputs if not cell.is_irrelevant]
        if may_be_automatic(table, keeping) or len(cells) != 1:
            continue
        position = keeping.inputs.index(cells[0])
        if not rule.inputs[position].is_irrelevant:
            continue
        score = " ".join(table.inputs[position].expression.text.split())
        kept = _interval(cells[0].text)
        let = None if kept is None else kept.outside()
        for node, label, lowest in _from_on(score, let, cards):
            others = [cell for cell in rule.inputs if not cell.is_irrelevant]
            taking = [each for each in before if each is not keeping]
            found.append(
                Threshold(
                    node, label, lowest.low, lowest.low_open, score, cells[0], _told_part(others, taking)
                )
            )
    # Several rules that keep back each tell only a part of what goes through.
    return found if len(found) == 1 else []


def _before(table: DecisionTable, rule: Rule) -> list[Rule]:
    """The rules that may take a case away from this one."""
    match table.hit_policy:
        case HitPolicy.FIRST:
            return [each for each in table.rules if each.number < rule.number]
        case HitPolicy.PRIORITY:
            return [each for each in table.rules if each is not rule]
        case _:
            return []


def _told_part(others: Sequence[CellText], taking: Sequence[Rule]) -> str:
    rules = ", ".join(str(each.number) for each in taking)
    parts = [
        "its other cells" if others else "",
        f"rule{'s' if len(taking) > 1 else ''} {rules} that may come first" if taking else "",
    ]
    return " and ".join(part for part in parts if part)


def _may_take(table: DecisionTable, other: Rule, rule: Rule, threshold: Threshold) -> bool:
    """Whether a case of this rule may be the other's: not where both test one score for parts that don't meet."""
    for clause, theirs, ours in zip(table.inputs, other.inputs, rule.inputs, strict=True):
        if " ".join(clause.expression.text.split()) == threshold.score and ours is threshold.cell:
            mine, yours = _interval(ours.text), _interval(theirs.text)
            if mine is not None and yours is not None and not mine.meets(yours):
                return False
    return True


def _own(
    table: DecisionTable, rule: Rule, cards: Mapping[str, Card]
) -> Iterator[tuple[Threshold, list[CellText]]]:
    """The thresholds in the cells of a rule, each with the cells that make it."""
    asked = {
        " ".join(clause.expression.text.split()): cell
        for clause, cell in zip(table.inputs, rule.inputs, strict=True)
    }
    for score, cell in asked.items():
        for node, label, let in _from_on(score, _interval(cell.text), cards):
            own = [cell]
            beside = asked.get(f"{node}.label")
            if not label and beside is not None and let.low >= _HALF:
                # From one half on, being the likeliest label and having that probability are the same.
                label = _only_label(beside, list(cards[node].labels))
                own += [beside] if label else []
            yield Threshold(node, label, let.low, let.low_open, score, cell), own


def _from_on(
    score: str, let: _Interval | None, cards: Mapping[str, Card]
) -> Iterator[tuple[str, str, _Interval]]:
    """Node, label (empty: the likeliest) and what goes through, where that is everything from some score on."""
    if let is None:
        return
    upwards = let.low > 0 and let.high >= 1 and not let.high_open
    downwards = let.low <= 0 and not let.low_open and let.high < 1
    for node, card in cards.items():
        if score == f"{node}.confidence" and upwards:
            yield node, "", let
        for label in card.labels:
            if score != f"{node}.probabilities.{label}":
                continue
            if upwards:
                yield node, label, let
            elif downwards and len(card.labels) == 2:
                other = next(each for each in card.labels if each != label)
                yield node, other, _Interval(1 - let.high, Decimal(1), let.high_open)


def _only_label(cell: CellText, labels: Sequence[str]) -> str:
    """The one label that a cell admits; empty if it admits several."""
    return next((label for label in labels if cell.text.strip() in (label, f'"{label}"')), "")


def _interval(text: str) -> _Interval | None:
    """The one interval of probabilities that a cell admits."""
    try:
        tests = parse_unary_tests(text)
    except FeelSyntaxError:
        return None
    if isinstance(tests, syntax.AnyValue) or len(tests.tests) != 1:
        return None
    match tests.tests[0]:
        case syntax.Test(operator=">=" | ">" as operator, endpoint=syntax.Number(value=value)):
            found = _Interval(value, Decimal(1), operator == ">")
        case syntax.Test(operator="<=" | "<" as operator, endpoint=syntax.Number(value=value)):
            found = _Interval(Decimal(0), value, False, operator == "<")
        case syntax.Interval(start=syntax.Number(value=low), end=syntax.Number(value=high)) as tested:
            found = _Interval(low, high, not tested.start_included, not tested.end_included)
        case _:
            return None
    return found.outside() if tests.negated else found

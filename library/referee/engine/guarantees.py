"""Which guarantee of a model's card backs what the routing table decides by scores, or that none does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from referee.checks.cell_logic import names_in
from referee.checks.whole_decision import cells_of
from referee.domain import Diagnostic, Place, Severity
from referee.engine.score_thresholds import Threshold, leads_to_people, may_be_automatic, thresholds
from referee.feel import FeelSyntaxError, Names, parse_expression, parse_unary_tests
from referee.tables import HitPolicy

if TYPE_CHECKING:
    from referee.scoring.card import Card, OperatingPoint
    from referee.tables import CellText, DecisionTable, Rule
    from referee.workbook import DecisionWorkbook


def told_guarantees(workbook: DecisionWorkbook, cards: Mapping[str, Card]) -> list[Diagnostic]:
    """For each rule of the routing table that lets cases through where a score takes part: what backs it.

    A score takes part by the rule's own cells, by tables and calculations that they use, and by rules that may take
    cases away before it. All are hints: whether a threshold needs a guarantee is for people to say. ``cards`` are
    those of the models that could be loaded, by node; what others do isn't told.
    """
    table = next(
        (table for table in workbook.tables if table.name == workbook.settings.route_table),
        None,
    )
    if table is None:
        return []
    scores = _Scores(workbook, cards)
    told: list[Diagnostic] = []
    for rule in table.rules:
        if not may_be_automatic(table, rule):
            continue
        read = thresholds(table, rule, cards)
        told += [_told(threshold, cards[threshold.node]) for threshold in read]
        behind = scores.behind(table, rule)
        told += [
            _unread(node, place)
            for node, place in behind.items()
            if node not in {threshold.node for threshold in read}
        ]
    return told + scores.told_default(table)


class _Scores:
    """Which model nodes stand behind the cells of a workbook's tables."""

    def __init__(self, workbook: DecisionWorkbook, nodes: Mapping[str, Card]) -> None:
        self._tables = {table.name: table for table in workbook.tables}
        self._nodes = nodes
        self._names = Names(
            {
                *workbook.dictionary.open_names,
                *(definition.node for definition in workbook.models),
                *self._tables,
            }
        )
        self._of_tables: dict[str, set[str]] = {}

    def behind(self, table: DecisionTable, rule: Rule) -> dict[str, Place | None]:
        """The nodes that take part in this rule's cases, each with the cell that says so."""
        rules = [rule]
        if table.hit_policy is HitPolicy.FIRST:
            rules += [each for each in table.rules if each.number < rule.number]
        elif table.hit_policy is HitPolicy.PRIORITY:
            rules += [each for each in table.rules if each is not rule]
        found: dict[str, Place | None] = {}
        for each in rules:
            for node, place in self._of_rule(table, each):
                # What another rule takes away is told at the rule that gets the rest.
                found.setdefault(node, place if each is rule else rule.outputs[0].place)
        return found

    def told_default(self, table: DecisionTable) -> list[Diagnostic]:
        """That cases which no rule takes go on without people, if rules look at scores."""
        defaults = [clause.default for clause in table.outputs if clause.name == "route"]
        [default] = defaults or [None]
        if default is None or default.is_blank or leads_to_people(default):
            return []
        nodes = {node for rule in table.rules for node, _ in self._of_rule(table, rule)}
        return [
            _unread(node, default.place) for node in sorted(nodes | self._of_cell(default, is_test=False))
        ]

    def _of_rule(self, table: DecisionTable, rule: Rule) -> Iterator[tuple[str, Place | None]]:
        for clause, cell in zip(table.inputs, rule.inputs, strict=True):
            if not cell.is_irrelevant:
                nodes = self._of_cell(clause.expression, is_test=False) | self._of_cell(cell, is_test=True)
                yield from ((node, cell.place) for node in sorted(nodes))
        for cell in rule.outputs:
            if not cell.is_blank:
                yield from ((node, cell.place) for node in sorted(self._of_cell(cell, is_test=False)))

    def _of_cell(self, cell: CellText, *, is_test: bool) -> set[str]:
        try:
            tree = (parse_unary_tests if is_test else parse_expression)(cell.text, self._names)
        except FeelSyntaxError:
            return set()
        found: set[str] = set()
        for name in names_in(tree):
            if name in self._nodes:
                found.add(name)
            elif name in self._tables:
                found |= self._of_table(name)
        return found

    def _of_table(self, name: str) -> set[str]:
        if name not in self._of_tables:
            self._of_tables[name] = set()  # a table that needs itself is a fault told elsewhere
            cells = cells_of(self._tables[name])
            self._of_tables[name] = {
                node for cell, is_test in cells for node in self._of_cell(cell, is_test=is_test)
            }
        return self._of_tables[name]


def _unread(node: str, place: Place | None) -> Diagnostic:
    return Diagnostic(
        "score-without-threshold",
        f"no guarantee: the score of `{node}` takes part in what is decided without people here, but no threshold "
        f"could be read; for one that can be backed, test `{node}.probabilities.LABEL` with a cell like `>= 0.9`",
        Severity.INFO,
        place,
    )


def _told(threshold: Threshold, card: Card) -> Diagnostic:
    wanted = f"`{threshold.label}`" if threshold.label else "the likeliest label"
    beyond = "above" if threshold.is_open else "from"
    cases = f"{beyond} {threshold.lowest:f}{'' if threshold.is_open else ' on'}"
    cell = f"`{threshold.score} {threshold.cell.text.strip()}` ({wanted} {cases})"
    points = [point for point in card.operating_points if point.label == threshold.label]
    backing = [] if threshold.is_open else [point for point in points if _backs(point, threshold.lowest)]
    if not backing:
        return Diagnostic(
            "threshold-not-backed",
            f"no guarantee backs {cell}: {_why_not(card, points, threshold)}",
            Severity.INFO,
            threshold.cell.place,
        )
    best = min(backing, key=lambda point: point.most_wrong)
    promise = f"{best.promise()}; {_seen(best, threshold.lowest, card.name)}"
    if threshold.takes_part:
        return Diagnostic(
            "threshold-partly-backed",
            f"{cell} is backed for all cases {cases}: {promise}. This rule takes only part of them "
            f"({threshold.takes_part}): no guarantee for that part",
            Severity.INFO,
            threshold.cell.place,
        )
    return Diagnostic("threshold-backed", f"{cell} is backed: {promise}", Severity.INFO, threshold.cell.place)


def _backs(point: OperatingPoint, lowest: Decimal) -> bool:
    """Whether this very threshold was tested: what holds for others says nothing of the cases it takes."""
    return point.threshold is not None and lowest in _shown(point)


def _seen(point: OperatingPoint, threshold: Decimal, name: str) -> str:
    exact = next(each for each in point.tested if Decimal(repr(each.threshold)) == threshold)
    return f"{exact.errors} of {exact.automatic} cases unseen by {name} were wrong"


def _shown(point: OperatingPoint) -> list[Decimal]:
    """The thresholds that hold, the lowest first, as exact decimals."""
    return sorted(Decimal(repr(each.threshold)) for each in point.tested)


def _why_not(card: Card, points: Sequence[OperatingPoint], threshold: Threshold) -> str:
    if not points:
        return f"the card of {card.name} has no operating point for it; train it with a goal to get one"
    holding = [point for point in points if point.threshold is not None]
    if not holding:
        return f"of {card.name}, {points[0].promise()}: {points[0].told()}"
    # The strictest promise that covers it; else the one whose thresholds come nearest.
    nearest = min(
        holding,
        key=lambda point: (max(_shown(point)[0] - threshold.lowest, Decimal(0)), point.most_wrong),
    )
    shown = _shown(nearest)
    if threshold.lowest < shown[0]:
        return f"{nearest.promise()} holds from {shown[0]:f} on only"
    below = max(each for each in shown if each <= threshold.lowest)
    if below == threshold.lowest:
        return f"it leaves out the cases at {below:f} itself, with which {nearest.promise()} holds"
    above = next((each for each in shown if each > threshold.lowest), None)
    stricter = f"; the next stricter one tested is {above:f}" if above is not None else ""
    return (
        f"this threshold was not tested; {nearest.promise()} holds for all cases from {below:f} on "
        f"({_seen(nearest, below, card.name)}), not for this part of them by itself{stricter}"
    )

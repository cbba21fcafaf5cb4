"""What decision tables may give for some of all cases: the outputs of the rules that can be true there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from referee.checks.case_space import CaseSpace, InputValues
from referee.checks.possible import (
    ANYTHING,
    NOTHING,
    Items,
    Possible,
    paired,
    point,
    touched,
    union,
    whole,
)
from referee.checks.possible_results import Known, possible_value
from referee.checks.stretch_arithmetic import add
from referee.feel import FeelSyntaxError, Names, parse_expression, syntax
from referee.tables import CellText, DecisionTable, HitPolicy


class PossibleTable:
    """The results of one table. A case for which it comes to none is in doubt, and gives no result."""

    def __init__(self, table: DecisionTable, inputs: Mapping[str, InputValues], names: Names) -> None:
        self.table = table
        self._names = names
        self._space = CaseSpace([table], inputs, names.all)
        self._nodes: dict[str, syntax.Node | None] = {}

    def result(self, known: Known, output: int = 0) -> Possible:
        """What one output may be, as the value of the table."""
        policy = self.table.hit_policy
        sure, maybe = self._rules(known)
        default = self.table.outputs[output].default
        if policy is HitPolicy.COLLECT_COUNT:
            return whole(len(sure), len(sure) + len(maybe))
        if policy.is_single:
            given = [self._given(rule, output, known) for rule in sorted((*sure, *maybe))]
            if not sure and default is not None and not default.is_irrelevant:
                given.append(self._value(default, known))
            return union(given)
        if len(self.table.outputs) > 1:
            return ANYTHING
        if not policy.is_aggregate:
            each = union(self._given(rule, output, known) for rule in (*sure, *maybe))
            return Possible(items=Items(each, len(sure), len(sure) + len(maybe)))
        return self._folded(sure, maybe, known)

    def _folded(self, sure: Sequence[int], maybe: Sequence[int], known: Known) -> Possible:
        given = {rule: self._given(rule, 0, known) for rule in (*sure, *maybe)}
        if any(each.is_any or each.null or each.items for each in given.values()):
            return ANYTHING
        if self.table.hit_policy is not HitPolicy.COLLECT_SUM:
            return union(given.values())
        total = NOTHING
        for rule, each in given.items():
            more = each if total is NOTHING else paired(total, each, add)
            # what may be left out leaves the sum as it is, and may be the first
            total = more if rule in sure else union((total, more, *([] if sure else [each])))
        return total

    def _rules(self, known: Known) -> tuple[list[int], list[int]]:
        """The rules that are true in every case and those that are in some; under F those that come too late aren't."""
        held: list[tuple[int, int | None]] = []
        for clause in self.table.inputs:
            at = self._space.dimension_of(clause)
            node = self._node(clause.expression)
            possible = ANYTHING if node is None else possible_value(node, known)
            dimension = self._space.dimensions[at]
            # null where the space has none: nothing is known of the cells then
            is_known = dimension.null or not possible.null
            held.append((at, touched(dimension, possible) if is_known else None))
        sure: list[int] = []
        maybe: list[int] = []
        for number, rule in enumerate(self.table.rules):
            is_sure = True
            for (at, regions), cell in zip(held, rule.inputs, strict=True):
                if cell.is_irrelevant:
                    continue
                answers = self._space.answers(at, cell)
                if answers.is_open or regions is None:
                    is_sure = False
                elif not answers.true & regions:
                    break
                elif regions & ~answers.true:
                    is_sure = False
            else:
                (sure if is_sure else maybe).append(number)
                if is_sure and self.table.hit_policy is HitPolicy.FIRST:
                    break
        return sure, maybe

    def _given(self, rule: int, output: int, known: Known) -> Possible:
        return self._value(self.table.rules[rule].outputs[output], known)

    def _value(self, cell: CellText, known: Known) -> Possible:
        if cell.is_blank:
            return point(None)
        node = self._node(cell)
        return ANYTHING if node is None else possible_value(node, known)

    def _node(self, cell: CellText) -> syntax.Node | None:
        if cell.is_blank:
            return None
        if cell.text not in self._nodes:
            try:
                self._nodes[cell.text] = parse_expression(cell.text, self._names)
            except FeelSyntaxError:
                self._nodes[cell.text] = None
        return self._nodes[cell.text]

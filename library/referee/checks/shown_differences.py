"""Facts that bring a difference between two versions, where inputs are calculated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from referee.checks.both_versions import BothVersions
from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.expression_doubt import may_be_in_doubt
from referee.checks.fact_search import FactSearch, Found, Wanted
from referee.checks.finding import Case
from referee.checks.possible import ONLY_NULL, Possible, of_regions
from referee.checks.value_line import literal_text
from referee.checks.whole_decision import WholeDecision, nested
from referee.domain import Diagnostic, Severity
from referee.feel import Names
from referee.tables import DecisionTable

_PARTS_TRIED = 8


class ShownDifferences:
    """Looks for cases in boxes whose calculated dimensions follow from facts.

    ``deciding`` are the deciding tables of the old and the new version, ``tables`` all of each; ``used`` the dimensions
    that decide in each.
    """

    def __init__(
        self,
        space: CaseSpace,
        inputs: Mapping[str, InputValues],
        names: Collection[str],
        deciding: tuple[str, str],
        tables: tuple[Sequence[DecisionTable], Sequence[DecisionTable]],
        used: tuple[Collection[int], Collection[int]],
    ) -> None:
        self._space = space
        self._versions = [
            WholeDecision(next(table for table in each if table.name == name), inputs, Names(names), each)
            for name, each in zip(deciding, tables, strict=True)
        ]
        self._free = [at for at in sorted({*used[0], *used[1]}) if at not in space.presence.values()]
        self._used = used
        old, new = self._versions
        of_old = {space.dimensions[at].expression for at in used[0] if at not in used[1]}
        self._both = BothVersions(old, new, of_old)
        self.calculated = frozenset(
            at for at in self._free if not self._both.is_fact(space.dimensions[at].expression)
        )

    @cached_property
    def _more(self) -> dict[str, Possible]:
        """The facts that only the old version uses, and no table tests as they are."""
        old, new = self._versions
        tested = {self._space.dimensions[at].expression for at in self._free}
        return {
            path: of_regions(dimension, dimension.full)
            for path in old.facts
            if path not in new.facts and path not in tested and (dimension := old.dimension(path)) is not None
        }

    def case(
        self, box: Box, refused: tuple[bool, bool], budget: Budget, *, is_sure: bool = False
    ) -> Found[Case]:
        """A case of the box that is decided differently; none where none is found, and whether there can be none.

        ``refused`` tells which versions send all cases of the box to people. Where ``is_sure``, what both versions give
        isn't looked at again.
        """
        if not all(version.is_decidable for version in self._versions):
            return Found(None)
        lacking = {
            node for node, at in self._space.presence.items() if box[at] == self._space.dimensions[at].null
        }
        limits = [(at, self._space.dimensions[at]) for at in self._free]
        wanted = [
            Wanted(dimension.expression, dimension, box[at])
            for at, dimension in limits
            if (at not in self.calculated or box[at] != dimension.full)
            and not self._space.nodes_of(dimension.expression) & lacking
        ]

        def show(facts: Mapping[str, Any]) -> Case | None:
            given = {path: value for path, value in facts.items() if path.partition(".")[0] not in lacking}
            given |= dict.fromkeys(sorted(lacking))
            if not is_sure and not self._differ(given, refused):
                return None
            return Case(given, "", nested(given))

        try:
            return FactSearch(self._both, wanted, show, budget, facts=self._more).find()
        except OutOfBudget:
            return Found(None)

    def doubtable(self, *, all_of_them: bool) -> list[str]:
        """The calculated inputs that can't be told in every case: all, or those of one version only."""
        old, new = (set(each) for each in self._doubtable)
        return sorted(old | new if all_of_them else old ^ new)

    @cached_property
    def _doubtable(self) -> list[list[str]]:
        return [
            [
                text
                for at in sorted(self.calculated & frozenset(used))
                if may_be_in_doubt(version.node(text := self._space.dimensions[at].expression), version)
            ]
            for version, used in zip(self._versions, self._used, strict=True)
        ]

    def in_doubt(
        self, told: Sequence[Box], admitted: Mapping[int, int], budget: Budget
    ) -> Iterator[tuple[dict[str, str], Case]]:
        """Cases that are decided differently while a calculated input can't be told: which they are, and one of each.

        Searched for, not proved. Left out are those of boxes that are ``told``, and values of dimensions that aren't
        ``admitted``.
        """
        if not any(self._doubtable) or not all(version.is_decidable for version in self._versions):
            return
        bounds = {
            path: of_regions(dimension, dimension.full)
            for path in self._both.facts
            if (dimension := self._both.dimension(path)) is not None
        }
        for at, regions in admitted.items():
            dimension = self._space.dimensions[at]
            if dimension.expression in bounds:
                bounds[dimension.expression] = of_regions(dimension, regions)

        def show(facts: Mapping[str, Any]) -> Case | None:
            is_new = self._is_any_in_doubt(facts) and not any(self._holds(box, facts) for box in told)
            return Case(facts, "", nested(facts)) if is_new and self._differ(facts, (False, False)) else None

        optional = [path for path, possible in bounds.items() if possible.null]
        for missing in (*optional, None):
            facts = {**bounds, missing: ONLY_NULL} if missing is not None else bounds
            try:
                case = (
                    FactSearch(self._both, [], show, budget, facts=facts, most_parts=_PARTS_TRIED)
                    .find()
                    .shown
                )
            except OutOfBudget:
                return
            if case is None:
                continue
            if missing is not None:
                yield {missing: "null"}, case
            elif all(value is not None for value in case.values.values()):
                used = [
                    path for texts in self._doubtable for text in texts for path in self._both.facts_in(text)
                ]
                yield {path: literal_text(case.values[path]) for path in used if path in case.values}, case

    def _is_any_in_doubt(self, facts: Mapping[str, Any]) -> bool:
        for version, texts in zip(self._versions, self._doubtable, strict=True):
            evaluated = version.evaluated(facts)
            if evaluated is None or any(evaluated(text)[1] for text in texts):
                return True
        return False

    def _holds(self, box: Box, facts: Mapping[str, Any]) -> bool:
        """Whether facts lie in a box that says nothing of what is calculated."""
        for at in self._free:
            dimension = self._space.dimensions[at]
            if at in self.calculated:
                if box[at] != dimension.full:
                    return False
                continue
            region = dimension.region_of(facts.get(dimension.expression))
            if region is None or not box[at] >> region & 1:
                return False
        return True

    def _differ(self, facts: Mapping[str, Any], refused: tuple[bool, bool]) -> bool:
        old, new = (
            None if is_refused else _given(version, facts)
            for version, is_refused in zip(self._versions, refused, strict=True)
        )
        return old != new


def _given(version: WholeDecision, facts: Mapping[str, Any]) -> tuple[Any] | None:
    """What a version gives; nothing where it is in doubt."""
    scope = version.scope(facts)
    if scope is None:
        return None
    sink: list[Diagnostic] = []
    result = version.compiled.decide(scope, sink)
    is_doubtful = any(each.severity is not Severity.INFO for each in sink)
    return None if is_doubtful else (result.value,)

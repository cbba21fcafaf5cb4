"""Facts that bring a difference between two versions, where inputs are calculated."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from referee.checks.both_versions import BothVersions
from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.fact_search import FactSearch, Found, Wanted
from referee.checks.finding import Case
from referee.checks.possible import Possible, of_regions
from referee.checks.whole_decision import WholeDecision, nested
from referee.domain import Diagnostic, Severity
from referee.feel import Names
from referee.tables import DecisionTable


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

"""Why a case was decided as it was: table by table the rule, its cells and what the case held for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from referee.domain import Decision, NodeTrace, RuleRef
from referee.engine.example_case import Example
from referee.engine.nearest_change import NearestChanges, nearest_changes
from referee.engine.pushed_scores import Push, pushes
from referee.engine.rule_cells import CaseScope, InputCell
from referee.engine.trial import Trial
from referee.tables import DecisionTable, HitPolicy

MISSED = 3
"""Rules told that nearly matched."""

RULES_TRIED = 2_000
"""Rules of a large routing table that are looked at for those that nearly matched."""


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that gave a table's value, with the cells of it that say something."""

    rule: RuleRef
    cells: tuple[InputCell, ...]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeExplanation:
    """A table with the rules that fired, or a model (``table`` is None) with its score and what ``pushed`` it most.

    ``missed`` are rules of the routing table for other routes that one cell alone kept from matching, with that cell.
    """

    name: str
    value: Any
    table: DecisionTable | None
    rules: tuple[FiredRule, ...]
    missed: tuple[tuple[RuleRef, InputCell], ...] = ()
    pushed: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why: the decision, what was asked from the routing table downwards, and what would change the route.

    ``hidden`` are the sensitive facts, whose values are not for everybody's eyes.
    """

    decision: Decision
    nodes: tuple[NodeExplanation, ...]
    nearest: NearestChanges
    hidden: frozenset[str]

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the case went to a person whatever the rules said; empty where nothing was in doubt."""
        is_doubtful = any(diagnostic.is_doubt for diagnostic in self.decision.diagnostics)
        return self.decision.reasons if is_doubtful else ()


def explain(trial: Trial, case_id: str, example: Example) -> Explanation:
    """Decides the case and says why. Nothing is written anywhere."""
    decision = trial.decide(example.facts, example.scores, case_id)
    return Explanation(
        decision,
        explained_nodes(trial, example, decision.trace),
        nearest_changes(trial, example, decision),
        trial.workbook.dictionary.sensitive,
    )


def explained_nodes(
    trial: Trial, example: Example, trace: tuple[NodeTrace, ...]
) -> tuple[NodeExplanation, ...]:
    """What was evaluated, the routing table first and each before what it needed."""
    scope = CaseScope(trial, example.facts, example.scores)
    tables = {table.name: table for table in trial.workbook.tables}
    nodes = [
        _node(scope, tables[node.name], node) if node.name in tables else _score(trial, example, node)
        for node in reversed(trace)
    ]
    if nodes and nodes[0].name == trial.workbook.settings.route_table:
        nodes[0] = replace(nodes[0], missed=tuple(islice(_missed(scope, nodes[0]), MISSED)))
    return tuple(nodes)


def _missed(scope: CaseScope, node: NodeExplanation) -> Iterator[tuple[RuleRef, InputCell]]:
    if node.table is None:
        return
    position = [clause.name for clause in node.table.outputs].index("route")
    fired = {each.rule.number: each.outputs.get("route") for each in node.rules}
    for rule in node.table.rules[:RULES_TRIED]:
        if rule.number in fired:
            if node.table.hit_policy is HitPolicy.FIRST:
                return
        elif rule.outputs[position].text not in fired.values():
            cell = scope.only_miss(node.table, rule)
            if cell is not None:
                yield RuleRef(node.table.name, rule.number, rule.place), cell


def _score(trial: Trial, example: Example, node: NodeTrace) -> NodeExplanation:
    if node.value is None:
        return NodeExplanation(node.name, None, None, ())
    dictionary = trial.workbook.dictionary
    facts, _ = dictionary.check(example.facts)
    told = trial.contributions(node.name, example.facts, example.scores)
    return NodeExplanation(node.name, node.value, None, (), pushed=pushes(told, facts, dictionary))


def _node(scope: CaseScope, table: DecisionTable, node: NodeTrace) -> NodeExplanation:
    rules = {rule.number: rule for rule in table.rules}
    fired = tuple(
        FiredRule(
            reference,
            tuple(scope.input_cells(table, rules[reference.number])),
            {
                clause.name: cell.text
                for clause, cell in zip(table.outputs, rules[reference.number].outputs, strict=True)
                if not cell.is_blank
            },
        )
        for reference in node.rules
    )
    return NodeExplanation(node.name, node.value, table, fired)

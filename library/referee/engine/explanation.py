"""Why a case was decided as it was: table by table the rule, its cells and what the case held for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from referee.domain import Decision, NodeTrace, RuleRef
from referee.engine.example_case import Example
from referee.engine.nearest_change import NearestChanges, nearest_changes
from referee.engine.rule_cells import CaseScope, InputCell
from referee.engine.trial import Trial
from referee.tables import DecisionTable


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that gave a table's value, with the cells of it that say something."""

    rule: RuleRef
    cells: tuple[InputCell, ...]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeExplanation:
    """A table with the rules that fired, or a model (``table`` is None) with its score."""

    name: str
    value: Any
    table: DecisionTable | None
    rules: tuple[FiredRule, ...]


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
    return tuple(_node(scope, tables.get(node.name), node) for node in reversed(trace))


def _node(scope: CaseScope, table: DecisionTable | None, node: NodeTrace) -> NodeExplanation:
    if table is None:
        return NodeExplanation(node.name, node.value, None, ())
    rules = {rule.number: rule for rule in table.rules}
    fired = tuple(
        FiredRule(
            reference,
            scope.input_cells(table, rules[reference.number]),
            {
                clause.name: cell.text
                for clause, cell in zip(table.outputs, rules[reference.number].outputs, strict=True)
                if not cell.is_blank
            },
        )
        for reference in node.rules
    )
    return NodeExplanation(node.name, node.value, table, fired)

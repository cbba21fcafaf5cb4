"""An explanation in words: for people, and as JSON. Sensitive values stay hidden unless asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from referee.engine.pushed_scores import HIDDEN
from referee.feel.values.text import nested_text

if TYPE_CHECKING:
    from referee.domain import RuleRef
    from referee.engine.explanation import Explanation, NodeExplanation
    from referee.engine.nearest_change import Change, RouteChange
    from referee.engine.pushed_scores import Push
    from referee.engine.recorded_decision import RecordedDecision
    from referee.engine.rule_cells import InputCell
    from referee.workbook import DecisionWorkbook


class Teller:
    """Tells one explanation; templates use its parts."""

    def __init__(self, explanation: Explanation, show_sensitive: bool) -> None:
        self._explanation = explanation
        self._hidden = frozenset() if show_sensitive else explanation.hidden

    def lines(self) -> Iterator[str]:
        """The whole explanation, line by line."""
        decision = self._explanation.decision
        versions = decision.versions
        case = f"case {decision.case_id}: " if decision.case_id else ""
        decided = steps(str(decision.route), decision.action, decision.queue)
        yield f"{case}{decided} ({versions.decision} {versions.version})"
        for reason in decision.reasons:
            yield f"  {'in doubt: ' if self._explanation.doubts else 'because: '}{reason}"
        for node in self._explanation.nodes:
            yield ""
            yield from self._node(node)
        yield ""
        yield from self._changes()

    def _node(self, node: NodeExplanation) -> Iterator[str]:
        if node.table is None:
            yield f"{node.name} (model): {self.score(node.value)}"
            for push in self.pushes(node):
                yield f"  {self.push(push, node.value['label'])}"
            return
        is_routing = node.value == self._explanation.decision.outputs
        yield node.name if is_routing else f"{node.name} = {shown(node.value)}"
        if not node.rules:
            yield "  no rule fired"
        for fired in node.rules:
            yield f"  {rule_name(fired.rule)}"
            for cell in fired.cells:
                yield f"    {self.cell(cell)}"
            if not fired.cells:
                yield "    any case"
            if fired.rule.annotation:
                yield f"    remark: {fired.rule.annotation}"
        for rule, cell in node.missed:
            yield f"  nearly {rule_name(rule)}, but for"
            yield f"    {self.cell(cell)}"

    def _changes(self) -> Iterator[str]:
        nearest = self._explanation.nearest
        if nearest.found:
            yield "what would change the route"
            for each in nearest.found:
                yield f"  {self.change(each)}"
        else:
            yield "no change of one or two facts was found that would change the route"
        if not nearest.all_pairs:
            yield f"  {nearest.decided} changed cases were decided; not every change of two facts was tried"

    def cell(self, cell: InputCell) -> str:
        """``amount eur <= approval limit: it is 900, approval limit is 5000``."""
        said = [f"it is {self.seen(cell.column_names, cell.value)}"]
        said += [f"{name} is {self.seen({name}, value)}" for name, value in cell.references.items()]
        return f"{cell.clause.expression.text} {cell.cell.text}: {', '.join(said)}"

    def change(self, each: RouteChange) -> str:
        """``auto, post invoice: if amount eur were 5000 instead of 6200``."""
        decision = each.decision
        return f"{steps(str(decision.route), decision.action, decision.queue)}: if {self.condition(each)}"

    def condition(self, each: RouteChange) -> str:
        """``amount eur were 5000 instead of 6200``."""
        return " and ".join(self._one(change) for change in each.changes)

    def _one(self, change: Change) -> str:
        if change.name in self._hidden:
            return f"{change.name} had another value"
        after, before = (shown(value) for value in (change.after, change.before))
        return f"{change.name} were {after} instead of {before}"

    def score(self, value: Any) -> str:
        """A score in words."""
        if not isinstance(value, Mapping):
            return "no score"
        parts = [f"label {nested_text(value.get('label'))}", f"confidence {shown(value.get('confidence'))}"]
        probabilities = value.get("probabilities")
        if isinstance(probabilities, Mapping):
            parts += [f"probability of {label} {shown(each)}" for label, each in probabilities.items()]
        return ", ".join(parts)

    def pushes(self, node: NodeExplanation) -> Sequence[Push]:
        """What pushed a model's score, the strongest first; hidden ones last, by name."""
        from referee.engine.pushed_scores import for_all_eyes

        return for_all_eyes(node.pushed) if self._hidden else node.pushed

    def push(self, push: Push, label: str) -> str:
        """``pirat 0.45 (payments on debts to income) pushed towards yes (+0.84)``."""
        return push.told(label, show_sensitive=not self._hidden)

    def seen(self, names: Iterable[str], value: Any) -> str:
        """A value as FEEL writes it; hidden where it comes from a sensitive fact."""
        return HIDDEN if self._hidden & set(names) else shown(value)

    def record(self) -> dict[str, Any]:
        """The explanation for machines."""
        decision = self._explanation.decision
        return {
            "case": decision.case_id,
            "decision": decision.versions.decision,
            "version": decision.versions.version,
            "route": str(decision.route),
            "action": decision.action,
            "queue": decision.queue,
            "reasons": list(decision.reasons),
            "doubts": list(self._explanation.doubts),
            "nodes": [self._node_record(node) for node in self._explanation.nodes],
            "changes": [
                {
                    "route": str(each.decision.route),
                    "action": each.decision.action,
                    "queue": each.decision.queue,
                    "distance": round(each.distance, 6),
                    "changes": [
                        {
                            "name": change.name,
                            "kind": "score" if change.is_score else "fact",
                            "before": self._json({change.name}, change.before),
                            "after": self._json({change.name}, change.after),
                        }
                        for change in each.changes
                    ],
                }
                for each in self._explanation.nearest.found
            ],
            "decided": self._explanation.nearest.decided,
            "all_pairs": self._explanation.nearest.all_pairs,
        }

    def _score_record(self, score: Any) -> Any:
        from referee.engine.pushed_scores import without_sizes

        return without_sizes(score, self._hidden) if isinstance(score, Mapping) else score

    def _node_record(self, node: NodeExplanation) -> dict[str, Any]:
        return {
            "name": node.name,
            "kind": "model" if node.table is None else "table",
            "value": node.value if node.table is not None else self._score_record(node.value),
            "pushed": [
                {
                    "fact": push.contribution.feature,
                    "value": self._json({push.contribution.feature}, push.value),
                    "size": None
                    if push.contribution.feature in self._hidden
                    else round(push.contribution.size, 6),
                    "unit": push.contribution.unit,
                    "meaning": push.meaning,
                }
                for push in self.pushes(node)
            ],
            "rules": [
                {
                    "rule": fired.rule.number,
                    "place": str(fired.rule.place or ""),
                    "annotation": fired.rule.annotation,
                    "cells": [self._cell_record(cell) for cell in fired.cells],
                    "outputs": dict(fired.outputs),
                }
                for fired in node.rules
            ],
            "missed": [
                {"rule": rule.number, "place": str(rule.place or ""), "cell": self._cell_record(cell)}
                for rule, cell in node.missed
            ],
        }

    def _cell_record(self, cell: InputCell) -> dict[str, Any]:
        return {
            "column": cell.clause.expression.text,
            "cell": cell.cell.text,
            "place": str(cell.cell.place or ""),
            "value": self._json(cell.column_names, cell.value),
            "references": {name: self._json({name}, value) for name, value in cell.references.items()},
        }

    def _json(self, names: Iterable[str], value: Any) -> Any:
        return HIDDEN if self._hidden & set(names) else value


def shown(value: Any) -> str:
    """A value as FEEL writes it."""
    return nested_text(value)


def steps(route: str, action: str, queue: str) -> str:
    """``auto, post invoice``."""
    return ", ".join(part for part in (route, action, queue) if part)


def rule_name(rule: RuleRef) -> str:
    """``rule 15 (limits.xlsx, sheet Routing, cell A19)``."""
    return f"rule {rule.number}" + (f" ({rule.place})" if rule.place is not None else "")


def record_lines(recorded: RecordedDecision) -> Iterator[str]:
    """Where the decision stands in the log."""
    yield f"decided so on {_moment(recorded.time)}, record {recorded.position} of the log, by this very workbook"
    if recorded.hidden:
        names = ", ".join(sorted(recorded.hidden))
        yield f"the log doesn't show {names}, which the rules don't use; the changes were tried without"


def recorded_lines(recorded: RecordedDecision, workbook: DecisionWorkbook) -> Iterator[str]:
    """What the log says by itself, and why the workbook can't tell more."""
    payload = recorded.payload
    versions = payload["versions"]
    decided = steps(payload["route"], payload["action"], payload["queue"])
    yield f"case {payload['case']}: {decided} ({payload['decision']} {versions['workbook_version']})"
    for reason in payload["reasons"]:
        yield f"  reason: {reason}"
    for rule in payload["rules"]:
        remark = f": {rule['annotation']}" if rule["annotation"] else ""
        yield f"  {rule['table']}, rule {rule['rule']} ({rule['place']}){remark}"
    for node, score in payload["scores"].items():
        yield f"  {node}: {nested_text(score)}"
    yield ""
    yield f"decided so on {_moment(recorded.time)}, record {recorded.position} of the log"
    if recorded.unreadable:
        yield f"{recorded.unreadable}; so the case is told as it was recorded, and not decided again"
    if recorded.is_by(workbook):
        if not recorded.unreadable:
            yield "the same workbook gives another decision for the facts in the log; see its reasons above"
    else:
        yield (
            f"the workbook has changed since: then version {versions['workbook_version']}, "
            f"sha256 {versions['workbook_sha256'][:16]}; "
            f"{workbook.path.name} is version {workbook.settings.version}, sha256 {workbook.sha256[:16]}"
        )


def _moment(time: str) -> str:
    return f"{time[:10]} at {time[11:19]} UTC"

"""What the audit log says about a decision."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from referee.audit import canonical_json, mask
from referee.domain import AuditError, Decision, NodeTrace, Route, Versions
from referee.workitems import CaseState

SCORE_KEYS = {"label", "confidence", "probabilities"}


def decision_payload(
    decision: Decision, *, hidden: Collection[str], key: bytes, volatile: Collection[str]
) -> dict[str, Any]:
    """The payload of a ``decision`` record. Facts named in ``hidden`` appear as hashes keyed by ``key``.

    ``facts_sha256`` tells whether a case is still the same: it is taken over the facts as they stand in the record, so
    it betrays nothing about hidden ones, and without those that change by themselves (``volatile``).
    """
    facts = mask(decision.facts, hidden, key)
    lasting = {name: value for name, value in facts.items() if name not in volatile}
    return {
        "case": decision.case_id,
        "decision": decision.versions.decision,
        "facts": facts,
        "facts_sha256": hashlib.sha256(canonical_json(lasting)).hexdigest(),
        "route": str(decision.route),
        "action": decision.action,
        "queue": decision.queue,
        "reasons": list(decision.reasons),
        "outputs": dict(decision.outputs),
        "rules": [
            {
                "table": rule.table,
                "rule": rule.number,
                "place": "" if rule.place is None else str(rule.place),
                "annotation": rule.annotation,
            }
            for node in decision.trace
            for rule in node.rules
        ],
        "scores": scores(decision.trace),
        "diagnostics": [
            {
                "code": diagnostic.code,
                "message": diagnostic.message,
                "severity": str(diagnostic.severity),
                "place": "" if diagnostic.place is None else str(diagnostic.place),
            }
            for diagnostic in decision.diagnostics
        ],
        "versions": _versions(decision.versions),
    }


def _versions(versions: Versions) -> dict[str, Any]:
    return {
        "workbook_version": versions.version,
        "workbook_sha256": versions.workbook_sha256,
        "models": {
            node: {"version": version, "sha256": sha256}
            for node, (version, sha256) in versions.models.items()
        },
    }


def scores(trace: Collection[NodeTrace]) -> dict[str, Any]:
    """The scores among the nodes that were evaluated, by node name."""
    return {
        node.name: node.value
        for node in trace
        if isinstance(node.value, Mapping) and node.value.keys() >= SCORE_KEYS
    }


def position_of(decision: Decision) -> int:
    """Where the decision stands in the log. Acting on a decision without a receipt is a broken contract."""
    if decision.receipt is None:
        raise AuditError(
            f"case {decision.case_id}: the decision is not in the audit log; nobody may act on it"
        )
    return decision.receipt.position


def as_logged(decision: Decision, state: CaseState) -> Decision:
    """What the log says about a case, with the facts of ``decision``, a fresh evaluation of the same case.

    The fresh trace and diagnostics are kept only where the same versions gave them.
    """
    logged = from_log(state, decision.versions)
    if not same_versions(state, decision):
        return replace(logged, facts=decision.facts)
    return replace(logged, facts=decision.facts, trace=decision.trace, diagnostics=decision.diagnostics)


def same_versions(state: CaseState, decision: Decision) -> bool:
    """Whether the same rules and models gave the logged decision and this one."""
    return canonical_json(state.decision["versions"]) == canonical_json(_versions(decision.versions))


def from_log(state: CaseState, versions: Versions) -> Decision:
    """The logged decision as far as the log holds it: hidden facts as hashes, no trace of values."""
    logged = state.decision
    return Decision(
        case_id=state.case_id,
        route=Route(logged["route"]),
        action=logged["action"],
        queue=logged["queue"],
        reasons=tuple(logged["reasons"]),
        facts=logged["facts"],
        outputs=logged["outputs"],
        trace=(),
        diagnostics=(),
        versions=versions,
        receipt=state.receipt,
    )

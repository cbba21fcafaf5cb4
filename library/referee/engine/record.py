"""What the audit log says about a decision."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from referee.audit import CaseKey, canonical_json
from referee.audit.sensitive import MASK_MARK, NOT_SHOWN, hide, keyed_hash
from referee.domain import (
    AuditError,
    CellAddress,
    Decision,
    LineAddress,
    NodeTrace,
    Place,
    Route,
    RuleRef,
    Versions,
)
from referee.engine.pushed_scores import without_sizes
from referee.engine.repeated_facts import RepeatedFacts
from referee.workitems import CaseState

NONE_REPEATED = RepeatedFacts(())

SCORE_KEYS = {"label", "confidence", "probabilities"}

LONGEST_SHOWN = 60
"""Characters of a fact that stand in the reason that names it."""

_CELL = re.compile(r"(?P<workbook>.+), sheet (?P<sheet>.+), cell (?P<cell>[A-Z]+[0-9]+)")


def decision_payload(
    decision: Decision,
    *,
    logged_as: Mapping[str, str] = MappingProxyType({}),
    key: CaseKey | None = None,
    repeated: RepeatedFacts = NONE_REPEATED,
    volatile: Collection[str] = (),
) -> dict[str, Any]:
    """The payload of a ``decision`` record. The facts of ``logged_as`` are hidden in that way under ``key``; without
    one only a mark stands there. Their values are taken out of everything else by ``repeated``.

    ``facts_sha256`` tells whether a case is still the same: it is taken over the facts without those that change by
    themselves (``volatile``), and over keyed hashes of sensitive ones, so it betrays nothing about them.
    """
    whose = (decision.versions.decision, decision.case_id)
    facts: dict[str, Any] = dict(decision.facts)
    compared = {name: value for name, value in facts.items() if name not in volatile}
    for name, how in logged_as.items():
        value = facts.get(name)
        if value is None:
            continue
        facts[name] = NOT_SHOWN if key is None else hide(value, how, key, (*whose, name))
        if name in compared:
            compared[name] = NOT_SHOWN if key is None else keyed_hash(key, value)
    return {
        "case": decision.case_id,
        "decision": decision.versions.decision,
        "facts": facts,
        "facts_sha256": hashlib.sha256(canonical_json(compared)).hexdigest(),
        **conclusion(decision, repeated),
        "versions": _versions(decision.versions),
    }


def conclusion(decision: Decision, repeated: RepeatedFacts = NONE_REPEATED) -> dict[str, Any]:
    """What a decision came to, as its record says it: all that follows from the facts and the versions."""
    return {
        "route": str(decision.route),
        "action": decision.action,
        "queue": repeated.without(decision.queue),
        "reasons": repeated.without(list(decision.reasons)),
        "outputs": repeated.without(dict(decision.outputs)),
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
        "scores": {
            node: without_sizes(value, repeated.names) for node, value in scores(decision.trace).items()
        },
        "diagnostics": [
            {
                "code": diagnostic.code,
                "message": repeated.without(diagnostic.message),
                "severity": str(diagnostic.severity),
                "place": "" if diagnostic.place is None else str(diagnostic.place),
            }
            for diagnostic in decision.diagnostics
        ],
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

    What the log doesn't hold (trace, diagnostics, outputs that repeat a sensitive fact) is that of the fresh evaluation
    where the same versions gave it.
    """
    logged = from_log(state)
    if not same_versions(state, decision):
        return replace(logged, facts=decision.facts)
    hidden = {name: value for name, value in decision.outputs.items() if name not in logged.outputs}
    return replace(
        logged,
        facts=decision.facts,
        outputs={**logged.outputs, **hidden},
        trace=decision.trace,
        diagnostics=decision.diagnostics,
    )


def same_versions(state: CaseState, decision: Decision) -> bool:
    """Whether the same rules and models gave the logged decision and this one."""
    return canonical_json(state.decision["versions"]) == canonical_json(_versions(decision.versions))


def from_log(state: CaseState) -> Decision:
    """The logged decision as far as the log holds it: sensitive facts as they stand there, outputs without those that
    repeat one, and of the trace the rules that fired and the scores. Versions are those that gave it.

    An action that needs an output which isn't there fails, and the case goes to people.
    """
    try:
        return _from_log(state)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:  # the log was written by somebody else
        raise AuditError(
            f"record {state.position} of the audit log isn't a decision that Referee wrote, though its hash is right "
            f"({fault}); see `referee audit verify --contents`, restore the log from a copy that its checkpoints vouch "
            "for, and keep this one as evidence"
        ) from None


def _from_log(state: CaseState) -> Decision:
    logged = state.decision
    versions = logged["versions"]
    return Decision(
        case_id=state.case_id,
        route=Route(logged["route"]),
        action=logged["action"],
        queue=logged["queue"],
        reasons=tuple(logged["reasons"]),
        facts=logged["facts"],
        outputs={name: value for name, value in logged["outputs"].items() if not _is_cut(value)},
        trace=(
            *(NodeTrace(node, value) for node, value in logged["scores"].items()),
            *(NodeTrace(rule["table"], None, (_rule(rule),)) for rule in logged["rules"]),
        ),
        diagnostics=(),
        versions=Versions(
            logged["decision"],
            versions["workbook_version"],
            versions["workbook_sha256"],
            {node: (model["version"], model["sha256"]) for node, model in versions["models"].items()},
        ),
        receipt=state.receipt,
    )


def _is_cut(value: Any) -> bool:
    """Whether a logged value lacks a sensitive fact that it repeated."""
    return NOT_SHOWN in canonical_json(value).decode("utf-8")


def _rule(logged: Mapping[str, Any]) -> RuleRef:
    return RuleRef(logged["table"], int(logged["rule"]), _place(logged["place"]), logged["annotation"])


def _place(text: str) -> Place | None:
    if cell := _CELL.fullmatch(text):
        return CellAddress(cell["workbook"], cell["sheet"], cell["cell"])
    return LineAddress(text) if text else None


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], *, hidden: Collection[str], volatile: Collection[str]
) -> list[str]:
    """Which facts of a case differ from those in the log, each as a phrase: ```amount` was 100, is 499``.

    Both are facts as `decision_payload` writes them. Of ``hidden`` facts only the name is told.
    """
    told: list[str] = []
    masked: list[str] = []
    for name in dict.fromkeys([*after, *before]):
        was, now = before.get(name), after.get(name)
        if name in volatile:
            continue
        if canonical_json(was) == canonical_json(now):
            masked += [f"`{name}`, which is masked in the log"] if str(now).startswith(MASK_MARK) else []
            continue
        told.append(f"`{name}`" if name in hidden else f"`{name}` was {_shown(was)}, is {_shown(now)}")
    return told or masked


def _shown(value: Any) -> str:
    if value is None:
        return "blank"
    text = " ".join(canonical_json(value).decode("utf-8").split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"

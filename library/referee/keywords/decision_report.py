"""A decision as people read it in log.html: a small table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from referee.domain import Decision, Diagnostic

if TYPE_CHECKING:
    from referee.engine.pushed_scores import Push

COLOURS = {"auto": "#2e7d32", "exception": "#b26a00", "human": "#1565c0"}

MISSING = "fact-missing"
_OF_NULL = frozenset({"null-operand", "null-unspoken"})
_QUOTED = re.compile(r"`([^`]+)`")


def decision_table(decision: Decision, pushed: Mapping[str, Sequence[Push]] = MappingProxyType({})) -> str:
    """HTML with route, reasons, the rules that fired with their cells, scores, what pushed them, and remarks.
    Where a required fact is missing, what the rules noticed only for that is left out; the audit log has it.

    Every text is escaped; values of sensitive facts are not shown.
    """
    colour = COLOURS[str(decision.route)]
    badge = f'<b style="color:{colour}">{escape(str(decision.route))}</b>'
    step = " → ".join(escape(part) for part in (decision.action, decision.queue) if part)
    rows = [
        ("case", escape(decision.case_id)),
        ("route", f"{badge} {step}"),
        ("why", _lines(decision.reasons)),
        ("rules", _lines(_rules(decision))),
        ("score", _lines(_scores(decision, pushed))),
        ("remarks", _lines(_remarks(decision))),
    ]
    if decision.receipt is not None:
        rows.append(("audit", f"record {decision.receipt.position}, hash {decision.receipt.hash[:12]}"))
    body = "".join(
        f'<tr><td style="padding:1px 8px;vertical-align:top;color:#777">{name}</td>'
        f'<td style="padding:1px 8px">{text}</td></tr>'
        for name, text in rows
        if text
    )
    return f'<table style="border-left:4px solid {colour};border-collapse:collapse">{body}</table>'


def _rules(decision: Decision) -> Iterable[str]:
    for node in decision.trace:
        for rule in node.rules:
            place = f" ({rule.place})" if rule.place is not None else ""
            note = f": {rule.annotation}" if rule.annotation else ""
            yield f"{rule.table}, rule {rule.number}{place}{note}"


def _remarks(decision: Decision) -> Iterable[str]:
    missing = {
        name for d in decision.diagnostics if d.code == MISSING for name in _QUOTED.findall(d.message)[:1]
    }
    for diagnostic in decision.diagnostics:
        told = str(diagnostic)
        if told not in decision.reasons and not (missing and _only_follows(diagnostic, decision, missing)):
            yield told


def _only_follows(diagnostic: Diagnostic, decision: Decision, missing: Set[str]) -> bool:
    """Whether the rules are not at fault: they had nothing to look at, or what comes of that."""
    if diagnostic.code == "table-no-hit":
        return True
    if diagnostic.code not in _OF_NULL:
        return False
    about = _QUOTED.findall(diagnostic.message)[:1]
    return not any(name in decision.facts and name not in missing for name in about)


def _scores(decision: Decision, pushed: Mapping[str, Sequence[Push]]) -> Iterable[str]:
    from referee.engine.pushed_scores import for_all_eyes

    for node in decision.trace:
        if isinstance(node.value, Mapping) and {"label", "confidence"} <= node.value.keys():
            yield f"{node.name}: {_shown(node.value['label'])}, confidence {_shown(node.value['confidence'])}"
            for push in for_all_eyes(pushed.get(node.name, ())):
                yield f"\N{BULLET} {push.told(_shown(node.value['label']))}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(escape(text) for text in texts)

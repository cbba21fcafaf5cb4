"""A decision as people read it in log.html: a small table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from referee.domain import Decision

if TYPE_CHECKING:
    from referee.engine.pushed_scores import Push

COLOURS = {"auto": "#2e7d32", "exception": "#b26a00", "human": "#1565c0"}


def decision_table(decision: Decision, pushed: Mapping[str, Sequence[Push]] = MappingProxyType({})) -> str:
    """HTML with route, reasons, the rules that fired with their cells, scores, what pushed them, and remarks.

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
        ("remarks", _lines(str(d) for d in decision.diagnostics if str(d) not in decision.reasons)),
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

"""A record of the audit log in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from referee.audit import Record


def sentence(record: Record) -> str:
    """What happened, in one sentence without its end."""
    payload = record.payload
    match record.kind:
        case "decision":
            steps = ", ".join(part for part in _fields(payload, "route", "action", "queue") if part)
            version = (payload.get("versions") or {}).get("workbook_version", "")
            return f"{payload.get('decision')} {version} decided: {steps}".replace("  ", " ")
        case "action":
            return _action(payload)
        case "exception":
            return _exception(payload)
        case "handoff":
            return f"handed over to {payload.get('queue') or 'people'}"
        case "answer":
            note = f": {payload['note']}" if payload.get("note") else ""
            return f"{payload.get('by') or 'somebody'} answered {payload.get('answer')}{note}"
        case "erasure":
            facts = ", ".join(payload.get("facts") or ()) or "nothing that was still there"
            masked = ", ".join(payload.get("masked") or ())
            kept = f" (what the masks of {masked} show stays)" if masked else ""
            return f"{payload.get('by')} erased {facts}{kept}: {payload.get('reason')}"
        case "run":
            return f"run of {payload.get('bot') or payload.get('decision')} {payload.get('status')}"
        case "recovery":
            return f"an unfinished line of {payload.get('bytes')} bytes was sealed"
        case "segment":
            following = payload.get("next")
            return (
                f"the log goes on in {following}"
                if following
                else f"the log goes on after {payload.get('after')}"
            )
        case _:
            return record.kind


def told_as_json(record: Record) -> dict[str, Any]:
    """A record for machines: when and by whom it was written on the host that it comes from.

    One of a merged log has an ``origin``: its log and the position there.
    """
    from referee.audit.decision_rows import host_of, when_and_who

    writer, time = when_and_who(record)
    told = {
        "position": record.position,
        "time": time,
        "kind": record.kind,
        "writer": writer,
        "host": host_of(writer),
        "payload": record.payload,
    }
    if record.origin is not None:
        told["origin"] = {"log": record.origin.log, "position": record.origin.position}
    return told


def machine(record: Record) -> str:
    """Where a record of a merged log was written; "" for one that wasn't merged. Two logs may have one host's name."""
    from referee.audit.decision_rows import host_of

    origin = record.origin
    return f"{host_of(origin.writer)}, log {origin.log[:8]}" if origin is not None else ""


def details(record: Record) -> Iterator[str]:
    """Why and by what it happened, a line each."""
    payload = record.payload
    for reason in payload.get("reasons") or ():
        yield f"because {reason}"
    for rule in payload.get("rules") or ():
        says = f": {rule['annotation']}" if rule.get("annotation") else ""
        place = f" ({rule['place']})" if rule.get("place") else ""
        yield f"by {rule.get('table')}, rule {rule.get('rule')}{place}{says}"
    models = (payload.get("versions") or {}).get("models") or {}
    for node, score in (payload.get("scores") or {}).items():
        version = f" {models[node].get('version', '')}" if isinstance(models.get(node), Mapping) else ""
        yield f"{node}{version} said {_score(score)}"
    for node, pushed in ((payload.get("context") or {}).get("pushed") or {}).items():
        told = ", ".join(_push(each) for each in pushed)
        yield f"{node} was pushed by {told}"
    for diagnostic in payload.get("diagnostics") or ():
        if diagnostic.get("severity") != "info":
            place = f" ({diagnostic['place']})" if diagnostic.get("place") else ""
            yield f"doubt: {diagnostic.get('message')}{place}"
    outputs = payload.get("outputs") or {}
    rest = [f"{name} {shown(value)}" for name, value in outputs.items() if name not in _STEPS]
    if rest:
        yield f"outputs: {', '.join(rest)}"


_STEPS = ("route", "action", "queue", "reason")


def shown(value: Any) -> str:
    """A value as people read it; of what is hidden only what may be seen."""
    from referee.audit import hidden
    from referee.audit.canonical_json import exact_json

    if (told := hidden(value)) is not None:
        return told.shown
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return exact_json(value).decode("utf-8", "replace")


def _fields(payload: Mapping[str, Any], *names: str) -> list[str]:
    return [str(payload.get(name) or "") for name in names]


def _action(payload: Mapping[str, Any]) -> str:
    action, status = _fields(payload, "action", "status")
    if status == "acting":
        return f"began: {action}"
    if status == "done":
        result = payload.get("result")
        return f"done: {action}" + ("" if result is None else f", which gave {shown(result)}")
    if status == "in doubt":
        return f"in doubt: the bot was stopped while at {action}"
    error = f": {payload['error']}" if payload.get("error") else ""
    return f"{status}: {action}{error}"


def _exception(payload: Mapping[str, Any]) -> str:
    playbook, event, state, step, status = _fields(payload, "playbook", "event", "state", "step", "status")
    said = f"playbook {playbook}: {event}" + (f", now {state}" if state else "")
    if step:
        attempt = payload.get("attempt")
        said += f"; step {step} {status}".rstrip() + (
            f", attempt {attempt}" if attempt and attempt > 1 else ""
        )
    if payload.get("error"):
        said += f": {payload['error']}"
    return said + (f"; due {payload['due']}" if payload.get("due") else "")


def _score(score: Any) -> str:
    if not isinstance(score, Mapping):
        return shown(score)
    confidence = score.get("confidence")
    label = shown(score.get("label"))
    return f"{label} ({confidence * 100:.1f} %)" if isinstance(confidence, Decimal) else label


def _push(push: Mapping[str, Any]) -> str:
    size = push.get("size")
    unit = f" {push['unit']}" if push.get("unit") else ""
    amount = f" ({size:+.2f}{unit})" if isinstance(size, Decimal) else ""
    return f"{push.get('fact')}{amount}"

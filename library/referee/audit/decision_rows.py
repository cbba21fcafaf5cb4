"""Decisions as rows of a table: what each was about, what was decided, by which rules, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from types import NoneType
from typing import Any

from referee.audit.canonical_json import exact_json
from referee.audit.finding import Query, find, payloads
from referee.audit.index import Index
from referee.audit.index_rows import is_about, standing
from referee.audit.record import Record
from referee.domain import AuditError

COLUMNS = (
    "record",
    "time",
    "case",
    "decision",
    "route",
    "action",
    "queue",
    "reasons",
    "rules",
    "workbook version",
    "models",
    "bot",
    "writer",
    "host",
    "log",
    "status",
    "since",
    "result",
    "error",
    "handed over to",
    "answer",
    "answered by",
    "note",
)
"""The columns of every row; ``facts.NAME``, ``outputs.NAME``, ``scores.NODE.label`` and ``scores.NODE.confidence``
follow. ``log`` is that of the host from which a record of a merged log comes.
"""

MOST_DIGITS = 38
"""Digits that a decimal column of Parquet and polars holds."""

_BATCH = 500


@dataclass(slots=True)
class Column:
    """What a column holds, so that a file with typed columns can be begun before all rows are known."""

    name: str
    kinds: set[type] = field(default_factory=set)
    whole_digits: int = 0
    scale: int = 0

    def meet(self, value: Any) -> None:
        if value is None:
            return
        self.kinds.add(type(value))
        if isinstance(value, Decimal):
            _, digits, exponent = value.as_tuple()
            assert isinstance(exponent, int), "the log holds finite numbers only"
            self.scale = max(self.scale, -exponent, 0)
            self.whole_digits = max(self.whole_digits, len(digits) + exponent, 1)

    @property
    def holds(self) -> str:
        """``bool``, ``decimal``, or ``text`` for all that isn't one of them throughout."""
        if self.kinds == {bool}:
            return "bool"
        if self.kinds == {Decimal} and self.whole_digits + self.scale <= MOST_DIGITS:
            return "decimal"
        return "text"

    def fit(self, value: Any) -> Any:
        """A value as this column holds it, exactly."""
        if value is None or self.holds != "text" or isinstance(value, str):
            return value
        return exact_json(value).decode("utf-8", "surrogatepass")


def columns_of(
    index: Index, query: Query, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Column]:
    """The columns that the rows of these decisions have, and what they hold. Reads all of them once."""
    columns = {name: Column(name, {str}) for name in COLUMNS}
    columns["record"] = Column("record", {Decimal}, whole_digits=18)
    groups: dict[str, dict[str, Column]] = {"facts": {}, "outputs": {}, "scores": {}}
    for record in find(index, query, progress=progress):
        _require_usable(record.payload, record.position)
        for group, cells in _groups(record.payload):
            known = groups[group]
            for name, value in cells.items():
                column = known.get(name)
                if column is None:
                    column = known[name] = Column(name)
                column.meet(value)
    return [*columns.values(), *(column for known in groups.values() for column in known.values())]


def column_names(
    index: Index, query: Query, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[str]:
    """The columns that the rows of these decisions have; in half the time of ``columns_of``, which says what they hold
    too.
    """
    names: dict[str, dict[str, None]] = {"facts": {}, "outputs": {}}
    nodes: dict[str, None] = {}
    for position, payload in payloads(index, query, progress):
        _require_usable(payload, position)
        for group, known in names.items():
            known.update(dict.fromkeys(payload.get(group) or ()))
        scores = payload.get("scores") or {}
        nodes.update(dict.fromkeys(node for node in scores if isinstance(scores[node], Mapping)))
    return [
        *COLUMNS,
        *(f"{group}.{name}" for group, known in names.items() for name in known),
        *(f"scores.{node}.{part}" for node in nodes for part in ("label", "confidence")),
    ]


def decision_rows(
    index: Index, query: Query, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[dict[str, Any]]:
    """A row for each decision that the query finds, in the order of the log: texts, truths, exact numbers and None.

    What isn't one of them is JSON text. Memory doesn't grow with the log.
    """
    bots = index.bots()
    decisions = find(index, query, progress=progress)
    while batch := list(islice(decisions, _BATCH)):
        for record in batch:
            _require_usable(record.payload, record.position, when_and_who(record)[1])
        for record, following in _with_following(index, batch):
            yield _row(record, following, bots)


def _with_following(index: Index, decisions: Sequence[Record]) -> Iterator[tuple[Record, list[Record]]]:
    histories = index.histories({(d.payload["decision"], d.payload["case"]) for d in decisions}, decisions)
    following = {
        decision.position: later for history in histories.values() for decision, later in by_decision(history)
    }
    for decision in decisions:
        yield decision, following[decision.position]


def by_decision(history: Iterable[Record]) -> list[tuple[Record, list[Record]]]:
    """The decisions about a case, each with the records about it."""
    found: list[tuple[Record, list[Record]]] = []
    for record in history:
        if record.kind == "decision":
            found.append((record, []))
            continue
        log, of = source(record)[0], record.payload.get("of")
        for decision, later in reversed(found):
            if is_about(of, log, (*source(decision), decision.position)):
                later.append(record)
                break
    return found


_FORMS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("case", str),
    ("decision", str),
    *((name, (dict, NoneType)) for name in ("facts", "outputs", "scores", "versions")),
    *((name, (list, NoneType)) for name in ("reasons", "rules")),
)


def _require_usable(payload: Mapping[str, Any], position: int, time: str = "") -> None:
    """Who makes the hashes of a log anew can write anything into it: told here, before it meets what takes it for
    granted.

    Raises AuditError.
    """
    wrong = [name for name, kind in _FORMS if not isinstance(payload.get(name), kind)]
    if not wrong and any(not isinstance(rule, Mapping) for rule in payload.get("rules") or ()):
        wrong = ["rules"]
    try:
        datetime.fromisoformat(time or "2026-01-01")
    except ValueError:
        wrong.append("time")
    if wrong:
        raise AuditError(
            f"record {position} of the audit log isn't a decision that Referee wrote, though its hash is right: its "
            f"{wrong[0]} is of another kind; see `referee audit verify --contents`, restore the log from a copy that "
            "its checkpoints vouch for, and keep this one as evidence"
        )


def _row(record: Record, following: Sequence[Record], bots: Mapping[str, str]) -> dict[str, Any]:
    payload = record.payload
    versions = payload.get("versions") or {}
    writer, time = when_and_who(record)
    last = {each.kind: each.payload for each in following}
    moves = [each for each in following if standing(each.kind, each.payload)]
    status = standing(moves[-1].kind, moves[-1].payload) if moves else "decided"
    action, handoff, answer = (last.get(kind, {}) for kind in ("action", "handoff", "answer"))
    row: dict[str, Any] = {
        "record": Decimal(record.position),
        "time": time,
        "case": payload["case"],
        "decision": payload["decision"],
        "route": payload.get("route"),
        "action": payload.get("action"),
        "queue": payload.get("queue"),
        "reasons": "\n".join(map(str, payload.get("reasons") or ())),
        "rules": "\n".join(rule_text(rule) for rule in payload.get("rules") or ()),
        "workbook version": versions.get("workbook_version"),
        "models": ", ".join(f"{node} {used.get('version', '')}" for node, used in _models(versions)),
        "bot": bots.get(writer, ""),
        "writer": writer,
        "host": host_of(writer),
        "log": source(record)[0],
        "status": status,
        "since": when_and_who(moves[-1])[1] if moves else time,
        "result": _text(action.get("result")),
        "error": action.get("error") or None,
        "handed over to": handoff.get("queue"),
        "answer": answer.get("answer"),
        "answered by": answer.get("by"),
        "note": answer.get("note"),
    }
    for _, cells in _groups(payload):
        row |= cells
    return row


def rule_text(rule: Mapping[str, Any]) -> str:
    """``Limits, rule 7 (limits.xlsx, sheet Limits, cell A11)``."""
    place = f" ({rule['place']})" if rule.get("place") else ""
    return f"{rule.get('table')}, rule {rule.get('rule')}{place}"


def when_and_who(record: Record) -> tuple[str, str]:
    """The writer and the time of a record, those of the host that it comes from."""
    source = record.origin or record
    return source.writer, source.time


def host_of(writer: str) -> str:
    """The machine that a writer ran on, as far as its name begins with it."""
    return writer.partition("/")[0]


def source(record: Record) -> tuple[str, int]:
    """The log that a record was made in (\"\" for this one), and its position there."""
    return (record.origin.log, record.origin.position) if record.origin else ("", record.position)


def _models(versions: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    models = versions.get("models") or {}
    return [(node, used) for node, used in models.items() if isinstance(used, Mapping)]


def _groups(payload: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for group in ("facts", "outputs"):
        yield group, {f"{group}.{name}": _plain(value) for name, value in (payload.get(group) or {}).items()}
    scores = {}
    for node, score in (payload.get("scores") or {}).items():
        if isinstance(score, Mapping):
            scores[f"scores.{node}.label"] = _plain(score.get("label"))
            scores[f"scores.{node}.confidence"] = _plain(score.get("confidence"))
    yield "scores", scores


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | Decimal) else _text(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return exact_json(value).decode("utf-8", "surrogatepass")

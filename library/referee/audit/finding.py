"""Finding records by what they say: by the index as far as it goes, then in the records themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from referee.audit.canonical_json import exact_json
from referee.audit.index import Index
from referee.audit.index_rows import quickly_parsed, storable
from referee.audit.placed_records import Place
from referee.audit.reading import record_of
from referee.audit.record import KINDS, OWN_KINDS, Record
from referee.domain import InputError, Route

_Test = Callable[[Mapping[str, Any]], bool]
_WORD = "(SELECT id FROM words WHERE text = ?)"
_RULE = re.compile(r"(?P<table>.+):(?P<number>\d+)")
_CELL = re.compile(r"((?P<sheet>.+)!)?(?P<cell>[A-Za-z]{1,3}\d+)")
_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?)?)?)?Z?")
_FIRST_TIME = "0001-01-01T00:00:00.000000"
_ALL_KINDS = tuple(sorted(KINDS | OWN_KINDS))
ROUTES = tuple(map(str, Route))
STATUSES = (
    "decided",
    "acting",
    "done",
    "failed",
    "in doubt",
    "handed over",
    "answered",
    "exception open",
    "exception closed",
)


@dataclass(frozen=True, slots=True)
class Query:
    """What records must say to be found; what is left empty isn't asked.

    ``rule`` is a table and the number of its rule (``Limits:7``), a cell (``A19``, ``Limits!A19``) or a table.
    ``reason`` is a part of one of the reasons, in any case of letters. ``model`` is a model's node, alone or with the
    version (``review model:1.2.0``). ``status`` is that of the case under its latest decision; only that one is
    found then. ``start`` and ``end`` are UTC text like the times of records, the end not included. ``facts`` are
    names with the text of the value.

    Raises InputError for a kind, route or status that there isn't, and for a time that is none: it would find nothing,
    as if there were nothing to find.
    """

    kinds: Sequence[str] = ("decision",)
    case: str = ""
    decision: str = ""
    route: str = ""
    action: str = ""
    queue: str = ""
    reason: str = ""
    rule: str = ""
    workbook_version: str = ""
    model: str = ""
    bot: str = ""
    status: str = ""
    start: str = ""
    end: str = ""
    facts: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        for kind in self.kinds:
            _require_one_of(_ALL_KINDS, "kind of record", kind)
        for words, what, word in ((ROUTES, "route", self.route), (STATUSES, "status", self.status)):
            if word:
                _require_one_of(words, what, word)
        for time in (self.start, self.end):
            if time:
                _require_time(time)

    @property
    def table_in_doubt(self) -> str:
        """What looks like a rule or a cell in ``rule`` and is neither, so that it can only be the name of a table."""
        is_plain = _RULE.fullmatch(self.rule) or _CELL.fullmatch(self.rule)
        return "" if is_plain or not {":", "!"} & set(self.rule) else self.rule


def _require_one_of(words: Sequence[str], what: str, word: str) -> None:
    if word not in words:
        near = get_close_matches(word.casefold(), words, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"{word!r} is no {what}; {meant}there are {', '.join(words)}")


def _require_time(text: str) -> None:
    try:
        is_time = bool(_TIME.fullmatch(text))
        datetime.fromisoformat(text.removesuffix("Z") + _FIRST_TIME[len(text.removesuffix("Z")) :])
    except ValueError:
        is_time = False
    if not is_time:
        raise InputError(f"{text!r} is no time; write 2026-11, 2026-11-21 or 2026-11-21T14:30 (UTC)")


def find(
    index: Index,
    query: Query,
    *,
    newest_first: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Record]:
    """The records that say it, in the order of the log, each checked as it is read.

    ``progress`` is told how many candidates were looked at, and of how many.
    """
    facts = [_fact_test(name, text) for name, text in query.facts]
    for line, place in _candidates(index, query, newest_first, progress):
        record = record_of(line, index.records.path_of(place[1]), place[0])
        if all(test(record.payload) for test in facts):
            yield record


def payloads(
    index: Index, query: Query, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Position and payload of each record that is found, with fractions that may be rounded: in a third of the time of
    ``find``.
    """
    if query.facts:
        yield from ((record.position, record.payload) for record in find(index, query, progress=progress))
        return
    for line, place in _candidates(index, query, False, progress):
        payload = quickly_parsed(line).get("payload")
        if not isinstance(payload, dict):
            record_of(line, index.records.path_of(place[1]), place[0])  # which says what is wrong
            continue
        yield place[0], payload


def _candidates(
    index: Index, query: Query, newest_first: bool, progress: Callable[[int, int], None]
) -> Iterator[tuple[bytes, Place]]:
    """The lines that say all of it but for the facts, which need exact numbers."""
    condition, values = _condition(query)
    tests = _tests(query)
    needed = _needed_bytes(query)
    total = index.count(condition, values)
    done = 0
    for places in index.places(condition, values, newest_first=newest_first):
        for line, place in index.records.lines(places):
            if all(part in line for part in needed) and (not tests or _passes(line, tests)):
                yield line, place
        done += len(places)
        progress(done, total)


def _passes(line: bytes, tests: Sequence[_Test]) -> bool:
    """Whether a line passes tests of its texts and whole numbers; parsed without exact numbers, in a third of the
    time.
    """
    payload = quickly_parsed(line)["payload"]
    return all(test(payload) for test in tests)


def count(index: Index, query: Query, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """How many records say it; answered by the index alone where it knows all that is asked."""
    if query.facts or _tests(query):
        return sum(1 for _ in find(index, query, progress=progress))
    return index.count(*_condition(query))


def _condition(query: Query) -> tuple[str, list[Any]]:
    kinds = ", ".join("?" * len(query.kinds))
    parts = [f"kind IN (SELECT id FROM words WHERE text IN ({kinds}))"]
    values: list[Any] = list(query.kinds)
    asked = (
        ("cases.name = ?", query.case),
        (f"cases.decision = {_WORD}", query.decision),
        (f"route = {_WORD}", query.route),
        (f"action = {_WORD}", query.action),
        (f"queue = {_WORD}", query.queue),
        (f"version = {_WORD}", query.workbook_version),
        ("writer IN (SELECT writer FROM bots WHERE bot = ?)", query.bot),
        (f"cases.latest = position AND cases.standing = {_WORD}", query.status),
        ("time >= ?", query.start.removesuffix("Z")),  # of which part of a time is the beginning
        ("time < ?", query.end.removesuffix("Z")),
    )
    for part, value in asked:
        if value:
            parts.append(part)
            values.append(storable(value))
    return " AND ".join(parts), values


def _tests(query: Query) -> list[_Test]:
    tests: list[_Test] = []
    if query.reason:
        wanted = query.reason.casefold()
        tests.append(lambda payload: any(wanted in str(r).casefold() for r in payload.get("reasons") or ()))
    if query.rule:
        fired = _rule_test(query.rule)
        tests.append(lambda payload: any(fired(rule) for rule in payload.get("rules") or ()))
    if query.model:
        tests.append(_model_test(query.model))
    return tests


def _rule_test(text: str) -> _Test:
    if found := _RULE.fullmatch(text):
        table, number = found["table"], int(found["number"])
        return lambda rule: rule.get("table") == table and rule.get("rule") == number
    if found := _CELL.fullmatch(text):
        sheet = f", sheet {found['sheet']}" if found["sheet"] else ""
        end = f"{sheet}, cell {found['cell'].upper()}"
        return lambda rule: str(rule.get("place", "")).endswith(end)
    return lambda rule: rule.get("table") == text


def _model_test(text: str) -> _Test:
    node, _, version = text.partition(":")

    def used(payload: Mapping[str, Any]) -> bool:
        models = (payload.get("versions") or {}).get("models") or {}
        model = models.get(node)
        return model is not None and (not version or model.get("version") == version)

    return used


def _fact_test(name: str, text: str) -> _Test:
    def has(payload: Mapping[str, Any]) -> bool:
        facts = payload.get("facts") or {}
        return name in facts and is_written(facts[name], text)

    return has


def is_written(value: Any, text: str) -> bool:
    """Whether a text means a fact's value: ``1200`` means 1200.00, ``true`` a truth, ``null`` or nothing a blank."""
    if value is None:
        return text in ("", "null")
    if isinstance(value, bool):
        return text.casefold() == ("true" if value else "false")
    if isinstance(value, Decimal):
        try:
            return value == Decimal(text)
        except InvalidOperation:
            return False
    if isinstance(value, str):
        return value == text
    return exact_json(value).decode() == text


def _needed_bytes(query: Query) -> list[bytes]:
    """What stands in the line of any record that is found, so that most others needn't be parsed."""
    names = [name for name, _ in query.facts]
    if query.model:
        names.append(query.model.partition(":")[0])
    if query.rule and (found := _RULE.fullmatch(query.rule)):
        names.append(found["table"])
    return [exact_json(name) for name in names]

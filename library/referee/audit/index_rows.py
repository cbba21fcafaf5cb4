"""What the index keeps of each record: where it stands, what it is about, and how far its case has come."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from zlib import crc32

from referee.audit.canonical_json import parse_json
from referee.audit.record import FIRST_SEGMENT, NO_RECORD, SEGMENT, Tail
from referee.audit.segments import following_segment

FORMAT = 2

CLOSED = "closed"
"""The ``event`` of the exception record that ends a playbook."""

_STANDINGS = {"decision": "decided", "handoff": "handed over", "answer": "answered"}
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE records (
    position INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL,
    start INTEGER NOT NULL,
    size INTEGER NOT NULL,
    hash BLOB NOT NULL,
    kind INTEGER NOT NULL,
    time TEXT NOT NULL,
    writer INTEGER NOT NULL,
    subject INTEGER,
    route INTEGER,
    action INTEGER,
    queue INTEGER,
    version INTEGER
);
CREATE INDEX records_of_case ON records (subject) WHERE subject IS NOT NULL;
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    decision INTEGER NOT NULL,
    name TEXT NOT NULL,
    records INTEGER NOT NULL,
    first INTEGER,
    latest INTEGER,
    log TEXT NOT NULL,
    place INTEGER,
    standing INTEGER
);
CREATE INDEX cases_by_name ON cases (name);
CREATE INDEX cases_by_standing ON cases (decision, standing) WHERE standing IS NOT NULL;
CREATE TABLE standings (word TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE bots (bot TEXT, writer INTEGER, PRIMARY KEY (bot, writer)) WITHOUT ROWID;
"""
"""A case's ``standing`` is that of its latest decision, which is known by its position ``place`` in the log ``log``
that it was made in ("" for this one); ``records`` counts the rows about the case. A word is kept once, in ``words``.
"""


def _checksum(*texts: str) -> str:
    return " + ".join(f"crc(CAST(ifnull({text}, '') AS BLOB))" for text in texts)


def _weighted(*numbers: str) -> str:
    return " + ".join(f"ifnull({number}, -1) * {31 + 2 * at}" for at, number in enumerate(numbers))


_DIGESTS = {
    "words": f"(id * 2 + 1) * ({_checksum('text')})",
    "standings": f"(position * 2 + 1) * ({_checksum('word')})",
    "bots": f"(writer * 2 + 1) * ({_checksum('bot')})",
    "cases": "((id & 1048575) * 2 + 1) * "
    f"({_weighted('decision', 'records', 'first', 'latest', 'place', 'standing')} + {_checksum('name', 'log')})",
    "records": "((position & 1048575) * 2 + 1) * "
    f"({_weighted('kind', 'writer', 'subject & 1048575', 'route', 'action', 'queue', 'version')} "
    f"+ {_checksum('time')})",
}
"""A number of a row of each table, of what isn't read again from the log. Their sums, kept in ``facts``, tell whether
rows are missing, added or changed. No secret goes into them: whoever changes a row on purpose can change the sum too.
"""

TOTALLED = tuple(_DIGESTS)

PLACES = "SELECT position, words.text, start, size, hash FROM records JOIN words ON words.id = segment "
"""Reads what ``PlacedRecords`` asks for; conditions on ``records`` follow."""

_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CASE = "INSERT OR REPLACE INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class NamesMeetError(Exception):
    """Two cases have the same number, so this log can't be indexed. Never seen but in tests."""


def standing(kind: str, payload: Mapping[str, Any]) -> str:
    """How far a record brings the decision that it is about, in the words of the ledger's statuses; "" if no further.

    The one place that says so: the index keeps it for each case, and the ledger reads it.
    """
    if kind == "action":
        return str(payload.get("status", "without status"))
    if kind == "exception":
        return "exception closed" if payload.get("event") == CLOSED else "exception open"
    return _STANDINGS.get(kind, "")


def is_about(of: Any, log: str, decided: tuple[str, int, int]) -> bool:
    """Whether a record of the log ``log`` ("" for one that wasn't merged) that names the decision ``of`` means the one
    made in the log, at the position there, and at the position here of ``decided``.
    """
    made_in, place, position = decided
    if log:
        return log == made_in and (of is None or of == place)
    return of is None or of == position


def case_number(decision: str, case: str) -> int:
    """The number of a case in the index, from its names alone."""
    names = f"{len(decision)} {decision}{case}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(names, digest_size=8).digest(), "big", signed=True)


@dataclass(slots=True)
class _Case:
    number: int
    decision: int
    name: str | bytes
    records: int = 0
    first: int | None = None
    latest: int | None = None
    log: str = ""
    place: int | None = None
    standing: int | None = None

    def row(self) -> tuple[Any, ...]:
        return (
            self.number,
            self.decision,
            self.name,
            self.records,
            self.first,
            self.latest,
            self.log,
            self.place,
            self.standing,
        )


class RowWriter:
    """Turns the lines of a log into rows, within a transaction that the caller holds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._words: dict[str, int] = {}
        self._standings: set[str] = set()
        self._totals: dict[str, int] = dict.fromkeys(TOTALLED, 0)

    def take(self, lines: Iterable[tuple[bytes, Tail]]) -> int:
        """Adds the rows of these lines, each with the place behind it. Gives their number."""
        cases: dict[tuple[str, str], _Case] = {}
        rows = []
        last: tuple[bytes, Tail] | None = None
        self._totals = read_totals(self._connection)
        for last in lines:
            try:
                rows.append(self._row(*last, cases))
            except (
                AttributeError,
                KeyError,
                TypeError,
                ValueError,
            ):  # its hash is right, and its form another
                from referee.audit.schema import not_as_published

                raise not_as_published(last[0], last[1].segment, last[1].position - 1) from None
        if last is None:
            return 0
        self._connection.executemany(_RECORD, rows)
        self._connection.executemany(
            _CASE,
            (case.row() for case in cases.values()),
        )
        self._totals["records"] += self._digest("records", "position >= ?", rows[0][0])
        self._totals["cases"] += sum(self._digest("cases", "id = ?", case.number) for case in cases.values())
        write_totals(self._connection, self._totals)
        write_tail(self._connection, _behind(*last))
        return len(rows)

    def forget(self) -> None:
        """To be called when the transaction was undone: its words are gone."""
        self._words.clear()
        self._standings.clear()

    def _row(self, line: bytes, tail: Tail, cases: dict[tuple[str, str], _Case]) -> tuple[Any, ...]:
        fields = quickly_parsed(line)
        kind, payload = fields["kind"], fields["payload"]
        source = fields.get("origin") or fields
        log = source.get("log", "")
        position = tail.position - 1
        writer = self._word(source["writer"])
        name, decision = payload.get("case"), payload.get("decision")
        subject = None
        if isinstance(name, str) and isinstance(decision, str):
            case = cases.get((decision, name))
            if case is None:
                case = cases[decision, name] = self._case(decision, name)
            subject = case.number
            case.records += 1
            self._move(case, kind, payload, log, source["position"], position)
        elif kind == "run":
            bot = payload.get("bot")
            if isinstance(bot, str) and bot:
                added = self._connection.execute(
                    "INSERT OR IGNORE INTO bots VALUES (?, ?)", (storable(bot), writer)
                )
                if added.rowcount:
                    self._totals["bots"] += self._digest(
                        "bots", "bot = ? AND writer = ?", storable(bot), writer
                    )
        route = action = queue = version = None
        if kind == "decision":
            versions = payload.get("versions")
            route = self._known(payload.get("route"))
            action = self._known(payload.get("action"))
            queue = self._known(payload.get("queue"))
            version = self._known(versions.get("workbook_version") if isinstance(versions, dict) else None)
        elif kind == "handoff":
            queue = self._known(payload.get("queue"))
        elif kind == "action":
            action = self._known(payload.get("action"))
        return (
            position,
            self._word(tail.segment),
            tail.offset - len(line),
            len(line),
            bytes.fromhex(tail.hash),
            self._word(kind),
            storable(source["time"]),
            writer,
            subject,
            route,
            action,
            queue,
            version,
        )

    def _move(
        self, case: _Case, kind: str, payload: Mapping[str, Any], log: str, place: Any, position: int
    ) -> None:
        if kind == "decision":
            case.first = position if case.first is None else case.first
            case.latest, case.log, case.place = position, log, int(place)
        else:
            if case.latest is None or case.place is None:
                return
            if not is_about(payload.get("of"), log, (case.log, case.place, case.latest)):
                return
        word = standing(kind, payload)
        if word:
            case.standing = self._standing(word, position)

    def _standing(self, word: str, position: int) -> int:
        if word not in self._standings:
            added = self._connection.execute(
                "INSERT OR IGNORE INTO standings VALUES (?, ?)", (storable(word), position)
            )
            if added.rowcount:
                self._totals["standings"] += self._digest("standings", "word = ?", storable(word))
            self._standings.add(word)
        return self._word(word)

    def _case(self, decision: str, name: str) -> _Case:
        number = case_number(decision, name)
        row = self._connection.execute("SELECT * FROM cases WHERE id = ?", (number,)).fetchone()
        if row is None:
            return _Case(number, self._word(decision), storable(name))
        case = _Case(*row)
        if case.name != storable(name) or case.decision != self._word(decision):
            raise NamesMeetError
        self._totals["cases"] -= self._digest("cases", "id = ?", number)
        return case

    def _digest(self, table: str, condition: str, *values: Any) -> int:
        return int(self._connection.execute(f"{_sum_of(table)} WHERE {condition}", values).fetchone()[0])

    def _known(self, value: Any) -> int | None:
        return self._word(value) if isinstance(value, str) else None

    def _word(self, text: str) -> int:
        number = self._words.get(text)
        if number is None:
            word = storable(text)
            execute = self._connection.execute
            is_new = execute("INSERT OR IGNORE INTO words (text) VALUES (?)", (word,)).rowcount
            number = int(execute("SELECT id FROM words WHERE text = ?", (word,)).fetchone()[0])
            if is_new:
                self._totals["words"] += self._digest("words", "id = ?", number)
            self._words[text] = number
        return number


def read_tail(connection: sqlite3.Connection) -> Tail:
    """The place behind the last record that the index knows."""
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    return Tail(
        facts.get("position", 0),
        facts.get("hash", NO_RECORD),
        facts.get("offset", 0),
        facts.get("segment", FIRST_SEGMENT),
    )


def write_tail(connection: sqlite3.Connection, tail: Tail) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO facts VALUES (?, ?)",
        [
            ("position", tail.position),
            ("hash", tail.hash),
            ("offset", tail.offset),
            ("segment", tail.segment),
        ],
    )


def read_totals(connection: sqlite3.Connection) -> dict[str, int]:
    """The sums over the tables as they were kept while rows were added."""
    facts = dict(connection.execute("SELECT name, value FROM facts WHERE name LIKE 'total %'"))
    totals = {table: facts.get(f"total {table}", 0) for table in TOTALLED}
    return {table: total if isinstance(total, int) else 0 for table, total in totals.items()}


def write_totals(connection: sqlite3.Connection, totals: Mapping[str, int]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO facts VALUES (?, ?)",
        [(f"total {table}", total) for table, total in totals.items()],
    )


def with_checksums(connection: sqlite3.Connection) -> None:
    """Lets a connection calculate what ``contradicted`` and ``RowWriter`` need."""
    connection.create_function("crc", 1, crc32, deterministic=True)


def contradicted(connection: sqlite3.Connection, tables: Iterable[str]) -> str:
    """The first of these tables whose rows aren't those that were added; "" when all are."""
    kept = read_totals(connection)
    for table in tables:
        if connection.execute(_sum_of(table)).fetchone()[0] != kept[table]:
            return table
    return ""


def _sum_of(table: str) -> str:
    return f"SELECT ifnull(sum({_DIGESTS[table]} & 4294967295), 0) FROM {table}"


def quickly_parsed(line: bytes) -> dict[str, Any]:
    """The fields of a record, in a third of the time of an exact reading: its fractions may be rounded."""
    from pydantic_core import from_json  # takes 30 ms the first time

    try:
        fields: dict[str, Any] = from_json(line)
    except ValueError:  # such as half a surrogate pair, which it refuses
        fields = parse_json(line)
    return fields


def storable(text: str) -> str | bytes:
    """A text as SQLite takes it: one with half a surrogate pair as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def stored(value: str | bytes) -> str:
    """The text that was given to ``storable``."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def _behind(line: bytes, tail: Tail) -> Tail:
    """Where reading goes on: behind the end of a segment in the next one, should this one be archived meanwhile."""
    if b'"kind":"' + SEGMENT.encode() not in line[:64]:
        return tail
    following = following_segment(parse_json(line)["payload"])
    return Tail(tail.position, tail.hash, 0, following) if following else tail

"""One line of the audit log: how it is written, and how its links to its neighbours are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from referee.audit.canonical_json import parse_json

KINDS = frozenset({"decision", "action", "handoff", "answer", "exception", "run", "release", "erasure"})
"""What callers may append. The log itself adds those of ``OWN_KINDS``."""

RECOVERY = "recovery"
"""Seals an unfinished line."""

SEGMENT = "segment"
"""Closes a file of the log, and opens the next one."""

OWN_KINDS = frozenset({RECOVERY, SEGMENT})

FIRST_SEGMENT = "audit.jsonl"
NO_RECORD = "0" * 64
"""What the first record names as the hash of the record before it."""

_START = b'{"v":1,"position":'
_KIND = b',"kind":"'
_MOST_DIGITS = 18
_PREVIOUS = b',"previous":"'
_END = b'"}'
_HASH = b',"hash":"'
# A line ends in `,"previous":"<64 hex>","hash":"<64 hex>"}`; both links are found by counting from the end.
_AT_HASH = -(len(_HASH) + 64 + 2)
AFTER_BODY = _AT_HASH - 1
"""Where a line's bytes end that are hashed, counted from its end with the newline."""
_AT_PREVIOUS = _AT_HASH - (len(_PREVIOUS) + 64 + 1)
_FIELDS = {
    "position": Decimal,
    "kind": str,
    "time": str,
    "writer": str,
    "payload": dict,
    "previous": str,
    "hash": str,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record of a merged log comes from: the log (the hash of its first record), and the record's position,
    hash, writer and time there.
    """

    log: str
    position: int
    hash: str
    writer: str
    time: str


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it stands in the log. ``payload`` is JSON with every number as an exact ``Decimal``.

    ``position`` counts from 0; ``time`` is UTC text such as ``2026-11-21T14:30:15.123456Z``; ``previous`` is
    the hash of the record before and ``hash`` this record's own (sha256, hex). ``origin`` is that of a merged record;
    positions within its payload are those of the log it comes from.
    """

    position: int
    kind: str
    time: str
    writer: str
    payload: Mapping[str, Any]
    previous: str
    hash: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """What ties a line into the chain; ``sound`` is False when its bytes are not those that were hashed."""

    position: int
    kind: str
    previous: str
    hash: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the next record goes: its position, the hash it must name, and the segment and offset at which the
    last one ends. A ``hash`` of "" isn't known: whatever the next record names is taken.
    """

    position: int = 0
    hash: str = NO_RECORD
    offset: int = 0
    segment: str = FIRST_SEGMENT


def write_line(
    position: int, kind: str, time: str, writer: bytes, payload: bytes, previous: str, origin: bytes = b""
) -> tuple[bytes, str]:
    """A line with its newline, and its hash. The bytes written are the bytes hashed.

    ``writer``, ``payload`` and ``origin`` are JSON text already.
    """
    body = b'{"v":1,"position":%d,"kind":"%b","time":"%b","writer":%b,%b"payload":%b,"previous":"%b"' % (
        position,
        kind.encode(),
        time.encode(),
        writer,
        b'"origin":%b,' % origin if origin else b"",
        payload,
        previous.encode(),
    )
    digest = sha256(body).hexdigest()
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), digest


def write_time(moment: datetime) -> str:
    """A moment as UTC text with microseconds and ``Z``. The moment must know its offset."""
    if moment.tzinfo is not UTC:
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("the clock must give moments with an offset, such as datetime.now(UTC)")
        moment = moment.replace(tzinfo=None) - offset
    # Measured: between two trips to the disk `isoformat` takes twice as long, with all that it asks the time zone.
    return (
        f"{moment.year:04}-{moment.month:02}-{moment.day:02}T"
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}.{moment.microsecond:06}Z"
    )


def read_links(line: bytes) -> Links | None:
    """The links of a line that looks like a whole record (newline included); None for anything else."""
    if not (line.startswith(_START) and line.endswith(b'"}\n')):
        return None
    line = line[:-1]
    if line[_AT_HASH : _AT_HASH + len(_HASH)] != _HASH:
        return None
    if line[_AT_PREVIOUS : _AT_PREVIOUS + len(_PREVIOUS)] != _PREVIOUS or b"\0" in line:
        return None
    comma = line.find(b",", len(_START))
    digits = line[len(_START) : comma]
    if len(digits) > _MOST_DIGITS or not digits.isdigit() or not line.startswith(_KIND, comma):
        return None
    at_kind = comma + len(_KIND)
    kind = line[at_kind : line.find(b'"', at_kind)].decode("latin-1")
    digest = line[_AT_HASH + len(_HASH) : -2].decode("latin-1")
    previous = line[_AT_PREVIOUS + len(_PREVIOUS) : _AT_HASH - 1].decode("latin-1")
    return Links(int(digits), kind, previous, digest, sha256(line[:_AT_HASH]).hexdigest() == digest)


def previous_of(line: bytes) -> str:
    """The hash that a whole line names as that of the record before it, whatever else stands in the line."""
    return line[_AT_PREVIOUS - 1 + len(_PREVIOUS) : _AT_HASH - 2].decode("latin-1")


def read_record(line: bytes) -> Record:
    """The record of a line whose links are sound. Raises ValueError when it isn't the JSON of a record."""
    fields = parse_json(line)
    for name, kind in _FIELDS.items():
        if not isinstance(fields, dict) or not isinstance(fields.get(name), kind):
            raise ValueError(f"its field {name} is missing or of the wrong type")
    origin = fields.get("origin")
    return Record(
        position=int(fields["position"]),
        kind=fields["kind"],
        time=fields["time"],
        writer=fields["writer"],
        payload=MappingProxyType(fields["payload"]),
        previous=fields["previous"],
        hash=fields["hash"],
        origin=None if origin is None else _read_origin(origin),
    )


def _read_origin(fields: Any) -> Origin:
    kinds = {"log": str, "position": Decimal, "hash": str, "writer": str, "time": str}
    if not isinstance(fields, dict) or any(not isinstance(fields.get(name), kinds[name]) for name in kinds):
        raise ValueError("its field origin isn't that of a merged record")
    return Origin(fields["log"], int(fields["position"]), fields["hash"], fields["writer"], fields["time"])


def recovery_payload(tail: Tail, torn: bytes) -> dict[str, Any]:
    """What a recovery record says about the unfinished bytes before it: where they start, how many, their
    hash.

    One newline, not counted, stands between the unfinished bytes and the recovery record.
    """
    return {"offset": tail.offset, "bytes": len(torn), "sha256": sha256(torn).hexdigest()}


def seals(line: bytes, tail: Tail, torn: bytes) -> bool:
    """Whether a sound line is the recovery record that commits to exactly these unfinished bytes after
    ``tail``.
    """
    try:
        record = read_record(line)
    except ValueError:
        return False
    return record.kind == RECOVERY and dict(record.payload) == recovery_payload(tail, torn)


def looks_unfinished(torn: bytes) -> bool:
    """Whether the bytes are beginnings of lines of ours, or the zeros that some disks leave after a power cut.

    A whole line that was changed, or anything after a whole record, is neither.
    """
    lines = torn.split(b"\n")
    return (
        lines[0] != b""
        and all(_begins_line(line) for line in lines)
        and not any(_is_whole(line) for line in lines[:-1])
    )


def _begins_line(line: bytes) -> bool:
    if not line.startswith((b"\0", _START[: len(line)])):
        return False
    end = line.find(_END) + len(_END)
    while len(_END) <= end < len(line):
        links = read_links(line[:end] + b"\n")
        if links is not None and links.sound:
            return False
        end = line.find(_END, end) + len(_END)
    return True


def _is_whole(line: bytes) -> bool:
    return line.endswith(_END) and line[_AT_HASH : _AT_HASH + len(_HASH)] == _HASH

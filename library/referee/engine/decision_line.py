"""The line of a decision record taken apart, without reading more of it than is needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from referee.audit.canonical_json import exact_json, parse_json

_DECISION = b',"kind":"decision","time":"'
_PAYLOAD = b'"payload":{"case":'
_FACTS_END = b',"facts_sha256":"'
_VERSIONS = b',"versions":{"workbook_version":'
_FOLLOWS = b',"follows":'
_PLACE = b'"place":"'
_SHEET = b", sheet "

_TIME_LENGTH = 27
"""Characters of a record's time."""


def time_of_decision(line: bytes) -> str:
    """When a decision was written; "" for a record of another kind."""
    at = line.find(_DECISION, 0, 80) + len(_DECISION)
    return line[at : at + _TIME_LENGTH].decode("ascii") if at >= len(_DECISION) else ""


def parts_of(line: bytes) -> tuple[Mapping[str, Any], bytes, bytes]:
    """Case, decision and facts of a decision's line; the bytes of what it came to; and those of its versions.

    A quotation mark within a text is escaped, so that none of the seams can stand in a text; a fact may have the name
    of one, though.
    """
    start = line.find(_PAYLOAD) + len(_PAYLOAD) - len(b'{"case":')
    facts_end = line.find(_FACTS_END, start)
    concluded = facts_end + len(_FACTS_END) + 64 + len(b'",')
    versions = line.rfind(_VERSIONS)
    follows = line.rfind(_FOLLOWS)
    if not 0 < start < facts_end < concluded < versions < follows:
        return _parts_of_record(line)
    try:
        head = parse_json(line[start:facts_end] + b"}")
    except ValueError:
        return _parts_of_record(line)
    return head, b"{" + line[concluded:versions] + b"}", line[versions + len(b',"versions":') : follows]


def _parts_of_record(line: bytes) -> tuple[Mapping[str, Any], bytes, bytes]:
    """The same of a line whose parts stand in another order."""
    payload = parse_json(line)["payload"]
    order = ("route", "action", "queue", "reasons", "outputs", "rules", "scores", "diagnostics")
    return payload, exact_json({name: payload[name] for name in order}), exact_json(payload["versions"])


def workbook_name(concluded: bytes) -> str:
    """How the workbook was called then: places name it; "" where nothing does."""
    start = concluded.find(_PLACE)
    while start >= 0:
        start += len(_PLACE)
        end = concluded.find(b'"', start)
        sheet = concluded.find(_SHEET, start, end)
        if sheet > 0:
            return _text(concluded[start:sheet])
        start = concluded.find(_PLACE, end)
    return ""


@lru_cache
def _text(quoted: bytes) -> str:
    return str(parse_json(b'"' + quoted + b'"'))

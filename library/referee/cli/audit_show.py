"""``referee audit show``: the story of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_options import audit_option, opened_index
from referee.cli.output import json_option, print_json, print_table, say
from referee.cli.told_record import details, sentence, shown, told_as_json

if TYPE_CHECKING:
    from referee.audit import Record
    from referee.audit.index import Index

_MOST_COMPARED = 5_000
_MOST_SIMILAR = 5
_TOLD = {
    "decided": "decided, and nothing was done about it yet",
    "acting": "being acted on, or its bot was stopped",
    "failed": "open: its action failed",
    "in doubt": "open: nobody knows whether its action was done",
    "handed over": "with people, who haven't answered",
    "answered": "answered by people",
    "exception open": "waiting in its playbook",
    "exception closed": "closed by its playbook",
}


@click.command(
    "show",
    epilog="""Example:

    referee audit show INV-2026-0007""",
)
@click.argument("case")
@click.option("--decision", default="", help="Only records of this decision.")
@audit_option
@json_option
@click.pass_context
def show_case(context: click.Context, case: str, decision: str, folder: Path, as_json: bool) -> None:
    """Tell the story of one CASE: what was decided, why, what was done and answered, in order.

    Ends with 1 when the log knows no such case.
    """
    from referee.audit.index_rows import storable

    condition, values = "cases.name = ?", [storable(case)]
    if decision:
        condition += " AND cases.decision = (SELECT id FROM words WHERE text = ?)"
        values.append(storable(decision))
    with opened_index(folder) as index:
        records = [
            record for places in index.places(condition, values) for record in index.records.read(places)
        ]
        bots = index.bots()
        similar = [] if records else similar_cases(case, index)
    if as_json:
        print_json([told_as_json(record) for record in records])
    elif records:
        _tell(case, records, bots)
        _print_facts([record for record in records if record.kind == "decision"])
        _tell_checkpoints(folder, records[-1].position)
    else:
        meant = f"; did you mean {' or '.join(similar)}?" if similar else ""
        click.echo(f"the log in {folder} has no record about case {case}{meant}")
    context.exit(0 if records else 1)


def similar_cases(case: str, index: Index) -> list[str]:
    """Cases of the log whose ids look like this one."""
    wanted = case.casefold()
    names = index.names()
    holding = [name for name in names if wanted and (wanted in name.casefold() or name.casefold() in wanted)]
    near = sorted(
        (name for name in names if abs(len(name) - len(case)) <= 2),
        key=lambda name: -_common_signs(name.casefold(), wanted),
    )[:_MOST_COMPARED]
    alike = get_close_matches(case, near, _MOST_SIMILAR, 0.7)
    return list(dict.fromkeys([*alike, *holding]))[:_MOST_SIMILAR]


def _common_signs(one: str, other: str) -> int:
    """How many signs two texts have in common at their beginnings and ends."""
    return _common_beginning(one, other) + _common_beginning(one[::-1], other[::-1])


def _common_beginning(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _tell(case: str, records: Sequence[Record], bots: dict[str, str]) -> None:
    from referee.audit.decision_rows import when_and_who

    day = bot = decision = ""
    say(f"case {case}")
    for record in records:
        writer, time = when_and_who(record)
        if time[:10] != day:
            day = time[:10]
            say(f"{day} (UTC)")
        say(f"  {time[11:19]}  {_begun(sentence(record))}. (record {record.position})", hanging=10)
        for line in details(record):
            say(line, indent=14)
        told = str(record.payload.get("decision"))
        if record.kind == "decision" and (bots.get(writer, writer), told) != (bot, decision):
            bot, decision = bots.get(writer, writer), told
            say(f"in a run of {bot}" + (f" ({writer})" if bot != writer else ""), indent=14)
    for name, standing in _standings(records):
        say(f"{name}: the case is {_TOLD.get(standing, standing)}")


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _standings(records: Iterable[Record]) -> list[tuple[str, str]]:
    """How far the latest decision of each name has come."""
    from referee.audit.decision_rows import by_decision
    from referee.audit.index_rows import standing

    names: dict[str, list[Record]] = {}
    for record in records:
        names.setdefault(str(record.payload.get("decision")), []).append(record)
    found = []
    for name, history in names.items():
        decisions = by_decision(history)
        if decisions:
            decided, later = decisions[-1]
            words = [standing(record.kind, record.payload) for record in (decided, *later)]
            found.append((name, [word for word in words if word][-1]))
    return found


def _print_facts(decisions: list[Record]) -> None:
    """The facts that were decided on, a column for each decision that had other facts than the one before."""
    columns: list[Record] = []
    for record in decisions:
        if not columns or _facts(record) != _facts(columns[-1]):
            columns.append(record)
    names = dict.fromkeys(name for record in columns for name in _facts(record))
    rows = []
    for name in names:
        values = [shown(_facts(record).get(name)) for record in columns]
        mark = "changed" if len(set(values)) > 1 else ""
        rows.append((name, *values, *([mark] if len(columns) > 1 else [])))
    if rows:
        headings = [f"record {record.position}" for record in columns]
        print_table(("fact", *headings, *([""] if len(columns) > 1 else [])), rows, title="facts")


def _facts(record: Record) -> Mapping[str, Any]:
    return record.payload.get("facts") or {}


def _tell_checkpoints(folder: Path, last: int) -> None:
    """Whether signed checkpoints vouch for these records, where checkpoints are kept."""
    from referee.audit.checkpoints import read_checkpoints, trusted_keys
    from referee.audit.settings import checkpoints_folder, public_keys

    place, keys = checkpoints_folder(), public_keys()
    if place is None:
        return
    noted = read_checkpoints(place, folder, None if keys is None else trusted_keys(keys)).noted
    vouching = [each.checkpoint for each in noted if not each.fault and each.checkpoint.records > last]
    if vouching:
        say(f"a checkpoint of {vouching[0].time[:19]} covers these records; `referee audit verify` proves it")
    else:
        say("no checkpoint covers the last of these records yet")
